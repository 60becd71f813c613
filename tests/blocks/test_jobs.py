"""Detached jobs: started once, locked while they run, stopped only while they run, read in the order they printed."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fleetforge.blocks import jobs as jobs_block
from fleetforge.blocks.connection import Completed, Connection, LocalConnection
from fleetforge.blocks.jobs import Job, Jobs, JobState
from fleetforge.fleet.errors.base import FleetforgeError, NeedsOperator

ENDS_AT_ONCE = Job(JobState.ENDED, 0)


@pytest.fixture
def jobs(machine: Connection, tmp_path: Path) -> Jobs:
    return Jobs(machine, str(tmp_path))


@pytest.fixture
def local(tmp_path: Path) -> Jobs:
    return Jobs(LocalConnection(), str(tmp_path))


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {seconds} s"
        time.sleep(0.02)


def log_of(jobs: Jobs, key: str, offset: int = 0) -> str:
    return b"".join(jobs.followed(key, 5, offset)).decode()


def test_a_job_runs_ends_with_its_exit_code_and_is_put_away(jobs: Jobs, tmp_path: Path) -> None:
    assert jobs.job("build").state is JobState.NONE
    assert jobs.start("build", f"until [ -e {tmp_path}/go ]; do sleep 0.05; done; echo done; exit 7")
    assert jobs.job("build") == Job(JobState.RUNNING)
    (tmp_path / "go").touch()
    assert log_of(jobs, "build") == "done\n"
    assert jobs.job("build") == Job(JobState.ENDED, 7)
    assert Path(jobs.put_away("build")).read_text() == "done\n"
    assert jobs.job("build").state is JobState.NONE
    assert list((tmp_path / "jobs").iterdir()) == []


def test_a_job_is_started_once_however_many_try(jobs: Jobs, tmp_path: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(lambda _: jobs.start("build", f"echo ran >> {tmp_path}/runs; sleep 0.5"), range(6)))
    assert sorted(won) == [False] * 5 + [True]
    log_of(jobs, "build")
    assert (tmp_path / "runs").read_text() == "ran\n"
    assert [path.name for path in (tmp_path / "jobs").iterdir()] == ["build"]


def test_a_job_that_is_starting_does_not_look_vanished(local: Jobs) -> None:
    seen: set[JobState] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            seen.add(local.job("build").state)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(5):
        local.start("build", "sleep 0.05")
        log_of(local, "build")
        local.put_away("build")
    over.set()
    watcher.join()
    assert JobState.VANISHED not in seen
    assert JobState.RUNNING in seen


def test_both_outputs_are_kept_in_order_and_read_from_any_byte(jobs: Jobs) -> None:
    jobs.start("build", "for n in 1 2 3; do echo out $n; echo err $n >&2; done; sleep 0.3; echo last")
    assert log_of(jobs, "build") == "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\nlast\n"
    assert log_of(jobs, "build", offset=36) == "last\n"
    assert log_of(jobs, "build", offset=41) == ""


def test_a_killed_command_has_an_exit_code(local: Jobs) -> None:
    local.start("build", "kill -KILL $$")
    log_of(local, "build")
    assert local.job("build") == Job(JobState.ENDED, 137)


def test_a_killed_wrapper_leaves_the_job_running_until_its_command_is_gone(local: Jobs, tmp_path: Path) -> None:
    local.start("build", f"until [ -e {tmp_path}/go ]; do sleep 0.05; done")
    until(lambda: (tmp_path / "jobs/build/pid").exists())
    os.kill(int((tmp_path / "jobs/build/pid").read_text()), signal.SIGKILL)
    assert local.job("build") == Job(JobState.RUNNING)
    assert not local.start("build", "true")
    with pytest.raises(FleetforgeError):
        local.put_away("build")
    (tmp_path / "go").touch()
    log_of(local, "build")
    assert local.job("build") == Job(JobState.VANISHED)


def test_a_stopped_job_is_gone_with_its_children(jobs: Jobs) -> None:
    marker = f"7{os.getpid()}{time.monotonic_ns() % 10_000}"
    jobs.start("build", f"echo up; sleep {marker} & sleep {marker}")
    jobs.stop("build")
    assert jobs.job("build") == Job(JobState.ENDED, 143)
    assert subprocess.run(["pgrep", "-f", f"^sleep {marker}"], capture_output=True).stdout == b""


def test_a_job_that_ignores_sigterm_is_killed(local: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_block, "GRACE", 1)
    local.start("build", "trap '' TERM; echo deaf; while :; do sleep 0.1; done")
    assert next(iter(local.followed("build", 5))) == b"deaf\n"
    local.stop("build")
    assert local.job("build").state is JobState.VANISHED


def test_stopping_an_ended_job_touches_nobody_who_has_its_number_now(local: Jobs, tmp_path: Path) -> None:
    local.start("build", "true")
    log_of(local, "build")
    bystander = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        (tmp_path / "jobs/build/pid").write_text(str(bystander.pid))
        local.stop("build")
        local.stop("never-started")
        assert bystander.poll() is None
        assert local.job("build") == ENDS_AT_ONCE
    finally:
        bystander.kill()
        bystander.wait()


def test_a_job_is_nobody_elses_to_read(jobs: Jobs, tmp_path: Path) -> None:
    secret = f"s3cret-{time.monotonic_ns()}"
    jobs.start("build", f"PASSWORD={secret}; sleep 0.6")
    lines = [line for line in map(command_line, Path("/proc").glob("[0-9]*/cmdline")) if secret in line]
    assert lines == []
    job = tmp_path / "jobs/build"
    assert stat.S_IMODE(job.parent.stat().st_mode) == stat.S_IMODE(job.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in job.iterdir()} == dict.fromkeys(
        (path.name for path in job.iterdir()), 0
    )
    log_of(jobs, "build")
    log = Path(jobs.put_away("build"))
    assert (stat.S_IMODE(log.stat().st_mode), stat.S_IMODE(log.parent.stat().st_mode)) == (0o600, 0o700)


def command_line(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


@pytest.mark.parametrize("key", ["", ".", "..", ".hidden", "a/b", "a b", "a\n", "$(id)"])
def test_a_key_that_is_no_plain_file_name_is_refused(local: Jobs, key: str) -> None:
    with pytest.raises(ValueError, match="not a job key"):
        local.job(key)


class Altered(LocalConnection):
    """This machine; commands come with ``prefix`` before them and lose the end of their input."""

    def __init__(self, prefix: str = "", lost: int = 0) -> None:
        self._prefix, self._lost = prefix, lost

    def run(self, command: str, *, stdin: bytes = b"", timeout: float = 60, limit: int = 1 << 20) -> Completed:
        return super().run(self._prefix + command, stdin=stdin[: len(stdin) - self._lost], timeout=timeout, limit=limit)


def test_a_script_that_did_not_arrive_whole_is_not_run(tmp_path: Path) -> None:
    with pytest.raises(NeedsOperator) as caught:
        Jobs(Altered(lost=9), str(tmp_path)).start("build", f"touch {tmp_path}/ran\necho more")
    assert caught.value.code == "FF-CTL-001"
    assert "did not arrive whole" in caught.value.evidence[0]
    assert list((tmp_path / "jobs").iterdir()) == []
    assert not (tmp_path / "ran").exists()


def test_a_machine_without_the_tools_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(NeedsOperator) as caught:
        Jobs(Altered(prefix="PATH=/nowhere\n"), str(tmp_path)).start("build", "true")
    assert (caught.value.code, caught.value.evidence) == ("FF-CTL-005", ("there is no flock",))


def test_a_workspace_that_cannot_be_made_is_coded(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NeedsOperator) as caught:
        Jobs(LocalConnection(), str(tmp_path / "file")).start("build", "true")
    assert caught.value.code == "FF-CTL-001"
