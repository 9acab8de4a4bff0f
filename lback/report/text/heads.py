"""The text of `lback heads`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lback.report.style import Style, safe
from lback.report.words import listing, standing, title, who

if TYPE_CHECKING:
    from lback.app.heads import HeadsResult


def lines(result: HeadsResult, style: Style) -> Iterator[str]:
    """Yield each head with its file, commit and tables."""
    if not result.heads and not result.findings:
        yield "no revisions yet"
    for head in result.heads:
        labels = f"  ({listing(head.branch_labels)})" if head.branch_labels else ""
        yield f"{title(head.revision, head.doc, style)}{style.green(labels)}"
        yield style.dim(f"    {safe(head.path)}")
        tables = f"; tables {listing(head.tables)}" if head.tables else ""
        yield style.dim(f"    {standing(head.published)}; {who(head.commit)}{tables}")
