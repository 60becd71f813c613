"""The federation as its host cluster runs it: members, federated types, and workloads sent to members."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from fleetforge.blocks import federated_types
from fleetforge.blocks.deadline import Deadline
from fleetforge.blocks.kube import Object
from fleetforge.blocks.kube_resources import EVENTS, FEDERATED_DEPLOYMENTS, FEDERATED_NAMESPACES, NAMESPACES, Resource
from fleetforge.blocks.members import Members
from fleetforge.fleet.errors import FleetforgeError
from fleetforge.fleet.errors.catalogue import fault
from fleetforge.fleet.federation import MANAGED, OURS, Placed, propagation

STORIES = 5
"""Events of a federated object that an error quotes."""


class KubeFed(Members):
    """KubeFed on the cluster ``host``."""

    def missing_types(self, types: Iterable[str]) -> tuple[str, ...]:
        """Those of ``types`` (``plural.group``) that are not distributed now."""
        return federated_types.missing_types(self.host, types)

    def ensure_types(self, types: Iterable[str], timeout: float) -> None:
        """Have ``types`` distributed; ``FF-FED-023`` and, after ``timeout`` seconds, ``FF-FED-024``."""
        federated_types.ensure_types(self.host, types, timeout)

    def place(self, placed: Placed) -> None:
        """Write the workload's objects; ``FF-FED-022`` when its namespace is somebody else's here or in a member.

        A proxied member is not asked: its API is reached from inside the host cluster only.
        """
        self._check_namespace(placed)
        for item in (placed.namespace_object, placed.federated_namespace, placed.federated_deployment):
            self.host.apply(item)

    def await_propagation(self, placed: Placed, member: str, timeout: float) -> None:
        """Return when the member's API has taken the workload as it must be there.

        ``FF-FED-021`` at once when it cannot; ``FF-FED-020`` after ``timeout`` seconds, with KubeFed's reason.
        """

        def arrived(item: Object | None) -> bool | None:
            found = propagation(item, member)
            if found.hopeless:
                raise self._refused(placed, member, found.reason)
            return True if found.done else None

        self.host.wait_for(
            FEDERATED_DEPLOYMENTS,
            placed.name,
            arrived,
            namespace=placed.namespace,
            deadline=timeout,
            what=f"{placed.namespace}/{placed.name} to reach the member {member}",
            code="FF-FED-020",
            describe=lambda item: [propagation(item, member).reason, *self._stories(placed)],
        )

    def remove(self, placed: Placed, timeout: float) -> None:
        """Take the workload and its namespace out of the members and the host; ``FF-FED-040`` when one keeps it."""
        limit = Deadline(timeout)
        held = self.host.get(NAMESPACES, placed.namespace)
        if held is None or not _is_ours(held):
            return
        self._removed(FEDERATED_DEPLOYMENTS, placed.name, placed, limit)
        self._removed(FEDERATED_NAMESPACES, placed.namespace, placed, limit)
        self._removed(NAMESPACES, placed.namespace, placed, limit)

    def _check_namespace(self, placed: Placed) -> None:
        held = self.host.get(NAMESPACES, placed.namespace)
        if held is not None and not _is_ours(held):
            raise fault("FF-FED-022", f"{placed.namespace} exists in the host cluster", where=self.host.name)
        for member in placed.members:
            kube = self.direct_kube(member)
            there = kube.get(NAMESPACES, placed.namespace) if kube else None
            if there is not None and not (_is_ours(there) or _labels(there).get(MANAGED) == "true"):
                raise fault("FF-FED-022", f"{placed.namespace} exists in {member}", where=member)

    def _removed(self, resource: Resource, name: str, placed: Placed, limit: Deadline) -> None:
        namespace = placed.namespace if resource.namespaced else None
        self.host.delete(resource, name, namespace)
        self.host.wait_for(
            resource,
            name,
            lambda item: True if item is None else None,
            namespace=namespace,
            deadline=limit.remaining,
            what=f"{resource.kind} {name} to be gone from every member",
            code="FF-FED-040",
            describe=lambda item: [*_left(item), *self._stories(placed)],
        )

    def _refused(self, placed: Placed, member: str, reason: str) -> FleetforgeError:
        what = f"{placed.namespace}/{placed.name}: {reason}"
        return fault("FF-FED-021", what, where=member, evidence=self._stories(placed))

    def _stories(self, placed: Placed) -> list[str]:
        """The last things KubeFed told of it, where they can be read."""
        selector = f"involvedObject.name={placed.name}"
        with contextlib.suppress(FleetforgeError):
            events = list(self.host.list(EVENTS, placed.namespace, field_selector=selector))
            events.sort(key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
            return [f"{event.get('reason', '')}: {event.get('message', '')}" for event in events[-STORIES:]]
        return []


def _labels(item: Object) -> dict[str, str]:
    return item["metadata"].get("labels") or {}


def _is_ours(item: Object) -> bool:
    return all(_labels(item).get(key) == value for key, value in OURS.items())


def _left(item: Object | None) -> list[str]:
    """Where it still is, as far as KubeFed says."""
    clusters = ((item or {}).get("status") or {}).get("clusters") or []
    return [f"{held['name']}: {held.get('status') or 'still there'}" for held in clusters]
