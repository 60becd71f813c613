"""What is stored, and what one fleet's clusters look like right now: read only."""

from __future__ import annotations

from typing import Any

from fleetforge.blocks import fleet_store
from fleetforge.blocks.outside import Outside, opened
from fleetforge.fleet.errors import FleetforgeError
from fleetforge.fleet.spec import Cluster, Role
from fleetforge.tasks.cluster import nodes_of


def stored_fleets() -> list[dict[str, Any]]:
    """One row per stored fleet: name, revision, clusters, when and why it was saved."""
    rows = []
    for name in fleet_store.names():
        held = fleet_store.stored(name)
        clusters = ", ".join(f"{cluster.name} ({cluster.role})" for cluster in held.fleet.spec.spec.clusters)
        row = {"fleet": name, "revision": held.revision, "clusters": clusters}
        rows.append({**row, "saved": held.saved, "comment": held.comment})
    return rows


def fleet_status(name: str) -> list[dict[str, Any]]:
    """One row per cluster: role, nodes Ready, versions, state; an unreachable one says why instead of failing."""
    with opened(name) as outside:
        return [_row(outside, cluster) for cluster in outside.fleet.spec.spec.clusters]


def _row(outside: Outside, cluster: Cluster) -> dict[str, Any]:
    row: dict[str, Any] = {"cluster": cluster.name, "role": str(cluster.role)}
    try:
        return row | _seen(outside, cluster)
    except FleetforgeError as error:
        return row | {"nodes": "", "kubernetes": "", "kubesphere": "", "state": f"{error.code} {error.what}"}


def _seen(outside: Outside, cluster: Cluster) -> dict[str, Any]:
    kube = outside.kube(cluster.name)
    if kube is None:
        return {"nodes": "", "kubernetes": "", "kubesphere": "", "state": "not created"}
    nodes = nodes_of(kube)
    ready = sum(node.ready for node in nodes)
    return {
        "nodes": f"{ready}/{len(nodes)} Ready",
        "kubernetes": kube.version(),
        "kubesphere": outside.kubesphere(cluster.name).installed_version() or "none",
        "state": _state(outside, cluster),
    }


def _state(outside: Outside, cluster: Cluster) -> str:
    role = outside.kubesphere(cluster.name).role()
    if cluster.role is Role.HOST or role != Role.MEMBER:
        return f"role {role}"
    facts = outside.federation.member(cluster.name)
    if not facts.known:
        return "role member, not imported"
    return "Ready in the host cluster" if not facts.unusable else f"not usable: {'; '.join(facts.unusable)}"
