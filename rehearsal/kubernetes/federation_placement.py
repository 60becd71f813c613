"""Where a federated object goes, and what it is there: placement, template, overrides, what a member may keep. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from fleetforge.rehearsal.kubernetes.federation_types import Federated
from fleetforge.rehearsal.kubernetes.objects import Object, annotations_of, copied, labels_of, name_of, namespace_of
from fleetforge.rehearsal.kubernetes.patches import PatchFailed, json_patched
from fleetforge.rehearsal.kubernetes.selectors import selects

MANAGED = "kubefed.io/managed"


def placed_in(federated: Object, joined: Iterable[Object]) -> set[str]:
    """Names of the joined clusters its placement picks: the list (also an empty one) wins over the selector."""
    placement = (federated.get("spec") or {}).get("placement") or {}
    if placement.get("clusters") is not None:
        named = {one["name"] for one in placement["clusters"]}
        return {name_of(one) for one in joined if name_of(one) in named}
    return {name_of(one) for one in joined if selects(placement.get("clusterSelector"), labels_of(one))}


def template_of(kind: Federated, federated: Object, namespace: Object | None) -> Object:
    """The object before overrides; a namespace is made from the host cluster's own ``namespace``."""
    if kind.is_namespace:
        item: Object = {"metadata": {}}
        labels = {key: text for key, text in labels_of(namespace or federated).items() if "metadata.name" not in key}
        item["metadata"] = {"labels": labels, "annotations": copied(annotations_of(namespace or federated))}
    else:
        item = copied((federated.get("spec") or {}).get("template") or {})
    metadata = item.setdefault("metadata", {})
    metadata["name"] = name_of(federated)
    if kind.target.namespaced:
        metadata["namespace"] = namespace_of(federated)
    return {**item, "apiVersion": kind.target.api_version, "kind": kind.target.kind}


def desired(template: Object, federated: Object, cluster: str) -> Object:
    """The object for one cluster; ``PatchFailed`` when an override does not fit."""
    for_cluster = overrides_for(federated, cluster)
    try:
        item = json_patched(template, [{**one, "op": one.get("op") or "replace"} for one in for_cluster])
    except (KeyError, TypeError, IndexError) as error:
        raise PatchFailed(f"override is not a path and a value: {error}") from error
    labels = item["metadata"].setdefault("labels", {}) or {}
    item["metadata"]["labels"] = {**labels, MANAGED: "true"}
    return item


def overrides_for(federated: Object, cluster: str) -> list[Object]:
    entries = (federated.get("spec") or {}).get("overrides") or []
    return [one for entry in entries if entry.get("clusterName") == cluster for one in entry["clusterOverrides"]]


def retained(kind: Federated, federated: Object, wanted: Object, found: Object) -> Object:
    """``wanted`` as an update of ``found``, with what the member's own controllers wrote."""
    item = copied(wanted)
    metadata = item["metadata"]
    metadata["resourceVersion"] = found["metadata"]["resourceVersion"]
    metadata["annotations"] = {**annotations_of(found), **annotations_of(item)}
    if found["metadata"].get("finalizers"):
        metadata["finalizers"] = found["metadata"]["finalizers"]
    if kind.is_namespace:
        item["spec"] = found.get("spec") or {}
    elif kind.target.name == "services":
        _keep_addresses(item, found)
    elif kind.target.name == "serviceaccounts" and "secrets" in found:
        item.setdefault("secrets", found["secrets"])
    elif kind.target.name == "persistentvolumeclaims" and found["spec"].get("volumeName"):
        item["spec"].setdefault("volumeName", found["spec"]["volumeName"])
    if (federated.get("spec") or {}).get("retainReplicas") and "replicas" in found.get("spec", {}):
        item["spec"]["replicas"] = found["spec"]["replicas"]
    return item


def _keep_addresses(item: Object, found: Object) -> None:
    spec, had = item["spec"], found["spec"]
    if had.get("clusterIP"):
        spec.setdefault("clusterIP", had["clusterIP"])
    ports = {(one.get("name", ""), one["port"]): one["nodePort"] for one in had.get("ports") or [] if "nodePort" in one}
    for port in spec.get("ports") or []:
        key = (port.get("name", ""), port["port"])
        if key in ports and spec.get("type") in ("NodePort", "LoadBalancer"):
            port.setdefault("nodePort", ports[key])


def version_of(item: Object) -> str:
    """What changes when somebody changes the object (not its status, where a generation tells them apart)."""
    metadata = item["metadata"]
    return f"gen:{metadata['generation']}" if metadata.get("generation") else f"rv:{metadata['resourceVersion']}"


def fingerprint(item: Object) -> str:
    return hashlib.sha256(json.dumps(item, sort_keys=True).encode()).hexdigest()
