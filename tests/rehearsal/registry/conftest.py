"""Servers for the registry tests: ours in a thread with its own event loop, Debian's docker-registry as a process."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from fleetforge.fleet.oci import ACCEPT, DOCKER_LIST, OCI_MANIFEST, digest_of
from fleetforge.rehearsal.faults import Faults
from fleetforge.rehearsal.images import TinyImage, tiny_image
from fleetforge.rehearsal.oci_layout import manifest_list
from fleetforge.rehearsal.pki import Pki
from fleetforge.rehearsal.registry import HarborServer, RegistryServer
from fleetforge.rehearsal.registry.client import Login

PASSWORD = "Harbor12345"
DEADLINE = 10.0


@dataclass
class Running:
    """A server that listens, with what a test needs to talk to it."""

    server: RegistryServer
    faults: Faults
    login: Login
    ca: Path | None = None
    repository: str = "kubesphereio/pause"
    harbor: bool = False
    stop: Callable[[], None] = field(default=lambda: None)

    @property
    def url(self) -> str:
        return self.server.url

    def session(self, user: str = "", password: str = "") -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self.ca) if self.ca else True
        session.auth = (user, password) if user else None
        return session

    def admin(self) -> requests.Session:
        return self.session("admin", PASSWORD)


@dataclass(frozen=True)
class Registry:
    """Any registry under the contract: ours, ours behind Harbor, or Debian's."""

    url: str
    session: requests.Session
    repository: str
    is_harbor: bool = False

    def at(self, path: str) -> str:
        return f"{self.url}/v2/{self.repository}/{path}"

    def upload(self, content: bytes) -> str:
        opened = self.session.post(self.at("blobs/uploads/"))
        digest = digest_of(content)
        location = requests.compat.urljoin(opened.url, opened.headers["Location"])
        closed = self.session.put(location, params={"digest": digest}, data=content)
        assert closed.status_code == 201, closed.text
        return digest

    def put(self, reference: str, content: bytes, media_type: str = OCI_MANIFEST) -> requests.Response:
        return self.session.put(self.at(f"manifests/{reference}"), data=content, headers={"Content-Type": media_type})

    def get(self, reference: str, accept: str = ACCEPT) -> requests.Response:
        return self.session.get(self.at(f"manifests/{reference}"), headers={"Accept": accept})

    def pushed(self, image: TinyImage, tag: str) -> TinyImage:
        for content in image.blobs.values():
            self.upload(content)
        assert self.put(tag, image.manifest).status_code == 201
        return image

    def pushed_list(self, tag: str, *images: TinyImage) -> bytes:
        content = manifest_list((OCI_MANIFEST, i.digest, len(i.manifest), i.arch) for i in images)
        assert self.put(tag, content, DOCKER_LIST).status_code == 201
        return content


def _in_thread(server: RegistryServer) -> Callable[[], None]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(DEADLINE)

    def stop() -> None:
        if loop.is_running():
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result(DEADLINE)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(DEADLINE)
            loop.close()

    return stop


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def start_harbor(tmp_path: Path, pki: Pki) -> Iterator[Callable[..., Running]]:
    """Starts Harbor on https; called twice in a test it starts another one on the same data."""
    stops: list[Callable[[], None]] = []
    certs = tmp_path / "certs"
    certs.mkdir()
    shutil.copy(pki.ca_path, certs / "ca.crt")

    def start(**options: Any) -> Running:
        faults, users = Faults(), {"admin": PASSWORD, "robot": "robot-password"}
        tls = pki.server_context("127.0.0.1")
        server = HarborServer("127.0.0.1", 0, tls, users, ["kubesphereio"], faults, tmp_path / "harbor", **options)
        stops.append(_in_thread(server))
        login = Login("admin", PASSWORD, certs_path=certs)
        return Running(server, faults, login, certs / "ca.crt", harbor=True, stop=stops[-1])

    yield start
    for stop in stops:
        stop()


@pytest.fixture
def harbor(start_harbor: Callable[..., Running]) -> Running:
    return start_harbor()


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Running]:
    faults = Faults()
    server = RegistryServer("127.0.0.1", 0, None, faults, tmp_path / "plain")
    stop = _in_thread(server)
    yield Running(server, faults, Login(plain_http=True), stop=stop)
    stop()


@pytest.fixture(scope="session")
def debian_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Debian's docker-registry on loopback, deletion allowed."""
    program = shutil.which("docker-registry")
    if program is None:
        pytest.skip("docker-registry is not installed: the contract runs against our servers only")
    folder = tmp_path_factory.mktemp("debian")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    config = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, "delete": {"enabled": True}},
        "http": {"addr": address},
    }
    (folder / "config.yml").write_text(json.dumps(config))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "serve", str(folder / "config.yml")], stdout=log, stderr=log)
    try:
        _wait_until_answering(f"http://{address}/v2/", process)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(DEADLINE)


def _wait_until_answering(url: str, process: subprocess.Popen[bytes]) -> None:
    started = time.monotonic()
    while time.monotonic() - started < DEADLINE and process.poll() is None:
        try:
            requests.get(url, timeout=1)
        except requests.ConnectionError:
            threading.Event().wait(0.05)
        else:
            return
    pytest.fail(f"docker-registry did not answer at {url} within {DEADLINE} s")


@pytest.fixture(params=["ours", "harbor", "debian"])
def registry(request: pytest.FixtureRequest) -> Registry:
    """Each registry the contract must hold for, with a repository of the test's own."""
    repository = f"kubesphereio/{request.node.originalname.replace('_', '-')}"
    if request.param == "debian":
        session = requests.Session()
        session.trust_env = False
        return Registry(request.getfixturevalue("debian_url"), session, repository)
    if request.param == "ours":
        running: Running = request.getfixturevalue("plain")
        return Registry(running.url, running.session(), repository)
    running = request.getfixturevalue("harbor")
    session = running.admin()
    session.cookies.set_policy(requests.cookies.cookielib.DefaultCookiePolicy(allowed_domains=[]))
    return Registry(running.url, session, repository, is_harbor=True)


@pytest.fixture
def harbor_registry(harbor: Running) -> Registry:
    """The running Harbor as a place to push to."""
    session = harbor.admin()
    session.cookies.set_policy(requests.cookies.cookielib.DefaultCookiePolicy(allowed_domains=[]))
    return Registry(harbor.url, session, harbor.repository, is_harbor=True)


@pytest.fixture
def amd64() -> TinyImage:
    return tiny_image("docker.io/kubesphereio/pause:3.5", "amd64")


@pytest.fixture
def arm64() -> TinyImage:
    return tiny_image("docker.io/kubesphereio/pause:3.5", "arm64")
