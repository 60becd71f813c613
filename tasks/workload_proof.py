"""Send a workload from the host cluster and see it run in each member, with that member's override."""

from __future__ import annotations

from typing import Any

from fleetforge.blocks.kube import Kube
from fleetforge.blocks.kube_resources import DEPLOYMENTS
from fleetforge.blocks.outside import Outside
from fleetforge.fleet.errors import FleetforgeError
from fleetforge.fleet.federation import Placed, placed_workload
from fleetforge.fleet.spec import Workload
from fleetforge.fleet.stages.validation import placement
from fleetforge.tasks.progress import StageProgress
from fleetforge.tasks.settings import settings
from fleetforge.tasks.stage import run_logger


def workload_proved(outside: Outside, progress: StageProgress) -> str:
    """What was seen, in words; the workload is removed again unless the spec keeps it.

    Raises FF-FED-… when the member never shows it as placed (with the propagation's reason) or it does not run there.
    """
    details, members = outside.fleet.spec.spec, placement(outside.fleet)
    if not members:
        return "no members: nothing to distribute"
    placed = placed_workload(details.validation, details.registry, members)
    try:
        outside.federation.place(placed)
        seen = [_seen_in(outside, member, placed, progress) for member in members]
    except FleetforgeError:
        if not details.validation.keep:
            _removed_anyway(outside, placed)
        raise
    if not details.validation.keep:
        outside.federation.remove(placed, settings.ready_timeout)
    return "; ".join(seen)


def _removed_anyway(outside: Outside, placed: Placed) -> None:
    """Tidy up after a failure; what goes wrong here must not hide why the proof failed."""
    try:
        outside.federation.remove(placed, settings.ready_timeout)
    except FleetforgeError as error:
        run_logger().warning("the workload stays: %s", error)


def _seen_in(outside: Outside, member: str, placed: Placed, progress: StageProgress) -> str:
    workload = outside.fleet.spec.spec.validation.workload
    progress.part(20, f"waiting for {workload.name} in {member}")
    kube = outside.need_kube(member)
    wanted = placed.expected(member)
    outside.federation.await_propagation(placed, member, settings.ready_timeout)
    found = _running(kube, workload, wanted.replicas)
    image = found["spec"]["template"]["spec"]["containers"][0]["image"]
    seen = f"{workload.name} seen in {member}: {wanted.replicas} of {wanted.replicas} running, image {image}"
    run_logger().info(seen)
    return seen


def _running(kube: Kube, workload: Workload, replicas: int) -> dict[str, Any]:
    def running(found: dict[str, Any] | None) -> dict[str, Any] | None:
        if found is None or found["spec"].get("replicas") != replicas:
            return None
        return found if found.get("status", {}).get("availableReplicas", 0) == replicas else None

    what = f"deployment {workload.namespace}/{workload.name} with {replicas} replicas available"
    return kube.wait_for(
        DEPLOYMENTS, workload.name, running, namespace=workload.namespace, deadline=settings.ready_timeout, what=what
    )
