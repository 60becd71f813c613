"""kk as a job: one kk whatever happens to those who wait for it, and its recorded outputs judged as they deserve."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from fleetforge.blocks import kk as kk_block
from fleetforge.blocks.connection import Connection, LocalConnection
from fleetforge.blocks.jobs import Jobs, JobState
from fleetforge.blocks.kk import Kk
from fleetforge.blocks.ssh import SshConnection
from fleetforge.fleet import kk_command
from fleetforge.fleet.errors.base import FleetforgeError, Transient
from fleetforge.fleet.kk_command import KkCommand
from fleetforge.fleet.kk_events import Event, texts

RECORDINGS = Path(__file__).parents[2] / "../shared/data/kk-transcripts"
ROOT = Path(__file__).parents[2]
KEY = "one-create"
CREATE = kk_command.create_cluster("config.yaml")
EXPORT = kk_command.artifact_export("manifest.yaml", "artifact.tar.gz")
PROVED = 'echo "12:00:00 UTC Pipeline[CreateClusterPipeline] execute successfully"'
CALLER = """
import sys
from pathlib import Path
from datetime import timedelta
from fleetforge.blocks.connection import LocalConnection
from fleetforge.blocks.jobs import Jobs
from fleetforge.blocks.kk import Kk
from fleetforge.fleet.kk_command import create_cluster
workspace, binary, key = sys.argv[1:]
here = LocalConnection()
kk = Kk(here, Jobs(here, workspace), binary, workspace)
hour = timedelta(hours=1)
kk.run(create_cluster("config.yaml"), key=key, cluster="one", wall_clock=hour, on_event=print)
"""


class Player:
    """A shell script that plays kk: it notes that it was started, then does what ``plays`` was told last."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.workspace, self.binary = directory, directory / "work", directory / "kk"
        self.binary.write_text(f'#!/bin/sh\necho "$$" >> {directory}/starts\n. {directory}/play\n')
        self.binary.chmod(0o700)
        self.heard: list[str] = []

    def plays(self, script: str) -> None:
        (self.directory / "play").write_text(script + "\n")

    def replays(self, name: str, then: str = "", without: str = "") -> None:
        """A recording: standard output, then standard error, then its exit code (or what ``then`` says)."""
        path = RECORDINGS / f"{name}.txt"
        if not path.exists():
            pytest.skip("the recordings of kk are not here")
        header, _, rest = path.read_text().partition("===== stdout\n")
        out, _, err = rest.partition("===== end")[0].partition("===== stderr\n")
        kept = [line for line in (out + err).splitlines(keepends=True) if not without or without not in line]
        (self.directory / "output").write_text("".join(kept))
        code = header.partition("# exit code: ")[2].split("\n")[0]
        self.plays(f"cat {self.directory}/output\n{then or f'exit {code}'}")

    @property
    def starts(self) -> list[int]:
        file = self.directory / "starts"
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    @property
    def waits(self) -> str:
        """Script: wait until ``go`` is called."""
        return f"until [ -e {self.directory}/go ]; do sleep 0.05; done"

    def go(self) -> None:
        (self.directory / "go").touch()

    def jobs(self, machine: Connection | None = None) -> Jobs:
        return Jobs(machine or LocalConnection(), str(self.workspace))

    def run(
        self,
        command: KkCommand = CREATE,
        *,
        machine: Connection | None = None,
        seconds: float = 60,
        secrets: tuple[str, ...] = (),
        on_line: Callable[[str], None] = lambda line: None,
    ) -> None:
        def hear(event: Event) -> None:
            for line in texts(event):
                self.heard.append(line)
                on_line(line)

        here = machine or LocalConnection()
        kk = Kk(here, self.jobs(here), str(self.binary), str(self.workspace), secrets)
        kk.run(command, key=KEY, cluster="one", wall_clock=timedelta(seconds=seconds), on_event=hear)

    def failure(self, command: KkCommand = CREATE, **options: object) -> FleetforgeError:
        with pytest.raises(FleetforgeError) as caught:
            self.run(command, **options)  # type: ignore[arg-type]
        return caught.value

    def abandoned(self) -> None:
        """kk runs and whoever started it was killed."""
        caller = subprocess.Popen(
            [sys.executable, "-c", CALLER, str(self.workspace), str(self.binary), KEY],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        until(lambda: len(self.starts) == 1)
        caller.send_signal(signal.SIGKILL)
        caller.wait()


@pytest.fixture
def player(tmp_path: Path) -> Player:
    return Player(tmp_path)


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {seconds} s"
        time.sleep(0.02)


def test_a_recorded_success_is_one(player: Player) -> None:
    player.replays("create-cluster-success-first-run")
    player.run()
    assert len(player.starts) == 1
    assert player.jobs().job(KEY).state is JobState.NONE
    assert len(list((player.workspace / "logs").iterdir())) == 1


def test_exit_code_0_without_the_proof_is_no_success(player: Player) -> None:
    player.replays("create-cluster-success-first-run", without="execute successfully")
    assert player.failure().code == "FF-KK-001"


def test_a_recorded_failure_keeps_its_cause(player: Player) -> None:
    player.replays("create-cluster-kubeadm-init-fails")
    assert player.failure().code == "FF-KK-106"


def test_a_question_asked_without_end_is_stopped(player: Player) -> None:
    player.replays("artifact-export-exists-eof", then=f"while :; do tail -n 1 {player.directory}/output; done")
    assert player.failure(EXPORT).code == "FF-KK-002"
    assert not Path(f"/proc/{player.starts[0]}").exists()


def test_a_kk_past_its_time_is_stopped(player: Player) -> None:
    player.plays("while :; do echo tick; sleep 0.1; done")
    assert player.failure(seconds=0.5).code == "FF-KK-004"
    assert not Path(f"/proc/{player.starts[0]}").exists()
    assert player.jobs().job(KEY).state is JobState.NONE


def test_a_killed_kk_is_coded(player: Player) -> None:
    player.plays("echo working; kill -KILL $$")
    assert player.failure().code == "FF-KK-005"


def test_a_killed_wrapper_starts_no_second_kk(player: Player) -> None:
    player.plays(f"echo up; {player.waits}; echo its last words; sleep 0.5; touch {player.directory}/over")
    pid = player.workspace / f"jobs/{KEY}/pid"

    def kill(line: str) -> None:
        if line == "up":
            os.kill(int(pid.read_text()), signal.SIGKILL)
            assert player.jobs().job(KEY).state is JobState.RUNNING
            player.go()

    error = player.failure(on_line=kill)
    assert (error.code, len(player.starts)) == ("FF-CTL-002", 1)
    assert isinstance(error, Transient)
    assert "its last words" in error.evidence
    assert (player.directory / "over").exists()


def test_the_next_caller_attaches_to_what_a_killed_one_left_running(player: Player) -> None:
    player.plays(f"echo before; {player.waits}; {PROVED}")
    player.abandoned()
    threading.Timer(0.5, player.go).start()
    player.run()
    assert (len(player.starts), player.heard.count("before")) == (1, 1)


def test_a_success_nobody_saw_is_believed(player: Player) -> None:
    player.plays(f"{player.waits}; {PROVED}")
    player.abandoned()
    player.go()
    until(lambda: player.jobs().job(KEY).state is JobState.ENDED)
    player.run()
    assert len(player.starts) == 1
    assert player.jobs().job(KEY).state is JobState.NONE


def test_a_failure_nobody_saw_is_run_anew(player: Player) -> None:
    player.plays(f"{player.waits}; exit 1")
    player.abandoned()
    player.go()
    until(lambda: player.jobs().job(KEY).state is JobState.ENDED)
    player.plays(PROVED)
    player.run()
    assert len(player.starts) == 2


def test_another_kk_under_the_same_key_is_left_alone(player: Player) -> None:
    player.plays(f"{player.waits}; {PROVED}")
    player.abandoned()
    assert player.failure(EXPORT).code == "FF-CTL-004"
    assert player.jobs().job(KEY).state is JobState.RUNNING
    player.go()
    player.run()


def test_a_connection_lost_while_following_is_made_again(player: Player, own_sshd) -> None:
    machine = SshConnection(own_sshd.target())
    player.plays(f"echo one; {player.waits}; echo two; {PROVED}")

    def restart(line: str) -> None:
        if line == "one":
            own_sshd.restart()
            player.go()

    player.run(machine=machine, on_line=restart)
    assert player.heard.count("one") == player.heard.count("two") == 1
    assert len(player.starts) == 1
    machine.close()


def test_a_connection_that_stays_lost_leaves_the_job_for_the_next_attempt(
    player: Player, own_sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kk_block, "PAUSES", (0.1, 0.1))
    machine = SshConnection(own_sshd.target())
    player.plays(f"echo one; {player.waits}; {PROVED}")
    error = player.failure(machine=machine, on_line=lambda line: own_sshd.stop())
    assert isinstance(error, Transient)
    assert error.code.startswith("FF-HOST-")
    assert player.jobs().job(KEY).state is JobState.RUNNING
    own_sshd.start()
    player.go()
    player.run(machine=machine)
    assert len(player.starts) == 1
    machine.close()


def test_a_printed_private_key_shows_in_no_event(player: Player) -> None:
    key = "-----BEGIN SECRET-----\nb3BlbnNzaC1rZXk\nAAAABG5vbmUAAAA\nend\n-----END SECRET-----\n"
    player.plays(f"echo 'using b3BlbnNzaC1rZXk'; echo AAAABG5vbmUAAAA; echo the end; {PROVED}")
    player.run(secrets=(key,))
    assert player.heard == ["using ********", "********", "the end"]
