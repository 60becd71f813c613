"""The small controllers: namespaces, Service endpoints, volume claims, disruption budgets."""

from __future__ import annotations

from collections.abc import Iterable

from fleetforge.rehearsal.kubernetes.admission import TOKEN_SECRET
from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.control import Controller, key_of
from fleetforge.rehearsal.kubernetes.delays import Delays
from fleetforge.rehearsal.kubernetes.events import Event
from fleetforge.rehearsal.kubernetes.eviction import budget_of
from fleetforge.rehearsal.kubernetes.objects import (
    Object,
    is_going,
    made,
    name_of,
    namespace_of,
    pod_is_ready,
    suffix,
)
from fleetforge.rehearsal.kubernetes.pace import Pace
from fleetforge.rehearsal.kubernetes.store import Key, Store


class Namespaces(Controller):
    """Fills new namespaces (service account, root CA) and empties those that are being deleted."""

    def __init__(self, store: Store, pace: Pace, version: str, ca_pem: str) -> None:
        super().__init__()
        self._store, self._pace, self._ca = store, pace, ca_pem
        self._makes_tokens = int(version.split(".")[1]) < 24
        self._namespaces = Collection(store, "namespaces")
        self._delays = Delays()

    def keys(self, event: Event) -> Iterable[Key]:
        if event.resource.name == "namespaces":
            return [key_of(event.item)]
        if event.resource.name == "serviceaccounts" and event.change == "ADDED":
            return [("", namespace_of(event.item))]
        return [("", namespace_of(event.item))] if event.change == "DELETED" and event.resource.namespaced else []

    def reconcile(self, key: Key) -> None:
        namespace = self._namespaces.find(key[1])
        if namespace is None:
            return
        if not is_going(namespace):
            return self._fill(key[1])
        if left := self._delays.remaining(namespace, "empty", self._pace.transition):
            return self.later(left, key)
        if not self._emptied(key[1]):
            self._namespaces.change(namespace, lambda draft: draft["spec"].update(finalizers=[]))

    def _fill(self, namespace: str) -> None:
        accounts = Collection(self._store, "serviceaccounts")
        accounts.ensure(made("v1", "ServiceAccount", "default", namespace))
        root = made("v1", "ConfigMap", "kube-root-ca.crt", namespace, data={"ca.crt": self._ca})
        Collection(self._store, "configmaps").ensure(root)
        for account in accounts.all(namespace) if self._makes_tokens else []:
            if not account.get("secrets"):
                self._token(account)

    def _token(self, account: Object) -> None:
        """Until 1.23 every service account gets a Secret with a token that does not expire."""
        name = f"{name_of(account)}-token-{suffix()}"
        noted = {"kubernetes.io/service-account.name": name_of(account)}
        secret = made("v1", "Secret", name, namespace_of(account), annotations=noted, type=TOKEN_SECRET)
        Collection(self._store, "secrets").create(secret)
        accounts = Collection(self._store, "serviceaccounts")
        accounts.change(account, lambda draft: draft.update(secrets=[{"name": name}]))

    def _emptied(self, namespace: str) -> int:
        """Deletes what is in the namespace; how much of it still is."""
        left = 0
        for resource in list(self._store.table.all()):
            if not resource.namespaced:
                continue
            contents = Collection(self._store, resource.name)
            for item in contents.all(namespace):
                contents.delete(item)
                left += contents.find(name_of(item), namespace) is not None
        return left


class Endpoints(Controller):
    """Keeps the Endpoints of every Service with a selector."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._services = Collection(store, "services")
        self._endpoints = Collection(store, "endpoints")
        self._pods = Collection(store, "pods")

    def keys(self, event: Event) -> Iterable[Key]:
        if event.resource.name == "services":
            return [key_of(event.item)]
        if event.resource.name != "pods" or not _readiness_changed(event):
            return []
        return [key_of(service) for service in self._services.all(namespace_of(event.item))]

    def reconcile(self, key: Key) -> None:
        service = self._services.find(key[1], key[0])
        if service is None:
            if old := self._endpoints.find(key[1], key[0]):
                self._endpoints.delete(old)
            return
        selector = service["spec"].get("selector")
        if not selector:
            return
        pods = [pod for pod in self._pods.matching(selector, key[0]) if not is_going(pod)]
        item = made("v1", "Endpoints", key[1], key[0], subsets=[_subset(pods, service)] if pods else [])
        if self._endpoints.find(key[1], key[0]) or pods:
            self._endpoints.put(item)


def _subset(pods: list[Object], service: Object) -> Object:
    subset: Object = {"ports": [_port(port) for port in service["spec"].get("ports") or []]}
    for pod in pods:
        address = {"ip": (pod.get("status") or {}).get("podIP", ""), "nodeName": pod["spec"].get("nodeName")}
        address["targetRef"] = {"kind": "Pod", "name": name_of(pod), "namespace": namespace_of(pod)}
        if address["ip"]:
            subset.setdefault("addresses" if pod_is_ready(pod) else "notReadyAddresses", []).append(address)
    return subset


def _port(port: Object) -> Object:
    target = port["targetPort"] if isinstance(port["targetPort"], int) else port["port"]
    return {"name": port.get("name", ""), "port": target, "protocol": port["protocol"]}


def _readiness_changed(event: Event) -> bool:
    before = event.previous is not None and pod_is_ready(event.previous)
    return event.change != "MODIFIED" or before != pod_is_ready(event.item)


class Claims(Controller):
    """Binds claims of a storage class at once, each to a volume of its own."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._claims = Collection(store, "persistentvolumeclaims")
        self._volumes = Collection(store, "persistentvolumes")
        self._classes = Collection(store, "storageclasses.storage.k8s.io")

    def keys(self, event: Event) -> Iterable[Key]:
        if event.resource.name == "storageclasses.storage.k8s.io":
            return [key_of(claim) for claim in self._claims.all()]
        return [key_of(event.item)] if event.resource.name == "persistentvolumeclaims" else []

    def reconcile(self, key: Key) -> None:
        claim = self._claims.find(key[1], key[0])
        if claim is None or claim["spec"].get("volumeName") or is_going(claim):
            return
        storage = self._classes.find(claim["spec"].get("storageClassName", ""))
        if storage is None:
            return
        name = f"pvc-{claim['metadata']['uid']}"
        spec = {"capacity": claim["spec"]["resources"]["requests"], "storageClassName": name_of(storage)}
        self._volumes.ensure(made("v1", "PersistentVolume", name, spec=spec))
        bound = self._claims.change(claim, lambda draft: draft["spec"].update(volumeName=name))
        if bound:
            self._claims.set_status(bound, lambda status: status.update(phase="Bound", capacity=spec["capacity"]))


class Budgets(Controller):
    """Reports what each PodDisruptionBudget allows now."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store
        self._policies = Collection(store, "poddisruptionbudgets.policy")

    def keys(self, event: Event) -> Iterable[Key]:
        if event.resource.name == "poddisruptionbudgets.policy":
            return [key_of(event.item)]
        if event.resource.name != "pods":
            return []
        return [key_of(policy) for policy in self._policies.all(namespace_of(event.item))]

    def reconcile(self, key: Key) -> None:
        policy = self._policies.find(key[1], key[0])
        if policy is None:
            return
        budget = budget_of(self._store, policy)
        found = {
            "expectedPods": budget.expected,
            "currentHealthy": budget.healthy,
            "desiredHealthy": budget.needed,
            "disruptionsAllowed": budget.allowed,
            "observedGeneration": policy["metadata"]["generation"],
        }
        self._policies.set_status(policy, lambda status: status.update(found))
