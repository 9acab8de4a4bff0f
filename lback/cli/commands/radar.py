"""`lback radar`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import click

from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command
from lback.formats.style import Style, safe
from lback.formats.words import counted, listing

if TYPE_CHECKING:
    from lback.app.radar import BranchRow, RadarResult


@click.command("radar", cls=Command)
@click.option("--fetch", is_flag=True, help="Fetch all remotes first.")
@click.option(
    "--most",
    type=click.IntRange(min=1),
    default=10,
    metavar="N",
    help="Show the N branches that need attention most (default: 10).",
)
@click.option("--all", "everything", is_flag=True, help="Show every branch.")
@common
def command(fetch: bool, most: int, everything: bool) -> int:
    """Show which other branches will fork from or overlap with yours.

    Example: `lback radar --fetch`
    """
    from lback.app.radar import RadarOptions, radar

    return run(lambda ctx: radar(ctx, RadarOptions(fetch, everything, most)))


_MOST = 4


def lines(result: RadarResult, style: Style) -> Iterator[str]:
    """Yield a summary, and a paragraph for each branch, the worst first."""
    rows, sums = result.branches, result.summary
    compared = _branches(result.compared)
    merged = f"; {_branches(sums.merged, 'branch')} merged already" if sums.merged else ""
    if not rows:
        yield f"{compared}: none adds a revision{merged}"
        return
    yield (
        f"{compared} compared with {safe(result.at)}: {sums.branches} with other "
        f"revisions, {sums.fork} would fork, {sums.overlap} overlap{merged}"
    )
    shown = rows[: result.most]
    for row in shown:
        yield from _branch(row, style)
    rest = rows[len(shown) :]
    if rest:
        forks = sum(row.forks for row in rest)
        quiet = f", {forks} of them would fork" if forks else ""
        yield style.dim(f"and {_branches(len(rest), 'more branch')}{quiet} (`lback radar --all`)")


def _branches(number: int, word: str = "other branch") -> str:
    return counted(number, word).replace("branchs", "branches")


def _branch(row: BranchRow, style: Style) -> Iterator[str]:
    word = style.green("adds")
    if row.overlaps:
        word = style.red("overlaps")
    elif row.forks:
        word = style.yellow("forks")
    also = f" (also {listing([safe(name) for name in row.also], 3)})" if row.also else ""
    yield (
        f"{word}  {style.bold(safe(row.branch))}{also}  "
        + style.dim(f"{safe(row.commit.author)}, {age(row.commit.date)}")
    )
    for revision in row.revisions[:_MOST]:
        yield f"    {style.yellow(safe(revision.revision))}  {safe(revision.doc) or '(no message)'}"
    if len(row.revisions) > _MOST:
        yield f"    and {len(row.revisions) - _MOST} more"
    if row.reparents:
        yield f"    changes the parents of {listing(row.reparents)}"
    for overlap in row.overlaps[:_MOST]:
        yield f"    {overlap.verdict}: {safe(overlap.message)}"
    if len(row.overlaps) > _MOST:
        yield f"    and {len(row.overlaps) - _MOST} more overlaps"


def age(date: str, now: datetime | None = None) -> str:
    """Return how long ago an ISO date was, in the largest unit that fits."""
    try:
        then = datetime.fromisoformat(date.replace("Z", "+00:00"))
    except ValueError:
        return date
    seconds = ((now or datetime.now(timezone.utc)) - then).total_seconds()
    for size, word in (
        (365 * 86400, "year"),
        (30 * 86400, "month"),
        (86400, "day"),
        (3600, "hour"),
    ):
        if seconds >= size:
            return f"{counted(int(seconds // size), word)} ago"
    return "within the hour"
