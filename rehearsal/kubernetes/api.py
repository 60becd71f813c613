"""One cluster's API server: HTTPS on loopback, real enough for kubectl and the official Python client.

In front of every request stand the injected faults, then authentication, then the verbs. ``/livez``, ``/readyz``,
``/healthz`` and ``/version`` are open to everybody.

What it does NOT do: protobuf, exec, attach, port-forward, resource metrics, access reviews, webhooks over the network
(``reviewers`` stand for them), audit, API priority.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from fleetforge.rehearsal.kubernetes.answers import dropped, json_answer, streamed
from fleetforge.rehearsal.kubernetes.credentials import check_allowed, user_of
from fleetforge.rehearsal.kubernetes.discovery import discovered, version_info
from fleetforge.rehearsal.kubernetes.eviction import evict
from fleetforge.rehearsal.kubernetes.logs import Logs
from fleetforge.rehearsal.kubernetes.objects import Object
from fleetforge.rehearsal.kubernetes.openapi import described
from fleetforge.rehearsal.kubernetes.patches import PatchFailed
from fleetforge.rehearsal.kubernetes.reading import Watch, listed
from fleetforge.rehearsal.kubernetes.refusals import (
    NoSuchPath,
    Refused,
    bad_request,
    injected,
    method_not_allowed,
    unavailable,
)
from fleetforge.rehearsal.kubernetes.requests import Query, Target, body_of, deletion_in, target_of
from fleetforge.rehearsal.kubernetes.resources import Resource
from fleetforge.rehearsal.kubernetes.store import Store
from fleetforge.rehearsal.kubernetes.subresources import check_has_log, log_wish, scale_of, scaled
from fleetforge.rehearsal.kubernetes.tables import table_of, wants_table
from fleetforge.rehearsal.kubernetes.writing import Writer
from fleetforge.rehearsal.pki import Pki

if TYPE_CHECKING:
    from fleetforge.rehearsal.faults import Faults

Reviewer = Callable[[Resource, Object, Object], Awaitable[None]]
"""Sees an update (old, new) before it is stored and may refuse it, as a validating webhook does."""

Service = Callable[[str], Object]
"""Answers a GET of a path through the service proxy; raises ``Refused``."""

_OPEN = ("/livez", "/readyz", "/healthz")
_PATCH_TRIES = 5


class ApiServer:
    """Serves ``store`` at https://address:port. ``reviewers`` and ``services`` may be filled at any time."""

    def __init__(
        self, name: str, version: str, address: str, port: int, *, pki: Pki, faults: Faults, store: Store, logs: Logs
    ) -> None:
        self.reviewers: list[Reviewer] = []
        self.services: dict[tuple[str, str], Service] = {}
        self._fault_target = f"kube:{name}"
        self._version = version
        self._address, self._port = address, port
        self._pki, self._faults, self._store, self._logs = pki, faults, store, logs
        self._writer = Writer(store)
        self._watches: set[Watch] = set()
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/{tail:.*}", self._handle)
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        names = (self._address, "127.0.0.1", "localhost", "kubernetes.default.svc", "lb.kubesphere.local")
        context = self._pki.server_context(*dict.fromkeys(names), clients=True)
        self._logs.open()
        await web.TCPSite(runner, self._address, self._port, ssl_context=context, reuse_address=True).start()
        self._runner = runner

    async def stop(self) -> None:
        """Ends watches and followed logs, closes the port; the objects stay."""
        for watch in list(self._watches):
            watch.end()
        self._logs.close()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        try:
            fault = self._faults.take(self._fault_target, f"{request.method} {request.path}")
            if fault and fault.status == 0:
                return dropped(request)
            if fault:
                raise injected(fault.status, fault.text)
            return await self._answered(request)
        except Refused as refusal:
            return json_answer(refusal.body, refusal.status)
        except NoSuchPath:
            return web.Response(status=404, text="404 page not found\n")

    async def _answered(self, request: web.Request) -> web.StreamResponse:
        path = request.path.rstrip("/")
        if path.startswith(_OPEN):
            return web.Response(text="ok")
        if path == "/version":
            return json_answer(version_info(self._version))
        peer = request.transport.get_extra_info("peercert") if request.transport else None
        user = user_of(peer, request.headers.get("Authorization", ""), self._store)
        document = discovered(path, self._store.table, f"{self._address}:{self._port}")
        document = document or described(path, self._store.table)
        if document is not None:
            return json_answer(document)
        check_allowed(user, self._store)
        return await self._verb(request, target_of(request.path, self._store.table), Query.parsed(request.query))

    async def _verb(self, request: web.Request, target: Target, query: Query) -> web.StreamResponse:
        if target.subresource not in ("", "status", "finalize"):
            return await self._subresource(request, target)
        if target.subresource == "status" and not target.resource.status:
            raise NoSuchPath(request.path)
        match request.method:
            case "GET":
                return await self._read(request, target, query)
            case "POST" if not target.name:
                body = body_of(request.content_type, await request.read())
                return json_answer(self._writer.create(target, query, body), 201)
            case "PUT" if target.name:
                body = body_of(request.content_type, await request.read())
                return json_answer(await self._replaced(target, query, body))
            case "PATCH" if target.name:
                body = body_of(request.content_type, await request.read())
                return await self._patched(request.content_type, target, query, body)
            case "DELETE":
                return await self._deleted(request, target, query)
        raise method_not_allowed()

    async def _read(self, request: web.Request, target: Target, query: Query) -> web.StreamResponse:
        if query.watch:
            return await self._watched(request, target, query)
        as_table = wants_table(request.headers.get("Accept", ""))
        if target.name:
            item = self._store.get(target.resource, target.namespace, target.name)
            return json_answer(table_of(target.resource, [item], {}) if as_table else item)
        found = listed(self._store, target, query)
        return json_answer(table_of(target.resource, found["items"], found["metadata"]) if as_table else found)

    async def _watched(self, request: web.Request, target: Target, query: Query) -> web.StreamResponse:
        watch = Watch(self._store, target, query)
        self._watches.add(watch)
        try:
            return await streamed(request, "application/json", watch.lines())
        finally:
            self._watches.discard(watch)

    async def _replaced(self, target: Target, query: Query, body: object) -> Object:
        new = self._writer.replacement(target, body)
        old = self._store.get(target.resource, target.namespace, target.name)
        for reviewer in self.reviewers:
            await reviewer(target.resource, old, new)
        return self._writer.save(target, query, new, False)

    async def _patched(self, content_type: str, target: Target, query: Query, body: object) -> web.Response:
        """As a real server, tries again when the object changed while the patch was worked out."""
        names_version = isinstance(body, dict) and bool((body.get("metadata") or {}).get("resourceVersion"))
        for attempt in range(_PATCH_TRIES):
            new, is_new = self._writer.patched(target, content_type, body, query.manager)
            if not is_new:
                await self._reviewed(target, new)
            try:
                return json_answer(self._writer.save(target, query, new, is_new), 201 if is_new else 200)
            except Refused as refusal:
                if refusal.reason != "Conflict" or names_version or attempt + 1 == _PATCH_TRIES:
                    raise
        raise AssertionError("unreachable")

    async def _reviewed(self, target: Target, new: Object) -> None:
        old = self._store.get(target.resource, target.namespace, target.name)
        for reviewer in self.reviewers:
            await reviewer(target.resource, old, new)

    async def _deleted(self, request: web.Request, target: Target, query: Query) -> web.Response:
        body = body_of(request.content_type, await request.read())
        if target.name:
            return json_answer(self._writer.delete(target, request.query, body))
        return json_answer(self._writer.delete_all(target, query, deletion_in(body, request.query)))

    async def _subresource(self, request: web.Request, target: Target) -> web.StreamResponse:
        head, _, rest = target.subresource.partition("/")
        match target.resource.name, head, request.method:
            case "pods", "log", "GET":
                return await self._log(request, target)
            case "pods", "eviction", "POST":
                body = body_of(request.content_type, await request.read())
                options = deletion_in(body.get("deleteOptions") if isinstance(body, dict) else {}, request.query)
                return json_answer(evict(self._store, target.namespace, target.name, options), 201)
            case "services", "proxy", "GET":
                return json_answer(self._proxied(target, rest))
            case _, "scale", "GET" | "PUT" | "PATCH" if target.resource.scale:
                return await self._scale(request, target)
        raise NoSuchPath(request.path)

    async def _log(self, request: web.Request, target: Target) -> web.StreamResponse:
        pod = self._store.get(target.resource, target.namespace, target.name)
        check_has_log(pod, request.query.get("container", ""))
        lines = self._logs.of(pod["metadata"]["uid"]).read(log_wish(request.query))
        return await streamed(request, "text/plain", lines)

    async def _scale(self, request: web.Request, target: Target) -> web.Response:
        item = self._store.get(target.resource, target.namespace, target.name)
        if request.method == "GET":
            return json_answer(scale_of(item))
        body = body_of(request.content_type, await request.read())
        try:
            new = scaled(item, request.method, request.content_type, body)
        except PatchFailed as error:
            raise bad_request(str(error)) from error
        return json_answer(scale_of(self._store.update(target.resource, new)))

    def _proxied(self, target: Target, path: str) -> Object:
        """``:ks-apiserver:``, ``http:ks-apiserver:80`` and ``ks-apiserver`` all name the same Service."""
        parts = target.name.split(":")
        name = parts[1] if len(parts) > 1 else parts[0]
        self._store.get(target.resource, target.namespace, name)
        service = self.services.get((target.namespace, name))
        if service is None:
            raise unavailable(f'no endpoints available for service "{target.name}"')
        return service("/" + path)
