"""Detached jobs on a machine: they outlive whoever started them, and whoever comes next finds them again.

A job is a directory ``<workspace>/jobs/<key>`` (mode 0700) with ``command`` (a ``sh`` script), ``log`` (both outputs),
``pid`` and, once it ended, ``exit``. It is built beside its place with the lock on ``running`` taken, then renamed: a
job that can be seen is locked until it is over. Its processes inherit the lock, so neither a reused process id nor a
zombie is mistaken for it, and a command whose wrapper was killed still counts as running. (A daemon that a command
leaves behind would hold the lock too; kk leaves none on its own machine.) The directory stays until ``put_away`` moves
its log to ``<workspace>/logs``: that is how a result nobody has seen is told from one that was judged. The machine
needs sh, coreutils and util-linux.
"""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

from fleetforge.blocks.connection import Connection, required
from fleetforge.fleet.errors.catalogue import fault

_KEY: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
GRACE = 10
"""Seconds a stopped job has after SIGTERM, and again after SIGKILL."""
_LACKS_A_TOOL: Final = 127

_STATE = """
cd "$jobs/$key" 2>/dev/null || { echo none; exit; }
[ -e exit ] || flock -s -n running true || { echo running; exit; }
[ -e exit ] && echo "ended $(cat exit)" || echo vanished
"""

_START = """
umask 077
for tool in flock setsid tail mktemp; do
  command -v $tool > /dev/null || { echo "there is no $tool" >&2; exit 127; }
done
mkdir -p "$jobs" && new=$(mktemp -d "$jobs/.$key.XXXXXX") && cd "$new" || exit 1
trap 'rm -rf "$new"' EXIT
cat > command && [ "$(wc -c < command)" -eq $length ] || { echo "the script did not arrive whole" >&2; exit 1; }
: > log && exec 9> running && flock 9 || exit 1
mv -T "$new" "$jobs/$key" || { [ -d "$jobs/$key" ] && echo taken; exit; }
setsid sh -c '
  echo $$ > pid
  trap : TERM
  sh ./command < /dev/null >> log 2>&1
  echo $? > exit.new && mv exit.new exit
' < /dev/null > /dev/null 2>&1 &
echo started
"""

_FOLLOW = """
cd "$jobs/$key" || exit
flock -s running true &
tail -s 0.2 -c "+$first" --pid=$! -f log
"""

_STOP = """
cd "$jobs/$key" 2>/dev/null || exit 0
for signal in TERM KILL; do
  flock -s -n running true && exit 0
  kill -s $signal -- "-$(cat pid)"
  flock -s -w $grace running true && exit 0
done
exit 1
"""

_PUT_AWAY = """
umask 077
cd "$jobs/$key" 2>/dev/null || exit 0
flock -s -n running true || { echo "it runs" >&2; exit 1; }
mkdir -p "${log%/*}" && mv -f log "$log"
mv -T "$jobs/$key" "$jobs/.$key.$$" && rm -rf "$jobs/.$key.$$"
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
    """The jobs of one workspace on one machine. Keys: letters, digits and ``._-``, no leading dot (ValueError)."""

    def __init__(self, connection: Connection, workspace: str) -> None:
        self._connection, self._workspace = connection, PurePosixPath(workspace)

    def job(self, key: str) -> Job:
        """What there is under ``key`` right now."""
        words = required(self._connection, self._line(_STATE, key)).split()
        return Job(JobState(words[0]), int(words[1]) if len(words) > 1 else None)

    def start(self, key: str, script: str) -> bool:
        """Start ``script`` (for ``sh``; it is kept in a file of mode 0600, never on a command line) under ``key``.

        False when a job is there already, running or not. Raises FF-CTL-001 when it cannot be started, FF-CTL-005 when
        the machine lacks a tool for it.
        """
        data = script.encode()
        done = self._connection.run(self._line(_START, key, length=str(len(data))), stdin=data)
        if done.text.strip() in ("started", "taken"):
            return done.text.strip() == "started"
        code = "FF-CTL-005" if done.exit_code == _LACKS_A_TOOL else "FF-CTL-001"
        evidence = done.error_text.splitlines()
        raise fault(code, f"the job {key} did not start", where=self._connection.name, evidence=evidence)

    def script(self, key: str) -> str:
        """What was started under ``key``."""
        return self._connection.read(str(self._directory(key) / "command")).decode()

    def followed(self, key: str, idle: float, offset: int = 0) -> Iterator[bytes]:
        """The log from byte ``offset`` until the job ends; ``b""`` after each ``idle`` seconds of silence.

        Ends early when the reading process on the machine was killed: ask ``job`` whether it is over.
        """
        yield from self._connection.stream(self._line(_FOLLOW, key, first=str(offset + 1)), idle=idle)

    def stop(self, key: str) -> None:
        """End the job's process group: SIGTERM, after ``GRACE`` SIGKILL. FF-CTL-003 when that does not help.

        A job that is over is left alone: its process group's number may belong to somebody else by now.
        """
        if self._connection.run(self._line(_STOP, key, grace=str(GRACE)), timeout=2 * GRACE + 20).exit_code:
            raise fault("FF-CTL-003", f"the job {key} could not be stopped", where=self._connection.name)

    def put_away(self, key: str) -> str:
        """The job's result was judged: its log goes to ``<workspace>/logs``, its key is free. The log's path.

        FF-HOST-014 when it still runs.
        """
        log = self._workspace / "logs" / f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{key}.log"
        required(self._connection, self._line(_PUT_AWAY, key, log=str(log)))
        return str(log)

    def _directory(self, key: str) -> PurePosixPath:
        if not _KEY.fullmatch(key):
            raise ValueError(f"not a job key: {key!r}")
        return self._workspace / "jobs" / key

    def _line(self, script: str, key: str, **values: str) -> str:
        """``script`` with its shell variables set."""
        values |= {"jobs": str(self._directory(key).parent), "key": key}
        return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items()) + script
