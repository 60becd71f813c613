"""What kubelets do with the Pods bound to their nodes: pull, run, report, end.

Pending -> ContainerCreating -> Running and Ready; ImagePullBackOff while ``pulls(image, arch)`` is false, tried again
after the back-off; Pods of Jobs end by themselves, successfully. A Pod of a silent node changes no more.

What it does NOT do: probes, crashes, init containers' own states, volumes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count

from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.control import Controller, key_of
from fleetforge.rehearsal.kubernetes.delays import Delays
from fleetforge.rehearsal.kubernetes.events import Event
from fleetforge.rehearsal.kubernetes.logs import Logs
from fleetforge.rehearsal.kubernetes.notices import notice
from fleetforge.rehearsal.kubernetes.objects import (
    Object,
    condition_is,
    is_going,
    pod_is_ready,
    set_condition,
    suffix,
    timestamp,
)
from fleetforge.rehearsal.kubernetes.pace import Pace
from fleetforge.rehearsal.kubernetes.store import Key, Store

Pulls = Callable[[str, str], bool]
"""Whether a node of this architecture can pull this image now."""


class Kubelets(Controller):
    """All kubelets of one cluster."""

    def __init__(self, store: Store, pace: Pace, pulls: Pulls, logs: Logs) -> None:
        super().__init__()
        self._store, self._pace, self._pulls, self._logs = store, pace, pulls, logs
        self._pods = Collection(store, "pods")
        self._nodes = Collection(store, "nodes")
        self._delays = Delays()
        self._on_disk: set[tuple[str, str]] = set()
        self._addresses = count(2)

    def keys(self, event: Event) -> Iterable[Key]:
        if event.resource.name == "pods":
            if event.change == "DELETED":
                self._logs.drop(event.item["metadata"]["uid"])
                return []
            return [key_of(event.item)]
        if event.resource.name == "nodes" and _was_heard(event):
            name = event.item["metadata"]["name"]
            return [key_of(pod) for pod in self._pods.all() if pod["spec"].get("nodeName") == name]
        return []

    def reconcile(self, key: Key) -> None:
        pod = self._pods.find(key[1], key[0])
        if pod is None or not pod["spec"].get("nodeName"):
            return
        node = self._nodes.find(pod["spec"]["nodeName"])
        if node is None:
            return self._pods.delete(pod, grace=0)
        if not condition_is(node, "Ready"):
            return self._mark_unheard(pod)
        if is_going(pod):
            return self._end(pod, key)
        self._advance(pod, node, key)

    def _advance(self, pod: Object, node: Object, key: Key) -> None:
        status = pod.get("status") or {}
        if "hostIP" not in status:
            self._pods.set_status(pod, lambda draft: self._creating(draft, pod, node))
        elif status["phase"] == "Pending":
            self._pull(pod, node, key)
        elif status["phase"] == "Running" and not condition_is(pod, "Ready"):
            self._pods.set_status(pod, lambda draft: _ready(draft, "True"))
        elif status["phase"] == "Running" and pod["spec"]["restartPolicy"] != "Always":
            if left := self._delays.remaining(pod, "job", self._pace.job):
                return self.later(left, key)
            self._pods.set_status(pod, _succeeded)

    def _creating(self, status: Object, pod: Object, node: Object) -> None:
        address = next(one["address"] for one in node["status"]["addresses"] if one["type"] == "InternalIP")
        status.update({"phase": "Pending", "hostIP": address, "startTime": timestamp(), "qosClass": "Burstable"})
        set_condition(status, "Initialized", "True")
        set_condition(status, "PodScheduled", "True")
        _ready(status, "False", "ContainersNotReady")
        waiting = {"reason": "ContainerCreating"}
        status["containerStatuses"] = [_waiting(container, waiting) for container in pod["spec"]["containers"]]

    def _pull(self, pod: Object, node: Object, key: Key) -> None:
        statuses = [*pod["status"]["containerStatuses"], *pod["status"].get("initContainerStatuses", [])]
        backing_off = any("BackOff" in _reason(one) for one in statuses)
        seconds = self._pace.pull_backoff if backing_off else self._pace.transition
        if left := self._delays.remaining(pod, "pull", seconds):
            return self.later(left, key)
        containers = [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or [])]
        missing = [one["image"] for one in containers if not self._has(one, node)]
        if not missing:
            self._pods.set_status(pod, lambda draft: self._running(draft, pod))
            return
        self._pods.set_status(pod, lambda draft: _back_off(draft, pod, missing))
        text = (
            f'Failed to pull image "{missing[0]}": rpc error: code = Unknown desc = manifest for {missing[0]} not found'
        )
        notice(self._store, pod, "Failed", text, component="kubelet")
        self.later(self._pace.pull_backoff, key)

    def _has(self, container: Object, node: Object) -> bool:
        image = container["image"]
        on_disk = (node["metadata"]["uid"], image)
        if on_disk in self._on_disk and container.get("imagePullPolicy") != "Always":
            return True
        if not self._pulls(image, node["status"]["nodeInfo"]["architecture"]):
            return False
        self._on_disk.add(on_disk)
        return True

    def _running(self, status: Object, pod: Object) -> None:
        number = next(self._addresses)
        status.update({"phase": "Running", "podIP": f"10.233.{64 + number // 250}.{number % 250 + 1}"})
        status["podIPs"] = [{"ip": status["podIP"]}]
        status["containerStatuses"] = [_started(container) for container in pod["spec"]["containers"]]
        if pod["spec"].get("initContainers"):
            status["initContainerStatuses"] = [_done(_started(one)) for one in pod["spec"]["initContainers"]]
        _ready(status, "True")

    def _end(self, pod: Object, key: Key) -> None:
        if left := self._delays.remaining(pod, "end", self._pace.transition):
            return self.later(left, key)
        self._pods.delete(pod, grace=0)

    def _mark_unheard(self, pod: Object) -> None:
        if pod_is_ready(pod):
            self._pods.set_status(pod, lambda draft: _ready(draft, "False", "NodeNotReady"))


def _was_heard(event: Event) -> bool:
    before = event.previous is not None and condition_is(event.previous, "Ready")
    return event.change == "DELETED" or before != condition_is(event.item, "Ready")


def _ready(status: Object, value: str, reason: str = "") -> None:
    set_condition(status, "ContainersReady", value, reason)
    set_condition(status, "Ready", value, reason)


def _waiting(container: Object, waiting: Object) -> Object:
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": False,
        "started": False,
        "restartCount": 0,
        "lastState": {},
        "state": {"waiting": waiting},
    }


def _started(container: Object) -> Object:
    return {
        **_waiting(container, {}),
        "imageID": f"docker-pullable://{container['image']}",
        "containerID": f"docker://{suffix(20)}",
        "ready": True,
        "started": True,
        "state": {"running": {"startedAt": timestamp()}},
    }


def _reason(status: Object) -> str:
    return str((status["state"].get("waiting") or {}).get("reason", ""))


def _back_off(status: Object, pod: Object, missing: list[str]) -> None:
    inits = pod["spec"].get("initContainers") or []
    waits_for_init = any(container["image"] in missing for container in inits)
    rest = {"reason": "PodInitializing" if waits_for_init else "ContainerCreating"}
    if inits:
        status["initContainerStatuses"] = [_waiting(one, _backing_off(one, missing) or rest) for one in inits]
    containers = pod["spec"]["containers"]
    status["containerStatuses"] = [
        _waiting(one, rest if waits_for_init else _backing_off(one, missing) or rest) for one in containers
    ]


def _backing_off(container: Object, missing: list[str]) -> Object | None:
    if container["image"] not in missing:
        return None
    return {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{container["image"]}"'}


def _succeeded(status: Object) -> None:
    status["phase"] = "Succeeded"
    for one in status["containerStatuses"]:
        one.update(_done(one), ready=False)
    _ready(status, "False", "PodCompleted")


def _done(status: Object) -> Object:
    ended = {"exitCode": 0, "reason": "Completed", "startedAt": timestamp(), "finishedAt": timestamp()}
    return {**status, "started": False, "state": {"terminated": ended}}
