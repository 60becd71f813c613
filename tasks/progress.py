"""A stage's progress bar in the UI: monotone, cheap, and never a reason for a run to fail."""

from __future__ import annotations

import time
from types import TracebackType
from uuid import UUID

import httpx
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.context import TaskRunContext

from fleetforge.fleet.actions import Stage

INTERVAL = 1.0
"""Seconds between two writes of the same bar, so that a chatty kk does not load the server."""


class StageProgress:
    """Percent done of one stage. ``action`` says which action runs, ``part`` how far (0-100) that one is."""

    def __init__(self, stage: Stage, cluster: str | None) -> None:
        self._key = f"{stage}-{cluster}" if cluster else str(stage)
        self._id: UUID | None = None
        self._shown, self._written = 0.0, 0.0
        self._base, self._span = 0.0, 100.0

    def __enter__(self) -> StageProgress:
        if TaskRunContext.get() is not None:
            self._id = create_progress_artifact(0.0, key=self._key.lower(), description=f"{self._key}: starting")  # type: ignore[assignment]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._write(100.0, "done", at_once=True)

    def action(self, index: int, count: int, label: str) -> None:
        """Action ``index`` of ``count`` begins."""
        self._span = 100.0 / count
        self._base = index * self._span
        self._write(self._base, label, at_once=True)

    def part(self, percent: float, label: str) -> None:
        """The running action is ``percent`` done; lower values than already shown are not shown."""
        self._write(self._base + self._span * min(max(percent, 0.0), 100.0) / 100.0, label)

    def _write(self, percent: float, label: str, at_once: bool = False) -> None:
        now = time.monotonic()
        self._shown = max(self._shown, percent)
        if self._id is None or (not at_once and now - self._written < INTERVAL):
            return
        self._written = now
        try:
            update_progress_artifact(self._id, progress=round(self._shown, 1), description=f"{self._key}: {label}")
        except httpx.HTTPError:
            return
