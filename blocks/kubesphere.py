"""KubeSphere on one cluster: what it says of itself, its role, and its components."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import yaml

from fleetforge.blocks import ks_components
from fleetforge.blocks.deadline import Deadline
from fleetforge.blocks.ks_installer import Installer, Mark
from fleetforge.blocks.ks_installer_wait import OnEvent, waited
from fleetforge.blocks.kube import Kube, Object
from fleetforge.blocks.kube_resources import CLUSTER_CONFIGURATIONS, CLUSTERS, CONFIG_MAPS
from fleetforge.fleet.errors.catalogue import fault
from fleetforge.fleet.kubesphere import (
    CONFIG_KEY,
    CONFIG_MAP,
    CONFIGURATION,
    NAMESPACE,
    host_patch,
    installed_version,
    jwt_secret_of,
    member_patch,
    multicluster_enabled,
    rerun_patch,
    role_of,
)
from fleetforge.fleet.kubesphere_components import MULTICLUSTER_HOST, ComponentHealth, expected
from fleetforge.fleet.kubesphere_log import InstallerEvent, InstallerLog
from fleetforge.fleet.member_clusters import HOST_LABEL, condition_is
from fleetforge.fleet.spec import Role


class KubeSphere:
    """KubeSphere on the cluster behind ``kube``."""

    def __init__(self, kube: Kube) -> None:
        self.kube = kube

    def cluster_configuration(self) -> Object | None:
        """The ClusterConfiguration; None when KubeSphere was never installed."""
        return self.kube.get(CLUSTER_CONFIGURATIONS, CONFIGURATION, NAMESPACE)

    def installed_version(self) -> str | None:
        """The version whose installation ended well; None while there is none."""
        return installed_version(self.cluster_configuration())

    def config(self) -> dict[str, Any]:
        """The running configuration (holds secrets); empty when ks-installer has not written it yet."""
        return self._parsed(self.kube.get(CONFIG_MAPS, CONFIG_MAP, NAMESPACE))

    def role(self) -> str:
        """The role it runs in: ``host``, ``member`` or ``none``."""
        return role_of(self.config())

    def jwt_secret(self) -> str:
        """The secret members share with their host: never to be logged. ``FF-KS-004`` when there is none."""
        secret = jwt_secret_of(self.config())
        if not secret:
            raise fault("FF-KS-004", f"{CONFIG_MAP} holds no jwtSecret", where=self.kube.name)
        return secret

    def set_multicluster_role(self, role: Role, *, host_name: str = "", jwt_secret: str = "") -> bool:
        """Write the role into the ClusterConfiguration; False when it says so already. Does not wait for it."""
        held = self._configuration()
        patch = host_patch(held, host_name) if role is Role.HOST else member_patch(held, jwt_secret)
        if patch is not None:
            self.kube.merge_patch(CLUSTER_CONFIGURATIONS, CONFIGURATION, patch, NAMESPACE)
        return patch is not None

    def become_host(self, name: str, deadline: float, on_event: OnEvent | None = None) -> None:
        """The host cluster called ``name``, with tower, KubeFed and its own Cluster object ready."""
        self._check_host_name(name)

        def effective(limit: Deadline) -> None:
            self._await_configuration(multicluster_enabled, "ks-installer to enable multi-cluster", limit, "FF-KS-005")
            self._await_config(lambda config: role_of(config) == Role.HOST, "the role host", limit)
            ks_components.await_healthy(
                self.kube, lambda: ks_components.health(self.kube, MULTICLUSTER_HOST), limit, "FF-KS-005"
            )
            what = f"the host cluster's own Cluster object {name} to be Ready"
            self._await_host_object(name, limit, what)

        self._with_role(Role.HOST, effective, deadline, on_event, host_name=name)

    def become_member(self, jwt_secret: str, deadline: float, on_event: OnEvent | None = None) -> None:
        """A member that accepts logins of the host cluster whose secret this is."""

        def effective(limit: Deadline) -> None:
            def shares(config: dict[str, Any]) -> bool:
                return role_of(config) == Role.MEMBER and jwt_secret_of(config) == jwt_secret

            self._await_config(shares, "the role member with the host's jwtSecret", limit)

        self._with_role(Role.MEMBER, effective, deadline, on_event, jwt_secret=jwt_secret)

    def await_installed(self, deadline: float, version: str | None = None, on_event: OnEvent | None = None) -> str:
        """The installed version, once it is installed (as ``version``, if given) and every component is healthy.

        An installer that gave up before is started again. ``FF-KS-001`` with the failed tasks, ``FF-KS-002`` and
        ``FF-KS-006`` after ``deadline`` seconds.
        """
        log, mark = Installer(self.kube).history()
        if log.over and log.failed and self.installed_version() is None:
            self._rerun(log)
        else:
            log, mark = InstallerLog(), Mark()

        def installed(limit: Deadline) -> str:
            def as_wanted(held: Object | None) -> bool:
                found = installed_version(held)
                return found is not None and version in (None, found)

            self._await_configuration(as_wanted, f"KubeSphere {version or ''} to be installed", limit, "FF-KS-002")
            return str(self.installed_version())

        limit = Deadline(deadline)
        if version is None and (found := self.installed_version()):
            done = found
        else:
            done = waited(self.kube, installed, limit, on_event, log, mark)
        self.await_components(limit.remaining)
        return done

    def follow_installer(self, deadline: float) -> Iterator[InstallerEvent]:
        """Events of ks-installer's log, from its beginning, for ``deadline`` seconds."""
        return Installer(self.kube).follow(InstallerLog(), Mark(), Deadline(deadline))

    def components(self) -> tuple[ComponentHealth, ...]:
        """The health of every workload the ClusterConfiguration asks for; empty without KubeSphere."""
        held = self.cluster_configuration()
        return ks_components.health(self.kube, expected(held)) if held else ()

    def await_components(self, deadline: float) -> None:
        """Returns when every component is healthy; ``FF-KS-006`` after ``deadline`` seconds, naming the others."""
        ks_components.await_healthy(self.kube, self.components, Deadline(deadline), "FF-KS-006")

    def multicluster_not_ready(self) -> tuple[str, ...]:
        """On a host cluster: what of multi-cluster is not ready, in words; empty when all is."""
        waiting = [str(found) for found in ks_components.health(self.kube, MULTICLUSTER_HOST) if not found.healthy]
        hosts = list(self.kube.list(CLUSTERS, label_selector=HOST_LABEL)) if not waiting else []
        if not waiting and not any(condition_is(held, "Ready") for held in hosts):
            waiting.append("the host cluster's own Cluster object is not Ready")
        return tuple(waiting)

    def _configuration(self) -> Object:
        held = self.cluster_configuration()
        if held is None:
            raise fault("FF-KS-003", f"there is no ClusterConfiguration {CONFIGURATION}", where=self.kube.name)
        return held

    def _check_host_name(self, name: str) -> None:
        if self.kube.get(CLUSTERS, name) is not None or self.role() != Role.HOST:
            return
        for held in self.kube.list(CLUSTERS, label_selector=HOST_LABEL):
            found = held["metadata"]["name"]
            raise fault("FF-KS-007", f"it is called {found}, not {name}", where=self.kube.name)

    def _parsed(self, config_map: Object | None) -> dict[str, Any]:
        text = ((config_map or {}).get("data") or {}).get(CONFIG_KEY, "")
        try:
            held = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise fault("FF-KS-004", f"{CONFIG_MAP} is not YAML", where=self.kube.name) from error
        return held if isinstance(held, dict) else {}

    def _with_role(
        self,
        role: Role,
        effective: Callable[[Deadline], None],
        deadline: float,
        on_event: OnEvent | None,
        *,
        host_name: str = "",
        jwt_secret: str = "",
    ) -> None:
        """Write the role and wait until it is effective; an installer that gave up on it before is started again."""
        log, mark = Installer(self.kube).history()
        if not self.set_multicluster_role(role, host_name=host_name, jwt_secret=jwt_secret) and log.over and log.failed:
            self._rerun(log)
        waited(self.kube, effective, Deadline(deadline), on_event, InstallerLog(), mark)

    def _rerun(self, log: InstallerLog) -> None:
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        patch = rerun_patch(moment, tuple(log.failed), self._configuration().get("status"))
        self.kube.merge_patch(CLUSTER_CONFIGURATIONS, CONFIGURATION, patch, NAMESPACE)
        log.failed, log.over = {}, False

    def _await_configuration(
        self, holds: Callable[[Object | None], bool], what: str, limit: Deadline, code: str
    ) -> None:
        self.kube.wait_for(
            CLUSTER_CONFIGURATIONS,
            CONFIGURATION,
            lambda held: True if holds(held) else None,
            namespace=NAMESPACE,
            deadline=limit.remaining,
            what=what,
            code=code,
        )

    def _await_config(self, holds: Callable[[dict[str, Any]], bool], what: str, limit: Deadline) -> None:
        self.kube.wait_for(
            CONFIG_MAPS,
            CONFIG_MAP,
            lambda held: True if holds(self._parsed(held)) else None,
            namespace=NAMESPACE,
            deadline=limit.remaining,
            what=f"{CONFIG_MAP} to show {what}",
            code="FF-KS-005",
            describe=lambda held: [f"role {role_of(self._parsed(held))}"],
        )

    def _await_host_object(self, name: str, limit: Deadline, what: str) -> None:
        self.kube.wait_for(
            CLUSTERS,
            name,
            lambda held: True if held is not None and condition_is(held, "Ready") else None,
            deadline=limit.remaining,
            what=what,
            code="FF-KS-005",
        )
