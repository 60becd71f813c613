"""Multicluster: the host cluster runs tower and KubeFed; every member knows its role and carries the host's secret."""

from __future__ import annotations

from fleetforge.blocks.lock import cluster_lock
from fleetforge.blocks.outside import Outside, opened
from fleetforge.fleet.actions import Stage, StageOutcome
from fleetforge.fleet.spec import Role
from fleetforge.fleet.stages import multicluster as decisions
from fleetforge.fleet.stages.multicluster import RoleFacts
from fleetforge.tasks.settings import settings
from fleetforge.tasks.stage import Steps, ran, run_logger, stage_task


@stage_task("multicluster · {cluster}")
def multicluster(fleet: str, cluster: str) -> StageOutcome:
    """One cluster in its role."""
    with opened(fleet) as outside, cluster_lock(fleet, cluster, settings.lock_timeout):
        return ran(steps(outside, cluster))


def steps(outside: Outside, cluster: str) -> Steps[RoleFacts]:
    return Steps(
        Stage.MULTICLUSTER,
        cluster,
        observe=lambda: _observed(outside, cluster),
        decide=lambda facts: decisions.decide(outside.fleet, cluster, facts),
        act=lambda action, progress: _acted(outside, cluster),
        proof=lambda facts: f"runs as {facts.role}",
    )


def _observed(outside: Outside, cluster: str) -> RoleFacts:
    if outside.kube(cluster) is None:
        return RoleFacts(reachable=False)
    kubesphere = outside.kubesphere(cluster)
    role = kubesphere.role()
    if outside.fleet.spec.cluster(cluster).role is Role.HOST:
        waiting = kubesphere.multicluster_not_ready() if role == Role.HOST else ()
        return RoleFacts(True, role, True, waiting)
    host = outside.kube(outside.fleet.spec.host_cluster.name)
    secret = outside.kubesphere(outside.fleet.spec.host_cluster.name).jwt_secret() if host else None
    return RoleFacts(True, role, secret is not None and kubesphere.jwt_secret() == secret)


def _acted(outside: Outside, cluster: str) -> None:
    kubesphere, logger = outside.kubesphere(cluster), run_logger()
    if outside.fleet.spec.cluster(cluster).role is Role.HOST:
        kubesphere.become_host(cluster, settings.kubesphere_timeout, on_event=logger.info)
    else:
        secret = outside.kubesphere(outside.fleet.spec.host_cluster.name).jwt_secret()
        kubesphere.become_member(secret, settings.kubesphere_timeout, on_event=logger.info)
