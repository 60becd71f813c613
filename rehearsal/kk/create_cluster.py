"""``kk create cluster``: the modules of CreateClusterPipeline in their order.

What happens for real: SSH to every host, the artifact's unpacking and push, the look for every image a node pulls, the
cluster and KubeSphere (which the site runs). The other tasks only say that they ended. All nodes join at
``kubeadm init``.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from fleetforge.rehearsal.artifact import components_of
from fleetforge.rehearsal.kk import cluster_tasks as tasks
from fleetforge.rehearsal.kk import versions
from fleetforge.rehearsal.kk.artifacts import login_of, pushed, unpacked
from fleetforge.rehearsal.kk.cluster_tasks import Again
from fleetforge.rehearsal.kk.hosts_ready import checked, configured, greeted
from fleetforge.rehearsal.kk.inputs import Config
from fleetforge.rehearsal.kk.machines import Machines
from fleetforge.rehearsal.kk.run import LOCAL, SKIPPED, Pipeline, Stopped, TaskFailed
from fleetforge.rehearsal.kk.site_side import SiteSide
from fleetforge.rehearsal.registry.client import CopyFailed, RegistryClient

_INSTALLER_SECONDS = 3600.0


@dataclass
class Creation:
    """One ``create cluster``. ``kubesphere`` is the version asked for by flag; the config's own document wins."""

    pipeline: Pipeline
    machines: Machines
    site: SiteSide
    config: Config
    work: Path
    artifact: str = ""
    kubesphere: str = ""
    yes: bool = False
    push: bool = True
    manager: str = "docker"
    present: frozenset[str] = frozenset()

    async def run(self) -> None:
        """Every module; raises what a pipeline raises."""
        pipeline, config = self.pipeline, self.config
        everyone = [host.name for host in config.cluster.hosts]
        await greeted(pipeline, self.machines, everyone)
        await checked(pipeline, self.machines, config, everyone, yes=self.yes)
        self._check_kubesphere()
        if self.artifact:
            await unpacked(pipeline, self.work, self.artifact)
        download = "Download installation binaries"
        await pipeline.task("NodeBinariesModule", download, [LOCAL], self._binaries, name="DownloadBinaries")
        await configured(pipeline, self.machines, everyone)
        status = "Get kubernetes cluster status"
        await pipeline.task("KubernetesStatusModule", status, self._group("masters"), self._status)
        await self._all((tasks.runtime(self.manager),))
        if self.artifact and self.push and config.cluster.registry.private_registry:
            await pushed(pipeline, self.work / "images", config.cluster)
        await pipeline.task("PullModule", "Start to pull images on all nodes", everyone, self._pull, tries=3)
        await self._kubernetes()
        await self._kubesphere()

    def _check_kubesphere(self) -> None:
        if self.kubesphere and self.kubesphere not in versions.KUBESPHERE:
            self.pipeline.console.out(f"Unsupported KubeSphere version: {self.kubesphere}")
            raise Stopped(1)

    async def _binaries(self, host: str) -> str | None:
        """kk looks for every program by name; what the artifact lacks it would fetch, and says so."""
        cluster = self.config.cluster
        for arch in dict.fromkeys(host.arch for host in cluster.nodes):
            for part in components_of(versions.installed(arch, cluster.kubernetes_version, self.manager)):
                self.pipeline.message("localhost", f"downloading {arch} {part.id} {part.version} ...")
                if (self.work / part.path).exists():
                    self.pipeline.message("localhost", f"{part.id} exists")
        return None

    async def _kubernetes(self) -> None:
        first = self._group("first")
        await self._all(tasks.ETCD, tasks.ETCD_LATER_RUN if self.present else tasks.ETCD_FIRST_RUN, tasks.BACKUP)
        await self._all(tasks.BEFORE_INIT)
        await self.pipeline.task(
            "InitKubernetesModule", "Init cluster using kubeadm", first, self._init, name="KubeadmInit", tries=3
        )
        await self._all(tasks.AFTER_INIT, tasks.network(self.config.cluster.network.plugin), tasks.AFTER_NETWORK)
        await self.pipeline.task(
            "SaveKubeConfigModule", "Save kube config as a configmap", [LOCAL], self._save, tries=5
        )

        async def addons(host: str) -> str | None:
            self.pipeline.message(host, "[0/0] enabled addons")
            return None

        await self.pipeline.task("AddonsModule", "Install addons", [LOCAL], addons)

    async def _kubesphere(self) -> None:
        configuration = self.config.configuration
        version = self.kubesphere or _version_of(configuration)
        first = self.config.names("control-plane")[:1]
        if not version:
            return

        async def apply(host: str) -> str | None:
            self.site.created(self.config, version, configuration)
            return None

        module = "DeployKubeSphereModule"
        await self.pipeline.task(module, "Generate KubeSphere ks-installer crd manifests", first)
        await self.pipeline.task(module, "Apply ks-installer", first, apply)
        await self.pipeline.task("CheckResultModule", "Check ks-installer result", first, self._installed)

    async def _pull(self, host: str) -> str | None:
        """Every image kubeadm and Calico need is in the private registry; without one, nothing is asked."""
        if host not in self._group("nodes"):
            return None
        registry, arch = self.config.cluster.registry, self.machines.hosts[host].arch
        client = RegistryClient(registry.host, login_of(self.config.cluster))
        try:
            for repository, tag in self._images():
                self.pipeline.message(host, f"downloading image: {registry.host}/{repository}:{tag}")
                if registry.host and not _is_there(client, repository, tag):
                    image = f"{registry.host}/{repository}:{tag}"
                    raise TaskFailed(f"pull image failed: crictl pull {image} --platform {arch}: not found")
        finally:
            client.close()
        return None

    def _images(self) -> list[tuple[str, str]]:
        version = self.config.cluster.kubernetes_version
        pause, coredns = versions.pause_and_coredns(version)
        namespace = self.config.cluster.registry.namespace_override or "kubesphere"
        tags = {"pause": pause, "kube-apiserver": version, "kube-controller-manager": version}
        tags |= {"kube-scheduler": version, "kube-proxy": version, "coredns": coredns}
        tags |= dict.fromkeys(("kube-controllers", "cni", "node", "pod2daemon-flexvol"), versions.CALICO)
        return [(f"{namespace}/{name}", tag) for name, tag in tags.items()]

    async def _status(self, host: str) -> str | None:
        found = self.site.cluster(self.config)
        self.present = frozenset(found["nodes"]) if found["created"] else frozenset()
        return None

    async def _init(self, host: str) -> str | None:
        """kubeadm, played by the site. On a cluster that is there it changes nothing, as kk's does."""
        self.site.created(self.config)
        return SKIPPED if self.present else None

    async def _save(self, host: str) -> str | None:
        file = self.work / f"config-{self.config.cluster.name}"
        file.write_text(self.site.created(self.config))
        file.chmod(0o644)
        return None

    async def _installed(self, host: str) -> str | None:
        """Waits for the installer as kk does, looking again and again; its closing words are kk's, too."""
        self.pipeline.console.out("Please wait for the installation to complete: ")
        deadline = time.monotonic() + _INSTALLER_SECONDS
        while (state := self.site.cluster(self.config)["installer"]["state"]) not in ("finished", "failed"):
            if time.monotonic() > deadline:
                raise TaskFailed("KubeSphere startup timeout.")
            await asyncio.sleep(max(0.1, self.site.pause))
        if state == "failed":
            raise TaskFailed("KubeSphere startup failed: look at the log of ks-installer")
        self.pipeline.stdout(host, _WELCOME)
        return None

    def _group(self, group: str) -> list[str]:
        config = self.config
        if group == "nodes":
            return [host.name for host in config.cluster.nodes]
        roles = {"masters": "control-plane", "first": "control-plane", "workers": "worker"}
        found = [LOCAL] if group == "local" else config.names(roles.get(group, group))
        return found[:1] if group == "first" else found

    async def _all(self, *parts: tuple[tasks.Told, ...]) -> None:
        """Tells tasks. The first master never joins, and nobody joins as worker who is a master."""
        for told in (one for part in parts for one in part):
            apart = self._group("first" if told.group != "workers" else "masters")
            joins = apart if told.module == "JoinNodesModule" and told.again is Again.SKIPPED else []

            for title in told.titles:
                left_out = "nodelocaldns" in title and not self.config.cluster.kubernetes.nodelocaldns
                skipping = told.again is Again.NEVER or left_out

                async def tell(
                    host: str, told: tasks.Told = told, joins: list[str] = joins, skipping: bool = skipping
                ) -> str | None:
                    again = told.again is Again.SKIPPED and host in self.present
                    return SKIPPED if again or skipping or host in joins else None

                await self.pipeline.task(told.module, title, self._group(told.group), tell)


def _is_there(client: RegistryClient, repository: str, tag: str) -> bool:
    try:
        client.ping()
        return client.manifest(repository, tag) is not None
    except CopyFailed as error:
        raise TaskFailed(f"pull image failed: {error}") from error


def _version_of(configuration: dict[str, object] | None) -> str:
    if configuration is None:
        return ""
    metadata = configuration.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    version = labels.get("version") if isinstance(labels, dict) else None
    return str(version or versions.DEFAULT_KUBESPHERE)


_WELCOME = """#####################################################
###              Welcome to KubeSphere!           ###
#####################################################"""
