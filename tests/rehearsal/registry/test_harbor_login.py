"""Who may do what: Harbor's challenges, tokens and refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fleetforge.rehearsal.images import TinyImage

Running = Any
Registry = Any


def _token(running: Running, scope: str, user: str = "", password: str = "") -> str:
    params = {"service": "harbor-registry", "scope": scope}
    answer = running.session(user, password).get(f"{running.url}/service/token", params=params)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_nobody_is_sent_to_the_token_service(harbor: Running) -> None:
    answer = harbor.session().get(f"{harbor.url}/v2/")
    assert answer.status_code == 401
    challenge = f'Bearer realm="{harbor.url}/service/token",service="harbor-registry"'
    assert answer.headers["Www-Authenticate"] == challenge
    assert answer.json() == {"errors": [{"code": "UNAUTHORIZED", "message": "unauthorized: unauthorized"}]}


def test_the_challenge_for_a_repository_names_the_scope(harbor: Running) -> None:
    answer = harbor.session().post(f"{harbor.url}/v2/kubesphereio/pause/blobs/uploads/")
    assert answer.status_code == 401
    assert answer.headers["Www-Authenticate"].endswith(',scope="repository:kubesphereio/pause:pull,push"')


def test_a_wrong_password_is_nobody_and_hears_basic(harbor: Running) -> None:
    answer = harbor.session("admin", "wrong").get(f"{harbor.url}/v2/")
    assert (answer.status_code, answer.headers["Www-Authenticate"]) == (401, 'Basic realm="harbor"')
    assert harbor.session("admin", "wrong").get(f"{harbor.url}/service/token").status_code == 400


def test_docker_login_with_a_wrong_password_is_401(harbor: Running) -> None:
    params = {"service": "harbor-registry"}
    assert harbor.session("admin", "wrong").get(f"{harbor.url}/service/token", params=params).status_code == 401
    assert harbor.admin().get(f"{harbor.url}/service/token", params=params).status_code == 200


def test_nobody_pulls_from_a_public_project_with_a_token(
    harbor: Running, harbor_registry: Registry, amd64: TinyImage
) -> None:
    harbor_registry.pushed(amd64, "3.5")
    url = harbor_registry.at("manifests/3.5")
    assert harbor.session().get(url).status_code == 401
    token = _token(harbor, f"repository:{harbor.repository}:pull")
    headers = {**_bearer(token), "Accept": "*/*, application/vnd.oci.image.manifest.v1+json"}
    assert harbor.session().get(url, headers=headers).content == amd64.manifest


def test_nobody_pushes_even_where_everyone_may_pull(harbor: Running) -> None:
    token = _token(harbor, f"repository:{harbor.repository}:pull,push")
    answer = harbor.session().post(f"{harbor.url}/v2/{harbor.repository}/blobs/uploads/", headers=_bearer(token))
    text = f"unauthorized to access repository: {harbor.repository}, action: push"
    assert answer.status_code == 401
    assert answer.json()["errors"] == [{"code": "UNAUTHORIZED", "message": f"{text}: {text}"}]


def test_a_token_allows_what_its_scope_says_and_no_other_project(harbor: Running) -> None:
    token = _token(harbor, f"repository:{harbor.repository}:pull,push", "admin", "Harbor12345")
    allowed = harbor.session().post(f"{harbor.url}/v2/{harbor.repository}/blobs/uploads/", headers=_bearer(token))
    elsewhere = harbor.session().post(f"{harbor.url}/v2/library/pause/blobs/uploads/", headers=_bearer(token))
    assert (allowed.status_code, elsewhere.status_code) == (202, 401)


def test_a_token_that_was_tampered_with_is_worth_nothing(harbor: Running) -> None:
    token = _token(harbor, f"repository:{harbor.repository}:pull,push", "admin", "Harbor12345")
    head, body, signature = token.split(".")
    forged = f"{head}.{body}.{signature[:-2]}AA"
    answer = harbor.session().post(f"{harbor.url}/v2/{harbor.repository}/blobs/uploads/", headers=_bearer(forged))
    assert answer.status_code == 401


def test_an_old_token_is_worth_nothing(start_harbor: Callable[..., Running]) -> None:
    harbor = start_harbor(token_seconds=0)
    token = _token(harbor, f"repository:{harbor.repository}:pull,push", "admin", "Harbor12345")
    answer = harbor.session().post(f"{harbor.url}/v2/{harbor.repository}/blobs/uploads/", headers=_bearer(token))
    assert (answer.status_code, answer.headers["Www-Authenticate"]) == (401, 'Basic realm="harbor"')


def test_pushing_to_a_project_that_does_not_exist_says_so(harbor: Running) -> None:
    answer = harbor.admin().post(f"{harbor.url}/v2/nosuch/pause/blobs/uploads/")
    text = "project nosuch not found"
    assert answer.status_code == 401
    assert answer.json()["errors"] == [{"code": "UNAUTHORIZED", "message": f"{text}: {text}"}]


def test_a_user_pushes_to_a_project_of_their_own_only(harbor: Running) -> None:
    user = harbor.session("robot", "robot-password")
    user.cookies.clear()
    assert user.post(f"{harbor.url}/v2/kubesphereio/x/blobs/uploads/").status_code == 401
    created = harbor.session("robot", "robot-password").post(
        f"{harbor.url}/api/v2.0/projects", json={"project_name": "robots"}
    )
    assert created.status_code == 201
    own = harbor.session("robot", "robot-password").post(f"{harbor.url}/v2/robots/x/blobs/uploads/")
    assert own.status_code == 202


def test_only_the_administrator_lists_the_catalogue(harbor: Running) -> None:
    assert harbor.admin().get(f"{harbor.url}/v2/_catalog").json() == {"repositories": []}
    refused = harbor.session("robot", "robot-password").get(f"{harbor.url}/v2/_catalog")
    assert (refused.status_code, refused.headers["Www-Authenticate"]) == (401, 'Basic realm="harbor"')


def test_deleting_by_tag_is_unsupported(harbor_registry: Registry, amd64: TinyImage) -> None:
    harbor_registry.pushed(amd64, "3.5")
    answer = harbor_registry.session.delete(harbor_registry.at("manifests/3.5"))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "UNSUPPORTED")


def test_a_client_that_keeps_cookies_is_refused_its_second_write(harbor: Running) -> None:
    session = harbor.admin()
    assert session.get(f"{harbor.url}/api/v2.0/projects").cookies.get("sid")
    answer = session.post(f"{harbor.url}/api/v2.0/projects", json={"project_name": "second"})
    assert answer.status_code == 403
    assert answer.json() == {"errors": [{"code": "FORBIDDEN", "message": "CSRF token invalid"}]}
    session.cookies.clear()
    assert session.post(f"{harbor.url}/api/v2.0/projects", json={"project_name": "second"}).status_code == 201


@pytest.mark.parametrize("authorization", ["Basic !!!", "Bearer x", "Bearer a.b.c", "Digest x"])
def test_an_authorization_nobody_understands_is_nobody(harbor: Running, authorization: str) -> None:
    answer = harbor.session().get(f"{harbor.url}/v2/", headers={"Authorization": authorization})
    assert answer.status_code == 401
