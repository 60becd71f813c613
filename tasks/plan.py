"""The plan: observe and decide for every stage, act for none."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from fleetforge.blocks.outside import Outside, opened
from fleetforge.fleet.actions import Action, plan_hash
from fleetforge.fleet.errors.catalogue import fault
from fleetforge.tasks import artifact, cluster, harbor, members, multicluster, preflight, registry, validation
from fleetforge.tasks.stage import Steps, pending

PARALLEL = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """Every action a build would take now, in the order of the stages, and the hash that approves exactly this."""

    fleet: str
    actions: tuple[Action, ...]

    @property
    def hash(self) -> str:
        return plan_hash(self.actions)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: ``{fleet, hash, changes, actions: [{stage, cluster, verb, subject, why}]}``."""
        rows = [
            {"stage": str(a.stage), "cluster": a.cluster, "verb": str(a.verb), "subject": a.subject, "why": a.why}
            for a in self.actions
        ]
        return {"fleet": self.fleet, "hash": self.hash, "changes": len(rows), "actions": rows}


def planned(fleet: str) -> Plan:
    """What a build would do now; stages are observed in parallel, nothing is changed."""
    with opened(fleet) as outside, ThreadPoolExecutor(PARALLEL) as pool:
        found = list(pool.map(pending, _all_steps(outside)))
    return Plan(fleet, tuple(action for actions in found for action in actions))


def approved(fleet: str, expected: str) -> None:
    """Raise ``FF-FLT-005`` unless the plan of this moment has the approved hash."""
    plan = planned(fleet)
    if plan.hash != expected:
        what = f"the plan is {plan.hash} now, {expected} was approved"
        raise fault("FF-FLT-005", what, where=fleet, evidence=[str(action) for action in plan.actions])


def _all_steps(outside: Outside) -> Iterator[Steps[Any]]:
    spec = outside.fleet.spec
    yield from (preflight.steps(outside), artifact.steps(outside), registry.steps(outside), harbor.steps(outside))
    for one in spec.spec.clusters:
        yield cluster.steps(outside, one.name)
    for one in (spec.host_cluster, *spec.members):
        yield multicluster.steps(outside, one.name)
    for one in spec.members:
        yield members.steps(outside, one.name)
    yield validation.steps(outside)
