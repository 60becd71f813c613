"""Is the cluster there: every declared node Ready in its version, KubeSphere installed?"""

from __future__ import annotations

from dataclasses import dataclass

from fleetforge.fleet.actions import Action, Stage, Verb
from fleetforge.fleet.definition import Fleet
from fleetforge.fleet.errors import FleetforgeError
from fleetforge.fleet.errors.catalogue import fault


@dataclass(frozen=True, slots=True)
class NodeFacts:
    name: str
    ready: bool
    kubelet_version: str
    arch: str


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """``kubeconfig`` False: kk has not finished a control plane here. The rest is read from its API."""

    kubeconfig: bool
    nodes: tuple[NodeFacts, ...] = ()
    kubesphere: str | None = None  # version whose installation ended well, None while there is none
    unhealthy: tuple[str, ...] = ()  # components that are not healthy, in words


def node_names(fleet: Fleet, cluster: str) -> tuple[str, ...]:
    """The hosts that become nodes: everything in the control-plane and worker groups, in the config's order."""
    config = fleet.config(cluster)
    named = {host.name for role in ("control-plane", "worker") for host in config.hosts_in(role)}
    return tuple(host.name for host in config.hosts if host.name in named)


def errors(fleet: Fleet, cluster: str, facts: ClusterFacts) -> tuple[FleetforgeError, ...]:
    """Nodes that run another Kubernetes than the config asks for: kk's create does not change that."""
    wanted = fleet.config(cluster).kubernetes_version
    found = [f"{node.name}: {node.kubelet_version}" for node in facts.nodes if node.kubelet_version != wanted]
    if not found:
        return ()
    what = f"{len(found)} nodes do not run Kubernetes {wanted}, which the config asks for"
    return (fault("FF-STG-003", what, where=cluster, evidence=found),)


def decide(fleet: Fleet, cluster: str, facts: ClusterFacts) -> tuple[Action, ...]:
    """Run kk when nodes or KubeSphere are missing; only wait when everything exists but is not well yet."""
    create = _create_reason(fleet, cluster, facts)
    if create:
        return (Action(Stage.CLUSTER, Verb.CREATE_CLUSTER, cluster, create, cluster),)
    waiting = [node.name for node in facts.nodes if not node.ready] + list(facts.unhealthy)
    if waiting:
        why = f"not ready: {', '.join(waiting[:5])}" + (f" and {len(waiting) - 5} more" if len(waiting) > 5 else "")
        return (Action(Stage.CLUSTER, Verb.AWAIT_CLUSTER, cluster, why, cluster),)
    return ()


def _create_reason(fleet: Fleet, cluster: str, facts: ClusterFacts) -> str:
    if not facts.kubeconfig:
        return "there is no cluster"
    present = {node.name for node in facts.nodes}
    absent = [name for name in node_names(fleet, cluster) if name not in present]
    if absent:
        return f"nodes missing: {', '.join(absent)}"
    if facts.kubesphere is None and wants_kubesphere(fleet, cluster):
        return "KubeSphere is not installed"
    return ""


def wants_kubesphere(fleet: Fleet, cluster: str) -> bool:
    """True when the cluster's config or its entry in the fleet asks for KubeSphere."""
    return fleet.config(cluster).installs_kubesphere or fleet.spec.cluster(cluster).kubesphere is not None
