"""ks-installer's Pod: its log followed across restarts, and what it did when nobody listened."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from fleetforge.blocks.deadline import Deadline
from fleetforge.blocks.kube import Kube, Object
from fleetforge.blocks.kube_resources import PODS
from fleetforge.blocks.kube_transport import LineStream
from fleetforge.fleet.errors import FleetforgeError, Transient
from fleetforge.fleet.kubesphere import INSTALLER_LABELS, NAMESPACE
from fleetforge.fleet.kubesphere_log import InstallerEvent, InstallerLog

SILENCE = 60.0
"""Seconds without a line after which the log is asked for again: a connection may have died."""

PAUSE = 0.5
"""Seconds between two tries to read the log of a Pod that has none yet."""

_STAMPED = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d) ?(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the log: the Pod (by uid), the time of the last line read, and how many lines carry that time.

    Times are the node's own, so that clocks need not agree.
    """

    uid: str = ""
    stamp: str = ""
    lines: int = 0

    def after(self, stamp: str) -> Mark:
        """The place behind one more line."""
        return Mark(self.uid, stamp, self.lines + 1 if stamp == self.stamp else 1)

    @property
    def since(self) -> datetime | None:
        """For the API's ``sinceTime``, which knows whole seconds."""
        return datetime.fromisoformat(self.stamp[:19] + "+00:00") if self.stamp else None


class Installer:
    """The installer of one cluster."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._stopped = threading.Event()
        self._stream: LineStream | None = None

    def pod(self) -> Object | None:
        """The newest installer Pod that is not going away."""
        found = [pod for pod in self._kube.list(PODS, NAMESPACE, label_selector=INSTALLER_LABELS) if _stays(pod)]
        return max(found, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")), default=None)

    def history(self) -> tuple[InstallerLog, Mark]:
        """What its log tells until now, and the place it was read to."""
        log, mark, pod = InstallerLog(), Mark(), self.pod()
        if pod is None:
            return log, mark
        mark = Mark(str(pod["metadata"]["uid"]))
        try:
            for line in self._kube.logs(NAMESPACE, pod["metadata"]["name"], timestamps=True):
                stamp, text = _split(line)
                mark = mark.after(stamp)
                log.read(text)
        except FleetforgeError as error:
            if not _passes(error):
                raise
        return log, mark

    def follow(self, log: InstallerLog, mark: Mark, deadline: Deadline) -> Iterator[InstallerEvent]:
        """Events behind ``mark``, read with ``log``, until the deadline or ``stop``; restarts and new Pods included."""
        while not (deadline.passed or self._stopped.is_set()):
            try:
                pod = self.pod()
                if pod is not None:
                    uid = str(pod["metadata"]["uid"])
                    mark = mark if mark.uid == uid else Mark(uid)
                    for place, text in self._lines(pod["metadata"]["name"], mark, deadline):
                        mark = place
                        yield from log.read(text)
            except FleetforgeError as error:
                if not _passes(error):
                    raise
            self._stopped.wait(min(PAUSE, deadline.remaining))

    def stop(self) -> None:
        """Ends ``follow`` from another thread."""
        self._stopped.set()
        stream = self._stream
        if stream is not None:
            stream.shutdown()

    def _lines(self, pod: str, mark: Mark, deadline: Deadline) -> Iterator[tuple[Mark, str]]:
        """The lines behind ``mark``, each with the place behind it."""
        here, silence = Mark(mark.uid), min(SILENCE, deadline.remaining + 0.05)
        with self._kube.log_stream(
            NAMESPACE, pod, follow=True, since=mark.since, timestamps=True, silence=silence
        ) as stream:
            self._stream = stream
            for line in stream:
                stamp, text = _split(line)
                here = here.after(stamp)
                if stamp and (here.stamp, here.lines) <= (mark.stamp, mark.lines):
                    continue
                yield here, text
                if self._stopped.is_set():
                    return


def _split(line: str) -> tuple[str, str]:
    """``(time with nine decimals, text)``, so that times compare as texts; no time when the line has none."""
    found = _STAMPED.fullmatch(line)
    if found is None:
        return "", line
    return f"{found[1]}.{(found[2] or '.')[1:]:0<9}", found[4]


def _stays(pod: Object) -> bool:
    return not pod["metadata"].get("deletionTimestamp") and (pod.get("status") or {}).get("phase") != "Failed"


def _passes(error: FleetforgeError) -> bool:
    """A server that is away, a Pod that just went, or a container that has not started."""
    return isinstance(error, Transient) or error.code in ("FF-K8S-006", "FF-K8S-009")
