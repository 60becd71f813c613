"""The site's registry: there once it was installed, a unit on its host, the only source of images."""

from __future__ import annotations

import pytest
import requests


@pytest.fixture
def url(site) -> str:
    return f"http://{site.description.registry.authority}/api/v2.0/health"


def test_an_installed_registry_serves(url) -> None:
    assert requests.get(url, timeout=5).json()["status"] == "healthy"


def test_harbor_is_a_unit_of_its_host(site, visitor, url) -> None:
    connection = visitor.host(site.description.registry.host)
    assert connection.run("systemctl is-active harbor").text == "active\n"
    assert connection.run("systemctl stop harbor").exit_code == 0
    assert connection.run("systemctl is-active harbor").text == "inactive\n"
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=5)
    assert connection.run("systemctl start harbor").exit_code == 0
    assert requests.get(url, timeout=5).ok


def test_what_was_pushed_outlives_a_restart(site, push) -> None:
    reference = push("kept", "arm64")
    site.stop_registry()
    site.start_registry()
    assert reference in site.images()


def test_the_registry_can_be_troubled(site, url) -> None:
    site.ask("POST", "/faults", {"target": "harbor", "match": "health", "status": 502})
    assert [requests.get(url, timeout=5).status_code for _ in range(2)] == [502, 200]
