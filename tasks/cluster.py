"""Cluster: created by kk, every node Ready as declared, KubeSphere installed and its components healthy."""

from __future__ import annotations

from datetime import timedelta

from fleetforge.blocks.kube import Kube
from fleetforge.blocks.kube_resources import NODES
from fleetforge.blocks.lock import cluster_lock
from fleetforge.blocks.outside import Outside, opened
from fleetforge.fleet import kk_command
from fleetforge.fleet.actions import Action, Stage, StageOutcome, Verb
from fleetforge.fleet.stages import cluster as decisions
from fleetforge.fleet.stages.cluster import ClusterFacts, NodeFacts
from fleetforge.tasks.kk_run import kk_ran
from fleetforge.tasks.progress import StageProgress
from fleetforge.tasks.settings import settings
from fleetforge.tasks.stage import Steps, ran, run_logger, stage_task


@stage_task("cluster · {cluster}")
def cluster(fleet: str, cluster: str) -> StageOutcome:
    """One cluster with all its nodes and KubeSphere."""
    with opened(fleet) as outside, cluster_lock(fleet, cluster, settings.lock_timeout):
        return ran(steps(outside, cluster))


def steps(outside: Outside, cluster: str) -> Steps[ClusterFacts]:
    return Steps(
        Stage.CLUSTER,
        cluster,
        observe=lambda: _observed(outside, cluster),
        decide=lambda facts: _decided(outside, cluster, facts),
        act=lambda action, progress: _acted(outside, cluster, action, progress),
        proof=lambda facts: _proof(facts),
    )


def _decided(outside: Outside, cluster: str, facts: ClusterFacts) -> tuple[Action, ...]:
    for error in decisions.errors(outside.fleet, cluster, facts):
        raise error
    return decisions.decide(outside.fleet, cluster, facts)


def _proof(facts: ClusterFacts) -> str:
    version = facts.nodes[0].kubelet_version if facts.nodes else ""
    return f"{len(facts.nodes)} nodes Ready, Kubernetes {version}, KubeSphere {facts.kubesphere or 'not wanted'}"


def _observed(outside: Outside, cluster: str) -> ClusterFacts:
    kube = outside.kube(cluster)
    if kube is None or outside.kk.is_running(f"{cluster}-create"):
        return ClusterFacts(kubeconfig=False)
    kubesphere = outside.kubesphere(cluster)
    version = kubesphere.installed_version()
    components = kubesphere.components() if version else ()
    unhealthy = tuple(str(component) for component in components if not component.healthy)
    return ClusterFacts(True, nodes_of(kube), version, unhealthy)


def nodes_of(kube: Kube) -> tuple[NodeFacts, ...]:
    """Every node with its readiness, kubelet version and architecture."""
    return tuple(_node(node) for node in kube.list(NODES))


def _node(node: dict[str, object]) -> NodeFacts:
    from typing import Any, cast

    held = cast(dict[str, Any], node)
    info = held["status"].get("nodeInfo", {})
    conditions = held["status"].get("conditions", [])
    ready = any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
    return NodeFacts(held["metadata"]["name"], ready, info.get("kubeletVersion", ""), info.get("architecture", ""))


def _acted(outside: Outside, cluster: str, action: Action, progress: StageProgress) -> None:
    if action.verb is Verb.CREATE_CLUSTER:
        _create(outside, cluster, progress)
    if decisions.wants_kubesphere(outside.fleet, cluster):
        progress.part(90, "waiting for KubeSphere's components")
        outside.kubesphere(cluster).await_installed(settings.kubesphere_timeout, on_event=run_logger().info)


def _create(outside: Outside, cluster: str, progress: StageProgress) -> None:
    fleet = outside.fleet
    version = "" if fleet.config(cluster).installs_kubesphere else fleet.spec.cluster(cluster).kubesphere or ""
    command = kk_command.create_cluster(
        outside.config_path(cluster), fleet.spec.spec.artifact.path, kubesphere=version, push_images=False
    )
    limit = timedelta(seconds=settings.cluster_timeout)
    kk_ran(outside, command, f"{cluster}-create", cluster, limit, progress)
