"""Waiting for what ks-installer does, while telling what it says; tasks it failed at end the wait at once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from fleetforge.blocks.deadline import Deadline
from fleetforge.blocks.ks_installer import Installer, Mark
from fleetforge.blocks.kube import Kube
from fleetforge.fleet.errors import FleetforgeError
from fleetforge.fleet.errors.catalogue import fault
from fleetforge.fleet.kubesphere_log import InstallerEvent, InstallerLog

OnEvent = Callable[[InstallerEvent], object]
T = TypeVar("T")

REASONS = 5.0
"""Seconds to wait for ks-installer to say why its tasks failed, once it has said that they did."""
LAST_WORDS = 3.0
"""Seconds to wait for the end of ks-installer's log, once everything it was to do is done."""


def waited(
    kube: Kube,
    waiter: Callable[[Deadline], T],
    limit: Deadline,
    on_event: OnEvent | None,
    log: InstallerLog,
    mark: Mark,
) -> T:
    """``waiter(limit)``'s result, with the installer's events behind ``mark`` told meanwhile.

    ``FF-KS-001`` with the reasons as soon as a run has ended with failed tasks.
    """
    heard: queue.SimpleQueue[InstallerEvent | _Ended[T]] = queue.SimpleQueue()
    installer = Installer(kube)

    def listen() -> None:
        try:
            for event in installer.follow(log, mark, limit):
                heard.put(event)
        except FleetforgeError:
            return

    def wait() -> None:
        heard.put(_Ended.of(lambda: waiter(limit)))

    for work in (listen, wait):
        threading.Thread(target=work, name=f"{kube.name}-{work.__name__}", daemon=True).start()
    try:
        return _heard(kube.name, heard, log, on_event)
    finally:
        limit.cancel()
        installer.stop()


def _heard(
    cluster: str, heard: queue.SimpleQueue[InstallerEvent | _Ended[T]], log: InstallerLog, on_event: OnEvent | None
) -> T:
    while True:
        gave_up = log.over and bool(log.failed)
        if gave_up and all(log.failed.values()):
            raise _failed(cluster, log)
        try:
            event = heard.get(timeout=REASONS if gave_up else None)
        except queue.Empty:
            raise _failed(cluster, log) from None
        if isinstance(event, _Ended):
            result = event.result()
            _last_words(heard, log, on_event)
            return result
        if on_event is not None:
            on_event(event)


def _last_words(
    heard: queue.SimpleQueue[InstallerEvent | _Ended[T]], log: InstallerLog, on_event: OnEvent | None
) -> None:
    """The objects may be done before the log was read: what it says until its end is told, too."""
    limit = Deadline(LAST_WORDS)
    while on_event is not None and not (log.over and heard.empty()):
        try:
            event = heard.get(timeout=limit.remaining)
        except queue.Empty:
            return
        if not isinstance(event, _Ended):
            on_event(event)


def _failed(cluster: str, log: InstallerLog) -> FleetforgeError:
    evidence = [f"{task}: {reason or 'no reason given'}" for task, reason in log.failed.items()]
    return fault("FF-KS-001", f"ks-installer failed at {', '.join(log.failed)}", where=cluster, evidence=evidence)


class _Ended(Generic[T]):
    """How a wait in another thread ended."""

    def __init__(self, values: tuple[T, ...] = (), error: BaseException | None = None) -> None:
        self._values, self._error = values, error

    @classmethod
    def of(cls, work: Callable[[], T]) -> _Ended[T]:
        try:
            return cls((work(),))
        except BaseException as error:
            return cls(error=error)

    def result(self) -> T:
        if self._error is not None:
            raise self._error
        return self._values[0]
