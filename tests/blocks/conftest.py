"""Real SSH servers on loopback: OpenSSH's sshd with keys, an asyncssh server with passwords."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest

from fleetforge.blocks.connection import Connection, LocalConnection
from fleetforge.blocks.ssh import SshConnection
from fleetforge.blocks.ssh_host_keys import HostKeyCheck
from fleetforge.blocks.ssh_login import SshTarget
from fleetforge.fleet.spec import HostKeyPolicy

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int, seconds: float = 10) -> None:
    """Returns once something listens on the port."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"nothing listens on port {port} after {seconds} s")


def made_key(path: Path, kind: str = "ed25519") -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(path)], check=True)
    return path


@dataclass
class Sshd:
    """A real sshd that takes one key; ``restart`` brings it back on the same port, with another host key if asked."""

    directory: Path
    port: int
    user: str
    key: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def host_key(self) -> str:
        return (self.directory / "host.pub").read_text()

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        config = self.directory / "sshd_config"
        config.write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.directory}/host\nPidFile none\nUsePAM no\n"
            f"AuthorizedKeysFile {self.key}.pub\nPasswordAuthentication no\nPermitRootLogin yes\nStrictModes no\n"
            "Subsystem sftp internal-sftp\nMaxStartups 100\nMaxSessions 100\n"
        )
        self.process = subprocess.Popen(
            [SSHD, "-D", "-e", "-f", str(config)], stderr=(self.directory / "log").open("ab"), start_new_session=True
        )
        answers(self.port)

    def stop(self) -> None:
        """The listener and every session it serves are gone."""
        if self.process is None:
            return
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        self.process.terminate()
        self.process.wait(10)
        for child in children:
            try:
                os.kill(int(child), signal.SIGTERM)
            except ProcessLookupError:
                continue
        self.process = None

    def restart(self, new_host_key: bool = False) -> None:
        self.stop()
        if new_host_key:
            (self.directory / "host").unlink()
            (self.directory / "host.pub").unlink()
            made_key(self.directory / "host")
        self.start()

    def target(self, **changes: object) -> SshTarget:
        fields: dict[str, object] = {
            "address": "127.0.0.1",
            "port": self.port,
            "user": self.user,
            "private_key_path": self.key,
            "host_key": HostKeyCheck(pinned=self.host_key),
            "timeout": 10.0,
        }
        return SshTarget(**{**fields, **changes})  # type: ignore[arg-type]


def started_sshd(directory: Path) -> Sshd:
    if not Path(SSHD).exists() or not shutil.which("ssh-keygen"):
        pytest.skip("no OpenSSH server on this machine")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    user = subprocess.run(["id", "-un"], check=True, capture_output=True, text=True).stdout.strip()
    made_key(directory / "host")
    server = Sshd(directory, free_port(), user, made_key(directory / "key"))
    server.start()
    return server


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """One sshd for all tests that leave it alone."""
    server = started_sshd(tmp_path_factory.mktemp("sshd"))
    yield server
    server.stop()


@pytest.fixture
def own_sshd(tmp_path: Path) -> Iterator[Sshd]:
    """An sshd the test may stop and start."""
    directory = tmp_path / "own-sshd"
    directory.mkdir()
    server = started_sshd(directory)
    yield server
    server.stop()


@dataclass
class PasswordHost:
    port: int
    user: str = "operator"
    password: str = "correct horse"

    def target(self, **changes: object) -> SshTarget:
        fields: dict[str, object] = {
            "address": "127.0.0.1",
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "host_key": HostKeyCheck(HostKeyPolicy.IGNORE),
            "timeout": 10.0,
        }
        return SshTarget(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def password_host() -> Iterator[PasswordHost]:
    """An asyncssh server on a thread; commands run in a real shell."""
    host = PasswordHost(free_port())
    loop = asyncio.new_event_loop()

    class Server(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return True

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == (host.user, host.password)

    async def copied(source: asyncio.StreamReader, sink: asyncssh.SSHWriter[bytes]) -> None:
        while chunk := await source.read(65536):
            sink.write(chunk)

    async def fed(source: asyncssh.SSHReader[bytes], sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await source.read(65536):
                sink.write(chunk)
                await sink.drain()
        sink.close()

    async def serve(process: asyncssh.SSHServerProcess[bytes]) -> None:
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", process.command or "exit 1", stdin=pipe, stdout=pipe, stderr=pipe
        )
        assert child.stdin and child.stdout and child.stderr
        feeding = asyncio.create_task(fed(process.stdin, child.stdin))
        await asyncio.gather(copied(child.stdout, process.stdout), copied(child.stderr, process.stderr))
        process.exit(await child.wait())
        feeding.cancel()

    async def listen() -> asyncssh.SSHAcceptor:
        key = asyncssh.generate_private_key("ssh-ed25519")
        return await asyncssh.create_server(
            Server,
            "127.0.0.1",
            host.port,
            server_host_keys=[key],
            process_factory=serve,
            encoding=None,
            sftp_factory=True,
        )

    acceptor = loop.run_until_complete(listen())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield host
    loop.call_soon_threadsafe(acceptor.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture(params=["local", "ssh"])
def machine(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """The same assertions for this machine and for one over SSH."""
    if request.param == "local":
        yield LocalConnection()
        return
    server: Sshd = request.getfixturevalue("sshd")
    connection = SshConnection(server.target())
    yield connection
    connection.close()
