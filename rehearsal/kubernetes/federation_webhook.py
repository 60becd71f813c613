"""The validating webhook of Cluster objects, and the checks a console makes before it imports a member."""

from __future__ import annotations

import base64
import binascii

import yaml

from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.components import SYSTEM
from fleetforge.rehearsal.kubernetes.definitions import CLUSTERS
from fleetforge.rehearsal.kubernetes.federation_member import BadKubeconfig, Connections, Member, MemberFailed
from fleetforge.rehearsal.kubernetes.kubesphere_config import CONFIG, FILE, read_config
from fleetforge.rehearsal.kubernetes.kubesphere_core import CLUSTER_WEBHOOK
from fleetforge.rehearsal.kubernetes.objects import Object, name_of
from fleetforge.rehearsal.kubernetes.refusals import Refused, bad_request
from fleetforge.rehearsal.kubernetes.resources import Resource
from fleetforge.rehearsal.kubernetes.store import Store

PROXY = "/api/v1/namespaces/kubesphere-system/services/:ks-apiserver:/proxy"


def kubeconfig_of(cluster: Object) -> str:
    """The text of a Cluster's kubeconfig, empty when it has none; ``BadKubeconfig`` when it is not base64."""
    given = ((cluster.get("spec") or {}).get("connection") or {}).get("kubeconfig") or ""
    try:
        return base64.b64decode(given, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise BadKubeconfig("the kubeconfig is not base64") from error


async def uid_of(store: Store, member: Member) -> str:
    """What tells one cluster from another: the uid of its namespace kube-system."""
    found = await member.find(store.resource("namespaces"), "kube-system")
    return str(found["metadata"]["uid"]) if found else ""


class ClusterWebhook:
    """While its configuration is there, every update of a Cluster that was Ready once calls the member."""

    def __init__(self, store: Store, connections: Connections) -> None:
        self._store, self._connections = store, connections

    async def review(self, resource: Resource, old: Object, new: Object) -> None:
        """``Refused`` when the member does not answer or is another cluster than before."""
        known = (old.get("status") or {}).get("uid")
        if resource.name != CLUSTERS or not known or not self._is_configured():
            return
        try:
            uid = await uid_of(self._store, self._connections.by_kubeconfig(kubeconfig_of(new)))
        except (BadKubeconfig, MemberFailed) as failure:
            raise _denied(str(failure)) from failure
        if uid != known:
            raise _denied(f"the kubeconfig of cluster {name_of(new)} belongs to another cluster")

    def _is_configured(self) -> bool:
        hooks = Collection(self._store, "validatingwebhookconfigurations.admissionregistration.k8s.io")
        return hooks.find(CLUSTER_WEBHOOK) is not None


def _denied(why: str) -> Refused:
    return Refused(403, "Forbidden", f'admission webhook "{CLUSTER_WEBHOOK}" denied the request: {why}')


async def validate(store: Store, connections: Connections, cluster: Object) -> None:
    """What POST .../clusters/validation checks of a direct member; ``Refused`` 400 with the first thing wrong."""
    try:
        member = connections.by_kubeconfig(kubeconfig_of(cluster))
        uid = await uid_of(store, member)
        _check_is_new(store, uid)
        await member.json("GET", f"{PROXY}/kapis/version")
        found = await member.find(store.resource("configmaps"), CONFIG, SYSTEM)
    except (BadKubeconfig, MemberFailed) as failure:
        raise bad_request(str(failure)) from failure
    _check_config(store, found or {})


def _check_is_new(store: Store, uid: str) -> None:
    for known in Collection(store, CLUSTERS).all():
        if (known.get("status") or {}).get("uid") == uid:
            raise bad_request(f"the cluster is already imported as {name_of(known)}")


def _check_config(store: Store, config_map: Object) -> None:
    document = parsed(config_map)
    if (document.get("multicluster") or {}).get("clusterRole") != "member":
        raise bad_request("the cluster does not run as a member")
    theirs = (document.get("authentication") or {}).get("jwtSecret")
    if theirs != (read_config(store).get("authentication") or {}).get("jwtSecret"):
        raise bad_request("the cluster has another jwtSecret than the host cluster")


def parsed(config_map: Object) -> Object:
    """The document in a ConfigMap kubesphere-config; empty when there is none."""
    found = yaml.safe_load((config_map.get("data") or {}).get(FILE, ""))
    return found if isinstance(found, dict) else {}
