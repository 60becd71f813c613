"""Is this the host's key? OpenSSH known-hosts files, a pinned key, and what to do with a key nobody has seen."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import paramiko
from paramiko.hostkeys import HostKeyEntry

from fleetforge.fleet.errors.base import FleetforgeError
from fleetforge.fleet.errors.catalogue import fault
from fleetforge.fleet.spec import HostKeyPolicy


@dataclass(frozen=True, slots=True)
class HostKeyCheck:
    """How one connection checks the key it is shown.

    ``pinned`` is a public key line ("ssh-ed25519 AAAA…") and wins over ``file``. A name that is known with other keys
    only counts as changed, whatever the type of the new key.
    """

    policy: HostKeyPolicy = HostKeyPolicy.VERIFY
    file: Path | None = None
    pinned: str = ""

    def known(self, address: str, port: int) -> tuple[paramiko.PKey, ...]:
        """Keys this host may show; asked for first, so that a host with several shows one that is known."""
        if self.policy is HostKeyPolicy.IGNORE:
            return ()
        if self.pinned:
            return (_parsed(f"{address} {self.pinned}", f"pinned key of {address}"),)
        return tuple(_known_in(self.file, entry_name(address, port))) if self.file else ()

    def admit(self, address: str, port: int, key: paramiko.PKey) -> None:
        """Returns when the key is good; FF-HOST-008 for an unknown, FF-HOST-009 for a changed one."""
        known = self.known(address, port)
        if self.policy is HostKeyPolicy.IGNORE or any(key == good for good in known):
            return
        if known:
            raise self._changed(address, port, key, known)
        if self.policy is HostKeyPolicy.ACCEPT_NEW and self.file:
            return _remember(self.file, entry_name(address, port), key)
        raise self._unknown(address, port, key)

    def _changed(
        self, address: str, port: int, key: paramiko.PKey, known: tuple[paramiko.PKey, ...]
    ) -> FleetforgeError:
        evidence = [f"known: {good.fingerprint} ({good.get_name()})" for good in known]
        evidence.append(f"shown: {key.fingerprint} ({key.get_name()})")
        name, what = entry_name(address, port), "the host's SSH key has changed"
        if self.pinned:
            remedy = "If the host was reinstalled, put the shown key into 'hostKey'. If it was not, stop here."
            return fault("FF-HOST-009", what, where=name, evidence=evidence, remedy=remedy)
        remedy = (
            f"If the host was reinstalled: ssh-keygen -R '{name}' -f {self.file}; then accept the new key:"
            f" {_keyscan(address, port)} >> {self.file}. If it was not, somebody else answers here: stop."
        )
        return fault("FF-HOST-009", what, where=name, evidence=evidence, remedy=remedy)

    def _unknown(self, address: str, port: int, key: paramiko.PKey) -> FleetforgeError:
        remedy = (
            "Compare the fingerprint with 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub' on the host's console,"
            f" then: {_keyscan(address, port)} >> {self.file or 'known_hosts'}"
        )
        return fault(
            "FF-HOST-008",
            "the host's SSH key is not known",
            where=entry_name(address, port),
            evidence=[f"shown: {key.fingerprint} ({key.get_name()})", f"known-hosts file: {self.file}"],
            remedy=remedy,
        )


def entry_name(address: str, port: int) -> str:
    """The host's name in a known-hosts file: bare for port 22, ``[address]:port`` else."""
    return address if port == 22 else f"[{address}]:{port}"


def _keyscan(address: str, port: int) -> str:
    return f"ssh-keyscan -p {port} {address}"


def _known_in(file: Path, name: str) -> Iterator[paramiko.PKey]:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return
    except OSError as problem:
        raise fault("FF-HOST-015", f"known-hosts file {file}: {problem.strerror}", where=str(file)) from problem
    for line in lines:
        if line.strip() and not line.startswith(("#", "@")):
            yield from _matching(line.strip(), name)


def _matching(line: str, name: str) -> Iterator[paramiko.PKey]:
    """The key of a known-hosts line that speaks of ``name`` (plain or hashed); lines of other kinds are passed over."""
    try:
        entry = HostKeyEntry.from_line(line)
    except Exception:  # a damaged line must not lock out every host
        return
    if entry is None or entry.key is None:
        return
    one = paramiko.HostKeys()
    for host in entry.hostnames:
        one.add(host, entry.key.get_name(), entry.key)
    if one.lookup(name):
        yield entry.key


def _parsed(line: str, where: str) -> paramiko.PKey:
    try:
        entry = HostKeyEntry.from_line(line)
    except Exception as problem:
        raise fault("FF-HOST-008", "the pinned host key is damaged", where=where, evidence=[str(problem)]) from problem
    if entry is None or entry.key is None:
        raise fault("FF-HOST-008", "the pinned host key cannot be read", where=where)
    return entry.key


def _remember(file: Path, name: str, key: paramiko.PKey) -> None:
    """Appends the key, under a lock: many hosts are met at the same time."""
    for parent in reversed(file.parents):
        if not parent.is_dir():
            parent.mkdir(mode=0o700, exist_ok=True)
    with file.open("a+", encoding="utf-8") as known:
        fcntl.flock(known, fcntl.LOCK_EX)
        known.seek(0)
        text = known.read()
        missing_end = "\n" if text and not text.endswith("\n") else ""
        known.write(f"{missing_end}{name} {key.get_name()} {key.get_base64()}\n")
