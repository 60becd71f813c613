"""The health of KubeSphere's workloads on one cluster, looked at or awaited."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fleetforge.blocks.deadline import Deadline
from fleetforge.blocks.kube import Kube, Object
from fleetforge.blocks.kube_resources import API_SERVICES, DAEMON_SETS, DEPLOYMENTS, PODS, STATEFUL_SETS, Resource
from fleetforge.fleet.errors import FleetforgeError
from fleetforge.fleet.errors.catalogue import fault
from fleetforge.fleet.kubesphere_components import ComponentHealth, Kind, Workload, health_of, places

KINDS: dict[Kind, Resource] = {
    "Deployment": DEPLOYMENTS,
    "StatefulSet": STATEFUL_SETS,
    "DaemonSet": DAEMON_SETS,
    "APIService": API_SERVICES,
}


PATIENCE = 60.0
"""Seconds a Pod may fail to pull its image before that is taken as final; kubelets try again after 10, 20, 40 s."""
NOT_PULLED = ("ImagePullBackOff", "ErrImagePull", "InvalidImageName")


def health(kube: Kube, workloads: tuple[Workload, ...]) -> tuple[ComponentHealth, ...]:
    """Each workload's health, with one list for each kind and namespace."""
    found: dict[tuple[Kind, str, str], Object] = {}
    for kind, namespace in places(workloads):
        for item in kube.list(KINDS[kind], namespace or None):
            found[(kind, namespace, item["metadata"]["name"])] = item
    return tuple(health_of(held, found.get((held.kind, held.namespace, held.name))) for held in workloads)


def await_healthy(kube: Kube, observed: Callable[[], tuple[ComponentHealth, ...]], limit: Deadline, code: str) -> None:
    """Return when everything observed is healthy; after the deadline ``code``, naming what is not.

    One unhealthy workload is awaited at a time; then all are looked at again. When for ``PATIENCE`` seconds nothing
    moved and a Pod cannot pull its image, there is nothing to wait for: ``FF-KS-008`` names the images.
    """
    while unhealthy := [found for found in observed() if not found.healthy]:
        try:
            patience = Deadline(min(PATIENCE, limit.remaining))
            _await_one(kube, unhealthy[0].workload, patience, code, [str(found) for found in unhealthy])
        except FleetforgeError as error:
            if error.code != code:
                raise
            if images := sorted(_not_pulled(kube, {found.workload.namespace for found in unhealthy})):
                what = f"{len(images)} images cannot be pulled"
                raise fault("FF-KS-008", what, where=kube.name, evidence=images) from error
            if limit.passed:
                raise


def _not_pulled(kube: Kube, namespaces: set[str]) -> Iterator[str]:
    """``namespace/pod: image`` of every container that waits for its image."""
    for namespace in namespaces:
        for pod in kube.list(PODS, namespace or None):
            for held in (pod.get("status") or {}).get("containerStatuses") or ():
                if ((held.get("state") or {}).get("waiting") or {}).get("reason") in NOT_PULLED:
                    yield f"{pod['metadata']['namespace']}/{pod['metadata']['name']}: {held['image']}"


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
