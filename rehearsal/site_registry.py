"""The private registry of a site: installed by kk on one of the hosts, then a unit that can be stopped and started."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fleetforge.fleet.image_reference import ImageReference
from fleetforge.rehearsal.faults import Faults
from fleetforge.rehearsal.host_root import HostRoot
from fleetforge.rehearsal.pki import Pki
from fleetforge.rehearsal.registry import HarborServer, RegistryServer
from fleetforge.rehearsal.site_description import RegistryDescription


class SiteRegistry:
    """Harbor or a plain registry, as described. What was pushed stays in ``directory``."""

    def __init__(
        self, description: RegistryDescription, host: HostRoot, pki: Pki, faults: Faults, directory: Path
    ) -> None:
        self.description = description
        self.is_up = False
        self._host, self._pki, self._faults = host, pki, faults
        self._directory = directory
        self._server: RegistryServer | None = None
        self._turn = asyncio.Lock()

    @property
    def unit(self) -> str:
        """The systemd unit that kk installs for it."""
        return "harbor" if self.description.type == "harbor" else "registry"

    async def start(self) -> None:
        """Installed and listening; safe to repeat. ``OSError`` when the address is taken."""
        async with self._turn:
            if not self.is_up:
                self._server = self._server or self._made()
                await self._server.start()
                self.is_up = True
                self._host.set_active(self.unit, True)

    async def stop(self) -> None:
        """Closed, what was pushed stays."""
        async with self._turn:
            if self.is_up and self._server:
                self.is_up = False
                self._host.set_active(self.unit, False)
                await self._server.stop()

    def pulls(self, image: str, arch: str) -> bool:
        """Whether a node of ``arch`` gets ``image``: only from here, since there is no internet."""
        try:
            wanted = ImageReference.parse(image)
        except ValueError:
            return False
        if self._server is None or not self.is_up or wanted.host != self.description.authority:
            return False
        return self._server.has_image(wanted.repository, wanted.tag, arch)

    def images(self) -> list[str]:
        """Full references of everything it holds."""
        held = self._server.images() if self._server else []
        return [f"{self.description.authority}/{image}" for image in held]

    def _made(self) -> RegistryServer:
        found = self.description
        tls = self._pki.server_context(found.address, "localhost") if found.tls else None
        if found.type != "harbor":
            return RegistryServer(found.address, found.port, tls, self._faults, self._directory)
        users = {"admin": found.password, found.username: found.password}
        return HarborServer(found.address, found.port, tls, users, found.projects, self._faults, self._directory)
