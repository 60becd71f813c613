"""Watches that last: they resume where they were, and begin again from a list when the server has forgotten.

list ──► watch from its resourceVersion ──► end of window, silence, broken connection: watch on from the last one
  ▲                                          410 Gone: list again; what was missed comes as events
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from fleetforge.blocks.deadline import Deadline
from fleetforge.blocks.kube_errors import is_expired, refused
from fleetforge.blocks.kube_transport import Params, Transport
from fleetforge.fleet.errors import FleetforgeError, Transient

WINDOW = 60.0
"""Seconds one watch request stays open; a connection that died in silence costs no more than this."""

PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds to wait after the first, second, … failure in a row, where nothing can be awaited."""

QUICK = 0.5
"""A window that ends sooner without an event counts as a failure: some proxies close watches at once."""


class Change(NamedTuple):
    """``kind`` is ADDED, MODIFIED or DELETED; ``item`` the object after it (before it, when deleted)."""

    kind: str
    item: dict[str, Any]


class Forgotten(Exception):
    """The server no longer knows the version to watch from."""


class Watch:
    """Changes of one kind, the objects that are there already first. ``last_error`` is why it is blind, if it is."""

    def __init__(
        self,
        transport: Transport,
        path: str,
        selection: Params,
        deadline: Deadline,
        listed: Callable[[], tuple[list[dict[str, Any]], str]],
    ) -> None:
        self._transport = transport
        self._path = path
        self._selection = selection
        self._deadline = deadline
        self._listed = listed
        self._known: dict[str, dict[str, Any]] = {}
        self._version: str | None = None
        self.last_error: FleetforgeError | None = None

    def changes(self) -> Iterator[Change | None]:
        """Changes until the deadline; a ``None`` after each list, when everything that was there has been given.

        Errors that pass by themselves are waited out; the others are raised.
        """
        failures = 0
        while not self._deadline.passed:
            started = time.monotonic()
            try:
                if self._version is None:
                    yield from self._relisted()
                    yield None
                seen = False
                for change in self._window():
                    seen = True
                    yield change
                self.last_error = None
                failures = 0 if seen or time.monotonic() - started > QUICK else failures + 1
            except Forgotten:
                self._version = None
            except Transient as error:
                self.last_error, failures = error, failures + 1
            except FleetforgeError as error:
                if not is_expired(error):
                    raise
                self._version, failures = None, failures + 1
            if failures:
                self._deadline.pause(PAUSES[min(failures, len(PAUSES)) - 1])

    def _relisted(self) -> Iterator[Change]:
        items, version = self._listed()
        found = {_key(item): item for item in items}
        for key, item in list(self._known.items()):
            if key not in found:
                del self._known[key]
                yield Change("DELETED", item)
        for key, item in found.items():
            old = self._known.get(key)
            self._known[key] = item
            if old is None or _version(old) != _version(item):
                yield Change("MODIFIED" if old else "ADDED", item)
        self._version = version

    def _window(self) -> Iterator[Change]:
        seconds = max(1, int(min(WINDOW, self._deadline.remaining)))
        params: Params = {
            **self._selection,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": seconds,
        }
        with self._transport.stream(self._path, params, min(seconds + 1.0, self._deadline.remaining + 0.05)) as lines:
            for line in lines:
                change = self._heard(line)
                if change is not None:
                    yield change

    def _heard(self, line: str) -> Change | None:
        try:
            event = json.loads(line)
            kind, item = event["type"], event["object"]
        except (ValueError, KeyError, TypeError):
            return None
        if kind == "ERROR":
            self._raise(item)
        self._version = _version(item) or self._version
        if kind not in ("ADDED", "MODIFIED", "DELETED"):
            return None
        if kind == "DELETED":
            self._known.pop(_key(item), None)
        else:
            self._known[_key(item)] = item
        return Change(kind, item)

    def _raise(self, status: dict[str, Any]) -> None:
        code = int(status.get("code") or 500)
        if code == 410:
            raise Forgotten
        raise refused(self._transport.name, "WATCH", self._path, code, json.dumps(status).encode())


def _key(item: dict[str, Any]) -> str:
    metadata = item.get("metadata") or {}
    return f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"


def _version(item: dict[str, Any]) -> str:
    return str((item.get("metadata") or {}).get("resourceVersion", ""))
