"""Harbor's v2.0 API: liveness, health, projects, repositories and artifacts."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

import pytest

from fleetforge.fleet.oci import DOCKER_LIST, OCI_CONFIG, OCI_MANIFEST
from fleetforge.rehearsal.images import TinyImage

Running = Any
Registry = Any


def _create(harbor: Running, body: Any, **options: Any) -> Any:
    return harbor.admin().post(f"{harbor.url}/api/v2.0/projects", json=body, **options)


def _errors(answer: Any) -> tuple[int, list[tuple[str, str]]]:
    return answer.status_code, [(error["code"], error["message"]) for error in answer.json()["errors"]]


def test_ping_needs_no_login(harbor: Running) -> None:
    answer = harbor.session().get(f"{harbor.url}/api/v2.0/ping")
    assert (answer.status_code, answer.text) == (200, "Pong")


def test_health_lists_the_components_and_names_the_sick_one(harbor: Running) -> None:
    url = f"{harbor.url}/api/v2.0/health"
    healthy = harbor.session().get(url).json()
    assert healthy["status"] == "healthy"
    assert {part["name"] for part in healthy["components"]} >= {"core", "database", "redis", "registry"}
    harbor.server.unhealthy["redis"] = "dial tcp: connection refused"
    sick = harbor.session().get(url)
    assert (sick.status_code, sick.json()["status"]) == (200, "unhealthy")
    assert {"name": "redis", "status": "unhealthy", "error": "dial tcp: connection refused"} in sick.json()[
        "components"
    ]


def test_system_information_tells_a_user_more(harbor: Running) -> None:
    url = f"{harbor.url}/api/v2.0/systeminfo"
    nobody, admin = harbor.session().get(url).json(), harbor.admin().get(url).json()
    assert nobody["harbor_version"].startswith("v2.10.1-")
    assert "external_url" not in nobody
    assert admin["external_url"] == harbor.url


def test_a_wrong_password_shows_when_asking_who_one_is(harbor: Running) -> None:
    url = f"{harbor.url}/api/v2.0/users/current"
    assert harbor.admin().get(url).json()["sysadmin_flag"] is True
    assert _errors(harbor.session("admin", "wrong").get(url)) == (401, [("UNAUTHORIZED", "unauthorized")])
    assert harbor.session("admin", "wrong").get(f"{harbor.url}/api/v2.0/projects").status_code == 200


def test_a_project_is_created_once(harbor: Running) -> None:
    created = _create(harbor, {"project_name": "team", "public": True})
    assert (created.status_code, created.content) == (201, b"")
    found = harbor.admin().get(urljoin(harbor.url, created.headers["Location"])).json()
    assert (found["name"], found["metadata"], found["repo_count"]) == ("team", {"public": "true"}, 0)
    again = _create(harbor, {"project_name": "team", "metadata": {"public": "true"}})
    assert _errors(again) == (409, [("CONFLICT", "The project named team already exists")])


def test_the_location_is_by_name_when_asked_for(harbor: Running) -> None:
    created = _create(harbor, {"project_name": "team"}, headers={"X-Resource-Name-In-Location": "true"})
    assert created.headers["Location"] == "/api/v2.0/projects/team"


@pytest.mark.parametrize("name", ["Team", "te am", "-team", "t" * 256, ""])
def test_a_bad_project_name_is_400(harbor: Running, name: str) -> None:
    status, errors = _errors(_create(harbor, {"project_name": name}))
    assert (status, errors[0][0]) == (400, "BAD_REQUEST")


def test_a_bad_public_flag_is_400(harbor: Running) -> None:
    answer = _create(harbor, {"project_name": "team", "metadata": {"public": "maybe"}})
    assert _errors(answer)[0] == 400


def test_a_body_that_is_no_project_is_refused(harbor: Running) -> None:
    url, json_type = f"{harbor.url}/api/v2.0/projects", {"Content-Type": "application/json"}
    statuses = [
        harbor.admin().post(url, data="{", headers=json_type).status_code,
        harbor.admin().post(url, headers=json_type).status_code,
        harbor.admin().post(url, data="project_name=x").status_code,
    ]
    assert statuses == [400, 422, 415]


@pytest.mark.parametrize("login", [("", ""), ("admin", "wrong")])
def test_creating_a_project_needs_a_login(harbor: Running, login: tuple[str, str]) -> None:
    answer = harbor.session(*login).post(f"{harbor.url}/api/v2.0/projects", json={"project_name": "team"})
    assert _errors(answer) == (401, [("UNAUTHORIZED", "unauthorized")])


def test_head_tells_whether_a_project_exists(harbor: Running) -> None:
    url = f"{harbor.url}/api/v2.0/projects"
    answers = [harbor.admin().head(url, params={"project_name": name}) for name in ("kubesphereio", "nosuch")]
    nobody = harbor.session().head(url, params={"project_name": "kubesphereio"})
    assert [answer.status_code for answer in [*answers, nobody]] == [200, 404, 401]


def test_projects_are_filtered_by_part_of_their_name(harbor: Running) -> None:
    _create(harbor, {"project_name": "kubesphereio-extra", "public": True})
    answer = harbor.admin().get(f"{harbor.url}/api/v2.0/projects", params={"name": "sphereio"})
    assert [project["name"] for project in answer.json()] == ["kubesphereio", "kubesphereio-extra"]


def test_projects_are_paged_with_total_and_link(harbor: Running) -> None:
    for number in range(5):
        _create(harbor, {"project_name": f"team{number}", "public": True})
    url, seen = f"{harbor.url}/api/v2.0/projects?page_size=3", []
    while url:
        answer = harbor.admin().get(url)
        assert answer.headers["X-Total-Count"] == "7"
        seen += [project["name"] for project in answer.json()]
        following = answer.links.get("next", {}).get("url", "")
        url = urljoin(harbor.url, following) if following else ""
    assert seen == ["kubesphereio", "library", "team0", "team1", "team2", "team3", "team4"]
    assert harbor.admin().get(f"{harbor.url}/api/v2.0/projects?page_size=101").status_code == 422


def test_private_projects_are_hidden_from_nobody_and_strangers(harbor: Running) -> None:
    _create(harbor, {"project_name": "secret"})
    url = f"{harbor.url}/api/v2.0/projects"
    stranger = harbor.session("robot", "robot-password")
    for session in (harbor.session(), stranger):
        assert "secret" not in [project["name"] for project in session.get(url).json()]
    assert harbor.admin().get(f"{url}/secret").status_code == 200
    assert stranger.get(f"{url}/secret").status_code == 403
    assert harbor.session().get(f"{url}/secret").status_code == 401


def test_an_unknown_project_is_404_for_the_administrator(harbor: Running) -> None:
    answer = harbor.admin().get(f"{harbor.url}/api/v2.0/projects/nosuch")
    assert _errors(answer) == (404, [("NOT_FOUND", "project nosuch not found")])


def test_a_project_with_repositories_cannot_be_deleted(
    harbor: Running, harbor_registry: Registry, amd64: TinyImage
) -> None:
    url = f"{harbor.url}/api/v2.0/projects/kubesphereio"
    harbor_registry.pushed(amd64, "3.5")
    assert _errors(harbor.admin().delete(url))[0] == 412
    _create(harbor, {"project_name": "empty"})
    assert harbor.admin().delete(f"{harbor.url}/api/v2.0/projects/empty").status_code == 200
    assert harbor.admin().get(f"{harbor.url}/api/v2.0/projects/empty").status_code == 404


def test_artifacts_show_tags_platforms_and_sizes(
    harbor: Running, harbor_registry: Registry, amd64: TinyImage, arm64: TinyImage
) -> None:
    for image in (amd64, arm64):
        harbor_registry.pushed(image, f"3.5-{image.arch}")
    content = harbor_registry.pushed_list("3.5", amd64, arm64)
    base = f"{harbor.url}/api/v2.0/projects/kubesphereio/repositories"
    repositories = harbor.admin().get(base).json()
    assert [(found["name"], found["artifact_count"]) for found in repositories] == [("kubesphereio/pause", 3)]
    artifacts = harbor.admin().get(f"{base}/pause/artifacts").json()
    by_tag = {tag["name"]: artifact for artifact in artifacts for tag in artifact["tags"]}
    assert set(by_tag) == {"3.5", "3.5-amd64", "3.5-arm64"}
    members = [(ref["child_digest"], ref["platform"]["architecture"]) for ref in by_tag["3.5"]["references"]]
    assert members == [(amd64.digest, "amd64"), (arm64.digest, "arm64")]
    single = by_tag["3.5-arm64"]
    assert (single["media_type"], single["manifest_media_type"]) == (OCI_CONFIG, OCI_MANIFEST)
    assert (single["references"], single["extra_attrs"]["architecture"]) == (None, "arm64")
    weights = [sum(map(len, [image.manifest, *image.blobs.values()])) for image in (amd64, arm64)]
    assert by_tag["3.5"]["manifest_media_type"] == DOCKER_LIST
    assert (single["size"], by_tag["3.5"]["size"]) == (weights[1], len(content) + sum(weights))


def test_untagged_members_of_a_list_are_not_listed(
    harbor: Running, harbor_registry: Registry, amd64: TinyImage
) -> None:
    for content in amd64.blobs.values():
        harbor_registry.upload(content)
    harbor_registry.put(amd64.digest, amd64.manifest)
    harbor_registry.pushed_list("3.5", amd64)
    url = f"{harbor.url}/api/v2.0/projects/kubesphereio/repositories/pause/artifacts"
    assert [[tag["name"] for tag in found["tags"]] for found in harbor.admin().get(url).json()] == [["3.5"]]


def test_a_nested_repository_is_named_with_double_encoding(harbor: Running, amd64: TinyImage) -> None:
    registry_url = f"{harbor.url}/v2/kubesphereio/a/b"
    for digest, content in amd64.blobs.items():
        opened = harbor.admin().post(f"{registry_url}/blobs/uploads/")
        location = urljoin(opened.url, opened.headers["Location"])
        harbor.admin().put(location, params={"digest": digest}, data=content)
    headers = {"Content-Type": OCI_MANIFEST}
    harbor.admin().put(f"{registry_url}/manifests/1", data=amd64.manifest, headers=headers)
    base = f"{harbor.url}/api/v2.0/projects/kubesphereio/repositories"
    assert harbor.admin().get(f"{base}/a%252Fb/artifacts/1").json()["digest"] == amd64.digest
    answer = harbor.admin().get(f"{base}/a%252Fb/artifacts/2")
    assert _errors(answer) == (404, [("NOT_FOUND", "artifact kubesphereio/a/b:2 not found")])


def test_artifacts_of_a_repository_nobody_pushed_to_are_an_empty_page(harbor: Running) -> None:
    answer = harbor.admin().get(f"{harbor.url}/api/v2.0/projects/kubesphereio/repositories/none/artifacts")
    assert (answer.status_code, answer.json(), answer.headers["X-Total-Count"]) == (200, [], "0")
