"""Does each cluster know its role, and do all share the host's jwtSecret?"""

from __future__ import annotations

from dataclasses import dataclass

from fleetforge.fleet.actions import Action, Stage, Verb
from fleetforge.fleet.definition import Fleet
from fleetforge.fleet.spec import Role


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """One cluster's role as running (kubesphere-config), and for the host what multi-cluster brings along."""

    reachable: bool
    role: str = "none"
    shares_secret: bool = False  # member: its jwtSecret equals the host's
    waiting_for: tuple[str, ...] = ()  # host: workloads of multi-cluster that are not ready (tower, kubefed, …)


def decide(fleet: Fleet, cluster: str, facts: RoleFacts) -> tuple[Action, ...]:
    """Set the role when it or the secret differs; on the host also wait until tower and KubeFed run."""
    wanted = fleet.spec.cluster(cluster).role
    if not facts.reachable:
        why = "the cluster is not there yet"
    elif facts.role != wanted:
        why = f"its role is {facts.role}, not {wanted}"
    elif wanted is Role.MEMBER and not facts.shares_secret:
        why = "its jwtSecret is not the host cluster's"
    elif facts.waiting_for:
        why = f"not ready: {', '.join(facts.waiting_for)}"
    else:
        return ()
    return (Action(Stage.MULTICLUSTER, Verb.SET_ROLE, f"{cluster} as {wanted}", why, cluster),)
