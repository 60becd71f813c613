"""A build that is killed goes on where the world stands; kk is attached to, never started twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from typing import Any


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


def test_a_build_killed_while_kk_creates_clusters_goes_on(rehearse: Any) -> None:
    with rehearse("killed") as fleet:
        first = _started(fleet.name)
        _read_until(first, "[InstallKubeBinariesModule]")
        _killed(first)
        second = _started(fleet.name)
        threading.Thread(target=lambda: list(second.stderr or ()), daemon=True).start()
        answer = json.loads(second.communicate()[0])
        assert second.returncode == 0
        assert [row["stage"] for row in answer["stages"][:4] if row["changed"]] == []
        assert fleet.site.kk_starts("CreateClusterPipeline") == len({"aicc", "hefei"})
