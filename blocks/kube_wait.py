"""Waiting for one object to become as wanted: a list, then a watch, through lost connections and missing kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from fleetforge.blocks.deadline import Deadline
from fleetforge.blocks.kube_resources import DEFINITIONS, Resource
from fleetforge.blocks.kube_watch import PAUSES, Watch
from fleetforge.fleet.errors import FleetforgeError
from fleetforge.fleet.errors.catalogue import fault

T = TypeVar("T")
Item = dict[str, Any] | None
Watching = Callable[[Resource, str | None, str, Deadline], Watch]
"""``(resource, namespace, field selector, deadline)`` to an open watch."""

Describe = Callable[[Item], Iterable[str]]


@dataclass(frozen=True)
class Wait(Generic[T]):
    """What is waited for. ``condition`` gives a value when it is met, None while it is not; it may raise to give up."""

    cluster: str
    resource: Resource
    name: str
    namespace: str | None
    condition: Callable[[Item], T | None]
    what: str
    code: str
    describe: Describe

    def until(self, limit: Deadline, watching: Watching) -> T:
        """The condition's value; ``code`` after the deadline, with the last state as evidence."""
        last: Item = None
        while True:
            watch = watching(self.resource, self.namespace, f"metadata.name={self.name}", limit)
            try:
                for change in watch.changes():
                    if change is not None:
                        last = None if change.kind == "DELETED" else change.item
                    met = self.condition(last)
                    if met is not None:
                        return met
                raise self._too_late(limit, last, watch.last_error)
            except FleetforgeError as error:
                if error.code != "FF-K8S-014":
                    raise
                met = self.condition(None)
                if met is not None:
                    return met
                self._kind_served(limit, watching)

    def _kind_served(self, limit: Deadline, watching: Watching) -> None:
        """Returns when the kind's definition is established. That a built-in kind is not served is an error."""
        if "." not in self.resource.group or self.resource.group.endswith(".k8s.io"):
            raise fault("FF-K8S-009", f"{self.resource.definition} is not served", where=self.cluster)
        watch = watching(DEFINITIONS, None, f"metadata.name={self.resource.definition}", limit)
        for change in watch.changes():
            if change is not None and change.kind != "DELETED" and _established(change.item):
                limit.pause(PAUSES[0])
                return
        raise self._too_late(limit, None, watch.last_error)

    def _too_late(self, limit: Deadline, last: Item, error: FleetforgeError | None) -> FleetforgeError:
        evidence = [f"last state: {line}" for line in self.describe(last)]
        if error is not None:
            evidence.append(f"last error: {error.what}")
        where = f"{self.cluster} {self.resource.path(self.namespace, self.name)}"
        return fault(self.code, f"waited {limit.seconds:.0f} s for {self.what}", where=where, evidence=evidence)


def last_state(item: Item) -> Iterable[str]:
    """An object's state in a few lines: being deleted, phase, conditions."""
    if item is None:
        return ["it does not exist"]
    status, lines = item.get("status") or {}, _deletion(item)
    if status.get("phase"):
        lines.append(f"phase {status['phase']}")
    for condition in status.get("conditions") or []:
        reason = " ".join(str(condition[key]) for key in ("reason", "message") if condition.get(key))
        lines.append(f"{condition.get('type')}={condition.get('status')} {reason}".rstrip())
    return lines or ["it exists, without conditions"]


def still_there(item: Item) -> Iterable[str]:
    """What keeps an object that should be gone."""
    return ["it is still there", *_deletion(item or {})]


def _deletion(item: dict[str, Any]) -> list[str]:
    metadata = item.get("metadata") or {}
    if not metadata.get("deletionTimestamp"):
        return []
    held = ", ".join(metadata.get("finalizers") or []) or "none"
    return [f"being deleted since {metadata['deletionTimestamp']}, finalizers: {held}"]


def _established(definition: dict[str, Any]) -> bool:
    conditions = (definition.get("status") or {}).get("conditions") or []
    return any(found["type"] == "Established" and found["status"] == "True" for found in conditions)
