"""The two servers: a plain registry (no login, no projects) and Harbor (the registry behind logins and projects)."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Middleware

from fleetforge.fleet.oci import is_list, normal_arch, platform_digests
from fleetforge.rehearsal.faults import Faults
from fleetforge.rehearsal.registry.blobs import Blobs
from fleetforge.rehearsal.registry.callers import Callers
from fleetforge.rehearsal.registry.gate import (
    cookies_need_csrf,
    faults_first,
    names_checked,
    permitted,
    refusals_answered,
)
from fleetforge.rehearsal.registry.harbor_projects import HarborProjects
from fleetforge.rehearsal.registry.harbor_repositories import HarborRepositories
from fleetforge.rehearsal.registry.manifests import Manifests
from fleetforge.rehearsal.registry.projects import Projects
from fleetforge.rehearsal.registry.store import Store, StoredManifest


class RegistryServer:
    """A plain registry, as kk installs for ``registry.type: ""``. Port 0 takes a free one: read ``port`` then."""

    def __init__(
        self, address: str, port: int, tls: ssl.SSLContext | None, faults: Faults, data_directory: Path
    ) -> None:
        self.address = address
        self.port = port
        self._tls = tls
        self._faults = faults
        self._store = Store(data_directory)
        self._runner: web.AppRunner | None = None

    @property
    def host(self) -> str:
        """``address:port``, the way clients name the registry."""
        return f"{self.address}:{self.port}"

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}"

    async def start(self) -> None:
        """Listens when it returns. ``OSError`` when the address is taken."""
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.address, self.port, ssl_context=self._tls)
        await site.start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Closed connections, freed port; the data stays."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    def has_image(self, repository: str, tag: str, arch: str) -> bool:
        """Whether a node of ``arch`` that pulls ``repository:tag`` gets an image for its architecture.

        Follows list → manifest → config and believes the config, not the list: a list may be wrong about a member.
        """
        found = self._store.manifest(repository, tag)
        if found and is_list(json.loads(found.content)):
            member = platform_digests(json.loads(found.content)).get(normal_arch(arch), "")
            found = self._store.manifest(repository, member) if member else None
        return found is not None and self._architecture(repository, found) == normal_arch(arch)

    def images(self) -> list[str]:
        """Every ``repository:tag`` it holds, sorted."""
        return [f"{name}:{tag}" for name in self._store.repositories() for tag in self._store.tags(name)]

    def _architecture(self, repository: str, manifest: StoredManifest) -> str:
        path = self._store.blob(repository, json.loads(manifest.content)["config"]["digest"])
        config = json.loads(path.read_bytes()) if path else {}
        return normal_arch("/".join(filter(None, [config.get("architecture", ""), config.get("variant", "")])))

    def _application(self) -> web.Application:
        middlewares: list[Middleware] = [faults_first(self._faults), refusals_answered, names_checked]
        application = web.Application(middlewares=middlewares, client_max_size=8 * 1024 * 1024)
        application.add_routes([web.get("/v2/", _version)])
        application.add_routes(Manifests(self._store, harbor=False).routes())
        application.add_routes(Blobs(self._store, absolute=True).routes())
        return application


class HarborServer(RegistryServer):
    """Harbor 2.10: ``users`` is ``{name: password}`` and should hold ``admin``; ``projects`` exist from the start.

    ``unhealthy`` is ``{component: reason}``; what is in it makes ``/api/v2.0/health`` say so.
    """

    def __init__(
        self,
        address: str,
        port: int,
        tls: ssl.SSLContext | None,
        users: Mapping[str, str],
        projects: Iterable[str],
        faults: Faults,
        data_directory: Path,
        *,
        token_seconds: int = 1800,
    ) -> None:
        super().__init__(address, port, tls, faults, data_directory)
        self.unhealthy: dict[str, str] = {}
        self.projects = Projects(data_directory / "projects.json")
        self.projects.ensure(projects)
        self._callers = Callers(users, self.projects, data_directory / "token.key", token_seconds)

    def _application(self) -> web.Application:
        middlewares: list[Middleware] = [
            faults_first(self._faults),
            refusals_answered,
            cookies_need_csrf,
            permitted(self._callers),
            names_checked,
        ]
        application = web.Application(middlewares=middlewares, client_max_size=8 * 1024 * 1024)
        projects = HarborProjects(self.projects, self._store, self._callers, self.unhealthy)
        application.add_routes(projects.routes())
        application.add_routes(HarborRepositories(projects, self._store).routes())
        application.add_routes(Manifests(self._store, harbor=True).routes())
        application.add_routes(Blobs(self._store, absolute=False).routes())
        return application


async def _version(request: web.Request) -> web.Response:
    return web.json_response({})
