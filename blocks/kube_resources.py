"""The kinds of Kubernetes objects Fleetforge reads and writes, by group, version and plural."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind as the API serves it."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def definition(self) -> str:
        """``plural.group``: the name of its CustomResourceDefinition, if it is a custom one."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """The URL path of one object, of a namespace's, or (without both) of all."""
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if namespace and self.namespaced:
            parts += ["namespaces", namespace]
        return "/" + "/".join([*parts, self.plural, *([name] if name else [])])


NAMESPACES = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
NODES = Resource("", "v1", "nodes", "Node", namespaced=False)
PODS = Resource("", "v1", "pods", "Pod")
SERVICES = Resource("", "v1", "services", "Service")
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap")
SECRETS = Resource("", "v1", "secrets", "Secret")
SERVICE_ACCOUNTS = Resource("", "v1", "serviceaccounts", "ServiceAccount")
VOLUME_CLAIMS = Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim")
EVENTS = Resource("", "v1", "events", "Event")
DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment")
STATEFUL_SETS = Resource("apps", "v1", "statefulsets", "StatefulSet")
DAEMON_SETS = Resource("apps", "v1", "daemonsets", "DaemonSet")
JOBS = Resource("batch", "v1", "jobs", "Job")
CLUSTER_ROLES = Resource("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced=False)
CLUSTER_ROLE_BINDINGS = Resource(
    "rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False
)
STORAGE_CLASSES = Resource("storage.k8s.io", "v1", "storageclasses", "StorageClass", namespaced=False)
DISRUPTION_BUDGETS = Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")
DEFINITIONS = Resource(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False
)
API_SERVICES = Resource("apiregistration.k8s.io", "v1", "apiservices", "APIService", namespaced=False)

CLUSTER_CONFIGURATIONS = Resource(
    "installer.kubesphere.io", "v1alpha1", "clusterconfigurations", "ClusterConfiguration"
)
CLUSTERS = Resource("cluster.kubesphere.io", "v1alpha1", "clusters", "Cluster", namespaced=False)
KUBEFED_CLUSTERS = Resource("core.kubefed.io", "v1beta1", "kubefedclusters", "KubeFedCluster")
FEDERATED_TYPE_CONFIGS = Resource("core.kubefed.io", "v1beta1", "federatedtypeconfigs", "FederatedTypeConfig")
FEDERATED_NAMESPACES = Resource("types.kubefed.io", "v1beta1", "federatednamespaces", "FederatedNamespace")
FEDERATED_DEPLOYMENTS = Resource("types.kubefed.io", "v1beta1", "federateddeployments", "FederatedDeployment")

KNOWN: dict[tuple[str, str], Resource] = {
    (found.api_version, found.kind): found for found in list(globals().values()) if isinstance(found, Resource)
}


def resource_of(item: dict[str, Any]) -> Resource:
    """The resource an object belongs to, by its ``apiVersion`` and ``kind``; ``KeyError`` for one not listed here."""
    return KNOWN[(item["apiVersion"], item["kind"])]
