"""ks-installer's log as events: which task started, ended, failed, and whether a run came to its end.

Grammar of 3.4.1: ``Start installing <task>``, ``Waiting for all tasks …``, ``task <name> status is successful  (n/m)``
or ``failed``, ``Collecting installation results …``, then ``Task '<name>' failed:`` with a JSON event between lines of
asterisks, or, when nothing failed, the banner ``Welcome to KubeSphere!`` with the console's URL and, after
``https://kubesphere.io``, a date. A serial task (Ansible's output in the log) that fails ends the run with a
``PLAY RECAP`` that counts it and nothing more: neither a summary nor another try.
The banner also shows the password of admin: that line never becomes an event.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fleetforge.fleet.redaction import redacted


class Step(StrEnum):
    """What a line of the log means."""

    STARTED = "started"  # a task
    SUCCEEDED = "succeeded"  # a task
    FAILED = "failed"  # a task
    WAITING = "waiting"  # for all parallel tasks
    COLLECTING = "collecting"  # every task has ended
    REASON = "reason"  # why a task failed
    ANSIBLE = "ansible"  # a serial task's step, or the error that ended it
    FINISHED = "finished"  # the banner


@dataclass(frozen=True, slots=True)
class InstallerEvent:
    """``done`` of ``total`` parallel tasks have ended, where the line says so."""

    step: Step
    task: str = ""
    text: str = ""
    done: int = 0
    total: int = 0

    def __str__(self) -> str:
        parts = [f"ks-installer: {self.task} {self.step}" if self.task else f"ks-installer: {self.step}"]
        parts += [f"({self.done}/{self.total})"] if self.total else []
        parts += [self.text] if self.text else []
        return " ".join(parts)


_STARTED = re.compile(r"Start installing (\S+)")
_ENDED = re.compile(r"task (\S+) status is (successful|failed)\s+\((\d+)/(\d+)\)")
_REASON = re.compile(r"Task '([^']+)' failed:")
_ANSIBLE = re.compile(r"TASK \[(.+?)\]|(fatal: .+)")
_RECAP = re.compile(r"unreachable=(\d+)\s+failed=(\d+)")
_CONSOLE = re.compile(r"Console: (\S+)")
_DATE = re.compile(r"https://kubesphere\.io\s+(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")


class InstallerLog:
    """Reads line by line. ``failed`` and ``over`` speak of the run the last line belongs to."""

    def __init__(self) -> None:
        self.failed: dict[str, str] = {}
        self.over = False
        self.finished: str | None = None
        self._reason_of: str | None = None
        self._json: list[str] = []
        self._console = ""
        self._step, self._fatal = "", ""

    def read(self, line: str) -> tuple[InstallerEvent, ...]:
        """The events of one line: mostly none, or one."""
        text = line.strip()
        if self._reason_of is not None:
            return self._reasoned(text)
        if found := _STARTED.search(text):
            return (self._started(found[1]),)
        if found := _ENDED.search(text):
            return (self._ended(found[1], found[2] == "successful", int(found[3]), int(found[4])),)
        if found := _REASON.search(text):
            self._reason_of, self._json = found[1], []
            return ()
        return self._other(text)

    def _started(self, task: str) -> InstallerEvent:
        self._begun()
        return InstallerEvent(Step.STARTED, task)

    def _begun(self) -> None:
        """What follows a run that was over belongs to another one."""
        if self.over:
            self.failed, self.over, self.finished = {}, False, None

    def _ended(self, task: str, well: bool, done: int, total: int) -> InstallerEvent:
        if not well:
            self.failed.setdefault(task, "")
        return InstallerEvent(Step.SUCCEEDED if well else Step.FAILED, task, done=done, total=total)

    def _other(self, text: str) -> tuple[InstallerEvent, ...]:
        if text.startswith("Waiting for all tasks"):
            return (InstallerEvent(Step.WAITING),)
        if text.startswith("Collecting installation results"):
            self.over = True
            return (InstallerEvent(Step.COLLECTING),)
        if found := _CONSOLE.search(text):
            self._console = found[1]
        if found := _DATE.search(text):
            self.over, self.finished = True, found[1]
            return (InstallerEvent(Step.FINISHED, text=f"console {self._console}".rstrip()),)
        return self._serial(text)

    def _serial(self, text: str) -> tuple[InstallerEvent, ...]:
        """A line of Ansible's, printed by the tasks that run one after the other."""
        if found := _ANSIBLE.search(text):
            self._begun()
            self._step, self._fatal = found[1] or self._step, redacted(found[2] or "")[:600]
            return (InstallerEvent(Step.ANSIBLE, text=redacted(found[1] or found[2])[:300]),)
        found = _RECAP.search(text)
        if found is None or not (int(found[1]) or int(found[2])):
            return ()
        self.failed, self.over = {self._step: self._fatal or "no reason given"}, True
        return (InstallerEvent(Step.FAILED, self._step, self.failed[self._step]),)

    def _reasoned(self, text: str) -> tuple[InstallerEvent, ...]:
        """Collects the JSON between the asterisks; ends at the second line of them, or with the JSON."""
        if text and not text.startswith("****"):
            self._json.append(text)
        document = _whole("\n".join(self._json))
        ended = document is not None or (text.startswith("****") and bool(self._json))
        if not ended:
            return ()
        task, self._reason_of = str(self._reason_of), None
        self.failed[task] = redacted(reason_in(document) if document else " ".join(self._json))[:600]
        return (InstallerEvent(Step.REASON, task, self.failed[task]),)


def reason_in(event: dict[str, Any]) -> str:
    """What an Ansible job event says: the task, the host and its message."""
    data = event.get("event_data") or {}
    result = data.get("res") or {}
    said = result.get("stderr") or result.get("msg") or event.get("stdout") or "no reason given"
    where = " on ".join(str(data[key]) for key in ("task", "host") if data.get(key))
    return " ".join(f"{where}: {said}".split()).removeprefix(": ")


def _whole(text: str) -> dict[str, Any] | None:
    try:
        held = json.loads(text)
    except ValueError:
        return None
    return held if isinstance(held, dict) else None
