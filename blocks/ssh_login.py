"""From an address to an authenticated SSH transport, or to the coded reason why not."""

from __future__ import annotations

import errno
import io
import socket
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import paramiko

from fleetforge.blocks.ssh_host_keys import HostKeyCheck
from fleetforge.fleet.errors.base import FleetforgeError
from fleetforge.fleet.errors.catalogue import fault

KEEPALIVE_SECONDS: Final = 15
DEAD_AFTER_SECONDS: Final = 60
"""A peer that acknowledges nothing for so long, keepalives included, is gone."""
_FORBIDDEN: Final = 1
"""SSH_OPEN_ADMINISTRATIVELY_PROHIBITED (RFC 4254, 5.1)."""
_UNREACHABLE: Final = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN)


@dataclass(frozen=True, slots=True)
class SshTarget:
    """Whom to log in to, and with what. The first of inline key, key file and password that is given is used.

    No agent and no ``~/.ssh`` are looked at. ``timeout`` is seconds for each step: connecting, key exchange, login.
    """

    address: str
    port: int = 22
    user: str = "root"
    password: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    private_key_path: Path | None = None
    host_key: HostKeyCheck = field(default_factory=HostKeyCheck)
    timeout: float = 30

    @property
    def name(self) -> str:
        return f"{self.user}@{self.address}:{self.port}"


def connected(target: SshTarget, via: paramiko.Transport | None) -> paramiko.Transport:
    """An authenticated transport; ``via`` is an open one of the machine to go through."""
    key = _private_key(target)
    link = _through(target, via) if via else _dialled(target)
    try:
        transport = paramiko.Transport(link)
        try:
            _greeted(target, transport)
            _logged_in(target, transport, key)
        except BaseException:
            transport.close()
            raise
    except BaseException:
        link.close()
        raise
    transport.set_keepalive(KEEPALIVE_SECONDS)
    return transport


def _dialled(target: SshTarget) -> socket.socket:
    try:
        link = socket.create_connection((target.address, target.port), timeout=target.timeout)
    except OSError as problem:
        raise _unreachable(target, problem) from problem
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_AFTER_SECONDS * 1000)
    return link


def _unreachable(target: SshTarget, problem: OSError) -> FleetforgeError:
    if isinstance(problem, socket.gaierror):
        code, what = "FF-HOST-004", f"the name {target.address} cannot be resolved"
    elif isinstance(problem, ConnectionRefusedError):
        code, what = "FF-HOST-001", f"port {target.port} refuses connections"
    elif isinstance(problem, TimeoutError):
        code, what = "FF-HOST-003", f"port {target.port} gave no answer within {target.timeout:.0f} s"
    elif problem.errno in _UNREACHABLE:
        code, what = "FF-HOST-002", "there is no route to the host"
    else:
        code, what = "FF-HOST-011", "the connection broke while it was made"
    return fault(code, what, where=target.name, evidence=[str(problem)])


def _through(target: SshTarget, via: paramiko.Transport) -> paramiko.Channel:
    """A tunnel that the machine in between opens to the target."""
    try:
        return via.open_channel("direct-tcpip", (target.address, target.port), ("127.0.0.1", 0), timeout=target.timeout)
    except paramiko.ChannelException as problem:
        code, what = "FF-HOST-002", f"the control machine cannot reach port {target.port} of the host"
        if problem.code == _FORBIDDEN:
            code, what = "FF-HOST-010", "the control machine forbids SSH tunnels (AllowTcpForwarding in sshd_config)"
        raise fault(code, what, where=target.name, evidence=[problem.text]) from problem
    except paramiko.SSHException as problem:
        what = f"the control machine gave no tunnel to port {target.port} of the host in time"
        raise fault("FF-HOST-003", what, where=target.name, evidence=[str(problem)]) from problem


def _greeted(target: SshTarget, transport: paramiko.Transport) -> None:
    """Key exchange done and the host's key admitted."""
    transport.banner_timeout = target.timeout
    known = target.host_key.known(target.address, target.port)
    _prefer(transport, [key.get_name() for key in known])
    try:
        transport.start_client(timeout=target.timeout)
    except (paramiko.SSHException, EOFError, OSError) as problem:
        what = f"port {target.port} does not speak SSH as needed"
        raise fault("FF-HOST-010", what, where=target.name, evidence=[str(problem) or "it hung up"]) from problem
    target.host_key.admit(target.address, target.port, transport.get_remote_server_key())


def _prefer(transport: paramiko.Transport, known: list[str]) -> None:
    options = transport.get_security_options()
    types = tuple(options.key_types)
    first = tuple(kind for kind in types if _family(kind) in known)
    options.key_types = first + tuple(kind for kind in types if kind not in first)


def _family(kind: str) -> str:
    """The name of the key behind a signature algorithm: all ``rsa-sha2-…`` are made with an ``ssh-rsa`` key."""
    return "ssh-rsa" if kind.startswith("rsa-sha2") else kind


def _logged_in(target: SshTarget, transport: paramiko.Transport, key: paramiko.PKey | None) -> None:
    transport.auth_timeout = target.timeout
    try:
        if key is not None:
            transport.auth_publickey(target.user, key)
        else:
            transport.auth_password(target.user, target.password)
    except paramiko.AuthenticationException as problem:
        code, what = ("FF-HOST-006", "private key") if key is not None else ("FF-HOST-005", "password")
        what = f"the host refuses the {what} of {target.user}"
        raise fault(code, what, where=target.name, evidence=[str(problem)]) from problem
    except (paramiko.SSHException, EOFError, OSError) as problem:
        what = "the host hung up during login"
        raise fault("FF-HOST-011", what, where=target.name, evidence=[str(problem)]) from problem


def _private_key(target: SshTarget) -> paramiko.PKey | None:
    if target.private_key:
        return _key_in(target, target.private_key, "inline key")
    if target.private_key_path is None:
        return None
    path = target.private_key_path.expanduser()
    try:
        return _key_in(target, path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as problem:
        what = f"the private key {path} cannot be read"
        raise fault("FF-HOST-007", what, where=target.name, evidence=[str(problem)]) from problem


def _key_in(target: SshTarget, text: str, source: str) -> paramiko.PKey:
    kinds: tuple[type[paramiko.PKey], ...] = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)
    reasons = []
    for kind in kinds:
        try:
            with closing(io.StringIO(text.strip() + "\n")) as file:
                return kind.from_private_key(file)
        except paramiko.PasswordRequiredException as problem:
            what = f"the {source} has a passphrase"
            raise fault("FF-HOST-007", what, where=target.name) from problem
        except (paramiko.SSHException, ValueError, IndexError) as problem:
            reasons.append(f"{kind.__name__}: {problem}")
    raise fault("FF-HOST-007", f"the {source} is no private key", where=target.name, evidence=reasons)
