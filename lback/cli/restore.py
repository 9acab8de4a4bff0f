"""`lback restore`."""

from __future__ import annotations

import click

from lback.cli.options import common, lock_timeout_option
from lback.cli.running import run
from lback.cli.strict import Command


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

    idle = {"--lock-timeout": lock_timeout if plan else None}
    return run(lambda ctx: restore(ctx, RestoreOptions(file, plan, lock_timeout)), idle)
