"""KubeFed's sync controllers: a federated object is put into the clusters of its placement, and out of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.definitions import FEDERATED_NAMESPACES, KUBEFED_CLUSTERS
from fleetforge.rehearsal.kubernetes.events import Event
from fleetforge.rehearsal.kubernetes.federation_health import JoinedClusters, is_ready
from fleetforge.rehearsal.kubernetes.federation_placement import placed_in, template_of
from fleetforge.rehearsal.kubernetes.federation_propagation import Outcome, Propagation, Wish
from fleetforge.rehearsal.kubernetes.federation_types import Federated, Types
from fleetforge.rehearsal.kubernetes.federation_work import Work, WorkKey
from fleetforge.rehearsal.kubernetes.objects import (
    Object,
    annotations_of,
    copied,
    is_going,
    labels_of,
    name_of,
    namespace_of,
    set_condition,
    timestamp,
)
from fleetforge.rehearsal.kubernetes.pace import Pace
from fleetforge.rehearsal.kubernetes.store import Store

FINALIZER = "kubefed.io/sync-controller"
_ORPHAN = "kubefed.io/orphan"


class Sync:
    """Keys are (type, namespace, name) of federated objects."""

    def __init__(
        self, store: Store, joined: JoinedClusters, types: Types, propagation: Propagation, pace: Pace
    ) -> None:
        self._store, self._joined, self._types = store, joined, types
        self._propagation, self._pace = propagation, pace
        self.work = Work(self._reconcile, pace.drift)

    def start(self) -> None:
        self.work.start()
        self.look_at_all()

    def hear(self, event: Event) -> None:
        """Also what other objects' changes mean: a namespace's for all in it, a cluster's for everything."""
        resource, item = event.resource, event.item
        if resource.name == KUBEFED_CLUSTERS:
            if event.change != "DELETED" and _presence(event.item) != _presence(event.previous):
                self.look_at_all()
        elif resource.name == "namespaces":
            self.work.add(("namespaces", name_of(item), name_of(item)))
        elif resource.custom and _wishes(item) != _wishes(event.previous):
            if kind := self._types.of_federated(resource):
                self.work.add((kind.name, namespace_of(item), name_of(item)))
            if resource.name == FEDERATED_NAMESPACES:
                self.look_at_all(namespace=namespace_of(item))

    def look_at_all(self, type_name: str = "", namespace: str = "") -> None:
        for kind in self._types.all():
            if type_name in ("", kind.name):
                for item in self.objects(kind, namespace):
                    self.work.add((kind.name, namespace_of(item), name_of(item)))

    def objects(self, kind: Federated, namespace: str = "") -> list[Object]:
        """The federated objects of a type; of one namespace, which cluster-scoped ones are not in."""
        if namespace and not kind.federated.namespaced:
            return []
        return Collection(self._store, kind.federated.name).all(namespace)

    def look_soon(self, kind: Federated, target: Object) -> None:
        """Something of this kind has changed on a member."""
        namespace = name_of(target) if kind.is_namespace else namespace_of(target)
        self.work.later(self._pace.drift, (kind.name, namespace, name_of(target)))

    async def _reconcile(self, key: WorkKey) -> float | None:
        kind = self._types.named(key[0])
        found = Collection(self._store, kind.federated.name).find(key[2], key[1]) if kind else None
        if kind is None or found is None:
            return None
        host_namespace = Collection(self._store, "namespaces").find(key[1]) if key[1] else None
        wish = Wish(kind, found, template_of(kind, found, host_namespace))
        if is_going(found):
            return await self._removed(wish)
        held = found["metadata"].get("finalizers") or []
        if FINALIZER not in held:
            objects = Collection(self._store, kind.federated.name)
            objects.change(found, lambda draft: draft["metadata"].setdefault("finalizers", []).append(FINALIZER))
        return await self._distributed(wish)

    async def _distributed(self, wish: Wish) -> float | None:
        room = self._room(wish)
        has_room = not wish.kind.target.namespaced or room is not None
        joined = self._joined.all()
        places = placed_in(wish.federated, joined) if has_room else set()
        if wish.kind.target.namespaced and room is not None:
            places &= placed_in(room, joined)
        outcomes = await asyncio.gather(*self._acts(wish, joined, places))
        found = [one for one in outcomes if one is not None]
        reason = "" if has_room else "NamespaceNotFederated"
        self._report(wish, reason, [one for one in found if one.cluster in places or one.status != "ClusterNotReady"])
        return self._pace.drift if any(one.status for one in found) else None

    def _room(self, wish: Wish) -> Object | None:
        """The FederatedNamespace around a namespaced object."""
        namespace = namespace_of(wish.template)
        return Collection(self._store, FEDERATED_NAMESPACES).find(namespace, namespace) if namespace else None

    def _acts(self, wish: Wish, joined: list[Object], places: set[str]) -> Iterator[asyncio.Future[Outcome | None]]:
        for one in joined:
            act = self._propagation.placed if name_of(one) in places else self._propagation.absent
            yield asyncio.ensure_future(act(wish, one))

    async def _removed(self, wish: Wish) -> float | None:
        """Deletes it in every cluster, or orphans it there; then the finalizer goes."""
        held = wish.federated["metadata"].get("finalizers") or []
        if FINALIZER not in held:
            return None
        orphan = annotations_of(wish.federated).get(_ORPHAN) == "true"
        acts = [self._propagation.absent(wish, one, orphan=orphan) for one in self._joined.all()]
        if any(await asyncio.gather(*acts)):
            return self._pace.drift
        objects = Collection(self._store, wish.kind.federated.name)
        objects.change(wish.federated, lambda draft: draft["metadata"]["finalizers"].remove(FINALIZER))
        return None

    def _report(self, wish: Wish, reason: str, outcomes: list[Outcome]) -> None:
        if not reason and any(one.status for one in outcomes):
            reason = "CheckClusters"
        clusters = [one.entry() for one in sorted(outcomes, key=lambda one: one.cluster)]
        generation = wish.federated["metadata"]["generation"]

        def edit(status: Object) -> None:
            status["observedGeneration"] = generation
            set_condition(status, "Propagation", "False" if reason else "True", reason, "")
            status.pop("clusters", None)
            if clusters and reason != "NamespaceNotFederated":
                status["clusters"] = clusters

        old = wish.federated.get("status") or {}
        new = copied(old)
        edit(new)
        if new != old:
            new["conditions"][-1]["lastUpdateTime"] = timestamp()
            objects = Collection(self._store, wish.kind.federated.name)
            objects.change(wish.federated, lambda draft: draft.update(status=new), "status")


def _wishes(item: Object | None) -> object:
    if item is None:
        return None
    return item["metadata"]["uid"], item.get("spec"), labels_of(item), annotations_of(item), is_going(item)


def _presence(item: Object | None) -> object:
    return (is_ready(item), labels_of(item), item["spec"]) if item else None
