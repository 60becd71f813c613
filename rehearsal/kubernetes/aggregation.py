"""APIs served by Pods of the cluster: whether each APIService has somebody behind it.

What it does NOT do: serve what is behind them (no ``metrics.k8s.io`` answers).
"""

from __future__ import annotations

from collections.abc import Iterable

from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.control import Controller, key_of
from fleetforge.rehearsal.kubernetes.events import Event
from fleetforge.rehearsal.kubernetes.objects import Object, condition_is, made, set_condition
from fleetforge.rehearsal.kubernetes.store import Key, Store

API_SERVICES = "apiservices.apiregistration.k8s.io"


def register_metrics(store: Store) -> None:
    """The APIService of metrics-server; safe to repeat."""
    behind = {"name": "metrics-server", "namespace": "kube-system", "port": 443}
    spec: Object = {"group": "metrics.k8s.io", "version": "v1beta1", "service": behind, "insecureSkipTLSVerify": True}
    spec |= {"groupPriorityMinimum": 100, "versionPriority": 100}
    item = made("apiregistration.k8s.io/v1", "APIService", "v1beta1.metrics.k8s.io", spec=spec)
    Collection(store, API_SERVICES).ensure(item)


class ApiServices(Controller):
    """Reports ``Available`` from the Endpoints of the Service behind each APIService."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._apis = Collection(store, API_SERVICES)
        self._endpoints = Collection(store, "endpoints")

    def keys(self, event: Event) -> Iterable[Key]:
        if event.resource.name == API_SERVICES:
            return [key_of(event.item)]
        if event.resource.name != "endpoints":
            return []
        return [key_of(item) for item in self._apis.all() if key_of(event.item) == _behind(item)]

    def reconcile(self, key: Key) -> None:
        item = self._apis.find(key[1])
        if item is None:
            return
        namespace, name = _behind(item)
        subsets = (self._endpoints.find(name, namespace) or {}).get("subsets") or []
        good = any(subset.get("addresses") for subset in subsets)
        if condition_is(item, "Available", "True" if good else "False"):
            return
        reason, text = ("Passed", "all checks passed") if good else ("MissingEndpoints", f"no endpoints for {name}")
        self._apis.set_status(
            item, lambda status: set_condition(status, "Available", "True" if good else "False", reason, text)
        )


def _behind(item: Object) -> Key:
    service = (item.get("spec") or {}).get("service") or {}
    return str(service.get("namespace", "")), str(service.get("name", ""))
