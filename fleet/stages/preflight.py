"""Is everything reachable and as declared? Judged before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fleetforge.fleet.actions import Action, Stage, Verb
from fleetforge.fleet.definition import Fleet
from fleetforge.fleet.errors import FleetforgeError
from fleetforge.fleet.errors.catalogue import fault
from fleetforge.fleet.errors.grouping import grouped

REQUIRED_TOOLS = ("sudo", "socat", "conntrack")
"""What kk's own precheck stops for (kk v3.1.7, pkg/bootstrap/confirm)."""

MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
"""``uname -m`` to the architecture names of kk's files."""


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What one host said; ``error`` when it could not be asked, and nothing else then."""

    host: str
    cluster: str
    error: FleetforgeError | None = None
    machine: str = ""
    sudo_output: str = ""
    missing_tools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PreflightFacts:
    """What the control machine and all hosts said."""

    kk_version: str
    workspace_free: int  # bytes
    artifact_size: int  # bytes, 0 while there is none
    workspace_prepared: frozenset[str]  # clusters whose kk directory and config are as stored
    hosts: tuple[HostFacts, ...]


def errors(fleet: Fleet, facts: PreflightFacts) -> tuple[FleetforgeError, ...]:
    """Everything that stops the run, hosts with the same cause in one error."""
    found: list[FleetforgeError] = []
    for host in facts.hosts:
        found += [host.error] if host.error else _of_host(fleet, host)
    return (*grouped(found), *_of_workspace(fleet, facts))


def decide(fleet: Fleet, facts: PreflightFacts) -> tuple[Action, ...]:
    """Prepare the control machine's directory of each cluster whose files are not yet there as stored."""
    return tuple(
        Action(Stage.PREFLIGHT, Verb.PREPARE_WORKSPACE, cluster.name, "its kk directory lacks the stored config")
        for cluster in fleet.spec.spec.clusters
        if cluster.name not in facts.workspace_prepared
    )


def _of_workspace(fleet: Fleet, facts: PreflightFacts) -> Iterator[FleetforgeError]:
    """kk unpacks the artifact into the directory of each cluster that it has not worked for yet."""
    new = len(fleet.spec.spec.clusters) - len(facts.workspace_prepared)
    needed = new * facts.artifact_size
    if facts.workspace_free < needed:
        what = f"{facts.workspace_free} bytes are free; unpacking the artifact for {new} clusters takes {needed}"
        yield fault("FF-PRE-004", what, where=fleet.spec.spec.control.workspace)


def _of_host(fleet: Fleet, facts: HostFacts) -> Iterator[FleetforgeError]:
    declared = fleet.config(facts.cluster).host(facts.host)
    arch = MACHINES.get(facts.machine, facts.machine)
    if arch != declared.arch:
        yield fault(
            "FF-PRE-001",
            f"the config says {declared.arch}, the host is {arch}",
            where=facts.host,
            evidence=[f"uname -m: {facts.machine}"],
        )
    if facts.sudo_output:
        yield fault(
            "FF-PRE-002", "sudo prints text before the command's output", where=facts.host, evidence=[facts.sudo_output]
        )
    if facts.missing_tools:
        tools = " ".join(facts.missing_tools)
        yield fault(
            "FF-PRE-003",
            f"missing on the host: {tools}",
            where=facts.host,
            remedy=f"Install it on each: 'yum install -y {tools}' or 'apt-get install -y {tools}'; then start again.",
        )
