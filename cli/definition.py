"""Commands about what a fleet is: init, apply, export, revisions, restore, schema, explain."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Annotated

import typer

from fleetforge.cli.output import Output, OutputOption, print_json, print_table, say

NameArgument = Annotated[str, typer.Argument(help="Name of a stored fleet.")]


def init(
    configs: Annotated[list[Path], typer.Argument(help="kk Cluster files; the first is the host cluster's.")],
    manifest: Annotated[Path, typer.Option("--manifest", "-m", help="kk Manifest file.")],
    file: Annotated[Path, typer.Option("--file", "-f", help="fleet.yaml to write; must not exist.")] = Path(
        "fleet.yaml"
    ),
    name: Annotated[str, typer.Option(help="Name of the fleet; the host cluster's when left out.")] = "",
) -> None:
    """Write a fleet.yaml for kk files you already have; they stay as they are."""
    from fleetforge.blocks.definition_files import initial_fleet
    from fleetforge.fleet.errors.catalogue import fault

    if file.exists():
        raise fault("FF-SPEC-090", f"{file} exists already", where=str(file))
    file.write_text(initial_fleet(manifest, configs, name=name or None, directory=file.parent), encoding="utf-8")
    say(f"wrote {file}: look through it, then 'fleetforge apply -f {file}'")


def apply(
    file: Annotated[Path, typer.Option("--file", "-f", help="The fleet's fleet.yaml.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and show the difference; store nothing.")] = False,
    comment: Annotated[str, typer.Option(help="Why; kept with the revision.")] = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Check a fleet's files together, show what differs from what is stored, and store them."""
    from fleetforge.blocks import fleet_store
    from fleetforge.blocks.definition_files import load_fleet

    loaded = load_fleet(file)
    for warning in loaded.warnings:
        say(f"warning: {warning}")
    name = loaded.fleet.spec.name
    difference = _difference(fleet_store.files_of(name), dict(loaded.fleet.files))
    if output is Output.TABLE and difference:
        typer.echo("\n".join(difference))
    if dry_run:
        revision, changed = 0, bool(difference)
    else:
        fleet_store.registered()
        revision, changed = fleet_store.saved(loaded.fleet, loaded.secrets, comment)
    if output is Output.JSON:
        print_json({"fleet": name, "revision": revision, "changed": changed, "diff": difference})
    else:
        stored = "not stored (dry run)" if dry_run else f"revision {revision}" + ("" if changed else ", unchanged")
        typer.echo(f"fleet {name}: {stored}")


def export(
    name: NameArgument,
    directory: Annotated[Path, typer.Option("--directory", "-d", help="Directory to write into; created if missing.")],
) -> None:
    """Write a stored fleet's files back to disk, secrets as references."""
    from fleetforge.blocks.definition_files import written
    from fleetforge.blocks.fleet_store import stored

    for path in written(stored(name).fleet, directory):
        typer.echo(str(path))


def revisions(name: NameArgument, output: OutputOption = Output.TABLE) -> None:
    """List every saved state of a fleet, the newest first."""
    from dataclasses import asdict

    from fleetforge.blocks import fleet_store

    fleet_store.stored(name)
    rows = [asdict(revision) for revision in fleet_store.revisions(name)]
    if output is Output.JSON:
        print_json(rows)
    else:
        print_table(rows, ("number", "saved", "digest", "comment"))


def restore(name: NameArgument, number: Annotated[int, typer.Argument(help="Revision to bring back.")]) -> None:
    """Make a former revision the current one (as a new revision, so that this can be undone too)."""
    from fleetforge.blocks import fleet_store

    fleet_store.stored(name)
    typer.echo(f"fleet {name}: revision {fleet_store.restored(name, number)}")


def schema() -> None:
    """Print the JSON Schema of fleet.yaml, for editors."""
    from fleetforge.fleet.spec import FleetSpec

    typer.echo(json.dumps(FleetSpec.model_json_schema(by_alias=True), indent=2))


def explain(
    code: Annotated[str, typer.Argument(help="Error code, e.g. FF-REG-003; all of them when left out.")] = "",
) -> None:
    """Say what an error code means and what to do about it."""
    from fleetforge.fleet.errors.catalogue import CATALOGUE

    wanted = code.upper()
    if wanted and wanted not in CATALOGUE:
        raise typer.BadParameter(f"no such code: {code}")
    for entry in CATALOGUE.values():
        if wanted in ("", entry.code):
            typer.echo(f"{entry.code}  {entry.title} ({entry.kind})\n  {entry.remedy}")


def _difference(before: dict[str, str], after: dict[str, str]) -> list[str]:
    lines: list[str] = []
    for name in sorted({*before, *after}):
        old, new = before.get(name, "").splitlines(), after.get(name, "").splitlines()
        lines += difflib.unified_diff(old, new, f"stored/{name}", f"new/{name}", lineterm="")
    return lines
