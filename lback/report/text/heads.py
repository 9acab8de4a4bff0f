"""The text of `lback heads`."""

from __future__ import annotations

from collections.abc import Iterator

from lback.core.result import Result
from lback.report.style import Style, safe
from lback.report.words import listing, standing, title, who


def lines(result: Result, style: Style) -> Iterator[str]:
    """Yield each head with its file, commit and tables."""
    heads = result.data["heads"]
    if not heads and not result.findings:
        yield "no revisions yet"
    for head in heads:
        labels = f"  ({listing(head['branch_labels'])})" if head["branch_labels"] else ""
        yield f"{title(head, style)}{style.green(labels)}"
        yield style.dim(f"    {safe(head['path'])}")
        tables = f"; tables {listing(head['tables'])}" if head["tables"] else ""
        yield style.dim(f"    {standing(head)}; {who(head['commit'])}{tables}")
