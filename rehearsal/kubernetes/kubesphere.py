"""KubeSphere in one cluster: the installer that waits for its configuration, and what ks-apiserver answers.

The installer is a Pod like any other: while its image cannot be pulled, or it is deleted, nothing is installed. It
runs once for every change of the ClusterConfiguration's *spec*, one run after the other, and once when its Pod starts.

What it does NOT do: the console, OAuth, anything of ks-apiserver but /kapis/version and configz, multi-tenancy.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from fleetforge.rehearsal.kubernetes import components, installer_text
from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.configuration import NAME, configuration
from fleetforge.rehearsal.kubernetes.definitions import CONFIGURATIONS, INSTALLER
from fleetforge.rehearsal.kubernetes.discovery import version_info
from fleetforge.rehearsal.kubernetes.events import Event
from fleetforge.rehearsal.kubernetes.federation import Federation
from fleetforge.rehearsal.kubernetes.installer_run import InstallerRun
from fleetforge.rehearsal.kubernetes.kubesphere_config import configz
from fleetforge.rehearsal.kubernetes.logs import Log
from fleetforge.rehearsal.kubernetes.objects import Object, made, pod_is_ready
from fleetforge.rehearsal.kubernetes.refusals import Refused, unavailable

if TYPE_CHECKING:
    from fleetforge.rehearsal.kubernetes.cluster import KubernetesCluster

_LONGEST_BACKOFF = 5.0


class KubeSphere:
    """Started with its cluster; does nothing until ``install``."""

    def __init__(self, cluster: KubernetesCluster) -> None:
        self._cluster = cluster
        self._store = cluster.store
        self.version = ""
        self.federation = Federation(cluster)
        self._changed = asyncio.Event()
        self._seen: tuple[str, str] | None = None
        self._running: tuple[str, asyncio.Task[None]] | None = None
        self._task: asyncio.Task[None] | None = None
        cluster.api.services[(components.SYSTEM, components.APISERVER)] = self._answer

    def start(self) -> None:
        self._store.history.listen(self._heard)
        self._changed.set()
        self._task = asyncio.create_task(self._serve())
        self.federation.start()

    async def stop(self) -> None:
        """A run that was under way begins anew after the next start."""
        self._store.history.stop_listening(self._heard)
        await self.federation.stop()
        if self._running:
            self._seen = None
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def install(self, version: str, given: dict[str, Any] | None) -> None:
        """What ``kubectl apply`` of the installer and of the ClusterConfiguration does."""
        self.version = version
        self._storage()
        Collection(self._store, "namespaces").ensure(made("v1", "Namespace", components.SYSTEM))
        definitions = Collection(self._store, "customresourcedefinitions.apiextensions.k8s.io")
        for custom in INSTALLER:
            definitions.ensure(custom.definition())
        item = configuration(version, given)
        Collection(self._store, CONFIGURATIONS).put(item)
        images = self._cluster.images.override(
            item["spec"].get("local_registry") or "", item["spec"].get("namespace_override") or ""
        )
        components.installer(version).deploy(self._store, images)

    def _storage(self) -> None:
        """The local storage class that kk deploys before KubeSphere, unless there is a class already."""
        classes = Collection(self._store, "storageclasses.storage.k8s.io")
        if classes.all():
            return
        noted = {"storageclass.kubernetes.io/is-default-class": "true"}
        local = made("storage.k8s.io/v1", "StorageClass", "local", annotations=noted)
        local |= {"provisioner": "openebs.io/local", "volumeBindingMode": "WaitForFirstConsumer"}
        classes.create(local)
        components.LOCAL_STORAGE.deploy(self._store, self._cluster.images)

    def _heard(self, event: Event) -> None:
        if event.resource.name in (CONFIGURATIONS, "pods"):
            self._changed.set()
        if self._running and event.change == "DELETED" and event.item["metadata"]["uid"] == self._running[0]:
            self._running[1].cancel()

    async def _serve(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            pod, mark = self._pod(), self._mark()
            if pod is None or mark is None or mark == self._seen:
                continue
            self._seen = mark
            task = asyncio.create_task(self._run(self._cluster.logs.of(pod["metadata"]["uid"])))
            self._running = (pod["metadata"]["uid"], task)
            try:
                await asyncio.gather(task, return_exceptions=True)
            except asyncio.CancelledError:
                task.cancel()
                raise
            finally:
                self._running = None
            self._changed.set()

    def _pod(self) -> Object | None:
        """The installer's running Pod."""
        pods = Collection(self._store, "pods").matching({"app": NAME}, components.SYSTEM)
        return next((pod for pod in pods if pod_is_ready(pod)), None)

    def _mark(self) -> tuple[str, str] | None:
        """What a run answers to: this Pod and this spec."""
        pod = self._pod()
        item = Collection(self._store, CONFIGURATIONS).find(NAME, components.SYSTEM)
        if pod is None or item is None:
            return None
        return pod["metadata"]["uid"], json.dumps(item["spec"], sort_keys=True)

    async def _run(self, log: Log) -> None:
        """One run; one that died of an exception is tried again until the spec changes."""
        backoff = self._cluster.pace.install_step * 4
        while True:
            run = InstallerRun(self._cluster, self.version, log)
            try:
                run.prepare()
                self._seen = self._mark()
                return await run.run()
            except (KeyError, TypeError) as error:
                log.write(installer_text.traceback(error))
            if await self._store.history.until(lambda: self._mark() != self._seen, backoff):
                return
            backoff = min(backoff * 2, _LONGEST_BACKOFF)

    def _answer(self, path: str) -> Object:
        """GETs that reach ks-apiserver through the API server's service proxy."""
        found = next(one for one in components.core(self.version) if one.name == components.APISERVER).find(self._store)
        if not ((found or {}).get("status") or {}).get("readyReplicas"):
            raise unavailable(f'no endpoints available for service "{components.APISERVER}"')
        if path == "/kapis/version":
            return {**version_info(self.version), "kubernetes": version_info(self._cluster.version)}
        if path == "/kapis/config.kubesphere.io/v1alpha2/configs/configz":
            return dict(configz(self._store))
        raise Refused(404, "NotFound", f"the server could not find {path}")
