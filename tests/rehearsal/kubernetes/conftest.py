"""Rehearsed clusters on loopback, each asked through the official Python client."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
import yaml
from kubernetes import client, config

from fleetforge.rehearsal.faults import Faults
from fleetforge.rehearsal.kubernetes import KubernetesCluster, Pace
from fleetforge.rehearsal.pki import Pki

T = TypeVar("T")
QUICK = Pace(transition=0.01, pull_backoff=0.05, job=0.02, install_step=0.01, install_wait=2.0, resync=0.2)


@dataclass
class Images:
    """What the registry lacks: ``missing`` holds image references that cannot be pulled."""

    missing: set[str] = field(default_factory=set)

    def __call__(self, image: str, arch: str) -> bool:
        return image not in self.missing and f"{image}@{arch}" not in self.missing


class Rehearsed:
    """A running cluster, and the clients of its administrator."""

    def __init__(self, cluster: KubernetesCluster, loop: asyncio.AbstractEventLoop, images: Images, faults: Faults):
        self.cluster, self.images, self.faults = cluster, images, faults
        self._loop = loop
        self.api = self.client(cluster.kubeconfig())
        self.core = client.CoreV1Api(self.api)
        self.apps = client.AppsV1Api(self.api)
        self.custom = client.CustomObjectsApi(self.api)

    @staticmethod
    def client(kubeconfig: str) -> client.ApiClient:
        settings = client.Configuration()
        config.load_kube_config_from_dict(yaml.safe_load(kubeconfig), client_configuration=settings)
        settings.retries = False
        return client.ApiClient(settings)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def call(self, work: Callable[..., T], *arguments: Any) -> T:
        """Calls something synchronous inside the cluster's event loop."""

        async def inside() -> T:
            return work(*arguments)

        return self.run(inside())

    def node(self, name: str, arch: str = "amd64", control_plane: bool = False, **labels: str) -> None:
        self.run(self.cluster.add_node(name, arch, f"10.0.0.{len(name)}", control_plane, labels))
        self.until(lambda: self.ready(name) == "True")

    def ready(self, node: str) -> str:
        conditions = self.core.read_node(node).status.conditions
        return str(next(found.status for found in conditions if found.type == "Ready"))

    def deploy(self, name: str = "web", replicas: int = 2, image: str = "nginx:1", namespace: str = "default") -> None:
        self.apps.create_namespaced_deployment(namespace, deployment(name, replicas, image))

    def pods(self, selector: str = "app=web", namespace: str = "default") -> list[Any]:
        return list(self.core.list_namespaced_pod(namespace, label_selector=selector).items)

    def running(self, selector: str = "app=web") -> list[Any]:
        return [
            pod for pod in self.pods(selector) if pod.status.phase == "Running" and not pod.metadata.deletion_timestamp
        ]

    def until(self, holds: Callable[[], object], seconds: float = 8.0) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, f"not within {seconds} s"
            time.sleep(0.01)


def deployment(name: str, replicas: int, image: str) -> dict[str, Any]:
    container = {"name": "main", "image": image, "env": [{"name": "A", "value": "1"}]}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


@pytest.fixture(scope="session")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    found = asyncio.new_event_loop()
    thread = threading.Thread(target=found.run_forever, daemon=True)
    thread.start()
    yield found
    found.call_soon_threadsafe(found.stop)
    thread.join(5)
    found.close()


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def clusters(loop: asyncio.AbstractEventLoop, pki: Pki) -> Iterator[Callable[..., Rehearsed]]:
    """Makes and starts clusters (``name``, ``version``, ``pace``); they are stopped after the test."""
    started: list[Rehearsed] = []

    def make(name: str = "one", version: str = "v1.22.17", pace: Pace = QUICK) -> Rehearsed:
        images, faults = Images(), Faults()

        async def start() -> KubernetesCluster:
            cluster = KubernetesCluster(name, version, "127.0.0.1", _free_port(), pki, faults, images, pace=pace)
            await cluster.start()
            return cluster

        cluster = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
        started.append(Rehearsed(cluster, loop, images, faults))
        return started[-1]

    yield make
    for rehearsed in started:
        rehearsed.run(rehearsed.cluster.stop())
        rehearsed.api.close()


@pytest.fixture
def one(clusters: Callable[..., Rehearsed]) -> Rehearsed:
    """A cluster with two workers of different architecture."""
    made = clusters()
    made.node("amd", "amd64")
    made.node("arm-node", "arm64")
    return made


@pytest.fixture
def bare(clusters: Callable[..., Rehearsed]) -> Rehearsed:
    """A cluster without nodes."""
    return clusters()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
