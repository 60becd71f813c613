"""Do the projects exist, and is every image there for every architecture?"""

from __future__ import annotations

from dataclasses import dataclass

from fleetforge.fleet.actions import Action, Stage, Verb
from fleetforge.fleet.definition import Fleet
from fleetforge.fleet.image_reference import ImageReference


@dataclass(frozen=True, slots=True)
class HarborFacts:
    """Projects that are missing, and (repository:tag, architecture) pairs the registry cannot prove."""

    registry_answers: bool
    missing_projects: tuple[str, ...]
    missing_images: tuple[tuple[str, str], ...]


def projects(fleet: Fleet) -> tuple[str, ...]:
    """Harbor projects the fleet needs: its own, and the namespace of every image, since kk pushes under that."""
    if fleet.spec.spec.registry.type != "harbor":
        return ()
    named = {ImageReference.parse(image).namespace.split("/")[0] for image in fleet.manifest.images}
    return tuple(sorted(named | {fleet.spec.spec.registry.project}))


def decide(fleet: Fleet, facts: HarborFacts) -> tuple[Action, ...]:
    """Create what is missing; one push brings every image, since kk skips what is already there."""
    url = fleet.spec.spec.registry.url
    why = "the registry is not there yet" if not facts.registry_answers else "it does not exist"
    actions = [Action(Stage.HARBOR, Verb.CREATE_PROJECT, name, why) for name in facts.missing_projects]
    if facts.missing_images:
        total = len(fleet.manifest.images) * len(fleet.manifest.arches)
        why = f"{len(facts.missing_images)} of {total} images cannot be proved"
        actions.append(Action(Stage.HARBOR, Verb.PUSH_IMAGES, url, why))
    return tuple(actions)
