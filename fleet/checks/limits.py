"""The documented limits of one cluster, as far as its config can exceed them."""

from __future__ import annotations

from collections.abc import Iterator

from fleetforge.fleet.checks.places import Check, each_cluster, in_config
from fleetforge.fleet.definition import Fleet
from fleetforge.fleet.findings import Finding
from fleetforge.fleet.limits import exceeded


def nodes_within_limits(fleet: Fleet) -> Iterator[Finding]:
    for cluster, config in each_cluster(fleet):
        for broken in exceeded(nodes=len(config.nodes)):
            yield in_config(cluster, "FF-SPEC-044", f"{cluster.name} has {broken}", "hosts")


def pods_per_node_within_limits(fleet: Fleet) -> Iterator[Finding]:
    for cluster, config in each_cluster(fleet):
        for broken in exceeded(pods_per_node=config.max_pods):
            yield in_config(cluster, "FF-SPEC-044", f"{cluster.name} allows {broken}", "kubernetes", "maxPods")


def room_within_limits(fleet: Fleet) -> Iterator[Finding]:
    """What the nodes have room for may exceed what a cluster can carry: only a warning, since pods need not fill it."""
    for cluster, config in each_cluster(fleet):
        room = len(config.nodes) * config.max_pods
        for broken in exceeded(pods=room, containers=room):
            yield in_config(cluster, "FF-SPEC-107", f"the nodes of {cluster.name} have room for {broken}", "hosts")


CHECKS: tuple[Check, ...] = (nodes_within_limits, pods_per_node_within_limits, room_within_limits)
