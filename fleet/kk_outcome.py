"""Did kk do it? Exit code and output together, never one alone.

Success is exit code 0 **and** ``Pipeline[<expected>] execute successfully`` (or the success text of the commands that
run no pipeline). Everything else becomes an error with a code: exit 0 lies when a prompt was answered "no" or at the
end of input, and kk hides causes on standard output.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from fleetforge.fleet.errors.base import FleetforgeError, Many, Transient
from fleetforge.fleet.errors.catalogue import fault
from fleetforge.fleet.errors.grouping import grouped
from fleetforge.fleet.kk_causes import Cause, cause_of_complaint, cause_of_failure, cause_on_stdout
from fleetforge.fleet.kk_events import FailedHost, PipelineFailed
from fleetforge.fleet.kk_story import Story

_DROPPED_HOSTS = "there are some error in your spec hosts"
_KILLED = 128
"""Exit codes above this are signals, as a shell reports them."""


class Stopped(StrEnum):
    """Why Fleetforge itself ended a run; empty when kk ended by itself."""

    NO = ""
    WALL_CLOCK = "wall-clock"
    LOG_LIMIT = "log-limit"
    CANCELLED = "cancelled"
    PROMPT = "prompt"


@dataclass(frozen=True, slots=True)
class Expected:
    """The proof of success: a pipeline's name, or a line on standard output; both empty when exit 0 is all there is."""

    pipeline: str = ""
    line: str = ""

    def seen(self, story: Story) -> bool:
        if self.pipeline:
            return self.pipeline in story.succeeded
        return not self.line or any(self.line in text for text in story.plain)


@dataclass(frozen=True, slots=True)
class Succeeded:
    """kk did it; ``warnings`` are its WARN and ERRO lines."""

    pipeline: str
    warnings: tuple[str, ...] = ()


def concluded(
    expected: Expected, exit_code: int, story: Story, *, where: str, stopped: Stopped = Stopped.NO
) -> Succeeded | FleetforgeError:
    """The verdict on a finished run; ``where`` names cluster and command for the error."""
    if not stopped and exit_code == 0 and expected.seen(story):
        return Succeeded(expected.pipeline, tuple(story.alarms))
    return (
        _stopped(stopped, story, where)
        or _asked(exit_code, story, where)
        or _crashed(story, where)
        or _failed(story, where)
        or _killed(exit_code, story, where)
        or _complained(story, where)
        or _unexplained(expected, exit_code, story, where)
    )


def _stopped(stopped: Stopped, story: Story, where: str) -> FleetforgeError | None:
    if stopped is Stopped.CANCELLED:
        return fault("FF-KK-010", "the run was cancelled", where=where, evidence=story.tail)
    if (stopped and story.prompts > 1) or stopped is Stopped.PROMPT:
        return _prompted(story, where)
    if stopped is Stopped.WALL_CLOCK:
        running = f"in {story.module} · {story.task}" if story.module else "before its first task"
        return fault("FF-KK-004", f"kk was stopped at its time limit, {running}", where=where, evidence=story.tail)
    if stopped is Stopped.LOG_LIMIT:
        return fault("FF-KK-003", "kk printed without end and was stopped", where=where, evidence=story.tail)
    return None


def _asked(exit_code: int, story: Story, where: str) -> FleetforgeError | None:
    """A question at the end of input: kk then ends with 0 or an EOF error, or asks for ever until it is killed."""
    at_end_of_input = "EOF" in story.fatals or (
        story.failure and any(c.text.split("\n")[0] == "EOF" for c in story.failure.causes)
    )
    killed_while_asking = exit_code >= _KILLED and story.prompts > 1
    if at_end_of_input or killed_while_asking or (exit_code == 0 and story.prompts):
        return _prompted(story, where)
    return None


def _prompted(story: Story, where: str) -> FleetforgeError:
    question = story.prompt or f"{story.module} · {story.task}"
    return fault("FF-KK-002", "kk asked a question nobody answers", where=where, evidence=[*story.tail, question])


