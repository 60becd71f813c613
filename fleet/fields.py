"""What pydantic says about a document, as findings with the field and in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from fleetforge.fleet.findings import FieldPath, Finding
from fleetforge.fleet.nearest_name import did_you_mean
from fleetforge.fleet.shapes import found_text

_EXPECTED = {
    "int": "a whole number",
    "bool": "true or false",
    "string": "text",
    "tuple": "a list",
    "list": "a list",
    "dict": "a mapping",
    "model": "a mapping",
    "float": "a number",
}
_BOUNDS = {
    "too_short": "a list of {min_length} or more",
    "less_than_equal": "{le} at most",
    "greater_than_equal": "{ge} at least",
    "string_pattern_mismatch": "text of the form {pattern}",
}


def findings(
    error: ValidationError, document: Any, file: str, schema: Mapping[str, Any] | None = None, prefix: FieldPath = ()
) -> tuple[Finding, ...]:
    """``FF-SPEC-003`` (wrong type or value), ``-004`` (unknown field), ``-005`` (missing field), one per field.

    ``document`` is what was validated; ``schema`` its JSON Schema, for the names that are known; ``prefix`` is put
    before each field when the document is a part of a file.
    """
    found: dict[FieldPath, Finding] = {}
    for details in error.errors(include_url=False):
        path = _path(details["loc"], document)
        if path is None or (details["type"] == "literal_error" and _is_branch(details["loc"], document)):
            continue
        code, what = _words(dict(details), path, schema or {})
        evidence = _meaning(schema or {}, path) if code in ("FF-SPEC-003", "FF-SPEC-005") else ()
        found.setdefault(path, Finding(code, what, file, (*prefix, *path), evidence=evidence))
    return tuple(found.values())


def _words(details: dict[str, Any], path: FieldPath, schema: Mapping[str, Any]) -> tuple[str, str]:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "missing":
        return "FF-SPEC-005", f"the field {path[-1]!r} is missing"
    if kind == "extra_forbidden":
        known = known_names(schema, path[:-1])
        return "FF-SPEC-004", f"there is no field {path[-1]!r} here{did_you_mean(str(path[-1]), known)}"
    found = found_text(path, details["input"])
    expected = _EXPECTED.get(kind.split("_")[0])
    if expected and kind.endswith(("_type", "_parsing")):
        return "FF-SPEC-003", f"expected {expected}, found {found}"
    if "expected" in context:
        near = did_you_mean(str(details["input"]), _choices(str(context["expected"])))
        return "FF-SPEC-003", f"expected {context['expected']}, found {found}{near}"
    if kind in _BOUNDS:
        return "FF-SPEC-003", f"expected {_BOUNDS[kind].format(**context)}, found {found}"
    reason = str(context["error"]) if "error" in context else str(details["msg"])
    return "FF-SPEC-003", f"{reason[:1].lower()}{reason[1:]}, found {found}" if kind != "value_error" else reason


def _choices(expected: str) -> list[str]:
    return [word.strip("' ") for word in expected.replace(" or ", ",").split(",")]


def _path(loc: tuple[int | str, ...], document: Any) -> FieldPath | None:
    """The field in the file, without the union branches pydantic names in ``loc``; None for a branch not taken."""
    path: list[str | int] = []
    here = document
    for position, part in enumerate(loc):
        if _has(here, part):
            here = here[part]
        elif _is_tag(part):
            if _is_model(part) and not isinstance(here, dict):
                return None
            continue
        elif position < len(loc) - 1:
            return None
        path.append(part)
    return tuple(path)


def _is_branch(loc: tuple[int | str, ...], document: Any) -> bool:
    """True for a complaint that a mapping is not one of the plain words a field also takes."""
    here = document
    for part in loc[:-1]:
        if not _has(here, part):
            return False
        here = here[part]
    return _is_tag(loc[-1]) and isinstance(here, dict)


def _has(here: Any, part: str | int) -> bool:
    if isinstance(here, list):
        return isinstance(part, int) and part < len(here)
    return isinstance(here, dict) and part in here


def _is_tag(part: str | int) -> bool:
    return isinstance(part, str) and (part.startswith("literal[") or _is_model(part))


def _is_model(part: str | int) -> bool:
    return isinstance(part, str) and part[:1].isupper()


def known_names(schema: Mapping[str, Any], path: FieldPath) -> tuple[str, ...]:
    """The field names a JSON Schema allows at ``path``."""
    places = _places(schema, path)
    return tuple(dict.fromkeys(name for place in places for name in place.get("properties", {})))


def _meaning(schema: Mapping[str, Any], path: FieldPath) -> tuple[str, ...]:
    """What a JSON Schema says a field is for: one line, where it says anything."""
    held = [
        place["description"] for place in _places(schema, path) if "description" in place and "properties" not in place
    ]
    return tuple(f"{path[-1]}: {text}" for text in held[:1])


def _places(schema: Mapping[str, Any], path: FieldPath) -> list[Mapping[str, Any]]:
    places = list(_targets(schema, schema))
    for part in path:
        places = [target for place in places for inner in _inner(place, part) for target in _targets(schema, inner)]
    return places


def _inner(place: Mapping[str, Any], part: str | int) -> Iterator[Mapping[str, Any]]:
    if isinstance(part, int):
        candidates = [place.get("items")]
    else:
        candidates = [place.get("properties", {}).get(part, place.get("additionalProperties"))]
    yield from (candidate for candidate in candidates if isinstance(candidate, Mapping))


def _targets(schema: Mapping[str, Any], place: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The place itself with ``$ref`` and ``anyOf`` followed."""
    if "$ref" in place:
        yield from _targets(schema, schema["$defs"][place["$ref"].rsplit("/", 1)[1]])
        return
    yield place
    for branch in (*place.get("anyOf", ()), *place.get("allOf", ())):
        yield from _targets(schema, branch)
