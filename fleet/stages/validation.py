"""Has this very fleet been proved: types federated, the workload seen in every member with its override?"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from fleetforge.fleet.actions import Action, Stage, Verb
from fleetforge.fleet.definition import Fleet


@dataclass(frozen=True, slots=True)
class ValidationFacts:
    """What the host cluster says; ``proved`` is the fingerprint of the last proof kept there, "" when none."""

    reachable: bool
    missing_types: tuple[str, ...]
    fingerprint: str
    proved: str


def fingerprint(fleet: Fleet, cluster_uids: dict[str, str]) -> str:
    """What a proof holds for: the validation, the federation and the identity of every cluster (kube-system uid)."""
    details = fleet.spec.spec
    held = {
        "validation": details.validation.model_dump(mode="json"),
        "federation": details.federation.model_dump(mode="json"),
        "registry": [details.registry.url, details.registry.project],
        "clusters": cluster_uids,
    }
    return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()[:16]


def placement(fleet: Fleet) -> tuple[str, ...]:
    """The members the validation workload goes to: those named, or all of them."""
    named = fleet.spec.spec.validation.placement
    return named if named is not None else tuple(member.name for member in fleet.spec.members)


def decide(fleet: Fleet, facts: ValidationFacts, again: bool = False) -> tuple[Action, ...]:
    """Enable missing types; prove when this fleet was not proved yet, or when asked to do it again."""
    workload = fleet.spec.spec.validation.workload
    actions = []
    if facts.missing_types:
        subject = ", ".join(facts.missing_types)
        actions.append(Action(Stage.VALIDATION, Verb.ENABLE_TYPES, subject, "not federated"))
    if again or not facts.reachable or facts.fingerprint != facts.proved:
        why = "asked for" if again else "this fleet has not been proved"
        subject = f"{workload.namespace}/{workload.name} in {', '.join(placement(fleet)) or 'no member'}"
        actions.append(Action(Stage.VALIDATION, Verb.PROVE_FLEET, subject, why))
    return tuple(actions)
