"""kk's yes/no questions; each kind has its own end of input."""

from __future__ import annotations

import sys

from fleetforge.rehearsal.kk.run import Pipeline, Stopped

ENDLESS_BYTES = 64 * 1024 * 1024
"""The real kk repeats an overwrite question for ever at the end of input; this one stops after so many bytes."""
_CHUNK = 256
"""Questions written at once then."""


def asked_to_install(pipeline: Pipeline, question: str) -> None:
    """The end of input is fatal here. "no" ends with 0."""
    if not _agreed(question):
        pipeline.console.log("[FATA] EOF")
        raise Stopped(1)


def asked_to_overwrite(question: str) -> None:
    """The end of input is no answer, so kk asks again, and again. "no" ends with 0; ``-y`` does not count."""
    if _agreed(question):
        return
    many = question * _CHUNK
    for _ in range(ENDLESS_BYTES // len(many) + 1):
        sys.stdout.write(many)
    raise Stopped(1)


def _agreed(question: str) -> bool:
    """True for yes, False at the end of input; raises ``Stopped`` for no. Anything else is asked again."""
    while True:
        sys.stdout.write(question)
        sys.stdout.flush()
        answer = sys.stdin.readline()
        if not answer:
            return False
        if answer.strip().lower() in ("yes", "y"):
            return True
        if answer.strip().lower() in ("no", "n"):
            raise Stopped(0)
