"""One run of ks-installer: what happens between a changed ClusterConfiguration and the welcome banner.

preInstall, metrics-server, common and ks-core one after the other, then monitoring, multicluster, openpitrix, network
and the enabled components together, then ks-config. A serial task that fails ends the run without a summary. Waited
for are the Pods the real one waits for: ks-apiserver, ks-console, metrics-server, KubeFed; others may stay unready.

What it does NOT do: upgrades, uninstalling, the components' own settings, Helm releases.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fleetforge.rehearsal.kubernetes import components, installer_text
from fleetforge.rehearsal.kubernetes.aggregation import register_metrics
from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.configuration import NAME, NAMESPACE, migrated, reasons_to_migrate
from fleetforge.rehearsal.kubernetes.definitions import CONFIGURATIONS
from fleetforge.rehearsal.kubernetes.host_role import install_host_role
from fleetforge.rehearsal.kubernetes.kubesphere_config import initial_password, write_config
from fleetforge.rehearsal.kubernetes.kubesphere_core import install_core, masters
from fleetforge.rehearsal.kubernetes.logs import Log
from fleetforge.rehearsal.kubernetes.objects import Object, annotations_of, labels_of, made, name_of, timestamp
from fleetforge.rehearsal.kubernetes.system_images import SystemImages
from fleetforge.rehearsal.kubernetes.workload import Workload

if TYPE_CHECKING:
    from fleetforge.rehearsal.kubernetes.cluster import KubernetesCluster

_DEFAULT_PASSWORD = "P@88w0rd"  # noqa: S105
_STRONG = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d).{8,64}|\$2[aby]\$.{50,}")
_ALWAYS = ("monitoring", "multicluster", "openpitrix", "network")


class _Failed(Exception):
    """A task that did not work; the text is what it says about it."""


class InstallerRun:
    """Raises KeyError, as the real hook does, when ``spec.common.es`` is missing."""

    def __init__(self, cluster: KubernetesCluster, version: str, log: Log) -> None:
        self._cluster, self._version, self._log = cluster, version, log
        self._store, self._pace = cluster.store, cluster.pace
        self._configurations = Collection(cluster.store, CONFIGURATIONS)

    async def run(self) -> None:
        serial: dict[str, Callable[[], Iterable[Workload]]] = {
            "preInstall": self._pre_install,
            "metrics-server": lambda: self._component("metrics_server", "metricsServer"),
            "common": self._common,
            "ks-core": self._core,
        }
        for task, act in serial.items():
            if not await self._serial(task, act):
                return
        if await self._together():
            await self._finish()

    @property
    def _spec(self) -> Object:
        return dict(self._configuration["spec"])

    @property
    def _configuration(self) -> Object:
        return self._store.get(self._configurations.resource, NAMESPACE, NAME)

    def _note(self, key: str, **more: str) -> None:
        """Writes ``status.<key>``: enabled, and when."""
        entry = {"status": "enabled", "enabledTime": timestamp(), **more}

        def edit(status: Object) -> None:
            status[key] = {**(status.get(key) or {}), **entry}

        self._configurations.set_status(self._configuration, edit)

    def _is_noted(self, key: str) -> bool:
        status = self._configuration.get("status") or {}
        return bool((status.get(key) or {}).get("status") == "enabled")

    def prepare(self) -> None:
        """The migration: fills in, and deletes and re-creates the object when it has to."""
        item = self._configuration
        status = item.get("status") or {}
        spec = migrated(item["spec"])
        spec["common"]["es"]["enabled"] = not (spec["common"].get("opensearch") or {}).get("enabled", True)
        if any(reasons_to_migrate(item["spec"], status, self._version)):
            self._configurations.delete(item)
            again = made(item["apiVersion"], item["kind"], NAME, NAMESPACE, labels=labels_of(item), spec=spec)
            created = self._configurations.create(again)
            kept = {"clusterId": status["clusterId"]} if "clusterId" in status else {}
            self._configurations.set_status(created, lambda found: found.update(kept))

    async def _serial(self, task: str, act: Callable[[], Iterable[Workload]]) -> bool:
        self._log.write(installer_text.play(task))
        await asyncio.sleep(self._pace.install_step)
        try:
            await self._wait_for(list(act()))
        except _Failed as error:
            self._log.write(installer_text.fatal(str(error)) + "\n" + installer_text.recap(good=False))
            return False
        self._log.write("ok: [localhost]\n" + installer_text.recap(good=True))
        return True

    async def _wait_for(self, workloads: list[Workload]) -> None:
        """Until all are ready; ``_Failed`` with the first that is not."""

        def unready() -> list[Workload]:
            return [workload for workload in workloads if not workload.is_ready(self._store)]

        if not await self._store.history.until(lambda: not unready(), self._pace.install_wait):
            first = unready()[0]
            raise _Failed(f"timed out waiting for the condition on {first.kind.lower()}s/{first.name}")

    def _pre_install(self) -> list[Workload]:
        if int(self._cluster.version.split(".")[1]) < 19:
            raise _Failed(f"The current Kubernetes version {self._cluster.version} is not supported.")
        classes = Collection(self._store, "storageclasses.storage.k8s.io").all()
        default = "storageclass.kubernetes.io/is-default-class"
        names = {name_of(one) for one in classes if annotations_of(one).get(default) == "true"}
        named = (self._spec.get("persistence") or {}).get("storageClass")
        if not names and named not in {name_of(one) for one in classes}:
            raise _Failed("Default StorageClass was not found !")
        password = (self._spec.get("authentication") or {}).get("adminPassword")
        if password and not _STRONG.fullmatch(password):
            raise _Failed("The adminPassword must be 8 to 64 characters with upper case, lower case and digits.")
        return []

    def _component(self, key: str, status_key: str) -> list[Workload]:
        """Deploys a component that is on and not noted yet; gives what has to become ready."""
        if not (self._spec.get(key) or {}).get("enabled") or self._is_noted(status_key):
            return []
        self._deploy(components.COMPONENTS[key])
        if key == "metrics_server":
            register_metrics(self._store)
        self._note(status_key)
        return list(components.COMPONENTS[key])

    def _deploy(self, workloads: Iterable[Workload], replicas: int = 0) -> None:
        images = self._images()
        for workload in workloads:
            workload.deploy(self._store, images, replicas)

    def _images(self) -> SystemImages:
        spec = self._spec
        return self._cluster.images.override(spec.get("local_registry") or "", spec.get("namespace_override") or "")

    def _common(self) -> list[Workload]:
        common, spec = self._spec["common"], self._spec
        logs = any((spec.get(key) or {}).get("enabled") for key in ("logging", "events", "auditing", "servicemesh"))
        wanted = {
            "redis": (common.get("redis") or {}).get("enabled") or masters(self._store) > 1,
            "openldap": (common.get("openldap") or {}).get("enabled") or (spec.get("devops") or {}).get("enabled"),
            "minio": (spec.get("devops") or {}).get("enabled") or self._has_store,
            "opensearch": logs and (common.get("opensearch") or {}).get("enabled"),
            "fluentbit": logs,
        }
        for key in (key for key, on in wanted.items() if on and not self._is_noted(key)):
            self._deploy(components.COMPONENTS[key])
            self._note(key)
        return []

    @property
    def _has_store(self) -> bool:
        return bool(((self._spec.get("openpitrix") or {}).get("store") or {}).get("enabled"))

    def _core(self) -> list[Workload]:
        return install_core(self._store, self._version, self._spec, self._images(), self._password())

    def _password(self) -> str:
        """The admin's: the given one, the random one kept in kubesphere-secret, or the default."""
        authentication = self._spec.get("authentication") or {}
        if "adminPassword" not in authentication:
            return _DEFAULT_PASSWORD
        return authentication["adminPassword"] or initial_password(self._store)

    async def _together(self) -> bool:
        """The parallel part; whether everything worked."""
        self._note("core")
        tasks = [*_ALWAYS, *(key for key in components.TOP_LEVEL if (self._spec.get(key) or {}).get("enabled"))]
        for task in tasks:
            self._log.write(installer_text.start(task))
        self._log.write(installer_text.waiting())
        errors = await self._attempted(tasks)
        self._log.write(installer_text.collecting())
        for task, error in errors.items():
            self._log.write(installer_text.failed(task, error))
        return not errors

    async def _attempted(self, tasks: list[str]) -> dict[str, str]:
        """Does all at once; what those that failed said."""
        errors: dict[str, str] = {}
        running = [asyncio.ensure_future(self._attempt(task)) for task in tasks]
        try:
            for number, done in enumerate(asyncio.as_completed(running), 1):
                task, error = await done
                self._log.write(installer_text.ended(task, not error, number, len(tasks)))
                errors |= {task: error} if error else {}
        finally:
            for attempt in running:
                attempt.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        return errors

    async def _attempt(self, task: str) -> tuple[str, str]:
        await asyncio.sleep(self._pace.install_step)
        try:
            await self._wait_for(self._act(task))
        except _Failed as error:
            return task, str(error)
        if task == "multicluster" and self._is_host and not self._is_noted(task):
            self._note(task)
        return task, ""

    @property
    def _is_host(self) -> bool:
        return bool((self._spec.get("multicluster") or {}).get("clusterRole") == "host")

    def _act(self, task: str) -> list[Workload]:
        if task == "monitoring" and not self._is_noted(task):
            self._deploy(components.COMPONENTS[task])
            self._note(task)
        elif task == "multicluster" and self._is_host and not self._is_noted(task):
            return install_host_role(self._store, self._images())
        elif task in components.TOP_LEVEL:
            self._component(task, task)
        return []

    async def _finish(self) -> None:
        await asyncio.sleep(self._pace.install_step)
        write_config(self._store, self._spec)
        self._note("core", version=self._version)
        nodes = Collection(self._store, "nodes").all()
        address = nodes[0]["status"]["addresses"][0]["address"] if nodes else self._cluster.address
        port = self._spec["common"].get("core", {}).get("console", {}).get("port", 30880)
        banner = installer_text.welcome(f"http://{address}:{port}", self._password(), datetime.now(UTC))
        self._log.write(banner)
