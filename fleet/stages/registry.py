"""Does the private registry answer, and does the control machine trust it?"""

from __future__ import annotations

from dataclasses import dataclass

from fleetforge.fleet.actions import Action, Stage, Verb
from fleetforge.fleet.definition import Fleet
from fleetforge.fleet.errors.catalogue import fault


@dataclass(frozen=True, slots=True)
class RegistryFacts:
    """``answers`` False: nothing listens there. A registry that answers with 5xx is an error, never a fact."""

    answers: bool
    healthy: bool
    detail: str
    trusted: bool  # the control machine holds its CA; always True for http


def decide(fleet: Fleet, facts: RegistryFacts) -> tuple[Action, ...]:
    """Install when nothing answers and the fleet installs it; hand its CA to the control machine."""
    registry = fleet.spec.spec.registry
    actions = []
    if not facts.answers:
        if not registry.install:
            raise fault("FF-REG-010", "the registry does not answer", where=registry.url, evidence=[facts.detail])
        actions.append(Action(Stage.REGISTRY, Verb.INIT_REGISTRY, registry.url, "nothing answers there"))
    if not facts.trusted:
        actions.append(Action(Stage.REGISTRY, Verb.TRUST_REGISTRY, registry.url, "the control machine lacks its CA"))
    return tuple(actions)
