"""Coded errors: see ``base`` for the tree, ``catalogue`` for every code."""

from fleetforge.fleet.errors.base import (
    Entry,
    FleetforgeError,
    Many,
    NeedsOperator,
    Permanent,
    Transient,
)

__all__ = ["Entry", "FleetforgeError", "Many", "NeedsOperator", "Permanent", "Transient"]
