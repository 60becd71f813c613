"""What of a kk run matters for its verdict: a bounded summary kept while the events pass."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from fleetforge.fleet.kk_events import (
    Alarm,
    Event,
    HostMessage,
    HostStatus,
    KkError,
    Panic,
    PipelineFailed,
    PipelineSucceeded,
    Plain,
    Prompt,
    TaskStarted,
    texts,
)

TAIL_LINES = 15
COMPLAINTS_KEPT = 60
PLAIN_KEPT = 60


def _recent(size: int) -> deque[str]:
    return deque(maxlen=size)


@dataclass(slots=True)
class Story:
    """Grows by ``hears``; its size does not depend on how much kk prints."""

    succeeded: set[str] = field(default_factory=set)
    failure: PipelineFailed | None = None
    panic: str = ""
    prompts: int = 0
    prompt: str = ""
    module: str = ""
    task: str = ""
    fatals: deque[str] = field(default_factory=lambda: _recent(COMPLAINTS_KEPT))
    alarms: deque[str] = field(default_factory=lambda: _recent(COMPLAINTS_KEPT))
    plain: deque[str] = field(default_factory=lambda: _recent(PLAIN_KEPT))
    tail: deque[str] = field(default_factory=lambda: _recent(TAIL_LINES))
    failed_hosts: dict[str, str] = field(default_factory=dict)
    """Hosts with a ``failed`` status, each with kk's last message about it (empty when it gave none)."""
    _said: dict[str, str] = field(default_factory=dict)

    def hears(self, event: Event) -> None:
        """Takes one event in."""
        self.tail.extend(text for text in texts(event) if not isinstance(event, Prompt))
        match event:
            case PipelineSucceeded(name=name):
                self.succeeded.add(name)
            case PipelineFailed():
                self.failure = event
            case Panic(text=text):
                self.panic = text
            case Prompt(text=text):
                self.prompts, self.prompt = self.prompts + 1, text.strip()
            case Alarm(level="fatal", text=text) | KkError(text=text):
                self.fatals.append(text)
            case Alarm(text=text):
                self.alarms.append(text)
            case Plain(text=text):
                self.plain.append(text)
            case _:
                self._hears_of_task(event)

    def _hears_of_task(self, event: Event) -> None:
        match event:
            case TaskStarted(module=module, task=task):
                self.module, self.task = module, task
                self._said.clear()
            case HostMessage(host=host, text=text):
                self._said[host] = text
            case HostStatus(host=host, status="failed"):
                self.failed_hosts[host] = f"{self.module} · {self.task}: {self._said.get(host, '')}".rstrip(": ")
            case _:
                pass


def heard(events: Iterable[Event]) -> Story:
    """The story of a whole run."""
    story = Story()
    for event in events:
        story.hears(event)
    return story
