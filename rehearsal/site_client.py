"""A site as the process that started it holds it: started, asked, troubled, stopped."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any
from urllib.parse import quote

from fleetforge.rehearsal.faults import Fault
from fleetforge.rehearsal.site_description import SiteDescription
from fleetforge.rehearsal.site_request import asked

READY_SECONDS = 30.0
STOP_SECONDS = 10.0
_LONGEST_SOCKET_PATH = 107
"""Bytes; the kernel's sockaddr_un."""
_LAST_LINES = 10


class SiteFailed(Exception):
    """The site did not start; the text holds its last words."""


class Site:
    """A running site process. Also a context manager: the site is stopped at the end."""

    def __init__(self, description: SiteDescription, process: subprocess.Popen[bytes]) -> None:
        self.description = description
        self._process = process

    @classmethod
    def started(cls, description: SiteDescription, log: Path) -> Site:
        """Return when everything listens. Raises ``SiteFailed`` when it ended before, or after 30 s.

        ``log`` is appended to. The site ends by itself when this process does.
        """
        length = len(os.fsencode(description.socket))
        if length > _LONGEST_SOCKET_PATH:
            raise SiteFailed(f"{description.socket} is {length - _LONGEST_SOCKET_PATH} bytes too long for a socket")
        description.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        description.save(description.file)
        with log.open("ab") as output:
            process = _spawned(description.file, output)
        try:
            _await_ready(process, log)
        except BaseException:
            _ended(process)
            raise
        return cls(description, process)

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        """Ended, by force after 10 s. Safe to repeat."""
        _ended(self._process)

    def __enter__(self) -> Site:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def ask(self, method: str, target: str, body: object = None) -> Any:
        """Any request of the admin API (see site_api.py); raises ``SiteRefused`` and ``OSError``."""
        return asked(self.description.socket, method, target, body)

    # what goes wrong

    def add_fault(self, fault: Fault) -> None:
        self.ask("POST", "/faults", fault.to_json())

    def clear_faults(self) -> None:
        self.ask("DELETE", "/faults")

    def stop_host(self, name: str) -> None:
        """Nothing answers at the host's address any more; what it ran is ended."""
        self.ask("POST", f"/hosts/{quote(name)}/stop")

    def start_host(self, name: str) -> None:
        self.ask("POST", f"/hosts/{quote(name)}/start")

    def give_new_host_key(self, name: str) -> None:
        """As a reinstalled machine has; known_hosts is not told."""
        self.ask("POST", f"/hosts/{quote(name)}/new-host-key")

    def stop_api(self, cluster: str) -> None:
        self.ask("POST", f"/clusters/{cluster}/api/stop")

    def start_api(self, cluster: str) -> None:
        self.ask("POST", f"/clusters/{cluster}/api/start")

    def silence_node(self, cluster: str, node: str) -> None:
        """The node's kubelet is not heard any more: NotReady."""
        self.ask("POST", f"/clusters/{cluster}/nodes/{node}/silence")

    def wake_node(self, cluster: str, node: str) -> None:
        self.ask("POST", f"/clusters/{cluster}/nodes/{node}/wake")

    def stop_registry(self) -> None:
        self.ask("POST", "/registry/stop")

    def start_registry(self) -> None:
        self.ask("POST", "/registry/start")

    # what is there

    def cluster(self, name: str) -> dict[str, Any]:
        """created, running, nodes (names), installer (version, state)."""
        return dict(self.ask("GET", f"/clusters/{name}"))

    def created_cluster(
        self, name: str, kubesphere: str = "", cluster_configuration: dict[str, Any] | None = None
    ) -> str:
        """The kubeconfig of a cluster, created from the description's config as kk would."""
        config = next(one.config for one in self.description.clusters if one.name == name)
        body = {"config": config, "kubesphere": kubesphere, "cluster_configuration": cluster_configuration}
        return str(self.ask("POST", f"/clusters/{name}/create", body)["kubeconfig"])

    def images(self) -> list[str]:
        """Full references of what the registry holds."""
        return list(self.ask("GET", "/registry")["images"])


def _spawned(file: Path, output: IO[bytes]) -> subprocess.Popen[bytes]:
    """The site in a session of its own, so that Ctrl-C reaches it only through us."""
    command = [sys.executable, "-m", "fleetforge.rehearsal.site", "--until-stdin-closes", str(file)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=output, start_new_session=True)


def _await_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    assert process.stdout is not None
    deadline, said = time.monotonic() + READY_SECONDS, b""
    while b"ready\n" not in said:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
            raise SiteFailed(f"the site was not ready after {READY_SECONDS:g} s\n{_last_words(log)}")
        chunk = os.read(process.stdout.fileno(), 1024)
        if not chunk:
            raise SiteFailed(f"the site ended before it was ready\n{_last_words(log)}")
        said += chunk


def _ended(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_SECONDS)
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()


def _last_words(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LAST_LINES:])
