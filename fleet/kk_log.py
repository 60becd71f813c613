"""What kk's output says, as typed events: a pure, incremental parser of stdout and stderr merged on one pipe.

Grammar (KubeKey 3.1.x): ``HH:MM:SS TZ [Module] task``, then per host ``success|failed|skipped: [host]``; texts follow a
``message:|stdout:|stderr:|command: [host]`` header until the next time stamp; the end is ``Pipeline[X] execute
successfully`` or an ``error: Pipeline[X] execute failed: …`` block without time stamps. Standard output (logo, precheck
table, prompts, copy progress) has no grammar and may stand anywhere, even glued to a log line.

Every line gives one event, whatever the chunks were. NUL bytes (kk pads download output with them) are dropped; a line
longer than ``LINE_LIMIT`` bytes is cut into pieces, for a prompt at end of input repeats for ever without a newline.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, cast

from fleetforge.fleet.kk_events import (
    Alarm,
    CopyProgress,
    Event,
    FailedHost,
    HostMessage,
    HostStatus,
    KkError,
    Level,
    Panic,
    PipelineFailed,
    PipelineSucceeded,
    Plain,
    Prompt,
    Retry,
    Status,
    Stdout,
    Stream,
    TaskStarted,
)

LINE_LIMIT: Final = 1024 * 1024
"""Bytes of one line that are kept together."""

_PROMPT_END: Final = "[yes/no]: "
_LINE_END = re.compile(rb"[\n\r]|\[yes/no\]: ")
_TIME = r"(\d{2}:\d{2}:\d{2}) ([A-Z]{2,5}|[+-]\d{2,4}) "
_STAMPED = re.compile(rf"{_TIME}(.*)", re.DOTALL)
_GLUED = re.compile(
    rf"{_TIME}(?:(?:success|failed|skipped|message|stdout|stderr|command|retry): \[|\[\w+Module\] "
    r"|\[(?:WARN|ERRO|FATA)\] |Pipeline\[|(?:\[\d+\])?(?:Source|Destination): )"
)
_TASK = re.compile(r"\[(\w+)\] (.+)", re.DOTALL)
_LEVEL = re.compile(r"\[(WARN|ERRO|FATA)\] ?(.*)", re.DOTALL)
_STATUS = re.compile(r"(success|failed|skipped): \[([^\]]*)\]")
_TEXT = re.compile(r"(message|stdout|stderr|command): \[([^\]]*)\]")
_RETRY = re.compile(r"retry: \[([^\]]*)\]")
_SUCCEEDED = re.compile(r"Pipeline\[(\w+)\] execute successfully")
_FAILED = re.compile(r"error: Pipeline\[(\w+)\] execute failed: (?:Module\[(\w+)\] exec failed: )?(.*)")
_CAUSE = re.compile(r"failed: \[([^\]]*)\] (?:\[(\w+)\] exec failed after (\d+) retries: )?(.*)")
_COPY = re.compile(
    r"(?:\[\d+\])?(?:Source|Destination): |Push multi-arch manifest list: |Digest: sha256:"
    r"|Getting image source signatures|Copying (?:blob|config) |Writing manifest to image|Storing signatures"
)
_LEVELS: Final[Mapping[str, Level]] = {"WARN": "warning", "ERRO": "error", "FATA": "fatal"}


class KkLog:
    """Feed it bytes as they come; it gives events. One instance per run, from the log's first byte."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._speaker: tuple[Stream, str] | None = None
        self._silent_speaker = False
        self._failure: _Failure | None = None

    def fed(self, chunk: bytes) -> Iterator[Event]:
        """Events of every line that ``chunk`` completes."""
        self._buffer += chunk.replace(b"\0", b"")
        while (line := self._next_line()) is not None:
            yield from self._line(line)

    def closed(self) -> Iterator[Event]:
        """Events of what is left when the output has ended."""
        if self._buffer:
            rest, self._buffer, self._searched = bytes(self._buffer), bytearray(), 0
            yield from self._line(rest)
        yield from self._flushed()

    def _next_line(self) -> bytes | None:
        """The next complete line, without its end; a prompt counts as a line although no newline follows it."""
        end, size = self._earliest_end()
        if end < 0:
            self._searched = max(0, len(self._buffer) - len(_PROMPT_END))
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + size]
        self._searched = 0
        return line

    def _earliest_end(self) -> tuple[int, int]:
        """(length of the line, length of its delimiter); (-1, 0) when more bytes are needed."""
        if found := _LINE_END.search(self._buffer, self._searched, LINE_LIMIT):
            return (found.start(), 1) if found.end() - found.start() == 1 else (found.end(), 0)
        return (LINE_LIMIT, 0) if len(self._buffer) >= LINE_LIMIT else (-1, 0)

    def _line(self, raw: bytes) -> Iterator[Event]:
        text = raw.decode("utf-8", errors="replace")
        if not text.strip():
            return
        glued = _GLUED.search(text)
        if glued and glued.start() > 0:
            yield from self._unstamped(text[: glued.start()])
            text = text[glued.start() :]
        stamped = _STAMPED.fullmatch(text)
        yield from self._logged(stamped[1], stamped[3]) if stamped else self._unstamped(text)

    def _logged(self, time: str, text: str) -> Iterator[Event]:
        """A line with a time stamp: it ends whatever text or failure block was open."""
        yield from self._flushed()
        if found := _STATUS.fullmatch(text):
            yield HostStatus(found[2], cast(Status, found[1]))
        elif found := _TEXT.fullmatch(text):
            self._speaker, self._silent_speaker = (cast(Stream, found[1]), found[2]), True
        elif found := _RETRY.fullmatch(text):
            yield Retry(found[1])
        elif found := _SUCCEEDED.fullmatch(text):
            yield PipelineSucceeded(found[1])
        elif found := _LEVEL.fullmatch(text):
            yield Alarm(_LEVELS[found[1]], found[2])
        elif _COPY.match(text):
            yield CopyProgress(text)
        elif found := _TASK.fullmatch(text):
            yield TaskStarted(found[1], found[2], time)
        else:
            yield Plain(text)

    def _unstamped(self, text: str) -> Iterator[Event]:
        if found := _FAILED.match(text):
            yield from self._flushed()
            self._failure = _Failure(found[1], found[2] or "", found[3])
        elif self._failure is not None:
            self._failure.add(text)
        elif text.endswith(_PROMPT_END):
            yield Prompt(text)
        elif _COPY.match(text):
            yield CopyProgress(text)
        elif text.startswith("panic: "):
            yield Panic(text)
        elif self._speaker is not None:
            self._silent_speaker = False
            yield _spoken(self._speaker, text)
        elif text.startswith(("error: ", "Error: ")):
            yield KkError(text[len("error: ") :])
        else:
            yield Plain(text)

    def _flushed(self) -> Iterator[Event]:
        """Ends the open text (an empty one still tells that it was there) and the open failure block."""
        if self._speaker is not None and self._silent_speaker:
            yield _spoken(self._speaker, "")
        self._speaker, self._silent_speaker = None, False
        if self._failure is not None:
            yield self._failure.event()
            self._failure = None


class _Failure:
    """The lines of an ``error: Pipeline[…]`` block while they come; causes may span lines."""

    def __init__(self, pipeline: str, module: str, reason: str) -> None:
        self.pipeline, self.module, self.reason = pipeline, module, reason
        self.causes: list[FailedHost] = []

    def add(self, text: str) -> None:
        if found := _CAUSE.fullmatch(text):
            self.causes.append(FailedHost(found[1], found[2] or "", int(found[3] or 0), found[4]))
        elif self.causes:
            last = self.causes[-1]
            self.causes[-1] = FailedHost(last.host, last.task, last.retries, f"{last.text}\n{text}")
        else:
            self.reason = f"{self.reason}\n{text}".strip()

    def event(self) -> PipelineFailed:
        return PipelineFailed(self.pipeline, self.module, tuple(self.causes), self.reason)


def _spoken(speaker: tuple[Stream, str], text: str) -> Event:
    stream, host = speaker
    return HostMessage(host, text) if stream == "message" else Stdout(host, text, stream)
