"""Whether a Pod may be evicted now: PodDisruptionBudgets, computed from the Pods as they are."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fleetforge.rehearsal.kubernetes.objects import Object, is_going, labels_of, name_of, namespace_of, pod_is_ready
from fleetforge.rehearsal.kubernetes.refusals import budget_exceeded
from fleetforge.rehearsal.kubernetes.selectors import selects
from fleetforge.rehearsal.kubernetes.store import Deletion, Store


@dataclass(frozen=True, slots=True)
class Budget:
    """What a PodDisruptionBudget allows: ``allowed`` more Pods may go now."""

    expected: int
    healthy: int
    needed: int

    @property
    def allowed(self) -> int:
        return max(0, self.healthy - self.needed)


def budget_of(store: Store, policy: Object) -> Budget:
    """Pods that are going away no longer count as healthy."""
    pods = store.list(store.resource("pods"), namespace_of(policy))
    covered = [pod for pod in pods if selects(policy["spec"].get("selector"), labels_of(pod))]
    expected = len([pod for pod in covered if not is_going(pod)])
    healthy = len([pod for pod in covered if pod_is_ready(pod)])
    return Budget(expected, healthy, _needed(policy["spec"], expected))


def amount(value: int | str, total: int, *, up: bool = True) -> int:
    """A count, or a percentage of ``total`` rounded up or down."""
    if isinstance(value, str) and value.endswith("%"):
        share = total * int(value[:-1]) / 100
        return math.ceil(share) if up else math.floor(share)
    return int(value)


def _needed(spec: Object, expected: int) -> int:
    if "maxUnavailable" in spec:
        return max(0, expected - amount(spec["maxUnavailable"], expected))
    return amount(spec.get("minAvailable", 1), expected)


def evict(store: Store, namespace: str, name: str, options: Deletion) -> Object:
    """Deletes the Pod, or ``Refused`` 429 when a budget does not allow it now. An unready Pod may always go."""
    resource = store.resource("pods")
    pod = store.get(resource, namespace, name)
    for policy in store.list(store.resource("poddisruptionbudgets.policy"), namespace):
        if selects(policy["spec"].get("selector"), labels_of(pod)) and pod_is_ready(pod):
            budget = budget_of(store, policy)
            if budget.allowed < 1:
                raise budget_exceeded(name_of(policy), budget.needed, budget.healthy)
    store.delete(resource, namespace, name, options)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
