"""What flows ask about a stored fleet before they fan out."""

from __future__ import annotations

from fleetforge.blocks.fleet_store import stored


def roles_of(fleet: str) -> tuple[str, tuple[str, ...]]:
    """``(host cluster's name, members' names)``."""
    spec = stored(fleet).fleet.spec
    return spec.host_cluster.name, tuple(member.name for member in spec.members)
