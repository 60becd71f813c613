"""``fleetforge rehearse``: the whole main job on a stand-in site on loopback, from nothing to a validated fleet."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetforge.cli.output import Output, OutputOption, print_json, print_table, say

if TYPE_CHECKING:
    from fleetforge.cli.rehearsal_place import Place

QUICK = {"FLEETFORGE_RETRY_DELAY": "1"}
"""A rehearsed site recovers in a moment; a real one is given longer."""


def rehearse(
    file: Annotated[
        Path, typer.Option("--file", "-f", help="The fleet to rehearse; its secrets are not needed.")
    ] = Path("examples/aicc/fleet.yaml"),
    directory: Annotated[
        Path, typer.Option("--directory", "-d", help="Where the rehearsal lives; emptied at the start.")
    ] = Path(".rehearsal"),
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave site, server, UI and worker running until Ctrl-C.")
    ] = False,
    no_build: Annotated[
        bool, typer.Option("--no-build", help="With --keep: start everything, build nothing; do it yourself.")
    ] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Rehearse a fleet before the night: its hosts, registry, Harbor, kk and clusters are played on 127.0.0.0/8.

    Nothing outside of this machine is touched. The rehearsed fleet has the same files, moved to loopback addresses.
    """
    from fleetforge.cli.rehearsal_place import prepared
    from fleetforge.cli.server import signals_interrupt

    signals_interrupt()
    began = time.monotonic()
    with ExitStack() as stack:
        place = stack.enter_context(prepared(file, directory))
        os.environ |= place.environment | QUICK
        say(f"site: {place.summary}")
        say(f"Prefect server: {place.url}")
        place.apply()
        answer: dict[str, Any] = {"fleet": place.name, "server": place.url}
        answer |= {} if no_build else _built(place, output)
        answer["seconds"] = round(time.monotonic() - began, 1)
        if output is Output.JSON:
            print_json(answer)
        if keep:
            place.serve()
            _say_how_to_use(place)
            place.wait()


def _built(place: Place, output: Output) -> dict[str, Any]:
    """Plan, build, plan again: what a first night consists of."""
    from fleetforge.flows.build_fleet import build_fleet
    from fleetforge.tasks.plan import planned
    from fleetforge.tasks.status import fleet_status

    before = planned(place.name)
    say(f"plan: {len(before.actions)} actions")
    began = time.monotonic()
    rows = build_fleet(fleet=place.name)
    seconds = round(time.monotonic() - began, 1)
    after, clusters = planned(place.name), fleet_status(place.name)
    if output is Output.TABLE:
        _show(place, rows, clusters, seconds, len(after.actions))
    return {
        "planned": len(before.actions),
        "stages": rows,
        "build_seconds": seconds,
        "clusters": clusters,
        "planned_after": len(after.actions),
    }


def _show(place: Place, rows: list[dict[str, Any]], clusters: list[dict[str, Any]], seconds: float, left: int) -> None:
    from fleetforge.cli.build import show_outcome

    typer.echo("")
    show_outcome(place.name, rows)
    typer.echo("")
    print_table(clusters, clusters[0].keys())
    typer.echo(f"\nbuilt in {seconds} s; plan now: {f'{left} actions' if left else 'no changes'}")
    typer.echo(f"Prefect server: {place.url} ('fleetforge rehearse --keep' leaves it running)")


def _say_how_to_use(place: Place) -> None:
    say(f"\nOpen {place.url} and run build-fleet, or in another terminal:")
    say(f"  export PREFECT_API_URL={place.url}/api")
    say(f"  fleetforge plan {place.name}")
    say("Ctrl-C ends the rehearsal.")
