"""Pods made from a workload's template: how they are named, marked and counted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from fleetforge.rehearsal.kubernetes.objects import (
    Object,
    copied,
    is_going,
    labels_of,
    made,
    name_of,
    namespace_of,
    owner_reference,
    pod_is_ready,
    suffix,
)

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_ON_EVERY_POD = [
    {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
    for key in ("not-ready", "unreachable")
]


def template_hash(template: Object) -> str:
    """Ten letters that differ when the template does."""
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:10])


def pod_from(owner: Object, name: str = "", labels: dict[str, str] | None = None) -> Object:
    """A Pod of the owner's template, owned by it; a random name when none is given."""
    template = copied(owner["spec"]["template"])
    metadata = template.get("metadata") or {}
    pod = made(
        "v1",
        "Pod",
        name or f"{name_of(owner)}-{suffix()}",
        namespace_of(owner),
        labels={**(metadata.get("labels") or {}), **(labels or {})},
        annotations=metadata.get("annotations"),
        ownerReferences=[owner_reference(owner)],
        spec=template["spec"],
    )
    pod["spec"]["tolerations"] = [*(pod["spec"].get("tolerations") or []), *copied(_ON_EVERY_POD)]
    return pod


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of a workload's Pods there are (not counting those going away), and how many are ready."""

    total: int
    ready: int


def tally(pods: Iterable[Object]) -> Tally:
    present = [pod for pod in pods if not is_going(pod) and _phase(pod) not in ("Succeeded", "Failed")]
    return Tally(len(present), len([pod for pod in present if pod_is_ready(pod)]))


def _phase(pod: Object) -> str:
    return str((pod.get("status") or {}).get("phase", "Pending"))


def first_to_go(pods: Iterable[Object]) -> list[Object]:
    """In the order in which a scaled-down workload gives them up: not placed, not ready, youngest first."""
    return sorted(pods, key=lambda pod: (bool(pod["spec"].get("nodeName")), pod_is_ready(pod), -_age(pod)))


def _age(pod: Object) -> int:
    return int(pod["metadata"]["resourceVersion"])


def has_labels(pod: Object, labels: dict[str, str]) -> bool:
    return labels.items() <= labels_of(pod).items()


def counted(**numbers: int) -> Object:
    """Status fields as Kubernetes writes them: zeros are left out."""
    return {key: number for key, number in numbers.items() if number}
