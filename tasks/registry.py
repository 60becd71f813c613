"""Registry: installed by kk when nothing answers, healthy, and trusted by the control machine."""

from __future__ import annotations

from datetime import timedelta

from fleetforge.blocks.lock import cluster_lock
from fleetforge.blocks.outside import Outside, opened
from fleetforge.fleet import kk_command
from fleetforge.fleet.actions import Action, Stage, StageOutcome, Verb
from fleetforge.fleet.stages import registry as decisions
from fleetforge.fleet.stages.registry import RegistryFacts
from fleetforge.tasks.kk_run import kk_ran
from fleetforge.tasks.progress import StageProgress
from fleetforge.tasks.settings import settings
from fleetforge.tasks.stage import Steps, ran, stage_task


@stage_task("registry")
def registry(fleet: str) -> StageOutcome:
    """The private registry answers and is healthy."""
    with opened(fleet) as outside, cluster_lock(fleet, outside.fleet.spec.host_cluster.name, settings.lock_timeout):
        return ran(steps(outside))


def steps(outside: Outside) -> Steps[RegistryFacts]:
    return Steps(
        Stage.REGISTRY,
        None,
        observe=lambda: _observed(outside),
        decide=lambda facts: decisions.decide(outside.fleet, facts),
        act=lambda action, progress: _acted(outside, action, progress),
        proof=lambda facts: f"{outside.fleet.spec.spec.registry.url} is healthy: {facts.detail}",
    )


def _observed(outside: Outside) -> RegistryFacts:
    answers, detail = outside.registry.health()
    return RegistryFacts(answers, answers, detail, outside.registry.trusted())


def _acted(outside: Outside, action: Action, progress: StageProgress) -> None:
    if action.verb is Verb.TRUST_REGISTRY:
        outside.registry.trust()
        return
    host = outside.fleet.spec.host_cluster.name
    command = kk_command.init_registry(outside.config_path(host), outside.fleet.spec.spec.artifact.path)
    limit = timedelta(seconds=settings.cluster_timeout)
    kk_ran(outside, command, f"{host}-init-registry", host, limit, progress)
    outside.registry.await_healthy(settings.ready_timeout)
