"""The host cluster's own Cluster object, which KubeSphere keeps there whatever anybody does to it."""

from __future__ import annotations

import base64
import logging
from typing import TYPE_CHECKING

from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.components import SYSTEM
from fleetforge.rehearsal.kubernetes.definitions import CLUSTERS
from fleetforge.rehearsal.kubernetes.kubesphere_config import read_config
from fleetforge.rehearsal.kubernetes.kubesphere_core import ACCOUNT
from fleetforge.rehearsal.kubernetes.objects import Object, labels_of, made
from fleetforge.rehearsal.kubernetes.store import Store

if TYPE_CHECKING:
    from fleetforge.rehearsal.kubernetes.cluster import KubernetesCluster

HOST_LABEL = "cluster-role.kubesphere.io/host"
_log = logging.getLogger(__name__)


def keep_host_object(cluster: KubernetesCluster) -> None:
    """Makes it, or puts its kubeconfig right; with more than one in that role, nothing is kept any more."""
    clusters = Collection(cluster.store, CLUSTERS)
    hosts = [one for one in clusters.all() if HOST_LABEL in labels_of(one)]
    kubeconfig = _kubeconfig(cluster)
    if len(hosts) > 1:
        return _log.warning("there is more than one host cluster: %s", len(hosts))
    if not hosts and kubeconfig:
        section = read_config(cluster.store).get("multicluster") or {}
        clusters.create(_host(section.get("hostClusterName") or "host", cluster.endpoint, kubeconfig))
    elif kubeconfig and hosts[0]["spec"]["connection"].get("kubeconfig") != kubeconfig:
        clusters.change(hosts[0], lambda draft: draft["spec"]["connection"].update(kubeconfig=kubeconfig))


def _host(name: str, endpoint: str, kubeconfig: str) -> Object:
    connection = {"type": "direct", "kubernetesAPIEndpoint": endpoint, "kubeconfig": kubeconfig}
    spec = {"joinFederation": True, "enable": True, "provider": "kubesphere", "connection": connection}
    labels = {HOST_LABEL: "", "kubesphere.io/managed": "true"}
    return made("cluster.kubesphere.io/v1alpha1", "Cluster", name, labels=labels, spec=spec)


def _kubeconfig(cluster: KubernetesCluster) -> str:
    """Base64 of a kubeconfig with the token of KubeSphere's service account; empty while it has none."""
    token = _token(cluster.store)
    return base64.b64encode(cluster.kubeconfig_for(ACCOUNT, {"token": token}).encode()).decode() if token else ""


def _token(store: Store) -> str:
    secret = Collection(store, "secrets").find(f"{ACCOUNT}-token", SYSTEM)
    return base64.b64decode(((secret or {}).get("data") or {}).get("token", "")).decode()
