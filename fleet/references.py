"""Secrets stand in files as references, never as values.

    ${env:NAME}     an environment variable where 'fleetforge apply' runs
    ${file:path}    a file there; relative paths start at fleet.yaml
    ${secret:key}   a value stored with the fleet; what the other two and plain passwords become

Only fields that hold secrets are looked at, so a shell script in a kk file keeps its own ``${…}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

Scheme = Literal["env", "file", "secret"]

_REFERENCE = re.compile(r"\$\{(?:(env):([A-Za-z_]\w*)|(file):([~./\w][^{}:\n]*)|(secret):([^{}\n]+))\}", re.ASCII)
_ANY_SCHEME = re.compile(r"\$\{([A-Za-z]+):[^{}]*\}")
_SECRET_NAMES = frozenset({"password", "privatekey", "jwtsecret"})


@dataclass(frozen=True, slots=True)
class Reference:
    """One ``${scheme:name}``."""

    scheme: Scheme
    name: str

    def __str__(self) -> str:
        return f"${{{self.scheme}:{self.name}}}"

    @property
    def key(self) -> str:
        """What the value is stored under: ``env:NAME``, ``file:path``, or the key itself."""
        return self.name if self.scheme == "secret" else f"{self.scheme}:{self.name}"

    @property
    def stored(self) -> Reference:
        """The reference that stands in the stored files."""
        return Reference("secret", self.key)

    @property
    def written(self) -> Reference:
        """The reference that stands in exported files: the one the operator wrote."""
        scheme, _, name = self.name.partition(":")
        found = (
            references_in(f"${{{self.name}}}") if self.scheme == "secret" and scheme in ("env", "file") and name else ()
        )
        return found[0] if found else self


def references_in(text: str) -> tuple[Reference, ...]:
    """Every reference in ``text``, in order."""
    return tuple(_reference(found) for found in _REFERENCE.finditer(text))


def is_reference(text: str) -> bool:
    """True when ``text`` is one reference and nothing else."""
    return _REFERENCE.fullmatch(text) is not None


def unknown_schemes(text: str) -> tuple[str, ...]:
    """Schemes of things that look like references but are none, e.g. ``vault``."""
    return tuple(found.group(1) for found in _ANY_SCHEME.finditer(_REFERENCE.sub("", text)))


def substituted(text: str, resolve: Callable[[Reference], str]) -> str:
    """``text`` with each reference replaced by what ``resolve`` gives. Not for whole YAML files: it does not quote."""
    return _REFERENCE.sub(lambda found: resolve(_reference(found)), text)


def from_stored(secrets: Mapping[str, str]) -> Callable[[Reference], str]:
    """A ``resolve`` that looks references up among a stored fleet's secrets; ``KeyError`` for one that is not there."""
    return lambda reference: secrets[reference.key]


def is_secret_name(name: str | int) -> bool:
    """True for the names of fields that hold secrets, in kk's files and in fleet.yaml."""
    return isinstance(name, str) and name.casefold() in _SECRET_NAMES


@dataclass(frozen=True, slots=True)
class SecretField:
    """A field that holds a secret: where it stands, what it holds, and the key a plain value would be stored under."""

    path: tuple[str | int, ...]
    value: str
    key: str

    @property
    def is_plain(self) -> bool:
        return not references_in(self.value)


def secret_fields(document: Mapping[str, Any], file: str) -> tuple[SecretField, ...]:
    """Every filled secret field of one document; keys name the file and the field, hosts by their name."""
    taken: set[str] = set()
    fields = []
    for path, label, value in _walk(document, (), ()):
        key = _free(re.sub(r"[{}\s]", "_", f"{file}:{'.'.join(label)}"), taken)
        fields.append(SecretField(path, value, key))
    return tuple(fields)


def lifted(document: Mapping[str, Any], file: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The document with each plain secret replaced by ``${secret:key}``, and ``{key: value}``; a new document."""
    plain = [field for field in secret_fields(document, file) if field.is_plain]
    replaced = {field.path: str(Reference("secret", field.key)) for field in plain}
    return cast(dict[str, Any], _replaced(document, (), replaced)), {field.key: field.value for field in plain}


def _reference(found: re.Match[str]) -> Reference:
    scheme, name = (part for part in found.groups() if part is not None)
    return Reference(cast(Scheme, scheme), name)


def _walk(
    value: Any, path: tuple[str | int, ...], label: tuple[str, ...]
) -> Iterator[tuple[tuple[str | int, ...], tuple[str, ...], str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _walk(item, (*path, key), (*label, str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            named = item.get("name") if isinstance(item, Mapping) else None
            yield from _walk(item, (*path, index), (*label, named if isinstance(named, str) and named else str(index)))
    elif isinstance(value, str) and value and path and is_secret_name(path[-1]):
        yield path, label, value


def _free(key: str, taken: set[str]) -> str:
    number, wanted = 2, key
    while key in taken:
        key, number = f"{wanted}~{number}", number + 1
    taken.add(key)
    return key


def _replaced(value: Any, path: tuple[str | int, ...], replaced: Mapping[tuple[str | int, ...], str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _replaced(item, (*path, key), replaced) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, (*path, index), replaced) for index, item in enumerate(value)]
    return replaced.get(path, value)
