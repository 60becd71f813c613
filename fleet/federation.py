"""A workload sent to members from the host cluster: its objects, what each member must show, and how far it came.

KubeFed 0.8.1: ``Federated<Kind>`` objects carry a template, the members' names and JSON-pointer overrides. Propagation
True only says that the members' APIs took the object, nothing of Pods.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fleetforge.fleet.spec import Registry, Validation

Json = Mapping[str, Any]

API_VERSION = "types.kubefed.io/v1beta1"
OURS = {"app.kubernetes.io/managed-by": "fleetforge"}
"""The label of what Fleetforge distributes; a namespace without it is somebody else's."""

MANAGED = "kubefed.io/managed"
"""The label of what KubeFed keeps on members."""

HOPELESS = frozenset({"ApplyOverridesFailed", "ComputeResourceFailed"})
"""What KubeFed says of a member when trying again cannot help: the object itself is wrong."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a member's Deployment must show."""

    replicas: int
    image: str


@dataclass(frozen=True, slots=True)
class Placed:
    """One Deployment in one namespace of every member in ``by_member``, which says what must differ from ``base``."""

    namespace: str
    name: str
    base: Expected
    by_member: Mapping[str, Expected]

    @property
    def members(self) -> tuple[str, ...]:
        return tuple(self.by_member)

    def expected(self, member: str) -> Expected:
        """What the member must show, its override applied; ``KeyError`` for one it is not placed in."""
        return self.by_member[member]

    @property
    def namespace_object(self) -> dict[str, Any]:
        """The namespace in the host cluster: federated objects live in it."""
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace, "labels": dict(OURS)}}

    @property
    def federated_namespace(self) -> dict[str, Any]:
        """Makes the namespace in the members; everything in it goes to no other."""
        template = {"metadata": {"labels": dict(OURS)}}
        return self._federated("FederatedNamespace", self.namespace, {"template": template})

    @property
    def federated_deployment(self) -> dict[str, Any]:
        """The Deployment with its overrides."""
        overrides = [
            {"clusterName": member, "clusterOverrides": changes}
            for member, changes in ((member, self._changes(held)) for member, held in self.by_member.items())
            if changes
        ]
        spec = {"template": self._template(), "overrides": overrides}
        return self._federated("FederatedDeployment", self.name, spec)

    def _federated(self, kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
        placement = {"clusters": [{"name": member} for member in self.members]}
        metadata = {"namespace": self.namespace, "name": name, "labels": dict(OURS)}
        spec = spec | {"placement": placement}
        return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}

    def _changes(self, wanted: Expected) -> list[dict[str, Any]]:
        changes: list[dict[str, Any]] = []
        if wanted.replicas != self.base.replicas:
            changes.append({"path": "/spec/replicas", "value": wanted.replicas})
        if wanted.image != self.base.image:
            changes.append({"path": "/spec/template/spec/containers/0/image", "value": wanted.image})
        return changes

    def _template(self) -> dict[str, Any]:
        labels = {"app": self.name}
        container = {"name": self.name, "image": self.base.image, "imagePullPolicy": "IfNotPresent"}
        return {
            "metadata": {"labels": labels | OURS},
            "spec": {
                "replicas": self.base.replicas,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
        }


def placed_workload(validation: Validation, registry: Registry, members: Sequence[str]) -> Placed:
    """The validation's workload in ``members``; images are those of the registry's project."""
    prefix, workload = f"{registry.url.split('://')[-1].rstrip('/')}/{registry.project}", validation.workload
    base = Expected(workload.replicas, f"{prefix}/{workload.image}")

    def wanted(member: str) -> Expected:
        override = validation.overrides.get(member)
        replicas = override.replicas if override and override.replicas is not None else base.replicas
        return Expected(replicas, f"{prefix}/{override.image}" if override and override.image else base.image)

    return Placed(workload.namespace, workload.name, base, {member: wanted(member) for member in members})


@dataclass(frozen=True, slots=True)
class Propagation:
    """How far a federated object came on one member; ``hopeless`` when trying again cannot help."""

    done: bool
    reason: str = ""
    hopeless: bool = False


def propagation(federated: Json | None, member: str) -> Propagation:
    """What KubeFed says of ``federated`` on ``member``; a status of an older generation says nothing."""
    if federated is None:
        return Propagation(False, "the federated object does not exist")
    status = federated.get("status") or {}
    if status.get("observedGeneration") != federated["metadata"].get("generation"):
        return Propagation(False, "KubeFed has not looked at it yet")
    condition = _condition(status.get("conditions") or [])
    entry = next((held for held in status.get("clusters") or [] if held["name"] == member), None)
    if entry is None:
        return Propagation(False, condition.get("reason") or "KubeFed does not list the member")
    if not entry.get("status"):
        return Propagation(True)
    words = ", ".join(part for part in (condition.get("reason"), entry["status"]) if part)
    return Propagation(False, words, entry["status"] in HOPELESS)


def _condition(conditions: Iterable[Json]) -> Json:
    return next((held for held in conditions if held.get("type") == "Propagation"), {})
