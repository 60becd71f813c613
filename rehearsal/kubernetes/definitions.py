"""The custom resources that KubeSphere and KubeFed bring, as CustomResourceDefinitions without schemas."""

from __future__ import annotations

from dataclasses import dataclass

from fleetforge.rehearsal.kubernetes.objects import Object, made

CONFIGURATIONS = "clusterconfigurations.installer.kubesphere.io"
CLUSTERS = "clusters.cluster.kubesphere.io"
KUBEFED_CLUSTERS = "kubefedclusters.core.kubefed.io"
TYPE_CONFIGS = "federatedtypeconfigs.core.kubefed.io"
KUBEFED_CONFIGS = "kubefedconfigs.core.kubefed.io"
FEDERATED_NAMESPACES = "federatednamespaces.types.kubefed.io"
WORKSPACES = "workspaces.tenant.kubesphere.io"
USERS = "users.iam.kubesphere.io"


@dataclass(frozen=True, slots=True)
class Custom:
    """One custom kind. ``status``: whether it has a status subresource."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    status: bool = False
    short: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.plural}.{self.group}"

    def definition(self) -> Object:
        schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
        version: Object = {"name": self.version, "served": True, "storage": True, "schema": schema}
        if self.status:
            version["subresources"] = {"status": {}}
        names: Object = {"plural": self.plural, "singular": self.kind.lower(), "kind": self.kind}
        names["listKind"] = self.kind + "List"
        if self.short:
            names["shortNames"] = list(self.short)
        spec = {"group": self.group, "names": names, "versions": [version]}
        spec["scope"] = "Namespaced" if self.namespaced else "Cluster"
        return made("apiextensions.k8s.io/v1", "CustomResourceDefinition", self.name, spec=spec)


INSTALLER = (
    Custom("installer.kubesphere.io", "v1alpha1", "clusterconfigurations", "ClusterConfiguration", short=("cc",)),
)

_IAM = "iam.kubesphere.io"
_TENANT = "tenant.kubesphere.io"

KUBESPHERE = (
    Custom("cluster.kubesphere.io", "v1alpha1", "clusters", "Cluster", False),
    Custom(_TENANT, "v1alpha1", "workspaces", "Workspace", False),
    Custom(_TENANT, "v1alpha2", "workspacetemplates", "WorkspaceTemplate", False),
    Custom(_IAM, "v1alpha2", "users", "User", False),
    Custom(_IAM, "v1alpha2", "groups", "Group", False),
    Custom(_IAM, "v1alpha2", "groupbindings", "GroupBinding", False),
    Custom(_IAM, "v1alpha2", "globalroles", "GlobalRole", False),
    Custom(_IAM, "v1alpha2", "globalrolebindings", "GlobalRoleBinding", False),
    Custom(_IAM, "v1alpha2", "workspaceroles", "WorkspaceRole", False),
    Custom(_IAM, "v1alpha2", "workspacerolebindings", "WorkspaceRoleBinding", False),
    Custom(_IAM, "v1alpha2", "rolebases", "RoleBase", False),
    Custom(_IAM, "v1alpha2", "loginrecords", "LoginRecord", False),
)

_CORE = "core.kubefed.io"

KUBEFED = (
    Custom(_CORE, "v1beta1", "kubefedclusters", "KubeFedCluster", status=True),
    Custom(_CORE, "v1beta1", "federatedtypeconfigs", "FederatedTypeConfig", status=True, short=("ftc",)),
    Custom(_CORE, "v1beta1", "kubefedconfigs", "KubeFedConfig"),
    Custom(_CORE, "v1alpha1", "clusterpropagatedversions", "ClusterPropagatedVersion", False, status=True),
    Custom(_CORE, "v1alpha1", "propagatedversions", "PropagatedVersion", status=True),
    Custom(_CORE, "v1alpha1", "federatedservicestatuses", "FederatedServiceStatus"),
    Custom("scheduling.kubefed.io", "v1alpha1", "replicaschedulingpreferences", "ReplicaSchedulingPreference"),
)


@dataclass(frozen=True, slots=True)
class FederatedType:
    """A target kind that can be federated, with its ``Federated<Kind>``."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def name(self) -> str:
        """The FederatedTypeConfig's name: ``deployments.apps``, ``configmaps``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def federated(self) -> Custom:
        """FederatedNamespace is namespaced although a Namespace is not."""
        namespaced = self.namespaced or self.kind == "Namespace"
        kind, plural = f"Federated{self.kind}", f"federated{self.plural}"
        return Custom("types.kubefed.io", "v1beta1", plural, kind, namespaced, True)

    def config(self, namespace: str) -> Object:
        scopes = {True: "Namespaced", False: "Cluster"}
        target = {"version": self.version, "kind": self.kind, "pluralName": self.plural}
        if self.group:
            target["group"] = self.group
        federated = {"group": "types.kubefed.io", "version": "v1beta1"}
        federated |= {"kind": self.federated.kind, "pluralName": self.federated.plural}
        spec: Object = {"propagation": "Enabled"}
        spec["targetType"] = {**target, "scope": scopes[self.namespaced]}
        spec["federatedType"] = {**federated, "scope": scopes[self.federated.namespaced]}
        return made("core.kubefed.io/v1beta1", "FederatedTypeConfig", self.name, namespace, spec=spec)


_RBAC = "rbac.authorization.k8s.io"

FEDERATED_TYPES = (
    FederatedType(_RBAC, "v1", "clusterroles", "ClusterRole", False),
    FederatedType("", "v1", "configmaps", "ConfigMap"),
    FederatedType("apps", "v1", "deployments", "Deployment"),
    FederatedType("networking.k8s.io", "v1", "ingresses", "Ingress"),
    FederatedType("batch", "v1", "jobs", "Job"),
    FederatedType("", "v1", "namespaces", "Namespace", False),
    FederatedType("apps", "v1", "replicasets", "ReplicaSet"),
    FederatedType("", "v1", "secrets", "Secret"),
    FederatedType("", "v1", "serviceaccounts", "ServiceAccount"),
    FederatedType("", "v1", "services", "Service"),
    FederatedType(_RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding", False),
    FederatedType("", "v1", "limitranges", "LimitRange"),
    FederatedType("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim"),
    FederatedType("apps", "v1", "statefulsets", "StatefulSet"),
    FederatedType(_IAM, "v1alpha2", "users", "User", False),
    FederatedType(_IAM, "v1alpha2", "groups", "Group", False),
    FederatedType(_IAM, "v1alpha2", "groupbindings", "GroupBinding", False),
    FederatedType(_IAM, "v1alpha2", "globalroles", "GlobalRole", False),
    FederatedType(_IAM, "v1alpha2", "globalrolebindings", "GlobalRoleBinding", False),
    FederatedType(_IAM, "v1alpha2", "workspaceroles", "WorkspaceRole", False),
    FederatedType(_IAM, "v1alpha2", "workspacerolebindings", "WorkspaceRoleBinding", False),
    FederatedType(_TENANT, "v1alpha1", "workspaces", "Workspace", False),
)
"""What the stock chart enables, and what KubeSphere adds, except for kinds that this stand-in does not serve."""
