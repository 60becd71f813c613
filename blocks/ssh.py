"""A machine over SSH: paramiko behind the ``Connection`` Protocol.

One transport, reconnected when it was lost; one channel for each command; SFTP for files. Nothing is read from
``~/.ssh`` and no agent is asked. Reached through another machine with ``via``.
"""

from __future__ import annotations

import errno
import posixpath
import secrets
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

import paramiko

from fleetforge.blocks.connection import (
    DEFAULT_LIMIT,
    Completed,
    file_fault,
    printed_too_much,
    took_too_long,
)
from fleetforge.blocks.ssh_command import NeverBegan, OutOfSpace, OutOfTime, SshCommand
from fleetforge.blocks.ssh_login import SshTarget, connected
from fleetforge.fleet.errors.base import FleetforgeError
from fleetforge.fleet.errors.catalogue import fault

_KILL_SECONDS: Final = 10.0
_BROKEN: Final = (paramiko.SSHException, EOFError, ConnectionError)
_Result = TypeVar("_Result")


class SshConnection:
    """A ``Connection`` to ``target``; connects at the first call. ``via`` is the machine to go through, if any."""

    def __init__(self, target: SshTarget, via: SshConnection | None = None) -> None:
        self._target, self._via = target, via
        self._transport: paramiko.Transport | None = None
        self._sftp: paramiko.SFTPClient | None = None
        self._connecting, self._filing = threading.Lock(), threading.Lock()

    @property
    def name(self) -> str:
        return self._target.name

    def transport(self) -> paramiko.Transport:
        """An authenticated transport, made new when there is none or the last was lost."""
        with self._connecting:
            if self._transport is None or not self._transport.is_active():
                self._sftp = None
                self._transport = connected(self._target, self._via.transport() if self._via else None)
            return self._transport

    def run(self, command: str, *, stdin: bytes = b"", timeout: float = 60, limit: int = DEFAULT_LIMIT) -> Completed:
        deadline = time.monotonic() + timeout
        with self._command(command, timeout) as running:
            try:
                return Completed(*running.completed(stdin, deadline, limit))
            except OutOfTime:
                self._kill(running)
                raise took_too_long(self.name, command, timeout) from None
            except OutOfSpace:
                self._kill(running)
                raise printed_too_much(self.name, command, limit) from None

    def stream(self, command: str, *, idle: float) -> Iterator[bytes]:
        with self._command(command, self._target.timeout) as running:
            ended = False
            try:
                yield from running.chunks(idle)
                ended = True
            finally:
                if not ended:
                    self._kill(running)

    def read(self, path: str, offset: int = 0, limit: int = DEFAULT_LIMIT) -> bytes:
        def content(sftp: paramiko.SFTPClient) -> bytes:
            with sftp.open(path, "rb") as file:
                file.seek(offset)
                return file.read(limit)

        return self._on_file(path, content)

    def write(self, path: str, data: bytes, mode: int = 0o600) -> None:
        def fill(sftp: paramiko.SFTPClient, temporary: str) -> None:
            with sftp.open(temporary, "wb") as file:
                file.set_pipelined(True)
                file.write(data)

        self._on_file(path, lambda sftp: _written(sftp, path, mode, fill))

    def size(self, path: str) -> int | None:
        def length(sftp: paramiko.SFTPClient) -> int | None:
            try:
                return sftp.stat(path).st_size
            except FileNotFoundError:
                return None

        return self._on_file(path, length)

    def upload(self, local_path: Path, path: str, mode: int = 0o600) -> None:
        self._on_file(
            path, lambda sftp: _written(sftp, path, mode, lambda sftp, to: sftp.put(str(local_path), to, confirm=True))
        )

    def download(self, path: str, local_path: Path) -> None:
        temporary = local_path.with_name(f".{local_path.name}.{secrets.token_hex(6)}")
        try:
            temporary.touch(mode=0o600)
            self._on_file(path, lambda sftp: sftp.get(path, str(temporary)))
            temporary.replace(local_path)
        except OSError as problem:
            raise file_fault("this machine", str(local_path), problem) from problem
        finally:
            temporary.unlink(missing_ok=True)

    def close(self) -> None:
        """Closes the transport; the machine in between stays connected."""
        with self._connecting:
            if self._transport is not None:
                self._transport.close()
            self._transport, self._sftp = None, None

    @contextmanager
    def _command(self, command: str, timeout: float) -> Iterator[SshCommand]:
        """A started command whose channel is closed in the end.

        A lost connection becomes FF-HOST-011, a login shell that did not run the command FF-HOST-013.
        """
        try:
            channel = self.transport().open_session(timeout=timeout)
            with channel:
                yield SshCommand(channel, command, timeout)
        except TimeoutError as problem:
            raise took_too_long(self.name, command, timeout) from problem
        except _BROKEN as problem:
            raise self._lost(problem) from problem
        except NeverBegan as noise:
            what = f"the login shell of {self._target.user} ended before the command ran"
            raise fault("FF-HOST-013", what, where=self.name, evidence=str(noise).splitlines()) from noise

    def _lost(self, problem: Exception) -> FleetforgeError:
        reason = str(problem) or type(problem).__name__
        return fault("FF-HOST-011", f"the connection to {self.name} was lost", where=self.name, evidence=[reason])

    def _kill(self, running: SshCommand) -> None:
        """The command's process group gets SIGKILL over a channel of its own, as far as the connection still allows."""
        transport = self._transport
        with suppress(*_BROKEN, OSError, OutOfTime, NeverBegan):
            running.close()
            if not running.kill_line or transport is None or not transport.is_active():
                return
            with transport.open_session(timeout=_KILL_SECONDS) as channel:
                killer = SshCommand(channel, running.kill_line, _KILL_SECONDS)
                killer.completed(b"", time.monotonic() + _KILL_SECONDS, DEFAULT_LIMIT)

    def _on_file(self, path: str, action: Callable[[paramiko.SFTPClient], _Result]) -> _Result:
        """SFTP answers one question at a time, so file operations take turns."""
        try:
            transport = self.transport()
            with self._filing:
                if self._sftp is None:
                    self._sftp = paramiko.SFTPClient.from_transport(transport)
                    assert self._sftp is not None
                    self._sftp.get_channel().settimeout(self._target.timeout)  # type: ignore[union-attr]
                return action(self._sftp)
        except _BROKEN as problem:
            self._sftp = None
            raise self._lost(problem) from problem
        except TimeoutError as problem:
            self._sftp = None
            raise took_too_long(self.name, f"file transfer {path}", self._target.timeout) from problem
        except OSError as problem:
            raise file_fault(self.name, path, problem) from problem


def _written(
    sftp: paramiko.SFTPClient, path: str, mode: int, fill: Callable[[paramiko.SFTPClient, str], object]
) -> None:
    """``path`` holds what ``fill`` wrote, from one moment to the next; missing parents get mode 0700."""
    _made(sftp, posixpath.dirname(path))
    temporary = posixpath.join(posixpath.dirname(path), f".{posixpath.basename(path)}.{secrets.token_hex(6)}")
    try:
        with sftp.open(temporary, "x"):
            pass
        sftp.chmod(temporary, mode)
        fill(sftp, temporary)
        sftp.posix_rename(temporary, path)
    except BaseException:
        with suppress(OSError):
            sftp.remove(temporary)
        raise


def _made(sftp: paramiko.SFTPClient, directory: str) -> None:
    """``directory`` exists; a made one has mode 0700."""
    if directory in ("", "/"):
        return
    try:
        if stat.S_ISDIR(sftp.stat(directory).st_mode or 0):
            return
        raise NotADirectoryError(errno.ENOTDIR, "a parent is not a directory", directory)
    except FileNotFoundError:
        pass
    _made(sftp, posixpath.dirname(directory))
    with suppress(OSError):
        sftp.mkdir(directory, 0o700)
        return
    sftp.stat(directory)
