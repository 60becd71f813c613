"""What a host cluster does for its members: import, health, propagation.

Nothing happens before the host role is effective: KubeSphere's part needs kubesphere-config to say host and
ks-controller-manager to run, KubeFed's part needs kubefed-controller-manager to run. Each stops with its Deployment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.components import CONTROLLER_MANAGER, FEDERATION, KUBEFED_CONTROLLER, SYSTEM
from fleetforge.rehearsal.kubernetes.events import Event
from fleetforge.rehearsal.kubernetes.federation_clusters import Clusters
from fleetforge.rehearsal.kubernetes.federation_health import HealthChecks, JoinedClusters
from fleetforge.rehearsal.kubernetes.federation_member import Connections
from fleetforge.rehearsal.kubernetes.federation_propagation import Propagation
from fleetforge.rehearsal.kubernetes.federation_sync import Sync
from fleetforge.rehearsal.kubernetes.federation_types import Types
from fleetforge.rehearsal.kubernetes.federation_watch import MemberWatches
from fleetforge.rehearsal.kubernetes.federation_webhook import ClusterWebhook, validate
from fleetforge.rehearsal.kubernetes.federation_work import Work
from fleetforge.rehearsal.kubernetes.kubesphere_config import CONFIG, read_config
from fleetforge.rehearsal.kubernetes.objects import Object, name_of, namespace_of

if TYPE_CHECKING:
    from fleetforge.rehearsal.kubernetes.cluster import KubernetesCluster


class _Part(Protocol):
    work: Work

    def start(self) -> None: ...

    def hear(self, event: Event) -> None: ...


@dataclass
class _Program:
    """Parts that run in one Pod: together, and while ``is_up``."""

    is_up: Callable[[], bool]
    parts: list[_Part]
    runs: bool = False


class Federation:
    """Started and stopped with its cluster; the rest it finds out from the cluster's objects."""

    def __init__(self, cluster: KubernetesCluster) -> None:
        store, pace = cluster.store, cluster.pace
        self._store = store
        self._connections = Connections(pace.request)
        webhook = ClusterWebhook(store, self._connections)
        cluster.api.reviewers.append(webhook.review)
        joined = JoinedClusters(store, self._connections)
        types = Types(store, self._type_changed, pace.health)
        self._sync = Sync(store, joined, types, Propagation(store, joined, cluster.endpoint), pace)
        self._watches = MemberWatches(joined, types, self._sync, pace.health)
        self._kubesphere = _Program(self._is_host, [Clusters(cluster, self._connections, webhook)])
        health = HealthChecks(joined, pace.health)
        self._kubefed = _Program(self._has_kubefed, [health, types, self._sync])
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._store.history.listen(self._heard)
        self._changed.set()
        self._task = asyncio.create_task(self._serve())

    async def stop(self) -> None:
        self._store.history.stop_listening(self._heard)
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        for program in (self._kubesphere, self._kubefed):
            await self._switch(program, False)
        await self._connections.close()

    async def validate(self, cluster: Object) -> None:
        """The console's check of a Cluster before it is created; ``Refused`` 400 with the first thing wrong."""
        await validate(self._store, self._connections, cluster)

    async def _serve(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            for program in (self._kubesphere, self._kubefed):
                await self._switch(program, program.is_up())

    async def _switch(self, program: _Program, on: bool) -> None:
        if program.runs == on:
            return
        program.runs = on
        for part in program.parts:
            if on:
                part.start()
            else:
                await part.work.stop()
        if program is self._kubefed:
            self._watches.start() if on else await self._watches.stop()

    def _heard(self, event: Event) -> None:
        decides = event.resource.name == "deployments.apps" or name_of(event.item) == CONFIG
        if decides and namespace_of(event.item) in (SYSTEM, FEDERATION):
            self._changed.set()
        for program in (self._kubesphere, self._kubefed):
            for part in program.parts if program.runs else ():
                part.hear(event)
        if self._kubefed.runs:
            self._watches.hear(event)

    def _type_changed(self, name: str) -> None:
        self._sync.look_at_all(name)

    def _is_host(self) -> bool:
        if not self._is_running(CONTROLLER_MANAGER, SYSTEM):
            return False
        section = read_config(self._store).get("multicluster") or {}
        return section.get("clusterRole") == "host" and bool(section.get("enable"))

    def _has_kubefed(self) -> bool:
        return self._is_running(KUBEFED_CONTROLLER.name, FEDERATION)

    def _is_running(self, name: str, namespace: str) -> bool:
        found = Collection(self._store, "deployments.apps").find(name, namespace)
        return bool(((found or {}).get("status") or {}).get("readyReplicas"))
