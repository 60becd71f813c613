"""Artifact: exported here by kk or carried in; either way read once and proved to hold every image per architecture."""

from __future__ import annotations

from datetime import timedelta

from fleetforge.blocks.artifact_file import inventory_taken, observed_file, removed, renamed
from fleetforge.blocks.lock import cluster_lock
from fleetforge.blocks.outside import Outside, opened
from fleetforge.fleet import kk_command
from fleetforge.fleet.actions import Action, Stage, StageOutcome, Verb
from fleetforge.fleet.errors import Many
from fleetforge.fleet.stages import artifact as decisions
from fleetforge.fleet.stages.artifact import ArtifactFacts, Inventory
from fleetforge.tasks.kk_run import kk_ran
from fleetforge.tasks.progress import StageProgress
from fleetforge.tasks.settings import settings
from fleetforge.tasks.stage import Steps, ran, stage_task


@stage_task("artifact")
def artifact(fleet: str) -> StageOutcome:
    """The artifact on the control machine, whole and with every image of the manifest."""
    with opened(fleet) as outside, cluster_lock(fleet, "artifact", settings.lock_timeout):
        return ran(steps(outside))


def steps(outside: Outside) -> Steps[ArtifactFacts]:
    path = outside.fleet.spec.spec.artifact.path
    return Steps(
        Stage.ARTIFACT,
        None,
        observe=lambda: observed_file(outside.control, path),
        decide=lambda facts: _decided(outside, facts),
        act=lambda action, progress: _acted(outside, action, progress),
        proof=_proof,
    )


def _decided(outside: Outside, facts: ArtifactFacts) -> tuple[Action, ...]:
    errors = decisions.errors(outside.fleet, facts)
    actions = decisions.decide(outside.fleet, facts)
    if errors and not actions:
        raise errors[0] if len(errors) == 1 else Many(errors)
    return actions


def _proof(facts: ArtifactFacts) -> str:
    assert facts.inventory is not None
    return f"{len(facts.inventory.images)} images, {facts.inventory.size} bytes, sha256 {facts.inventory.sha256[:12]}…"


def _acted(outside: Outside, action: Action, progress: StageProgress) -> None:
    if action.verb is Verb.EXPORT_ARTIFACT:
        _export(outside, progress)
    else:
        built = "" if outside.fleet.spec.spec.artifact.carried else decisions.manifest_digest(outside.fleet.manifest)
        inventory_taken(outside.control, outside.fleet.spec.spec.artifact.path, built)


def _export(outside: Outside, progress: StageProgress) -> None:
    """kk writes to a partial name that is renamed when kk proved its success: a half export is never the artifact."""
    path = outside.fleet.spec.spec.artifact.path
    partial = path.removesuffix(".tar.gz") + ".partial.tar.gz"
    command = kk_command.artifact_export(outside.put_manifest(), partial)
    if not outside.kk.is_running("artifact-export"):
        removed(outside.control, partial)
    kk_ran(outside, command, "artifact-export", "artifact", timedelta(seconds=settings.artifact_timeout), progress)
    renamed(outside.control, partial, path)


__all__ = ["Inventory", "artifact", "steps"]
