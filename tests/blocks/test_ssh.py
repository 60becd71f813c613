"""Logging in over SSH: every way it fails has its code, and nobody is believed without the right host key."""

from __future__ import annotations

import socket
import subprocess
import threading
from pathlib import Path

import pytest

from fleetforge.blocks.ssh import SshConnection
from fleetforge.blocks.ssh_host_keys import HostKeyCheck
from fleetforge.blocks.ssh_login import SshTarget
from fleetforge.fleet.errors.base import FleetforgeError, NeedsOperator, Transient
from fleetforge.fleet.spec import HostKeyPolicy


def refused(target: SshTarget, via: SshConnection | None = None) -> FleetforgeError:
    with pytest.raises(FleetforgeError) as caught:
        SshConnection(target, via).run("true")
    return caught.value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_password_opens_the_door(password_host) -> None:
    connection = SshConnection(password_host.target())
    assert connection.run("echo in; cat", stdin=b"put", timeout=20).text == "in\nput"
    connection.close()


def test_an_inline_key_is_as_good_as_a_key_file(sshd) -> None:
    connection = SshConnection(sshd.target(private_key_path=None, private_key=sshd.key.read_text()))
    assert connection.run("echo in").text == "in\n"
    connection.close()


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_rsa_and_ecdsa_keys_are_understood(sshd, tmp_path: Path, kind: str) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(tmp_path / "k")], check=True)
    assert refused(sshd.target(private_key_path=tmp_path / "k")).code == "FF-HOST-006"


def test_a_wrong_password_asks_for_the_operator(password_host) -> None:
    error = refused(password_host.target(password="wrong"))
    assert isinstance(error, NeedsOperator)
    assert error.code == "FF-HOST-005"
    assert "wrong" not in error.rendered().replace("wrong password", "")


def test_a_key_nobody_authorised_asks_for_the_operator(sshd, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "k")], check=True)
    error = refused(sshd.target(private_key_path=tmp_path / "k"))
    assert isinstance(error, NeedsOperator)
    assert error.code == "FF-HOST-006"


def test_a_key_with_a_passphrase_or_no_key_at_all_is_told(sshd, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", str(tmp_path / "k")], check=True)
    assert refused(sshd.target(private_key_path=tmp_path / "k")).code == "FF-HOST-007"
    assert refused(sshd.target(private_key_path=tmp_path / "nothing")).code == "FF-HOST-007"
    assert refused(sshd.target(private_key="nonsense")).code == "FF-HOST-007"


def test_a_closed_port_may_open_by_itself() -> None:
    error = refused(SshTarget("127.0.0.1", free_port(), password="x"))
    assert isinstance(error, Transient)
    assert error.code == "FF-HOST-001"


def test_an_unknown_name_does_not_get_better_by_waiting() -> None:
    error = refused(SshTarget("no-such-host.invalid", password="x"))
    assert error.code == "FF-HOST-004"
    assert isinstance(error, NeedsOperator)


def test_a_silent_host_is_given_up_after_the_timeout() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        error = refused(SshTarget("127.0.0.1", port, password="x", timeout=0.5))
        for filler in fillers:
            filler.close()
    assert error.code == "FF-HOST-003"
    assert isinstance(error, Transient)


def test_something_that_is_not_ssh_is_told() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def answer() -> None:
            client, _ = server.accept()
            client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            client.close()

        thread = threading.Thread(target=answer)
        thread.start()
        check = HostKeyCheck(HostKeyPolicy.IGNORE)
        error = refused(SshTarget("127.0.0.1", server.getsockname()[1], password="x", host_key=check, timeout=5))
        thread.join()
    assert error.code == "FF-HOST-010"


def fingerprint(sshd) -> str:
    listed = subprocess.run(["ssh-keygen", "-lf", str(sshd.directory / "host.pub")], capture_output=True, text=True)
    return listed.stdout.split()[1]


def test_an_unknown_key_is_refused_under_verify(sshd, tmp_path: Path) -> None:
    error = refused(sshd.target(host_key=HostKeyCheck(HostKeyPolicy.VERIFY, tmp_path / "known_hosts")))
    assert error.code == "FF-HOST-008"
    assert isinstance(error, NeedsOperator)
    assert fingerprint(sshd) in "\n".join(error.evidence)
    assert f"ssh-keyscan -p {sshd.port} 127.0.0.1 >> {tmp_path}/known_hosts" in error.remedy
    assert not (tmp_path / "known_hosts").exists()


def test_following_the_remedy_for_an_unknown_key_lets_verify_pass(sshd, tmp_path: Path) -> None:
    scan = subprocess.run(["ssh-keyscan", "-p", str(sshd.port), "127.0.0.1"], capture_output=True, check=True)
    (tmp_path / "known_hosts").write_bytes(scan.stdout)
    connection = SshConnection(sshd.target(host_key=HostKeyCheck(HostKeyPolicy.VERIFY, tmp_path / "known_hosts")))
    assert connection.run("true").exit_code == 0
    connection.close()


def test_hashed_entries_and_damaged_lines_are_lived_with(sshd, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    known.write_text(f"# note\nbroken line !!\n@revoked x ssh-rsa AAAA\n[127.0.0.1]:{sshd.port} {sshd.host_key}")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(known)], check=False, capture_output=True)
    connection = SshConnection(sshd.target(host_key=HostKeyCheck(HostKeyPolicy.VERIFY, known)))
    assert connection.run("true").exit_code == 0
    connection.close()


