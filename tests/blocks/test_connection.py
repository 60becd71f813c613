"""A machine behaves the same here and over SSH."""

from __future__ import annotations

import os
import stat
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fleetforge.blocks.connection import Connection, required
from fleetforge.fleet.errors.base import FleetforgeError, NeedsOperator, Permanent, Transient


def test_exit_code_and_both_streams_come_back(machine: Connection) -> None:
    completed = machine.run("printf out; printf err >&2; exit 7")
    assert (completed.exit_code, completed.stdout, completed.stderr) == (7, b"out", b"err")


def test_a_command_line_is_a_shell_line(machine: Connection) -> None:
    assert machine.run("A='x y'; printf '%s|' \"$A\" \"it's\"; cd /; pwd").text == "x y|it's|/\n"


def test_standard_input_is_fed_whole_while_output_flows(machine: Connection) -> None:
    data = os.urandom(3_000_000)
    assert machine.run("cat", stdin=data, limit=4_000_000).stdout == data


def test_a_command_that_ignores_its_input_still_ends(machine: Connection) -> None:
    assert machine.run("exit 3", stdin=b"x" * 2_000_000).exit_code == 3


def test_without_input_a_reader_sees_the_end_at_once(machine: Connection) -> None:
    assert machine.run("cat; echo done", timeout=10).text == "done\n"


def test_a_command_killed_by_a_signal_is_no_success(machine: Connection) -> None:
    assert machine.run("kill -KILL $$").exit_code not in (0, 1)


def test_a_process_left_in_the_background_does_not_hold_the_answer_back(machine: Connection) -> None:
    began = time.monotonic()
    assert machine.run("sleep 30 & echo here; echo $!", timeout=20).text.startswith("here")
    assert time.monotonic() - began < 8


def pids_with(marker: str) -> list[str]:
    return subprocess.run(["pgrep", "-f", f"^sleep {marker}"], capture_output=True, text=True).stdout.split()


def test_a_command_past_its_deadline_is_killed_with_its_children(machine: Connection) -> None:
    marker = f"{os.getpid()}{threading.get_ident() % 10_000}"
    with pytest.raises(FleetforgeError) as caught:
        machine.run(f"sleep {marker} & sh -c 'sleep {marker}; true'; true", timeout=0.6)
    assert caught.value.code == "FF-HOST-012"
    assert isinstance(caught.value, Transient)
    assert "waited 1 s for" in caught.value.what
    deadline = time.monotonic() + 5
    while pids_with(marker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert pids_with(marker) == []


def test_output_beyond_the_limit_is_an_error_and_ends_the_command(machine: Connection) -> None:
    began = time.monotonic()
    with pytest.raises(Permanent) as caught:
        machine.run("yes", limit=100_000, timeout=30)
    assert caught.value.code == "FF-HOST-016"
    assert time.monotonic() - began < 10


def test_commands_from_many_threads_do_not_mix(machine: Connection) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: machine.run(f"sleep 0.0{number % 3}; echo {number}").text, range(24)))
    assert answers == [f"{number}\n" for number in range(24)]


def test_a_stream_gives_output_as_it_comes_and_ticks_in_silence(machine: Connection) -> None:
    chunks = list(machine.stream("echo one; sleep 0.7; echo two", idle=0.2))
    assert b"".join(chunks) == b"one\ntwo\n"
    assert chunks.index(b"") < len(chunks) - 1


def test_a_closed_stream_ends_its_command(machine: Connection) -> None:
    marker = f"9{os.getpid()}{threading.get_ident() % 10_000}"
    stream = machine.stream(f"echo up; sleep {marker}", idle=5)
    assert next(stream) == b"up\n"
    stream.close()  # type: ignore[attr-defined]
    deadline = time.monotonic() + 5
    while pids_with(marker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert pids_with(marker) == []


def test_a_file_is_written_whole_private_and_with_its_parents(machine: Connection, tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "secret"
    machine.write(str(path), b"one")
    machine.write(str(path), b"two", mode=0o640)
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_a_file_is_private_unless_told_otherwise(machine: Connection, tmp_path: Path) -> None:
    machine.write(str(tmp_path / "secret"), b"x")
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_parts_of_a_file_can_be_read(machine: Connection, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    assert machine.read(str(tmp_path / "file"), offset=3, limit=4) == b"3456"
    assert machine.read(str(tmp_path / "file"), offset=20) == b""
    assert machine.size(str(tmp_path / "file")) == 10
    assert machine.size(str(tmp_path / "nothing")) is None


def test_a_missing_file_is_a_coded_error(machine: Connection, tmp_path: Path) -> None:
    with pytest.raises(NeedsOperator) as caught:
        machine.read(str(tmp_path / "nothing"))
    assert caught.value.code == "FF-HOST-015"
    assert str(tmp_path / "nothing") in caught.value.what


def test_a_failed_write_leaves_nothing_behind(machine: Connection, tmp_path: Path) -> None:
    (tmp_path / "directory" / "inside").mkdir(parents=True)
    with pytest.raises(NeedsOperator):
        machine.write(str(tmp_path / "directory"), b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["directory"]


def test_files_travel_both_ways(machine: Connection, tmp_path: Path) -> None:
    data = os.urandom(1_500_000)
    (tmp_path / "here").write_bytes(data)
    machine.upload(tmp_path / "here", str(tmp_path / "there" / "file"))
    machine.download(str(tmp_path / "there" / "file"), tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == data
    assert stat.S_IMODE((tmp_path / "there" / "file").stat().st_mode) == 0o600


def test_a_required_command_tells_its_last_words_when_it_fails(machine: Connection) -> None:
    assert required(machine, "echo fine") == "fine\n"
    with pytest.raises(Permanent) as caught:
        required(machine, "echo reason >&2; exit 4")
    assert caught.value.code == "FF-HOST-014"
    assert caught.value.evidence == ("reason",)
