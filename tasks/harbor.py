"""Harbor: the projects exist, every image is pushed, and each is proved per architecture by what the registry holds."""

from __future__ import annotations

from datetime import timedelta

from fleetforge.blocks.lock import cluster_lock
from fleetforge.blocks.outside import Outside, opened
from fleetforge.fleet import kk_command
from fleetforge.fleet.actions import Action, Stage, StageOutcome, Verb
from fleetforge.fleet.image_reference import ImageReference
from fleetforge.fleet.stages import harbor as decisions
from fleetforge.fleet.stages.harbor import HarborFacts
from fleetforge.tasks.kk_run import kk_ran
from fleetforge.tasks.progress import StageProgress
from fleetforge.tasks.settings import settings
from fleetforge.tasks.stage import Steps, ran, stage_task


@stage_task("harbor")
def harbor(fleet: str) -> StageOutcome:
    """The registry's projects and every image of the manifest, for every architecture."""
    with opened(fleet) as outside, cluster_lock(fleet, outside.fleet.spec.host_cluster.name, settings.lock_timeout):
        return ran(steps(outside))


def steps(outside: Outside) -> Steps[HarborFacts]:
    total = len(outside.fleet.manifest.images) * len(outside.fleet.manifest.arches)
    return Steps(
        Stage.HARBOR,
        None,
        observe=lambda: _observed(outside),
        decide=lambda facts: decisions.decide(outside.fleet, facts),
        act=lambda action, progress: _acted(outside, action, progress),
        proof=lambda facts: f"{total} images proved by the configs the registry holds",
    )


def _observed(outside: Outside) -> HarborFacts:
    fleet = outside.fleet
    arches = fleet.manifest.arches
    wanted = tuple((ImageReference.parse(image), arch) for image in fleet.manifest.images for arch in arches)
    answers, _ = outside.registry.health()
    projects = decisions.projects(fleet)
    absent = tuple(name for name in projects if not answers or outside.registry.harbor.project(name) is None)
    # Harbor answers 401 for what would lie in a project that does not exist: such images are not asked for.
    named = tuple(pair for pair in wanted if not answers or pair[0].namespace.split("/")[0] in absent)
    asked = tuple(pair for pair in wanted if pair not in named)
    missing = outside.registry.images.missing(asked) if asked else ()
    return HarborFacts(
        answers, absent, (*((f"{image.repository}:{image.tag}", arch) for image, arch in named), *missing)
    )


def _acted(outside: Outside, action: Action, progress: StageProgress) -> None:
    if action.verb is Verb.CREATE_PROJECT:
        outside.registry.harbor.create_project(action.subject, public=True)
        return
    host = outside.fleet.spec.host_cluster.name
    command = kk_command.artifact_images_push(outside.config_path(host), outside.fleet.spec.spec.artifact.path)
    limit = timedelta(seconds=settings.artifact_timeout)
    kk_ran(outside, command, f"{host}-push-images", host, limit, progress)
