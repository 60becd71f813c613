"""How controllers run: changes in the store become keys, keys are reconciled one at a time.

No controller polls. A state that lasts some time is left by a key that comes back later (``Keys.later``).
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable

from fleetforge.rehearsal.kubernetes.events import Event
from fleetforge.rehearsal.kubernetes.objects import Object, name_of, namespace_of
from fleetforge.rehearsal.kubernetes.refusals import Refused
from fleetforge.rehearsal.kubernetes.store import Key, Store

_log = logging.getLogger(__name__)
_FAIR_SHARE = 50
"""Keys reconciled before other coroutines get a turn."""


def key_of(item: Object) -> Key:
    return namespace_of(item), name_of(item)


class Controller(ABC):
    """Looks at events, names keys to look at, and puts one key right at a time. Both are synchronous and quick."""

    def __init__(self) -> None:
        self.queue: Keys | None = None

    @abstractmethod
    def keys(self, event: Event) -> Iterable[Key]:
        """The keys that may have to be put right after this event."""

    @abstractmethod
    def reconcile(self, key: Key) -> None:
        """Makes the state of ``key`` what it should be; does nothing when it is."""

    def later(self, seconds: float, key: Key) -> None:
        """Looks at ``key`` again after ``seconds``."""
        if self.queue:
            self.queue.later(seconds, self, key)

    def soon(self, key: Key) -> None:
        if self.queue:
            self.queue.add(self, key)


class Keys:
    """The work waiting for the controllers of one cluster, each key at most once, and the task that does it."""

    def __init__(self, store: Store, controllers: Iterable[Controller]) -> None:
        self._store = store
        self._controllers = list(controllers)
        self._waiting: dict[tuple[Controller, Key], None] = {}
        self._timers: dict[tuple[Controller, Key], asyncio.TimerHandle] = {}
        self._has_work = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        for controller in self._controllers:
            controller.queue = self

    def start(self) -> None:
        """Begins, with everything there is: what changed while nobody worked is caught up with."""
        self._store.history.listen(self._heard)
        self._task = asyncio.create_task(self._work())
        for resource in list(self._store.table.all()):
            for item in self._store.list(resource):
                self._heard(Event("ADDED", resource, item, None, self._store.version))

    async def stop(self) -> None:
        self._store.history.stop_listening(self._heard)
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def add(self, controller: Controller, key: Key) -> None:
        self._waiting[(controller, key)] = None
        self._has_work.set()

    def later(self, seconds: float, controller: Controller, key: Key) -> None:
        """At most one timer for a key: a sooner one stays."""
        if (controller, key) not in self._timers:
            timer = asyncio.get_running_loop().call_later(seconds, self._due, controller, key)
            self._timers[(controller, key)] = timer

    def _due(self, controller: Controller, key: Key) -> None:
        self._timers.pop((controller, key), None)
        self.add(controller, key)

    def _heard(self, event: Event) -> None:
        for controller in self._controllers:
            for key in controller.keys(event):
                self.add(controller, key)

    async def _work(self) -> None:
        done = 0
        while True:
            if not self._waiting:
                self._has_work.clear()
                await self._has_work.wait()
            controller, key = next(iter(self._waiting))
            del self._waiting[(controller, key)]
            self._reconcile(controller, key)
            done += 1
            if done % _FAIR_SHARE == 0:
                await asyncio.sleep(0)

    def _reconcile(self, controller: Controller, key: Key) -> None:
        try:
            controller.reconcile(key)
        except Refused as refusal:
            _log.debug("%s %s: %s", type(controller).__name__, key, refusal)
        except Exception:
            _log.exception("%s failed on %s", type(controller).__name__, key)
