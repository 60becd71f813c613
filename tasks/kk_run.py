"""One kk run as part of a stage: its output in the run's log, its events as progress."""

from __future__ import annotations

from datetime import timedelta

from fleetforge.blocks.outside import Outside
from fleetforge.fleet.kk_command import KkCommand
from fleetforge.fleet.kk_events import (
    Event,
    HostStatus,
    PipelineFailed,
    PipelineSucceeded,
    Quiet,
    Retry,
    TaskStarted,
    texts,
)
from fleetforge.fleet.progress import started
from fleetforge.tasks.progress import StageProgress
from fleetforge.tasks.stage import run_logger


def kk_ran(
    outside: Outside, command: KkCommand, key: str, cluster: str, limit: timedelta, progress: StageProgress
) -> None:
    """Run ``command`` (or attach to the running job of that ``key``) to its proved end; raises kk's coded error."""
    logger, state = run_logger(), started(command.expected.pipeline)

    def shown(event: Event) -> None:
        nonlocal state
        was_silent, state = bool(state.silent_for), state.after(event)
        if isinstance(event, Quiet) and state.silent_for and not was_silent:
            logger.warning("kk │ quieter than usual: %s", state.line)
        for line in said(event):
            logger.info("kk │ %s", line)
        progress.part(state.percent, state.line)

    outside.kk.run(command, key=key, cluster=cluster, wall_clock=limit, on_event=shown)


def said(event: Event) -> tuple[str, ...]:
    """An event as lines for the run's log; silence and empty lines say nothing."""
    match event:
        case TaskStarted(module=module, task=task):
            return (f"[{module}] {task}",)
        case HostStatus(host=host, status=status):
            return (f"  {status}: {host}",)
        case Retry(host=host):
            return (f"  retry: {host}",)
        case PipelineSucceeded(name=name):
            return (f"{name} executed successfully",)
        case PipelineFailed(name=name, causes=causes, reason=reason):
            return (f"{name} failed: {reason}", *(f"  {cause.host}: {cause.text}" for cause in causes))
        case _:
            return tuple(f"  {text}" for text in texts(event) if text.strip())
