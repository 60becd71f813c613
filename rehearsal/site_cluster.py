"""One cluster of a site: nothing until kk creates it, then an API server with the nodes of kk's config."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import yaml

from fleetforge.fleet.kk_cluster import ClusterConfig, Host, read_cluster
from fleetforge.rehearsal.host_root import HostRoot
from fleetforge.rehearsal.kubernetes import KubernetesCluster, Pace
from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.logs import Wish
from fleetforge.rehearsal.kubernetes.objects import name_of

WORKER = "node-role.kubernetes.io/worker"
ADMIN_FILES = ("/etc/kubernetes/admin.conf", "/root/.kube/config")
"""Where kubeadm and kk leave the kubeconfig on control-plane hosts."""

_SAID = {
    "PLAY [localhost]": "running",
    "Collecting installation results": "running",
    "Welcome to KubeSphere!": "finished",
    "failed=1": "failed",
    "' failed:": "failed",
    "Traceback": "failed",
}
"""What the installer's log says, and what that means when nothing else was said after it."""

_UNIT_PACE = 0.02
"""The site's pace at which the Kubernetes stand-in's own values hold."""
_SCALED = ("transition", "pull_backoff", "job", "install_step", "resync", "health", "drift")
_SHORTEST = 0.005
"""Seconds; a loop without any delay would starve everything else."""


@dataclass(frozen=True, slots=True)
class NewNode:
    """A machine that joins: the admin API's form of it."""

    name: str
    arch: str
    internal_ip: str
    control_plane: bool = False
    labels: Mapping[str, str] | None = None


class NotCreated(Exception):
    """The cluster is not there (yet)."""


def pace_of(site_pace: float) -> Pace:
    """The stand-in's delays for the site's pace; its limits on waiting only grow."""
    factor, usual = site_pace / _UNIT_PACE, Pace()
    scaled = {name: max(getattr(usual, name) * factor, _SHORTEST) for name in _SCALED}
    return replace(usual, **scaled, install_wait=usual.install_wait * max(1.0, factor))


class SiteCluster:
    """``new`` makes an empty cluster, ``images`` gives what the private registry holds, ``hosts`` are by hostname."""

    def __init__(
        self, new: Callable[[], KubernetesCluster], images: Callable[[], list[str]], hosts: Mapping[str, HostRoot]
    ) -> None:
        self.is_up = False
        self._new, self._images, self._hosts = new, images, hosts
        self._cluster: KubernetesCluster | None = None
        self._turn = asyncio.Lock()

    @property
    def kubernetes(self) -> KubernetesCluster:
        """Raises ``NotCreated``."""
        if self._cluster is None:
            raise NotCreated
        return self._cluster

    async def create(self, text: str, kubesphere: str, configuration: dict[str, Any] | None) -> str:
        """As ``kk create cluster``: joins what is missing, installs what is missing. Returns the kubeconfig.

        Raises ValueError for a config that cannot be read, OSError when the API's address is taken.
        """
        config = _config(text)
        async with self._turn:
            self._cluster = self._cluster or self._new()
            await self._started()
            for node in _nodes(config):
                await self._joined(node)
            await self._cluster.serve_system(self._images() or [_composed(config)])
            if kubesphere and not self._cluster.kubesphere.version:
                await self._cluster.install_kubesphere(kubesphere, configuration)
            return self._cluster.kubeconfig()

    async def join(self, node: NewNode) -> None:
        """As ``kubeadm join``; raises ``NotCreated``."""
        async with self._turn:
            await self._joined(node)

    async def remove(self, name: str) -> None:
        """As ``kk delete node``; raises ``NotCreated``, KeyError for a node it does not have."""
        async with self._turn:
            if name not in self.node_names:
                raise KeyError(name)
            await self.kubernetes.remove_node(name)
            self._reset(name)

    async def delete(self) -> None:
        """As ``kk delete cluster``: nothing is left of it, also on the hosts. Safe to repeat."""
        async with self._turn:
            names = self.node_names if self._cluster else []
            await self._stopped()
            self._cluster = None
            for name in names:
                self._reset(name)

    async def start(self) -> None:
        """The API answers again; raises ``NotCreated``."""
        async with self._turn:
            await self._started()

    async def stop(self) -> None:
        """Nothing answers at the API's address any more; the objects stay."""
        async with self._turn:
            await self._stopped()

    @property
    def node_names(self) -> list[str]:
        return [name_of(node) for node in Collection(self.kubernetes.store, "nodes").all()]

    async def state(self) -> dict[str, Any]:
        """The admin API's view: created, running, node names, what its KubeSphere installer has come to."""
        if self._cluster is None:
            return {"created": False, "running": False, "nodes": [], "installer": {"version": "", "state": "absent"}}
        return {"created": True, "running": self.is_up, "nodes": self.node_names, "installer": await self._installer()}

    async def _installer(self) -> dict[str, str]:
        """Version and state: absent, waiting (for its Pod), running, finished or failed."""
        cluster = self.kubernetes
        version = cluster.kubesphere.version
        pods = Collection(cluster.store, "pods").matching({"app": "ks-installer"}, "kubesphere-system")
        text = "".join([line for pod in pods async for line in cluster.logs.of(pod["metadata"]["uid"]).read(Wish())])
        last = max(_SAID, key=lambda words: text.rfind(words))
        said = _SAID[last] if last in text else "waiting"
        return {"version": version, "state": said if version else "absent"}

    async def _started(self) -> None:
        if not self.is_up:
            await self.kubernetes.start()
            self.is_up = True

    async def _stopped(self) -> None:
        if self.is_up:
            self.is_up = False
            await self.kubernetes.stop()

    async def _joined(self, node: NewNode) -> None:
        cluster = self.kubernetes
        await cluster.add_node(node.name, node.arch, node.internal_ip, node.control_plane, dict(node.labels or {}))
        if node.control_plane and node.name in self._hosts:
            for path in ADMIN_FILES:
                self._hosts[node.name].written(path, cluster.kubeconfig())

    def _reset(self, name: str) -> None:
        """What ``kubeadm reset`` and kk remove from a host."""
        if host := self._hosts.get(name):
            for path in ("/etc/kubernetes", "/root/.kube", "/var/lib/etcd", "/var/lib/kubelet"):
                shutil.rmtree(host.path(path), ignore_errors=True)


def _config(text: str) -> ClusterConfig:
    try:
        documents = [found for found in yaml.safe_load_all(text) if found is not None]
    except yaml.YAMLError as error:
        raise ValueError(f"the config is not YAML: {error}") from error
    config, findings = read_cluster(documents, "config")
    if config is None:
        raise ValueError("; ".join(finding.what for finding in findings if not finding.is_warning))
    if not config.nodes:
        raise ValueError("the config's role groups name none of its hosts")
    return config


def _nodes(config: ClusterConfig) -> list[NewNode]:
    masters = {host.name for host in config.hosts_in("control-plane")}
    workers = {host.name for host in config.hosts_in("worker")}
    nodes = [_node(host, host.name in masters, host.name in workers) for host in config.nodes]
    return sorted(nodes, key=lambda node: not node.control_plane)


def _node(host: Host, is_master: bool, is_worker: bool) -> NewNode:
    """kk labels workers, and every host with the config's labels."""
    labels = dict(host.labels) | ({WORKER: ""} if is_worker else {})
    return NewNode(host.name, host.arch, host.node_address, is_master, labels)


def _composed(config: ClusterConfig) -> str:
    """An image name that says which registry and namespace kk composes names with."""
    block = config.registry
    return f"{block.private_registry or 'docker.io'}/{block.namespace_override or 'kubesphere'}/pause:3.5"
