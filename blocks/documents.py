"""YAML files with the line of every field: what is read is exactly what kk's YAML library would read.

Plain data only (text, numbers, true/false, null, lists, mappings with text keys). No tags, no timestamps, no numbers to
base 60; a key that stands twice, an alias bomb and a file that is not UTF-8 are errors with their line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from fleetforge.blocks.yaml_errors import shown_line, syntax_error
from fleetforge.blocks.yaml_scalars import SCALARS
from fleetforge.fleet.errors import FleetforgeError
from fleetforge.fleet.errors.catalogue import fault
from fleetforge.fleet.findings import FieldPath, field_text

SIZE_LIMIT = 4 * 1024 * 1024
"""Bytes; a config of 5,000 hosts has less than 1 MiB."""
DEPTH_LIMIT = 64
NODE_LIMIT = 500_000
"""Values in one document once aliases are spelled out; 5,000 hosts have about 60,000."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Span:
    """Where a scalar stands in its text: from ``start`` to before ``end`` (characters); its ``&name``, if any."""

    start: int
    end: int
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: its data, and the line (from 1) of each field, which is that of its key."""

    path: str
    data: dict[str, Any]
    lines: Mapping[FieldPath, int]
    spans: Mapping[FieldPath, Span] = field(default_factory=dict, repr=False)

    def line(self, *fields: str | int) -> int | None:
        return self.lines.get(fields)


def read_documents(path: Path, name: str | None = None) -> tuple[Document, ...]:
    """The documents of a file (empty ones left out), shown as ``name`` in errors.

    Raises FF-SPEC-001 (syntax), -002 (cannot be read), -006 (not UTF-8), -007 (too large), -008 (bomb, depth),
    -009 (key twice), -010 (empty, or not a mapping).
    """
    shown = name or str(path)
    return parsed_documents(read_text(path, shown), shown)


def read_text(path: Path, shown: str) -> str:
    """The file's text, without a byte order mark. Raises FF-SPEC-002, -006, -007."""
    try:
        if path.stat().st_size > SIZE_LIMIT and path.is_file():
            raise fault(
                "FF-SPEC-007", f"the file has {path.stat().st_size:,} bytes, more than {SIZE_LIMIT:,}", where=shown
            )
        return path.read_bytes().decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        what = f"byte 0x{error.object[error.start]:02x} is not UTF-8"
        raise fault("FF-SPEC-006", what, where=f"{shown}:{line}") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise fault("FF-SPEC-002", f"the file cannot be read: {reason}", where=shown, evidence=[str(path)]) from error


def parsed_documents(text: str, name: str) -> tuple[Document, ...]:
    """The documents of a text; errors as in ``read_documents``."""
    if len(text) > SIZE_LIMIT:
        raise fault("FF-SPEC-007", f"the text has {len(text):,} characters, more than {SIZE_LIMIT:,}", where=name)
    reader = _Reader(text, name)
    try:
        documents = tuple(reader.documents())
    except yaml.YAMLError as error:
        raise syntax_error(error, text, name) from error
    if not documents:
        raise fault("FF-SPEC-010", "the file is empty", where=name)
    return documents


