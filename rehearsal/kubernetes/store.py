"""The objects of one cluster, with the rules a Kubernetes API server keeps for every one of them.

resourceVersion (one counter for the cluster), uid, creationTimestamp, generation, deletionTimestamp with finalizers,
ownerReferences, namespaces that must exist, AlreadyExists and Conflict. Everything is synchronous and in memory; an
object that was committed is never changed again, so readers need no copies.

What it does NOT do: schema validation and pruning of custom resources, managedFields, quotas, conversion between
versions, foreground deletion (treated as background).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from fleetforge.rehearsal.kubernetes.events import Change, Event, History
from fleetforge.rehearsal.kubernetes.lifecycle import (
    check_preconditions,
    desires,
    is_ending,
    is_graceful,
    is_held,
    marked,
    merged,
)
from fleetforge.rehearsal.kubernetes.objects import Object, copied, is_going, name_of, namespace_of, suffix, timestamp
from fleetforge.rehearsal.kubernetes.refusals import (
    Refused,
    already_exists,
    bad_request,
    forbidden,
    not_found,
)
from fleetforge.rehearsal.kubernetes.resources import Resource, ResourceTable

Key = tuple[str, str]
"""Namespace ("" for cluster-scoped) and name."""

Part = Literal["main", "status"]
Admit = Callable[["Store", Resource, Object, Object | None], None]


@dataclass(frozen=True, slots=True)
class Deletion:
    """The options of a delete: grace in seconds (None: the object's own), and what happens to dependents."""

    grace: int | None = None
    orphan: bool = False
    dry_run: bool = False
    uid: str = ""
    version: str = ""


class Store:
    """``admit`` sees every object (and what it replaces) before it is stored: it defaults it or raises ``Refused``."""

    def __init__(self, admit: Admit, history: int = 20_000) -> None:
        self.table = ResourceTable()
        self.history = History(history)
        self.version = 1
        self._admit = admit
        self._kept: dict[str, dict[Key, Object]] = {}
        self._owned: dict[str, set[tuple[str, Key]]] = {}

    def resource(self, name: str) -> Resource:
        """The served resource of a ``name`` such as ``deployments.apps``; KeyError when its CRD is not there."""
        found = self.table.named(name)
        if found is None:
            raise KeyError(name)
        return found

    def find(self, resource: Resource, namespace: str, name: str) -> Object | None:
        return self._kept.get(resource.name, {}).get((namespace if resource.namespaced else "", name))

    def get(self, resource: Resource, namespace: str, name: str) -> Object:
        found = self.find(resource, namespace, name)
        if found is None:
            raise not_found(resource, name)
        return found

    def list(self, resource: Resource, namespace: str = "") -> list[Object]:
        """All of a kind, or of one namespace, ordered by namespace and name."""
        kept = self._kept.get(resource.name, {})
        return [kept[key] for key in sorted(kept) if not namespace or key[0] == namespace]

    def dependents(self, uid: str) -> Sequence[tuple[Resource, Object]]:
        """What names the object with this uid as an owner."""
        found = []
        for name, key in sorted(self._owned.get(uid, ())):
            item = self._kept.get(name, {}).get(key)
            if item is not None:
                found.append((self.resource(name), item))
        return found

    def create(self, resource: Resource, item: Object, *, dry_run: bool = False) -> Object:
        """Stores a new object and gives it back as stored. 404 without its namespace, 409 when the name is taken."""
        item = self._named(resource, copied(item))
        key = (namespace_of(item), name_of(item))
        if self.find(resource, *key):
            raise already_exists(resource, key[1])
        self._check_namespace(resource, item)
        if resource.status:
            item.pop("status", None)
        self._admit(self, resource, item, None)
        item["metadata"].update({"uid": str(uuid.uuid4()), "creationTimestamp": timestamp()})
        if resource.counts_generations:
            item["metadata"]["generation"] = 1
        return item if dry_run else self._commit("ADDED", resource, item, None)

    def update(self, resource: Resource, item: Object, part: Part = "main", *, dry_run: bool = False) -> Object:
        """Replaces an object, or only its status. 409 when ``item`` carries an older resourceVersion or another uid."""
        old = self.get(resource, namespace_of(item), name_of(item))
        check_preconditions(resource, old, item["metadata"].get("uid"), item["metadata"].get("resourceVersion"))
        new = merged(resource, old, copied(item), part)
        if part == "main":
            self._admit(self, resource, new, old)
        if new == old:
            return old
        if resource.counts_generations and desires(resource, new) != desires(resource, old):
            new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
        if dry_run:
            return new
        if is_going(new) and not is_held(resource, new) and not is_ending(resource, new):
            return self._removed(resource, new)
        return self._commit("MODIFIED", resource, new, old)

    def delete(self, resource: Resource, namespace: str, name: str, options: Deletion | None = None) -> Object:
        """Removes an object, or marks it when finalizers or a running Pod hold it; gives back its last state."""
        options = options or Deletion()
        old = self.get(resource, namespace, name)
        check_preconditions(resource, old, options.uid, options.version)
        if options.dry_run:
            return old
        if options.orphan:
            self._orphan(old)
        ending = is_ending(resource, old) or is_graceful(resource, old, options.grace)
        if not is_held(resource, old) and (options.grace == 0 or not ending):
            return self._removed(resource, old)
        if is_going(old) and options.grace != 0:
            return old
        return self._commit("MODIFIED", resource, marked(resource, old, options.grace), old)

    def _named(self, resource: Resource, item: Object) -> Object:
        metadata = item.setdefault("metadata", {})
        if not metadata.get("name"):
            if not metadata.get("generateName"):
                raise bad_request("name or generateName is required")
            metadata["name"] = metadata["generateName"] + suffix()
        if not resource.namespaced:
            metadata.pop("namespace", None)
        for key in ("resourceVersion", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields"):
            metadata.pop(key, None)
        item["apiVersion"], item["kind"] = resource.api_version, resource.kind
        return item

    def _check_namespace(self, resource: Resource, item: Object) -> None:
        if not resource.namespaced:
            return
        namespace = self.get(self.resource("namespaces"), "", namespace_of(item))
        if is_going(namespace):
            name = namespace_of(item)
            why = f"unable to create new content in namespace {name} because it is being terminated"
            raise forbidden(resource, name_of(item), why)

    def _orphan(self, owner: Object) -> None:
        uid = owner["metadata"]["uid"]
        for resource, item in self.dependents(uid):
            freed = copied(item)
            freed["metadata"]["ownerReferences"] = [
                reference for reference in freed["metadata"]["ownerReferences"] if reference["uid"] != uid
            ]
            self.update(resource, freed)

    def _removed(self, resource: Resource, item: Object) -> Object:
        gone = self._commit("DELETED", resource, copied(item), item)
        for dependent, owned in self.dependents(item["metadata"]["uid"]):
            if not is_going(owned):
                self.delete(dependent, namespace_of(owned), name_of(owned))
        return gone

    def _commit(self, change: Change, resource: Resource, item: Object, previous: Object | None) -> Object:
        self.version += 1
        item["metadata"]["resourceVersion"] = str(self.version)
        self._index(change, resource, item, previous)
        if resource.name == "customresourcedefinitions.apiextensions.k8s.io":
            self._define(change, item)
        self.history.record(Event(change, resource, item, previous, self.version))
        return item

    def _index(self, change: Change, resource: Resource, item: Object, previous: Object | None) -> None:
        key = (namespace_of(item), name_of(item))
        for reference in (previous or {}).get("metadata", {}).get("ownerReferences") or []:
            self._owned.get(reference["uid"], set()).discard((resource.name, key))
        if change == "DELETED":
            del self._kept[resource.name][key]
            return
        self._kept.setdefault(resource.name, {})[key] = item
        for reference in item["metadata"].get("ownerReferences") or []:
            self._owned.setdefault(reference["uid"], set()).add((resource.name, key))

    def _define(self, change: Change, definition: Object) -> None:
        if change != "DELETED":
            self.table.register(definition)
            return
        custom = self.table.named(name_of(definition))
        for item in self.list(custom) if custom else []:
            if custom:
                self._commit("DELETED", custom, copied(item), item)
        self.table.forget(name_of(definition))


__all__ = ["Deletion", "Key", "Part", "Refused", "Store"]
