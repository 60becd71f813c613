"""build-fleet: from kk files to a federated, validated fleet. Start it again at any time: it goes on."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.futures import PrefectFuture, wait
from prefect.task_runners import ThreadPoolTaskRunner

from fleetforge.fleet.actions import Stage, StageOutcome
from fleetforge.flows.fleet_name import FleetName
from fleetforge.tasks.artifact import artifact
from fleetforge.tasks.cluster import cluster
from fleetforge.tasks.fleet_facts import roles_of
from fleetforge.tasks.harbor import harbor
from fleetforge.tasks.members import member
from fleetforge.tasks.multicluster import multicluster
from fleetforge.tasks.plan import approved
from fleetforge.tasks.preflight import preflight
from fleetforge.tasks.registry import registry
from fleetforge.tasks.reports import reported
from fleetforge.tasks.validation import validation

Futures = dict[tuple[Stage, str], PrefectFuture[StageOutcome]]


@flow(
    name="build-fleet",
    flow_run_name="build {fleet}",
    description="Builds a whole fleet: artifact, registry, Harbor, clusters, multi-cluster, members, validation.",
    task_runner=ThreadPoolTaskRunner(max_workers=64),  # type: ignore[arg-type]
    persist_result=False,
)
def build_fleet(
    fleet: FleetName, until: Stage = Stage.VALIDATION, approved_plan: str = "", prove_again: bool = False
) -> list[dict[str, Any]]:
    """Build a fleet, or go on building it; what is already as it should be is left alone.

    Args:
        fleet: The stored fleet to build ('fleetforge apply' stores one).
        until: The last stage to run; later ones are left out.
        approved_plan: Hash of an approved plan ('fleetforge plan'); the run does not start when it is another now.
        prove_again: Repeat the validation even if this very fleet was proved before.
    """
    if approved_plan:
        approved(fleet, approved_plan)
    with reported(fleet) as report:
        for stage, first in (
            (Stage.PREFLIGHT, preflight),
            (Stage.ARTIFACT, artifact),
            (Stage.REGISTRY, registry),
            (Stage.HARBOR, harbor),
        ):
            report.add(first(fleet))
            if until is stage:
                return report.rows()
        futures = _clusters(fleet, until, prove_again)
        wait(list(futures.values()))
        for future in futures.values():
            report.collect(future)
        return report.rows()


def _clusters(fleet: str, until: Stage, prove_again: bool) -> Futures:
    """Every cluster goes its own way; only what needs the host cluster waits for it."""
    host, members = roles_of(fleet)
    futures: Futures = {(Stage.CLUSTER, name): cluster.submit(fleet, name) for name in (host, *members)}
    if until is Stage.CLUSTER:
        return futures
    ready = futures[Stage.CLUSTER, host]
    hosting = futures[Stage.MULTICLUSTER, host] = multicluster.submit(fleet, host, return_state=False, wait_for=[ready])
    for name in members:
        after = [futures[Stage.CLUSTER, name], hosting]
        futures[Stage.MULTICLUSTER, name] = multicluster.submit(fleet, name, return_state=False, wait_for=after)
    if until is Stage.MULTICLUSTER:
        return futures
    for name in members:
        futures[Stage.MEMBERS, name] = member.submit(
            fleet, name, return_state=False, wait_for=[futures[Stage.MULTICLUSTER, name]]
        )
    if until is not Stage.MEMBERS:
        futures[Stage.VALIDATION, ""] = validation.submit(
            fleet, prove_again, return_state=False, wait_for=list(futures.values())
        )
    return futures
