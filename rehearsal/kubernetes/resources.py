"""Which kinds a server knows: the built-in ones, and those that CustomResourceDefinitions add while it runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fleetforge.rehearsal.kubernetes.objects import Object

_COUNTED = {"apps", "batch", "policy", "networking.k8s.io", "apiextensions.k8s.io", "admissionregistration.k8s.io"}
"""Built-in groups whose objects carry ``metadata.generation``."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One group/version/resource. ``status`` and ``scale`` say which subresources it has."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    status: bool = False
    scale: bool = False
    short: tuple[str, ...] = ()
    custom: bool = False
    categories: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """``deployments.apps``, ``pods``: one per stored kind, whatever the version."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def counts_generations(self) -> bool:
        return self.custom or self.group in _COUNTED

    @property
    def singular(self) -> str:
        return self.kind.lower()


def _builtin() -> Iterator[Resource]:
    """group/version, then ``plural Kind flags short...``; flags: n(amespaced) s(tatus) x(scale) -(none)."""
    for head, rows in _TABLE.items():
        group, _, version = head.rpartition("/")
        for row in rows:
            plural, kind, flags, *short = row.split()
            yield Resource(
                group=group,
                version=version,
                plural=plural,
                kind=kind,
                namespaced="n" in flags,
                status="s" in flags,
                scale="x" in flags,
                short=tuple(short),
                categories=("all",) if plural in _ALL else (),
            )


_ALL = {"pods", "services", "deployments", "replicasets", "statefulsets", "daemonsets", "jobs", "cronjobs"}

_TABLE = {
    "v1": (
        "namespaces Namespace s ns",
        "nodes Node s no",
        "pods Pod ns po",
        "services Service ns svc",
        "endpoints Endpoints n ep",
        "configmaps ConfigMap n cm",
        "secrets Secret n",
        "serviceaccounts ServiceAccount n sa",
        "persistentvolumes PersistentVolume s pv",
        "persistentvolumeclaims PersistentVolumeClaim ns pvc",
        "events Event n ev",
        "limitranges LimitRange n limits",
        "resourcequotas ResourceQuota ns quota",
    ),
    "apps/v1": (
        "deployments Deployment nsx deploy",
        "replicasets ReplicaSet nsx rs",
        "statefulsets StatefulSet nsx sts",
        "daemonsets DaemonSet ns ds",
        "controllerrevisions ControllerRevision n",
    ),
    "batch/v1": ("jobs Job ns", "cronjobs CronJob ns cj"),
    "coordination.k8s.io/v1": ("leases Lease n",),
    "policy/v1": ("poddisruptionbudgets PodDisruptionBudget ns pdb",),
    "rbac.authorization.k8s.io/v1": (
        "clusterroles ClusterRole -",
        "clusterrolebindings ClusterRoleBinding -",
        "roles Role n",
        "rolebindings RoleBinding n",
    ),
    "apiextensions.k8s.io/v1": ("customresourcedefinitions CustomResourceDefinition s crd crds",),
    "apiregistration.k8s.io/v1": ("apiservices APIService s",),
    "admissionregistration.k8s.io/v1": (
        "validatingwebhookconfigurations ValidatingWebhookConfiguration -",
        "mutatingwebhookconfigurations MutatingWebhookConfiguration -",
    ),
    "storage.k8s.io/v1": ("storageclasses StorageClass - sc", "csidrivers CSIDriver -"),
    "networking.k8s.io/v1": (
        "ingresses Ingress ns ing",
        "networkpolicies NetworkPolicy n netpol",
        "ingressclasses IngressClass -",
    ),
    "autoscaling/v1": ("horizontalpodautoscalers HorizontalPodAutoscaler ns hpa",),
    "scheduling.k8s.io/v1": ("priorityclasses PriorityClass - pc",),
    "events.k8s.io/v1": ("events Event n ev",),
}


class ResourceTable:
    """The kinds served now. Asked by group/version/plural for requests and by ``name`` inside the process."""

    def __init__(self) -> None:
        self._served: dict[tuple[str, str, str], Resource] = {}
        self._named: dict[str, Resource] = {}
        for resource in _builtin():
            self._add(resource)

    def served(self, group: str, version: str, plural: str) -> Resource | None:
        return self._served.get((group, version, plural))

    def named(self, name: str) -> Resource | None:
        return self._named.get(name)

    def of_kind(self, group: str, kind: str) -> Resource | None:
        found = (item for item in self._named.values() if item.group == group and item.kind == kind)
        return next(found, None)

    def all(self) -> Iterable[Resource]:
        return self._served.values()

    def groups(self) -> dict[str, list[str]]:
        """Group to its versions, the core group left out."""
        found: dict[str, list[str]] = {}
        for resource in self._served.values():
            versions = found.setdefault(resource.group, []) if resource.group else []
            if resource.version not in versions:
                versions.append(resource.version)
        return found

    def register(self, definition: Object) -> None:
        """Serves what a CustomResourceDefinition defines."""
        self.forget(definition["metadata"]["name"])
        for resource in _defined(definition["spec"]):
            self._add(resource)

    def forget(self, name: str) -> None:
        """Serves the kind no more; built-in kinds stay."""
        self._named = {key: item for key, item in self._named.items() if key != name or not item.custom}
        self._served = {key: item for key, item in self._served.items() if item.name != name or not item.custom}

    def _add(self, resource: Resource) -> None:
        self._served[(resource.group, resource.version, resource.plural)] = resource
        self._named.setdefault(resource.name, resource)


def _defined(spec: Object) -> Iterator[Resource]:
    names = spec["names"]
    for version in sorted(spec["versions"], key=lambda item: not item.get("storage")):
        if not version.get("served"):
            continue
        subresources = version.get("subresources") or {}
        yield Resource(
            group=spec["group"],
            version=version["name"],
            plural=names["plural"],
            kind=names["kind"],
            namespaced=spec.get("scope") == "Namespaced",
            status="status" in subresources,
            scale="scale" in subresources,
            short=tuple(names.get("shortNames") or ()),
            custom=True,
            categories=tuple(names.get("categories") or ()),
        )
