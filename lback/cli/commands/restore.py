"""`lback restore`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lback.cli.options import common, lock_timeout_option
from lback.cli.running import apart, from_here, options_of_run, run
from lback.cli.strict import Command
from lback.formats.style import Style, safe
from lback.formats.words import counted, listing

if TYPE_CHECKING:
    from lback.app.restore import RestoredTable, RestoreResult


@click.command("restore", cls=Command)
@click.argument("saved", required=False)
@click.option("--plan", is_flag=True, help="Show what is saved there; change nothing.")
@click.option("--overwrite", is_flag=True, help="Write over newer values without asking.")
@click.option("--drop", is_flag=True, help="Forget what the database holds under this number.")
@lock_timeout_option
@common
def command(
    saved: str | None, plan: bool, overwrite: bool, drop: bool, lock_timeout: float | None
) -> int:
    """Restore rows and values: of a file, or of a number in the database.

    `rollback` saves to a file, `switch` and `rebase` to the database; without SAVED
    both are listed. Bring the table or column back first: `lback migrate`.

    Example: `lback restore 20260102T030405-users-1a2b3c4d.jsonl.gz`
    """
    from lback.app.restore import RestoreOptions, restore

    if saved is None and (plan or overwrite or drop):
        raise click.UsageError("Say what: a file, or a number of `lback restore`.")
    apart({"--plan": plan, "--overwrite": overwrite, "--drop": drop})
    if saved is not None and "/" in saved:
        saved = os.fspath(Path.cwd() / from_here(options_of_run(), saved))
    idle = {"--lock-timeout": lock_timeout if plan or saved is None else None}
    options = RestoreOptions(saved, plan, lock_timeout, overwrite, drop)
    return run(lambda ctx: restore(ctx, options), idle)


def lines(result: RestoreResult, style: Style) -> Iterator[str]:
    """Yield what each table got back, or what is saved."""
    if result.file is None:
        yield from _list(result, style)
        return
    for row in result.tables:
        what = "whole rows" if row.whole else f"column {listing(row.columns)}"
        if result.dropped:
            yield f"{safe(row.table)}: {counted(row.rows, 'row')} forgotten ({what})"
        elif not result.done:
            yield f"{safe(row.table)}: {counted(row.rows, 'row')} ({what})"
        else:
            yield from _table(row, what, style)


def _list(result: RestoreResult, style: Style) -> Iterator[str]:
    if not result.saved:
        yield "nothing is saved"
    for place in result.saved:
        rows = f"  {counted(place.rows, 'row')}" if place.rows else ""
        where = "" if place.database is None else f"  in {safe(place.database)}"
        gone = f"  {safe(place.created)}  went down with {listing(place.undoes)}"
        yield f"{style.yellow(safe(place.name))}{rows}{gone}{style.dim(where)}"


def _table(row: RestoredTable, what: str, style: Style) -> Iterator[str]:
    yield style.green(f"{safe(row.table)}: {counted(row.restored, 'row')} put back ({what})")
    if row.present:
        yield f"    {counted(row.present, 'row')} there already, as they were saved"
    if row.other:
        yield style.yellow(
            f"    {counted(row.other, 'row')} left alone: newer values are there"
            f"{_keys(row.other, row.keys)}"
        )
    if row.missing:
        why = "deleted since, or under another key by now" if row.unsure else "deleted since"
        yield style.yellow(
            f"    {counted(row.missing, 'row')} not put back: {why}"
            f"{_keys(row.missing, row.missing_keys)}"
        )
    if row.blocked:
        yield style.yellow(
            f"    {counted(row.blocked, 'row')} not put back: a row that they refer to is gone, or "
            "another one has their unique value"
        )


def _keys(number: int, keys: Sequence[str]) -> str:
    """Name some of the rows; those of a table without a key have no names."""
    more = ", …" if number > len(keys) else ""
    return f" (key {', '.join(map(safe, keys))}{more})" if keys else ""
