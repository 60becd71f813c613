"""Create, replace, patch, delete: what a request body does to the store."""

from __future__ import annotations

from collections.abc import Mapping

from fleetforge.rehearsal.kubernetes.objects import Object, copied, name_of, namespace_of
from fleetforge.rehearsal.kubernetes.patches import (
    APPLY,
    JSON,
    MERGE,
    STRATEGIC,
    PatchFailed,
    dropped,
    json_patched,
    merge_patched,
    strategic_patched,
)
from fleetforge.rehearsal.kubernetes.refusals import Refused, bad_request, invalid, unsupported_media_type
from fleetforge.rehearsal.kubernetes.requests import Query, Target, deletion_in, object_in
from fleetforge.rehearsal.kubernetes.resources import Resource
from fleetforge.rehearsal.kubernetes.store import Deletion, Part, Store


class Writer:
    """The writing verbs of one server; remembers what each field manager applied last."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._applied: dict[tuple[str, str], Object] = {}

    def create(self, target: Target, query: Query, body: object) -> Object:
        return self._store.create(target.resource, object_in(body, target), dry_run=query.dry_run)

    def replacement(self, target: Target, body: object) -> Object:
        """The object a PUT brings; custom resources must say which resourceVersion they replace."""
        item = object_in(body, target)
        if target.resource.custom and not item["metadata"].get("resourceVersion"):
            text = "Invalid value: 0x0: must be specified for an update"
            raise invalid(target.resource, target.name, [("metadata.resourceVersion", text)])
        return item

    def patched(self, target: Target, content_type: str, body: object, manager: str) -> tuple[Object, bool]:
        """The object as the patch wants it, and whether it is new (only an apply patch may create)."""
        old = self._store.find(target.resource, target.namespace, target.name)
        if content_type == APPLY:
            return self._apply(target, old, body, manager)
        if old is None:
            old = self._store.get(target.resource, target.namespace, target.name)
        try:
            new = _patched(target.resource, old, content_type, body)
        except PatchFailed as error:
            raise invalid(target.resource, target.name, [("patch", str(error))]) from error
        return object_in(new, target), False

    def save(self, target: Target, query: Query, item: Object, is_new: bool) -> Object:
        if is_new:
            made = self._store.create(target.resource, item, dry_run=query.dry_run)
            self._applied[(made["metadata"]["uid"], query.manager)] = item
            return made
        return self._store.update(target.resource, item, part_of(target), dry_run=query.dry_run)

    def delete(self, target: Target, query: Mapping[str, str], body: object) -> Object:
        """The marked object while something holds it, a success Status once it is gone."""
        options = deletion_in(body, query)
        last = self._store.delete(target.resource, target.namespace, target.name, options)
        if self._store.find(target.resource, target.namespace, target.name) and not options.dry_run:
            return last
        details = {"name": target.name, "kind": target.resource.plural, "uid": last["metadata"]["uid"]}
        if target.resource.group:
            details["group"] = target.resource.group
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}

    def delete_all(self, target: Target, query: Query, options: Deletion) -> Object:
        """What a deletecollection deleted, as a List."""
        found = [item for item in self._store.list(target.resource, target.namespace) if query.selection.picks(item)]
        for item in found:
            if self._store.find(target.resource, namespace_of(item), name_of(item)):
                self._store.delete(target.resource, namespace_of(item), name_of(item), options)
        kind, metadata = target.resource.kind + "List", {"resourceVersion": str(self._store.version)}
        return {"kind": kind, "apiVersion": target.resource.api_version, "metadata": metadata, "items": found}

    def _apply(self, target: Target, old: Object | None, body: object, manager: str) -> tuple[Object, bool]:
        if not manager:
            raise bad_request(
                "PatchOptions.meta.k8s.io is invalid: fieldManager: Required value: is required for apply patch"
            )
        wanted = copied(object_in(body, target))
        if old is None:
            if target.subresource:
                self._store.get(target.resource, target.namespace, target.name)
            return wanted, True
        key = (old["metadata"]["uid"], manager)
        kept = dropped(copied(old), self._applied.get(key, {}), wanted)
        self._applied[key] = wanted
        return strategic_patched(kept, wanted, lists=not target.resource.custom), False


def part_of(target: Target) -> Part:
    return "status" if target.subresource == "status" else "main"


def _patched(resource: Resource, old: Object, content_type: str, body: object) -> Object:
    if content_type == JSON:
        if not isinstance(body, list):
            raise bad_request("a JSON patch is a list of operations")
        return json_patched(old, body)
    if content_type == MERGE:
        return _whole(merge_patched(old, body))
    if content_type == STRATEGIC and not resource.custom:
        return _whole(strategic_patched(old, body))
    raise _unsupported(resource)


def _whole(item: object) -> Object:
    if not isinstance(item, dict):
        raise bad_request("the patch leaves no object")
    return copied(item)


def _unsupported(resource: Resource) -> Refused:
    supported = [JSON, MERGE, APPLY] if resource.custom else [JSON, MERGE, STRATEGIC, APPLY]
    return unsupported_media_type(", ".join(supported))
