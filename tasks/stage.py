"""How every stage runs: observe, decide, act, observe again and prove. The world is the only ledger.

``Steps`` names the four parts of one stage; ``pending`` is the first two (that is all ``plan`` does), ``ran`` all of
them. ``stage_task`` makes the Prefect task, with retries for errors that say they are transient.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec, TypeVar

from prefect import Task, task
from prefect.client.schemas.objects import State, TaskRun
from prefect.logging import get_logger, get_run_logger

from fleetforge.fleet.actions import Action, Stage, StageOutcome
from fleetforge.fleet.errors import Many, Transient
from fleetforge.fleet.errors.catalogue import fault
from fleetforge.tasks.coded_errors import in_words
from fleetforge.tasks.progress import StageProgress
from fleetforge.tasks.settings import settings

in_words()

Facts = TypeVar("Facts")
P = ParamSpec("P")


@dataclass(frozen=True)
class Steps(Generic[Facts]):
    """One stage over one fleet or cluster. ``decide`` is pure and raises what a person must fix."""

    stage: Stage
    cluster: str | None
    observe: Callable[[], Facts]
    decide: Callable[[Facts], tuple[Action, ...]]
    act: Callable[[Action, StageProgress], None]
    proof: Callable[[Facts], str]


def pending(steps: Steps[Any]) -> tuple[Action, ...]:
    """What the stage would do now; nothing is changed."""
    return steps.decide(steps.observe())


def ran(steps: Steps[Any]) -> StageOutcome:
    """Do what is left of the stage and prove it; ``FF-STG-001`` (transient) when something is left afterwards."""
    started, logger = time.monotonic(), run_logger()
    facts = steps.observe()
    actions = steps.decide(facts)
    if actions:
        with StageProgress(steps.stage, steps.cluster) as progress:
            for index, action in enumerate(actions):
                logger.info("%s", action)
                progress.action(index, len(actions), str(action.verb))
                steps.act(action, progress)
        facts = steps.observe()
        left = steps.decide(facts)
        if left:
            where = steps.cluster or str(steps.stage)
            raise fault(
                "FF-STG-001", f"still to do after acting: {left[0]}", where=where, evidence=[str(a) for a in left]
            )
    outcome = StageOutcome(steps.stage, steps.cluster, actions, steps.proof(facts), time.monotonic() - started)
    logger.info("%s: %s", "changed" if outcome.changed else "nothing to do", outcome.proof)
    return outcome


def stage_task(run_name: str) -> Callable[[Callable[P, StageOutcome]], Task[P, StageOutcome]]:
    """Decorate a stage's function as a Prefect task that retries transient errors, with growing, jittered delays."""

    def decorated(function: Callable[P, StageOutcome]) -> Task[P, StageOutcome]:
        made = task(
            task_run_name=run_name,
            tags=["fleetforge"],
            retries=settings.retries,
            retry_delay_seconds=list(settings.retry_delays()),
            retry_jitter_factor=0.2,
            retry_condition_fn=worth_retrying,
            persist_result=False,
        )
        return made(function)

    return decorated


def worth_retrying(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Retry is part of the error's type: only ``Transient`` is tried again."""
    failure = state.result(raise_on_failure=False)
    errors = failure.errors if isinstance(failure, Many) else (failure,)
    return all(isinstance(error, Transient) for error in errors)


def run_logger() -> Any:
    """The run's logger inside a run, the package's outside of one (``plan`` needs no run)."""
    from prefect.exceptions import MissingContextError

    try:
        return get_run_logger()
    except MissingContextError:
        return get_logger("fleetforge")
