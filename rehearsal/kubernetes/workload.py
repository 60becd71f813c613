"""The Deployments, DaemonSets and StatefulSets of system components, in one short form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.objects import Object, made
from fleetforge.rehearsal.kubernetes.store import Store
from fleetforge.rehearsal.kubernetes.system_images import SystemImages

_COLLECTIONS = {"Deployment": "deployments.apps", "DaemonSet": "daemonsets.apps", "StatefulSet": "statefulsets.apps"}
_EVERYWHERE = [{"operator": "Exists"}]


@dataclass(frozen=True, slots=True)
class Workload:
    """``images`` are upstream references, one container each; ``ports`` make a Service of the same name."""

    kind: str
    namespace: str
    name: str
    images: tuple[str, ...]
    ports: tuple[int, ...] = ()
    service: str = "ClusterIP"
    init_images: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    replicas: int = 1

    @property
    def selector(self) -> dict[str, str]:
        return dict(self.labels) or {"app": self.name}

    def deploy(self, store: Store, images: SystemImages, replicas: int = 0) -> None:
        """Creates or updates it, and its Service and namespace."""
        Collection(store, "namespaces").ensure(made("v1", "Namespace", self.namespace))
        Collection(store, _COLLECTIONS[self.kind]).put(self._body(images, replicas or self.replicas))
        if self.ports:
            Collection(store, "services").ensure(self._service())

    def find(self, store: Store) -> Object | None:
        return Collection(store, _COLLECTIONS[self.kind]).find(self.name, self.namespace)

    def is_ready(self, store: Store) -> bool:
        """Whether all wanted Pods of the present spec are ready."""
        item = self.find(store)
        status = (item or {}).get("status") or {}
        if item is None or status.get("observedGeneration") != item["metadata"]["generation"]:
            return False
        if self.kind == "DaemonSet":
            return bool(status["numberReady"] == status["desiredNumberScheduled"])
        updated = status.get("updatedReplicas", 0)
        return bool(updated == status.get("readyReplicas", 0) == item["spec"]["replicas"])

    def _body(self, images: SystemImages, replicas: int) -> Object:
        pod: Object = {"containers": [_container(image, images) for image in self.images]}
        if self.init_images:
            pod["initContainers"] = [_container(image, images) for image in self.init_images]
        if self.kind == "DaemonSet":
            pod["tolerations"] = [dict(one) for one in _EVERYWHERE]
        spec: Object = {"selector": {"matchLabels": self.selector}}
        spec["template"] = {"metadata": {"labels": self.selector}, "spec": pod}
        if self.kind != "DaemonSet":
            spec["replicas"] = replicas
        if self.kind == "StatefulSet":
            spec["serviceName"] = self.name
        return made("apps/v1", self.kind, self.name, self.namespace, labels=self.selector, spec=spec)

    def _service(self) -> Object:
        ports = [{"name": f"port-{port}", "port": port} for port in self.ports]
        spec = {"type": self.service, "selector": self.selector, "ports": ports}
        return made("v1", "Service", self.name, self.namespace, labels=self.selector, spec=spec)


def _container(image: str, images: SystemImages) -> Object:
    name = image.rpartition("/")[2].partition(":")[0]
    return {"name": name, "image": images.of(image), "resources": {"requests": {"cpu": "20m", "memory": "50Mi"}}}
