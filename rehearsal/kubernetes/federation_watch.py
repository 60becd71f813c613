"""What KubeFed hears from the clusters: one watch for each ready cluster and type that is in use."""

from __future__ import annotations

import asyncio
import logging

from fleetforge.rehearsal.kubernetes.definitions import KUBEFED_CLUSTERS, TYPE_CONFIGS
from fleetforge.rehearsal.kubernetes.events import Event
from fleetforge.rehearsal.kubernetes.federation_health import JoinedClusters, is_ready
from fleetforge.rehearsal.kubernetes.federation_member import MemberFailed
from fleetforge.rehearsal.kubernetes.federation_placement import MANAGED
from fleetforge.rehearsal.kubernetes.federation_sync import Sync
from fleetforge.rehearsal.kubernetes.federation_types import Federated, Types
from fleetforge.rehearsal.kubernetes.objects import name_of

_log = logging.getLogger(__name__)
_Watched = tuple[str, str]


class MemberWatches:
    """Watches managed objects only; a broken watch is begun again after ``retry`` seconds while it is wanted."""

    def __init__(self, joined: JoinedClusters, types: Types, sync: Sync, retry: float) -> None:
        self._joined, self._types, self._sync, self._retry = joined, types, sync, retry
        self._tasks: dict[_Watched, asyncio.Task[None]] = {}
        self._running = False

    def start(self) -> None:
        self._running = True
        self._adjust()

    async def stop(self) -> None:
        self._running = False
        tasks, self._tasks = list(self._tasks.values()), {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def hear(self, event: Event) -> None:
        """What may begin or end a watch: a cluster, a type, the first object of a type."""
        in_use = event.change != "MODIFIED" and event.resource.custom
        if self._running and (in_use or event.resource.name in (KUBEFED_CLUSTERS, TYPE_CONFIGS)):
            self._adjust()

    def _adjust(self) -> None:
        used = {kind.name: kind for kind in self._types.all() if self._sync.objects(kind)}
        ready = [name_of(joined) for joined in self._joined.all() if is_ready(joined)]
        wanted = {(cluster, name) for cluster in ready for name in used}
        for gone in self._tasks.keys() - wanted:
            self._tasks.pop(gone).cancel()
        for key in wanted - self._tasks.keys():
            self._tasks[key] = asyncio.create_task(self._follow(key[0], used[key[1]]))

    async def _follow(self, cluster: str, kind: Federated) -> None:
        while True:
            joined = next((one for one in self._joined.all() if name_of(one) == cluster), None)
            try:
                if joined is not None:
                    async for event in self._joined.client(joined).watch(kind.target, f"{MANAGED}=true"):
                        self._sync.look_soon(kind, event["object"])
            except MemberFailed as failure:
                _log.debug("watch of %s in %s: %s", kind.name, cluster, failure)
            await asyncio.sleep(self._retry)
            self._sync.look_at_all(kind.name)
