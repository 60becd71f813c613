"""What changed: the history that watches resume from, and the listeners inside the process."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from fleetforge.rehearsal.kubernetes.objects import Object
from fleetforge.rehearsal.kubernetes.resources import Resource

Change = Literal["ADDED", "MODIFIED", "DELETED"]


@dataclass(frozen=True, slots=True)
class Event:
    """One committed change; ``previous`` is the object before it (None for ADDED)."""

    change: Change
    resource: Resource
    item: Object
    previous: Object | None
    version: int


Listener = Callable[[Event], None]


class History:
    """The last ``length`` events of each kind, and whoever wants to hear the next one.

    Listeners run synchronously inside the commit: they may only put something aside, never write to the store.
    """

    def __init__(self, length: int) -> None:
        self._length = length
        self._kept: dict[str, deque[Event]] = {}
        self._lost: dict[str, int] = {}
        self._listeners: list[Listener] = []

    def record(self, event: Event) -> None:
        kept = self._kept.setdefault(event.resource.name, deque())
        kept.append(event)
        if len(kept) > self._length:
            self._lost[event.resource.name] = kept.popleft().version
        for listener in list(self._listeners):
            listener(event)

    def since(self, resource: Resource, version: int) -> list[Event] | None:
        """Events after ``version``, oldest first; None when some of them are no longer kept."""
        if version < self._lost.get(resource.name, 0):
            return None
        return [event for event in self._kept.get(resource.name, ()) if event.version > version]

    def forget(self, version: int) -> None:
        """As if compacted: everything up to ``version`` can no longer be resumed from."""
        for name, kept in self._kept.items():
            while kept and kept[0].version <= version:
                self._lost[name] = kept.popleft().version

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def stop_listening(self, listener: Listener) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)

    async def until(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Waits for changes until ``holds()``; False when it does not within ``seconds``."""
        changed = asyncio.Event()

        def note(_event: Event) -> None:
            changed.set()

        self.listen(note)
        try:
            async with asyncio.timeout(seconds):
                while not holds():
                    changed.clear()
                    await changed.wait()
            return True
        except TimeoutError:
            return holds()
        finally:
            self.stop_listening(note)