def _crashed(story: Story, where: str) -> FleetforgeError | None:
    if not story.panic:
        return None
    return fault("FF-KK-006", f"kk crashed: {story.panic}", where=where, evidence=[story.panic])


def _failed(story: Story, where: str) -> FleetforgeError | None:
    """The closing ``error: Pipeline[…]`` block, one error per cause, hosts with the same cause together."""
    failure = story.failure
    if failure is None:
        return None
    if _DROPPED_HOSTS in failure.reason:
        return _partial(story, where)
    noise = cause_of_complaint(line for line in story.alarms if "strconv.Atoi" in line)
    errors = grouped(_host_failed(cause, failure, story, where, noise) for cause in failure.causes)
    if not errors:
        return _pipeline_failed(failure, story, where)
    return errors[0] if len(errors) == 1 else _several(errors)


def _several(errors: tuple[FleetforgeError, ...]) -> FleetforgeError:
    """Different causes: what a person must do wins over what may pass by itself."""
    passing = [error for error in errors if isinstance(error, Transient)]
    lasting = [error for error in errors if not isinstance(error, Transient)]
    return Many([*lasting, *passing]) if lasting else passing[0]


def _host_failed(
    failed: FailedHost, failure: PipelineFailed, story: Story, where: str, noise: Cause | None
) -> FleetforgeError:
    cause = noise or cause_of_failure(failed.text, story.plain)
    evidence = [f"[{failed.host}] {line}" for line in failed.text.splitlines()]
    if cause is None:
        what = f"{failure.name} failed in {failure.module}"
        return fault("FF-KK-008", what, where=f"{where}, {failed.host}", evidence=evidence)
    shown = [] if cause.line in failed.text else [cause.line]
    return fault(cause.code, cause.what, where=f"{where}, {failed.host}", evidence=[*evidence, *shown])


def _pipeline_failed(failure: PipelineFailed, story: Story, where: str) -> FleetforgeError:
    cause = cause_of_failure(failure.reason, story.plain)
    code, what = (cause.code, cause.what) if cause else ("FF-KK-008", f"{failure.name} failed: {failure.reason}")
    return fault(code, what, where=where, evidence=[failure.reason, *story.tail])


def _partial(story: Story, where: str) -> FleetforgeError:
    hosts = ", ".join(sorted(story.failed_hosts)) or "hosts kk does not name"
    evidence = [f"[{host}] {why}" for host, why in sorted(story.failed_hosts.items())]
    return fault("FF-KK-007", f"kk finished, but left out: {hosts}", where=where, evidence=evidence)


def _killed(exit_code: int, story: Story, where: str) -> FleetforgeError | None:
    if exit_code <= _KILLED:
        return None
    running = f" in {story.module} · {story.task}" if story.module else ""
    what = f"kk was killed by signal {exit_code - _KILLED}{running}"
    return fault("FF-KK-005", what, where=where, evidence=_unless_empty(story.tail))


def _complained(story: Story, where: str) -> FleetforgeError | None:
    """kk ended outside a pipeline: an ``error:`` line, a FATA or ERRO line, or a text on standard output."""
    complaint = cause_of_complaint(story.fatals) or cause_of_complaint(story.alarms)
    cause = complaint or cause_on_stdout(story.plain)
    if cause is None:
        return None
    return fault(cause.code, cause.what, where=where, evidence=[cause.line])


def _unexplained(expected: Expected, exit_code: int, story: Story, where: str) -> FleetforgeError:
    evidence = _unless_empty(story.tail)
    if exit_code == 0:
        proof = f"Pipeline[{expected.pipeline}] execute successfully" if expected.pipeline else expected.line
        return fault("FF-KK-001", f"kk ended with 0, but never printed '{proof}'", where=where, evidence=evidence)
    return fault("FF-KK-008", f"kk ended with {exit_code}", where=where, evidence=[*story.fatals, *evidence])


def _unless_empty(lines: Iterable[str]) -> list[str]:
    return [line for line in lines if line] or ["kk printed nothing"]
