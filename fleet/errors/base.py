"""What can go wrong, divided by what happens next.

    FleetforgeError
    ├── Transient       the same call may succeed by itself: the task is retried
    ├── Permanent       the same call fails again until an input changes
    └── NeedsOperator   the world needs a person first (a host key, a cable, a password)

Every error carries five things: a stable code, what failed, where, the evidence, and the remedy. Titles, remedies and
the kind of each code stand in one catalogue (``fleet/errors/catalogue.py``); ``fault(code, ...)`` makes the exception.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from fleetforge.fleet.redaction import redacted

Kind = Literal["transient", "permanent", "operator"]

EVIDENCE_LINES = 20
"""Evidence is the end of a story, not the whole of it: at most this many lines are kept."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the catalogue: what a code means and what to do about it."""

    code: str
    title: str
    remedy: str
    kind: Kind = "permanent"
    after: float = 5.0  # seconds until a retry makes sense; only for kind "transient"


class FleetforgeError(Exception):
    """An error an operator can act on. Evidence is redacted when the error is made, so it is safe to print."""

    def __init__(
        self, code: str, what: str, *, where: str, evidence: Iterable[str] = (), remedy: str = "", after: float = 0.0
    ) -> None:
        self.code = code
        self.what = redacted(what)
        self.where = where
        self.evidence = tuple(redacted(line.rstrip()) for line in evidence)[-EVIDENCE_LINES:]
        self.remedy = remedy
        self.after = after
        super().__init__(f"{code}: {self.what} [{where}]")

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuilt, (type(self), self.code, self.what, self.where, self.evidence, self.remedy, self.after)

    def at(self, place: str) -> FleetforgeError:
        """The same error, said of ``place``, with where it came up in brackets."""
        where = f"{place} ({self.where})"
        again: FleetforgeError = type(self)(
            self.code, self.what, where=where, evidence=self.evidence, remedy=self.remedy, after=self.after
        )
        return again

    def as_dict(self) -> dict[str, object]:
        """JSON-ready: ``{code, what, where, evidence: [str], remedy}``."""
        return {
            "code": self.code,
            "what": self.what,
            "where": self.where,
            "evidence": list(self.evidence),
            "remedy": self.remedy,
        }

    def rendered(self) -> str:
        """Plain text for a terminal: one line of what and where, the evidence indented, the remedy last."""
        lines = [f"{self.code}  {self.what}", f"  where:    {self.where}"]
        lines += [f"  evidence: {line}" for line in self.evidence]
        return "\n".join([*lines, f"  remedy:   {self.remedy}"])


class Transient(FleetforgeError):
    """The same call may succeed by itself after ``after`` seconds."""


class Permanent(FleetforgeError):
    """The same call fails again until an input changes."""


class NeedsOperator(FleetforgeError):
    """A person has to change the world first; the remedy says how."""


class Many(Permanent):
    """Several errors found together: all of an input's faults, or many hosts grouped by cause."""

    def __init__(self, errors: Iterable[FleetforgeError]) -> None:
        self.errors = tuple(errors)
        first = self.errors[0]
        super().__init__(
            first.code,
            first.what if len(self.errors) == 1 else f"{len(self.errors)} errors, the first: {first.what}",
            where=first.where,
            evidence=first.evidence,
            remedy=first.remedy,
        )

    def __reduce__(self) -> tuple[object, ...]:
        return Many, (self.errors,)

    def rendered(self) -> str:
        return "\n".join(error.rendered() for error in self.errors)


def _rebuilt(
    cls: type[FleetforgeError], code: str, what: str, where: str, evidence: tuple[str, ...], remedy: str, after: float
) -> FleetforgeError:
    return cls(code, what, where=where, evidence=evidence, remedy=remedy, after=after)


_CLASSES: Mapping[Kind, type[FleetforgeError]] = {
    "transient": Transient,
    "permanent": Permanent,
    "operator": NeedsOperator,
}


def made(entry: Entry, what: str, *, where: str, evidence: Iterable[str] = (), remedy: str = "") -> FleetforgeError:
    """The exception for one catalogue entry; ``remedy`` replaces the catalogue's general one."""
    return _CLASSES[entry.kind](
        entry.code, what, where=where, evidence=evidence, remedy=remedy or entry.remedy, after=entry.after
    )
