"""A machine that commands run on and files live on: this one, or one over SSH; equals behind one Protocol."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar

from fleetforge.blocks.local_process import OutOfSpace, OutOfTime, conversed, streamed
from fleetforge.fleet.errors.base import FleetforgeError
from fleetforge.fleet.errors.catalogue import fault

DEFAULT_LIMIT: Final = 1024 * 1024
"""Bytes kept of each output stream of a command, and of a file that is read."""

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Completed:
    """A command that ended. ``exit_code`` is negative where a signal ended it and the machine tells."""

    exit_code: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        return self.stdout.decode("utf-8", errors="replace")

    @property
    def error_text(self) -> str:
        return self.stderr.decode("utf-8", errors="replace")


class Connection(Protocol):
    """What Fleetforge needs of a machine. Thread-safe; every call has a deadline; errors are FF-HOST-….

    ``run`` takes a command line for ``sh``, in a process group of its own that is killed whole when ``timeout`` seconds
    are over (FF-HOST-012) or when a stream exceeds ``limit`` bytes (FF-HOST-016). A non-zero exit code is no error.
    ``stream`` yields standard output as it comes and ``b""`` after each ``idle`` seconds of silence; closing the
    iterator ends the command.
    ``write`` is atomic (temporary file, then rename) and makes missing parent directories with mode 0700.
    """

    @property
    def name(self) -> str: ...

    def run(
        self, command: str, *, stdin: bytes = b"", timeout: float = 60, limit: int = DEFAULT_LIMIT
    ) -> Completed: ...

    def stream(self, command: str, *, idle: float) -> Iterator[bytes]: ...

    def read(self, path: str, offset: int = 0, limit: int = DEFAULT_LIMIT) -> bytes: ...

    def write(self, path: str, data: bytes, mode: int = 0o600) -> None: ...

    def size(self, path: str) -> int | None: ...

    def upload(self, local_path: Path, path: str, mode: int = 0o600) -> None: ...

    def download(self, path: str, local_path: Path) -> None: ...

    def close(self) -> None: ...


def required(connection: Connection, command: str, *, stdin: bytes = b"", timeout: float = 60) -> str:
    """Standard output of a command that has to succeed; FF-HOST-014 with its last words otherwise."""
    completed = connection.run(command, stdin=stdin, timeout=timeout)
    if completed.exit_code == 0:
        return completed.text
    words = (completed.error_text or completed.text).splitlines()
    what = f"exit code {completed.exit_code}: {command.splitlines()[0][:120]}"
    raise fault("FF-HOST-014", what, where=connection.name, evidence=words)


def took_too_long(name: str, command: str, timeout: float) -> FleetforgeError:
    """FF-HOST-012 for a command that had to be killed."""
    what = f"waited {timeout:.0f} s for: {command.splitlines()[0][:120]}"
    return fault("FF-HOST-012", what, where=name)


def printed_too_much(name: str, command: str, limit: int) -> FleetforgeError:
    """FF-HOST-016 for a command whose output exceeds what is kept."""
    what = f"more than {limit} bytes from: {command.splitlines()[0][:120]}"
    return fault("FF-HOST-016", what, where=name)


def file_fault(name: str, path: str, problem: OSError) -> FleetforgeError:
    """FF-HOST-015 for a file that cannot be read or written."""
    reason = problem.strerror or str(problem)
    return fault("FF-HOST-015", f"{path}: {reason}", where=name, evidence=[f"{path}: {reason}"])


class LocalConnection:
    """This machine."""

    name = "this machine"

    def run(self, command: str, *, stdin: bytes = b"", timeout: float = 60, limit: int = DEFAULT_LIMIT) -> Completed:
        try:
            return Completed(*conversed(command, stdin, timeout, limit))
        except OutOfTime:
            raise took_too_long(self.name, command, timeout) from None
        except OutOfSpace:
            raise printed_too_much(self.name, command, limit) from None

    def stream(self, command: str, *, idle: float) -> Iterator[bytes]:
        return streamed(command, idle)

    def read(self, path: str, offset: int = 0, limit: int = DEFAULT_LIMIT) -> bytes:
        def content() -> bytes:
            with Path(path).open("rb") as file:
                file.seek(offset)
                return file.read(limit)

        return self._on_file(path, content)

    def write(self, path: str, data: bytes, mode: int = 0o600) -> None:
        self._on_file(path, lambda: _written(Path(path), mode, lambda file: file.write_bytes(data)))

    def size(self, path: str) -> int | None:
        def length() -> int | None:
            try:
                return Path(path).stat().st_size
            except (FileNotFoundError, NotADirectoryError):
                return None

        return self._on_file(path, length)

    def upload(self, local_path: Path, path: str, mode: int = 0o600) -> None:
        self._on_file(path, lambda: _written(Path(path), mode, lambda file: shutil.copyfile(local_path, file)))

    def download(self, path: str, local_path: Path) -> None:
        self._on_file(path, lambda: _written(local_path, 0o600, lambda file: shutil.copyfile(path, file)))

    def close(self) -> None:
        """Nothing is held open."""

    def _on_file(self, path: str, action: Callable[[], _Result]) -> _Result:
        try:
            return action()
        except OSError as problem:
            raise file_fault(self.name, path, problem) from problem


def _written(path: Path, mode: int, fill: Callable[[Path], object]) -> None:
    """``path`` holds what ``fill`` wrote, from one moment to the next."""
    for parent in reversed(path.parents):
        if not parent.is_dir():
            parent.mkdir(mode=0o700, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        temporary.touch(mode=mode)
        temporary.chmod(mode)
        fill(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
