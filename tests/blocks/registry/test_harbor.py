"""Harbor's own API: health, login, projects; and what its refusals become."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fleetforge.blocks.harbor import Harbor
from fleetforge.blocks.http import Http
from fleetforge.fleet.errors import FleetforgeError, NeedsOperator, Permanent, Transient


def code_of(work: Callable[[], Any]) -> str:
    with pytest.raises(FleetforgeError) as caught:
        work()
    return caught.value.code


def test_a_healthy_harbor_names_its_components(harbor: Any) -> None:
    health = harbor.harbor().health()
    assert health.healthy and "core" in health.components and not health.unhealthy


def test_an_unhealthy_component_is_named_with_its_reason(harbor: Any) -> None:
    harbor.server.unhealthy["database"] = "connection refused"
    health = harbor.harbor().health()
    assert not health.healthy
    assert any("database" in line and "connection refused" in line for line in health.unhealthy)


def test_a_project_is_created_once_and_found_again(harbor: Any) -> None:
    api = harbor.harbor()
    assert api.project("fleet") is None
    created = api.create_project("fleet")
    assert created.public and api.create_project("fleet") == created == api.project("fleet")


def test_an_existing_project_keeps_its_visibility(harbor: Any) -> None:
    harbor.harbor().create_project("secret", public=False)
    assert not harbor.harbor().create_project("secret", public=True).public


def test_a_project_that_exists_but_is_not_shown_is_a_conflict(harbor: Any) -> None:
    harbor.harbor().create_project("hidden", public=False)
    guest = harbor.harbor("Guest12345", user="guest")
    assert code_of(lambda: guest.create_project("hidden")) == "FF-HBR-403"


def test_every_project_is_listed_over_several_pages(harbor: Any) -> None:
    names = [f"p{number:03}" for number in range(120)]
    harbor.server.projects.ensure(names)
    found = {project.name for project in harbor.harbor().projects()}
    assert found >= set(names)


def test_a_wrong_password_is_found_out_although_harbor_shows_public_projects_to_anybody(harbor: Any) -> None:
    wrong = harbor.harbor("wrong")
    assert wrong.http.json("GET", "/api/v2.0/projects/kubesphereio")["name"] == "kubesphereio"
    with pytest.raises(NeedsOperator) as caught:
        wrong.project("kubesphereio")
    assert caught.value.code == "FF-HBR-401"


def test_writes_after_reads_pass_because_the_session_cookie_is_never_brought_back(harbor: Any) -> None:
    api = harbor.harbor()
    api.health()
    api.project("kubesphereio")
    assert api.create_project("after-reads").name == "after-reads"
    assert not api.http._session.cookies


def test_a_user_who_may_not_create_projects_is_told_so(harbor: Any) -> None:
    harbor.fails("harbor", "POST .*/projects", 403)
    assert code_of(lambda: harbor.harbor().create_project("fleet")) == "FF-HBR-403"


def test_a_bad_project_name_is_permanent_and_quotes_harbor(harbor: Any) -> None:
    with pytest.raises(Permanent) as caught:
        harbor.harbor().create_project("No Capitals")
    assert caught.value.code == "FF-HBR-400" and any("HTTP 400" in line for line in caught.value.evidence)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failing_harbor_is_transient_also_when_nginx_answers_in_html(harbor: Any, status: int) -> None:
    harbor.fails("harbor", "GET .*/projects", status)
    with pytest.raises(Transient) as caught:
        harbor.harbor().project("kubesphereio")
    assert caught.value.code == "FF-HBR-500" and caught.value.after > 0


def test_too_many_requests_is_transient(harbor: Any) -> None:
    harbor.fails("harbor", "GET .*/projects", 429)
    assert code_of(lambda: harbor.harbor().project("kubesphereio")) == "FF-HBR-429"


def test_a_dropped_connection_is_transient(harbor: Any) -> None:
    harbor.fails("harbor", "/projects", 0)
    with pytest.raises(Transient) as caught:
        harbor.harbor().project("kubesphereio")
    assert caught.value.code == "FF-REG-005"


def test_a_stopped_harbor_is_refused_not_broken(harbor: Any) -> None:
    api = harbor.harbor()
    harbor.stop()
    assert code_of(api.health) == "FF-REG-001"


def test_passwords_in_urls_are_not_shown(harbor: Any) -> None:
    url = harbor.server.url.replace("https://", "https://admin:Harbor12345@")
    api = Harbor(Http(url, area="HBR", ca=str(harbor.ca)))
    harbor.fails("harbor", "/health", 503)
    with pytest.raises(FleetforgeError) as caught:
        api.health()
    assert "Harbor12345" not in caught.value.rendered()
