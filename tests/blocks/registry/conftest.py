"""A rehearsed Harbor on https and a bare registry on http, in a thread with its own event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fleetforge.blocks.harbor import Harbor
from fleetforge.blocks.http import Http
from fleetforge.blocks.registry import Registry
from fleetforge.fleet.oci import DOCKER_LIST, OCI_MANIFEST
from fleetforge.rehearsal.faults import Fault, Faults
from fleetforge.rehearsal.images import TinyImage, tiny_image
from fleetforge.rehearsal.oci_layout import manifest_list
from fleetforge.rehearsal.pki import Pki
from fleetforge.rehearsal.registry import HarborServer, RegistryServer
from fleetforge.rehearsal.registry.client import Login, RegistryClient

PASSWORD = "Harbor12345"
DEADLINE = 10.0


@dataclass
class Served:
    """A server that listens, the faults it will take, and the adapters that talk to it."""

    server: RegistryServer
    faults: Faults
    loop: asyncio.AbstractEventLoop
    ca: Path | None = None

    def harbor(self, password: str = PASSWORD, user: str = "admin", ca: str | None = None) -> Harbor:
        trusted = ca or (str(self.ca) if self.ca else None)
        return Harbor(Http(self.server.url, area="HBR", ca=trusted, auth=(user, password)))

    def registry(self, password: str | None = PASSWORD, ca: str | None = None) -> Registry:
        http = Http(self.server.url, ca=ca or (str(self.ca) if self.ca else None))
        return Registry(http, "admin" if password else None, password)

    def fails(self, target: str, match: str, status: int, times: int = 1) -> None:
        self.faults.add(Fault(target, match=match, status=status, times=times))

    def push(self, repository: str, tag: str, *images: TinyImage) -> None:
        """The images under one tag, as a list when there are several."""
        login = Login("admin", PASSWORD, certs_path=self.ca.parent) if self.ca else Login(plain_http=True)
        client = RegistryClient(self.server.host, login)
        client.ping()
        for image in images:
            for digest, content in image.blobs.items():
                client.upload_blob(repository, digest, content)
            client.put_manifest(repository, image.digest, OCI_MANIFEST, image.manifest)
        if len(images) == 1:
            client.put_manifest(repository, tag, OCI_MANIFEST, images[0].manifest)
        else:
            members = ((OCI_MANIFEST, i.digest, len(i.manifest), i.arch) for i in images)
            client.put_manifest(repository, tag, DOCKER_LIST, manifest_list(members))
        client.close()

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self.server.stop(), self.loop).result(DEADLINE)


@pytest.fixture(scope="session")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    found = asyncio.new_event_loop()
    thread = threading.Thread(target=found.run_forever, daemon=True)
    thread.start()
    yield found
    found.call_soon_threadsafe(found.stop)
    thread.join(DEADLINE)
    found.close()


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def start_harbor(tmp_path: Path, pki: Pki, loop: asyncio.AbstractEventLoop) -> Iterator[Callable[..., Served]]:
    """Starts Harbor; ``names`` are those of its certificate."""
    started: list[Served] = []

    def start(names: tuple[str, ...] = ("127.0.0.1",), token_seconds: int = 1800) -> Served:
        faults, folder = Faults(), tmp_path / f"harbor{len(started)}"
        server = HarborServer(
            "127.0.0.1",
            0,
            pki.server_context(*names),
            {"admin": PASSWORD, "guest": "Guest12345"},
            ["kubesphereio"],
            faults,
            folder,
            token_seconds=token_seconds,
        )
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(DEADLINE)
        started.append(Served(server, faults, loop, pki.ca_path))
        return started[-1]

    yield start
    for served in started:
        served.stop()


@pytest.fixture
def harbor(start_harbor: Callable[..., Served]) -> Served:
    return start_harbor()


@pytest.fixture
def plain(tmp_path: Path, loop: asyncio.AbstractEventLoop) -> Iterator[Served]:
    faults = Faults()
    server = RegistryServer("127.0.0.1", 0, None, faults, tmp_path / "plain")
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(DEADLINE)
    served = Served(server, faults, loop)
    yield served
    served.stop()


@pytest.fixture
def amd64() -> TinyImage:
    return tiny_image("docker.io/kubesphereio/pause:3.5", "amd64")


@pytest.fixture
def arm64() -> TinyImage:
    return tiny_image("docker.io/kubesphereio/pause:3.5", "arm64")
