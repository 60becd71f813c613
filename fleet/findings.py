"""What was found in an operator's files: one value per finding, with the file, line and field it stands at.

FF-SPEC codes below 100 stop the fleet (they become errors); those from 100 on are warnings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from fleetforge.fleet.errors import FleetforgeError
from fleetforge.fleet.errors.catalogue import CATALOGUE, fault

FieldPath = tuple[str | int, ...]
"""Keys and list indexes from the top of a document. In a file's second document the first is ``"#2"``, and so on."""

Lines = Mapping[FieldPath, int]
"""Line (from 1) of each field of one file."""

FIRST_WARNING = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in one file. ``what`` never carries a secret's value."""

    code: str
    what: str
    file: str
    path: FieldPath = ()
    line: int | None = None
    evidence: tuple[str, ...] = ()
    remedy: str = ""  # replaces the catalogue's where a better one is known

    @property
    def is_warning(self) -> bool:
        return int(self.code.rsplit("-", 1)[1]) >= FIRST_WARNING

    @property
    def field(self) -> str:
        return field_text(self.path)

    @property
    def where(self) -> str:
        """``clusters/aicc.yaml:12 spec.hosts[0].port``."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place} {self.field}" if self.path else place

    def at(self, lines: Mapping[str, Lines]) -> Finding:
        """The same finding with its line, where ``lines`` (file to field to line) knows it."""
        if self.line is not None or self.file not in lines:
            return self
        return replace(self, line=line_of(lines[self.file], self.path))

    def as_error(self) -> FleetforgeError:
        return fault(self.code, self.what, where=self.where, evidence=self.evidence, remedy=self.remedy)

    def as_dict(self) -> dict[str, object]:
        """JSON-ready, in the words of ``FleetforgeError.as_dict`` plus file, line and field."""
        remedy = self.remedy or CATALOGUE[self.code].remedy
        held = {"code": self.code, "what": self.what, "where": self.where, "evidence": list(self.evidence)}
        return held | {"remedy": remedy, "file": self.file, "line": self.line, "field": self.field}

    def __str__(self) -> str:
        return f"{self.code}  {self.what} [{self.where}]"


@dataclass(frozen=True, slots=True)
class Findings:
    """Errors (ready to raise) and warnings, each in a fixed order."""

    errors: tuple[FleetforgeError, ...]
    warnings: tuple[Finding, ...]


def sorted_out(
    found: Iterable[Finding], lines: Mapping[str, Lines], shown: Mapping[str, str] | None = None
) -> Findings:
    """Errors apart from warnings, with their lines; same findings once; the order of ``found`` is kept.

    ``shown`` renames files: what the operator calls them.
    """
    names = shown or {}
    at_line = (finding.at(lines) for finding in found)
    placed = list(dict.fromkeys(replace(finding, file=names.get(finding.file, finding.file)) for finding in at_line))
    errors = tuple(finding.as_error() for finding in placed if not finding.is_warning)
    return Findings(errors, tuple(finding for finding in placed if finding.is_warning))


def field_text(path: FieldPath) -> str:
    """``spec.hosts[0].port``; keys with dots are quoted: ``spec.registry.auths["172.29.232.69"]``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif "." in part:
            text += f'["{part}"]'
        else:
            text += f".{part}" if text else part
    return text


def line_of(lines: Lines, path: FieldPath) -> int | None:
    """The line of the field, or of the nearest field around it that is there."""
    for length in range(len(path), -1, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None
