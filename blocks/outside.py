"""Every outside system of one stored fleet, opened when it is first asked for and closed together.

This is where references become secrets: nothing below a flow sees a password, and nothing above this file holds one.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Protocol, TypeVar

from fleetforge.blocks.connection import Connection, LocalConnection, required
from fleetforge.blocks.federation import KubeFed
from fleetforge.blocks.fleet_store import StoredFleet, stored
from fleetforge.blocks.host_key_file import host_key_file
from fleetforge.blocks.jobs import Jobs
from fleetforge.blocks.kk import Kk
from fleetforge.blocks.kube import Kube
from fleetforge.blocks.kubesphere import KubeSphere
from fleetforge.blocks.private_registry import PrivateRegistry
from fleetforge.blocks.ssh import SshConnection
from fleetforge.blocks.ssh_host_keys import HostKeyCheck
from fleetforge.blocks.ssh_login import SshTarget
from fleetforge.fleet.definition import Fleet
from fleetforge.fleet.errors.catalogue import fault
from fleetforge.fleet.redaction import redacted
from fleetforge.fleet.references import from_stored, substituted
from fleetforge.fleet.spec import SshConnection as SshSettings


class _Closes(Protocol):
    def close(self) -> None: ...


_C = TypeVar("_C", bound=_Closes)


class Outside:
    """The systems around one fleet. Not to be shared between processes; every part may be used from several threads."""

    def __init__(self, held: StoredFleet) -> None:
        self.fleet: Fleet = held.fleet
        self._secrets = held.secrets
        self._stack = ExitStack()
        self._kubes: dict[str, Kube] = {}

    def close(self) -> None:
        """Close every connection that was opened."""
        self._stack.close()

    def revealed(self, text: str) -> str:
        """``text`` with its references replaced by the secrets they stand for."""
        return substituted(text, from_stored(self._secrets))

    def redacted(self, text: str) -> str:
        """``text`` without any of this fleet's secrets and without anything that looks like one."""
        return redacted(text, self._secrets.values())

    @cached_property
    def control(self) -> Connection:
        """The control machine."""
        settings = self.fleet.spec.spec.control.connection
        if settings == "local":
            return LocalConnection()
        return self._kept_open(SshConnection(self._control_target(settings)))

    @cached_property
    def kk(self) -> Kk:
        """kk on the control machine."""
        control = self.fleet.spec.spec.control
        jobs = Jobs(self.control, control.workspace)
        return Kk(self.control, jobs, control.kk, control.workspace, secrets=tuple(self._secrets.values()))

    @contextmanager
    def host(self, cluster: str, name: str) -> Iterator[Connection]:
        """One host of a cluster, through the control machine when that is another one than this."""
        host = self.fleet.config(cluster).host(name)
        via = self.control if isinstance(self.control, SshConnection) else None
        target = SshTarget(
            host.address,
            host.port,
            host.user,
            self.revealed(host.password or ""),
            self.revealed(host.private_key or ""),
            Path(host.private_key_path).expanduser() if host.private_key_path else None,
            self._host_keys(),
            host.timeout,
        )
        connection = SshConnection(target, via=via)
        try:
            yield connection
        finally:
            connection.close()

    # kk's files on the control machine

    def config_path(self, cluster: str) -> str:
        """The cluster's config on the control machine."""
        return str(PurePosixPath(self.kk.cluster_directory(cluster)) / "config.yaml")

    def config_in_place(self, cluster: str) -> bool:
        """True when the control machine holds the config as it is stored."""
        path, wanted = self.config_path(cluster), self._config_text(cluster)
        return self.control.size(path) == len(wanted) and self.control.read(path) == wanted

    def put_config(self, cluster: str) -> None:
        """Write the cluster's config, readable by its owner alone: it holds passwords, since kk wants them there."""
        self.control.write(self.config_path(cluster), self._config_text(cluster), mode=0o600)

    def put_manifest(self) -> str:
        """Write the manifest and return its path."""
        path = str(PurePosixPath(self.fleet.spec.spec.control.workspace) / "manifest.yaml")
        self.control.write(path, self.revealed(self.fleet.files[self.fleet.manifest_file]).encode(), mode=0o600)
        return path

    def workspace_free(self) -> int:
        """Free bytes on the disk of the workspace."""
        workspace = shlex.quote(self.fleet.spec.spec.control.workspace)
        return int(
            required(self.control, f"mkdir -p -m 700 {workspace} && df -PB1 {workspace} | awk 'END {{print $4}}'")
        )

    # the registry

    @cached_property
    def registry(self) -> PrivateRegistry:
        """The fleet's private registry: health, trust, projects and images."""
        login, directory = self.fleet.registry_credentials, self.kk.cluster_directory(self.fleet.spec.host_cluster.name)
        revealed = (login.username, self.revealed(login.password)) if login and login.password else None
        return PrivateRegistry(self.fleet, self.control, revealed, directory)

    # clusters

    def kubeconfig(self, cluster: str) -> str | None:
        """kk's kubeconfig of a cluster, or None while kk has made none."""
        return self.kk.kubeconfig(cluster, self.fleet.config(cluster).name)

    def kube(self, cluster: str) -> Kube | None:
        """A cluster's API, or None while kk has made no kubeconfig."""
        if cluster not in self._kubes:
            text = self.kubeconfig(cluster)
            if text is None:
                return None
            self._kubes[cluster] = self._kept_open(Kube(text, name=cluster))
        return self._kubes[cluster]

    def need_kube(self, cluster: str) -> Kube:
        """A cluster's API; ``FF-CTL-010`` when there is none yet."""
        kube = self.kube(cluster)
        if kube is None:
            raise fault("FF-CTL-010", "the cluster has no kubeconfig on the control machine", where=cluster)
        return kube

    def kubesphere(self, cluster: str) -> KubeSphere:
        """KubeSphere in a cluster."""
        return KubeSphere(self.need_kube(cluster))

    @cached_property
    def federation(self) -> KubeFed:
        """The federation, as the host cluster runs it."""
        return self._kept_open(KubeFed(self.need_kube(self.fleet.spec.host_cluster.name)))

    def _config_text(self, cluster: str) -> bytes:
        return self.revealed(self.fleet.files[self.fleet.config_file(cluster)]).encode()

    @cached_property
    def _host_key_file(self) -> Path:
        return host_key_file(self.fleet)

    def _host_keys(self, pinned: str = "") -> HostKeyCheck:
        keys = self.fleet.spec.spec.host_keys
        return HostKeyCheck(keys.policy, self._host_key_file, pinned)

    def _control_target(self, settings: SshSettings) -> SshTarget:
        return SshTarget(
            settings.host,
            settings.port,
            settings.user,
            self.revealed(settings.password or ""),
            private_key_path=Path(settings.private_key_path).expanduser() if settings.private_key_path else None,
            host_key=self._host_keys(settings.host_key or ""),
        )

    def _kept_open(self, opened: _C) -> _C:
        self._stack.callback(opened.close)
        return opened


@contextmanager
def opened(fleet: str) -> Iterator[Outside]:
    """The outside systems of the stored fleet called ``fleet``; everything is closed at the end."""
    outside = Outside(stored(fleet))
    try:
        yield outside
    finally:
        outside.close()
