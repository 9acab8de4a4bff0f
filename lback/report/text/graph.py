"""The text of `lback graph`, and its Mermaid and Graphviz forms."""

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
    """Yield the graph in the form that was asked for."""
    rows: list[Row] = result.data["revisions"]
    form = result.view.get("format", "text")
    if form == "mermaid":
        yield from mermaid(rows)
    elif form == "dot":
        yield from dot(rows)
    elif not rows:
        yield "no revisions yet"
    else:
        yield from _text(rows, style)


def _text(rows: list[Row], style: Style) -> Iterator[str]:
    by_id = {row["revision"]: row for row in rows}
    parents = {row["revision"]: row["down_revisions"] for row in rows}

    def label(revision: str) -> str:
        row = by_id[revision]
        return "\n".join([describe(row, style), *_effects(row, style)])

    yield from draw([row["revision"] for row in reversed(rows)], parents, label)


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


def mermaid(rows: list[Row]) -> Iterator[str]:
    """Yield a Mermaid flowchart, oldest revision on top."""
    yield "flowchart TD"
    names = {row["revision"]: f"r{at}" for at, row in enumerate(rows)}
    for row in rows:
        text = safe(f"{row['revision']}<br/>{_plain(row['doc'])}")
        yield f'    {names[row["revision"]]}["{text}"]'
    for row in rows:
        for parent in row["down_revisions"]:
            if parent in names:
                yield f"    {names[parent]} --> {names[row['revision']]}"
        for parent in row["depends_on"]:
            if parent in names:
                yield f"    {names[parent]} -.-> {names[row['revision']]}"


def dot(rows: list[Row]) -> Iterator[str]:
    """Yield a Graphviz digraph, arrows from parent to child."""
    yield "digraph revisions {"
    yield "    node [shape=box];"
    for row in rows:
        yield f"    {_quoted(row['revision'])} [label={_quoted(_label(row))}];"
    for row in rows:
        for parent in row["down_revisions"]:
            yield f"    {_quoted(parent)} -> {_quoted(row['revision'])};"
        for parent in row["depends_on"]:
            yield f"    {_quoted(parent)} -> {_quoted(row['revision'])} [style=dashed];"
    yield "}"


def _label(row: Row) -> str:
    return f"{row['revision']}\n{row['doc']}"


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")


def _quoted(text: str) -> str:
    clean = safe(text.replace("\n", "\0")).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + clean.replace("�", "\\n") + '"'
