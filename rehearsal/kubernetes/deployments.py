"""Deployments make ReplicaSets, ReplicaSets make Pods; a changed template rolls over within surge and unavailable.

What it does NOT do: pausing, rollback, the progress deadline, deleting old ReplicaSets.
"""

from __future__ import annotations

from collections.abc import Iterable

from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.control import Controller, key_of
from fleetforge.rehearsal.kubernetes.events import Event
from fleetforge.rehearsal.kubernetes.eviction import amount
from fleetforge.rehearsal.kubernetes.objects import (
    Object,
    annotations_of,
    controller_of,
    copied,
    is_going,
    made,
    name_of,
    namespace_of,
    owner_reference,
    set_condition,
    timestamp,
)
from fleetforge.rehearsal.kubernetes.pods_of import counted, first_to_go, pod_from, tally, template_hash
from fleetforge.rehearsal.kubernetes.store import Key, Store

_REVISION = "deployment.kubernetes.io/revision"


class ReplicaSets(Controller):
    """Keeps the wanted number of Pods and counts them."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._sets = Collection(store, "replicasets.apps")
        self._pods = Collection(store, "pods")

    def keys(self, event: Event) -> Iterable[Key]:
        if event.resource.name == "replicasets.apps":
            return [key_of(event.item)]
        return owner_keys(event, "pods", "ReplicaSet")

    def reconcile(self, key: Key) -> None:
        item = self._sets.find(key[1], key[0])
        if item is None or is_going(item):
            return
        pods = [pod for pod in self._pods.owned_by(item) if not is_going(pod)]
        wanted = item["spec"]["replicas"]
        for _ in range(wanted - len(pods)):
            self._pods.create(pod_from(item))
        for pod in first_to_go(pods)[: max(0, len(pods) - wanted)]:
            self._pods.delete(pod)
        self._sets.set_status(item, lambda status: self._count(status, item))

    def _count(self, status: Object, item: Object) -> None:
        found = tally(self._pods.owned_by(item))
        status.clear()
        status.update(replicas=found.total, fullyLabeledReplicas=found.total)
        status.update(counted(readyReplicas=found.ready, availableReplicas=found.ready))
        status["observedGeneration"] = item["metadata"]["generation"]


class Deployments(Controller):
    """Keeps one ReplicaSet for the present template and empties the others."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._deployments = Collection(store, "deployments.apps")
        self._sets = Collection(store, "replicasets.apps")

    def keys(self, event: Event) -> Iterable[Key]:
        if event.resource.name == "deployments.apps":
            return [key_of(event.item)]
        return owner_keys(event, "replicasets.apps", "Deployment")

    def reconcile(self, key: Key) -> None:
        item = self._deployments.find(key[1], key[0])
        if item is None or is_going(item):
            return
        digest = template_hash(item["spec"]["template"])
        name = f"{name_of(item)}-{digest}"
        owned = self._sets.owned_by(item)
        old = [one for one in owned if name_of(one) != name]
        new = self._sets.find(name, key[0]) or self._make_set(item, name, digest, old)
        self._roll(item, new, old)
        self._deployments.set_status(item, lambda status: self._report(status, item, name))

    def _make_set(self, item: Object, name: str, digest: str, old: list[Object]) -> Object:
        labels = {"pod-template-hash": digest}
        template = copied(item["spec"]["template"])
        template["metadata"]["labels"] = {**(template["metadata"].get("labels") or {}), **labels}
        selector = copied(item["spec"]["selector"])
        selector["matchLabels"] = {**(selector.get("matchLabels") or {}), **labels}
        revision = str(1 + max((int(annotations_of(one).get(_REVISION, "0")) for one in old), default=0))
        made_set = made(
            "apps/v1",
            "ReplicaSet",
            name,
            namespace_of(item),
            labels=template["metadata"]["labels"],
            annotations={_REVISION: revision},
            ownerReferences=[owner_reference(item)],
            spec={"replicas": 0, "selector": selector, "template": template},
        )
        noted = {**annotations_of(item), _REVISION: revision}
        self._deployments.change(item, lambda draft: draft["metadata"].update(annotations=noted))
        return self._sets.create(made_set)

    def _roll(self, item: Object, new: Object, old: list[Object]) -> None:
        """One step of a rollout: grow the new set up to the surge, shrink old ones down to what must stay up."""
        wanted = item["spec"]["replicas"]
        surge, unavailable = _room(item["spec"]["strategy"], wanted)
        present = sum(_held(one) for one in old)
        self._scale(new, max(0, min(wanted, wanted + surge - present)))
        available = sum(_available(one) for one in [new, *old])
        spare = max(0, available - (wanted - unavailable))
        for one in sorted(old, key=_available):
            idle = one["spec"]["replicas"] - _available(one)
            give = min(one["spec"]["replicas"], max(0, idle) + spare)
            spare -= max(0, give - max(0, idle))
            self._scale(one, one["spec"]["replicas"] - give)

    def _scale(self, item: Object, replicas: int) -> None:
        if item["spec"]["replicas"] != replicas:
            self._sets.change(item, lambda draft: draft["spec"].update(replicas=replicas))

    def _report(self, status: Object, item: Object, name: str) -> None:
        sets = self._sets.owned_by(item)
        updated = sum((one.get("status") or {}).get("replicas", 0) for one in sets if name_of(one) == name)
        total = sum((one.get("status") or {}).get("replicas", 0) for one in sets)
        ready = sum(_available(one) for one in sets)
        wanted = item["spec"]["replicas"]
        kept = status.get("conditions") or []
        status.clear()
        status.update(counted(replicas=total, updatedReplicas=updated, readyReplicas=ready, availableReplicas=ready))
        status.update(counted(unavailableReplicas=max(0, max(wanted, total) - ready)))
        status.update(observedGeneration=item["metadata"]["generation"], conditions=kept)
        _judge(
            status, ready >= wanted - _room(item["spec"]["strategy"], wanted)[1], updated == total == ready == wanted
        )


