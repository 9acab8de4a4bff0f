"""`lback squash`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from lback.cli.options import common
from lback.cli.running import for_env, run
from lback.cli.strict import Command
from lback.core.squash import messages
from lback.formats.style import Style, safe

if TYPE_CHECKING:
    from lback.app.squash import SquashResult


@click.command("squash", cls=Command)
@click.argument("names", nargs=-1, required=True, metavar="[FROM] TO")
@click.option(
    "--data", multiple=True, metavar="[REV=]keep|drop|rows", help="What becomes of changes of rows."
)
@click.option(
    "--accept-unknown", multiple=True, metavar="REV", help="Take REV although it cannot be read."
)
@click.option(
    "--freeze", multiple=True, metavar="TABLE.COLUMN", help="Write down values of chance or clock."
)
@click.option("--fold", is_flag=True, help="Move the old statements into one file, as they are.")
@click.option("--on", multiple=True, metavar="URL", help="Prove it beside this database, too.")
@click.option("--plan", is_flag=True, help="Show the plan; change nothing.")
@click.option("--revert", is_flag=True, help="Bring the old files of the squash TO back.")
@click.option("--no-stage", is_flag=True, help="Do not `git add` the change.")
@common
def command(
    names: tuple[str, ...],
    data: tuple[str, ...],
    accept_unknown: tuple[str, ...],
    freeze: tuple[str, ...],
    fold: bool,
    on: tuple[str, ...],
    plan: bool,
    revert: bool,
    no_stage: bool,
) -> int:
    """Make one revision of several, with the id of the last: all below TO, or those from FROM on.

    Example: `lback squash --plan head`
    """
    from lback.app.squash import SquashOptions, squash

    if len(names) > 2:
        raise messages.too_many(names)
    begin, end = names[0] if names[1:] else None, names[-1]
    options = SquashOptions(
        end, begin, data, accept_unknown, freeze, fold, on, plan, not no_stage, revert
    )
    idle = {
        "--no-stage": plan and no_stage,
        "--freeze": plan and bool(freeze),
        **for_env(used=not plan),
    }
    return run(lambda ctx: squash(ctx, options), idle)


def lines(result: SquashResult, style: Style) -> Iterator[str]:
    """Yield what became one, what of rows, and how that was proved."""
    number = len(result.replaces) + 1
    if result.way == "revert":
        yield f"{safe(result.revision)} is {number} revisions again: {len(result.restores)} files"
        if result.planned:
            yield "nothing was done"
        return
    yield f"{number} revisions become {safe(result.revision)}  {safe(result.path)}"
    for row in result.statements:
        answer = row.answer or ("ask" if row.known else "unknown")
        yield f"  {answer:7} {safe(row.path)}:{row.line}  {safe(row.what)}"
    for seed in result.seeds:
        yield safe(messages.filled(seed.table, seed.rows, seed.frozen))
    for proof in result.proof:
        yield safe(messages.same_on(proof.dialect, proof.tables, proof.varying))
        if proof.down_fails is not None:
            yield safe(messages.no_way_down(proof.dialect, proof.down_fails))
    if result.planned:
        yield "nothing was done"
    else:
        yield f"{style.cyan('next:')} look at {safe(result.path)}, then commit"
