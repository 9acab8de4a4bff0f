"""`lback history`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from lback.cli.options import at_option, common
from lback.cli.running import for_env, run
from lback.cli.strict import Command
from lback.formats.effects import operation_text
from lback.formats.style import Style, safe
from lback.formats.words import NOBODY_KNOWN, applied, listing, title, who

if TYPE_CHECKING:
    from lback.app.history import ChangeRow, HistoryResult


@click.command("history", cls=Command)
@click.argument("table", required=False)
@at_option
@click.option("--all", "everywhere", is_flag=True, help="Include the revisions of other branches.")
@click.option("--patch", "-p", is_flag=True, help="Show the statements.")
@click.option("--database", is_flag=True, help="Ask the database which revisions are applied.")
@common
def command(table: str | None, at: str, everywhere: bool, patch: bool, database: bool) -> int:
    """Show who changed the schema, or one TABLE, and when; newest first.

    Example: `lback history users --patch`
    """
    from lback.app.history import HistoryOptions, history

    options = HistoryOptions(table, at, database, everywhere, patch)
    return run(
        lambda ctx: history(ctx, options),
        for_env(used=database),
        each=table is None,
    )


def lines(result: HistoryResult, style: Style) -> Iterator[str]:
    """Yield each change with its commit and what it did."""
    table = result.table
    for note in result.unseen:
        yield style.yellow(f"note: {safe(note)}")
    if table and len(result.names) > 1:
        others = [name for name in result.names if name != table]
        yield f"{safe(table)} was also called {listing(others)}"
    if not result.changes:
        yield "no revisions yet" if table is None else f"no change of {safe(table)} is known"
    for number, change in enumerate(result.changes):
        if number and table is not None:
            yield ""
        yield from _change(change, style, short=table is None)


def _change(change: ChangeRow, style: Style, *, short: bool) -> Iterator[str]:
    yield title(change.revision, change.doc, style) + _where(change, style)
    stands = applied(change)
    stands = f"; {stands}" if stands else ""
    yield style.dim(f"    {_people(change)}{_standing(change)}{stands}")
    if change.picked_by:
        yield style.dim(f"    committed by {safe(change.picked_by)}")
    if change.written:
        yield style.dim(f"    written by {who(change.written)}")
    for edit in change.edits[:3]:
        yield style.yellow(f"    edited later: {who(edit)}: {safe(edit.subject)}")
    yield style.dim(f"    {safe(change.path)}:{change.line}")
    if change.patch is not None:
        yield from (f"      {safe(line)}".rstrip() for line in change.patch)
    else:
        yield from _operations(change, style, short=short)


def _people(change: ChangeRow) -> str:
    if change.committed is None:
        return NOBODY_KNOWN
    others = f", with {listing(change.co_authors)}" if change.co_authors else ""
    return f"{who(change.commit)}{others}"


def _standing(change: ChangeRow) -> str:
    if change.published:
        return "; published"
    if change.committed is None:
        return ""  # without git nobody can say
    return "; pushed" if change.pushed else "; local"


def _where(change: ChangeRow, style: Style) -> str:
    return style.cyan(f"  (only on {listing(change.branches, 3)})") if change.branches else ""


def _operations(change: ChangeRow, style: Style, *, short: bool) -> Iterator[str]:
    operations = change.operations
    shown = operations[:3] if short else operations
    for operation in shown:
        yield f"      {operation_text(operation)}"
    if len(shown) < len(operations):
        yield f"      and {len(operations) - len(shown)} more"
    if not change.certain:
        yield style.yellow("      and something that cannot be read for certain")