def _judge(status: Object, available: bool, complete: bool) -> None:
    conditions = {entry["type"]: entry["status"] for entry in status["conditions"]}
    if conditions.get("Available") != ("True" if available else "False"):
        reason = "MinimumReplicasAvailable" if available else "MinimumReplicasUnavailable"
        message = f"Deployment {'has' if available else 'does not have'} minimum availability."
        set_condition(
            status, "Available", "True" if available else "False", reason, message, lastUpdateTime=timestamp()
        )
    reason = "NewReplicaSetAvailable" if complete else "ReplicaSetUpdated"
    known = {entry["type"]: entry.get("reason") for entry in status["conditions"]}
    if known.get("Progressing") != reason:
        text = "ReplicaSet has successfully progressed." if complete else "ReplicaSet is progressing."
        set_condition(status, "Progressing", "True", reason, text, lastUpdateTime=timestamp())


def _room(strategy: Object, wanted: int) -> tuple[int, int]:
    """How many Pods may be too many, and how many too few, during a rollout."""
    if strategy.get("type") == "Recreate":
        return 0, wanted
    rolling = strategy.get("rollingUpdate") or {}
    surge = amount(rolling.get("maxSurge", "25%"), wanted)
    unavailable = amount(rolling.get("maxUnavailable", "25%"), wanted, up=False)
    return (surge, unavailable) if surge or unavailable else (0, 1)


def _held(item: Object) -> int:
    """Pods an old set still has or asks for."""
    return max(int(item["spec"]["replicas"]), int((item.get("status") or {}).get("replicas", 0)))


def _available(item: Object) -> int:
    return min(int(item["spec"]["replicas"]), int((item.get("status") or {}).get("availableReplicas", 0)))


def owner_keys(event: Event, resource: str, kind: str) -> list[Key]:
    """The key of the controlling owner of that kind, when the event is about a ``resource``."""
    if event.resource.name != resource:
        return []
    owner = controller_of(event.item)
    return [(namespace_of(event.item), owner["name"])] if owner and owner["kind"] == kind else []
