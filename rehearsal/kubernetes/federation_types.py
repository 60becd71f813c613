"""Which kinds are federated now: FederatedTypeConfig objects, their status, and what they connect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.components import FEDERATION
from fleetforge.rehearsal.kubernetes.definitions import KUBEFED_CONFIGS, TYPE_CONFIGS
from fleetforge.rehearsal.kubernetes.events import Event
from fleetforge.rehearsal.kubernetes.federation_work import Work, WorkKey
from fleetforge.rehearsal.kubernetes.objects import Object, is_going, name_of
from fleetforge.rehearsal.kubernetes.resources import Resource
from fleetforge.rehearsal.kubernetes.store import Store

FINALIZER = "core.kubefed.io/federated-type-config"
_CRDS = "customresourcedefinitions.apiextensions.k8s.io"


@dataclass(frozen=True, slots=True)
class Federated:
    """One enabled type: objects of ``federated`` on the host make objects of ``target`` on members."""

    name: str
    federated: Resource
    target: Resource
    collects_status: bool = False

    @property
    def is_namespace(self) -> bool:
        return self.target.name == "namespaces"


class Types:
    """``changed`` is told the name of a type that began or ended."""

    def __init__(self, store: Store, changed: Callable[[str], None], retry: float) -> None:
        self._store, self._changed = store, changed
        self._configs = Collection(store, TYPE_CONFIGS)
        self.work = Work(self._reconcile, retry)

    def start(self) -> None:
        self.work.start()
        for item in self._configs.all(FEDERATION):
            self.work.add((name_of(item),))

    def hear(self, event: Event) -> None:
        if event.resource.name == TYPE_CONFIGS:
            self.work.add((name_of(event.item),))
        elif event.resource.name == _CRDS:
            for item in self._configs.all(FEDERATION):
                self.work.add((name_of(item),))

    def named(self, name: str) -> Federated | None:
        """The type of that name, if it is live."""
        item = self._configs.find(name, FEDERATION)
        return self._of(item) if item and not is_going(item) else None

    def all(self) -> Iterator[Federated]:
        for item in self._configs.all(FEDERATION):
            found = None if is_going(item) else self._of(item)
            if found:
                yield found

    def of_federated(self, resource: Resource) -> Federated | None:
        return next((one for one in self.all() if one.federated.name == resource.name), None)

    def _of(self, item: Object) -> Federated | None:
        spec = item["spec"]
        federated = self._store.table.named(_plural(spec["federatedType"]))
        if spec.get("propagation") != "Enabled" or federated is None:
            return None
        collects = spec.get("statusCollection") == "Enabled" and self._gate_is_open()
        return Federated(name_of(item), federated, _target(spec["targetType"]), collects)

    def _gate_is_open(self) -> bool:
        config = Collection(self._store, KUBEFED_CONFIGS).find("kubefed", FEDERATION)
        gates = ((config or {}).get("spec") or {}).get("featureGates") or []
        return {"name": "RawResourceStatusCollection", "configuration": "Enabled"} in gates

    async def _reconcile(self, key: WorkKey) -> float | None:
        item = self._configs.find(key[0], FEDERATION)
        if item is None:
            return None
        held = item["metadata"].get("finalizers") or []
        if is_going(item):
            if FINALIZER in held:
                self._configs.change(item, lambda draft: draft["metadata"]["finalizers"].remove(FINALIZER))
            self._changed(key[0])
            return None
        if FINALIZER not in held:
            self._configs.change(item, lambda draft: draft["metadata"].setdefault("finalizers", []).append(FINALIZER))
        self._report(item)
        return None

    def _report(self, item: Object) -> None:
        runs = "Running" if self._of(item) else "NotRunning"
        status = {"observedGeneration": item["metadata"]["generation"], "propagationController": runs}
        status["statusController"] = "NotRunning"
        if (item.get("status") or {}) != status:
            self._configs.set_status(item, lambda draft: draft.update(status))
            self._changed(name_of(item))


def _plural(kind: Object) -> str:
    return f"{kind['pluralName']}.{kind['group']}" if kind.get("group") else str(kind["pluralName"])


def _target(kind: Object) -> Resource:
    """The target need not be known to the host cluster: it is asked of members by its URL alone."""
    return Resource(
        group=kind.get("group", ""),
        version=kind["version"],
        plural=kind["pluralName"],
        kind=kind["kind"],
        namespaced=kind.get("scope") == "Namespaced",
    )
