"""`lback show`."""

from __future__ import annotations

import click

from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command


@click.command("show", cls=Command)
@click.argument("revision")
@click.option(
    "--at",
    default="worktree",
    metavar="REF",
    help="Read the migrations at a commit, a branch or `index`.",
)
@common
def command(revision: str, at: str) -> int:
    """Show one revision: its file, its commit, what it does.

    Example: `lback show head`
    """
    from lback.app.show import show

    return run(lambda ctx: show(ctx, revision, at))
