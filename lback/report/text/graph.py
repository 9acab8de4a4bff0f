"""The text of `lback graph`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lback.core.rows import RevisionRow
from lback.report.drawing import draw
from lback.report.style import Style, safe
from lback.report.text.show import DIRECTIONS, effect_lines
from lback.report.words import listing, title

if TYPE_CHECKING:
    from lback.app.graph import GraphResult


def lines(result: GraphResult, style: Style) -> Iterator[str]:
    """Yield the graph as a drawing."""
    if not result.revisions:
        yield "no revisions yet"
    else:
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
