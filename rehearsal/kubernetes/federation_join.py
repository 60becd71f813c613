"""Joining a cluster to the federation: what KubeSphere puts into the member and keeps of it on the host cluster.

Member: namespace kube-federation-system, ServiceAccount ``<name>-kubesphere`` with its own token Secret, ClusterRole
and ClusterRoleBinding. Host cluster: Secret ``<name>-secret`` and KubeFedCluster ``<name>``.
"""

from __future__ import annotations

from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.components import FEDERATION
from fleetforge.rehearsal.kubernetes.definitions import KUBEFED_CLUSTERS, WORKSPACES
from fleetforge.rehearsal.kubernetes.federation_member import Member, MemberFailed
from fleetforge.rehearsal.kubernetes.objects import Object, copied, labels_of, made, name_of
from fleetforge.rehearsal.kubernetes.store import Store

_RBAC = "rbac.authorization.k8s.io"
_FEDERATED_WORKSPACES = "federatedworkspaces.types.kubefed.io"
_TOKEN_TYPE = "kubernetes.io/service-account-token"  # noqa: S105


async def join(store: Store, member: Member, cluster: Object) -> None:
    """Safe to repeat; ``MemberFailed`` when the member refuses, does not answer, or has a clashing workspace."""
    name = name_of(cluster)
    await _check_workspaces(store, member, name)
    data = await _account(store, member, f"{name}-kubesphere")
    secret = made("v1", "Secret", f"{name}-secret", FEDERATION, type="Opaque", data={"token": data["token"]})
    Collection(store, "secrets").put(secret)
    spec = {"apiEndpoint": member.endpoint, "caBundle": data["ca.crt"], "secretRef": {"name": f"{name}-secret"}}
    _keep(store, name, spec, labels_of(cluster))


def leave(store: Store, name: str) -> None:
    """Forgets the cluster; nothing on the member is touched."""
    for kind, item in ((KUBEFED_CLUSTERS, name), ("secrets", f"{name}-secret")):
        if found := Collection(store, kind).find(item, FEDERATION):
            Collection(store, kind).delete(found)


def _keep(store: Store, name: str, spec: Object, labels: dict[str, str]) -> None:
    kept = Collection(store, KUBEFED_CLUSTERS)

    def edit(draft: Object) -> None:
        draft["spec"] = spec
        draft["metadata"]["labels"] = copied(labels)

    new = made("core.kubefed.io/v1beta1", "KubeFedCluster", name, FEDERATION, labels=copied(labels), spec=spec)
    kept.change(kept.ensure(new), edit)


async def _check_workspaces(store: Store, member: Member, name: str) -> None:
    """A federated workspace of the member may not be one that this host cluster federates without the member."""
    federated = Collection(store, _FEDERATED_WORKSPACES)
    for workspace in await member.list(store.resource(WORKSPACES), "kubefed.io/managed=true"):
        found = federated.find(name_of(workspace))
        placed = (((found or {}).get("spec") or {}).get("placement") or {}).get("clusters") or []
        if found and name not in {one["name"] for one in placed}:
            raise MemberFailed(f"the workspace {name_of(workspace)} exists in the host cluster and in {name}")


async def _account(store: Store, member: Member, account: str) -> Object:
    """Data of the token Secret of a ServiceAccount that may do everything."""
    await member.ensure(store.resource("namespaces"), made("v1", "Namespace", FEDERATION))
    await member.ensure(store.resource("serviceaccounts"), made("v1", "ServiceAccount", account, FEDERATION))
    noted = {"kubernetes.io/service-account.name": account}
    token = made("v1", "Secret", f"{account}-token", FEDERATION, annotations=noted, type=_TOKEN_TYPE)
    secret = await member.ensure(store.resource("secrets"), token)
    await _allow(store, member, account)
    data: Object = secret.get("data") or {}
    if "token" not in data:
        raise MemberFailed(f"the secret {account}-token holds no token yet")
    return data


async def _allow(store: Store, member: Member, account: str) -> None:
    name = f"kubefed-controller-manager:{account}"
    role = made(f"{_RBAC}/v1", "ClusterRole", name)
    role["rules"] = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    role["rules"].append({"nonResourceURLs": ["*"], "verbs": ["get"]})
    binding = made(f"{_RBAC}/v1", "ClusterRoleBinding", name)
    binding["roleRef"] = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": name}
    binding["subjects"] = [{"kind": "ServiceAccount", "name": account, "namespace": FEDERATION}]
    await member.ensure(store.resource(f"clusterroles.{_RBAC}"), role)
    await member.ensure(store.resource(f"clusterrolebindings.{_RBAC}"), binding)
