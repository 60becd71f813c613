"""KubeSphere's cluster controller: Cluster objects become members of the federation, or say why they do not.

It checks neither the member's role nor its jwtSecret; that is what validation is for. A kubeconfig that cannot be read
is only logged. Failures after the join leave the old conditions standing.

What it does NOT do: proxy connections (no tower, so their kubeconfig stays empty and they are skipped), users' sync.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import yaml
from cryptography import x509

from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.components import SYSTEM
from fleetforge.rehearsal.kubernetes.definitions import CLUSTERS
from fleetforge.rehearsal.kubernetes.events import Event
from fleetforge.rehearsal.kubernetes.federation_host import HOST_LABEL, keep_host_object
from fleetforge.rehearsal.kubernetes.federation_join import join, leave
from fleetforge.rehearsal.kubernetes.federation_member import (
    BadKubeconfig,
    Connections,
    Member,
    MemberFailed,
    certificate_in,
)
from fleetforge.rehearsal.kubernetes.federation_webhook import PROXY, ClusterWebhook, kubeconfig_of, parsed, uid_of
from fleetforge.rehearsal.kubernetes.federation_work import Work, WorkKey
from fleetforge.rehearsal.kubernetes.kubesphere_config import CONFIG, FILE
from fleetforge.rehearsal.kubernetes.objects import Object, copied, is_going, labels_of, name_of, timestamp
from fleetforge.rehearsal.kubernetes.refusals import Refused

if TYPE_CHECKING:
    from fleetforge.rehearsal.kubernetes.cluster import KubernetesCluster

FINALIZER = "finalizer.cluster.kubesphere.io"
_EXPIRY = "KubeConfigCertExpiresInSevenDays"
_HOST_KEY: WorkKey = ("",)
_log = logging.getLogger(__name__)


class Clusters:
    """Looks at every Cluster when its wishes change, and again every ``pace.resync`` seconds."""

    def __init__(self, cluster: KubernetesCluster, connections: Connections, webhook: ClusterWebhook) -> None:
        self._cluster, self._store = cluster, cluster.store
        self._connections, self._webhook = connections, webhook
        self._clusters = Collection(cluster.store, CLUSTERS)
        self._denied: dict[str, str] = {}
        self.work = Work(self._reconcile, cluster.pace.resync)

    def start(self) -> None:
        self._denied.clear()
        self.work.start()
        self.work.add(_HOST_KEY)
        for item in self._clusters.all():
            self.work.add((name_of(item),))

    def hear(self, event: Event) -> None:
        if event.resource.name == CLUSTERS and _wishes(event.item) != _wishes(event.previous):
            self.work.add((name_of(event.item),))

    async def _reconcile(self, key: WorkKey) -> float | None:
        if key == _HOST_KEY:
            keep_host_object(self._cluster)
            return self._cluster.pace.resync
        item = self._clusters.find(key[0])
        if item is None:
            return None
        if is_going(item):
            await self._left(item)
        else:
            await self._synced(item)
        return self._cluster.pace.resync

    async def _save(self, name: str, edit: Callable[[Object], None]) -> None:
        """As any client's update: through the webhook, and refused when somebody else was quicker."""
        old = self._clusters.find(name)
        if old is None:
            return
        draft = copied(old)
        draft.setdefault("status", {})
        edit(draft)
        await self._webhook.review(self._clusters.resource, old, draft)
        self._store.update(self._clusters.resource, draft)

    async def _left(self, item: Object) -> None:
        """Unbinds it. Once the webhook has denied taking the finalizer off, that is not tried again."""
        name, version = name_of(item), item["metadata"]["resourceVersion"]
        if FINALIZER not in item["metadata"].get("finalizers", []) or self._denied.get(name) == version:
            return
        leave(self._store, name)
        try:
            await self._save(name, lambda draft: draft["metadata"]["finalizers"].remove(FINALIZER))
        except Refused as refusal:
            self._denied[name] = version
            _log.info("cluster %s keeps its finalizer: %s", name, refusal)

    async def _synced(self, item: Object) -> None:
        name = name_of(item)
        if FINALIZER not in item["metadata"].get("finalizers", []):
            await self._save(name, lambda draft: draft["metadata"].setdefault("finalizers", []).append(FINALIZER))
        try:
            text = kubeconfig_of(item)
            if not text or not item["spec"].get("joinFederation"):
                return
            member = self._connections.by_kubeconfig(text)
        except BadKubeconfig as error:
            return _log.warning("cluster %s: %s", name, error)
        if not await self._joined(item, member):
            return
        try:
            status = await _seen(self._cluster, member)
            await self._save(name, lambda draft: _usable(draft, member, status, text))
            await self._named(member, name)
        except MemberFailed as failure:
            _log.info("cluster %s: %s", name, failure)

    async def _joined(self, item: Object, member: Member) -> bool:
        try:
            await join(self._store, member, item)
        except MemberFailed as failure:
            why = str(failure)
            await self._save(name_of(item), lambda draft: _unjoined(draft, why))
            return False
        return True

    async def _named(self, member: Member, name: str) -> None:
        """Writes the cluster's name into the member's kubesphere-config."""
        config_maps = self._store.resource("configmaps")
        found = await member.find(config_maps, CONFIG, SYSTEM)
        if found is None:
            raise MemberFailed(f'configmaps "{CONFIG}" not found', 404)
        document = parsed(found)
        section = document.setdefault("multicluster", {})
        if section.get("clusterName") != name:
            section["clusterName"] = name
            found["data"][FILE] = yaml.safe_dump(document)
            await member.replace(config_maps, found)


