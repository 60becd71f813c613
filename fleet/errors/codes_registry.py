"""Error codes of one area; see ``catalogue``."""

from fleetforge.fleet.errors.base import Entry

ENTRIES: tuple[Entry, ...] = ()
