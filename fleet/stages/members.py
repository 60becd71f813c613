"""Is each member imported into the host cluster and really usable there?"""

from __future__ import annotations

from dataclasses import dataclass

from fleetforge.fleet.actions import Action, Stage, Verb


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """``known`` False: the host cluster has no Cluster object of that name; ``unusable`` says why it cannot be used."""

    known: bool
    unusable: tuple[str, ...] = ()


def decide(member: str, facts: MemberFacts) -> tuple[Action, ...]:
    """Import when the Cluster object is missing, wait for its conditions when it is there but not usable."""
    if facts.known and not facts.unusable:
        return ()
    why = "the host cluster does not know it" if not facts.known else f"not usable: {'; '.join(facts.unusable)}"
    return (Action(Stage.MEMBERS, Verb.IMPORT_MEMBER, member, why, member),)
