"""The health of KubeSphere's workloads on one cluster, looked at or awaited."""

from __future__ import annotations

from collections.abc import Callable

from fleetforge.blocks.deadline import Deadline
from fleetforge.blocks.kube import Kube, Object
from fleetforge.blocks.kube_resources import API_SERVICES, DAEMON_SETS, DEPLOYMENTS, STATEFUL_SETS, Resource
from fleetforge.fleet.kubesphere_components import ComponentHealth, Kind, Workload, health_of, places

KINDS: dict[Kind, Resource] = {
    "Deployment": DEPLOYMENTS,
    "StatefulSet": STATEFUL_SETS,
    "DaemonSet": DAEMON_SETS,
    "APIService": API_SERVICES,
}


def health(kube: Kube, workloads: tuple[Workload, ...]) -> tuple[ComponentHealth, ...]:
    """Each workload's health, with one list for each kind and namespace."""
    found: dict[tuple[Kind, str, str], Object] = {}
    for kind, namespace in places(workloads):
        for item in kube.list(KINDS[kind], namespace or None):
            found[(kind, namespace, item["metadata"]["name"])] = item
    return tuple(health_of(held, found.get((held.kind, held.namespace, held.name))) for held in workloads)


def await_healthy(kube: Kube, observed: Callable[[], tuple[ComponentHealth, ...]], limit: Deadline, code: str) -> None:
    """Return when everything observed is healthy; after the deadline ``code``, naming what is not.

    One unhealthy workload is awaited at a time; then all are looked at again.
    """
    while unhealthy := [found for found in observed() if not found.healthy]:
        _await_one(kube, unhealthy[0].workload, limit, code, [str(found) for found in unhealthy])


def _await_one(kube: Kube, workload: Workload, limit: Deadline, code: str, unhealthy: list[str]) -> None:
    def healthy(item: Object | None) -> bool | None:
        return health_of(workload, item).healthy or None

    kube.wait_for(
        KINDS[workload.kind],
        workload.name,
        healthy,
        namespace=workload.namespace or None,
        deadline=limit.remaining,
        what=f"{len(unhealthy)} components to be healthy",
        code=code,
        describe=lambda item: [str(health_of(workload, item)), *unhealthy[1:]],
    )
