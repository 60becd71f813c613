"""Members: each is imported into the host cluster and usable there, not only "Ready"."""

from __future__ import annotations

from fleetforge.blocks.lock import cluster_lock
from fleetforge.blocks.outside import Outside, opened
from fleetforge.fleet.actions import Stage, StageOutcome
from fleetforge.fleet.stages import members as decisions
from fleetforge.fleet.stages.members import MemberFacts
from fleetforge.tasks.progress import StageProgress
from fleetforge.tasks.settings import settings
from fleetforge.tasks.stage import Steps, ran, stage_task


@stage_task("member · {cluster}")
def member(fleet: str, cluster: str) -> StageOutcome:
    """One member, imported and usable."""
    with opened(fleet) as outside, cluster_lock(fleet, cluster, settings.lock_timeout):
        return ran(steps(outside, cluster))


def steps(outside: Outside, cluster: str) -> Steps[MemberFacts]:
    return Steps(
        Stage.MEMBERS,
        cluster,
        observe=lambda: _observed(outside, cluster),
        decide=lambda facts: decisions.decide(cluster, facts),
        act=lambda action, progress: _acted(outside, cluster, progress),
        proof=lambda facts: "Ready and Federated, its API answers the host cluster",
    )


def _observed(outside: Outside, cluster: str) -> MemberFacts:
    if outside.kube(outside.fleet.spec.host_cluster.name) is None or outside.kube(cluster) is None:
        return MemberFacts(known=False)
    return outside.federation.member(cluster)


def _acted(outside: Outside, cluster: str, progress: StageProgress) -> None:
    spec = outside.fleet.spec.cluster(cluster)
    outside.federation.import_member(cluster, outside.kubeconfig(cluster), spec.connection, spec.labels)
    progress.part(30, "waiting for the member's conditions")
    outside.federation.await_member(cluster, settings.ready_timeout)
