"""The revision graph for Mermaid, oldest revision on top."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lback.core.display import visible
from lback.core.rows import RevisionRow
from lback.formats.words import message

if TYPE_CHECKING:
    from lback.app.graph import GraphResult

# All else is spelled by number, `#38;`, the only kind of entity that Mermaid knows everywhere.
# A number, dash or plus at the beginning would be an item of a list.
_MEANS_SOMETHING = re.compile(r"^\d+(?=\.)|^[-+=]|[^\w .,/+=-]")


def render(result: GraphResult) -> str:
    """Return a flowchart; names stand in labels only, so that none of them draws an edge."""
    return "\n".join(_lines(result.revisions))


def _lines(rows: Sequence[RevisionRow]) -> Iterator[str]:
    yield "flowchart TD"
    names = {row.revision: f"r{at}" for at, row in enumerate(rows)}
    for row in rows:
        parts = [label(part) for part in (row.revision, message(row.doc)) if part]
        yield f'    {names[row.revision]}["{"<br/>".join(parts)}"]'
    for row in rows:
        for parent in row.down_revisions:
            if parent in names:
                yield f"    {names[parent]} --> {names[row.revision]}"
        for parent in row.depends_on:
            if parent in names:
                yield f"    {names[parent]} -.-> {names[row.revision]}"


def label(text: str, most: int | None = None) -> str:
    """Return a text for a quoted label, whatever it holds, cut to `most` characters."""
    return _MEANS_SOMETHING.sub(_entities, visible(text).strip()[:most])


def _entities(match: re.Match[str]) -> str:
    return "".join(f"#{ord(char)};" for char in match[0])
