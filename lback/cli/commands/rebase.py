"""`lback rebase`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from lback.cli.fork_lines import database_lines, next_step, overlap_lines, rebase_lines
from lback.cli.options import common, lock_timeout_option
from lback.cli.running import run
from lback.cli.strict import Command
from lback.formats.style import Style, safe

if TYPE_CHECKING:
    from lback.app.rebase import RebaseResult


@click.command("rebase", cls=Command)
@click.option("--onto", metavar="REF", help="Rebase onto REF instead of the shared branch.")
@click.option("--plan", is_flag=True, help="Show the plan; change nothing.")
@click.option("--force", is_flag=True, help="Move pushed revisions, too; never published ones.")
@click.option("--no-backup", is_flag=True, help="Delete rows instead of saving them first.")
@click.option("--yes", "-y", is_flag=True, help="Delete rows without asking.")
@click.option("--no-stage", is_flag=True, help="Do not `git add` the rewritten files.")
@click.option(
    "--no-database", is_flag=True, help="Rewrite the files only; leave the database alone."
)
@lock_timeout_option
@common
def command(
    onto: str | None,
    plan: bool,
    force: bool,
    no_backup: bool,
    yes: bool,
    no_stage: bool,
    no_database: bool,
    lock_timeout: float | None,
) -> int:
    """Move the local revisions onto the shared head: rewrite their parents, then the database.

    Example: `lback rebase --plan`
    """
    from lback.app.rebase import rebase
    from lback.project.rebasing import RebaseOptions

    options = RebaseOptions(
        onto, plan, force, yes, not no_stage, not no_database, lock_timeout, no_backup
    )
    moves = not (plan or no_database)
    idle = {
        "--yes": yes and not moves,
        "--no-backup": no_backup and not moves,
        "--no-stage": plan and no_stage,
        "--lock-timeout": None if moves else lock_timeout,
    }
    return run(lambda ctx: rebase(ctx, options), idle)


def lines(result: RebaseResult, style: Style) -> Iterator[str]:
    """Yield what moved from where to where, and what the database did."""
    yield from overlap_lines(result.overlaps, style)
    if result.action == "none":
        yield f"nothing to rebase: {safe(result.reason)}"
        yield from database_lines(result, planned=False)
    if result.action != "rebase":
        return
    yield from rebase_lines(result, style)
    yield from _holders(result, style)
    if result.planned:
        yield "nothing was done"
    else:
        yield f"{style.cyan('next:')} {next_step(result)}"


def _holders(result: RebaseResult, style: Style) -> Iterator[str]:
    """Yield who else has what moved, and what they have to run."""
    for row in result.pushed_to:
        yield f"{style.yellow(safe(row.branch))} has it, too  {safe(row.author)}, {row.date[:10]}"
    if result.pushed_to:
        first = next(row.revision for row in result.rewrites if not row.published)
        yield (
            f"whoever has run {safe(first)}: `git pull`, then `lback migrate`, which runs what "
            "came to lie below it"
        )
