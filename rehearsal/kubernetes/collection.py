"""One kind of a store, as the controllers use it: short verbs, no HTTP, changes by editing a copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fleetforge.rehearsal.kubernetes.objects import Object, copied, labels_of, name_of, namespace_of
from fleetforge.rehearsal.kubernetes.resources import Resource
from fleetforge.rehearsal.kubernetes.store import Deletion, Part, Store

Edit = Callable[[Object], None]


class Collection:
    """All verbs are safe to repeat: what is already so stays, what is already gone is fine."""

    def __init__(self, store: Store, name: str) -> None:
        self.store = store
        self.name = name

    @property
    def resource(self) -> Resource:
        return self.store.resource(self.name)

    @property
    def is_served(self) -> bool:
        return self.store.table.named(self.name) is not None

    def find(self, name: str, namespace: str = "") -> Object | None:
        return self.store.find(self.resource, namespace, name) if self.is_served else None

    def all(self, namespace: str = "") -> list[Object]:
        return self.store.list(self.resource, namespace) if self.is_served else []

    def matching(self, labels: Mapping[str, str], namespace: str) -> list[Object]:
        return [item for item in self.all(namespace) if labels.items() <= labels_of(item).items()]

    def owned_by(self, owner: Object) -> list[Object]:
        found = self.store.dependents(owner["metadata"]["uid"])
        return [item for resource, item in found if resource.name == self.name]

    def create(self, item: Object) -> Object:
        return self.store.create(self.resource, item)

    def ensure(self, item: Object) -> Object:
        """The stored object of that name; created from ``item`` when there is none."""
        return self.find(name_of(item), namespace_of(item)) or self.create(item)

    def put(self, item: Object) -> Object:
        """Created, or the top-level parts that ``item`` has replaced (labels merged); status and the like stay."""
        old = self.find(name_of(item), namespace_of(item))
        if old is None:
            return self.create(item)
        metadata = {**copied(old["metadata"]), "labels": {**labels_of(old), **labels_of(item)}}
        return self.store.update(self.resource, {**old, **copied(item), "metadata": metadata})

    def change(self, item: Object, edit: Edit, part: Part = "main") -> Object | None:
        """``edit`` applied to a copy of the object as it is now; None when it is gone."""
        current = self.find(name_of(item), namespace_of(item))
        if current is None or current["metadata"]["uid"] != item["metadata"]["uid"]:
            return None
        draft = copied(current)
        draft.setdefault("status", {}) if part == "status" else None
        edit(draft)
        return self.store.update(self.resource, draft, part)

    def set_status(self, item: Object, edit: Edit) -> Object | None:
        """``edit`` gets the status alone; written through the status subresource."""
        return self.change(item, lambda draft: edit(draft["status"]), "status")

    def delete(self, item: Object, grace: int | None = None) -> None:
        if self.find(name_of(item), namespace_of(item)) is not None:
            self.store.delete(self.resource, namespace_of(item), name_of(item), Deletion(grace=grace))
