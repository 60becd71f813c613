"""The site as a process: ready when everything listens, gone without a trace, plain about what kept it down."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fleetforge.rehearsal.faults import Fault
from fleetforge.rehearsal.site_client import Site, SiteFailed
from fleetforge.rehearsal.site_description import HostDescription, SiteDescription
from fleetforge.rehearsal.site_request import SiteRefused, asked
from fleetforge.rehearsal.slots import free_slot


@pytest.fixture
def small(tmp_path: Path):
    """The description of a site with one host."""
    with free_slot() as slot:
        host = HostDescription(
            name="one", hostname="one", address=f"127.{100 + slot.number}.3.1", password="p", cluster=""
        )
        yield SiteDescription(directory=tmp_path / "site", hosts=(host,), clusters=())


def listens(description: SiteDescription) -> bool:
    host = description.hosts[0]
    with socket.socket() as probe:
        return probe.connect_ex((host.address, host.port)) == 0


def test_a_started_site_listens_and_a_stopped_one_leaves_nothing(small, tmp_path) -> None:
    with Site.started(small, tmp_path / "log") as site:
        assert listens(small)
        assert site.ask("GET", "/health") == {"ready": True}
    assert not listens(small)
    assert not small.socket.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(site.pid, 0)
    assert (tmp_path / "log").read_text() == ""


def test_a_site_ends_with_the_process_that_started_it(small, tmp_path) -> None:
    small.directory.mkdir()
    small.save(small.file)
    script = (
        "import os, sys; from pathlib import Path; from fleetforge.rehearsal.site_client import Site;"
        "from fleetforge.rehearsal.site_description import SiteDescription;"
        "site = Site.started(SiteDescription.load(Path(sys.argv[1])), Path(sys.argv[2])); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, str(small.file), str(tmp_path / "log")], check=True, timeout=20)
    with Site.started(small, tmp_path / "log"):
        assert listens(small)


def test_a_restarted_site_keeps_its_host_keys(small, tmp_path) -> None:
    with Site.started(small, tmp_path / "log"):
        first = small.known_hosts.read_text()
    with Site.started(small, tmp_path / "log"):
        assert small.known_hosts.read_text() == first


def test_an_address_in_use_is_named(small, tmp_path) -> None:
    place = (small.hosts[0].address, small.hosts[0].port)
    with socket.create_server(place), pytest.raises(SiteFailed, match=r"cannot start.*in use"):
        Site.started(small, tmp_path / "log")


def test_a_directory_too_deep_for_a_socket_is_refused(small, tmp_path) -> None:
    deep = small.model_copy(update={"directory": tmp_path / ("d" * 120)})
    with pytest.raises(SiteFailed, match="too long for a socket"):
        Site.started(deep, tmp_path / "log")


def test_secrets_and_the_admin_api_are_the_owners_alone(site) -> None:
    description = site.description
    for path in (description.file, description.socket):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(description.control.stat().st_mode) == 0o700


def test_the_control_machine_has_a_kk(site) -> None:
    program = site.description.control / "kk"
    assert os.access(program, os.X_OK)
    assert f"{site.description.file} --program" in program.read_text()


def test_a_fault_is_taken_as_often_as_it_says(site) -> None:
    site.add_fault(Fault("kk", match="Create", times=2, text="boom"))
    subject = {"target": "kk", "subject": "CreateClusterPipeline"}
    assert site.ask("POST", "/faults/take", {**subject, "subject": "AddNodesPipeline"}) is None
    taken = [site.ask("POST", "/faults/take", subject) for _ in range(3)]
    assert [found and found["text"] for found in taken] == ["boom", "boom", None]


def test_cleared_faults_do_not_strike(site) -> None:
    site.add_fault(Fault("kk"))
    site.clear_faults()
    assert site.ask("POST", "/faults/take", {"target": "kk", "subject": "x"}) is None


@pytest.mark.parametrize("body", [{}, {"target": "kk", "match": "("}, {"target": "kk", "colour": "red"}, "text"])
def test_a_senseless_fault_is_refused(site, body) -> None:
    with pytest.raises(SiteRefused) as caught:
        site.ask("POST", "/faults", body)
    assert caught.value.status == 400


@pytest.mark.parametrize("target", ["/hosts/nobody/stop", "/clusters/none/api/start", "/nowhere"])
def test_an_unknown_name_is_not_found(site, target) -> None:
    with pytest.raises(SiteRefused) as caught:
        asked(site.description.socket, "POST", target, {})
    assert caught.value.status == 404
