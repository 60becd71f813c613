"""Gives waiting Pods a node: the least filled one that takes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.control import Controller
from fleetforge.rehearsal.kubernetes.events import Event
from fleetforge.rehearsal.kubernetes.notices import notice
from fleetforge.rehearsal.kubernetes.objects import Object, condition, is_going, name_of, set_condition
from fleetforge.rehearsal.kubernetes.placement import admits, lacks, usage, why_nowhere
from fleetforge.rehearsal.kubernetes.quantities import requested
from fleetforge.rehearsal.kubernetes.store import Key, Store

_ALL: Key = ("", "")


class Scheduler(Controller):
    """One key for everything: whatever changes, all waiting Pods are tried in the order they came."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store
        self._pods = Collection(store, "pods")
        self._nodes = Collection(store, "nodes")

    def keys(self, event: Event) -> Iterable[Key]:
        if event.resource.name == "pods":
            frees = event.change == "DELETED" or (event.item.get("status") or {}).get("phase") in (
                "Succeeded",
                "Failed",
            )
            return [_ALL] if frees or _is_waiting(event.item) else []
        return [_ALL] if event.resource.name == "nodes" and _matters(event) else []

    def reconcile(self, key: Key) -> None:
        pods = self._pods.all()
        waiting = [pod for pod in pods if _is_waiting(pod)]
        if not waiting:
            return
        nodes, used = self._nodes.all(), usage(pods)
        for pod in sorted(waiting, key=lambda item: int(item["metadata"]["resourceVersion"])):
            self._place(pod, nodes, used)

    def _place(self, pod: Object, nodes: list[Object], used: dict[str, Counter[str]]) -> None:
        fitting, reasons = [], []
        for node in nodes:
            why = admits(node, pod) or lacks(node, pod, used.get(name_of(node), Counter()))
            reasons.append(why) if why else fitting.append(node)
        if not fitting:
            return self._refuse(pod, why_nowhere(reasons, len(nodes)))
        best = min(fitting, key=lambda node: (used.get(name_of(node), Counter())["pods"], name_of(node)))
        for name, amount in requested(pod).items():
            used.setdefault(name_of(best), Counter())[name] += amount  # type: ignore[assignment]
        self._bind(pod, name_of(best))

    def _bind(self, pod: Object, node: str) -> None:
        bound = self._pods.change(pod, lambda draft: draft["spec"].update(nodeName=node))
        if bound:
            self._pods.set_status(bound, lambda status: set_condition(status, "PodScheduled", "True"))

    def _refuse(self, pod: Object, message: str) -> None:
        if (condition(pod, "PodScheduled") or {}).get("message") == message:
            return
        self._pods.set_status(pod, lambda status: _unscheduled(status, message))
        notice(self._store, pod, "FailedScheduling", message, component="default-scheduler")


def _unscheduled(status: Object, message: str) -> None:
    status.setdefault("phase", "Pending")
    set_condition(status, "PodScheduled", "False", "Unschedulable", message)


def _is_waiting(pod: Object) -> bool:
    return not pod["spec"].get("nodeName") and not is_going(pod)


def _matters(event: Event) -> bool:
    """A node's heartbeat does not; its labels, taints, room and presence do."""
    if event.change != "MODIFIED" or event.previous is None:
        return True
    old, new = event.previous, event.item
    rooms = [(item.get("status") or {}).get("allocatable") for item in (old, new)]
    labels = [item["metadata"].get("labels") for item in (old, new)]
    return old.get("spec") != new.get("spec") or rooms[0] != rooms[1] or labels[0] != labels[1]
