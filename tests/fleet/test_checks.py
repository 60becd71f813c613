"""What a fleet's files say together: each check has a case in cases/checks, and a case names all that is said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from fleetforge.blocks.definition_files import fleet_from_files
from fleetforge.fleet.checks import checked, clusters, hosts, images, limits, manifest, networks, registry, roles
from fleetforge.fleet.checks import validation as validation_checks
from fleetforge.fleet.checks.places import Check
from fleetforge.fleet.definition import Fleet
from fleetforge.fleet.errors import FleetforgeError
from fleetforge.fleet.errors.catalogue import CATALOGUE
from fleetforge.fleet.findings import Finding, Findings
from fleetforge.fleet.kk_cluster import Host

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.stem for path in (CASES / "checks").glob("*.yaml"))
AREAS = (clusters, hosts, roles, networks, limits, registry, manifest, images, validation_checks)
ALL_CHECKS = [check for area in AREAS for check in area.CHECKS]
BIG = (limits.nodes_within_limits, limits.room_within_limits)  # their fleets are made below


def case(name: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((CASES / "checks" / f"{name}.yaml").read_text())
    return read


def base() -> dict[str, str]:
    return {str(path.relative_to(CASES / "base")): path.read_text() for path in (CASES / "base").rglob("*.yaml")}


def changed(changes: Mapping[str, Iterable[tuple[str, str]]]) -> Fleet:
    files = base()
    for file, edits in changes.items():
        for old, new in edits:
            assert files[file].count(old) >= 1, f"{old!r} is not in {file}"
            files[file] = files[file].replace(old, new)
    return fleet_from_files(files)


@cache
def fleet_of(name: str) -> Fleet:
    return changed(case(name)["change"])


def told(found: Iterable[FleetforgeError | Finding]) -> list[str]:
    return [f"{one.code} {one.where}: {one.what}" for one in found]


def remedies(found: Findings) -> str:
    return "\n".join([*(one.remedy for one in found.errors), *(str(one.as_dict()["remedy"]) for one in found.warnings)])


def test_nothing_is_said_about_a_fleet_without_a_fault() -> None:
    assert checked(changed({})) == Findings((), ())


@pytest.mark.parametrize("name", NAMES)
def test_a_case_says_exactly_its_errors_and_warnings(name: str) -> None:
    held = case(name)
    found = checked(fleet_of(name))
    assert told(found.errors) == held.get("errors", [])
    assert told(found.warnings) == held.get("warnings", [])
    assert held.get("remedy", "") in remedies(found)


@pytest.mark.parametrize("check", [check for check in ALL_CHECKS if check not in BIG], ids=lambda check: check.__name__)
def test_every_check_has_a_case_that_fails_without_it(check: Check) -> None:
    assert any(list(check(fleet_of(name))) for name in NAMES)


def test_every_code_about_the_files_together_has_a_case() -> None:
    said = "\n".join(path.read_text() for path in CASES.rglob("*.yaml"))
    wanted = [code for code in CATALOGUE if code.startswith("FF-SPEC-0") and 20 <= int(code[-3:]) < 90]
    assert [code for code in wanted if code not in said] == []


def with_workers(count: int, max_pods: int = 110) -> Fleet:
    """The base fleet, its second cluster with ``count`` hosts that are all workers."""
    fleet = changed({})
    config = fleet.config("two")
    added = [
        Host(name=f"w{index}", address=f"10.{20 + index // 60000}.{index // 250 % 240}.{index % 250 + 1}")
        for index in range(count - len(config.hosts))
    ]
    workers = (*config.role_groups["worker"], *(host.name for host in added))
    grown = config.model_copy(
        update={
            "hosts": (*config.hosts, *added),
            "role_groups": {**config.role_groups, "worker": workers},
            "kubernetes": config.kubernetes.model_copy(update={"max_pods": max_pods}),
        }
    )
    return replace(fleet, configs={**fleet.configs, "two": grown})


def about_limits(fleet: Fleet) -> list[str]:
    return [f"{one.code} {one.what}" for check in limits.CHECKS for one in check(fleet)]


def test_one_node_more_than_kubernetes_documents_is_an_error() -> None:
    assert about_limits(with_workers(5000, max_pods=30)) == []
    assert about_limits(with_workers(5001, max_pods=10)) == ["FF-SPEC-044 two has 5,001 nodes, documented limit 5,000"]


def test_room_for_too_many_pods_is_a_warning_only() -> None:
    assert about_limits(with_workers(1363)) == []
    assert about_limits(with_workers(1364)) == [
        "FF-SPEC-107 the nodes of two have room for 150,040 pods, documented limit 150,000"
    ]


def test_findings_are_the_same_every_time() -> None:
    fleet = changed({"fleet.yaml": [("role: host", "role: member")], "clusters/two.yaml": [("[edge1]", "[edgy]")]})
    assert told(checked(fleet).errors) == told(checked(fleet).errors) != []