def _wishes(item: Object | None) -> object:
    if item is None:
        return None
    return item["metadata"]["uid"], item.get("spec"), labels_of(item), is_going(item)


async def _seen(cluster: KubernetesCluster, member: Member) -> Object:
    """The part of the status that describes the member; ks-apiserver may be away."""
    version = await member.json("GET", "/version")
    nodes = await member.list(cluster.store.resource("nodes"))
    status: Object = {"kubernetesVersion": version["gitVersion"], "nodeCount": len(nodes)}
    try:
        status["configz"] = await member.json("GET", f"{PROXY}/kapis/config.kubesphere.io/v1alpha2/configs/configz")
        status["kubeSphereVersion"] = (await member.json("GET", f"{PROXY}/kapis/version"))["gitVersion"]
    except MemberFailed as failure:
        _log.info("ks-apiserver of %s: %s", member.endpoint, failure)
    status["uid"] = await uid_of(cluster.store, member)
    return status


def _usable(draft: Object, member: Member, seen: Object, kubeconfig: str) -> None:
    draft["spec"]["connection"].setdefault("kubernetesAPIEndpoint", member.endpoint)
    draft["status"].update(seen)
    _say(draft, "Federated", "True", "", "Cluster has joined federation control plane successfully")
    _say(draft, "Ready", "True", "Ready", "Cluster is available now")
    if HOST_LABEL not in labels_of(draft):
        end = _expiry(kubeconfig)
        is_near = end is not None and end - datetime.now(UTC) < timedelta(days=7)
        _say(draft, _EXPIRY, str(is_near), _EXPIRY, timestamp(end) if end else "")


def _unjoined(draft: Object, why: str) -> None:
    _say(draft, "Federated", "False", why, "Cluster can not join federation control plane")
    _say(draft, "Ready", "False", "Cluster join federation control plane failed", "Cluster is Not Ready now")


def _say(draft: Object, kind: str, value: str, reason: str, message: str) -> None:
    """Every sync writes its conditions anew, times included."""
    kept = [one for one in draft["status"].get("conditions") or [] if one["type"] != kind]
    now = timestamp()
    said: Object = {"type": kind, "status": value, "lastUpdateTime": now, "lastTransitionTime": now}
    said |= {key: text for key, text in (("reason", reason), ("message", message)) if text}
    draft["status"]["conditions"] = [*kept, said]


def _expiry(kubeconfig: str) -> datetime | None:
    pem = certificate_in(kubeconfig)
    return x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc if pem else None
