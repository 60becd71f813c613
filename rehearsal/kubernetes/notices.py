"""Event objects: what components tell an operator about another object."""

from __future__ import annotations

from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.objects import Object, made, name_of, namespace_of, suffix, timestamp
from fleetforge.rehearsal.kubernetes.store import Store


def notice(store: Store, about: Object, reason: str, message: str, *, component: str, kind: str = "Warning") -> None:
    """Writes an Event in the object's namespace; the same reason and message again only raise its count."""
    events = Collection(store, "events")
    namespace, uid = namespace_of(about) or "default", about["metadata"]["uid"]
    for event in events.all(namespace):
        if (event["involvedObject"].get("uid"), event["reason"], event["message"]) == (uid, reason, message):
            events.change(event, _again)
            return
    involved = {"kind": about["kind"], "apiVersion": about["apiVersion"], "name": name_of(about), "uid": uid}
    if namespace_of(about):
        involved["namespace"] = namespace_of(about)
    event = made("v1", "Event", f"{name_of(about)}.{suffix(16)}", namespace)
    event |= {"involvedObject": involved, "reason": reason, "message": message, "type": kind, "count": 1}
    event |= {"source": {"component": component}, "firstTimestamp": timestamp(), "lastTimestamp": timestamp()}
    if Collection(store, "namespaces").find(namespace):
        events.create(event)


def _again(event: Object) -> None:
    event["count"] += 1
    event["lastTimestamp"] = timestamp()
