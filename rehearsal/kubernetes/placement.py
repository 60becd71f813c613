"""Which nodes a Pod fits on: pure rules over one Pod and one node.

nodeSelector, required node affinity, taints and tolerations, unschedulable nodes, and the sums of requests.

What it does NOT know: pod (anti-)affinity, topology spread, preemption, preferred rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from fleetforge.rehearsal.kubernetes.objects import Object, labels_of, name_of
from fleetforge.rehearsal.kubernetes.quantities import quantity, requested
from fleetforge.rehearsal.kubernetes.selectors import selects

UNSCHEDULABLE = "node.kubernetes.io/unschedulable"


def admits(node: Object, pod: Object) -> str:
    """Empty when the node takes such Pods at all; else the reason, in the scheduler's words."""
    spec = node.get("spec") or {}
    tolerations = pod["spec"].get("tolerations") or []
    if spec.get("unschedulable") and not tolerates(tolerations, {"key": UNSCHEDULABLE, "effect": "NoSchedule"}):
        return "node(s) were unschedulable"
    for taint in spec.get("taints") or []:
        if taint["effect"] in ("NoSchedule", "NoExecute") and not tolerates(tolerations, taint):
            return f"node(s) had taint {{{taint['key']}: {taint.get('value', '')}}}, that the pod didn't tolerate"
    if not _wanted(node, pod):
        return "node(s) didn't match Pod's node affinity/selector"
    return ""


def lacks(node: Object, pod: Object, used: Mapping[str, float]) -> str:
    """Empty when the Pod's requests fit beside ``used``; else ``Insufficient <resource>`` or ``Too many pods``."""
    room = (node.get("status") or {}).get("allocatable") or {}
    for name, amount in requested(pod).items():
        if used.get(name, 0.0) + amount > quantity(room.get(name, "0")) + 1e-9:
            return "Too many pods" if name == "pods" else f"Insufficient {name}"
    return ""


def tolerates(tolerations: Iterable[Object], taint: Object) -> bool:
    return any(_matches(toleration, taint) for toleration in tolerations)


def _matches(toleration: Object, taint: Object) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return True
    return bool(toleration.get("key")) and (toleration.get("value") or "") == (taint.get("value") or "")


def _wanted(node: Object, pod: Object) -> bool:
    labels = labels_of(node)
    if not (pod["spec"].get("nodeSelector") or {}).items() <= labels.items():
        return False
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if not required:
        return True
    return any(_term(term, labels, name_of(node)) for term in required.get("nodeSelectorTerms") or [])


def _term(term: Object, labels: Mapping[str, str], name: str) -> bool:
    by_label = selects({"matchExpressions": term.get("matchExpressions") or []}, labels)
    return by_label and selects({"matchExpressions": term.get("matchFields") or []}, {"metadata.name": name})


def usage(pods: Iterable[Object]) -> dict[str, Counter[str]]:
    """What is taken on each node by Pods that have not ended."""
    found: dict[str, Counter[str]] = {}
    for pod in pods:
        node = pod["spec"].get("nodeName")
        if node and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed"):
            taken = found.setdefault(node, Counter())
            for name, amount in requested(pod).items():
                taken[name] += amount  # type: ignore[assignment]
    return found


def why_nowhere(reasons: Iterable[str], total: int) -> str:
    """The message of an unschedulable Pod, such as ``0/3 nodes are available: 3 Insufficient cpu.``"""
    counted = ", ".join(f"{number} {reason}" for reason, number in sorted(Counter(reasons).items()))
    return f"0/{total} nodes are available: {counted}." if counted else "no nodes available to schedule pods"
