"""A build that is killed goes on where the world stands; kk is attached to, never started twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from fleetforge.fleet.actions import Stage


def _started(fleet: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "fleetforge.cli.main", "build", fleet, "-o", "json"]
    environment = {**os.environ, "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO"}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def _read_until(process: subprocess.Popen[str], text: str) -> None:
    """Return once the run's log says ``text``."""
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if text in line:
            return
    raise AssertionError(f"the build ended without saying {text!r}:\n{''.join(seen[-20:])}")


def _killed(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _free_locks(fleet: str) -> None:
    """What happens by itself a minute after a run was killed: its leases have run out."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        for limit in client.read_global_concurrency_limits(limit=200):
            if limit.name.startswith(f"fleetforge-{fleet}-") and limit.active_slots:
                client.delete_global_concurrency_limit_by_name(limit.name)


def _kk_runs(workspace: Path) -> list[str]:
    """Every 'create cluster' that was ever started: those judged and put away, and those still lying there."""
    away = [path.stem.split("-", 1)[1] for path in (workspace / "logs").glob("*-create.log")]
    return sorted([*away, *(path.name for path in (workspace / "jobs").glob("*-create"))])


def test_a_build_killed_while_kk_creates_clusters_goes_on(rehearse: Any) -> None:
    from fleetforge.flows.build_fleet import build_fleet

    with rehearse("killed") as fleet:
        build_fleet(fleet=fleet.name, until=Stage.HARBOR)
        slow = fleet.site.description.model_copy(update={"pace": 0.2})
        slow.save(slow.file)
        first = _started(fleet.name)
        _read_until(first, "[InstallContainerModule]")
        _killed(first)
        _free_locks(fleet.name)
        second = _started(fleet.name)
        _read_until(second, "[InstallContainerModule]")
        threading.Thread(target=lambda: list(second.stderr or ()), daemon=True).start()
        assert second.stdout is not None
        answer = json.loads(second.stdout.read())
        assert second.wait() == 0
        assert [row["stage"] for row in answer["stages"][:4] if row["changed"]] == []
        assert _kk_runs(fleet.site.description.directory / "workspace") == ["aicc-create", "hefei-create"]
