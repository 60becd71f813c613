"""Secrets in and out of the texts of YAML files, with everything else (comments, order, quoting) left as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from fleetforge.blocks.documents import Document, Span, parsed_documents
from fleetforge.fleet.errors.catalogue import fault
from fleetforge.fleet.findings import FieldPath, Finding
from fleetforge.fleet.references import (
    Reference,
    SecretField,
    is_reference,
    is_secret_name,
    references_in,
    secret_fields,
    substituted,
    unknown_schemes,
)

Resolve = Callable[[Reference], str]
"""The value of a reference; ``LookupError`` says in words why there is none."""


FIELDS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class StoredText:
    """A file as it is stored: ``${secret:…}`` in place of every secret, and the secrets by their keys."""

    text: str
    secrets: dict[str, str]
    found: tuple[Finding, ...]


def stored_text(text: str, documents: Sequence[Document], resolve: Resolve) -> StoredText:
    """The stored form of a file: plain secrets lifted out (``FF-SPEC-102``), references resolved.

    Findings: ``FF-SPEC-012`` (a reference leads nowhere), ``-013`` (an unknown kind, or not in a secret's field).
    """
    edits: dict[Span, str] = {}
    secrets: dict[str, str] = {}
    found: list[Finding] = []
    for number, document in enumerate(documents, start=1):
        label = document.path if number == 1 else f"{document.path}#{number}"
        for field in secret_fields(document.data, label):
            if field.path not in document.spans:
                continue  # came in by a merge: its own place is looked at
            problem = _taken(text, field, document.spans[field.path], resolve, edits, secrets)
            found += [_finding(problem, document, number, field.path)] if problem else []
        found += _misplaced(document, number)
    return StoredText(edited(text, edits), secrets, tuple(_plain_in_one(found)))


def with_secrets(text: str, secrets: Mapping[str, str], name: str) -> str:
    """The text with every stored secret back in its place, quoted as YAML: what kk is given.

    Raises FF-SPEC-012 for a key that is not among ``secrets``. The result is secret: mode 0600, never logged.
    """
    edits: dict[Span, str] = {}
    for document in parsed_documents(text, name):
        for field in secret_fields(document.data, name):
            if not field.is_plain and field.path in document.spans:
                span = document.spans[field.path]
                edits[span] = span.anchor + quoted(substituted(field.value, lambda one: _stored(one, secrets, name)))
    return edited(text, edits)


def written_text(text: str) -> str:
    """The text as it is exported: references to variables and files as the operator wrote them."""
    return substituted(text, lambda reference: str(reference.written))


def edited(text: str, edits: Mapping[Span, str]) -> str:
    """The text with each span replaced; white space at a span's end (after a block scalar) stays."""
    for span in sorted(edits, key=lambda span: span.start, reverse=True):
        old = text[span.start : span.end]
        tail = old[len(old.rstrip()) :]
        text = text[: span.start] + edits[span] + tail + text[span.end :]
    return text


def quoted(value: str) -> str:
    """``value`` as a double-quoted YAML scalar on one line."""
    escaped = json.dumps(value, ensure_ascii=False)
    return re.sub("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]", lambda found: f"\\u{ord(found.group()):04x}", escaped)


def _taken(
    text: str, field: SecretField, span: Span, resolve: Resolve, edits: dict[Span, str], secrets: dict[str, str]
) -> tuple[str, str] | None:
    """Move one field's secret into ``secrets``, its reference into ``edits``; a code and words for what is off."""
    if field.is_plain:
        strange = unknown_schemes(field.value)
        if strange:
            return "FF-SPEC-013", f"there are no references of the kind {strange[0]!r}"
        secrets[field.key] = field.value
        edits[span] = span.anchor + quoted(str(Reference("secret", field.key)))
        return "FF-SPEC-102", f"{field.path[-1]} stands in the file"
    for reference in references_in(field.value):
        try:
            secrets[reference.key] = resolve(reference)
        except LookupError as error:
            return "FF-SPEC-012", str(error.args[0])
    edits[span] = _with_stored_references(text[span.start : span.end].rstrip(), field.value, span)
    return None


def _plain_in_one(found: list[Finding]) -> list[Finding]:
    """One warning for all plain secrets of a file, at the first of them: a config has one per host."""
    plain = [finding for finding in found if finding.code == "FF-SPEC-102"]
    if len(plain) < 2:
        return found
    what = f"{len(plain)} secrets stand in the file"
    first = replace(plain[0], what=what, evidence=tuple(finding.field for finding in plain[:FIELDS_SHOWN]))
    return [first, *(finding for finding in found if finding.code != "FF-SPEC-102")]


def _with_stored_references(old: str, value: str, span: Span) -> str:
    """In place where the references stand there as such, so that an exported file is the file that was applied."""
    if references_in(old) == references_in(value):
        return substituted(old, lambda reference: str(reference.stored))
    return span.anchor + quoted(substituted(value, lambda reference: str(reference.stored)))


def _misplaced(document: Document, number: int) -> list[Finding]:
    """References in fields that hold no secret: nobody would resolve them."""
    found = []
    for path, value in _texts(document.data, ()):
        if path and not is_secret_name(path[-1]) and is_reference(value):
            what = f"{value} stands in a field that holds no secret, where nothing replaces it"
            found.append(_finding(("FF-SPEC-013", what), document, number, path))
    return found


def _texts(value: object, path: FieldPath) -> list[tuple[FieldPath, str]]:
    if isinstance(value, dict):
        return [pair for key, item in value.items() for pair in _texts(item, (*path, key))]
    if isinstance(value, list):
        return [pair for index, item in enumerate(value) for pair in _texts(item, (*path, index))]
    return [(path, value)] if isinstance(value, str) and value.startswith("${") else []


def _finding(problem: tuple[str, str], document: Document, number: int, path: FieldPath) -> Finding:
    code, what = problem
    return Finding(code, what, document.path, path if number == 1 else (f"#{number}", *path))


def _stored(reference: Reference, secrets: Mapping[str, str], name: str) -> str:
    if reference.key not in secrets:
        raise fault("FF-SPEC-012", f"no secret is stored under {reference.key!r}", where=name)
    return secrets[reference.key]
