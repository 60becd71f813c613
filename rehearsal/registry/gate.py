"""What a request meets before any handler: faults, Harbor's CSRF check, Harbor's permission check for ``/v2``.

Order and texts follow Harbor 2.10. Note its two ways of saying 401 on ``/v2``: without an ``Authorization`` header it
names the token service, with one it answers ``Basic realm="harbor"``; and a project that does not exist is a 401 too
(``project x not found: project x not found``), not a 404.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from fleetforge.rehearsal.faults import Faults
from fleetforge.rehearsal.registry.callers import SERVICE, Action, Caller, Callers
from fleetforge.rehearsal.registry.failures import Refusal, harbor_refusal, injected, registry_refusal

CALLER = web.RequestKey("caller", Caller)

_NAME = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*")
_REPOSITORY = re.compile(r"/v2/(?P<name>.+?)/(?:blobs|manifests|tags|referrers)(?:/|$)")
_ACTIONS: dict[str, Action] = {"GET": "pull", "HEAD": "pull", "DELETE": "delete"}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def faults_first(faults: Faults) -> Middleware:
    """A fault is taken before anything looks at the request; status 0 drops the connection without an answer."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        target = "harbor" if request.path.startswith("/api/") else "registry"
        fault = faults.take(target, f"{request.method} {request.path}")
        if fault is None:
            return await handler(request)
        if fault.status == 0 and request.transport is not None:
            request.transport.abort()
            return web.Response(status=502)
        return injected(fault.status, fault.text, target)

    return middleware


@web.middleware
async def refusals_answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A ``Refusal`` becomes its answer; everything under ``/v2`` carries the API version header."""
    try:
        response = await handler(request)
    except Refusal as refusal:
        response = refusal.response()
    if request.path.startswith("/v2"):
        response.headers["Docker-Distribution-Api-Version"] = "registry/2.0"
    return response


@web.middleware
async def names_checked(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A repository name outside the grammar never reaches the disk."""
    found = _REPOSITORY.match(request.path)
    if found and not _NAME.fullmatch(found["name"]):
        raise registry_refusal("NAME_INVALID", found["name"])
    return await handler(request)


@web.middleware
async def cookies_need_csrf(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Harbor's trap for clients that keep cookies: it sets ``sid``, and a write that brings it back is 403.

    A basic-auth client without a cookie jar never notices. The token that would help comes with every answer.
    """
    carried = request.cookies.get("sid")
    if carried and request.method not in _SAFE and not request.headers.get("X-Harbor-CSRF-Token"):
        raise harbor_refusal(403, "CSRF token invalid")
    response = await handler(request)
    if not carried and not response.prepared:
        response.set_cookie("sid", secrets.token_hex(16), path="/", httponly=True)
    else:
        response.headers["X-Harbor-Csrf-Token"] = secrets.token_urlsafe(32)
    return response


def permitted(callers: Callers) -> Middleware:
    """Harbor's check of every ``/v2`` request; other paths only learn who is asking."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        caller = callers.of(request)
        request[CALLER] = caller
        if request.path.rstrip("/") == "/v2" and not caller.user:
            raise _unauthorized(request, "unauthorized", [])
        if request.path == "/v2/_catalog" and not caller.is_admin:
            raise _unauthorized(request, "unauthorized to list catalog", [], basic=True)
        wanted = list(_wanted(request))
        for name, action in wanted:
            _check(request, callers, name, action, wanted)
        return await handler(request)

    return middleware


def _wanted(request: web.Request) -> Iterable[tuple[str, Action]]:
    found = _REPOSITORY.match(request.path)
    if found:
        yield found["name"], _ACTIONS.get(request.method, "push")
        if request.method == "POST" and request.query.get("from"):
            yield request.query["from"], "pull"


def _check(request: web.Request, callers: Callers, name: str, action: Action, wanted: list[tuple[str, Action]]) -> None:
    if request.method in ("GET", "HEAD") and "Authorization" not in request.headers:
        raise _unauthorized(request, "authorize header needed to send HEAD to repository", wanted)
    project = callers.projects.named(name.partition("/")[0])
    if project is None:
        text = f"project {name.partition('/')[0]} not found"
        raise harbor_refusal(401, f"{text}: {text}", headers={"Www-Authenticate": ""})
    if not request[CALLER].may(action, project):
        raise _unauthorized(request, f"unauthorized to access repository: {name}, action: {action}", wanted)


def _unauthorized(request: web.Request, text: str, wanted: list[tuple[str, Action]], basic: bool = False) -> Refusal:
    challenge = 'Basic realm="harbor"'
    if "Authorization" not in request.headers and not basic:
        challenge = f'Bearer realm="{request.scheme}://{request.host}/service/token",service="{SERVICE}"'
        scopes = " ".join(f"repository:{name}:{'pull,push' if act == 'push' else act}" for name, act in wanted)
        challenge += f',scope="{scopes}"' if scopes else ""
    return harbor_refusal(401, f"{text}: {text}", headers={"Www-Authenticate": challenge})
