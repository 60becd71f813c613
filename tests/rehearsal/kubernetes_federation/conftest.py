"""A host cluster and its members on loopback, each with KubeSphere, asked through the official Python client."""

from __future__ import annotations

import asyncio
import base64
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest
import yaml
from kubernetes import client, config

from fleetforge.rehearsal.faults import Faults
from fleetforge.rehearsal.kubernetes import KubernetesCluster, Pace
from fleetforge.rehearsal.kubernetes.configuration import default_spec
from fleetforge.rehearsal.pki import Pki

T = TypeVar("T")
JsonObject = dict[str, Any]
QUICK = Pace(
    transition=0.01, install_step=0.01, install_wait=5.0, resync=0.2, health=0.2, drift=0.05, request=1.0, job=0.02
)
CLUSTERS = ("cluster.kubesphere.io", "v1alpha1", "clusters")
KUBEFED_CLUSTERS = ("core.kubefed.io", "v1beta1", "kube-federation-system", "kubefedclusters")


class Running:
    """A running cluster and its administrator's clients."""

    def __init__(self, cluster: KubernetesCluster, loop: asyncio.AbstractEventLoop, faults: Faults) -> None:
        self.cluster, self.faults, self._loop = cluster, faults, loop
        settings = client.Configuration()
        config.load_kube_config_from_dict(yaml.safe_load(cluster.kubeconfig()), client_configuration=settings)
        settings.retries = False
        self.api = client.ApiClient(settings)
        self.core, self.apps = client.CoreV1Api(self.api), client.AppsV1Api(self.api)
        self.custom = client.CustomObjectsApi(self.api)

    @property
    def name(self) -> str:
        return self.cluster.name

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def until(self, holds: Callable[[], T], seconds: float = 8.0) -> T:
        """What ``holds`` gives once it is truthy; an object that is not there yet is no error."""
        deadline = time.monotonic() + seconds
        while True:
            found = _or_nothing(holds)
            if found:
                return found
            assert time.monotonic() < deadline, f"not within {seconds} s"
            time.sleep(0.02)

    def kubesphere(self, role: str, jwt_secret: str = "") -> None:
        spec = default_spec()
        spec["multicluster"] = {"clusterRole": role, "hostClusterName": "host"} if role == "host" else {}
        spec["multicluster"]["clusterRole"] = role
        spec["authentication"]["jwtSecret"] = jwt_secret
        self.run(self.cluster.install_kubesphere("v3.4.1", spec))

    def is_installed(self) -> bool:
        found = self.custom.get_namespaced_custom_object(
            "installer.kubesphere.io", "v1alpha1", "kubesphere-system", "clusterconfigurations", "ks-installer"
        )
        return bool(found["status"]["core"].get("version"))

    def import_cluster(self, member: Running, **labels: str) -> None:
        self.custom.create_cluster_custom_object(
            *CLUSTERS, cluster_object(member.name, member.cluster.kubeconfig(), labels)
        )

    def member(self, name: str) -> JsonObject:
        return dict(self.custom.get_cluster_custom_object(*CLUSTERS, name))

    def joined(self, name: str) -> JsonObject:
        return dict(self.custom.get_namespaced_custom_object(*KUBEFED_CLUSTERS, name))

    def federate(self, kind: str, namespace: str, name: str, spec: JsonObject) -> None:
        item = {"apiVersion": "types.kubefed.io/v1beta1", "kind": f"Federated{kind}", "spec": spec}
        item["metadata"] = {"name": name, "namespace": namespace}
        self.custom.create_namespaced_custom_object(*federated(kind, namespace), item)

    def federated(self, kind: str, namespace: str, name: str) -> JsonObject:
        return dict(self.custom.get_namespaced_custom_object(*federated(kind, namespace), name))

    def edit(self, kind: str, namespace: str, name: str, patch: JsonObject) -> None:
        self.custom.patch_namespaced_custom_object(*federated(kind, namespace), name, patch)

    def unfederate(self, kind: str, namespace: str, name: str) -> None:
        self.custom.delete_namespaced_custom_object(*federated(kind, namespace), name)

    def namespace(self, name: str, *places: str) -> None:
        """A namespace, federated into ``places`` (none: not federated)."""
        self.core.create_namespace({"metadata": {"name": name}})
        if places:
            self.federate("Namespace", name, name, {"placement": placement(*places)})

    def propagation(self, kind: str, namespace: str, name: str) -> tuple[str, str, dict[str, str]]:
        """Status, reason and clusters of the Propagation condition, once it speaks of the present spec."""

        def current() -> JsonObject | None:
            item = self.federated(kind, namespace, name)
            is_current = (item.get("status") or {}).get("observedGeneration") == item["metadata"]["generation"]
            return item["status"] if is_current else None

        status = self.until(current)
        assert status is not None
        condition = next(one for one in status["conditions"] if one["type"] == "Propagation")
        clusters = {one["name"]: one.get("status", "OK") for one in status.get("clusters", [])}
        return condition["status"], condition.get("reason", ""), clusters


