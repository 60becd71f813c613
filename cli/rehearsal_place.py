"""A rehearsal's place on this machine: its directory, its slot of 127/8, its site and its Prefect server."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from fleetforge.blocks.definition_files import LoadedFleet, load_fleet
from fleetforge.cli import server
from fleetforge.fleet.definition import FLEET_FILE, Fleet
from fleetforge.fleet.errors.catalogue import fault
from fleetforge.rehearsal.loopback import Relocated, loopback
from fleetforge.rehearsal.site_client import Site, SiteFailed
from fleetforge.rehearsal.slots import free_slot

MARK = "rehearsal.lock"
"""The file by which a directory is known to be a rehearsal's, and may be emptied; locked while one runs."""
MANIFEST = "manifest.yaml"


@dataclass
class Place:
    """A running rehearsal. ``environment`` makes this process and its children talk to the rehearsal's server."""

    name: str
    url: str
    directory: Path
    environment: dict[str, str]
    relocated: Relocated
    site: Site
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def summary(self) -> str:
        site = self.relocated.site
        hosts = ", ".join(f"{host.name} ({host.arch}) {host.address}" for host in site.hosts)
        return f"{len(site.hosts)} hosts: {hosts}"

    @property
    def fleet_file(self) -> Path:
        return self.directory / "fleet" / FLEET_FILE

    def apply(self) -> None:
        """Store the relocated fleet; needs the environment to be set."""
        from fleetforge.blocks import fleet_store

        loaded = load_fleet(self.fleet_file)
        fleet_store.registered()
        fleet_store.saved(loaded.fleet, loaded.secrets, "rehearsal")

    def serve(self) -> None:
        """Deployments and a worker, so that the UI can start flows."""
        server.deployed(os.environ)
        self.processes.append(server.started_worker(os.environ))

    def wait(self) -> None:
        """Return when interrupted, or when server or worker end."""
        server.waited(self.processes)


@contextmanager
def prepared(file: Path, directory: Path) -> Iterator[Place]:
    """A site and a server for the fleet in ``file``; both are stopped and the slot given back at the end.

    Raises the FF-SPEC errors of the fleet, and ``FF-FLT-008`` when the directory is not a rehearsal's or is in use.
    """
    directory = directory.resolve()
    with moved(file, directory) as relocated, _running(relocated, directory) as place:
        yield place


@contextmanager
def moved(file: Path, directory: Path) -> Iterator[Relocated]:
    """The fleet in ``file``, moved to a free slot of 127/8 and written to ``directory``/fleet; nothing runs yet."""
    loaded = load_fleet(file, environment=_Anything(), stored=lambda name: _Anything())
    with _emptied(directory), free_slot() as slot:
        relocated = loopback(_documents(loaded.fleet), loaded.fleet.spec, slot.number, directory / "site")
        _write(relocated, loaded, directory / "fleet")
        yield relocated


@contextmanager
def _running(relocated: Relocated, directory: Path) -> Iterator[Place]:
    """Site and server start side by side: neither needs the other."""
    port = server.free_port()
    url = f"http://127.0.0.1:{port}"
    environment = server.server_environment(directory / "prefect", f"{url}/api")
    environment["FLEETFORGE_STATE"] = str(directory / "state")
    with ThreadPoolExecutor(2) as pool:
        site_start = pool.submit(_site, relocated, directory / "site.log")
        server_start = pool.submit(server.started_server, environment, "127.0.0.1", port)
    processes: list[subprocess.Popen[bytes]] = []
    try:
        processes.append(server_start.result())
        changed = {key: value for key, value in environment.items() if os.environ.get(key) != value}
        yield Place(relocated.spec.name, url, directory, changed, relocated, site_start.result(), processes)
    finally:
        _drained()
        for process in reversed(processes):
            server.stopped(process)
        if site_start.exception() is None:
            site_start.result().stop()


def _drained() -> None:
    """What this process's runs said has reached the server, before that is stopped."""
    if "prefect.events.worker" in sys.modules:
        from prefect.events.worker import EventsWorker
        from prefect.logging.handlers import APILogWorker

        for worker in (APILogWorker, EventsWorker):
            worker.drain_all(timeout=5)


def _site(relocated: Relocated, log: Path) -> Site:
    try:
        return Site.started(relocated.site, log)
    except SiteFailed as error:
        evidence = str(error).splitlines()
        where = str(relocated.site.directory)
        raise fault("FF-FLT-009", "the site did not start", where=where, evidence=evidence) from error


@contextmanager
def _emptied(directory: Path) -> Iterator[None]:
    """The directory, empty but for the mark, which is locked meanwhile."""
    mark = directory / MARK
    if directory.exists() and not mark.exists() and any(directory.iterdir()):
        raise fault("FF-FLT-008", "the directory holds something that is not a rehearsal's", where=str(directory))
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with mark.open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise fault("FF-FLT-008", "another rehearsal runs in this directory", where=str(directory)) from error
        for path in directory.iterdir():
            if path != mark:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        yield


def _documents(fleet: Fleet) -> dict[str, list[dict[str, object]]]:
    return {name: [dict(config.raw), *map(dict, config.documents)] for name, config in fleet.configs.items()}


def _write(relocated: Relocated, loaded: LoadedFleet, directory: Path) -> None:
    """The moved fleet as files, readable by their owner alone: kk configs hold (throwaway) passwords."""
    spec = relocated.spec
    clusters = tuple(cluster.model_copy(update={"config": f"{cluster.name}.yaml"}) for cluster in spec.spec.clusters)
    artifact = spec.spec.artifact.model_copy(update={"manifest": MANIFEST})
    moved = spec.model_copy(update={"spec": spec.spec.model_copy(update={"clusters": clusters, "artifact": artifact})})
    texts = {f"{name}.yaml": text for name, text in relocated.configs.items()}
    texts[MANIFEST] = loaded.fleet.files[loaded.fleet.manifest_file]
    texts[FLEET_FILE] = yaml.safe_dump(moved.model_dump(mode="json", by_alias=True, exclude_none=True), sort_keys=False)
    directory.mkdir(mode=0o700)
    for name, text in texts.items():
        path = directory / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")


class _Anything(Mapping[str, str]):
    """Every name has a value: a rehearsal needs no real secret."""

    def __getitem__(self, key: str) -> str:
        return "rehearsal"

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
