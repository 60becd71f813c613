"""Whether the joined clusters answer: the conditions of KubeFedCluster objects, and the clients for them.

Reachable and ok: Ready True. Reachable and not ok: Ready False, Offline False. Silent: Offline True and no Ready at
all. One failure counts.
"""

from __future__ import annotations

import base64

from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.components import FEDERATION
from fleetforge.rehearsal.kubernetes.definitions import KUBEFED_CLUSTERS
from fleetforge.rehearsal.kubernetes.events import Event
from fleetforge.rehearsal.kubernetes.federation_member import BadKubeconfig, Connections, Member, MemberFailed
from fleetforge.rehearsal.kubernetes.federation_work import Work, WorkKey
from fleetforge.rehearsal.kubernetes.objects import Object, condition, condition_is, name_of, set_condition, timestamp
from fleetforge.rehearsal.kubernetes.store import Store


class JoinedClusters:
    """The KubeFedClusters of a host cluster."""

    def __init__(self, store: Store, connections: Connections) -> None:
        self._store, self._connections = store, connections
        self.objects = Collection(store, KUBEFED_CLUSTERS)

    def all(self) -> list[Object]:
        return self.objects.all(FEDERATION)

    def client(self, joined: Object) -> Member:
        """``MemberFailed`` when its secret or CA is missing or wrong."""
        spec = joined["spec"]
        secret = Collection(self._store, "secrets").find((spec.get("secretRef") or {}).get("name", ""), FEDERATION)
        if secret is None:
            raise MemberFailed("the secret of the cluster does not exist")
        try:
            token = base64.b64decode(secret["data"]["token"]).decode()
            return self._connections.by_token(spec["apiEndpoint"], base64.b64decode(spec["caBundle"]).decode(), token)
        except (KeyError, ValueError, BadKubeconfig) as error:
            raise MemberFailed("the secret or the caBundle of the cluster cannot be read") from error


def is_ready(joined: Object) -> bool:
    return condition_is(joined, "Ready")


class HealthChecks:
    """Asks every joined cluster's /healthz each ``period`` seconds."""

    def __init__(self, joined: JoinedClusters, period: float) -> None:
        self._joined, self._period = joined, period
        self.work = Work(self._reconcile, period)

    def start(self) -> None:
        self.work.start()
        for item in self._joined.all():
            self.work.add((name_of(item),))

    def hear(self, event: Event) -> None:
        if event.resource.name == KUBEFED_CLUSTERS and (event.previous or {}).get("spec") != event.item["spec"]:
            self.work.add((name_of(event.item),))

    async def _reconcile(self, key: WorkKey) -> float | None:
        item = self._joined.objects.find(key[0], FEDERATION)
        if item is None:
            return None
        found = await self._health(item)
        if any(_differs(item, entry) for entry in found) or len(found) != len(_conditions(item)):
            self._joined.objects.set_status(item, lambda status: _write(status, found))
        return self._period

    async def _health(self, item: Object) -> list[Object]:
        try:
            status, text = await self._joined.client(item).answer("GET", "/healthz")
        except MemberFailed:
            return [_entry("Offline", "True", "ClusterNotReachable", "cluster is not reachable")]
        if status == 200 and text.strip() == "ok":
            return [_entry("Ready", "True", "ClusterReady", "/healthz responded with ok")]
        offline = _entry("Offline", "False", "ClusterReachable", "cluster is reachable")
        return [_entry("Ready", "False", "ClusterNotReady", "/healthz responded without ok"), offline]


def _entry(kind: str, value: str, reason: str, message: str) -> Object:
    return {"type": kind, "status": value, "reason": reason, "message": message}


def _conditions(item: Object) -> list[Object]:
    return (item.get("status") or {}).get("conditions") or []


def _differs(item: Object, entry: Object) -> bool:
    old = condition(item, entry["type"])
    return old is None or any(old.get(key) != value for key, value in entry.items())


def _write(status: Object, found: list[Object]) -> None:
    kinds = {entry["type"] for entry in found}
    status["conditions"] = [one for one in status.get("conditions") or [] if one["type"] in kinds]
    for entry in found:
        kind, value, reason, message = (entry[key] for key in ("type", "status", "reason", "message"))
        set_condition(status, kind, value, reason, message, lastProbeTime=timestamp())
