"""The rehearsed hosts: SSH as a real machine speaks it, commands and files as they are on a bare one."""

from __future__ import annotations

import contextlib
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from fleetforge.fleet.errors.base import FleetforgeError
from fleetforge.rehearsal.faults import Fault


def refused(connection: Any) -> str:
    with pytest.raises(FleetforgeError) as caught:
        connection.run("true")
    return caught.value.code


def test_every_host_shows_the_key_that_known_hosts_names(site, visitor) -> None:
    for host in site.description.hosts:
        assert visitor.host(host.name).run("hostname").text == f"{host.hostname}\n"


def test_a_wrong_password_is_refused(visitor, master) -> None:
    assert refused(visitor.host(master, password="wrong")) == "FF-HOST-005"


def test_another_user_is_refused(visitor, master) -> None:
    assert refused(visitor.host(master, user="somebody")) == "FF-HOST-005"


def test_a_new_host_key_is_noticed(site, visitor) -> None:
    assert visitor.host("noisy").run("echo in").text == "in\n"
    site.give_new_host_key("noisy")
    assert refused(visitor.host("noisy")) == "FF-HOST-009"
    site.description.known_hosts.write_text(_scanned(site))


def _scanned(site: Any) -> str:
    lines = site.description.known_hosts.read_text().splitlines()
    for number, host in enumerate(site.description.hosts):
        key = (site.description.directory / "hosts" / host.name / "ssh_host_ed25519_key").as_posix()
        public = subprocess.run(["ssh-keygen", "-y", "-f", key], check=True, capture_output=True, text=True).stdout
        lines[number] = f"[{host.address}]:{host.port} {' '.join(public.split()[:2])}"
    return "\n".join([*lines, ""])


def test_a_stopped_host_refuses_connections_until_it_is_started(site, visitor, master) -> None:
    site.stop_host(master)
    assert refused(visitor.host(master)) == "FF-HOST-001"
    site.start_host(master)
    assert visitor.host(master).run("echo back").text == "back\n"


def test_a_stopped_host_runs_nothing_any_more(site, visitor, master, tmp_path: Path) -> None:
    connection = visitor.host(master)
    connection.run(f"setsid sleep 600 >/dev/null 2>&1 & echo $! > {tmp_path}/pid")
    stream = connection.stream(f"echo $$ >> {tmp_path}/pid; echo begun; sleep 600", idle=5)
    assert next(stream) == b"begun\n"
    site.stop_host(master)
    with pytest.raises(FleetforgeError) as lost:
        list(stream)
    assert lost.value.code == "FF-HOST-011"
    assert [pid for pid in (tmp_path / "pid").read_text().split() if _runs(pid)] == []


def _runs(pid: str) -> bool:
    """Zombies have no command line."""
    with contextlib.suppress(FileNotFoundError):
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    return False


@pytest.mark.parametrize(("arch", "machine"), [("amd64", "x86_64"), ("arm64", "aarch64")])
def test_a_machine_has_the_declared_architecture(site, visitor, arch, machine) -> None:
    host = next(host for host in site.description.hosts if host.arch == arch)
    assert visitor.host(host.name).run("uname -m").text == f"{machine}\n"


@pytest.mark.parametrize("command", ["df -PB1 /", "date +%s", "free -m", "test -e /etc/passwd", "sysctl -p", "nproc"])
def test_a_bare_machine_has_the_usual_programs(visitor, master, command) -> None:
    assert visitor.host(master).run(command).exit_code == 0


@pytest.mark.parametrize("command", ["docker ps", "kubectl get nodes", "no-such-program"])
def test_a_bare_machine_lacks_what_kk_brings(visitor, master, command) -> None:
    assert visitor.host(master).run(command).exit_code == 127


def test_what_preflight_looks_for_is_there(visitor, master) -> None:
    assert visitor.host(master).run("sudo -n true 2>&1; command -v sudo socat conntrack >/dev/null").text == ""


def test_a_noisy_host_complains_at_every_sudo(visitor) -> None:
    assert "unable to resolve host noisy" in visitor.host("noisy").run("sudo -n true 2>&1").text


def test_sudo_takes_the_password_from_standard_input(visitor) -> None:
    done = visitor.host("unprivileged").run("sudo -S -p '' sh -c 'echo as $USER; cat'", stdin=b"its password\nrest")
    assert done.text == "as root\nrest"


@pytest.mark.parametrize(
    ("command", "stdin"), [("sudo -S true", b"a\nb\nc\n"), ("sudo -n true", b""), ("sudo true", b"")]
)
def test_sudo_without_the_password_does_nothing(visitor, command, stdin) -> None:
    assert visitor.host("unprivileged").run(command, stdin=stdin).exit_code == 1


def test_a_terminal_is_asked_for_the_password(site, visitor) -> None:
    channel = visitor.host("unprivileged").transport().open_session()
    channel.get_pty()
    channel.exec_command("sudo sh -c 'echo done'")
    channel.settimeout(5)
    assert b"[sudo] password for ops" in channel.recv(200)
    channel.sendall(b"its password\n")
    assert channel.recv(200).endswith(b"done\r\n")


def test_each_host_has_files_of_its_own(site, visitor, tmp_path: Path) -> None:
    first, second = (host.name for host in site.description.hosts[:2])
    visitor.host(first).write("/etc/kubernetes/mine", b"content")
    assert visitor.host(first).run("cat /etc/kubernetes/mine").text == "content"
    assert visitor.host(second).run("test -e /etc/kubernetes/mine").exit_code == 1
    visitor.host(first).download("/etc/kubernetes/mine", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"content"


def test_a_command_can_be_made_to_fail(site, visitor, master) -> None:
    site.add_fault(Fault(f"ssh:{master}", match="uptime", status=7, text="no such luck"))
    connection = visitor.host(master)
    assert connection.run("echo fine").exit_code == 0
    # Without the product's frame around a command, the fault's exit code and words arrive as they are.
    channel = connection.transport().open_session()
    channel.exec_command("uptime")
    assert (channel.recv_exit_status(), channel.recv_stderr(99)) == (7, b"no such luck\n")
    assert connection.run("uptime; true").exit_code == 0


def test_a_command_can_lose_its_connection(site, visitor, master) -> None:
    site.add_fault(Fault(f"ssh:{master}", match="echo lost"))
    with pytest.raises(FleetforgeError) as caught:
        visitor.host(master).run("echo lost")
    assert caught.value.code == "FF-HOST-011"


def test_a_command_can_begin_late(site, visitor, master) -> None:
    site.add_fault(Fault(f"ssh:{master}", status=0, seconds=0.5))
    started = time.monotonic()
    assert visitor.host(master).run("echo late").text == "late\n"
    assert time.monotonic() - started >= 0.5


def test_a_connection_can_be_dropped(site, visitor, master) -> None:
    site.add_fault(Fault(f"connect:{master}"))
    assert refused(visitor.host(master)).startswith("FF-HOST-")
    assert visitor.host(master).run("echo in").text == "in\n"


def test_a_login_can_take_longer_than_anybody_waits(site, visitor, master) -> None:
    site.add_fault(Fault(f"connect:{master}", seconds=3))
    started = time.monotonic()
    assert refused(visitor.host(master, timeout=0.5)).startswith("FF-HOST-")
    assert time.monotonic() - started < 3
