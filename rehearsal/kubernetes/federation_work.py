"""How the controllers of a host cluster run: keys of work that wait for answers of other clusters.

As ``control.Keys``, but with coroutines: a key waits at most once, is never worked on twice at the same time, and a
slow cluster holds up its own keys only.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from fleetforge.rehearsal.kubernetes.refusals import Refused

_log = logging.getLogger(__name__)
_WORKERS = 8

WorkKey = tuple[str, ...]
Reconcile = Callable[[WorkKey], Awaitable[float | None]]
"""Puts one key right; gives the seconds after which to look at it again, or None."""


class Work:
    """Keys for one ``reconcile``. ``retry``: seconds until a key that was refused or failed is tried again."""

    def __init__(self, reconcile: Reconcile, retry: float) -> None:
        self._reconcile, self._retry = reconcile, retry
        self._waiting: dict[WorkKey, None] = {}
        self._busy: set[WorkKey] = set()
        self._timers: dict[WorkKey, asyncio.TimerHandle] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._has_work = asyncio.Event()

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._work()) for _ in range(_WORKERS)]

    async def stop(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._timers, self._tasks, self._waiting = {}, [], {}
        self._busy.clear()

    def add(self, key: WorkKey) -> None:
        """Looks at the key now; once more when it is being looked at."""
        if self._tasks:
            self._waiting[key] = None
            self._has_work.set()

    def later(self, seconds: float, key: WorkKey) -> None:
        """Looks at the key after ``seconds``; a sooner time stays, a later one goes."""
        loop, set_before = asyncio.get_running_loop(), self._timers.get(key)
        if not self._tasks or (set_before and set_before.when() <= loop.time() + seconds):
            return
        if set_before:
            set_before.cancel()
        self._timers[key] = loop.call_later(seconds, self._due, key)

    def _due(self, key: WorkKey) -> None:
        self._timers.pop(key, None)
        self.add(key)

    async def _work(self) -> None:
        while True:
            key = next((one for one in self._waiting if one not in self._busy), None)
            if key is None:
                self._has_work.clear()
                await self._has_work.wait()
                continue
            del self._waiting[key]
            self._busy.add(key)
            try:
                seconds = await self._done(key)
            finally:
                self._busy.discard(key)
            if seconds is not None:
                self.later(seconds, key)
            if key in self._waiting:
                self._has_work.set()

    async def _done(self, key: WorkKey) -> float | None:
        try:
            return await self._reconcile(key)
        except Refused as refusal:
            _log.debug("%s: %s", key, refusal)
        except Exception:
            _log.exception("failed on %s", key)
        return self._retry
