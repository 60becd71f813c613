"""The events of a kk run: what ``kk_log`` reads, ``progress`` counts and ``kk_outcome`` judges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["success", "failed", "skipped"]
Stream = Literal["message", "stdout", "stderr", "command"]
Level = Literal["warning", "error", "fatal"]


@dataclass(frozen=True, slots=True)
class TaskStarted:
    """``[module] task``; ``time`` is kk's own ``HH:MM:SS`` in the zone of the control machine."""

    module: str
    task: str
    time: str


@dataclass(frozen=True, slots=True)
class HostStatus:
    """How the running task ended on one host; tasks of kk's own machine say ``LocalHost``."""

    host: str
    status: Status


@dataclass(frozen=True, slots=True)
class HostMessage:
    """One line of a message kk logs about a host."""

    host: str
    text: str


@dataclass(frozen=True, slots=True)
class Stdout:
    """One line a command printed on a host (``stderr`` and ``command`` only come with ``--debug``)."""

    host: str
    text: str
    stream: Stream = "stdout"


@dataclass(frozen=True, slots=True)
class Retry:
    """The task failed on this host and is tried again after 5 seconds."""

    host: str


@dataclass(frozen=True, slots=True)
class PipelineSucceeded:
    name: str


@dataclass(frozen=True, slots=True)
class FailedHost:
    """Why one host failed; ``task`` is empty where kk names none (connection failures, time-outs)."""

    host: str
    task: str
    retries: int
    text: str


@dataclass(frozen=True, slots=True)
class PipelineFailed:
    """The closing ``error:`` block; ``reason`` is the text where kk lists no host."""

    name: str
    module: str
    causes: tuple[FailedHost, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """A log line of level WARN, ERRO or FATA."""

    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class KkError:
    """An ``error:`` line that ends kk before or outside a pipeline (bad input, unknown flag)."""

    text: str


@dataclass(frozen=True, slots=True)
class Panic:
    """The first line of a Go panic."""

    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A yes/no question. Nobody answers it: standard input is /dev/null."""

    text: str


@dataclass(frozen=True, slots=True)
class CopyProgress:
    """A line of image copying: source, destination, blob, manifest list."""

    text: str


@dataclass(frozen=True, slots=True)
class Plain:
    """Any other line: logo, precheck table, download output, hints."""

    text: str


@dataclass(frozen=True, slots=True)
class Quiet:
    """Made by the follower, not by kk: nothing was printed for so many seconds."""

    seconds: float


Event = (
    TaskStarted
    | HostStatus
    | HostMessage
    | Stdout
    | Retry
    | PipelineSucceeded
    | PipelineFailed
    | Alarm
    | KkError
    | Panic
    | Prompt
    | CopyProgress
    | Plain
    | Quiet
)


def texts(event: Event) -> tuple[str, ...]:
    """The free texts of an event: those that may hold secrets or evidence."""
    match event:
        case HostMessage(text=text) | Stdout(text=text) | Alarm(text=text) | KkError(text=text) | Panic(text=text):
            return (text,)
        case Prompt(text=text) | CopyProgress(text=text) | Plain(text=text):
            return (text,)
        case PipelineFailed(causes=causes, reason=reason):
            return tuple(text for text in (reason, *(cause.text for cause in causes)) if text)
        case _:
            return ()
