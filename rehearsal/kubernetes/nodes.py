"""Machines that have joined: what a kubelet reports about itself, Ready after a moment, silent when it is told to be.

What it does NOT do: heartbeats and leases; the eviction of Pods from a node that stays silent (300 s on a real one).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.control import Controller, key_of
from fleetforge.rehearsal.kubernetes.delays import Delays
from fleetforge.rehearsal.kubernetes.events import Event
from fleetforge.rehearsal.kubernetes.objects import (
    Object,
    condition_is,
    is_going,
    made,
    name_of,
    set_condition,
    timestamp,
)
from fleetforge.rehearsal.kubernetes.pace import Pace
from fleetforge.rehearsal.kubernetes.store import Key, Store

_NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
_UNREACHABLE = {"key": "node.kubernetes.io/unreachable", "effect": "NoSchedule"}
_PRESSURES = {
    "MemoryPressure": ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
}


def node_of(
    name: str, version: str, arch: str, address: str, labels: Mapping[str, str], capacity: Mapping[str, str]
) -> Object:
    """A Node as a kubelet of ``version`` registers it, not Ready yet."""
    known = {"kubernetes.io/arch": arch, "kubernetes.io/os": "linux", "kubernetes.io/hostname": name}
    known |= {f"beta.{key}": value for key, value in known.items() if not key.endswith("hostname")}
    room = {"cpu": "16", "memory": "65536Mi", "pods": "110", "ephemeral-storage": "200Gi", **capacity}
    status: Object = {
        "capacity": room,
        "allocatable": dict(room),
        "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": _node_info(version, arch),
    }
    set_condition(status, "Ready", "False", "KubeletNotReady", "container runtime network not ready")
    spec = {"taints": [dict(_NOT_READY)], "podCIDR": "10.233.64.0/24"}
    return made("v1", "Node", name, labels={**known, **labels}, spec=spec, status=status)


def _node_info(version: str, arch: str) -> Object:
    docker = int(version.split(".")[1]) < 24
    return {
        "architecture": arch,
        "operatingSystem": "linux",
        "kubeletVersion": version,
        "kubeProxyVersion": version,
        "containerRuntimeVersion": "docker://24.0.9" if docker else "containerd://1.7.13",
        "kernelVersion": "5.10.0-136.12.0.86.oe2203sp1",
        "osImage": "openEuler 22.03 (LTS-SP1)",
        "machineID": "",
        "systemUUID": "",
        "bootID": "",
    }


class Nodes(Controller):
    """Makes new nodes Ready; ``silence`` and ``wake`` say whether a node's kubelet is heard."""

    def __init__(self, store: Store, pace: Pace) -> None:
        super().__init__()
        self._nodes = Collection(store, "nodes")
        self._pace, self._delays = pace, Delays()
        self._silent: set[str] = set()

    def silence(self, name: str) -> None:
        self._silent.add(name)
        self.soon(("", name))

    def wake(self, name: str) -> None:
        self._silent.discard(name)
        self.soon(("", name))

    def keys(self, event: Event) -> Iterable[Key]:
        return [key_of(event.item)] if event.resource.name == "nodes" else []

    def reconcile(self, key: Key) -> None:
        node = self._nodes.find(key[1])
        if node is None or is_going(node):
            return
        if name_of(node) in self._silent:
            self._write(node, "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.", _UNREACHABLE)
        elif not condition_is(node, "Ready"):
            if left := self._delays.remaining(node, "ready", self._pace.transition):
                return self.later(left, key)
            self._write(node, "True", "KubeletReady", "kubelet is posting ready status", None)

    def _write(self, node: Object, ready: str, reason: str, message: str, taint: Object | None) -> None:
        def status(found: Object) -> None:
            for kind, (why, text) in _PRESSURES.items():
                if ready == "True":
                    set_condition(found, kind, "False", why, text, lastHeartbeatTime=timestamp())
            set_condition(found, "Ready", ready, reason, message, lastHeartbeatTime=timestamp())

        def spec(draft: Object) -> None:
            keys = (_NOT_READY["key"], _UNREACHABLE["key"])
            kept = [entry for entry in draft["spec"].get("taints") or [] if entry["key"] not in keys]
            draft["spec"]["taints"] = [*kept, dict(taint)] if taint else kept

        if not condition_is(node, "Ready", ready):
            self._nodes.set_status(node, status)
        self._nodes.change(node, spec)
