"""The revision graph for Graphviz, arrows from parent to child."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lback.core.display import harmless_line, mute, visible
from lback.core.rows import RevisionRow
from lback.formats.words import message

if TYPE_CHECKING:
    from lback.app.graph import GraphResult


def render(result: GraphResult) -> str:
    """Return a digraph; a parent that no file defines is a node without a label of its own."""
    return "\n".join(_lines(result.revisions))


def _lines(rows: Sequence[RevisionRow]) -> Iterator[str]:
    yield "digraph revisions {"
    yield "    node [shape=box];"
    names = _names(rows)
    for row in rows:
        parts = [part for part in (row.revision, message(row.doc)) if part]
        text = "\\n".join(map(_label, parts))
        yield f'    {names[row.revision]} [label="{text}"];'
    for row in rows:
        for parent in row.down_revisions:
            yield f"    {names[parent]} -> {names[row.revision]};"
        for parent in row.depends_on:
            yield f"    {names[parent]} -> {names[row.revision]} [style=dashed];"
    yield "}"


def _names(rows: Sequence[RevisionRow]) -> dict[str, str]:
    """Return a node's name for each revision; two that look alike get two."""
    names: dict[str, str] = {}
    seen: set[str] = set()
    for row in rows:
        for revision in (row.revision, *row.down_revisions, *row.depends_on):
            if revision in names:
                continue
            # Graphviz keeps names with a % in front for the nodes that have none.
            name, number = (
                harmless_line(visible(revision)).replace("%", " %", revision.startswith("%")),
                2,
            )
            while name in seen:
                name, number = f"{harmless_line(visible(revision))} ({number})", number + 1
            seen.add(name)
            names[revision] = _quoted(name)
    return names


def _quoted(text: str) -> str:
    # The name of a node ends at a quote alone; a backslash stays what it is, but not the last.
    tail = len(text) - len(text.rstrip("\\"))
    return '"' + text.replace('"', '\\"') + "\\" * (tail % 2) + '"'


def _label(text: str) -> str:
    """Escape for a label, where backslashes are commands and entities of HTML are characters."""
    text = visible(text).replace("&", "&amp;")
    return mute(text.replace("\\", "\\\\").replace('"', '\\"'), "&#35;")
