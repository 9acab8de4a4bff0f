"""`lback history`."""

from __future__ import annotations

import click

from lback.cli.options import common
from lback.cli.running import run


@click.command("history")
@click.argument("table", required=False)
@click.option("--at", default="worktree", metavar="REF", help="A commit, branch, `index`.")
@click.option("--database", is_flag=True, help="Also ask the database what is applied.")
@common
def command(table: str | None, at: str, database: bool) -> int:
    """Show who changed the schema, or one TABLE, and when; newest first.

    Example: `lback history users`
    """
    from lback.app.history import history

    return run(lambda ctx: history(ctx, table, at, with_database=database))
