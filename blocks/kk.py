"""kk on the control machine: every command a detached job in a work directory of its own, judged by what it printed.

kk keeps its state in ``kubekey/`` beside its own binary, so each cluster gets a directory with a copy of kk
(``<workspace>/clusters/<cluster>``). A job that runs is attached to, never started twice. A job that ended while nobody
looked is believed when it succeeded; when it failed, its log is put away and the command runs anew.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from fleetforge.blocks.connection import Connection
from fleetforge.blocks.deadline import Deadline
from fleetforge.blocks.jobs import Job, Jobs, JobState
from fleetforge.fleet import kk_command
from fleetforge.fleet.errors import FleetforgeError, Transient
from fleetforge.fleet.errors.catalogue import fault
from fleetforge.fleet.kk_command import KkCommand
from fleetforge.fleet.kk_events import Event, Quiet
from fleetforge.fleet.kk_log import KkLog
from fleetforge.fleet.kk_outcome import Stopped, Succeeded, concluded
from fleetforge.fleet.kk_story import Story
from fleetforge.fleet.redaction import redacted

OnEvent = Callable[[Event], None]

IDLE = 15.0
"""Seconds of silence after which a ``Quiet`` event says so."""
LOG_LIMIT = 512 * 1024 * 1024
"""Bytes of output after which kk is taken to be printing without end (a prompt at end of input does)."""
PAUSES = (1, 2, 5, 10, 20)
"""Seconds between attempts to reach the control machine again while a job is followed."""
DRIVEN = re.compile(r"v3\.1\.\d+")
_NOT_FOUND, _NOT_RUNNABLE = 127, 126


class Kk:
    """The kk binary ``binary`` of a control machine; ``secrets`` never show in an event or an error."""

    def __init__(
        self, connection: Connection, jobs: Jobs, binary: str, workspace: str, secrets: Iterable[str] = ()
    ) -> None:
        self._connection, self._jobs, self._binary = connection, jobs, binary
        self._workspace, self._secrets = PurePosixPath(workspace), tuple(secrets)

    def version(self) -> str:
        """For example ``v3.1.7``. FF-CTL-007 without a kk, -008 when it cannot be run, -009 for another than 3.1.x."""
        return self._version

    @cached_property
    def _version(self) -> str:
        command = shlex.join([self._binary, *kk_command.version().arguments])
        done = self._connection.run(command, timeout=30)
        evidence = (done.error_text or done.text).splitlines()
        if done.exit_code == _NOT_FOUND:
            raise fault("FF-CTL-007", f"there is no {self._binary}", where=self._connection.name, evidence=evidence)
        if done.exit_code:
            code = "FF-CTL-008" if done.exit_code == _NOT_RUNNABLE else "FF-CTL-009"
            what = f"{command} ended with {done.exit_code}"
            raise fault(code, what, where=self._connection.name, evidence=evidence)
        if not DRIVEN.fullmatch(done.text.strip()):
            what = f"{self._binary} is {done.text.strip()[:80] or 'silent about its version'}"
            raise fault("FF-CTL-009", what, where=self._connection.name)
        return done.text.strip()

    def cluster_directory(self, cluster: str) -> str:
        """Where kk works for a cluster (or for the artifact, under that name); absolute."""
        return str(self._workspace / "clusters" / cluster)

    def kubeconfig(self, cluster: str, kk_name: str) -> str | None:
        """The kubeconfig kk wrote for the cluster that its config calls ``kk_name``; None while there is none."""
        path = f"{self.cluster_directory(cluster)}/kubekey/config-{kk_name}"
        return self._connection.read(path).decode() if self._connection.size(path) else None

    def is_running(self, key: str) -> bool:
        """True while the job ``key`` runs."""
        return self._jobs.job(key).state is JobState.RUNNING

    def run(self, command: KkCommand, *, key: str, cluster: str, wall_clock: timedelta, on_event: OnEvent) -> None:
        """Bring ``command`` to its proved end: start it, or attach to the job ``key`` that runs it already.

        Raises the FF-KK error of a failed run, FF-CTL-004 when something else runs under the key, and FF-CTL-002 when
        the job vanished. A connection that stays lost comes out as it is (FF-HOST, transient): the job goes on, and
        the next call attaches to it. After ``wall_clock`` kk is stopped (FF-KK-004); that time starts anew with each
        attachment, since the job keeps no record of who waited how long for it.
        """
        script = self._script(command, cluster)
        left = self._jobs.job(key)
        if left.state is not JobState.RUNNING and self._judged_before(command, key, cluster, left):
            return
        if not self._jobs.start(key, script) and self._jobs.script(key) != script:
            what = f"{key} runs with other arguments than 'kk {command.title}' has now"
            raise fault("FF-CTL-004", what, where=self._connection.name)
        verdict = self._verdict(command, key, cluster, on_event, Deadline(wall_clock.total_seconds()))
        if isinstance(verdict, FleetforgeError):
            raise verdict

    def _judged_before(self, command: KkCommand, key: str, cluster: str, left: Job) -> bool:
        """True when an ended job that nobody judged did what is wanted; the key is free afterwards."""
        if left.state is JobState.ENDED and self._jobs.script(key) == self._script(command, cluster):
            return isinstance(self._verdict(command, key, cluster, lambda event: None, Deadline(600)), Succeeded)
        if left.state is not JobState.NONE:
            self._jobs.put_away(key)
        return False

    def _verdict(
        self, command: KkCommand, key: str, cluster: str, on_event: OnEvent, limit: Deadline
    ) -> Succeeded | FleetforgeError:
        """What came of the job under ``key``, once it is over; it is put away then."""
        story = Story()

        def hear(event: Event) -> None:
            shown = self._redacted(event)
            story.hears(shown)
            on_event(shown)

        stopped = self._follow(key, story, hear, limit)
        job = self._jobs.job(key)
        log = self._jobs.put_away(key)
        where = f"{cluster}, kk {command.title}"
        if job.exit_code is None and not stopped:
            evidence = [*story.tail, f"log: {log}"]
            return fault("FF-CTL-002", "kk vanished without a result", where=where, evidence=evidence)
        return concluded(command.expected, job.exit_code or 0, story, where=where, stopped=stopped)

    def _follow(self, key: str, story: Story, hear: Callable[[Event], None], limit: Deadline) -> Stopped:
        """Hear the whole log; stop a kk that asks, that prints without end, or whose time is over."""
        log, size, silent = KkLog(), 0, 0.0
        for chunk in self._log(key, limit):
            size, silent = size + len(chunk), 0.0 if chunk else silent + IDLE
            for event in log.fed(chunk) if chunk else (Quiet(silent),):
                hear(event)
            reason = _reason_to_stop(story, size, limit)
            if reason is not Stopped.NO:
                self._jobs.stop(key)
                return reason
        for event in log.closed():
            hear(event)
        return Stopped.NO

    def _log(self, key: str, limit: Deadline) -> Iterator[bytes]:
        """The job's log until it is over, across lost connections: it goes on after the last byte that came."""
        size, pauses = 0, iter(PAUSES)
        while True:
            try:
                for chunk in self._jobs.followed(key, IDLE, size):
                    size, pauses = size + len(chunk), iter(PAUSES)
                    yield chunk
                if self._jobs.job(key).state is not JobState.RUNNING:
                    return
                limit.pause(1)
                yield b""
            except Transient:
                pause = next(pauses, None)
                if pause is None:
                    raise
                limit.pause(pause)

    def _script(self, command: KkCommand, cluster: str) -> str:
        """kk's own copy in the cluster's directory, then kk; images of another artifact are cleared before."""
        directory = self.cluster_directory(cluster)
        lines = [
            "umask 077",
            f"mkdir -p {shlex.quote(directory)} && cd {shlex.quote(directory)} || exit 1",
            f"binary=$(command -v {shlex.quote(self._binary)}) || exit {_NOT_FOUND}",
            'cmp -s "$binary" kk || { cp -f "$binary" kk.new && chmod 700 kk.new && mv kk.new kk; } || exit 1',
        ]
        if command.artifact:
            lines += [
                f"artifact=$(stat -c '%n %s %Y' {shlex.quote(command.artifact)}) || artifact=none",
                '[ "$artifact" = "$(cat artifact-of-kubekey 2>/dev/null)" ] || {',
                "  rm -rf kubekey/images kubekey/repository kubekey/artifact.md5",
                '  echo "$artifact" > artifact-of-kubekey',
                "}",
            ]
        lines += [f"rm -f {shlex.quote(command.writes)}"] if command.writes else []
        return "\n".join([*lines, f"exec {shlex.join([f'{directory}/kk', *command.arguments])}", ""])

    def _redacted(self, event: Event) -> Event:
        masked: Event = _with_texts(event, lambda text: redacted(text, self._secrets))
        return masked


def _reason_to_stop(story: Story, size: int, limit: Deadline) -> Stopped:
    if story.prompts > 1:
        return Stopped.PROMPT
    if size > LOG_LIMIT:
        return Stopped.LOG_LIMIT
    return Stopped.WALL_CLOCK if limit.passed else Stopped.NO


def _with_texts(value: Any, change: Callable[[str], str]) -> Any:
    """``value`` with ``change`` applied to every field called text or reason, inside tuples too."""
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changed: dict[str, Any] = {}
    for field in fields(value):
        held = getattr(value, field.name)
        if isinstance(held, tuple):
            changed[field.name] = tuple(_with_texts(item, change) for item in held)
        elif field.name in ("text", "reason"):
            changed[field.name] = change(held)
    return replace(value, **changed)
