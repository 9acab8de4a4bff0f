"""`lback heads`."""

from __future__ import annotations

import click

from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command


@click.command("heads", cls=Command)
@click.option(
    "--at",
    default="worktree",
    metavar="REF",
    help="Read the migrations at a commit, a branch or `index`.",
)
@common
def command(at: str) -> int:
    """Show the heads of the revision graph.

    Example: `lback heads --at origin/main`
    """
    from lback.app.heads import heads

    return run(lambda ctx: heads(ctx, at))