class _Reader:
    """Builds plain data out of YAML events, so that depth and size are bounded before anything is built."""

    def __init__(self, text: str, name: str) -> None:
        self.text, self.name = text, name
        self.starts = [0, *(found.end() for found in re.finditer(r"\r\n|[\n\r\x85\u2028\u2029]", text))]
        self.resolver = _Loader("")
        self.events: Iterator[Any] = iter(())

    def documents(self) -> Iterator[Document]:
        self.events = yaml.parse(self.text, Loader=_Loader)
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                document = self._document()
                if document is not None:
                    yield document

    def _document(self) -> Document | None:
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.lines: dict[FieldPath, int] = {}
        self.spans: dict[FieldPath, Span] = {}
        self.size = 0
        first = next(self.events)
        self.lines[()] = first.start_mark.line + 1
        data = self._value(first, ())
        if data is None:
            return None
        if not isinstance(data, dict):
            kind = "a list" if isinstance(data, list) else "a single value"
            raise self._fault("FF-SPEC-010", f"expected a mapping (key: value), found {kind}", first)
        return Document(self.name, data, self.lines, self.spans)

    def _value(self, event: Any, path: FieldPath) -> Any:
        self._count(event, 1)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        if len(path) > DEPTH_LIMIT:
            raise self._fault("FF-SPEC-008", f"nested deeper than {DEPTH_LIMIT} levels", event)
        before = self.size
        if isinstance(event, yaml.ScalarEvent):
            self.spans[path] = self._span(event)
            value = self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            value = self._mapping(path)
        else:
            value = self._sequence(path)
        if event.anchor:
            self.anchors[event.anchor] = (value, self.size - before)
        return value

    def _alias(self, event: Any, path: FieldPath) -> Any:
        if event.anchor not in self.anchors:
            raise self._fault("FF-SPEC-001", f"the alias *{event.anchor} stands for nothing that ends before it", event)
        value, size = self.anchors[event.anchor]
        self._count(event, size)
        self.spans[path] = self._span(event)
        return value

    def _count(self, event: Any, size: int) -> None:
        self.size += size
        if self.size > NODE_LIMIT:
            raise self._fault("FF-SPEC-008", f"more than {NODE_LIMIT:,} values once its aliases are spelled out", event)

    def _sequence(self, path: FieldPath) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            here = (*path, len(items))
            self.lines[here] = event.start_mark.line + 1
            items.append(self._value(event, here))
        return items

    def _mapping(self, path: FieldPath) -> dict[str, Any]:
        held: dict[str, Any] = {}
        merged: list[dict[str, Any]] = []
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._key(event, path)
            here, line = (*path, key), event.start_mark.line + 1
            if key in held:
                what = f"the key {key!r} stands twice, first in line {self.lines[here]}"
                raise fault("FF-SPEC-009", what, where=f"{self.name}:{line} {field_text(here)}")
            self.lines[here] = line
            value = self._value(next(self.events), here)
            if key == "<<" and event.implicit[0]:
                merged += self._merged(value, event)
            else:
                held[key] = value
        for source in merged:
            held = source | held
        return held

    def _merged(self, value: Any, event: Any) -> list[dict[str, Any]]:
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise self._fault("FF-SPEC-001", "'<<' takes a mapping or a list of mappings", event)
        self._count(event, sum(len(source) for source in sources))
        return sources

    def _key(self, event: Any, path: FieldPath) -> str:
        if isinstance(event, yaml.AliasEvent):
            value = self._alias(event, path)
        else:
            value = event.value if isinstance(event, yaml.ScalarEvent) else None
        if not isinstance(value, str):
            raise self._fault("FF-SPEC-001", "a key must be a single word or text", event)
        if isinstance(event, yaml.ScalarEvent) and event.anchor:
            self.anchors[event.anchor] = (value, 1)
        return value

    def _scalar(self, event: Any) -> Any:
        tag = event.tag
        if tag is None or tag == "!":
            tag = self.resolver.resolve(yaml.ScalarNode, event.value, event.implicit)
        read = SCALARS.get(tag)
        if read is None:
            return event.value
        try:
            return read(event.value)
        except (ValueError, KeyError) as error:
            raise self._fault(
                "FF-SPEC-001", f"{event.value!r} cannot be read as {tag.rsplit(':', 1)[1]}", event
            ) from error

    def _span(self, event: Any) -> Span:
        anchor = f"&{event.anchor} " if event.anchor and isinstance(event, yaml.ScalarEvent) else ""
        return Span(self._offset(event.start_mark), self._offset(event.end_mark), anchor)

    def _offset(self, mark: Any) -> int:
        return min(
            self.starts[mark.line] + mark.column if mark.line < len(self.starts) else len(self.text), len(self.text)
        )

    def _fault(self, code: str, what: str, event: Any) -> FleetforgeError:
        mark = event.start_mark
        where = f"{self.name}:{mark.line + 1}:{mark.column + 1}"
        return fault(code, what, where=where, evidence=shown_line(self.text, mark.line, mark.column))
