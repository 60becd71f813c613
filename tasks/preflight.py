"""Preflight: the control machine answers, every host is reachable and as declared, kk's files are in place."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from fleetforge.blocks.connection import Connection
from fleetforge.blocks.outside import Outside, opened
from fleetforge.fleet.actions import Action, Stage, StageOutcome
from fleetforge.fleet.errors import FleetforgeError, Many
from fleetforge.fleet.kk_cluster import Host
from fleetforge.fleet.stages import preflight as decisions
from fleetforge.fleet.stages.preflight import HostFacts, PreflightFacts
from fleetforge.tasks.settings import settings
from fleetforge.tasks.stage import Steps, ran, stage_task

QUESTIONS = (
    "uname -m; printf '==\\n'; sudo -n true 2>&1; printf '==\\n'; "
    "for t in {tools}; do command -v $t >/dev/null || echo $t; done"
)


@stage_task("preflight")
def preflight(fleet: str) -> StageOutcome:
    """Every host and the control machine, before anything is changed."""
    with opened(fleet) as outside:
        return ran(steps(outside))


def steps(outside: Outside) -> Steps[PreflightFacts]:
    return Steps(
        Stage.PREFLIGHT,
        None,
        observe=lambda: _observed(outside),
        decide=lambda facts: _decided(outside, facts),
        act=lambda action, progress: _acted(outside, action),
        proof=lambda facts: f"{len(facts.hosts)} hosts answer as declared, kk {facts.kk_version}",
    )


def _decided(outside: Outside, facts: PreflightFacts) -> tuple[Action, ...]:
    errors = decisions.errors(outside.fleet, facts)
    if errors:
        raise errors[0] if len(errors) == 1 else Many(errors)
    return decisions.decide(outside.fleet, facts)


def _observed(outside: Outside) -> PreflightFacts:
    fleet = outside.fleet
    places = [(cluster.name, host) for cluster in fleet.spec.spec.clusters for host in fleet.config(cluster.name).hosts]
    version = outside.kk.version()
    with ThreadPoolExecutor(settings.parallel_hosts) as pool:
        hosts = tuple(pool.map(lambda place: _asked(outside, *place), places))
    names = [cluster.name for cluster in fleet.spec.spec.clusters]
    prepared = frozenset(name for name in names if outside.config_in_place(name))
    size = outside.control.size(fleet.spec.spec.artifact.path) or 0
    return PreflightFacts(version, outside.workspace_free(), size, prepared, hosts)


def _asked(outside: Outside, cluster: str, host: Host) -> HostFacts:
    try:
        with outside.host(cluster, host.name) as connection:
            return _answers(connection, cluster, host)
    except FleetforgeError as error:
        return HostFacts(host.name, cluster, error=error.at(host.name))


def _answers(connection: Connection, cluster: str, host: Host) -> HostFacts:
    tools = " ".join(decisions.REQUIRED_TOOLS)
    output = connection.run(QUESTIONS.format(tools=tools), timeout=host.timeout).stdout.decode(errors="replace")
    machine, sudo, missing = ([*output.split("==\n"), "", "", ""])[:3]
    return HostFacts(host.name, cluster, None, machine.strip(), sudo.strip(), tuple(missing.split()))


def _acted(outside: Outside, action: Action) -> None:
    outside.put_config(action.subject)
