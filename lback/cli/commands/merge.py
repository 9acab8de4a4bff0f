"""`lback merge`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from lback.cli.fork_lines import merge_lines, overlap_lines
from lback.cli.options import common
from lback.cli.running import for_env, run
from lback.cli.strict import Command
from lback.formats.style import Style, safe

if TYPE_CHECKING:
    from lback.app.merge import MergeResult


@click.command("merge", cls=Command)
@click.option("--force", is_flag=True, help="Merge heads that overlap or cannot be read, too.")
@click.option("--plan", is_flag=True, help="Show the plan; change nothing.")
@click.option("--prove", is_flag=True, help="Run both orders on a scratch database first.")
@click.option("--no-stage", is_flag=True, help="Do not `git add` the new file.")
@common
def command(force: bool, plan: bool, prove: bool, no_stage: bool) -> int:
    """Join the heads of a fork with a merge revision, where both sides are known to commute.

    Example: `lback merge --plan`
    """
    from lback.app.merge import MergeOptions, merge

    options = MergeOptions(force, plan, not no_stage, prove)
    return run(
        lambda ctx: merge(ctx, options),
        {"--no-stage": plan and no_stage, **for_env(used=prove)},
    )


def lines(result: MergeResult, style: Style) -> Iterator[str]:
    """Yield what was merged, why, and what to do with the new file."""
    yield from overlap_lines(result.overlaps, style)
    if result.action == "none":
        yield f"nothing to merge: {result.reason}"
    if result.action != "merge":
        return
    yield from merge_lines(result, style)
    yield f"why: {safe(result.reason)}"
    for proof in result.proof:
        yield f"proof: {safe(proof.message)}"
    if not result.planned:
        yield f"{style.cyan('next:')} commit it, then `lback migrate`"