def test_a_key_known_for_another_port_does_not_count(sshd, tmp_path: Path) -> None:
    (tmp_path / "known_hosts").write_text(f"127.0.0.1 {sshd.host_key}")
    assert refused(sshd.target(host_key=HostKeyCheck(file=tmp_path / "known_hosts"))).code == "FF-HOST-008"


def test_a_new_key_is_remembered_once_and_a_changed_one_refused(own_sshd, tmp_path: Path) -> None:
    known = tmp_path / "kept" / "known_hosts"
    target = own_sshd.target(host_key=HostKeyCheck(HostKeyPolicy.ACCEPT_NEW, known))
    for _ in range(2):
        connection = SshConnection(target)
        assert connection.run("true").exit_code == 0
        connection.close()
    assert len(known.read_text().splitlines()) == 1
    before = fingerprint(own_sshd)
    own_sshd.restart(new_host_key=True)

    error = refused(target)

    assert error.code == "FF-HOST-009"
    assert isinstance(error, NeedsOperator)
    evidence = "\n".join(error.evidence)
    assert f"known: {before}" in evidence
    assert f"shown: {fingerprint(own_sshd)}" in evidence
    assert f"ssh-keygen -R '[127.0.0.1]:{own_sshd.port}' -f {known}" in error.remedy

    subprocess.run(
        ["ssh-keygen", "-R", f"[127.0.0.1]:{own_sshd.port}", "-f", str(known)], check=True, capture_output=True
    )
    connection = SshConnection(target)
    assert connection.run("true").exit_code == 0
    connection.close()


def test_a_pinned_key_that_does_not_match_is_refused(sshd, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "other")], check=True)
    check = HostKeyCheck(pinned=(tmp_path / "other.pub").read_text())
    assert refused(sshd.target(host_key=check)).code == "FF-HOST-009"
    assert refused(sshd.target(host_key=HostKeyCheck(pinned="ssh-ed25519 ???"))).code == "FF-HOST-008"


def test_ignore_asks_nothing(sshd) -> None:
    connection = SshConnection(sshd.target(host_key=HostKeyCheck(HostKeyPolicy.IGNORE)))
    assert connection.run("true").exit_code == 0
    connection.close()


def test_a_lost_connection_is_coded_and_the_next_call_connects_anew(own_sshd) -> None:
    connection = SshConnection(own_sshd.target())
    threading.Timer(0.5, own_sshd.stop).start()
    with pytest.raises(Transient) as caught:
        connection.run("sleep 3", timeout=15)
    assert caught.value.code == "FF-HOST-011"
    assert refused(own_sshd.target()).code == "FF-HOST-001"
    own_sshd.start()
    assert connection.run("echo again").text == "again\n"
    connection.close()


def test_a_connection_lost_while_a_stream_is_read_is_no_end_of_the_stream(own_sshd) -> None:
    connection = SshConnection(own_sshd.target())
    stream = connection.stream("echo up; sleep 4", idle=10)
    assert next(stream) == b"up\n"
    own_sshd.stop()
    with pytest.raises(Transient) as caught:
        list(stream)
    assert caught.value.code == "FF-HOST-011"
    connection.close()


def test_a_stream_that_its_login_shell_never_began_is_told(own_sshd) -> None:
    connection = SshConnection(own_sshd.target())
    with own_sshd.key.with_suffix(".pub").open("r+") as authorised:
        forced = 'command="echo This account is closed" ' + authorised.read()
        authorised.seek(0)
        authorised.write(forced)
    with pytest.raises(NeedsOperator) as caught:
        list(connection.stream("echo answer", idle=10))
    assert caught.value.code == "FF-HOST-013"
    connection.close()


def test_a_host_is_reached_through_the_control_machine(own_sshd, password_host, sshd) -> None:
    control = SshConnection(own_sshd.target())
    inner = SshConnection(password_host.target(), via=control)
    assert inner.run("echo through").text == "through\n"
    inner.close()
    assert control.run("echo still here").text == "still here\n"
    closed = refused(SshTarget("127.0.0.1", free_port(), password="x", timeout=5), via=control)
    assert closed.code == "FF-HOST-002"
    assert "control machine cannot reach" in closed.what
    control.close()


def test_what_shell_files_print_is_not_taken_for_output(password_host, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = SshConnection(password_host.target())
    noisy = "/bin/sh -c 'echo noise; echo more >&2; exec \"$@\"' sh "
    original = connection.transport().open_session

    def open_session(*args: object, **options: object) -> object:
        channel = original(*args, **options)
        execute = channel.exec_command
        channel.exec_command = lambda command: execute(noisy + command)
        return channel

    monkeypatch.setattr(connection.transport(), "open_session", open_session)
    completed = connection.run("echo answer")
    assert (completed.stdout, completed.stderr) == (b"answer\n", b"")
    assert b"".join(connection.stream("echo answer", idle=1)) == b"answer\n"
    noisy = "echo 'This account is closed'; exit 1; "
    with pytest.raises(NeedsOperator) as caught:
        connection.run("echo answer")
    assert caught.value.code == "FF-HOST-013"
    assert "This account is closed" in "\n".join(caught.value.evidence)
    connection.close()


def test_passwords_and_keys_do_not_show_in_a_repr(password_host) -> None:
    target = password_host.target(private_key="-----BEGIN")
    assert password_host.password not in repr(target)
    assert "BEGIN" not in repr(target)
