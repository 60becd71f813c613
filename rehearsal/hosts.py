"""The machines of a rehearsal: an SSH server each, on an address of its own, that runs real commands.

Password login, one ed25519 host key per machine, exec requests with and without a terminal, standard input, SFTP, scp.
A fault of target `ssh:<name>` lets the host hesitate for its `seconds`, then: with a `status` from 1 to 255 the command
fails with it, `text` on standard error; with 0 it runs; with any other the connection is dropped. `connect:<name>`
drops the connection as soon as it is made; with `seconds` the host hesitates before the login (and status 0 lets in).

What this does NOT do: key logins, port forwarding, real terminals (a requested one merges the streams and ends lines
with CR LF, as a terminal does).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import asyncssh

from fleetforge.rehearsal.faults import Fault, Faults
from fleetforge.rehearsal.host_root import HostRoot
from fleetforge.rehearsal.site_description import HostDescription

_CHUNK = 65536
_ROUNDS = 20
"""How often a stopped host's processes are looked for, in case some of them were starting others."""


class Host:
    """One machine; `start` and `stop` are its power button, what is on its disk stays."""

    def __init__(
        self, description: HostDescription, directory: Path, faults: Faults, *, socket: str, system: Path
    ) -> None:
        self.description = description
        self.name = description.name
        self.root = HostRoot(directory, description.hostname, description.arch)
        self.faults = faults
        self.password = description.password
        self._key_file = directory / "ssh_host_ed25519_key"
        self._socket = socket
        self._system = system
        self._listener: asyncssh.SSHAcceptor | None = None
        self._connections: set[asyncssh.SSHServerConnection] = set()

    @property
    def is_up(self) -> bool:
        return self._listener is not None

    @property
    def known_hosts_line(self) -> str:
        """The machine's key as OpenSSH's known_hosts has it."""
        key = self._key().export_public_key().decode().split()
        return f"[{self.description.address}]:{self.description.port} {key[0]} {key[1]}"

    def installed(self) -> None:
        """Create the machine's directory and key, keeping what a former run left."""
        self.root.directory.mkdir(parents=True, exist_ok=True)
        self.root.made(self.name, self.description.tools, self._socket)
        self.root.set_noisy(self.description.noisy)
        self.root.set_sudo_password(self.password if self.description.sudo_password else None)
        if not self._key_file.exists():
            self._make_key()

    async def start(self) -> None:
        """Listen. Raises OSError when the address is taken."""
        if self._listener is None:
            self._listener = await asyncssh.create_server(
                lambda: _Login(self),
                self.description.address,
                self.description.port,
                server_host_keys=[self._key()],
                process_factory=self._serve,
                sftp_factory=lambda channel: _Files(channel, self.root),
                allow_scp=True,
                encoding=None,
                line_editor=False,
                reuse_address=True,
            )

    async def stop(self) -> None:
        """Close the listener, drop every connection, kill everything they had started, in the background too."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
            for connection in list(self._connections):
                connection.abort()
            await listener.wait_closed()
        await self._end_commands()

    async def new_key(self) -> None:
        """Replace the host key, as a reinstalled machine has; known_hosts files are not told."""
        self._make_key()
        if self.is_up:
            await self.stop()
            await self.start()

    def _make_key(self) -> None:
        key = asyncssh.generate_private_key("ssh-ed25519", comment=self.description.hostname)
        self._key_file.touch(mode=0o600, exist_ok=True)
        self._key_file.write_bytes(key.export_private_key())

    def _key(self) -> asyncssh.SSHKey:
        return asyncssh.read_private_key(self._key_file)

    async def _end_commands(self) -> None:
        for _ in range(_ROUNDS):
            running = self.root.processes()
            if not running:
                return
            for process in running:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            await asyncio.sleep(0.02)

    async def _serve(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        command = process.command or ""
        fault = self.faults.take(f"ssh:{self.name}", command)
        if fault and fault.seconds:
            await asyncio.sleep(fault.seconds)
        if fault and not 0 <= fault.status <= 255:
            process.channel.get_connection().abort()
        elif fault and fault.status:
            process.stderr.write(f"{fault.text}\n".encode())
            process.exit(fault.status)
        else:
            await self._run(process, command)

    async def _run(self, process: asyncssh.SSHServerProcess[bytes], command: str) -> None:
        has_terminal = process.term_type is not None
        words = ("/bin/sh", "-c", self.root.rewritten(command)) if command else ("/bin/sh",)
        child = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT if has_terminal else asyncio.subprocess.PIPE,
            cwd=self.root.directory / "root",
            env=self.root.environment(self.description.user, self._system, has_terminal),
            start_new_session=True,
        )
        feed = asyncio.ensure_future(_feed(process, child))
        hangup = asyncio.ensure_future(_hangup(process, child.pid if has_terminal else None))
        try:
            await _pumped(process, child, has_terminal)
            code = await child.wait()
            process.exit(code if code >= 0 else 128 - code)
        finally:
            feed.cancel()
            hangup.cancel()


class _Login(asyncssh.SSHServer):
    """Who may come in: the host's one user, with its current password."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._connection: asyncssh.SSHServerConnection | None = None
        self._fault: Fault | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._host._connections.add(conn)
        peer = str(conn.get_extra_info("peername", ("",))[0])
        self._fault = self._host.faults.take(f"connect:{self._host.name}", peer)
        if self._fault and not self._fault.seconds:
            conn.abort()

    async def begin_auth(self, username: str) -> bool:
        if self._fault and self._connection:
            await asyncio.sleep(self._fault.seconds)
            if self._fault.status:
                self._connection.abort()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            self._host._connections.discard(self._connection)

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return username == self._host.description.user and password == self._host.password


