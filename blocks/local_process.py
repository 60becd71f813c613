"""A local process with a deadline, a bound on what it prints, and no survivors."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_CHUNK: Final = 64 * 1024


class OutOfTime(Exception):
    """The process still ran at its deadline and was killed with its group."""


class OutOfSpace(Exception):
    """The process printed more than the limit and was killed with its group."""


def conversed(command: str, stdin: bytes, timeout: float, limit: int) -> tuple[int, bytes, bytes]:
    """Exit code (negative for a signal), standard output and standard error of a ``sh`` command line."""
    with _process(command, subprocess.PIPE) as process:
        return _Conversation(process, stdin, time.monotonic() + timeout, limit).completed()


def streamed(command: str, idle: float) -> Iterator[bytes]:
    """Standard output as it comes; ``b""`` after each ``idle`` seconds of silence."""
    with _process(command, subprocess.DEVNULL) as process, selectors.DefaultSelector() as selector:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            if not selector.select(idle):
                yield b""
            elif chunk := os.read(process.stdout.fileno(), _CHUNK):
                yield chunk
            else:
                return


@contextmanager
def _process(command: str, stderr: int) -> Iterator[subprocess.Popen[bytes]]:
    """The process in a session of its own; gone with its group at the end, whatever happens."""
    process = subprocess.Popen(
        ["/bin/sh", "-c", command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        start_new_session=True,
        env={**os.environ, "LC_ALL": "C"},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


class _Conversation:
    """Feeds input and collects both outputs of a process until it ends, the deadline comes or the limit is hit.

    The end is the end of the process, not of its outputs: a process it left in the background may hold those open.
    """

    def __init__(self, process: subprocess.Popen[bytes], stdin: bytes, deadline: float, limit: int) -> None:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        self._process, self._stdin, self._deadline, self._limit = process, memoryview(stdin), deadline, limit
        self._input = process.stdin
        self._outputs = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}

    def completed(self) -> tuple[int, bytes, bytes]:
        exit_handle = os.pidfd_open(self._process.pid)
        try:
            self._until_exit(exit_handle)
        finally:
            os.close(exit_handle)
        stdout, stderr = self._outputs.values()
        return self._process.wait(), bytes(stdout), bytes(stderr)

    def _until_exit(self, exit_handle: int) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(exit_handle, selectors.EVENT_READ)
            for output in self._outputs:
                os.set_blocking(output, False)
                selector.register(output, selectors.EVENT_READ)
            os.set_blocking(self._input.fileno(), False)
            selector.register(self._input, selectors.EVENT_WRITE)
            while not self._step(selector, exit_handle):
                pass

    def _step(self, selector: selectors.BaseSelector, exit_handle: int) -> bool:
        """One round; true once the process has ended and its outputs are read as far as they are there."""
        ready = selector.select(self._deadline - time.monotonic())
        if not ready:
            raise OutOfTime
        handles = {key.fd for key, _ in ready}
        if not self._input.closed and self._input.fileno() in handles:
            self._feed(selector)
        for output in self._outputs.keys() & handles:
            if self._read(output) == b"":
                selector.unregister(output)
        if exit_handle not in handles:
            return False
        for output in self._outputs:
            while self._read(output):
                pass
        return True

    def _feed(self, selector: selectors.BaseSelector) -> None:
        try:
            self._stdin = self._stdin[os.write(self._input.fileno(), self._stdin[:_CHUNK]) :]
        except BrokenPipeError:
            self._stdin = self._stdin[:0]
        if not self._stdin:
            selector.unregister(self._input)
            self._input.close()

    def _read(self, output: int) -> bytes | None:
        """One chunk, already kept; empty at the end of the stream, None when nothing is there."""
        try:
            chunk = os.read(output, _CHUNK)
        except BlockingIOError:
            return None
        self._outputs[output] += chunk
        if len(self._outputs[output]) > self._limit:
            raise OutOfSpace
        return chunk
