"""`lback resolve`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from lback.cli.fork_lines import merge_lines, next_step, overlap_lines, rebase_lines
from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command
from lback.formats.style import Style, safe

if TYPE_CHECKING:
    from lback.app.resolve import ResolveResult


@click.command("resolve", cls=Command)
@click.option("--onto", metavar="REF", help="The branch to rebase onto, where a rebase is right.")
@click.option("--plan", is_flag=True, help="Show the plan; change nothing.")
@click.option("--no-backup", is_flag=True, help="Delete rows instead of saving them first.")
@click.option("--yes", "-y", is_flag=True, help="Delete rows without asking.")
@click.option("--no-stage", is_flag=True, help="Do not `git add` what is written.")
@click.option(
    "--no-database", is_flag=True, help="Change the files only; leave the database alone."
)
@common
def command(
    onto: str | None,
    plan: bool,
    no_backup: bool,
    yes: bool,
    no_stage: bool,
    no_database: bool,
) -> int:
    """Close a fork by a merge revision or by a rebase, whichever is right, and say why.

    Example: `lback resolve --plan`
    """
    from lback.app.resolve import ResolveOptions, resolve

    options = ResolveOptions(onto, plan, yes, not no_stage, not no_database, no_backup)
    still = plan or no_database
    idle = {
        "--yes": yes and still,
        "--no-backup": no_backup and still,
        "--no-stage": plan and no_stage,
    }
    return run(lambda ctx: resolve(ctx, options), idle)


def lines(result: ResolveResult, style: Style) -> Iterator[str]:
    """Yield what was chosen and why, then what it did."""
    if result.action == "none":
        yield f"nothing to resolve: {safe(result.reason)}"
        return
    yield from overlap_lines(result.overlaps, style)
    if result.action == "refused":
        return
    tell = merge_lines if result.action == "merge" else rebase_lines
    yield from tell(result, style)
    yield f"why: {safe(result.reason)}"
    if result.action == "merge" and not result.planned:
        yield f"{style.cyan('next:')} commit it, then `lback migrate`"
    elif result.planned and result.action == "rebase":
        yield "nothing was done"
    elif not result.planned:
        yield f"{style.cyan('next:')} {next_step(result)}"
