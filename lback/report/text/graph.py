"""The text of `lback graph`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lback.core.result import Result
from lback.report.drawing import draw
from lback.report.style import Style, safe
from lback.report.text.show import effect_lines
from lback.report.words import listing, title

Row = Mapping[str, Any]


def lines(result: Result, style: Style) -> Iterator[str]:
    """Yield the graph as a drawing."""
    rows: list[Row] = result.data["revisions"]
    if not rows:
        yield "no revisions yet"
    else:
        yield from _text(rows, style)


def _text(rows: list[Row], style: Style) -> Iterator[str]:
    by_id = {row["revision"]: row for row in rows}
    parents = {row["revision"]: row["down_revisions"] for row in rows}

    def label(revision: str) -> str:
        row = by_id[revision]
        return "\n".join([describe(row, style), *_effects(row, style)])

    for drawn in draw([row["revision"] for row in reversed(rows)], parents, label):
        yield from drawn.split("\n")


def _effects(row: Row, style: Style) -> Iterator[str]:
    """Yield what a revision does, where `--effects` asked for it."""
    for direction in ("upgrade", "downgrade") if "effects" in row else ():
        yield f"    {direction}()"
        for line in effect_lines(row["effects"], direction, style):
            yield f"    {line}"


def describe(row: Row, style: Style) -> str:
    """Return one line about a revision: id, message, what it is, its tables."""
    notes = list(row["branch_labels"])
    if row["is_head"]:
        notes.append("head")
    if row["is_base"]:
        notes.append("base")
    if row["is_merge"]:
        notes.append("merge")
    text = title(row, style)
    if notes:
        text += "  " + style.green(f"({', '.join(map(safe, notes))})")
    if row["depends_on"]:
        text += style.dim(f"  needs {listing(row['depends_on'])}")
    if row["tables"]:
        text += style.dim(f"  [{listing(row['tables'])}]")
    return text
