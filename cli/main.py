"""``fleetforge``: the command line. Thin: it reads arguments, calls flows, prints.

Exit codes: 0 done, 1 failed, 2 bad input, 3 changes pending (``plan``). Heavy imports happen inside the commands, so
that ``--help`` is quick.
"""

from __future__ import annotations

import typer

from fleetforge.cli import build, definition, rehearse, server
from fleetforge.cli.output import guarded

app = typer.Typer(
    name="fleetforge",
    help="Build, grow, check and explain fleets of KubeSphere clusters where there is no internet.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="Exit codes: 0 done, 1 failed, 2 bad input, 3 changes pending (plan).",
)

for command in (
    definition.init,
    definition.apply,
    build.plan,
    build.build,
    build.validate,
    build.status,
    definition.export,
    definition.revisions,
    definition.restore,
    definition.schema,
    definition.explain,
    server.up_server,
    rehearse.rehearse,
):
    app.command(no_args_is_help=False)(guarded(command))


def main() -> None:
    """Entry point of the ``fleetforge`` script."""
    app()


if __name__ == "__main__":
    main()
