"""One command in one SSH channel: framed against what login shells print, bounded in time and size, killable.

The command runs in a process group of its own, whose number comes back in a frame line that is printed on both streams
before anything else; whatever a shell's start-up files printed before it is dropped.
"""

from __future__ import annotations

import secrets
import select
import shlex
import time
from collections.abc import Iterator
from typing import Final

import paramiko

_CHUNK: Final = 64 * 1024
_LONGEST_WAIT: Final = 1.0
"""Seconds between two looks at what a channel does not wake its reader for (an exit code without end of output)."""
_OUTPUT_GRACE: Final = 2.0
"""Seconds to wait for the end of output after the exit code: something in the background may hold it open for ever."""
_INNER: Final = (
    'printf "\\n%s %s\\n" "$2" $$; printf "\\n%s %s\\n" "$2" $$ >&2; LC_ALL=C; export LC_ALL; exec sh -c "$1"'
)
_OUTER: Final = f'exec 3<&0; setsid sh -c \'{_INNER}\' sh "$1" "$2" <&3 3<&- & exec 3<&-; wait $!'


class OutOfTime(Exception):
    """The deadline came first."""


class OutOfSpace(Exception):
    """A stream exceeded the limit."""


class NeverBegan(Exception):
    """The channel ended without the frame line: the login shell did not run the command. Holds what it printed."""


class _Framed:
    """One output stream: nothing until the frame line, everything after it."""

    def __init__(self, mark: bytes) -> None:
        self._mark = b"\n" + mark + b" "
        self._before = bytearray()
        self.group: int | None = None

    def after_frame(self, chunk: bytes) -> bytes:
        if self.group is not None:
            return chunk
        self._before += chunk
        start = self._before.find(self._mark)
        end = self._before.find(b"\n", start + len(self._mark)) if start >= 0 else -1
        if end < 0:
            return b""
        self.group = int(self._before[start + len(self._mark) : end])
        return bytes(self._before[end + 1 :])

    @property
    def noise(self) -> str:
        return self._before.decode("utf-8", errors="replace").strip()


class SshCommand:
    """A running command; use once. The channel is closed by ``close``, the process group killed by ``kill_line``."""

    def __init__(self, channel: paramiko.Channel, command: str, timeout: float) -> None:
        mark = f"fleetforge-{secrets.token_hex(8)}"
        self._channel = channel
        self._streams = _Framed(mark.encode()), _Framed(mark.encode())
        channel.settimeout(timeout)
        channel.exec_command(f"sh -c {shlex.quote(_OUTER)} sh {shlex.quote(command)} {mark}")
        channel.setblocking(False)

    @property
    def kill_line(self) -> str:
        """The command line that kills the process group; empty while its number is not known."""
        group = self._streams[0].group or self._streams[1].group
        return f"kill -KILL -{group}" if group else ""

    def close(self) -> None:
        self._channel.close()

    def completed(self, stdin: bytes, deadline: float, limit: int) -> tuple[int, bytes, bytes]:
        """Exit code and both outputs; raises ``OutOfTime``, ``OutOfSpace`` or ``NeverBegan``."""
        outputs = bytearray(), bytearray()
        pending, exit_seen = memoryview(stdin), 0.0
        while True:
            pending = self._fed(pending)
            self._collected(outputs, limit)
            now = time.monotonic()
            if self._channel.exit_status_ready():
                exit_seen = exit_seen or now
                if self._ended() or now > exit_seen + _OUTPUT_GRACE:
                    return self._exit_code(), bytes(outputs[0]), bytes(outputs[1])
            if now >= deadline:
                raise OutOfTime
            self._wait(min(deadline - now, 0.02 if pending else _LONGEST_WAIT))

    def chunks(self, idle: float) -> Iterator[bytes]:
        """Standard output as it comes; ``b""`` after each ``idle`` seconds of silence. Raises ``NeverBegan``."""
        self._channel.shutdown_write()
        quiet_since = time.monotonic()
        while True:
            chunk, ended = self._received()
            if chunk:
                quiet_since = time.monotonic()
                yield chunk
            elif ended:
                self._exit_code()
                return
            elif time.monotonic() - quiet_since >= idle:
                quiet_since = time.monotonic()
                yield b""
            else:
                self._wait(min(idle, _LONGEST_WAIT))

    def _received(self) -> tuple[bytes, bool]:
        """(next bytes of standard output, whether the stream has ended)."""
        while self._channel.recv_stderr_ready():
            self._streams[1].after_frame(self._channel.recv_stderr(_CHUNK))
        if not self._channel.recv_ready():
            return b"", self._ended()
        return self._streams[0].after_frame(self._channel.recv(_CHUNK)), False

    def _fed(self, pending: memoryview) -> memoryview:
        """What is left of standard input; nothing once the command has closed its end."""
        try:
            if pending and self._channel.send_ready():
                pending = pending[self._channel.send(bytes(pending[:_CHUNK])) :]
            if not pending and not self._channel.eof_sent:
                self._channel.shutdown_write()
        except OSError:
            return pending[:0]
        return pending

    def _collected(self, outputs: tuple[bytearray, bytearray], limit: int) -> None:
        while self._channel.recv_ready():
            outputs[0].extend(self._streams[0].after_frame(self._channel.recv(_CHUNK)))
            _bounded(outputs[0], limit)
        while self._channel.recv_stderr_ready():
            outputs[1].extend(self._streams[1].after_frame(self._channel.recv_stderr(_CHUNK)))
            _bounded(outputs[1], limit)

    def _ended(self) -> bool:
        nothing_left = not self._channel.recv_ready() and not self._channel.recv_stderr_ready()
        return nothing_left and bool(self._channel.eof_received or self._channel.closed)

    def _exit_code(self) -> int:
        """The command's exit code; EOFError when the channel was closed without one: the connection was lost."""
        code = self._channel.recv_exit_status()
        if code < 0:
            raise EOFError("the connection ended before the command did")
        if self._streams[0].group is None:
            raise NeverBegan("\n".join(stream.noise for stream in self._streams))
        return code

    def _wait(self, seconds: float) -> None:
        """Returns when output arrives, at the latest after ``seconds``."""
        poll = select.poll()
        poll.register(self._channel.fileno(), select.POLLIN)
        poll.poll(max(seconds, 0.0) * 1000)


def _bounded(output: bytearray, limit: int) -> None:
    if len(output) > limit:
        raise OutOfSpace
