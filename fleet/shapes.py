"""Reading a document as kk's Go program does: exact types, unknown names ignored (but told), names in any case.

A shape is what kk's struct says; ``read`` gives the document's *view* (known fields under their right names, nulls left
out) and what was found on the way. The document itself is never changed: what kk does not know stays in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Union

from fleetforge.fleet.findings import FieldPath, Finding
from fleetforge.fleet.nearest_name import did_you_mean
from fleetforge.fleet.references import is_secret_name


class Scalar(Enum):
    """A single value, by the word an operator reads in an error."""

    TEXT = "text"
    WHOLE = "a whole number"
    FLAG = "true or false"
    ANY = "anything"


@dataclass(frozen=True, slots=True)
class Record:
    """Fields with names kk knows."""

    fields: Mapping[str, Shape]


@dataclass(frozen=True, slots=True)
class ListOf:
    item: Shape


@dataclass(frozen=True, slots=True)
class MapOf:
    """Names the operator chooses, values of one shape."""

    value: Shape


Shape = Union[Scalar, Record, ListOf, MapOf]  # noqa: UP007 - a forward reference

TEXT, WHOLE, FLAG, ANY = Scalar.TEXT, Scalar.WHOLE, Scalar.FLAG, Scalar.ANY


def record(**fields: Shape) -> Record:
    return Record(fields)


def texts(names: str) -> dict[str, Shape]:
    """Text fields, named in one string with spaces between."""
    return dict.fromkeys(names.split(), TEXT)


def wholes(names: str) -> dict[str, Shape]:
    """Whole-number fields, named in one string with spaces between."""
    return dict.fromkeys(names.split(), WHOLE)


def read(shape: Shape, value: Any, file: str, path: FieldPath = ()) -> tuple[Any, tuple[Finding, ...]]:
    """The view of ``value`` and what was found: ``FF-SPEC-003`` (wrong type), ``FF-SPEC-101`` (unknown name)."""
    reader = _Reader(file)
    view = reader.view(shape, value, path)
    return view, tuple(reader.found)


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Finding] = []

    def view(self, shape: Shape, value: Any, path: FieldPath) -> Any:
        if value is None or shape is ANY:
            return value
        if isinstance(shape, Record) and isinstance(value, dict):
            return self._record(shape, value, path)
        if isinstance(shape, MapOf) and isinstance(value, dict):
            pairs = {key: self.view(shape.value, item, (*path, key)) for key, item in value.items()}
            return {key: item for key, item in pairs.items() if item is not None}
        if isinstance(shape, ListOf) and isinstance(value, list):
            items = [self.view(shape.item, item, (*path, index)) for index, item in enumerate(value)]
            return [_zero(shape.item) if item is None else item for item in items]
        if isinstance(shape, Scalar) and _is(shape, value):
            return value
        self.found.append(
            Finding("FF-SPEC-003", f"expected {_expected(shape)}, found {found_text(path, value)}", self.file, path)
        )
        return None

    def _record(self, shape: Record, value: dict[str, Any], path: FieldPath) -> dict[str, Any]:
        view: dict[str, Any] = {}
        for key, item in value.items():
            name = self._known(shape, value, key, path)
            if name is not None and (held := self.view(shape.fields[name], item, (*path, key))) is not None:
                view[name] = held
        return view

    def _known(self, shape: Record, value: dict[str, Any], key: str, path: FieldPath) -> str | None:
        """The field kk takes ``key`` for: Go matches names in any case. None, and a warning, for a name it ignores."""
        if key in shape.fields:
            return key
        for name in shape.fields:
            if name.casefold() == key.casefold() and name not in value:
                self._warn(f"kk reads {key!r} as {name!r}; write {name!r}", path, key)
                return name
        self._warn(f"kk does not know the field {key!r} and ignores it{did_you_mean(key, shape.fields)}", path, key)
        return None

    def _warn(self, what: str, path: FieldPath, key: str) -> None:
        self.found.append(Finding("FF-SPEC-101", what, self.file, (*path, key)))


def _zero(shape: Shape) -> Any:
    """What Go makes of a null in a list."""
    return {Scalar.TEXT: "", Scalar.WHOLE: 0, Scalar.FLAG: False}.get(shape) if isinstance(shape, Scalar) else {}


def _is(shape: Scalar, value: Any) -> bool:
    if shape is WHOLE:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, str if shape is TEXT else bool)


def _expected(shape: Shape) -> str:
    if isinstance(shape, Scalar):
        return shape.value
    return "a list" if isinstance(shape, ListOf) else "a mapping"


def found_text(path: FieldPath, value: Any) -> str:
    """The value in words: its kind, and itself when it is short and no secret."""
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list" if value else "an empty list"
    kind = "true or false" if isinstance(value, bool) else "a number" if isinstance(value, int | float) else "text"
    if any(is_secret_name(part) for part in path) or len(str(value)) > 60:
        return kind
    return f'{kind} "{value}"' if kind == "text" else f"{kind} {str(value).lower()}"
