"""`lback resolve`."""

from __future__ import annotations

import click

from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command


@click.command("resolve", cls=Command)
@click.option("--onto", metavar="REF", help="The branch to rebase onto, where a rebase is right.")
@click.option("--plan", is_flag=True, help="Show the plan; change nothing.")
@click.option("--yes", "-y", is_flag=True, help="Delete rows without asking.")
@click.option("--no-stage", is_flag=True, help="Do not `git add` what is written.")
@click.option(
    "--no-database", is_flag=True, help="Change the files only; leave the database alone."
)
@common
def command(onto: str | None, plan: bool, yes: bool, no_stage: bool, no_database: bool) -> int:
    """Close a fork by a merge revision or by a rebase, whichever is right, and say why.

    Example: `lback resolve --plan`
    """
    from lback.app.rebase import RebaseOptions
    from lback.app.resolve import resolve

    options = RebaseOptions(
        onto=onto, plan=plan, yes=yes, stage=not no_stage, database=not no_database
    )
    idle = {"--yes": yes and (plan or no_database), "--no-stage": plan and no_stage}
    return run(lambda ctx: resolve(ctx, options), idle)
