"""What is wrong out there: each is a coded error that names the place and the remedy, and nothing was changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fleetforge.fleet.actions import Stage
from fleetforge.fleet.errors import FleetforgeError
from fleetforge.rehearsal.faults import Fault

HOST = "node-172-31-140-12"


@pytest.fixture(scope="module")
def fleet(rehearse: Any) -> Iterator[Any]:
    """One site with a finished registry for all the tests that do not get beyond the first stages."""
    from fleetforge.flows.build_fleet import build_fleet

    with rehearse("bad-world") as started:
        build_fleet(fleet=started.name, until=Stage.HARBOR)
        yield started


@pytest.fixture
def build(fleet: Any) -> Iterator[Any]:
    """Runs the build that must fail and gives its error; afterwards the files are as they were."""
    from fleetforge.flows.build_fleet import build_fleet

    kept = {path: path.read_text() for path in fleet.file.parent.iterdir()}

    def failed(until: Stage) -> FleetforgeError:
        with pytest.raises(FleetforgeError) as caught:
            build_fleet(fleet=fleet.name, until=until)
        assert caught.value.remedy
        return caught.value

    yield failed
    fleet.site.clear_faults()
    for path, text in kept.items():
        path.write_text(text)
    fleet.apply()


def test_a_wrong_password_names_the_host(fleet: Any, build: Any) -> None:
    fleet.edit(("hefei.yaml", f"rehearsal-{HOST}", "not-the-passw0rd"))
    error = build(Stage.PREFLIGHT)
    assert error.code == "FF-HOST-005"
    assert HOST in error.where
    assert "not-the-passw0rd" not in error.rendered()


def test_an_unreachable_host_is_named(fleet: Any, build: Any) -> None:
    fleet.site.stop_host(HOST)
    try:
        error = build(Stage.PREFLIGHT)
    finally:
        fleet.site.start_host(HOST)
    assert error.code == "FF-HOST-001"
    assert HOST in error.where


def test_every_bad_host_is_told_at_once(fleet: Any, build: Any) -> None:
    fleet.edit(
        ("hefei.yaml", f"rehearsal-{HOST}", "not-the-passw0rd"),
        ("aicc.yaml", "rehearsal-node-172-31-132-49", "not-the-passw0rd"),
    )
    error = build(Stage.PREFLIGHT)
    assert error.code == "FF-HOST-005"
    assert HOST in error.where
    assert "node-172-31-132-49" in error.where


def test_a_wrong_architecture_is_found_before_kk_finds_out(fleet: Any, build: Any) -> None:
    fleet.edit(("hefei.yaml", "arch: arm64", "arch: amd64"))
    error = build(Stage.PREFLIGHT)
    assert error.code == "FF-PRE-001"
    assert HOST in error.where


def test_a_missing_artifact_that_was_to_be_carried_in(fleet: Any, build: Any) -> None:
    fleet.edit(
        ("fleet.yaml", "carried: false", "carried: true"), ("fleet.yaml", "kubesphere.tar.gz", "left-at-home.tar.gz")
    )
    error = build(Stage.ARTIFACT)
    assert error.code == "FF-ART-001"
    assert "left-at-home.tar.gz" in error.where


def test_an_artifact_with_another_sha256(fleet: Any, build: Any) -> None:
    fleet.edit(("fleet.yaml", "carried: false", f"carried: true\n    sha256: {'a' * 64}"))
    error = build(Stage.ARTIFACT)
    assert error.code == "FF-ART-002"
    assert "a" * 64 in "\n".join([error.what, *error.evidence])


def test_a_file_that_is_no_artifact(fleet: Any, build: Any) -> None:
    fleet.edit(("fleet.yaml", "carried: false", "carried: true"), ("fleet.yaml", "kubesphere.tar.gz", "holiday.tar.gz"))
    artifact = fleet.site.description.control / "holiday.tar.gz"
    artifact.write_bytes(b"not gzip at all")
    assert build(Stage.ARTIFACT).code == "FF-ART-004"


def test_harbor_does_not_accept_the_password(fleet: Any, build: Any) -> None:
    fleet.edit(("fleet.yaml", "password: Harbor12345", "password: Harbor54321"))
    error = build(Stage.HARBOR)
    assert error.code == "FF-HBR-401"
    assert "Harbor54321" not in error.rendered()


def test_harbor_fails_inside_for_longer_than_the_retries_last(fleet: Any, build: Any) -> None:
    fleet.site.add_fault(Fault(target="harbor", match="/api/v2.0/", times=1000, status=500))
    error = build(Stage.HARBOR)
    assert error.code == "FF-HBR-500"
    assert error.where.startswith("http://127.")


def test_harbor_says_a_project_exists_but_does_not_show_it(fleet: Any, build: Any) -> None:
    fleet.edit(
        ("fleet.yaml", "project: kubesphereio", "project: elsewhere"),
        ("aicc.yaml", "namespaceOverride: kubesphereio", "namespaceOverride: elsewhere"),
        ("hefei.yaml", "namespaceOverride: kubesphereio", "namespaceOverride: elsewhere"),
        ("manifest.yaml", "/kubesphereio/", "/elsewhere/"),
    )
    fleet.site.add_fault(Fault(target="harbor", match="POST /api/v2.0/projects", times=1000, status=409))
    assert build(Stage.HARBOR).code == "FF-HBR-409"


def test_kk_ends_well_without_having_said_so(fleet: Any, build: Any) -> None:
    fleet.site.add_fault(Fault(target="kk", match="CreateClusterPipeline", times=100, status=0))
    error = build(Stage.CLUSTER)
    assert error.code == "FF-KK-001"
    assert not any(fleet.site.cluster(name)["created"] for name in ("aicc", "hefei"))


def test_a_host_key_that_changed_is_refused(fleet: Any, build: Any) -> None:
    fleet.site.give_new_host_key(HOST)
    error = build(Stage.PREFLIGHT)
    assert error.code == "FF-HOST-009"
    assert "ssh-keygen -R" in error.remedy


def test_an_api_server_that_does_not_answer(rehearse: Any) -> None:
    from fleetforge.flows.build_fleet import build_fleet

    with rehearse("api-down") as fleet:
        build_fleet(fleet=fleet.name, until=Stage.CLUSTER)
        fleet.site.stop_api("hefei")
        with pytest.raises(FleetforgeError) as caught:
            build_fleet(fleet=fleet.name, until=Stage.MULTICLUSTER)
        assert caught.value.code == "FF-K8S-001"
        assert "hefei" in caught.value.where
        fleet.site.start_api("hefei")
        rows = build_fleet(fleet=fleet.name, until=Stage.MULTICLUSTER)
        assert [row["cluster"] for row in rows if row["changed"]] == ["hefei"]
