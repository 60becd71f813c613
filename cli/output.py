"""How answers look: a plain table or JSON on stdout, errors on stderr, and the exit codes."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, ParamSpec, TypeVar

import typer

from fleetforge.fleet.errors import FleetforgeError, Many

P = ParamSpec("P")
R = TypeVar("R")

DONE, FAILED, BAD_INPUT, CHANGES_PENDING = 0, 1, 2, 3

BAD_INPUT_AREAS = ("FF-SPEC", "FF-FLT-001", "FF-FLT-002")
"""Codes (or areas) that mean the operator's input is wrong, not the world."""


class Output(StrEnum):
    """Form of what is printed."""

    TABLE = "table"
    JSON = "json"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="table for people, json for programs")]


def guarded(command: Callable[P, R]) -> Callable[P, R]:
    """Run a command; a coded error is printed and becomes the exit code, never a traceback."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except FleetforgeError as error:
            wants_json = kwargs.get("output") == Output.JSON
            _print_error(error, wants_json)
            raise typer.Exit(exit_code(error)) from error

    return wrapped


def exit_code(error: FleetforgeError) -> int:
    """2 for bad input, 1 for everything else."""
    return BAD_INPUT if error.code.startswith(BAD_INPUT_AREAS) else FAILED


def print_json(value: object) -> None:
    """``value`` as indented JSON on stdout."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(rows: Sequence[Mapping[str, Any]], columns: Iterable[str]) -> None:
    """Rows under their column names, as wide as needed; the last column is not padded."""
    names = list(columns)
    cells = [[_cell(row.get(name, "")) for name in names] for row in rows]
    widths = [max(len(line[i]) for line in [names, *cells]) for i in range(len(names))]
    for line in [[name.upper() for name in names], *cells]:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def say(text: str) -> None:
    """A remark for people: stderr, so that stdout stays what a program asked for."""
    typer.echo(text, err=True)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _print_error(error: FleetforgeError, wants_json: bool) -> None:
    errors = error.errors if isinstance(error, Many) else (error,)
    if wants_json:
        print_json({"errors": [one.as_dict() for one in errors]})
    sys.stdout.flush()
    for one in errors:
        typer.echo(one.rendered(), err=True)
