"""`lback history`."""

from __future__ import annotations

import click

from lback.cli.options import common
from lback.cli.running import options_of_run, run
from lback.cli.strict import Command


@click.command("history", cls=Command)
@click.argument("table", required=False)
@click.option(
    "--at",
    default="worktree",
    metavar="REF",
    help="Read the migrations at a commit, a branch or `index`.",
)
@click.option("--all", "everywhere", is_flag=True, help="Include the revisions of other branches.")
@click.option("--patch", "-p", is_flag=True, help="Show the statements.")
@click.option("--database", is_flag=True, help="Ask the database which revisions are applied.")
@common
def command(table: str | None, at: str, everywhere: bool, patch: bool, database: bool) -> int:
    """Show who changed the schema, or one TABLE, and when; newest first.

    Example: `lback history users --patch`
    """
    from lback.app.history import HistoryOptions, history

    options = HistoryOptions(table, at, database, everywhere, patch)
    common_options = options_of_run()
    return run(
        lambda ctx: history(ctx, options),
        {"-x": None if database else common_options.x},
    )
