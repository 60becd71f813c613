"""Cross-checks over a whole fleet: what each file cannot know by itself. Each check is one small function."""

from __future__ import annotations

from collections.abc import Mapping

from fleetforge.fleet.checks import clusters, hosts, images, limits, manifest, networks, registry, roles, validation
from fleetforge.fleet.definition import Fleet
from fleetforge.fleet.findings import Findings, sorted_out

_AREAS = (clusters, hosts, roles, networks, limits, registry, manifest, images, validation)


def checked(fleet: Fleet, shown: Mapping[str, str] | None = None) -> Findings:
    """Every finding of every check: errors ready to raise, and warnings; in a fixed order, with lines where known.

    ``shown`` renames files in what is said (the spec's own name on disk).
    """
    found = (finding for area in _AREAS for check in area.CHECKS for finding in check(fleet))
    return sorted_out(found, fleet.lines, shown)
