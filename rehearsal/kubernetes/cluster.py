"""One rehearsed cluster: objects, API server, controllers, and what kk and KubeSphere put into it.

What it does NOT do: keep anything on disk. Stopped, it keeps its objects in memory and continues with them when it is
started again, as a cluster whose API server was down.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import yaml

from fleetforge.rehearsal.kubernetes import kube_system
from fleetforge.rehearsal.kubernetes.admission import Admission
from fleetforge.rehearsal.kubernetes.api import ApiServer
from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.controllers import Controllers
from fleetforge.rehearsal.kubernetes.kubelet import Pulls
from fleetforge.rehearsal.kubernetes.kubesphere import KubeSphere
from fleetforge.rehearsal.kubernetes.logs import Logs
from fleetforge.rehearsal.kubernetes.nodes import node_of
from fleetforge.rehearsal.kubernetes.objects import Object
from fleetforge.rehearsal.kubernetes.pace import Pace
from fleetforge.rehearsal.kubernetes.store import Store
from fleetforge.rehearsal.kubernetes.system_images import SystemImages
from fleetforge.rehearsal.pki import Pki

if TYPE_CHECKING:
    from fleetforge.rehearsal.faults import Faults

_MASTER = "node-role.kubernetes.io/master"
_WORKER = "node-role.kubernetes.io/worker"


class KubernetesCluster:
    """A cluster ``name`` of Kubernetes ``version`` (``v1.22.17``), served at https://address:port."""

    def __init__(
        self,
        name: str,
        version: str,
        address: str,
        port: int,
        pki: Pki,
        faults: Faults,
        pulls: Pulls,
        *,
        pace: Pace | None = None,
    ) -> None:
        self.name, self.version = name, version
        self.address, self.port = address, port
        self._pki, self.pace = pki, pace or Pace()
        self.logs = Logs()
        self.store = Store(Admission(pki.ca_pem))
        self.api = ApiServer(name, version, address, port, pki=pki, faults=faults, store=self.store, logs=self.logs)
        self.controllers = Controllers(self.store, version, pki.ca_pem, pulls=pulls, logs=self.logs, pace=self.pace)
        self.images = SystemImages()
        self.kubesphere = KubeSphere(self)
        kube_system.seed(self.store)

    @property
    def endpoint(self) -> str:
        return f"https://{self.address}:{self.port}"

    @property
    def ca_pem(self) -> str:
        return self._pki.ca_pem

    async def start(self) -> None:
        await self.api.start()
        self.controllers.start()
        self.kubesphere.start()

    async def stop(self) -> None:
        await self.kubesphere.stop()
        await self.controllers.stop()
        await self.api.stop()

    def kubeconfig(self) -> str:
        """YAML with the embedded CA and a client certificate of group system:masters."""
        certificate, key = self._pki.client_certificate("kubernetes-admin", "system:masters")
        user = {"client-certificate-data": _base64(certificate), "client-key-data": _base64(key)}
        return self.kubeconfig_for("kubernetes-admin", user)

    def kubeconfig_for(self, user: str, credentials: Mapping[str, str]) -> str:
        """YAML for a user with these kubeconfig credentials (``token``, ``client-certificate-data``...)."""
        cluster = {"server": self.endpoint, "certificate-authority-data": _base64(self.ca_pem)}
        context = f"{user}@cluster.local"
        config: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "preferences": {}, "current-context": context}
        config["clusters"] = [{"name": "cluster.local", "cluster": cluster}]
        config["users"] = [{"name": user, "user": dict(credentials)}]
        config["contexts"] = [{"name": context, "context": {"cluster": "cluster.local", "user": user}}]
        return yaml.safe_dump(config, sort_keys=False)

    async def add_node(
        self,
        name: str,
        arch: str,
        internal_ip: str,
        control_plane: bool = False,
        labels: Mapping[str, str] | None = None,
        capacity: Mapping[str, str] | None = None,
    ) -> None:
        """Registers a node; it becomes Ready a moment later. A known name changes nothing.

        A control-plane node that is not labelled worker as well gets the NoSchedule taint. ``capacity`` adds to or
        replaces 16 cpu, 64 GiB, 110 pods, for example ``{"huawei.com/Ascend910": "8"}``.
        """
        nodes = Collection(self.store, "nodes")
        if nodes.find(name):
            return
        roles = self._roles(control_plane, labels or {})
        node = node_of(name, self.version, arch, internal_ip, {**roles, **(labels or {})}, capacity or {})
        if control_plane and _WORKER not in (labels or {}):
            node["spec"]["taints"].append({"key": next(iter(roles)), "effect": "NoSchedule"})
        self._register(node)

    def _roles(self, control_plane: bool, labels: Mapping[str, str]) -> dict[str, str]:
        if not control_plane:
            return {_WORKER: ""}
        old = int(self.version.split(".")[1]) < 24
        return {_MASTER: "", kube_system.CONTROL_PLANE: ""} if old else {kube_system.CONTROL_PLANE: ""}

    def _register(self, node: Object) -> None:
        nodes = Collection(self.store, "nodes")
        created = nodes.create(node)
        nodes.set_status(created, lambda status: status.update(node["status"]))
        if self.images.known:
            kube_system.add_static_pods(self.store, self.version, self.images, created)

    async def remove_node(self, name: str) -> None:
        """As ``kubectl delete node``: the node's Pods go with it. An unknown name changes nothing."""
        nodes = Collection(self.store, "nodes")
        if node := nodes.find(name):
            nodes.delete(node)

    def silence_node(self, name: str) -> None:
        """The machine no longer answers: the node turns NotReady (Unknown), its Pods not ready."""
        self.controllers.nodes.silence(name)

    def wake_node(self, name: str) -> None:
        self.controllers.nodes.wake(name)

    async def serve_system(self, images: Iterable[str]) -> None:
        """Runs what kk runs in kube-system, and KubeSphere later, with these images of the private registry.

        ``images`` are full references (``registry/project/name:tag``); given again, they replace the former ones.
        """
        self.images = SystemImages.among(images)
        kube_system.deploy(self.store, self.version, self.images)

    async def install_kubesphere(self, version: str, cluster_configuration: dict[str, Any] | None = None) -> None:
        """Applies the installer and its configuration (a whole ClusterConfiguration, only its spec, or the default).

        Returns as ``kubectl apply`` does, at once; the installer then runs by itself.
        """
        self.kubesphere.install(version, cluster_configuration)

    async def settled(self, seconds: float = 30.0) -> bool:
        """Whether every Pod is ready (or done) within ``seconds``; for tests and demonstrations."""
        pods = Collection(self.store, "pods")
        await asyncio.sleep(0)
        return await self.store.history.until(lambda: all(_is_fine(pod) for pod in pods.all()), seconds)


def _is_fine(pod: Object) -> bool:
    status = pod.get("status") or {}
    ready = [entry for entry in status.get("conditions") or [] if entry["type"] == "Ready"]
    return status.get("phase") == "Succeeded" or bool(ready and ready[0]["status"] == "True")


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
