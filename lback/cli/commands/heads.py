"""`lback heads`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from lback.cli.options import at_option, common
from lback.cli.running import run
from lback.cli.strict import Command
from lback.formats.style import Style, safe
from lback.formats.words import listing, standing, title

if TYPE_CHECKING:
    from lback.app.heads import HeadsResult


@click.command("heads", cls=Command)
@at_option
@common
def command(at: str) -> int:
    """Show the heads of the revision graph.

    Example: `lback heads --at origin/main`
    """
    from lback.app.heads import heads

    return run(lambda ctx: heads(ctx, at))


def lines(result: HeadsResult, style: Style) -> Iterator[str]:
    """Yield each head with its file, commit and tables."""
    if not result.heads and not result.findings:
        yield "no revisions yet"
    for head in result.heads:
        labels = f"  ({listing(head.branch_labels)})" if head.branch_labels else ""
        yield f"{title(head.revision, head.doc, style)}{style.green(labels)}"
        yield style.dim(f"    {safe(head.path)}")
        tables = f"; tables {listing(head.tables)}" if head.tables else ""
        known = standing(head.published, head.commit, in_git=result.in_git)
        yield style.dim(f"    {'; '.join(filter(None, known))}{tables}")
