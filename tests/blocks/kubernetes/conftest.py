"""Rehearsed clusters on loopback, in a thread with its own event loop, each behind the adapter under test."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import pytest
import yaml

from fleetforge.blocks.kube import Kube
from fleetforge.blocks.kubesphere import KubeSphere
from fleetforge.rehearsal.faults import Fault, Faults
from fleetforge.rehearsal.kubernetes import KubernetesCluster, Pace
from fleetforge.rehearsal.pki import Pki

T = TypeVar("T")
QUICK = Pace(
    transition=0.01,
    pull_backoff=0.05,
    job=0.02,
    install_step=0.01,
    install_wait=1.0,
    resync=0.2,
    health=0.2,
    drift=0.05,
    request=1.0,
)
VERSION = "v3.4.1"


@dataclass
class Images:
    """Parts of image names that cannot be pulled."""

    missing: set[str] = field(default_factory=set)

    def __call__(self, image: str, arch: str) -> bool:
        return not any(part in image for part in self.missing)


@dataclass
class Rehearsed:
    """A running cluster with its faults, its images, and the adapters that talk to it."""

    cluster: KubernetesCluster
    loop: asyncio.AbstractEventLoop
    images: Images
    faults: Faults
    opened: list[Kube] = field(default_factory=list)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def kube(self, kubeconfig: str | None = None) -> Kube:
        self.opened.append(Kube(kubeconfig or self.cluster.kubeconfig(), name=self.cluster.name))
        return self.opened[-1]

    def kubesphere(self) -> KubeSphere:
        return KubeSphere(self.kube())

    def kubeconfig(self, **changes: Any) -> str:
        """The administrator's kubeconfig with keys of its cluster entry replaced."""
        held = yaml.safe_load(self.cluster.kubeconfig())
        held["clusters"][0]["cluster"] |= changes
        return yaml.safe_dump(held)

    def fails(self, match: str, status: int, times: int = 1, text: str = "") -> None:
        self.faults.add(Fault(f"kube:{self.cluster.name}", match=match, status=status, times=times, text=text))

    def stop(self) -> None:
        self.run(self.cluster.stop())

    def start(self) -> None:
        self.run(self.cluster.start())

    def install_kubesphere(self, **spec: Any) -> None:
        """As kk does: the installer and its configuration applied; the installer then runs by itself."""
        self.run(self.cluster.install_kubesphere(VERSION, {"spec": spec} if spec else None))

    def with_kubesphere(self, seconds: float = 20.0) -> Rehearsed:
        self.install_kubesphere()
        self.kubesphere().await_installed(seconds)
        return self


@pytest.fixture(scope="session")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    found = asyncio.new_event_loop()
    thread = threading.Thread(target=found.run_forever, daemon=True)
    thread.start()
    yield found
    found.call_soon_threadsafe(found.stop)
    thread.join(5)
    found.close()


@pytest.fixture
def start_cluster(
    loop: asyncio.AbstractEventLoop, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Rehearsed]]:
    """Starts a cluster with one node, each with a CA of its own."""
    started: list[Rehearsed] = []

    def start(name: str = "one", **pace: float) -> Rehearsed:
        images, faults, pki = Images(), Faults(), Pki(tmp_path_factory.mktemp(f"pki-{name}"))
        quick = replace(QUICK, **pace)

        async def begun() -> KubernetesCluster:
            cluster = KubernetesCluster(name, "v1.22.17", "127.0.0.1", _free_port(), pki, faults, images, pace=quick)
            await cluster.start()
            await cluster.add_node("node1", "amd64", "10.0.0.1", True, {"node-role.kubernetes.io/worker": ""})
            await cluster.serve_system(["registry.local/kubesphereio/pause:3.5"])
            return cluster

        cluster = asyncio.run_coroutine_threadsafe(begun(), loop).result(10)
        started.append(Rehearsed(cluster, loop, images, faults))
        return started[-1]

    yield start
    for rehearsed in started:
        for kube in rehearsed.opened:
            kube.close()
        rehearsed.stop()


@pytest.fixture
def one(start_cluster: Callable[..., Rehearsed]) -> Rehearsed:
    return start_cluster()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
