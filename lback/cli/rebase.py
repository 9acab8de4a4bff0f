"""`lback rebase`."""

from __future__ import annotations

import click

from lback.cli.options import common, lock_timeout_option
from lback.cli.running import run
from lback.cli.strict import Command


@click.command("rebase", cls=Command)
@click.option("--onto", metavar="REF", help="Rebase onto REF instead of the shared branch.")
@click.option("--plan", is_flag=True, help="Only tell what would be done.")
@click.option("--force", is_flag=True, help="Move pushed revisions, too; published ones never.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask before rows are deleted.")
@click.option("--no-stage", is_flag=True, help="Do not `git add` the rewritten files.")
@click.option("--no-database", is_flag=True, help="Rewrite the files and ask no database.")
@lock_timeout_option
@common
def command(
    onto: str | None,
    plan: bool,
    force: bool,
    yes: bool,
    no_stage: bool,
    no_database: bool,
    lock_timeout: float | None,
) -> int:
    """Put the local revisions onto the shared head, by rewriting their parents.

    Example: `lback rebase --plan`
    """
    from lback.app.rebase import RebaseOptions, rebase

    options = RebaseOptions(onto, plan, force, yes, not no_stage, not no_database, lock_timeout)
    moves = not (plan or no_database)
    idle = {
        "--yes": yes and not moves,
        "--no-stage": plan and no_stage,
        "--lock-timeout": None if moves else lock_timeout,
    }
    return run(lambda ctx: rebase(ctx, options), idle)
