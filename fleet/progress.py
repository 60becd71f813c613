"""How far is kk? Events in, a percentage that never falls and one line for people out.

The percentage is the share of the pipeline's typical time that is behind the current module, plus a part of the current
one that grows with its tasks. 100 means kk printed its success line; until then 99 is the most.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from fleetforge.fleet.kk_events import (
    Event,
    HostMessage,
    HostStatus,
    PipelineSucceeded,
    Quiet,
    Retry,
    Stdout,
    TaskStarted,
)
from fleetforge.fleet.kk_pipelines import MODULES, usual_silence, weight

_UNFINISHED = 99.0
_LOCAL_HOSTS = ("LocalHost", "localhost")


@dataclass(frozen=True, slots=True)
class Progress:
    """Where one kk run stands; make it with ``started(pipeline)`` and fold events with ``after``."""

    pipeline: str
    percent: float = 0.0
    module: str = ""
    task: str = ""
    host: str = ""
    silent_for: float = 0.0
    """Seconds since kk's last line, once they exceed what is usual for the module; else 0."""
    retries: int = 0
    _position: int = -1
    _tasks: int = 0

    @property
    def line(self) -> str:
        """``JoinNodesModule · Join worker node (hefei-2)``, with a note when kk is quieter than usual."""
        if not self.module:
            return "starting"
        where = f" ({self.host})" if self.host else ""
        quiet = f", silent for {self.silent_for / 60:.0f} min" if self.silent_for else ""
        return f"{self.module} · {self.task}{where}{quiet}"

    def after(self, event: Event) -> Progress:
        """The progress once ``event`` has happened."""
        match event:
            case TaskStarted(module=module, task=task):
                return self._at(module, task)
            case PipelineSucceeded(name=name) if name == self.pipeline:
                return replace(self, percent=100.0, silent_for=0.0)
            case Quiet(seconds=seconds):
                unusual = seconds > usual_silence(self.module)
                return replace(self, silent_for=seconds if unusual else 0.0)
            case Retry(host=host):
                return replace(self, host=_named(host), retries=self.retries + 1, silent_for=0.0)
            case HostStatus(host=host) | HostMessage(host=host) | Stdout(host=host):
                return replace(self, host=_named(host), silent_for=0.0)
            case _:
                return replace(self, silent_for=0.0) if self.silent_for else self

    def _at(self, module: str, task: str) -> Progress:
        position, tasks = self._position, self._tasks + 1
        if module != self.module:
            position, tasks = self._next_position(module), 1
        percent = max(self.percent, _percent(self.pipeline, position, tasks))
        return Progress(self.pipeline, percent, module, task, "", 0.0, self.retries, position, tasks)

    def _next_position(self, module: str) -> int:
        """Modules may come twice, so look ahead only; one that is not expected moves nothing."""
        ahead = MODULES.get(self.pipeline, ())[self._position + 1 :]
        return self._position + 1 + ahead.index(module) if module in ahead else self._position


def started(pipeline: str) -> Progress:
    """Nothing printed yet."""
    return Progress(pipeline)


def _percent(pipeline: str, position: int, tasks: int) -> float:
    modules = MODULES.get(pipeline, ())
    if position < 0 or not modules:
        return 0.0
    behind = sum(weight(module) for module in modules[:position])
    inside = weight(modules[position]) * (1 - 1 / (1 + tasks / 2))
    return min(_UNFINISHED, 100 * (behind + inside) / sum(weight(module) for module in modules))


def _named(host: str) -> str:
    return "" if host in _LOCAL_HOSTS else host
