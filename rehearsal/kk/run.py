"""How kk runs a pipeline: task by task, every task on all its hosts, told in kk's grammar.

A status line is printed when the task has ended on all hosts. A failed host ends the pipeline with its ``error:``
block.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from fleetforge.rehearsal.faults import Fault
from fleetforge.rehearsal.kk.console import Console

LOCAL = "LocalHost"
SUCCESS, SKIPPED = "success", "skipped"
Action = Callable[[str], Awaitable[str | None]]
"""What a task does on a host; it gives ``SKIPPED`` or nothing, and raises ``TaskFailed``."""


class TaskFailed(Exception):
    """A task failed on a host; the text is kk's cause. ``bare``: a failed connection, told without task and retries."""

    def __init__(self, text: str, *, bare: bool = False) -> None:
        super().__init__(text)
        self.bare = bare


class Stopped(Exception):
    """kk ends here without an ``error:`` block."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class PipelineFailed(Exception):
    """The text is all that follows ``execute failed: ``."""


@dataclass
class Pipeline:
    """One run of a pipeline ``name``. ``pause`` is what a task takes, in seconds; ``fault`` what befalls this run."""

    name: str
    console: Console
    pause: float
    fault: Fault | None = None
    fault_after: int = 3

    async def task(
        self,
        module: str,
        title: str,
        hosts: Sequence[str],
        action: Action | None = None,
        *,
        name: str = "",
        tries: int = 1,
    ) -> None:
        """Run one task; raises ``PipelineFailed`` when it failed on a host after ``tries``."""
        name = name or "".join(word[0].upper() + word[1:] for word in title.replace("-", " ").split())
        self.console.log(f"[{module}] {title}")
        await asyncio.sleep(self.pause)
        act = self._struck(action)
        ended = await asyncio.gather(*(self._on_host(host, act, tries) for host in hosts))
        for host, status in zip(hosts, ended, strict=True):
            self.console.log(f"{status if isinstance(status, str) else 'failed'}: [{host}]")
        causes = [(host, failure) for host, failure in zip(hosts, ended, strict=True) if not isinstance(failure, str)]
        if causes:
            lines = [_cause(host, failure, name, tries) for host, failure in causes]
            raise PipelineFailed("\n".join([f"Module[{module}] exec failed: ", *lines]))

    def message(self, host: str, text: str) -> None:
        self.console.log(f"message: [{host}]\n{text}")

    def stdout(self, host: str, text: str) -> None:
        self.console.log(f"stdout: [{host}]\n{text}")

    async def _on_host(self, host: str, action: Action | None, tries: int) -> str | TaskFailed:
        for attempt in range(1, tries + 1):
            try:
                return (await action(host) if action else None) or SUCCESS
            except TaskFailed as failure:
                if attempt == tries or failure.bare:
                    if not failure.bare:
                        self.message(host, _formatted(failure))
                    return failure
                self.message(host, _formatted(failure))
                self.console.log(f"retry: [{host}]")
                await asyncio.sleep(5 * self.pause)
        raise AssertionError("a task is tried at least once")

    def _struck(self, action: Action | None) -> Action | None:
        """The fault strikes the task after the first ones: a failure with its text, or (status 0) a silent end."""
        if self.fault is None:
            return action
        self.fault_after -= 1
        if self.fault_after > 0:
            return action
        if self.fault.status == 0:
            raise Stopped(0)
        text = self.fault.text or "Failed to exec command: exit status 1"

        async def fails(host: str) -> str | None:
            raise TaskFailed(text)

        return fails


def _formatted(failure: TaskFailed) -> str:
    """The log prints a cause through a format of its own, without arguments."""
    return str(failure).replace("%s", "%!s(MISSING)")


def _cause(host: str, failure: TaskFailed, name: str, tries: int) -> str:
    told = "" if failure.bare else f"[{name}] exec failed after {tries} retries: "
    return f"failed: [{host}] {told}{failure}"
