"""Members of the host cluster: imported after the checks nobody else makes, awaited until they are usable, reached.

The controller imports whatever a Cluster object names. What its console would check first is checked here: that the
kubeconfig reaches an API, of a cluster that is not in the fleet under another name, that runs as a member with the
host's jwtSecret and whose ks-apiserver answers.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from fleetforge.blocks.deadline import Deadline
from fleetforge.blocks.kube import Kube, Object
from fleetforge.blocks.kube_resources import CLUSTERS, KUBEFED_CLUSTERS, NAMESPACES
from fleetforge.blocks.kubesphere import KubeSphere
from fleetforge.fleet import member_clusters
from fleetforge.fleet.errors import FleetforgeError
from fleetforge.fleet.errors.catalogue import fault
from fleetforge.fleet.kubesphere import NAMESPACE
from fleetforge.fleet.member_clusters import FEDERATION_NAMESPACE, FROM_HOSTS_FILE, kubeconfig_of, uid_of
from fleetforge.fleet.spec import Role
from fleetforge.fleet.stages.members import MemberFacts

PAUSE = 1.0
"""Seconds between two questions to a member's API that is down: it offers nothing to wait on."""


class Members:
    """The clusters the host cluster knows. Threads may share it; ``close`` ends the connections to members."""

    def __init__(self, host: Kube) -> None:
        self.host = host
        self._kubes: dict[str, tuple[str, Kube]] = {}
        self._lock = threading.Lock()

    def member(self, name: str) -> MemberFacts:
        """Whether the host cluster knows the member, and what stands between it and being used."""
        held = self.host.get(CLUSTERS, name)
        if held is None:
            return MemberFacts(known=False)
        kubefed = self.host.get(KUBEFED_CLUSTERS, name, FEDERATION_NAMESPACE)
        found = (*member_clusters.why_unusable(held), *member_clusters.why_offline(kubefed))
        return MemberFacts(True, (*found, *self._why_silent(held)))

    def import_member(self, name: str, kubeconfig: str | None, connection: str, labels: Mapping[str, str]) -> None:
        """Import the member, or give its Cluster object this kubeconfig and these labels; nothing when it has them.

        ``connection`` is ``direct`` (needs the kubeconfig) or ``proxy`` (must not have it). Raises ``FF-FED-001`` to
        ``-005`` and ``-010`` for a cluster that would not become a usable member, ``FF-FED-009`` for the host.
        """
        if KubeSphere(self.host).role() != Role.HOST:
            raise fault("FF-FED-009", "its role is not host", where=self.host.name)
        if kubeconfig is None and connection == "direct":
            raise fault("FF-K8S-015", f"there is no kubeconfig to import {name} with", where=name)
        if kubeconfig is not None:
            self._check(name, kubeconfig, connection)
        held = self.host.get(CLUSTERS, name)
        wanted = member_clusters.cluster_object(name, kubeconfig or "", labels, connection)
        if held is None or not member_clusters.is_as_wanted(held, wanted):
            self.host.apply(wanted)

    def await_member(self, name: str, timeout: float) -> None:
        """Return when the member is usable; ``FF-FED-006`` (proxy: ``-007``) after ``timeout`` seconds says why not."""
        limit = Deadline(timeout)
        held = self._await_object(name, limit)
        self.host.wait_for(
            KUBEFED_CLUSTERS,
            name,
            lambda found: None if member_clusters.why_offline(found) else True,
            namespace=FEDERATION_NAMESPACE,
            deadline=limit.remaining,
            what=f"KubeFed to reach the member {name}",
            code="FF-FED-006",
            describe=member_clusters.why_offline,
        )
        while silent := self._why_silent(held):
            if limit.passed:
                what = f"waited {limit.seconds:.0f} s for the API of the member {name}"
                raise fault("FF-FED-006", what, where=name, evidence=silent)
            limit.pause(PAUSE)

    def member_kube(self, name: str) -> Kube:
        """The member's API by the kubeconfig in its Cluster object; ``FF-FED-008`` without one."""
        return self._kube(name, self._known(name))

    def direct_kube(self, name: str) -> Kube | None:
        """The member's API; None for a proxied member, which is out of reach from here. ``FF-FED-008``."""
        held = self._known(name)
        return None if member_clusters.is_proxied(held) else self._kube(name, held)

    def close(self) -> None:
        """Close the connections to members."""
        with self._lock:
            for _, kube in self._kubes.values():
                kube.close()
            self._kubes.clear()

    def _known(self, name: str) -> Object:
        held = self.host.get(CLUSTERS, name)
        if held is None:
            raise fault("FF-FED-008", f"there is no Cluster object {name}", where=self.host.name)
        return held

    def _kube(self, name: str, cluster: Object) -> Kube:
        text = kubeconfig_of(cluster)
        if not text:
            code = "FF-FED-007" if member_clusters.is_proxied(cluster) else "FF-FED-008"
            raise fault(code, f"the Cluster object {name} holds no kubeconfig", where=self.host.name)
        with self._lock:
            kept = self._kubes.get(name)
            if kept is None or kept[0] != text:
                self._kubes[name] = kept = (text, Kube(text, name=name))
            return kept[1]

    def _why_silent(self, cluster: Object) -> tuple[str, ...]:
        """Why the member's API cannot be used, in words; a proxied member is out of reach from here."""
        if member_clusters.is_proxied(cluster):
            return ()
        try:
            self._kube(cluster["metadata"]["name"], cluster).version()
        except FleetforgeError as error:
            return (f"its API: {error.what} ({error.code})",)
        return ()

    def _await_object(self, name: str, limit: Deadline) -> Object:
        def usable(held: Object | None) -> Object | None:
            return held if held is not None and not member_clusters.why_unusable(held) else None

        def described(held: Object | None) -> Iterable[str]:
            return member_clusters.why_unusable(held) if held else ["there is no Cluster object"]

        asked = self.host.get(CLUSTERS, name)
        return self.host.wait_for(
            CLUSTERS,
            name,
            usable,
            deadline=limit.remaining,
            what=f"the member {name} to be Ready and Federated",
            code="FF-FED-007" if asked and member_clusters.is_proxied(asked) else "FF-FED-006",
            describe=described,
        )

    def _check(self, name: str, kubeconfig: str, connection: str) -> None:
        with contextlib.closing(Kube(kubeconfig, name=name)) as kube:
            if connection == "direct" and urlsplit(kube.server).hostname == FROM_HOSTS_FILE:
                raise fault("FF-FED-005", f"its kubeconfig names {kube.server}", where=name)
            self._check_identity(name, str(kube.need(NAMESPACES, "kube-system")["metadata"]["uid"]))
            self._check_role(kube)
            self._check_apiserver(kube)

    def _check_identity(self, name: str, uid: str) -> None:
        if self.host.need(NAMESPACES, "kube-system")["metadata"]["uid"] == uid:
            raise fault("FF-FED-003", "its kubeconfig leads to the host cluster itself", where=name)
        for held in self.host.list(CLUSTERS):
            found = held["metadata"]["name"]
            if found != name and uid_of(held) == uid:
                raise fault("FF-FED-003", f"it is imported as {found}", where=name)
            if found == name and uid_of(held) not in ("", uid):
                what = f"{name} was imported with kube-system uid {uid_of(held)}, this one has {uid}"
                raise fault("FF-FED-010", what, where=name)

    def _check_role(self, kube: Kube) -> None:
        kubesphere = KubeSphere(kube)
        role = kubesphere.role()
        if role != Role.MEMBER:
            raise fault("FF-FED-001", f"its role is {role}", where=kube.name)
        if kubesphere.jwt_secret() != KubeSphere(self.host).jwt_secret():
            raise fault("FF-FED-002", "the jwtSecret in its kubesphere-config is another one", where=kube.name)

    def _check_apiserver(self, kube: Kube) -> None:
        try:
            kube.service(NAMESPACE, ":ks-apiserver:", "kapis/version")
        except FleetforgeError as error:
            what = f"asked for its version: {error.what}"
            raise fault("FF-FED-004", what, where=kube.name, evidence=error.evidence) from error
