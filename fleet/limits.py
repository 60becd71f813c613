"""The documented limits of one Kubernetes cluster, and which of them something exceeds.

Source: Kubernetes v1.31, "Considerations for large clusters": they hold together, not one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

NODES = 5_000
PODS_PER_NODE = 110
PODS = 150_000
CONTAINERS = 300_000


@dataclass(frozen=True, slots=True)
class Exceeded:
    """One limit that is exceeded."""

    of: str  # "nodes", "pods per node", "pods", "containers"
    found: int
    limit: int

    def __str__(self) -> str:
        return f"{self.found:,} {self.of}, documented limit {self.limit:,}"


def exceeded(*, nodes: int = 0, pods_per_node: int = 0, pods: int = 0, containers: int = 0) -> tuple[Exceeded, ...]:
    """The limits these counts of one cluster exceed; what is not given is not judged."""
    counts = (
        ("nodes", nodes, NODES),
        ("pods per node", pods_per_node, PODS_PER_NODE),
        ("pods", pods, PODS),
        ("containers", containers, CONTAINERS),
    )
    return tuple(Exceeded(*count) for count in counts if count[1] > count[2])
