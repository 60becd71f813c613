"""Commands that look at or change the world: plan, build, validate, status."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from fleetforge.cli.definition import NameArgument
from fleetforge.cli.output import CHANGES_PENDING, Output, OutputOption, print_json, print_table
from fleetforge.fleet.actions import Stage

COLUMNS = ("stage", "cluster", "changed", "seconds", "proof")


def plan(name: NameArgument, output: OutputOption = Output.TABLE) -> None:
    """Show everything 'build' would do now, and the hash that approves it. Exit code 3 when there is something."""
    from fleetforge.tasks.plan import planned

    found = planned(name)
    if output is Output.JSON:
        print_json(found.as_dict())
    elif found.actions:
        print_table(found.as_dict()["actions"], ("stage", "verb", "subject", "why"))
        typer.echo(
            f"\n{len(found.actions)} actions; approve with: fleetforge build {name} --approved-plan {found.hash}"
        )
    else:
        typer.echo(f"fleet {name}: no changes")
    if found.actions:
        raise typer.Exit(CHANGES_PENDING)


def build(
    name: NameArgument,
    until: Annotated[Stage, typer.Option(help="Last stage to run.")] = Stage.VALIDATION,
    approved_plan: Annotated[str, typer.Option(help="Run only if the plan still has this hash.")] = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Build a fleet, or go on building it, in this process; what is already as it should be is left alone."""
    from fleetforge.blocks.fleet_store import stored
    from fleetforge.flows.build_fleet import build_fleet

    stored(name)
    _show(name, build_fleet(fleet=name, until=until, approved_plan=approved_plan), output)


def validate(name: NameArgument, output: OutputOption = Output.TABLE) -> None:
    """Prove a running fleet again: types, propagation with overrides, images."""
    from fleetforge.blocks.fleet_store import stored
    from fleetforge.flows.validate_fleet import validate_fleet

    stored(name)
    _show(name, validate_fleet(fleet=name), output)


def status(
    name: Annotated[str, typer.Argument(help="Name of a stored fleet; all of them when left out.")] = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Show the stored fleets, or what one fleet's clusters look like right now."""
    from fleetforge.tasks.status import fleet_status, stored_fleets

    rows = fleet_status(name) if name else stored_fleets()
    if output is Output.JSON:
        print_json(rows)
    elif rows:
        print_table(rows, rows[0].keys())
    else:
        typer.echo("no fleet is stored: 'fleetforge apply -f fleet.yaml'")


def show_outcome(name: str, rows: list[dict[str, Any]]) -> None:
    """The table of a finished build: each stage, changed or not, its time, what was seen."""
    print_table(rows, COLUMNS)
    changes = sum(len(row["actions"]) for row in rows)
    typer.echo(f"\nfleet {name}: {changes} changes" + ("" if changes else ", everything was already as it should be"))


def _show(name: str, rows: list[dict[str, Any]], output: Output) -> None:
    if output is Output.JSON:
        print_json({"fleet": name, "changes": sum(len(row["actions"]) for row in rows), "stages": rows})
    else:
        show_outcome(name, rows)
