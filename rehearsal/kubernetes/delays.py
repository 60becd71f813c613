"""Time that something takes: asked again and again, true once it has passed."""

from __future__ import annotations

import asyncio

from fleetforge.rehearsal.kubernetes.objects import Object


class Delays:
    """Remembers when each (object, stage) was first asked for."""

    def __init__(self) -> None:
        self._ends: dict[tuple[str, str], float] = {}

    def remaining(self, item: Object, stage: str, seconds: float) -> float:
        """Seconds left of ``stage``; 0 once it has passed, and then forgotten, so that it can begin anew."""
        now = asyncio.get_running_loop().time()
        key = (item["metadata"]["uid"], stage)
        end = self._ends.setdefault(key, now + seconds)
        if now + 0.001 < end:
            return end - now
        del self._ends[key]
        return 0.0
