"""Two hundred hosts fail in three ways: one error per cause, naming every place it was seen."""

from __future__ import annotations

from collections.abc import Iterable

from fleetforge.fleet.errors.base import FleetforgeError

PLACES_SHOWN = 12


def grouped(errors: Iterable[FleetforgeError]) -> tuple[FleetforgeError, ...]:
    """Errors with the same code and the same words become one whose ``where`` lists the places; order is kept."""
    groups: dict[tuple[str, str], list[FleetforgeError]] = {}
    for error in errors:
        groups.setdefault((error.code, error.what), []).append(error)
    return tuple(_one(group) for group in groups.values())


def _one(group: list[FleetforgeError]) -> FleetforgeError:
    first = group[0]
    if len(group) == 1:
        return first
    places = [error.where for error in group]
    shown = ", ".join(places[:PLACES_SHOWN])
    more = f" and {len(places) - PLACES_SHOWN} more" if len(places) > PLACES_SHOWN else ""
    return type(first)(
        first.code,
        first.what,
        where=f"{len(places)} places: {shown}{more}",
        evidence=first.evidence,
        remedy=first.remedy,
        after=first.after,
    )
