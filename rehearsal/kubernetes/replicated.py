"""StatefulSets, DaemonSets and Jobs: the workloads that own their Pods directly.

What it does NOT do: partitions, OnDelete, failing Jobs, CronJobs (they are stored and nothing happens).
"""

from __future__ import annotations

from collections.abc import Iterable

from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.control import Controller, key_of
from fleetforge.rehearsal.kubernetes.deployments import owner_keys
from fleetforge.rehearsal.kubernetes.events import Event
from fleetforge.rehearsal.kubernetes.objects import (
    Object,
    copied,
    is_going,
    made,
    name_of,
    namespace_of,
    pod_is_ready,
    set_condition,
    timestamp,
)
from fleetforge.rehearsal.kubernetes.placement import admits
from fleetforge.rehearsal.kubernetes.pods_of import counted, has_labels, pod_from, tally, template_hash
from fleetforge.rehearsal.kubernetes.store import Key, Store

_REVISION = "controller-revision-hash"
_DAEMONS_TOLERATE = [
    {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": effect}
    for key, effect in (
        ("not-ready", "NoExecute"),
        ("not-ready", "NoSchedule"),
        ("unreachable", "NoExecute"),
        ("unreachable", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
    )
]


class _Owners(Controller):
    """What the three have in common: their own events and those of their Pods."""

    resource = ""
    kind = ""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store
        self._items = Collection(store, self.resource)
        self._pods = Collection(store, "pods")

    def keys(self, event: Event) -> Iterable[Key]:
        if event.resource.name == self.resource:
            return [key_of(event.item)]
        return owner_keys(event, "pods", self.kind)

    def reconcile(self, key: Key) -> None:
        item = self._items.find(key[1], key[0])
        if item is not None and not is_going(item):
            self._keep(item, [pod for pod in self._pods.owned_by(item) if not is_going(pod)])
            self._items.set_status(item, lambda status: self._report(status, item))

    def _keep(self, item: Object, pods: list[Object]) -> None:
        raise NotImplementedError

    def _report(self, status: Object, item: Object) -> None:
        raise NotImplementedError


class StatefulSets(_Owners):
    """Pods with numbers, one after the other unless the policy is Parallel; claims from the claim templates."""

    resource = "statefulsets.apps"
    kind = "StatefulSet"

    def _keep(self, item: Object, pods: list[Object]) -> None:
        revision = _revision(item)
        names = [f"{name_of(item)}-{number}" for number in range(item["spec"]["replicas"])]
        for pod in pods:
            if name_of(pod) not in names or not has_labels(pod, {_REVISION: revision}):
                self._pods.delete(pod)
                return
        for name in names:
            there = self._pods.find(name, namespace_of(item))
            if there is None:
                self._make(item, name, revision)
            if item["spec"]["podManagementPolicy"] == "OrderedReady" and (there is None or not pod_is_ready(there)):
                return

    def _make(self, item: Object, name: str, revision: str) -> None:
        labels = {_REVISION: revision, "statefulset.kubernetes.io/pod-name": name}
        pod = pod_from(item, name, labels)
        for claim in item["spec"].get("volumeClaimTemplates") or []:
            claimed = f"{claim['metadata']['name']}-{name}"
            body = made("v1", "PersistentVolumeClaim", claimed, namespace_of(item), spec=copied(claim["spec"]))
            Collection(self._store, "persistentvolumeclaims").ensure(body)
        self._pods.create(pod)

    def _report(self, status: Object, item: Object) -> None:
        revision, found = _revision(item), tally(self._pods.owned_by(item))
        status.clear()
        status.update(replicas=found.total, observedGeneration=item["metadata"]["generation"])
        status.update(counted(readyReplicas=found.ready, currentReplicas=found.total, updatedReplicas=found.total))
        status.update(availableReplicas=found.ready, currentRevision=revision, updateRevision=revision)


class DaemonSets(_Owners):
    """One Pod on each node that takes it, also on nodes that are cordoned or not ready yet."""

    resource = "daemonsets.apps"
    kind = "DaemonSet"

    def keys(self, event: Event) -> Iterable[Key]:
        if event.resource.name == "nodes":
            return [key_of(item) for item in self._items.all()]
        return super().keys(event)

    def _keep(self, item: Object, pods: list[Object]) -> None:
        revision, wanted = _revision(item), self._nodes_of(item)
        covered = set()
        for pod in pods:
            node = _meant_for(pod)
            if node in wanted and node not in covered and has_labels(pod, {_REVISION: revision}):
                covered.add(node)
            else:
                self._pods.delete(pod)
        for node in sorted(wanted - covered):
            self._pods.create(_daemon(item, node, revision))

    def _nodes_of(self, item: Object) -> set[str]:
        probe = {"spec": copied(item["spec"]["template"]["spec"])}
        probe["spec"]["tolerations"] = [*(probe["spec"].get("tolerations") or []), *_DAEMONS_TOLERATE]
        nodes = Collection(self._store, "nodes").all()
        return {name_of(node) for node in nodes if not admits(node, probe) and not is_going(node)}

    def _report(self, status: Object, item: Object) -> None:
        wanted, pods = len(self._nodes_of(item)), self._pods.owned_by(item)
        found = tally(pods)
        status.clear()
        status.update(desiredNumberScheduled=wanted, currentNumberScheduled=found.total, numberReady=found.ready)
        status.update(numberMisscheduled=0, observedGeneration=item["metadata"]["generation"])
        status.update(counted(numberAvailable=found.ready, numberUnavailable=max(0, wanted - found.ready)))
        updated = [pod for pod in pods if has_labels(pod, {_REVISION: _revision(item)}) and not is_going(pod)]
        status.update(counted(updatedNumberScheduled=len(updated)))


def _daemon(item: Object, node: str, revision: str) -> Object:
    pod = pod_from(item, labels={_REVISION: revision})
    expression = {"key": "metadata.name", "operator": "In", "values": [node]}
    terms = {"nodeSelectorTerms": [{"matchFields": [expression]}]}
    pod["spec"]["affinity"] = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    pod["spec"]["tolerations"] = [*pod["spec"]["tolerations"], *copied(_DAEMONS_TOLERATE)]
    return pod


def _meant_for(pod: Object) -> str:
    terms = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    return str(terms["nodeSelectorTerms"][0]["matchFields"][0]["values"][0])


class Jobs(_Owners):
    """Runs ``completions`` Pods, ``parallelism`` at a time."""

    resource = "jobs.batch"
    kind = "Job"

    def _keep(self, item: Object, pods: list[Object]) -> None:
        done = len([pod for pod in pods if _phase(pod) == "Succeeded"])
        active = len([pod for pod in pods if _phase(pod) in ("Pending", "Running")])
        left = item["spec"]["completions"] - done - active
        for _ in range(min(left, item["spec"]["parallelism"] - active)):
            self._pods.create(pod_from(item))

    def _report(self, status: Object, item: Object) -> None:
        pods = self._pods.owned_by(item)
        done = len([pod for pod in pods if _phase(pod) == "Succeeded"])
        active = len([pod for pod in pods if _phase(pod) in ("Pending", "Running")])
        status.setdefault("startTime", timestamp())
        status.pop("active", None)
        status.update(counted(active=active, succeeded=done))
        if done >= item["spec"]["completions"] and "completionTime" not in status:
            status["completionTime"] = timestamp()
            set_condition(status, "Complete", "True", lastProbeTime=timestamp())


def _phase(pod: Object) -> str:
    return str((pod.get("status") or {}).get("phase", "Pending"))


def _revision(item: Object) -> str:
    return template_hash(item["spec"]["template"])
