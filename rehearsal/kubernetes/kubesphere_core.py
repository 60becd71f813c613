"""What ks-core puts into a cluster: namespaces, KubeSphere's own kinds, its three Deployments, the first user."""

from __future__ import annotations

from fleetforge.rehearsal.kubernetes import components
from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.definitions import KUBESPHERE, USERS, WORKSPACES
from fleetforge.rehearsal.kubernetes.kubesphere_config import CONFIG, jwt_secret, write_config
from fleetforge.rehearsal.kubernetes.objects import Object, labels_of, made
from fleetforge.rehearsal.kubernetes.store import Store
from fleetforge.rehearsal.kubernetes.system_images import SystemImages
from fleetforge.rehearsal.kubernetes.workload import Workload

CLUSTER_WEBHOOK = "cluster.kubesphere.io"
"""The ValidatingWebhookConfiguration that makes every update of a Cluster call its member."""

ACCOUNT = "kubesphere"
_RBAC = "rbac.authorization.k8s.io"


def install_core(store: Store, version: str, spec: Object, images: SystemImages, password: str) -> list[Workload]:
    """Puts it there (safe to repeat) and gives what the installer waits for: ks-apiserver and ks-console."""
    for room in components.ROOMS[:3]:
        labels = {"kubesphere.io/workspace": "system-workspace"}
        Collection(store, "namespaces").ensure(made("v1", "Namespace", room, labels=labels))
    definitions = Collection(store, "customresourcedefinitions.apiextensions.k8s.io")
    for custom in KUBESPHERE:
        definitions.ensure(custom.definition())
    jwt_secret(store, (spec.get("authentication") or {}).get("jwtSecret") or "")
    if not Collection(store, "configmaps").find(CONFIG, components.SYSTEM):
        write_config(store, spec)
    _first_objects(store, password)
    grant(store, ACCOUNT, components.SYSTEM)
    for workload in (*components.core(version), *components.CONTROL_HELPERS):
        is_core = workload.namespace == components.SYSTEM
        workload.deploy(store, images, masters(store) if is_core else 0)
    return [workload for workload in components.core(version) if workload.name != components.CONTROLLER_MANAGER]


def masters(store: Store) -> int:
    """Nodes whose roles contain the word master, as the installer counts them; at least 1."""
    label = "node-role.kubernetes.io/master"
    return max(1, len([node for node in Collection(store, "nodes").all() if label in labels_of(node)]))


def grant(store: Store, account: str, namespace: str) -> None:
    """A service account that may do everything, with a token Secret ``<account>-token``."""
    Collection(store, "serviceaccounts").ensure(made("v1", "ServiceAccount", account, namespace))
    noted = {"kubernetes.io/service-account.name": account}
    token = made("v1", "Secret", f"{account}-token", namespace, annotations=noted)
    token["type"] = "kubernetes.io/service-account-token"
    Collection(store, "secrets").ensure(token)
    binding = made(f"{_RBAC}/v1", "ClusterRoleBinding", f"{namespace}:{account}")
    binding["roleRef"] = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": "cluster-admin"}
    binding["subjects"] = [{"kind": "ServiceAccount", "name": account, "namespace": namespace}]
    Collection(store, f"clusterrolebindings.{_RBAC}").ensure(binding)


def _first_objects(store: Store, password: str) -> None:
    workspace = made("tenant.kubesphere.io/v1alpha1", "Workspace", "system-workspace", spec={"manager": "admin"})
    Collection(store, WORKSPACES).ensure(workspace)
    spec = {"email": "admin@kubesphere.io", "password": "*" * min(8, len(password))}
    Collection(store, USERS).ensure(made("iam.kubesphere.io/v1alpha2", "User", "admin", spec=spec))
    Collection(store, "validatingwebhookconfigurations.admissionregistration.k8s.io").ensure(_webhook())


def _webhook() -> Object:
    item = made("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", CLUSTER_WEBHOOK)
    service = {"name": components.CONTROLLER_MANAGER, "namespace": components.SYSTEM, "port": 443}
    rule: Object = {"apiGroups": ["cluster.kubesphere.io"], "apiVersions": ["v1alpha1"], "operations": ["UPDATE"]}
    rule["resources"] = ["clusters"]
    hook: Object = {"name": CLUSTER_WEBHOOK, "failurePolicy": "Fail", "sideEffects": "None", "rules": [rule]}
    hook["clientConfig"] = {"service": {**service, "path": "/validate-cluster-kubesphere-io-v1alpha1"}}
    item["webhooks"] = [{**hook, "admissionReviewVersions": ["v1", "v1beta1"]}]
    return item