class _Files(asyncssh.SFTPServer):
    """SFTP on the real disk, with the machine's own paths below its directory."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], root: HostRoot) -> None:
        super().__init__(channel)
        self._root = root

    def map_path(self, path: bytes) -> bytes:
        absolute = self._root.directory / "root" / os.fsdecode(path)
        return os.fsencode(self._root.rewritten(str(absolute)))


async def _pumped(
    process: asyncssh.SSHServerProcess[bytes], child: asyncio.subprocess.Process, has_terminal: bool
) -> None:
    assert child.stdout is not None
    pumps = [_pump(child.stdout, process.stdout, has_terminal)]
    if child.stderr is not None:
        pumps.append(_pump(child.stderr, process.stderr, False))
    await asyncio.gather(*pumps)


async def _pump(source: asyncio.StreamReader, sink: asyncssh.SSHWriter[bytes], has_terminal: bool) -> None:
    while chunk := await source.read(_CHUNK):
        with contextlib.suppress(asyncssh.Error, OSError):
            sink.write(chunk.replace(b"\n", b"\r\n") if has_terminal else chunk)
            await sink.drain()


async def _feed(process: asyncssh.SSHServerProcess[bytes], child: asyncio.subprocess.Process) -> None:
    assert child.stdin is not None
    with contextlib.suppress(OSError, asyncssh.Error):
        while not process.stdin.at_eof():
            try:
                chunk = await process.stdin.read(_CHUNK)
            except asyncssh.SignalReceived as received:
                _signal(child.pid, getattr(signal, f"SIG{received.signal}", signal.SIGTERM))
                continue
            except (asyncssh.BreakReceived, asyncssh.TerminalSizeChanged):
                continue
            child.stdin.write(chunk)
            await child.stdin.drain()
    child.stdin.close()


async def _hangup(process: asyncssh.SSHServerProcess[bytes], group: int | None) -> None:
    """A lost terminal ends its commands; without one they go on, as under a real sshd."""
    await process.wait_closed()
    if group is not None:
        _signal(group, signal.SIGHUP)


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
