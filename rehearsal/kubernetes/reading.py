"""Lists in pages, and watches that resume."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator

from fleetforge.rehearsal.kubernetes.events import Event
from fleetforge.rehearsal.kubernetes.objects import Object, name_of, namespace_of
from fleetforge.rehearsal.kubernetes.refusals import bad_request, gone
from fleetforge.rehearsal.kubernetes.requests import Query, Target
from fleetforge.rehearsal.kubernetes.store import Store

WATCH_SECONDS = 1800.0
"""A watch without timeoutSeconds ends after this; a real server takes 30 to 60 minutes."""


def listed(store: Store, target: Target, query: Query) -> Object:
    """A List object, ``limit`` items long; ``metadata.continue`` leads to the next page.

    Later pages show objects as they are then, not as they were at the first page; the resourceVersion given is the
    first page's, so that a watch from it misses nothing.
    """
    resource = target.resource
    version, after = _continued(query.continue_token) if query.continue_token else (store.version, ("", ""))
    if query.continue_token and store.history.since(resource, version) is None:
        raise gone("The provided continue parameter is too old to display a consistent list result.")
    items = [item for item in store.list(resource, target.namespace) if _key(item) > after]
    items = [item for item in items if query.selection.picks(item)]
    metadata: Object = {"resourceVersion": str(version)}
    if query.limit and len(items) > query.limit:
        metadata["remainingItemCount"] = len(items) - query.limit
        items = items[: query.limit]
        metadata["continue"] = _token(version, _key(items[-1]))
    kind, api_version = resource.kind + "List", resource.api_version
    return {"kind": kind, "apiVersion": api_version, "metadata": metadata, "items": items}


def _key(item: Object) -> tuple[str, str]:
    return namespace_of(item), name_of(item)


def _token(version: int, after: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps([version, *after]).encode()).decode()


def _continued(token: str) -> tuple[int, tuple[str, str]]:
    try:
        version, namespace, name = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        raise bad_request("continue key is not valid") from None
    return int(version), (str(namespace), str(name))


class Watch:
    """One open watch. ``lines`` are the events to send, one JSON object ``{"type": ..., "object": ...}`` each."""

    def __init__(self, store: Store, target: Target, query: Query) -> None:
        self._store = store
        self._target = target
        self._query = query
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._sent = store.version
        self._is_over = False

    async def lines(self) -> AsyncGenerator[str]:
        self._store.history.listen(self._heard)
        try:
            for event in self._start():
                yield _line(event)
            deadline = asyncio.get_running_loop().time() + (self._query.timeout or WATCH_SECONDS)
            while not self._is_over and (heard := await self._next(deadline)) is not None:
                if heard.version > self._sent and (seen := self._seen(heard)):
                    yield _line(seen)
            if self._query.bookmarks and not self._is_over:
                yield _line(_sent("BOOKMARK", self._bookmark()))
        finally:
            self._store.history.stop_listening(self._heard)

    def end(self) -> None:
        """Closes the watch as a server that shuts down does."""
        self._is_over = True
        self._queue.put_nowait(None)

    def _heard(self, event: Event) -> None:
        if event.resource.name == self._target.resource.name:
            self._queue.put_nowait(event)

    def _start(self) -> list[Object]:
        """What the client has missed: since its resourceVersion, or everything when it named none (or 0)."""
        if self._query.version in ("", "0"):
            items = self._store.list(self._target.resource, self._target.namespace)
            return [_sent("ADDED", item) for item in items if self._query.selection.picks(item)]
        if not self._query.version.isdigit():
            raise bad_request(f'Invalid value: "{self._query.version}": invalid resource version')
        missed = self._store.history.since(self._target.resource, int(self._query.version))
        if missed is None:
            self._is_over = True
            return [_sent("ERROR", gone(f"too old resource version: {self._query.version}").body)]
        return [sent for event in missed if (sent := self._seen(event))]

    async def _next(self, deadline: float) -> Event | None:
        """The next event; None when the watch ends first."""
        remaining = deadline - asyncio.get_running_loop().time()
        try:
            return await asyncio.wait_for(self._queue.get(), max(0.0, remaining))
        except TimeoutError:
            return None

    def _seen(self, event: Event) -> Object | None:
        """The event as this watch's selection sees it: an object that leaves the selection is DELETED for it."""
        if self._target.namespace and namespace_of(event.item) != self._target.namespace:
            return None
        picks = self._query.selection.picks
        before = event.previous is not None and picks(event.previous)
        if event.change == "DELETED" or not picks(event.item):
            return _sent("DELETED", event.item) if before else None
        return _sent("MODIFIED" if before else "ADDED", event.item)

    def _bookmark(self) -> Object:
        resource = self._target.resource
        metadata = {"resourceVersion": str(self._store.version), "creationTimestamp": None}
        return {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}


def _sent(kind: str, item: Object) -> Object:
    return {"type": kind, "object": item}


def _line(event: Object) -> str:
    return json.dumps(event, separators=(",", ":")) + "\n"
