"""The rehearsed site as one process: ``python -m fleetforge.rehearsal.site <site.json>``.

Starts everything the description names, prints ``ready`` once it all listens, and ends on SIGTERM or SIGINT; with
``--until-stdin-closes`` also when whoever started it is gone. In the site's directory:

    pki/            the authority behind every certificate of the site
    known_hosts     the hosts' SSH keys
    control/kk      what the control machine calls kk
    hosts/<name>/   what a host has on its disk
    registry/       what was pushed
    site.sock       the admin API (see site_api.py)

What it does NOT do: keep clusters over a restart (the registry and the hosts' disks stay).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from fleetforge.rehearsal.faults import Faults
from fleetforge.rehearsal.host_root import system_programs
from fleetforge.rehearsal.hosts import Host
from fleetforge.rehearsal.kubernetes import KubernetesCluster
from fleetforge.rehearsal.pki import Pki
from fleetforge.rehearsal.site_api import AdminApi
from fleetforge.rehearsal.site_cluster import SiteCluster, pace_of
from fleetforge.rehearsal.site_description import ClusterDescription, SiteDescription
from fleetforge.rehearsal.site_registry import SiteRegistry

_KK = """#!/bin/sh
exec {python} -m fleetforge.rehearsal.kk {site} --program "$0" "$@"
"""


class RunningSite:
    """Every part of a site, by the names of its description."""

    def __init__(self, description: SiteDescription) -> None:
        self.description = description
        self.faults = Faults()
        self._pki = Pki(description.directory / "pki")
        self.hosts = {host.name: host for host in self._hosts()}
        self.registry = self._registry()
        self.clusters = {one.name: self._cluster(one) for one in description.clusters}

    async def start(self) -> None:
        """Hosts listen, an installed registry too, the control machine has its kk. ``OSError`` when a port is taken."""
        for host in self.hosts.values():
            host.installed()
        await asyncio.gather(*(host.start() for host in self.hosts.values()))
        if self.registry and self.registry.description.installed:
            await self.registry.start()
        lines = (host.known_hosts_line for host in self.hosts.values())
        self.description.known_hosts.write_text("".join(f"{line}\n" for line in lines))
        self._write_kk()

    async def stop(self) -> None:
        """Nothing listens and nothing the hosts had started runs any more."""
        await asyncio.gather(*(cluster.stop() for cluster in self.clusters.values()))
        await asyncio.gather(*(host.stop() for host in self.hosts.values()))
        if self.registry:
            await self.registry.stop()

    def _hosts(self) -> list[Host]:
        directory = self.description.directory
        system = system_programs(directory / "system-programs")
        socket = str(self.description.socket)
        return [
            Host(one, directory / "hosts" / one.name, self.faults, socket=socket, system=system)
            for one in self.description.hosts
        ]

    def _registry(self) -> SiteRegistry | None:
        found = self.description.registry
        if found is None:
            return None
        place = self.description.directory / "registry"
        return SiteRegistry(found, self.hosts[found.host].root, self._pki, self.faults, place)

    def _cluster(self, one: ClusterDescription) -> SiteCluster:
        registry, pace = self.registry, pace_of(self.description.pace)

        def pulls(image: str, arch: str) -> bool:
            return registry is None or registry.pulls(image, arch)

        def new() -> KubernetesCluster:
            address, port, version = one.api_address, one.api_port, one.kubernetes_version
            return KubernetesCluster(one.name, version, address, port, self._pki, self.faults, pulls, pace=pace)

        hosts = {host.description.hostname: host.root for host in self.hosts.values()}
        return SiteCluster(new, registry.images if registry else list, hosts)

    def _write_kk(self) -> None:
        """The program the control machine calls kk."""
        program = self.description.control / "kk"
        program.parent.mkdir(mode=0o700, exist_ok=True)
        file = shlex.quote(str(self.description.file))
        program.write_text(_KK.format(python=shlex.quote(sys.executable), site=file))
        program.chmod(0o755)


async def run(description: SiteDescription, ready: Callable[[], None], until_stdin_closes: bool) -> None:
    """Everything, until a signal comes (or standard input ends)."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    site = RunningSite(description)
    api = AdminApi(site)
    try:
        await site.start()
        await api.start()
        ready()
        if until_stdin_closes:
            loop.add_reader(sys.stdin.fileno(), _at_end, over)
        await over.wait()
    finally:
        await api.stop()
        await site.stop()


def _at_end(over: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1024):
        over.set()


def main(argv: list[str]) -> int:
    """Exit code 0 after a signal, 1 when something could not start (said on standard error), 2 for wrong usage."""
    flags, files = [word for word in argv if word.startswith("--")], [word for word in argv if word[:2] != "--"]
    if len(files) != 1 or flags not in ([], ["--until-stdin-closes"]):
        print("usage: python -m fleetforge.rehearsal.site [--until-stdin-closes] <site.json>", file=sys.stderr)
        return 2
    description = SiteDescription.load(Path(files[0]))
    try:
        asyncio.run(run(description, lambda: print("ready", flush=True), bool(flags)))
    except OSError as error:
        print(f"the site cannot start: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
