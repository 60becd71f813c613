"""One federated object in one cluster: created, updated, taken away, over the cluster's own API.

An update is sent when the wish has changed since the last one, or the object has: so drift is undone.
"""

from __future__ import annotations

from dataclasses import dataclass

from fleetforge.rehearsal.kubernetes.federation_health import JoinedClusters, is_ready
from fleetforge.rehearsal.kubernetes.federation_member import Member, MemberFailed
from fleetforge.rehearsal.kubernetes.federation_placement import (
    MANAGED,
    desired,
    fingerprint,
    retained,
    version_of,
)
from fleetforge.rehearsal.kubernetes.federation_types import Federated
from fleetforge.rehearsal.kubernetes.notices import notice
from fleetforge.rehearsal.kubernetes.objects import Object, copied, is_going, labels_of, name_of, namespace_of
from fleetforge.rehearsal.kubernetes.patches import PatchFailed
from fleetforge.rehearsal.kubernetes.store import Store


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it stands in ``cluster``: an empty ``status`` is fine; ``remote`` is the object's status there."""

    cluster: str
    status: str = ""
    remote: Object | None = None

    def entry(self) -> Object:
        """As in the federated object's ``status.clusters``."""
        found: Object = {"name": self.cluster}
        if self.status:
            found["status"] = self.status
        if self.remote is not None:
            found["remoteStatus"] = self.remote
        return found


@dataclass(frozen=True, slots=True)
class Wish:
    """A federated object and the object it stands for, before overrides."""

    kind: Federated
    federated: Object
    template: Object

    @property
    def named(self) -> str:
        namespace, name = namespace_of(self.template), name_of(self.template)
        return f'{self.kind.target.kind} "{f"{namespace}/{name}" if namespace else name}"'


class Propagation:
    """Remembers what it wrote last, for each object and cluster. ``host_endpoint`` tells the host cluster."""

    def __init__(self, store: Store, joined: JoinedClusters, host_endpoint: str) -> None:
        self._store, self._joined, self._host_endpoint = store, joined, host_endpoint
        self._written: dict[tuple[str, str], tuple[str, str]] = {}

    async def placed(self, wish: Wish, joined: Object) -> Outcome:
        """Puts the object there."""
        cluster = name_of(joined)
        if not is_ready(joined):
            return Outcome(cluster, "ClusterNotReady")
        try:
            member = self._joined.client(joined)
        except MemberFailed:
            return Outcome(cluster, "ClientRetrievalFailed")
        try:
            found = await self._find(wish, member)
        except MemberFailed as failure:
            return self._failed(wish, cluster, "Retrieve", "RetrievalFailed", failure)
        if found and is_going(found):
            return Outcome(cluster, "WaitingForRemoval")
        try:
            wanted = desired(wish.template, wish.federated, cluster)
        except PatchFailed as error:
            return self._failed(wish, cluster, "ApplyOverrides", "ApplyOverridesFailed", error)
        return await self._written_to(wish, member, cluster, wanted, found)

    async def absent(self, wish: Wish, joined: Object, *, orphan: bool = False) -> Outcome | None:
        """Takes the object away (``orphan``: only lets go of it); None once there is nothing left to do."""
        cluster = name_of(joined)
        try:
            if not is_ready(joined):
                return Outcome(cluster, "ClusterNotReady")
            member = self._joined.client(joined)
            found = await self._find(wish, member)
            if found is None or MANAGED not in labels_of(found):
                self._written.pop(self._key(wish, cluster), None)
                return None
            if orphan or self._is_hosts_own(wish, joined):
                return await self._let_go(wish, member, cluster, found)
            return await self._deleted(wish, member, cluster, found)
        except MemberFailed as failure:
            return self._failed(wish, cluster, "Delete", "DeletionFailed", failure)

    async def _find(self, wish: Wish, member: Member) -> Object | None:
        return await member.find(wish.kind.target, name_of(wish.template), namespace_of(wish.template))

    async def _written_to(
        self, wish: Wish, member: Member, cluster: str, wanted: Object, found: Object | None
    ) -> Outcome:
        key, target = self._key(wish, cluster), wish.kind.target
        known = (fingerprint(wanted), version_of(found)) if found else None
        if found and self._written.get(key) == known:
            return Outcome(cluster, "", found.get("status") if wish.kind.collects_status else None)
        verb = "Update" if found else "Create"
        try:
            if found:
                stored = await member.replace(target, retained(wish.kind, wish.federated, wanted, found))
            else:
                stored = await member.create(target, wanted)
        except MemberFailed as failure:
            past = {"Create": "Creation", "Update": "Update"}[verb]
            return self._failed(wish, cluster, verb, past + ("TimedOut" if failure.timed_out else "Failed"), failure)
        self._written[key] = (fingerprint(wanted), version_of(stored))
        if found is None or version_of(found) != version_of(stored):
            self._tell(wish, cluster, verb)
        return Outcome(cluster, "", stored.get("status") if wish.kind.collects_status else None)

    async def _let_go(self, wish: Wish, member: Member, cluster: str, found: Object) -> Outcome | None:
        freed = copied(found)
        del freed["metadata"]["labels"][MANAGED]
        try:
            await member.replace(wish.kind.target, freed)
        except MemberFailed as failure:
            return self._failed(wish, cluster, "RemoveManagedLabel", "LabelRemovalFailed", failure)
        self._written.pop(self._key(wish, cluster), None)
        return None

    async def _deleted(self, wish: Wish, member: Member, cluster: str, found: Object) -> Outcome:
        if not is_going(found):
            await member.delete(wish.kind.target, name_of(found), namespace_of(found))
            self._tell(wish, cluster, "Delete")
        return Outcome(cluster, "WaitingForRemoval")

    def _is_hosts_own(self, wish: Wish, joined: Object) -> bool:
        """The host cluster's namespace holds the federated objects: it stays."""
        return wish.kind.is_namespace and joined["spec"].get("apiEndpoint") == self._host_endpoint

    def _key(self, wish: Wish, cluster: str) -> tuple[str, str]:
        return str(wish.federated["metadata"]["uid"]), cluster

    def _tell(self, wish: Wish, cluster: str, verb: str) -> None:
        doing = {"Create": "Creating", "Update": "Updating", "Delete": "Deleting"}[verb]
        self._note(wish, f"{verb}InCluster", f'{doing} {wish.named} in cluster "{cluster}"', "Normal")

    def _failed(self, wish: Wish, cluster: str, verb: str, status: str, error: Exception) -> Outcome:
        text = f'{verb} of {wish.named} in cluster "{cluster}" failed: {error}'
        self._note(wish, f"{verb}InClusterFailed", text, "Warning")
        return Outcome(cluster, status)

    def _note(self, wish: Wish, reason: str, text: str, kind: str) -> None:
        component = f"{wish.kind.federated.kind.lower()}-controller"
        notice(self._store, wish.federated, reason, text, component=component, kind=kind)
