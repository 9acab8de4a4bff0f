"""`lback diff`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command
from lback.formats.style import Style, safe
from lback.formats.words import counted

if TYPE_CHECKING:
    from lback.app.diff import DiffResult
    from lback.core.schema_diff import SchemaChange


@click.command("diff", cls=Command)
@click.argument("refs", nargs=-1, metavar="[REF [REF]]")
@click.option("--models", is_flag=True, help="Compare the models with the migrations here.")
@common
def command(refs: tuple[str, ...], models: bool) -> int:
    """Show where the database is not what its stamp promises: drift.

    With a REF, compare what its migrations build with what those of the second
    REF build, or those here. What they build is built, so the migrations of
    that REF are run, on an empty database. Ends with 1 where anything differs.

    Example: `lback diff --models`
    """
    from lback.app.diff import DiffOptions, diff

    if len(refs) > 2:
        raise click.UsageError("At most two refs can be compared.")
    return run(lambda ctx: diff(ctx, DiffOptions(refs, models)))


def lines(result: DiffResult, style: Style) -> Iterator[str]:
    """Yield each difference, as from the first schema to the second."""
    yield style.dim(f"- {safe(result.before)}")
    yield style.dim(f"+ {safe(result.after)}")
    table = None
    for change in result.changes:
        if change.table is not None and change.table != table:
            yield f"table {style.bold(safe(change.table))}"
        table = change.table
        yield from _change(change, style)
    left = f"not compared: {', '.join(result.not_compared)}"
    if not result.changes:
        yield f"{style.green('no difference')}; {left}"
    else:
        yield f"{counted(len(result.changes), 'difference')}; {left}"


def _change(change: SchemaChange, style: Style) -> Iterator[str]:
    indent = "    " if change.table is not None else ""
    what = " ".join(filter(None, (change.kind, safe(change.name or ""))))
    for sign, text, paint in (("-", change.before, style.red), ("+", change.after, style.green)):
        gone = change.state == ("added" if sign == "-" else "removed")
        if not gone:
            shown = f": {safe(text)}" if text else ""
            yield paint(f"{indent}{sign} {what}{shown}")
