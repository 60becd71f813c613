"""What happens to an object's fields between two versions of it, and when a deleted object may go.

Pure rules over one or two states of an object; the store applies them.
"""

from __future__ import annotations

from fleetforge.rehearsal.kubernetes.objects import Object, copied, timestamp
from fleetforge.rehearsal.kubernetes.refusals import conflict
from fleetforge.rehearsal.kubernetes.resources import Resource


def check_preconditions(resource: Resource, old: Object, uid: str | None, version: str | None) -> None:
    metadata = old["metadata"]
    if uid and uid != metadata["uid"]:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {metadata['uid']}"
        raise conflict(resource, metadata["name"], why)
    if version and version != metadata["resourceVersion"]:
        raise conflict(resource, metadata["name"])


_SERVERS_OWN = (
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "generation",
    "resourceVersion",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)


def merged(resource: Resource, old: Object, new: Object, part: str) -> Object:
    """``new`` with everything a client may not change by this request taken from ``old``."""
    if part == "status":
        return {**old, "status": new.get("status") or {}, "metadata": copied(old["metadata"])}
    new["apiVersion"], new["kind"] = old["apiVersion"], old["kind"]
    for key in _SERVERS_OWN:
        new["metadata"].pop(key, None)
        if key in old["metadata"]:
            new["metadata"][key] = old["metadata"][key]
    for key in ("selfLink", "managedFields"):
        new["metadata"].pop(key, None)
    if resource.status:
        new.pop("status", None)
        if "status" in old:
            new["status"] = old["status"]
    return new


def desires(resource: Resource, item: Object) -> Object:
    """What the generation counts changes of: all but metadata, and status where it is a subresource of its own."""
    left_out = ("metadata", "status") if resource.status else ("metadata",)
    return {key: value for key, value in item.items() if key not in left_out}


def is_held(resource: Resource, item: Object) -> bool:
    if resource.name == "namespaces" and (item.get("spec") or {}).get("finalizers"):
        return True
    return bool(item["metadata"].get("finalizers"))


def is_ending(resource: Resource, item: Object) -> bool:
    return resource.name == "pods" and bool(item["metadata"].get("deletionGracePeriodSeconds"))


def is_graceful(resource: Resource, item: Object, grace: int | None) -> bool:
    """A Pod on a node ends by itself; one that never ran, has finished, or is deleted with grace 0 goes at once."""
    if resource.name != "pods" or grace == 0 or not item["spec"].get("nodeName"):
        return False
    return (item.get("status") or {}).get("phase") not in ("Succeeded", "Failed")


def marked(resource: Resource, old: Object, grace: int | None) -> Object:
    new = copied(old)
    metadata = new["metadata"]
    metadata.setdefault("deletionTimestamp", timestamp())
    metadata["deletionGracePeriodSeconds"] = 0
    if is_graceful(resource, old, grace):
        own = old["spec"].get("terminationGracePeriodSeconds", 30)
        metadata["deletionGracePeriodSeconds"] = own if grace is None else grace
    if resource.counts_generations:
        metadata["generation"] = metadata.get("generation", 0) + 1
    if resource.name == "namespaces":
        new["status"] = {**(new.get("status") or {}), "phase": "Terminating"}
    return new
