"""Harbor's v2.0 API for what surrounds the images: liveness, health, system information, the caller, projects."""

from __future__ import annotations

import json
from collections.abc import Iterable, MutableMapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from fleetforge.rehearsal.registry.callers import SERVICE, Callers
from fleetforge.rehearsal.registry.failures import harbor_refusal
from fleetforge.rehearsal.registry.gate import CALLER
from fleetforge.rehearsal.registry.paging import paged
from fleetforge.rehearsal.registry.projects import Project, Projects
from fleetforge.rehearsal.registry.store import Store

COMPONENTS = ("core", "database", "jobservice", "portal", "redis", "registry", "registryctl", "trivy")
VERSION = "v2.10.1-b7b88476"


class HarborProjects:
    """Handlers for ``/service/token`` and ``/api/v2.0/{ping,health,systeminfo,users/current,projects}``."""

    def __init__(self, projects: Projects, store: Store, callers: Callers, unhealthy: MutableMapping[str, str]) -> None:
        self._projects = projects
        self._store = store
        self._callers = callers
        self._unhealthy = unhealthy

    def routes(self) -> Iterable[web.RouteDef]:
        api = "/api/v2.0"
        yield web.get("/service/token", self.token)
        yield web.get("/v2/", self.version)
        yield web.get(f"{api}/ping", self.ping)
        yield web.get(f"{api}/health", self.health)
        yield web.get(f"{api}/systeminfo", self.system)
        yield web.get(f"{api}/users/current", self.current_user)
        yield web.get(f"{api}/projects", self.listed, allow_head=False)
        yield web.head(f"{api}/projects", self.exists)
        yield web.post(f"{api}/projects", self.created)
        yield web.get(f"{api}/projects/{{project}}", self.shown)
        yield web.delete(f"{api}/projects/{{project}}", self.deleted)

    async def version(self, request: web.Request) -> web.Response:
        return web.json_response({})

    async def token(self, request: web.Request) -> web.Response:
        """GET ``?service=&scope=``: nobody without a scope is 401 (a failed ``docker login``), otherwise a token."""
        service = request.query.get("service", "")
        if service != SERVICE:
            return web.Response(status=400, text=f"Unable to handle service: {service}")
        scopes = [scope for value in request.query.getall("scope", []) for scope in value.split(" ") if scope]
        caller = request[CALLER]
        if not caller.user and not scopes:
            return web.Response(status=401)
        return web.json_response(self._callers.token(caller, scopes))

    async def ping(self, request: web.Request) -> web.Response:
        return web.Response(text="Pong")

    async def health(self, request: web.Request) -> web.Response:
        """Always 200; the body says whether Harbor is healthy."""
        components = []
        for name in COMPONENTS:
            error = self._unhealthy.get(name)
            components.append({"name": name, "status": "unhealthy", "error": error} if error else _healthy(name))
        status = "unhealthy" if self._unhealthy else "healthy"
        return web.json_response({"status": status, "components": components})

    async def system(self, request: web.Request) -> web.Response:
        """Nobody sees the authentication mode and the version; a user sees addresses and settings too."""
        body: dict[str, Any] = {
            "auth_mode": "db_auth",
            "primary_auth_mode": False,
            "self_registration": False,
            "harbor_version": VERSION,
            "banner_message": "",
            "oidc_provider_name": "",
        }
        if request[CALLER].user:
            body |= {
                "registry_url": request.host,
                "external_url": f"{request.scheme}://{request.host}",
                "project_creation_restriction": "everyone",
                "has_ca_root": False,
                "read_only": False,
                "notification_enable": True,
                "registry_storage_provider_name": "filesystem",
                "current_time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            }
        return web.json_response(body)

    async def current_user(self, request: web.Request) -> web.Response:
        """The one read that tells a right password from a wrong one: 401 for nobody."""
        user = _require_user(request)
        body = {
            "user_id": _user_id(user),
            "username": user,
            "email": f"{user}@example.com",
            "realname": user,
            "sysadmin_flag": request[CALLER].is_admin,
            "admin_role_in_auth": False,
        }
        return web.json_response(body)

    async def listed(self, request: web.Request) -> web.Response:
        """``name`` matches any part of a name; nobody, or a wrong password, sees the public ones only."""
        part, public = request.query.get("name", ""), request.query.get("public", "")
        caller = request[CALLER]
        seen = [p for p in self._projects.listed() if p.public or caller.owns(p)]
        found = [p for p in seen if part in p.name and public in ("", str(p.public).lower())]
        return paged(request, [self._described(project) for project in found])

    async def exists(self, request: web.Request) -> web.Response:
        """HEAD ``?project_name=``: 200 or 404; 401 for nobody."""
        _require_user(request)
        self._required(request.query.get("project_name", ""))
        return web.Response()

    async def created(self, request: web.Request) -> web.Response:
        """POST ``{project_name, public, metadata: {public}}``: 201 and the ``Location`` by number."""
        body = await _project_request(request)
        user = _require_user(request)
        metadata = body.get("metadata") or {}
        public = str(metadata.get("public") or str(body.get("public") or False).lower())
        if public not in ("true", "false"):
            text = f"metadata.public should only be 'true' or 'false', but got: '{public}'"
            raise harbor_refusal(400, text)
        project = self._projects.create(str(body.get("project_name", "")), public=public == "true", owner=user)
        by_name = request.headers.get("X-Resource-Name-In-Location") == "true"
        location = f"{request.path.rstrip('/')}/{project.name if by_name else project.id}"
        return web.Response(status=201, headers={"Location": location})

    async def shown(self, request: web.Request) -> web.Response:
        return web.json_response(self._described(self.visible(request)))

    async def deleted(self, request: web.Request) -> web.Response:
        """DELETE: 412 while the project holds repositories."""
        _require_user(request)
        project = self.visible(request)
        if not request[CALLER].owns(project):
            raise harbor_refusal(403, "forbidden")
        if self._repositories(project):
            text = "the project contains repositories, can not be deleted"
            raise harbor_refusal(412, f"precondition failed: {text}", "PRECONDITION")
        self._projects.delete(project)
        return web.Response()

    def visible(self, request: web.Request) -> Project:
        """The project of the path, by number or name. Who may not see it gets 401 or 403, exists or not."""
        caller, name = request[CALLER], request.match_info["project"]
        by_number = name.isdecimal() and request.headers.get("X-Is-Resource-Name") != "true"
        project = self._projects.numbered(int(name)) if by_number else self._projects.named(name)
        if caller.is_admin and project is None:
            raise harbor_refusal(404, f"project {name} not found")
        if project is None or not (project.public or caller.owns(project)):
            raise harbor_refusal(403, "forbidden") if caller.user else harbor_refusal(401, "unauthorized")
        return project

    def _required(self, name: str) -> Project:
        project = self._projects.named(name)
        if project is None:
            raise harbor_refusal(404, f"project {name} not found")
        return project

    def _repositories(self, project: Project) -> list[str]:
        return [name for name in self._store.repositories() if name.startswith(f"{project.name}/")]

    def _described(self, project: Project) -> dict[str, Any]:
        return {
            "project_id": project.id,
            "name": project.name,
            "owner_id": _user_id(project.owner),
            "owner_name": project.owner,
            "creation_time": project.created,
            "update_time": project.created,
            "repo_count": len(self._repositories(project)),
            "metadata": {"public": str(project.public).lower()},
            "cve_allowlist": {"project_id": project.id, "items": []},
        }


async def _project_request(request: web.Request) -> dict[str, Any]:
    if request.content_type != "application/json":
        text = f'unsupported media type "{request.content_type}", only [application/json] are allowed'
        raise harbor_refusal(415, text)
    content = await request.read()
    if not content:
        raise harbor_refusal(422, "project in body is required", "UNPROCESSABLE_ENTITY")
    try:
        body = json.loads(content)
        if not isinstance(body, dict):
            raise ValueError("not an object")
    except ValueError as error:
        raise harbor_refusal(400, f'parsing project body from "" failed, because {error}') from error
    return body


def _require_user(request: web.Request) -> str:
    user = request[CALLER].user
    if not user:
        raise harbor_refusal(401, "unauthorized")
    return user


def _user_id(user: str) -> int:
    return 1 if user == "admin" else 3


def _healthy(name: str) -> dict[str, str]:
    return {"name": name, "status": "healthy"}
