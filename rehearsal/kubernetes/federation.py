"""What a host cluster does for its members. (In the making.)"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fleetforge.rehearsal.kubernetes.cluster import KubernetesCluster


class Federation:
    """Started with its cluster."""

    def __init__(self, cluster: KubernetesCluster) -> None:
        self._cluster = cluster

    def start(self) -> None:
        """Begins; does nothing before the host role is effective."""

    async def stop(self) -> None:
        """Ends."""
