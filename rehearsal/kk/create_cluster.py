"""``kk create cluster``: the modules of CreateClusterPipeline in their order.

What happens for real: SSH to every host, the artifact's unpacking and push, the look for every image a node pulls, the
cluster and KubeSphere (which the site runs). The other tasks only say that they ended. All nodes join at
``kubeadm init``; containerd's tasks stand for any runtime's.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from fleetforge.rehearsal.kk import versions
from fleetforge.rehearsal.kk.artifacts import login_of, pushed, unpacked
from fleetforge.rehearsal.kk.hosts_ready import checked, configured, greeted
from fleetforge.rehearsal.kk.inputs import Config
from fleetforge.rehearsal.kk.machines import Machines
from fleetforge.rehearsal.kk.run import LOCAL, SKIPPED, Pipeline, Stopped, TaskFailed
from fleetforge.rehearsal.kk.site_side import SiteSide
from fleetforge.rehearsal.registry.client import CopyFailed, RegistryClient

_RUNTIME = (
    *("Sync containerd binaries", "Generate containerd service", "Generate containerd config", "Enable containerd"),
    *("Sync crictl binaries", "Generate crictl config"),
)
_ETCD = (
    ("CertsModule", "Fetch etcd certs"),
    ("CertsModule", "Generate etcd Certs"),
    ("CertsModule", "Synchronize certs file"),
    ("CertsModule", "Synchronize certs file to master"),
    ("InstallETCDBinaryModule", "Install etcd using binary"),
    ("InstallETCDBinaryModule", "Generate etcd service"),
    ("InstallETCDBinaryModule", "Generate access address"),
    ("ETCDConfigureModule", "Health check on exist etcd"),
    ("ETCDConfigureModule", "Generate etcd.env config on new etcd"),
    ("ETCDConfigureModule", "Join etcd member"),
    ("ETCDConfigureModule", "Health check on new etcd"),
    ("ETCDConfigureModule", "Check etcd member"),
    ("ETCDConfigureModule", "Refresh etcd.env config on all etcd"),
    ("ETCDConfigureModule", "Restart etcd"),
    ("ETCDConfigureModule", "Health check on all etcd"),
    ("ETCDBackupModule", "Backup etcd data regularly"),
    ("ETCDBackupModule", "Generate backup ETCD service"),
    ("ETCDBackupModule", "Generate backup ETCD timer"),
    ("ETCDBackupModule", "Enable backup etcd service"),
)
_BINARIES = (
    *("Synchronize kubernetes binaries", "Change kubelet mode", "Generate kubelet service", "Enable kubelet service"),
    "Generate kubelet env",
)
_DNS = (
    *("Generate coredns configmap", "Apply coredns configmap", "Generate coredns manifests", "Deploy coredns"),
    *("Generate nodelocaldns configmap", "Apply nodelocaldns configmap", "Generate nodelocaldns"),
    "Deploy nodelocaldns",
)
_JOIN = ("Generate kubeadm config", "Generate audit policy", "Generate audit webhook")
_RENEW = ("script", "service", "timer")
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

    async def run(self) -> None:
        """Every module; raises what a pipeline raises."""
        pipeline, config = self.pipeline, self.config
        everyone = [host.name for host in config.cluster.hosts]
        nodes = [host.name for host in config.cluster.nodes]
        await greeted(pipeline, self.machines, everyone)
        await checked(pipeline, self.machines, config, everyone, yes=self.yes)
        self._check_versions()
        if self.artifact:
            await unpacked(pipeline, self.work, self.artifact)
        await self._tasks("NodeBinariesModule", ("Download installation binaries",), [LOCAL])
        await configured(pipeline, self.machines, nodes)
        await self._tasks("KubernetesStatusModule", ("Get kubernetes cluster status",), config.names("control-plane"))
        await self._tasks("InstallContainerModule", _RUNTIME, nodes)
        if self.artifact and self.push and config.cluster.registry.private_registry:
            await pushed(pipeline, self.work / "images", config.cluster)
        await pipeline.task("PullModule", "Start to pull images on all nodes", nodes, self._pull, tries=3)
        await self._kubernetes(nodes)
        await self._kubesphere()

    def _check_versions(self) -> None:
        wanted = self.config.cluster.kubernetes_version
        if wanted.removeprefix("v") not in {known.removeprefix("v") for known in versions.supported_kubernetes()}:
            self.pipeline.console.out(f"The Kubernetes version: {wanted} isn't supported.")
            self.pipeline.console.out("Use kk version --show-supported-k8s,show supported k8s versions")
            raise Stopped(1)
        if self.kubesphere and self.kubesphere not in versions.KUBESPHERE:
            self.pipeline.console.out(f"Unsupported KubeSphere version: {self.kubesphere}")
            raise Stopped(1)

    async def _kubernetes(self, nodes: list[str]) -> None:
        config = self.config
        etcd, masters = config.names("etcd"), config.names("control-plane")
        first, workers = masters[:1], config.names("worker")
        await self._tasks("ETCDPreCheckModule", ("Get etcd status",), etcd)
        for module, title in _ETCD:
            await self._tasks(module, (title,), masters if title.endswith("to master") else etcd)
        await self._tasks("InstallKubeBinariesModule", _BINARIES, nodes)
        await self._tasks("InitKubernetesModule", _JOIN, first)
        await self.pipeline.task(
            "InitKubernetesModule", "Init cluster using kubeadm", first, self._init, name="KubeadmInit", tries=3
        )
        await self._tasks("InitKubernetesModule", ("Copy admin.conf to ~/.kube/config", "Remove master taint"), first)
        await self._tasks("ClusterDNSModule", _DNS, first)
        await self._tasks("KubernetesStatusModule", ("Get kubernetes cluster status",), masters)
        await self._tasks("JoinNodesModule", (*_JOIN, "Join control-plane node"), masters, skip=first)
        await self._tasks("JoinNodesModule", ("Join worker node",), workers, skip=masters)
        await self._tasks("JoinNodesModule", ("Add worker label to all nodes",), first)
        await self._tasks("DeployNetworkPluginModule", ("Generate calico", "Deploy calico"), first)
        await self._tasks("ConfigureKubernetesModule", ("Configure kubernetes",), nodes)
        await self._tasks("ChownModule", ("Chown user $HOME/.kube dir",), nodes)
        for part in _RENEW:
            await self._tasks("AutoRenewCertsModule", (f"Generate k8s certs renew {part}",), masters)
        await self._tasks("AutoRenewCertsModule", ("Enable k8s certs renew service",), masters)
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
        await self._tasks(module, ("Generate KubeSphere ks-installer crd manifests",), first)
        await self.pipeline.task(module, "Apply ks-installer", first, apply)
        await self.pipeline.task("CheckResultModule", "Check ks-installer result", first, self._installed)

    async def _pull(self, host: str) -> str | None:
        """Every image kubeadm and Calico need is in the private registry; without one, nothing is asked."""
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

    async def _init(self, host: str) -> str | None:
        """kubeadm, played by the site. On a cluster that is there it changes nothing, as kk's does."""
        existed = self.site.cluster(self.config)["created"]
        self.site.created(self.config)
        return SKIPPED if existed else None

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

    async def _tasks(
        self, module: str, titles: tuple[str, ...], hosts: list[str], skip: list[str] | None = None
    ) -> None:
        async def told(host: str) -> str | None:
            return SKIPPED if host in (skip or ()) else None

        for title in titles:
            await self.pipeline.task(module, title, hosts, told)


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
