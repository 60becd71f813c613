"""What can be asked of a running site: JSON over HTTP on the unix socket ``site.sock``.

    GET    /health                                    -> {"ready": true}
    GET    /pace                                      -> {"pace": 0.02}
    GET    /clusters/C                                -> {created, running, nodes, installer: {version, state}}
    POST   /clusters/C/create                         {config, kubesphere, cluster_configuration} -> {kubeconfig}
    DELETE /clusters/C                                as kk delete cluster
    POST   /clusters/C/nodes                          {name, arch, internal_ip, control_plane, labels}
    DELETE /clusters/C/nodes/N
    POST   /clusters/C/nodes/N/silence | wake         the machine stops answering its cluster, answers again
    POST   /clusters/C/api/stop | start
    GET    /registry                                  -> {running, images}
    POST   /registry/install | stop | start
    POST   /hosts/H/stop | start | new-host-key
    POST   /hosts/H/call                              {argv}: what a program of the host changes beyond it
    POST   /faults                                    a fault (see faults.py)
    POST   /faults/take                               {target, subject} -> the fault or null
    DELETE /faults

Where no answer is given it is ``{}``. Errors are ``{"error": text}``: 404 for an unknown name, 400 for a
body that makes no sense, 409 for a cluster that was not created or an address that is taken.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from fleetforge.rehearsal.faults import Fault
from fleetforge.rehearsal.hosts import Host
from fleetforge.rehearsal.site_cluster import NewNode, NotCreated, SiteCluster
from fleetforge.rehearsal.site_registry import SiteRegistry

if TYPE_CHECKING:
    from fleetforge.rehearsal.site import RunningSite

Answer = dict[str, Any] | None
Handler = Callable[[web.Request], Awaitable[Answer]]
Parts = Callable[[web.Request], Awaitable[object]]


class AdminApi:
    """Serves one site. Only the site's owner can open the socket."""

    def __init__(self, site: RunningSite) -> None:
        self._site = site
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listens; a socket left by a former run is replaced. ``OSError`` when the path is too long for a socket."""
        app = web.Application(client_max_size=32 * 2**20)
        app.add_routes([web.route(method, path, _answered(handler)) for method, path, handler in self._routes()])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        socket = self._site.description.socket
        socket.unlink(missing_ok=True)
        await web.UnixSite(runner, str(socket)).start()
        socket.chmod(0o600)
        self._runner = runner

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()
            self._site.description.socket.unlink(missing_ok=True)

    def _routes(self) -> list[tuple[str, str, Handler]]:
        return [
            ("GET", "/health", self._health),
            ("GET", "/pace", self._pace),
            ("GET", "/clusters/{cluster}", self._cluster_state),
            ("POST", "/clusters/{cluster}/create", self._create),
            ("DELETE", "/clusters/{cluster}", self._on_cluster(lambda cluster: cluster.delete())),
            ("POST", "/clusters/{cluster}/nodes", self._join),
            ("DELETE", "/clusters/{cluster}/nodes/{node}", self._remove),
            ("POST", "/clusters/{cluster}/nodes/{node}/{verb:silence|wake}", self._hear),
            ("POST", "/clusters/{cluster}/api/stop", self._on_cluster(lambda cluster: cluster.stop())),
            ("POST", "/clusters/{cluster}/api/start", self._on_cluster(lambda cluster: cluster.start())),
            ("GET", "/registry", self._registry_state),
            ("POST", "/registry/{verb:install|start}", self._on_registry(lambda registry: registry.start())),
            ("POST", "/registry/stop", self._on_registry(lambda registry: registry.stop())),
            ("POST", "/hosts/{host}/stop", self._on_host(lambda host: host.stop())),
            ("POST", "/hosts/{host}/start", self._on_host(lambda host: host.start())),
            ("POST", "/hosts/{host}/new-host-key", self._on_host(lambda host: host.new_key())),
            ("POST", "/hosts/{host}/call", self._call),
            ("POST", "/faults", self._add_fault),
            ("POST", "/faults/take", self._take_fault),
            ("DELETE", "/faults", self._clear_faults),
        ]

    async def _health(self, request: web.Request) -> Answer:
        return {"ready": True}

    async def _pace(self, request: web.Request) -> Answer:
        return {"pace": self._site.description.pace}

    async def _cluster_state(self, request: web.Request) -> Answer:
        return await self._cluster(request).state()

    async def _create(self, request: web.Request) -> Answer:
        body = await _body(request, "config")
        cluster = self._cluster(request)
        given = body.get("cluster_configuration")
        return {"kubeconfig": await cluster.create(body["config"], str(body.get("kubesphere") or ""), given)}

    async def _join(self, request: web.Request) -> Answer:
        body = await _body(request, "name", "arch", "internal_ip")
        try:
            node = NewNode(**body)
        except TypeError as error:
            raise ValueError(str(error)) from error
        await self._cluster(request).join(node)
        return {}

    async def _remove(self, request: web.Request) -> Answer:
        await self._cluster(request).remove(request.match_info["node"])
        return {}

    async def _hear(self, request: web.Request) -> Answer:
        name, cluster = request.match_info["node"], self._cluster(request)
        if name not in cluster.node_names:
            raise KeyError(name)
        silenced = request.match_info["verb"] == "silence"
        (cluster.kubernetes.silence_node if silenced else cluster.kubernetes.wake_node)(name)
        return {}

    async def _registry_state(self, request: web.Request) -> Answer:
        registry = self._registry()
        return {"running": registry.is_up, "images": registry.images()}

    async def _call(self, request: web.Request) -> Answer:
        """``unit start|restart|stop NAME``: the registry's unit on the registry's host."""
        argv, host = (await _body(request, "argv"))["argv"], self._host(request)
        registry = self._site.registry
        if registry is None or argv[:1] != ["unit"] or argv[2:] != [registry.unit]:
            raise ValueError(f"nothing is known of {argv}")
        if host.name != registry.description.host:
            raise ValueError(f"Unit {registry.unit}.service not found.")
        if argv[1] in ("stop", "restart"):
            await registry.stop()
        if argv[1] in ("start", "restart"):
            await registry.start()
        return {}

    async def _add_fault(self, request: web.Request) -> Answer:
        self._site.faults.add(Fault.from_json(await _body(request, "target")))
        return {}

    async def _take_fault(self, request: web.Request) -> Answer:
        body = await _body(request, "target", "subject")
        fault = self._site.faults.take(body["target"], body["subject"])
        return fault.to_json() if fault else None

    async def _clear_faults(self, request: web.Request) -> Answer:
        self._site.faults.clear()
        return {}

    def _on_cluster(self, act: Callable[[SiteCluster], Awaitable[None]]) -> Handler:
        async def handler(request: web.Request) -> Answer:
            await act(self._cluster(request))
            return {}

        return handler

    def _on_host(self, act: Callable[[Host], Awaitable[None]]) -> Handler:
        async def handler(request: web.Request) -> Answer:
            await act(self._host(request))
            return {}

        return handler

    def _on_registry(self, act: Callable[[SiteRegistry], Awaitable[None]]) -> Handler:
        async def handler(request: web.Request) -> Answer:
            await act(self._registry())
            return {}

        return handler

    def _cluster(self, request: web.Request) -> SiteCluster:
        return self._site.clusters[request.match_info["cluster"]]

    def _host(self, request: web.Request) -> Host:
        return self._site.hosts[request.match_info["host"]]

    def _registry(self) -> SiteRegistry:
        if self._site.registry is None:
            raise KeyError("registry")
        return self._site.registry


def _answered(handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return web.json_response(await handler(request))
        except KeyError as error:
            return web.json_response({"error": f"nothing here is called {error}"}, status=404)
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        except NotCreated:
            return web.json_response({"error": "the cluster was not created"}, status=409)
        except OSError as error:
            return web.json_response({"error": str(error)}, status=409)

    return answer


async def _body(request: web.Request, *needed: str) -> dict[str, Any]:
    """The JSON object that was sent; ValueError when it is none or lacks a name."""
    try:
        body = json.loads(await request.text() or "{}")
    except json.JSONDecodeError as error:
        raise ValueError(f"the body is not JSON: {error}") from error
    missing = [name for name in needed if not isinstance(body, dict) or name not in body]
    if missing:
        raise ValueError(f"the body lacks {', '.join(missing)}")
    return dict(body)
