"""What the host cluster holds of a cluster it knows: the Cluster object, its conditions, and when a member is usable.

Facts of KubeSphere 3.4.1: Ready alone proves nothing. It stays True when the member's API dies (the webhook that asks
the member denies the status write) and does not need ks-apiserver on the member.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]

HOST_LABEL = "cluster-role.kubesphere.io/host"
FEDERATION_NAMESPACE = "kube-federation-system"

FROM_HOSTS_FILE = "lb.kubesphere.local"
"""kk's default name of every cluster's API: in each cluster it is that cluster itself."""


def cluster_object(name: str, kubeconfig: str, labels: Mapping[str, str], connection: str = "direct") -> dict[str, Any]:
    """The Cluster object that imports a member; a proxied one carries no kubeconfig, tower writes it."""
    access: dict[str, Any] = {"type": connection}
    if connection == "direct":
        access["kubeconfig"] = base64.b64encode(kubeconfig.encode()).decode()
    return {
        "apiVersion": "cluster.kubesphere.io/v1alpha1",
        "kind": "Cluster",
        "metadata": {"name": name, "labels": dict(labels)},
        "spec": {"joinFederation": True, "enable": True, "provider": "kubesphere", "connection": access},
    }


def is_as_wanted(held: Json, wanted: Json) -> bool:
    """Whether nothing has to be written: the labels are there, it joins, and its kubeconfig is this one."""
    labels = held["metadata"].get("labels") or {}
    access, wanted_access = (item.get("spec", {}).get("connection") or {} for item in (held, wanted))
    return (
        all(labels.get(key) == value for key, value in wanted["metadata"]["labels"].items())
        and held.get("spec", {}).get("joinFederation") is True
        and all(access.get(key) == value for key, value in wanted_access.items())
    )


def kubeconfig_of(cluster: Json) -> str:
    """The kubeconfig a Cluster object carries (a full-power secret), "" when it has none that can be read."""
    encoded = (cluster.get("spec", {}).get("connection") or {}).get("kubeconfig") or ""
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def is_proxied(cluster: Json) -> bool:
    """Whether the member dials in: its kubeconfig then names an address that exists inside the host cluster only."""
    return bool((cluster.get("spec", {}).get("connection") or {}).get("type") == "proxy")


def uid_of(cluster: Json) -> str:
    """The uid of the member's kube-system namespace, as its controller saw it; "" before."""
    return str((cluster.get("status") or {}).get("uid") or "")


def condition_is(item: Json, kind: str) -> bool:
    """Whether the condition ``kind`` is True."""
    return _condition(item, kind).get("status") == "True"


def why_unusable(cluster: Json) -> tuple[str, ...]:
    """Why the Cluster object does not speak of a usable member, in words; empty when it does."""
    found = [
        f"{kind}={held.get('status', 'absent')} {_said(held)}".rstrip()
        for kind, held in ((kind, _condition(cluster, kind)) for kind in _needed(cluster))
        if held.get("status") != "True"
    ]
    status = cluster.get("status") or {}
    if not found and not (status.get("kubeSphereVersion") and status.get("configz")):
        found.append("its ks-apiserver has not answered the host cluster")
    return tuple(found)


def why_offline(kubefed_cluster: Json | None) -> tuple[str, ...]:
    """Why KubeFed cannot distribute to the member, in words; empty when it can."""
    if kubefed_cluster is None:
        return ("KubeFed does not know it",)
    if condition_is(kubefed_cluster, "Offline"):
        return (f"KubeFed cannot reach it {_said(_condition(kubefed_cluster, 'Offline'))}".rstrip(),)
    if not condition_is(kubefed_cluster, "Ready"):
        return (f"KubeFed: not Ready {_said(_condition(kubefed_cluster, 'Ready'))}".rstrip(),)
    return ()


def _needed(cluster: Json) -> tuple[str, ...]:
    return ("AgentAvailable", "Federated", "Ready") if is_proxied(cluster) else ("Federated", "Ready")


def _condition(item: Json, kind: str) -> Json:
    conditions = (item.get("status") or {}).get("conditions") or []
    return next((held for held in conditions if held.get("type") == kind), {})


def _said(condition: Json) -> str:
    return " ".join(str(condition[key]) for key in ("reason", "message") if condition.get(key))
