"""What tests of several rooms share: a real Prefect server, and rehearsed sites for fleets of any shape."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# Before anything imports Prefect: no profile of the person who runs the tests is read or written.
os.environ |= {
    "PREFECT_HOME": tempfile.mkdtemp(prefix="fleetforge-tests-"),
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "ERROR",
    "DO_NOT_TRACK": "1",
    "FLEETFORGE_RETRY_DELAY": "0.3",
    "FLEETFORGE_STATE": tempfile.mkdtemp(prefix="fleetforge-tests-state-"),
}
os.environ.pop("PREFECT_API_URL", None)

if TYPE_CHECKING:
    from fleetforge.rehearsal.site_client import Site

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "aicc" / "fleet.yaml"
Change = Callable[[Path], None]


@dataclass(frozen=True)
class Rehearsed:
    """A fleet whose site runs: ``file`` is its fleet.yaml on loopback, stored under ``name``."""

    name: str
    file: Path
    site: Site

    def apply(self) -> None:
        """Store the files as they are now."""
        from fleetforge.blocks import fleet_store
        from fleetforge.blocks.definition_files import load_fleet

        loaded = load_fleet(self.file)
        fleet_store.saved(loaded.fleet, loaded.secrets)

    def edit(self, *changes: tuple[str, str, str]) -> None:
        """In each ``(file, old, new)`` replace ``old``, which must be there; then store the fleet again."""
        for file, old, new in changes:
            path = self.file.parent / file
            text = path.read_text()
            assert old in text, f"{old!r} is not in {file}"
            path.write_text(text.replace(old, new))
        self.apply()


Rehearse = Callable[[str], AbstractContextManager[Rehearsed]]


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a real Prefect server that this process and its children talk to."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from fleetforge.cli import server

    port = server.free_port()
    url = f"http://127.0.0.1:{port}"
    environment = server.server_environment(tmp_path_factory.mktemp("prefect"), f"{url}/api")
    process = server.started_server(environment, "127.0.0.1", port)
    os.environ |= environment
    try:
        with temporary_settings({PREFECT_API_URL: f"{url}/api"}):
            from fleetforge.blocks.fleet_store import registered

            registered()
            yield url
    finally:
        server.stopped(process)


@pytest.fixture(scope="session")
def rehearse(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> Rehearse:
    """``with rehearse("name") as fleet``: the example's fleet under that name, on a fresh site of its own."""

    from fleetforge.cli.rehearsal_place import moved
    from fleetforge.rehearsal.site_client import Site

    @contextmanager
    def started(name: str) -> Iterator[Rehearsed]:
        directory = tmp_path_factory.mktemp(name)
        with moved(EXAMPLE, directory) as relocated:
            file = directory / "fleet" / "fleet.yaml"
            text = file.read_text()
            assert "metadata:\n  name: aicc\n" in text
            file.write_text(text.replace("metadata:\n  name: aicc\n", f"metadata:\n  name: {name}\n"))
            with Site.started(relocated.site, directory / "site.log") as site:
                fleet = Rehearsed(name, file, site)
                fleet.apply()
                yield fleet

    return started
