"""`lback radar`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from textwrap import wrap
from typing import TYPE_CHECKING

import click

from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command
from lback.formats.lanes import draw
from lback.formats.style import Style, safe
from lback.formats.words import counted, listing, message

if TYPE_CHECKING:
    from lback.app.radar import BranchRow, RadarResult
    from lback.core.merging.overlap_rows import OverlapRow
    from lback.core.pictures.lanes import LaneNode


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


_MOST = 4  # overlaps of one branch
_WORDS = {"overlap": "overlaps", "fork": "forks", "add": "adds"}


def lines(result: RadarResult, style: Style) -> Iterator[str]:
    """Yield a summary, and the branches as lanes beside mine."""
    rows = result.branches
    merged = result.summary.merged
    told = f"{_branches(result.compared)} compared with {safe(result.at)}"
    merges = f"; {_branches(merged, 'branch')} merged already" if merged else ""
    if not rows:
        yield f"{_branches(result.compared)}: none adds a revision{merges}"
        return
    yield told + merges
    width = len(str(result.compared))
    for word, (branches, names) in _sums(rows).items():
        if names:
            number = _paint(word, style)(f"{_WORDS[word]:<8}  {branches:>{width}}")
            yield f"{number}  {_as_many(names, style, 12 + width)}"
    yield ""
    yield from _lanes(result, style)
    rest = rows[len(rows[: result.most]) :]
    if rest:
        forks = sum(row.forks for row in rest)
        fork = f", {forks} of them fork" if forks else ""
        yield style.dim(f"and {_branches(len(rest), 'more branch')}{fork}: `lback radar --all`")


def _as_many(names: Sequence[str], style: Style, used: int) -> str:
    """Return names as a list of as many as there is room for."""
    told = (listing(names, most) for most in (5, 4, 3, 2))
    fitting = (text for text in told if len(text) <= style.width - used)
    return next(fitting, style.cut(listing(names, 1), used))


def _does(row: BranchRow) -> str:
    return "overlap" if row.overlaps else "fork" if row.forks else "add"


def _sums(rows: Sequence[BranchRow]) -> Mapping[str, tuple[int, Sequence[str]]]:
    """Return for each thing that a branch does how many do it, and the first names of rows."""
    sums: dict[str, tuple[int, list[str]]] = {word: (0, []) for word in _WORDS}
    for row in rows:
        number, names = sums[_does(row)]
        sums[_does(row)] = number + 1 + len(row.also), [*names, row.branch, *row.also]
    return sums


def _paint(word: str, style: Style) -> Callable[[str], str]:
    return {"overlap": style.red, "fork": style.yellow, "add": style.green}[word]


def _branches(number: int, word: str = "other branch") -> str:
    return counted(number, word).replace("branchs", "branches")


def _lanes(result: RadarResult, style: Style) -> Iterator[str]:
    """Yield the picture: mine on the left, each branch in the colour of what it does."""
    nodes = {node.name: node for node in result.lanes}
    parents = {name: node.parents for name, node in nodes.items()}
    met: dict[str, list[OverlapRow]] = {}
    for number, row in enumerate(result.branches[: result.most]):
        brought = {revision.revision for revision in row.revisions}
        for overlap in row.overlaps[:_MOST]:
            side = overlap.right if overlap.right.revision in brought else overlap.left
            met.setdefault(f"{number}:{side.revision}", []).append(overlap)

    def label(name: str, used: int) -> str:
        node = nodes[name]
        if node.kind == "gap":
            return ""
        if node.kind == "revision":
            return "\n".join(_revision(node, met.get(name, ()), style, used))
        if node.branch is None:
            return f"{style.bold(style.cut(safe(result.at), used + 6))}  here"
        return "\n".join(_tip(result.branches[node.branch], style, used))

    def paint(child: str, _column: int, sign: str) -> str:
        node = nodes[child]
        if node.branch is None:
            return style.red(sign) if node.meets and sign == "●" else style.cyan(sign)
        return _paint(_does(result.branches[node.branch]), style)(sign)

    marks = {"tip": "○", "revision": "●", "gap": "⋮"}
    drawn = draw(tuple(nodes), parents, label, paint, lambda name: marks[nodes[name].kind])
    yield from drawn


def _tip(row: BranchRow, style: Style, used: int) -> Iterator[str]:
    """Yield what a branch does, its name, whose it is and how old."""
    word, name = _WORDS[_does(row)], style.cut(safe(row.branch), used + 10)
    by = f"{safe(row.commit.author)}, {age(row.commit.date)}"
    first = f"{_paint(_does(row), style)(word)}  {style.bold(name)}"
    if used + len(word) + len(name) + len(by) + 4 <= style.width:
        yield f"{first}  {style.dim(by)}"
    else:
        yield first
        yield style.dim(style.cut(by, used))
    if row.also:
        yield style.dim(style.cut(f"also {listing(row.also, 3)}", used))
    if row.reparents:
        yield style.cut(f"changes the parents of {listing(row.reparents)}", used)
    if len(row.overlaps) > _MOST:
        yield f"{len(row.overlaps)} overlaps, {_MOST} of them shown"


def _revision(node: LaneNode, met: Sequence[OverlapRow], style: Style, used: int) -> Iterator[str]:
    """Yield a revision, and what of it overlaps with mine."""
    name = style.cut(safe(node.revision), used)
    doc = style.cut(safe(message(node.doc)) or "(no message)", used + len(name) + 2)
    yield f"{style.red(name) if node.meets else style.yellow(name)}  {doc}"
    for overlap in met:
        text = f"{overlap.verdict}: {safe(overlap.message)}"
        yield from wrap(text, style.width - used - 2, initial_indent="  ", subsequent_indent="    ")


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
