"""Types that KubeFed distributes: the FederatedTypeConfig of one, and the definition of its federated kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fleetforge.fleet.member_clusters import FEDERATION_NAMESPACE

GROUP, VERSION = "types.kubefed.io", "v1beta1"
_OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


@dataclass(frozen=True, slots=True)
class TargetType:
    """A type as the host cluster serves it."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool

    @property
    def name(self) -> str:
        """``plural.group``, the name of its FederatedTypeConfig."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def federated_scope(self) -> str:
        """A FederatedNamespace lives in the namespace it makes elsewhere."""
        return "Namespaced" if self.namespaced or self.name == "namespaces" else "Cluster"

    @property
    def config(self) -> dict[str, Any]:
        """Its FederatedTypeConfig."""
        target = {"version": self.version, "kind": self.kind, "pluralName": self.plural}
        target |= {"scope": "Namespaced" if self.namespaced else "Cluster"} | (
            {"group": self.group} if self.group else {}
        )
        federated = {
            "group": GROUP,
            "version": VERSION,
            "kind": f"Federated{self.kind}",
            "pluralName": f"federated{self.plural}",
            "scope": self.federated_scope,
        }
        return {
            "apiVersion": "core.kubefed.io/v1beta1",
            "kind": "FederatedTypeConfig",
            "metadata": {"namespace": FEDERATION_NAMESPACE, "name": self.name},
            "spec": {"federatedType": federated, "propagation": "Enabled", "targetType": target},
        }

    @property
    def definition(self) -> dict[str, Any]:
        """The definition of its federated kind, for a host cluster that has none (spec and status stay open)."""
        plural, kind = f"federated{self.plural}", f"Federated{self.kind}"
        schema = {"type": "object", "required": ["spec"], "properties": {"spec": _OPEN, "status": _OPEN}}
        version = {
            "name": VERSION,
            "served": True,
            "storage": True,
            "schema": {"openAPIV3Schema": schema},
            "subresources": {"status": {}},
        }
        names = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()}
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{GROUP}"},
            "spec": {"group": GROUP, "names": names, "scope": self.federated_scope, "versions": [version]},
        }


def is_live(config: Mapping[str, Any] | None) -> bool:
    """Whether KubeFed distributes the type of this FederatedTypeConfig now; a status of an older spec says nothing."""
    if config is None or config.get("spec", {}).get("propagation") != "Enabled":
        return False
    status = config.get("status") or {}
    is_current = status.get("observedGeneration") == config.get("metadata", {}).get("generation")
    return bool(is_current and status.get("propagationController") == "Running")