def _or_nothing(holds: Callable[[], T]) -> T | None:
    try:
        return holds()
    except client.ApiException as refusal:
        if refusal.status != 404:
            raise
    except KeyError:
        pass
    return None


def federated(kind: str, namespace: str) -> tuple[str, str, str, str]:
    return "types.kubefed.io", "v1beta1", namespace, f"federated{kind.lower()}s"


def placement(*clusters: str) -> JsonObject:
    return {"clusters": [{"name": name} for name in clusters]}


def cluster_object(name: str, kubeconfig: str, labels: dict[str, str] | None = None) -> JsonObject:
    connection = {"type": "direct", "kubeconfig": base64.b64encode(kubeconfig.encode()).decode()}
    spec = {"joinFederation": True, "enable": True, "provider": "", "connection": connection}
    item = {"apiVersion": "cluster.kubesphere.io/v1alpha1", "kind": "Cluster", "spec": spec}
    return {**item, "metadata": {"name": name, "labels": labels or {}}}


class Site:
    """Starts clusters; ``host`` is the first of them."""

    def __init__(self, loop: asyncio.AbstractEventLoop, pki: Pki) -> None:
        self._loop, self._pki = loop, pki
        self.running: dict[str, Running] = {}
        self.jwt_secret = "the-secret-of-this-fleet-only"

    def __getitem__(self, name: str) -> Running:
        return self.running[name]

    @property
    def host(self) -> Running:
        return self.running["host"]

    def cluster(self, name: str, version: str = "v1.22.17", pki: Pki | None = None) -> Running:
        """A started cluster with one node and no KubeSphere."""
        faults = Faults()

        async def start() -> KubernetesCluster:
            made = KubernetesCluster(
                name, version, "127.0.0.1", _free_port(), pki or self._pki, faults, lambda *_: True, pace=QUICK
            )
            await made.start()
            await made.add_node(f"{name}-1", "amd64", "10.0.0.1")
            return made

        cluster = asyncio.run_coroutine_threadsafe(start(), self._loop).result(10)
        self.running[name] = Running(cluster, self._loop, faults)
        return self.running[name]

    def installed(self, name: str, role: str, version: str = "v1.22.17", jwt_secret: str = "") -> Running:
        cluster = self.cluster(name, version)
        cluster.kubesphere(role, jwt_secret or self.jwt_secret)
        return cluster

    def stop(self) -> None:
        for running in self.running.values():
            running.run(running.cluster.stop())
            running.api.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """``host``, and two members: ``old`` (1.22.17, region east) and ``new`` (1.34.4, region west)."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    made = Site(loop, Pki(tmp_path_factory.mktemp("pki")))
    made.installed("host", "host")
    members = [made.installed("old", "member"), made.installed("new", "member", "v1.34.4")]
    for running in made.running.values():
        running.until(running.is_installed, 15)
    for member, region in zip(members, ("east", "west"), strict=True):
        made.host.until(lambda: made.host.member("host"))
        made.host.import_cluster(member, region=region)
    for name in ("host", "old", "new"):
        made.host.until(lambda name=name: is_true(made.host.joined(name), "Ready"))  # type: ignore[misc]
    yield made
    made.stop()
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()


@pytest.fixture
def host(site: Site) -> Running:
    return site.host


@pytest.fixture(scope="session")
def objects() -> Any:
    """The shapes of what tests send: ``placement``, ``cluster``, ``deployment``."""

    class Shapes:
        placement = staticmethod(placement)
        cluster = staticmethod(cluster_object)

        @staticmethod
        def deployment(name: str = "web", replicas: int = 2, image: str = "nginx:1.20") -> JsonObject:
            template = {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "main", "image": image}]},
            }
            spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
            return {"metadata": {"labels": {"app": name}}, "spec": spec}

        @staticmethod
        def condition(item: JsonObject, kind: str) -> JsonObject | None:
            return condition(item, kind)

    return Shapes


def condition(item: JsonObject, kind: str) -> JsonObject | None:
    entries = (item.get("status") or {}).get("conditions") or []
    return next((dict(one) for one in entries if one["type"] == kind), None)


def is_true(item: JsonObject, kind: str) -> bool:
    return (condition(item, kind) or {}).get("status") == "True"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
