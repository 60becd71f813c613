"""Start what a single machine needs: Prefect server, block types, work pool, deployments, worker."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import requests
import typer

from fleetforge.cli.output import say
from fleetforge.fleet.errors.catalogue import fault

POOL = "fleetforge"
QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_WORKER_QUERY_SECONDS": "2",
    "PREFECT_CLI_PROMPT": "false",
}
START_TIMEOUT = 180.0
"""Seconds: a first start migrates the database, 13-47 s measured on two cores."""


def up_server(
    port: Annotated[int, typer.Option(help="Port of the server's API and UI.")] = 4200,
    host: Annotated[
        str, typer.Option(help="Address to listen on; others than loopback need authentication.")
    ] = "127.0.0.1",
    home: Annotated[Path, typer.Option(help="Directory of the server's database.")] = Path("~/.fleetforge/prefect"),
) -> None:
    """Start a Prefect server with UI, register Fleetforge's flows, and run a worker, until interrupted."""
    signals_interrupt()
    environment = server_environment(home.expanduser(), f"http://{host}:{port}/api")
    server = started_server(environment, host, port)
    worker = None
    try:
        deployed(environment)
        worker = started_worker(environment)
        say(f"Fleetforge is up: http://{host}:{port}  (Ctrl-C stops it)")
        say(f"for other terminals: export PREFECT_API_URL=http://{host}:{port}/api")
        waited([server, worker])
    finally:
        for process in (worker, server):
            stopped(process)


def server_environment(home: Path, api: str) -> dict[str, str]:
    """The environment server, worker and command line share."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {**os.environ, **QUIET, "PREFECT_HOME": str(home), "PREFECT_API_URL": api}


def started_server(environment: Mapping[str, str], host: str, port: int) -> subprocess.Popen[bytes]:
    """A running Prefect server that answers; ``FF-FLT-007`` when it does not within ``START_TIMEOUT``."""
    log = Path(environment["PREFECT_HOME"]) / "server.log"
    process = _prefect(environment, log, "server", "start", "--host", host, "--port", str(port))
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(f"http://{host}:{port}/api/health", timeout=2).ok:
                return process
        except requests.RequestException:
            time.sleep(0.2)
    stopped(process)
    evidence = log.read_text(errors="replace").splitlines()[-10:]
    raise fault("FF-FLT-007", "the Prefect server did not start", where=f"{host}:{port}", evidence=evidence)


def deployed(environment: Mapping[str, str]) -> None:
    """Block types, the process pool and every flow of ``prefect.yaml`` are known to the server."""
    file = Path(__file__).resolve().parent.parent / "deployments" / "prefect.yaml"
    for arguments in (
        ("work-pool", "create", POOL, "--type", "process", "--overwrite"),
        ("block", "register", "-m", "fleetforge.blocks.fleet_store"),
        ("--no-prompt", "deploy", "--all", "--prefect-file", str(file)),
    ):
        command = [sys.executable, "-m", "prefect", *arguments]
        done = subprocess.run(
            command, env=dict(environment), capture_output=True, text=True, check=False, cwd=file.parent
        )
        if done.returncode:
            evidence = (done.stdout + done.stderr).splitlines()
            raise fault("FF-FLT-007", "the flows could not be registered", where=" ".join(arguments), evidence=evidence)


def started_worker(environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """A worker of the process pool; it runs what the UI, a schedule or an event starts."""
    log = Path(environment["PREFECT_HOME"]) / "worker.log"
    return _prefect(environment, log, "worker", "start", "--pool", POOL, "--name", f"worker-{socket.gethostname()}")


def stopped(process: subprocess.Popen[bytes] | None) -> None:
    """The process and its children are gone."""
    if process is None or process.poll() is not None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=15)
            return
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def waited(processes: list[subprocess.Popen[bytes]]) -> None:
    """Return when interrupted, or when one of the processes ends."""
    handles = [os.pidfd_open(process.pid) for process in processes]
    try:
        select.select(handles, [], [])
    except KeyboardInterrupt:
        say("stopping")
    finally:
        for handle in handles:
            os.close(handle)


def signals_interrupt() -> None:
    """SIGTERM, and SIGINT where a shell had it ignored, are Ctrl-C: everything that was started is stopped."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)


def free_port() -> int:
    """A TCP port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _prefect(environment: Mapping[str, str], log: Path, *arguments: str) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        command = [sys.executable, "-m", "prefect", *arguments]
        return subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
