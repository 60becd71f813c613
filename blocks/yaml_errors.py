"""What PyYAML says about a text, with the line in front of the operator's eyes."""

from __future__ import annotations

import re

import yaml

from fleetforge.fleet.errors import FleetforgeError
from fleetforge.fleet.errors.catalogue import fault
from fleetforge.fleet.redaction import MASK

_KEY_MATERIAL = re.compile(r"[A-Za-z0-9+/=]{40,}")


def syntax_error(error: yaml.YAMLError, text: str, name: str) -> FleetforgeError:
    """``FF-SPEC-001`` with line, column and the line itself; a tab is called a tab."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
    if mark is None:
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) if isinstance(position, int) else 0
        return fault("FF-SPEC-001", f"a character YAML does not allow: {problem}", where=f"{name}:{line + 1}")
    where = f"{name}:{mark.line + 1}:{mark.column + 1}"
    line_text = _line(text, mark.line)
    if "\t" in line_text[: mark.column + 1] or line_text.lstrip(" ").startswith("\t"):
        problem = "a tab where YAML wants spaces"
    return fault("FF-SPEC-001", problem, where=where, evidence=shown_line(text, mark.line, mark.column))


def shown_line(text: str, line: int, column: int) -> list[str]:
    """The line, tabs made visible, and a mark below the column."""
    shown = _KEY_MATERIAL.sub(MASK, _line(text, line).replace("\t", "→"))
    return [shown[:160], " " * column + "^"] if shown.strip() and column < 160 else []


def _line(text: str, line: int) -> str:
    lines = text.splitlines()
    return lines[line] if line < len(lines) else ""
