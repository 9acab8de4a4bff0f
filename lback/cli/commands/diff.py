"""`lback diff`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command
from lback.core.altering.statements import script
from lback.formats.style import Script, Style, safe
from lback.formats.words import counted

if TYPE_CHECKING:
    from lback.app.diff import DiffResult
    from lback.core.schema_diff import SchemaChange


@click.command("diff", cls=Command)
@click.argument("refs", nargs=-1, metavar="[REF [REF]]")
@click.option("--models", is_flag=True, help="Compare the models with the migrations here.")
@click.option("--sql", is_flag=True, help="Print SQL that makes the second one of the first.")
@click.option("-R", "--reverse", is_flag=True, help="Let the two change places.")
@common
def command(refs: tuple[str, ...], models: bool, sql: bool, reverse: bool) -> int:
    """Show where the database is not what its stamp promises: drift.

    With a REF, compare what its migrations build with what those of the second
    REF build, or those here. What they build is built, so the migrations of
    that REF are run, on an empty database. Ends with 1 where anything differs.

    Example: `lback diff --models`
    """
    from lback.app.diff import DiffOptions, diff

    if len(refs) > 2:
        raise click.UsageError("At most two refs can be compared.")
    return run(lambda ctx: diff(ctx, DiffOptions(refs, models, sql, reverse)))


def lines(result: DiffResult, style: Style) -> Iterator[str]:
    """Yield each difference, as from the first schema to the second, or the SQL for it."""
    if result.sql is not None:
        yield Script("\n".join(_sql(result, result.sql)))
        return
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


def _sql(result: DiffResult, sql: Sequence[str]) -> Iterator[str]:
    """Yield a script: what it is for, what it does, and what was not compared."""
    yield f"-- from: {safe(result.before)}"
    yield f"-- to: {safe(result.after)}"
    yield script(sql, result.dialect) if sql else "-- no difference"
    yield f"-- not compared: {', '.join(result.not_compared)}"


def _change(change: SchemaChange, style: Style) -> Iterator[str]:
    indent = "    " if change.table is not None else ""
    what = " ".join(filter(None, (change.kind, safe(change.name or ""))))
    for sign, text, paint in (("-", change.before, style.red), ("+", change.after, style.green)):
        gone = change.state == ("added" if sign == "-" else "removed")
        if not gone:
            shown = f": {safe(text)}" if text else ""
            yield paint(f"{indent}{sign} {what}{shown}")
