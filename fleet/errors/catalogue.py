"""Every error code of Fleetforge, by area. The terminal, the UI's artifacts and the docs all read this one list."""

from __future__ import annotations

from collections.abc import Iterable

from fleetforge.fleet.errors import (
    codes_artifact,
    codes_control,
    codes_federation,
    codes_fleet,
    codes_host,
    codes_kk,
    codes_kubernetes,
    codes_registry,
    codes_spec,
)
from fleetforge.fleet.errors.base import Entry, FleetforgeError, made

CATALOGUE: dict[str, Entry] = {
    entry.code: entry
    for area in (
        codes_spec,
        codes_fleet,
        codes_host,
        codes_control,
        codes_kk,
        codes_artifact,
        codes_registry,
        codes_kubernetes,
        codes_federation,
    )
    for entry in area.ENTRIES
}


def fault(code: str, what: str, *, where: str, evidence: Iterable[str] = (), remedy: str = "") -> FleetforgeError:
    """The error for ``code``, ready to raise. Unknown codes are a bug and raise ``KeyError``.

    ``what`` says what failed in one sentence, ``where`` names file and field, host, cluster or URL; ``evidence`` is
    text of the world (last lines of output, a response); it is redacted. ``remedy`` overrides the catalogue's.
    """
    return made(CATALOGUE[code], what, where=where, evidence=evidence, remedy=remedy)
