"""What ``kubectl get`` shows: server-side tables with the columns people know, for the kinds they look at.

What it does NOT do: printer columns of CustomResourceDefinitions, tables in watches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from fleetforge.rehearsal.kubernetes.objects import Object, condition, condition_is, is_going, labels_of, name_of
from fleetforge.rehearsal.kubernetes.resources import Resource

_ROLE = "node-role.kubernetes.io/"
_Cell = Callable[[Object], str]


def wants_table(accept: str) -> bool:
    return "as=Table" in accept


def table_of(resource: Resource, items: Iterable[Object], metadata: Object) -> Object:
    """The Table (meta.k8s.io/v1) of these objects; ``metadata`` is that of the list they come from."""
    columns = _COLUMNS.get(resource.name, {})
    heads = [_head("Name", 0), *(_head(name.rstrip("+"), int(name.endswith("+"))) for name in columns), _head("Age", 0)]
    rows = [_row(item, [name_of(item), *(cell(item) for cell in columns.values()), _age(item)]) for item in items]
    head = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
    return {**head, "columnDefinitions": heads, "rows": rows}


def _head(name: str, priority: int) -> Object:
    kind = {"type": "string", "format": "name" if name == "Name" else "", "description": ""}
    return {"name": name, "priority": priority, **kind}


def _row(item: Object, cells: list[str]) -> Object:
    part = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": item["metadata"]}
    return {"cells": cells, "object": part}


def _age(item: Object) -> str:
    """``5s``, ``3m``, ``2h``, ``4d``."""
    began = datetime.fromisoformat(item["metadata"]["creationTimestamp"].replace("Z", "+00:00"))
    seconds = max(0, int((datetime.now(UTC) - began).total_seconds()))
    unit, size = next((one for one in (("d", 86400), ("h", 3600), ("m", 60)) if seconds >= 2 * one[1]), ("s", 1))
    return f"{seconds // size}{unit}"


def _at(*path: str, other: str = "<none>") -> _Cell:
    def cell(item: Object) -> str:
        value: object = item
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return other if value in (None, "") else str(value)

    return cell


def _share(ready: str, total: _Cell) -> _Cell:
    return lambda item: f"{_at('status', ready, other='0')(item)}/{total(item)}"


def _node_status(node: Object) -> str:
    ready = "Ready" if condition_is(node, "Ready") else "NotReady"
    return ready + (",SchedulingDisabled" if (node.get("spec") or {}).get("unschedulable") else "")


def _roles(node: Object) -> str:
    return ",".join(sorted(key.removeprefix(_ROLE) for key in labels_of(node) if key.startswith(_ROLE))) or "<none>"


def _address(node: Object) -> str:
    return next((one["address"] for one in node["status"]["addresses"] if one["type"] == "InternalIP"), "<none>")


def _containers_ready(pod: Object) -> str:
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    return f"{len([one for one in statuses if one['ready']])}/{len(pod['spec']['containers'])}"


def _pod_status(pod: Object) -> str:
    status = pod.get("status") or {}
    if is_going(pod):
        return "Terminating"
    inits = [("Init:", one) for one in status.get("initContainerStatuses") or []]
    for prefix, one in [*inits, *(("", one) for one in status.get("containerStatuses") or [])]:
        if "waiting" in one["state"]:
            return prefix + str(one["state"]["waiting"]["reason"])
    return "Completed" if status.get("phase") == "Succeeded" else str(status.get("phase", "Pending"))


def _ports(service: Object) -> str:
    ports = service["spec"].get("ports") or []
    return ",".join(f"{one['port']}{_node_port(one)}/{one['protocol']}" for one in ports) or "<none>"


def _node_port(port: Object) -> str:
    return f":{port['nodePort']}" if "nodePort" in port else ""


def _condition(kind: str) -> _Cell:
    return lambda item: str((condition(item, kind) or {}).get("status", ""))


_COLUMNS: dict[str, dict[str, _Cell]] = {
    "nodes": {
        "Status": _node_status,
        "Roles": _roles,
        "Version": _at("status", "nodeInfo", "kubeletVersion"),
        "Internal-IP+": _address,
        "OS-Image+": _at("status", "nodeInfo", "osImage"),
        "Container-Runtime+": _at("status", "nodeInfo", "containerRuntimeVersion"),
    },
    "pods": {
        "Ready": _containers_ready,
        "Status": _pod_status,
        "IP+": _at("status", "podIP"),
        "Node+": _at("spec", "nodeName"),
    },
    "deployments.apps": {
        "Ready": _share("readyReplicas", _at("spec", "replicas")),
        "Up-to-date": _at("status", "updatedReplicas", other="0"),
        "Available": _at("status", "availableReplicas", other="0"),
    },
    "statefulsets.apps": {"Ready": _share("readyReplicas", _at("spec", "replicas"))},
    "daemonsets.apps": {"Ready": _share("numberReady", _at("status", "desiredNumberScheduled", other="0"))},
    "namespaces": {"Status": _at("status", "phase")},
    "services": {"Type": _at("spec", "type"), "Cluster-IP": _at("spec", "clusterIP"), "Port(s)": _ports},
    "events": {"Type": _at("type"), "Reason": _at("reason"), "Message": _at("message")},
    "clusters.cluster.kubesphere.io": {
        "Federated": _at("spec", "joinFederation"),
        "Provider": _at("spec", "provider"),
        "Active": _at("spec", "enable"),
        "Version": _at("status", "kubernetesVersion", other=""),
    },
    "kubefedclusters.core.kubefed.io": {"Ready": _condition("Ready")},
}
"""Columns between Name and Age; those with a plus are shown by ``-o wide``."""
