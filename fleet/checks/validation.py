"""Validation speaks of members the fleet has."""

from __future__ import annotations

from collections.abc import Iterator

from fleetforge.fleet.checks.places import Check, in_spec
from fleetforge.fleet.definition import Fleet
from fleetforge.fleet.findings import Finding
from fleetforge.fleet.nearest_name import did_you_mean


def placement_known(fleet: Fleet) -> Iterator[Finding]:
    members = [member.name for member in fleet.spec.members]
    for index, name in enumerate(fleet.spec.spec.validation.placement or ()):
        if name not in members:
            what = f"placement names {name!r}, which is no member{did_you_mean(name, members)}"
            yield in_spec("FF-SPEC-045", what, "validation", "placement", index, evidence=(_known(members),))


def overrides_placed(fleet: Fleet) -> Iterator[Finding]:
    validation = fleet.spec.spec.validation
    members = [member.name for member in fleet.spec.members]
    placed = members if validation.placement is None else validation.placement
    for name in validation.overrides:
        if name not in members:
            what = f"overrides name {name!r}, which is no member{did_you_mean(name, members)}"
            yield in_spec("FF-SPEC-046", what, "validation", "overrides", name, evidence=(_known(members),))
        elif name not in placed:
            what = f"overrides name {name!r}, where the workload is not placed"
            yield in_spec("FF-SPEC-046", what, "validation", "overrides", name)


def _known(members: list[str]) -> str:
    return f"members: {', '.join(members) or 'none'}"


CHECKS: tuple[Check, ...] = (placement_known, overrides_placed)
