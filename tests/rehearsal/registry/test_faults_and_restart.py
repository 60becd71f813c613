"""What a fleet's network does to a registry: errors, dropped connections, restarts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from fleetforge.rehearsal.faults import Fault
from fleetforge.rehearsal.images import TinyImage

Running = Any
Registry = Any


def test_a_fault_strikes_as_often_as_it_says(harbor: Running) -> None:
    harbor.faults.add(Fault("harbor", "GET /api/v2.0/projects", times=2, status=503))
    statuses = [harbor.admin().get(f"{harbor.url}/api/v2.0/projects").status_code for _ in range(3)]
    assert statuses == [503, 503, 200]


def test_registry_faults_leave_the_api_alone(harbor: Running) -> None:
    harbor.faults.add(Fault("registry", "", times=1, status=500))
    assert harbor.session().get(f"{harbor.url}/api/v2.0/ping").status_code == 200
    assert harbor.session().get(f"{harbor.url}/v2/").status_code == 500
    assert harbor.session().get(f"{harbor.url}/v2/").status_code == 401


def test_a_gateway_error_is_a_page_and_not_json(harbor: Running) -> None:
    harbor.faults.add(Fault("harbor", "", status=502))
    answer = harbor.session().get(f"{harbor.url}/api/v2.0/health")
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert "502 Bad Gateway" in answer.text


def test_a_fault_can_say_something_of_its_own(harbor: Running) -> None:
    harbor.faults.add(Fault("harbor", "POST", status=409, text="The project named x already exists"))
    answer = harbor.admin().post(f"{harbor.url}/api/v2.0/projects", json={"project_name": "x"})
    assert answer.json() == {"errors": [{"code": "CONFLICT", "message": "The project named x already exists"}]}


@pytest.mark.parametrize("name", ["harbor", "plain"])
def test_status_zero_drops_the_connection(request: pytest.FixtureRequest, name: str) -> None:
    running: Running = request.getfixturevalue(name)
    running.faults.add(Fault("registry", "GET /v2/", status=0))
    with pytest.raises(requests.ConnectionError):
        running.session().get(f"{running.url}/v2/")
    assert running.session().get(f"{running.url}/v2/").status_code in (200, 401)


def test_a_fault_in_the_middle_of_an_upload_leaves_no_blob(
    harbor: Running, harbor_registry: Registry, amd64: TinyImage
) -> None:
    harbor.faults.add(Fault("registry", "PUT .*/blobs/uploads/", status=500))
    with pytest.raises(AssertionError):
        harbor_registry.pushed(amd64, "3.5")
    assert all(
        harbor_registry.session.head(harbor_registry.at(f"blobs/{digest}")).status_code == 404 for digest in amd64.blobs
    )
    harbor_registry.pushed(amd64, "3.5")


def test_a_restarted_harbor_still_has_images_projects_and_tokens(
    start_harbor: Callable[..., Running], amd64: TinyImage
) -> None:
    first = start_harbor()
    session = first.admin()
    assert session.post(f"{first.url}/api/v2.0/projects", json={"project_name": "team"}).status_code == 201
    params = {"service": "harbor-registry", "scope": "repository:kubesphereio/pause:pull,push"}
    token = first.admin().get(f"{first.url}/service/token", params=params).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    for digest, content in amd64.blobs.items():
        opened = first.session().post(f"{first.url}/v2/kubesphereio/pause/blobs/uploads/", headers=headers)
        location = requests.compat.urljoin(opened.url, opened.headers["Location"])
        put = first.session().put(location, params={"digest": digest}, data=content, headers=headers)
        assert put.status_code == 201
    manifest = {**headers, "Content-Type": "application/vnd.oci.image.manifest.v1+json"}
    url = "/v2/kubesphereio/pause/manifests/3.5"
    assert first.session().put(first.url + url, data=amd64.manifest, headers=manifest).status_code == 201
    first.stop()
    second = start_harbor()
    accept = {**headers, "Accept": "application/vnd.oci.image.manifest.v1+json"}
    assert second.session().get(second.url + url, headers=accept).content == amd64.manifest
    assert second.admin().get(f"{second.url}/api/v2.0/projects/team").status_code == 200
    assert second.server.has_image("kubesphereio/pause", "3.5", "amd64")


def test_the_signing_key_is_readable_by_its_owner_only(harbor: Running, tmp_path: Any) -> None:
    params = {"service": "harbor-registry"}
    harbor.admin().get(f"{harbor.url}/service/token", params=params)
    assert (tmp_path / "harbor" / "token.key").stat().st_mode & 0o777 == 0o600


def test_an_image_is_there_only_for_the_architecture_its_config_states(
    harbor: Running, harbor_registry: Registry, amd64: TinyImage, arm64: TinyImage
) -> None:
    for image in (amd64, arm64):
        harbor_registry.pushed(image, f"3.5-{image.arch}")
    harbor_registry.pushed_list("3.5", amd64)
    has = harbor.server.has_image
    assert has("kubesphereio/pause", "3.5", "amd64")
    assert not has("kubesphereio/pause", "3.5", "arm64")
    assert has("kubesphereio/pause", "3.5-arm64", "arm64")
    assert not has("kubesphereio/pause", "3.5-arm64", "amd64")
    assert not has("kubesphereio/none", "3.5", "amd64")


def test_a_list_that_lies_about_a_member_is_seen_through(
    harbor: Running, harbor_registry: Registry, amd64: TinyImage, arm64: TinyImage
) -> None:
    harbor_registry.pushed(amd64, "3.5-amd64")
    content = harbor_registry.pushed_list("3.5", amd64).replace(b'"architecture": "amd64"', b'"architecture": "arm64"')
    media_type = "application/vnd.docker.distribution.manifest.list.v2+json"
    assert harbor_registry.put("3.5", content, media_type).status_code == 201
    assert not harbor.server.has_image("kubesphereio/pause", "3.5", "arm64")


def test_tags_are_sorted_and_paged(plain: Running, harbor_registry: Registry, amd64: TinyImage) -> None:
    for tag in ("c", "a", "b"):
        harbor_registry.pushed(amd64, tag)
    first = harbor_registry.session.get(harbor_registry.at("tags/list?n=2"))
    assert first.json()["tags"] == ["a", "b"]
    second = harbor_registry.session.get(requests.compat.urljoin(first.url, first.links["next"]["url"]))
    assert (second.json()["tags"], second.links) == (["c"], {})


def test_a_chunk_that_leaves_a_hole_is_416(harbor_registry: Registry) -> None:
    opened = harbor_registry.session.post(harbor_registry.at("blobs/uploads/"))
    location = requests.compat.urljoin(opened.url, opened.headers["Location"])
    headers = {"Content-Range": "5-8", "Content-Type": "application/octet-stream"}
    assert harbor_registry.session.patch(location, data=b"hole", headers=headers).status_code == 416
