"""`lback restore`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lback.cli.options import common, lock_timeout_option
from lback.cli.running import from_here, options_of_run, run
from lback.cli.strict import Command
from lback.formats.style import Style, safe
from lback.formats.words import counted, listing

if TYPE_CHECKING:
    from lback.app.restore import RestoreResult


@click.command("restore", cls=Command)
@click.argument("file")
@click.option("--plan", is_flag=True, help="Show what the file holds; change nothing.")
@lock_timeout_option
@common
def command(file: str, plan: bool, lock_timeout: float | None) -> int:
    """Restore the rows and values that a rollback saved to FILE.

    Bring the table or column back first: `lback migrate`, or undo the reverting revision.

    Example: `lback restore 20260102T030405-users-1a2b3c4d.jsonl.gz`
    """
    from lback.app.restore import RestoreOptions, restore

    if "/" in file:
        file = os.fspath(Path.cwd() / from_here(options_of_run(), file))
    idle = {"--lock-timeout": lock_timeout if plan else None}
    return run(lambda ctx: restore(ctx, RestoreOptions(file, plan, lock_timeout)), idle)


def lines(result: RestoreResult, style: Style) -> Iterator[str]:
    """Yield what each table got back."""
    for row in result.tables:
        what = "whole rows" if row.whole else f"column {listing(row.columns)}"
        if not result.done:
            yield f"{safe(row.table)}: {counted(row.rows, 'row')} ({what})"
            continue
        yield style.green(f"{safe(row.table)}: {counted(row.restored, 'row')} put back ({what})")
        if row.present:
            yield f"    {counted(row.present, 'row')} left alone: their keys are there already"
        if row.missing:
            yield style.yellow(
                f"    {counted(row.missing, 'row')} not put back: deleted since they were saved"
            )
