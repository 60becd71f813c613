"""Which part of 127/8 nobody uses: rehearsals on one machine stay out of each other's way."""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO

from fleetforge.rehearsal.loopback import FIRST_NETWORK, SLOTS
from fleetforge.rehearsal.site_description import API_PORT, HTTP_PORT, HTTPS_PORT, SSH_PORT

_PORTS = (SSH_PORT, API_PORT, HTTP_PORT, HTTPS_PORT)


class Slot:
    """A reserved slot; closing it (or the end of the process) gives it back."""

    def __init__(self, number: int, lock: IO[str]) -> None:
        self.number = number
        self._lock = lock

    def close(self) -> None:
        self._lock.close()

    def __enter__(self) -> Slot:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def free_slot(locks: Path | None = None) -> Slot:
    """Reserve the first slot that no process holds and where nobody listens.

    `locks` is the folder of the lock files (one per user in the temporary directory by default). Raises OSError when
    every slot is taken, naming what was in the way of the last one.
    """
    folder = locks or Path(tempfile.gettempdir()) / f"fleetforge-rehearsal-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    problem = ""
    for number in range(SLOTS):
        lock = (folder / f"slot-{number}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _check_unbound(number)
        except OSError as error:
            problem = str(error)
            lock.close()
            continue
        return Slot(number, lock)
    raise OSError(f"no free rehearsal slot: {problem}")


def _check_unbound(slot: int) -> None:
    """Raise OSError when a socket listens in the slot's network, or on one of its ports on all addresses."""
    network = f"127.{FIRST_NETWORK + slot}."
    listening = [address for address in _listening() if address.startswith(network)]
    if listening:
        raise OSError(f"{listening[0]} is listening")
    for port in _PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((f"{network}0.1", port))
            except OSError as error:
                raise OSError(f"port {port} of {network}0.1: {error.strerror}") from error


def _listening() -> list[str]:
    """`address:port` of every IPv4 socket that listens, from the kernel's table; empty where there is none."""
    try:
        lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    except OSError:
        return []
    fields = [line.split() for line in lines]
    return [_readable(row[1]) for row in fields if row[3] == "0A"]


def _readable(address: str) -> str:
    host, port = address.split(":")
    return f"{socket.inet_ntoa(bytes.fromhex(host)[::-1])}:{int(port, 16)}"
