"""Detached jobs on a machine: they outlive whoever started them, and whoever comes next finds them again.

A job is a directory ``<workspace>/jobs/<key>`` (mode 0700) with ``command`` (a ``sh`` script), ``log`` (both outputs),
``pid`` and, once it ended, ``exit``. While it runs it holds a lock on ``running``, so neither a reused process id nor a
zombie is mistaken for it, and its end can be waited for. It stays until ``put_away`` moves its log to
``<workspace>/logs``: that is how a result nobody has seen is told from one that was judged. The machine needs sh,
coreutils and util-linux.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from fleetforge.blocks.connection import Connection, required
from fleetforge.fleet.errors.catalogue import fault

_STATE = """
cd {job} 2>/dev/null || {{ echo none; exit 0; }}
[ -e exit ] || {{ [ -e running ] && ! flock -n running true && {{ echo running; exit 0; }}; }}
[ -e exit ] && echo "ended $(cat exit)" || echo vanished
"""

_START = """
umask 077
mkdir -p {jobs} && mkdir {job} 2>/dev/null || {{ [ -d {job} ] && echo taken; exit 0; }}
cd {job} && cat > command && : > log && mkfifo begun || exit 1
setsid sh -c '
  exec 9> running && flock 9
  trap : TERM
  echo $$ > pid
  echo started > begun
  sh ./command < /dev/null >> log 2>&1 9>&-
  echo $? > exit.new && mv exit.new exit
' < /dev/null > /dev/null 2>&1 &
timeout 20 cat begun
"""

_FOLLOW = """
cd {job} || exit 1
flock running true &
tail -s 0.2 -c +1 --pid=$! -f log
"""

_STOP = """
cd {job} || exit 0
for signal in TERM KILL; do
  kill -s $signal -- "-$(cat pid)" 2>/dev/null
  flock -w 10 running true && exit 0
done
exit 1
"""


class JobState(StrEnum):
    """Where a key stands. ``VANISHED``: started once, gone without a result (a reboot, SIGKILL from outside)."""

    NONE = "none"
    RUNNING = "running"
    ENDED = "ended"
    VANISHED = "vanished"


@dataclass(frozen=True, slots=True)
class Job:
    """A key's state as seen; ``exit_code`` as a shell gives it (128 + signal), when it ended."""

    state: JobState
    exit_code: int | None = None


class Jobs:
    """The jobs of one workspace on one machine. Keys are file names: letters, digits, ``-``, ``_`` and ``.``."""

    def __init__(self, connection: Connection, workspace: str) -> None:
        self._connection, self._workspace = connection, PurePosixPath(workspace)

    def job(self, key: str) -> Job:
        """What there is under ``key`` right now."""
        words = required(self._connection, _STATE.format(job=shlex.quote(str(self._directory(key))))).split()
        return Job(JobState(words[0]), int(words[1]) if len(words) > 1 else None)

    def start(self, key: str, script: str) -> bool:
        """Start ``script`` (for ``sh``; it is kept in a file of mode 0600, never on a command line) under ``key``.

        False when a job is there already, running or not. Raises FF-CTL-001 when it cannot be started.
        """
        directory = self._directory(key)
        command = _START.format(jobs=shlex.quote(str(directory.parent)), job=shlex.quote(str(directory)))
        done = self._connection.run(command, stdin=script.encode())
        if done.text.strip() in ("started", "taken"):
            return done.text.strip() == "started"
        what, evidence = f"the job {key} did not start", done.error_text.splitlines()
        raise fault("FF-CTL-001", what, where=self._connection.name, evidence=evidence)

    def script(self, key: str) -> str:
        """What was started under ``key``."""
        return self._connection.read(str(self._directory(key) / "command")).decode()

    def followed(self, key: str, idle: float) -> Iterator[bytes]:
        """The log from its first byte until the job ends; ``b""`` after each ``idle`` seconds of silence."""
        yield from self._connection.stream(_FOLLOW.format(job=shlex.quote(str(self._directory(key)))), idle=idle)

    def stop(self, key: str) -> None:
        """End the job's process group: SIGTERM, 10 seconds later SIGKILL. FF-CTL-003 when that does not help."""
        command = _STOP.format(job=shlex.quote(str(self._directory(key))))
        if self._connection.run(command, timeout=40).exit_code:
            raise fault("FF-CTL-003", f"the job {key} could not be stopped", where=self._connection.name)

    def put_away(self, key: str) -> str:
        """The job's result was judged: its log goes to ``<workspace>/logs``, its key is free. The log's path."""
        log = self._workspace / "logs" / f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{key}.log"
        job, quoted = shlex.quote(str(self._directory(key))), shlex.quote(str(log))
        logs = shlex.quote(str(log.parent))
        required(self._connection, f"umask 077; mkdir -p {logs}; mv -f {job}/log {quoted} 2>/dev/null; rm -rf {job}")
        return str(log)

    def _directory(self, key: str) -> PurePosixPath:
        return self._workspace / "jobs" / key
