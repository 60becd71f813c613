"""Which objects a label or field selector picks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from fleetforge.rehearsal.kubernetes.objects import Object, labels_of
from fleetforge.rehearsal.kubernetes.refusals import Refused, bad_request

_SET = re.compile(r"(?P<key>[^\s!=]+)\s+(?P<op>in|notin)\s*\((?P<values>[^)]*)\)")
_EQUAL = re.compile(r"(?P<key>[^\s!=]+)\s*(?P<op>==|=|!=)\s*(?P<value>[^\s=]*)")
_EXISTS = re.compile(r"(?P<not>!)?\s*(?P<key>[^\s!=(),]+)")
_PARTS = re.compile(r",(?![^(]*\))")
_FIELDS = {
    "metadata.name",
    "metadata.namespace",
    "spec.nodeName",
    "status.phase",
    "involvedObject.name",
    "involvedObject.kind",
    "involvedObject.uid",
    "involvedObject.namespace",
    "type",
    "reason",
    "spec.unschedulable",
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """``key`` must have one of ``values``; with ``absent``, must not. No values: only the key's presence counts."""

    key: str
    values: frozenset[str] | None
    absent: bool = False

    def holds(self, found: Mapping[str, str]) -> bool:
        if self.values is None:
            return (self.key in found) is not self.absent
        return (found.get(self.key) in self.values) is not self.absent


def label_requirements(text: str) -> list[Requirement]:
    """``a=b,c!=d,e in (f,g),h notin (i),j,!k`` taken apart; 400 for anything else."""
    return [_requirement(part.strip(), text) for part in _PARTS.split(text) if part.strip()]


def _requirement(part: str, text: str) -> Requirement:
    if found := _SET.fullmatch(part):
        values = frozenset(value.strip() for value in found["values"].split(","))
        return Requirement(found["key"], values, found["op"] == "notin")
    if found := _EQUAL.fullmatch(part):
        return Requirement(found["key"], frozenset([found["value"]]), found["op"] == "!=")
    if found := _EXISTS.fullmatch(part):
        return Requirement(found["key"], None, bool(found["not"]))
    raise bad_request(f"unable to parse requirement: {text!r}")


def selects(selector: Object | None, labels: Mapping[str, str]) -> bool:
    """A ``matchLabels``/``matchExpressions`` selector; an absent one picks nothing, an empty one everything."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or []
    return wanted.items() <= labels.items() and all(_expression(entry).holds(labels) for entry in expressions)


def _expression(entry: Object) -> Requirement:
    operator = entry["operator"]
    absent = operator in ("NotIn", "DoesNotExist")
    values = frozenset(entry.get("values") or []) if operator in ("In", "NotIn") else None
    return Requirement(entry["key"], values, absent)


@dataclass(frozen=True, slots=True)
class Selection:
    """A request's labelSelector and fieldSelector together."""

    labels: tuple[Requirement, ...] = ()
    fields: tuple[Requirement, ...] = ()

    @classmethod
    def parsed(cls, labels: str, fields: str) -> Selection:
        wanted = label_requirements(fields)
        for requirement in wanted:
            if requirement.key not in _FIELDS:
                raise _unsupported(requirement.key)
        return cls(tuple(label_requirements(labels)), tuple(wanted))

    def picks(self, item: Object) -> bool:
        found = labels_of(item)
        if not all(requirement.holds(found) for requirement in self.labels):
            return False
        return all(requirement.holds({requirement.key: _field(item, requirement.key)}) for requirement in self.fields)


def _unsupported(key: str) -> Refused:
    return bad_request(f'field label not supported: "{key}"')


def _field(item: Object, path: str) -> str:
    value: object = item
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
