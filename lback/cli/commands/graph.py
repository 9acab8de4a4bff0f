"""`lback graph`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from lback.cli.commands.show import DIRECTIONS, effect_lines
from lback.cli.options import at_option, common
from lback.cli.running import apart, options_of_run, run
from lback.cli.strict import Command
from lback.core.rows import RevisionRow
from lback.formats.style import Style, safe
from lback.formats.words import listing, title

if TYPE_CHECKING:
    from lback.app.graph import GraphResult


@click.command("graph", cls=Command)
@at_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "mermaid", "dot"]),
    help="The output format (default: text).",
)
@click.option("--effects", is_flag=True, help="Show what each revision does.")
@common
def command(at: str, form: str | None, effects: bool) -> int:
    """Show the revision graph, newest revision first.

    Example: `lback graph --at origin/main --format mermaid`
    """
    options = options_of_run()
    apart({"--json": options.json, "--format": form})
    drawn = form if form in ("mermaid", "dot") else None
    apart({"--effects": effects, f"--format {drawn}": drawn})
    from lback.app.graph import GraphOptions, graph

    asked = GraphOptions(at, effects)
    return run(lambda ctx: graph(ctx, asked), form=form or "text", each=drawn is None)


def lines(result: GraphResult, style: Style) -> Iterator[str]:
    """Yield the graph as a drawing."""
    if not result.revisions and not result.findings:
        yield "no revisions yet"
    elif result.revisions:
        yield from _text(result.revisions, style)


def _text(rows: Sequence[RevisionRow], style: Style) -> Iterator[str]:
    by_id = {row.revision: row for row in rows}
    parents = {row.revision: row.down_revisions for row in rows}

    def label(revision: str) -> str:
        row = by_id[revision]
        return "\n".join([describe(row, style), *_effects(row, style)])

    for drawn in draw([row.revision for row in reversed(rows)], parents, label):
        yield from drawn.split("\n")


def _effects(row: RevisionRow, style: Style) -> Iterator[str]:
    """Yield what a revision does, where `--effects` asked for it."""
    if row.effects is None:
        return
    for direction in DIRECTIONS:
        yield f"    {direction}()"
        for line in effect_lines(row.effects, direction, style):
            yield f"    {line}"


def describe(row: RevisionRow, style: Style) -> str:
    """Return one line about a revision: id, message, what it is, its tables."""
    kinds = {"head": row.is_head, "base": row.is_base, "merge": row.is_merge}
    notes = [*row.branch_labels, *(kind for kind, is_one in kinds.items() if is_one)]
    text = title(row.revision, row.doc, style)
    if notes:
        text += "  " + style.green(f"({', '.join(map(safe, notes))})")
    if row.depends_on:
        text += style.dim(f"  needs {listing(row.depends_on)}")
    if row.tables:
        text += style.dim(f"  [{listing(row.tables)}]")
    return text


Rails = list[str]


def draw(
    newest_first: Sequence[str],
    parents: Mapping[str, Sequence[str]],
    label: Callable[[str], str],
) -> Iterator[str]:
    """Yield the drawing.

    A label may have several lines. `rails` holds, for each column, the revision that the
    line in it leads to.
    """
    rails: Rails = []
    for revision in newest_first:
        if revision not in rails:
            rails.append(revision)
        column = rails.index(revision)
        yield from _join(rails, revision, column)
        marks = " ".join("●" if at == column else "│" for at in range(len(rails)))
        first, *more = label(revision).split("\n")
        yield f"{marks} {first}"
        down = [p for p in parents.get(revision, ()) if p in parents]
        if more:
            rail = " ".join("│" if at != column or down else " " for at in range(len(rails)))
            yield from (f"{rail} {line}".rstrip() for line in more)
        yield from _branch(rails, column, down)


def _join(rails: Rails, revision: str, column: int) -> Iterator[str]:
    """Several rails that lead to one revision end in its column."""
    while rails.count(revision) > 1:
        last = len(rails) - 1 - rails[::-1].index(revision)
        yield _link(len(rails), column, last, "╯")
        del rails[last]


def _branch(rails: Rails, column: int, parents: list[str]) -> Iterator[str]:
    """After a revision its column leads to its first parent; more parents open more rails."""
    if not parents:
        # A base in the middle leaves a gap; close it, so that the picture stays narrow.
        if column < len(rails) - 1:
            yield _close(len(rails), column)
        del rails[column]
        return
    rails[column] = parents[0]
    for offset, parent in enumerate(parents[1:], 1):
        rails.insert(column + offset, parent)
        yield _link(len(rails), column, column + offset, "╮")


def _link(width: int, left: int, right: int, corner: str) -> str:
    cells = []
    for at in range(width):
        if at == left:
            cells.append("├─")
        elif at == right:
            cells.append(f"{corner} ")
        elif left < at < right:
            cells.append("──")
        else:
            cells.append("│ ")
    return "".join(cells).rstrip()


def _close(width: int, column: int) -> str:
    cells = ["│ " if at < column else "  " if at == column else "╱ " for at in range(width)]
    return "".join(cells).rstrip()
