"""`lback blame`."""

from __future__ import annotations

import click

from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command


@click.command("blame", cls=Command)
@click.argument("table")
@click.option(
    "--at",
    default="worktree",
    metavar="REF",
    help="Read the migrations at a commit, a branch or `index`.",
)
@click.option("--column", metavar="NAME", help="Show every change of one column.")
@common
def command(table: str, at: str, column: str | None) -> int:
    """Show who added each column of TABLE, and who changed it last.

    Example: `lback blame users`
    """
    from lback.app.blame import BlameOptions, blame

    return run(lambda ctx: blame(ctx, BlameOptions(table, at, column)))
