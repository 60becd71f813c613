"""kk's SSH: a connection per host with password or key, host keys never checked, errors in Go's words."""

from __future__ import annotations

import shlex
from pathlib import Path

import asyncssh

from fleetforge.fleet.kk_cluster import Host
from fleetforge.rehearsal.kk.run import TaskFailed

_REASONS = {
    111: "connection refused",
    113: "no route to host",
    101: "network is unreachable",
    110: "connection timed out",
}


class Machines:
    """The hosts of a config, connected when first needed."""

    def __init__(self, hosts: tuple[Host, ...]) -> None:
        self.hosts = {host.name: host for host in hosts}
        self._open: dict[str, asyncssh.SSHClientConnection] = {}

    async def sudo(self, name: str, command: str) -> str:
        """Output of a command as root; ``TaskFailed`` as kk tells a failed one."""
        line = f'sudo -E /bin/bash -c "{command}"'
        done = await self._run(name, f"sudo -E /bin/sh -c {shlex.quote(command)}")
        output = f"{_text(done.stdout)}{_text(done.stderr)}".strip()
        if done.exit_status:
            end = f"Process exited with status {done.exit_status}"
            raise TaskFailed(f"Failed to exec command: {line} \n{output}: {end}")
        return output

    async def tools(self, name: str, tools: tuple[str, ...]) -> set[str]:
        """Those of ``tools`` the host has."""
        words = " ".join(tools)
        done = await self._run(name, f"for tool in {words}; do command -v $tool >/dev/null && echo $tool; done")
        return set(_text(done.stdout).split())

    def close(self) -> None:
        for connection in self._open.values():
            connection.close()

    async def _run(self, name: str, command: str) -> asyncssh.SSHCompletedProcess:
        try:
            return await (await self._connected(name)).run(command)
        except (OSError, asyncssh.Error) as error:
            self._open.pop(name, None)
            raise TaskFailed(f"failed to get SSH session: {error}") from error

    async def _connected(self, name: str) -> asyncssh.SSHClientConnection:
        if name not in self._open:
            self._open[name] = await self._connect(self.hosts[name])
        return self._open[name]

    async def _connect(self, host: Host) -> asyncssh.SSHClientConnection:
        where = f"failed to connect to {host.address}: could not establish connection to {host.address}:{host.port}"
        try:
            return await asyncssh.connect(
                host.address,
                host.port,
                username=host.user,
                password=host.password or None,
                client_keys=_keys(host),
                known_hosts=None,
                config=None,
                agent_path=None,
                connect_timeout=host.timeout,
            )
        except asyncssh.PermissionDenied as error:
            methods = "none password" if host.password else "none publickey"
            told = f"ssh: unable to authenticate, attempted methods [{methods}], no supported methods remain"
            raise TaskFailed(f"{where}: ssh: handshake failed: {told}", bare=True) from error
        except (OSError, asyncssh.Error) as error:
            reason = _REASONS.get(getattr(error, "errno", 0) or 0)
            dial = f"dial tcp {host.address}:{host.port}: " + (f"connect: {reason}" if reason else "i/o timeout")
            raise TaskFailed(f"{where}: {dial}", bare=True) from error


def _text(output: bytes | str | None) -> str:
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""


def _keys(host: Host) -> list[asyncssh.SSHKey]:
    if host.private_key:
        return [asyncssh.import_private_key(host.private_key)]
    if not host.private_key_path:
        return []
    try:
        return [asyncssh.read_private_key(Path(host.private_key_path).expanduser())]
    except OSError as error:
        file, why = host.private_key_path, (error.strerror or "").lower()
        reason = f'Failed to read keyfile "{file}": open {file}: {why}'
        told = f"Failed to validate ssh connection parameters: {reason}"
        raise TaskFailed(f"failed to connect to {host.address}: {told}", bare=True) from error
