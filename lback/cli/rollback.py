"""`lback rollback`."""

from __future__ import annotations

from typing import Literal

import click

from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command


@click.command("rollback", cls=Command)
@click.argument("table", required=False)
@click.option("--revision", metavar="REV", help="Undo this revision instead.")
@click.option("--steps", type=click.IntRange(1), metavar="N", help="Undo the last N steps instead.")
@click.option("--plan", is_flag=True, help="Only tell what would be done.")
@click.option("--sql", is_flag=True, help="Print the SQL instead of running it.")
@click.option(
    "--strategy",
    type=click.Choice(["downgrade", "revert"]),
    help="Undo the revision itself, or write a new one on top.",
)
@click.option("--no-backup", is_flag=True, help="Do not save what is lost to a file first.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask before data is lost.")
@click.option("--lock-timeout", type=float, metavar="SECONDS", help="How long to wait my turn.")
@common
def command(
    table: str | None,
    revision: str | None,
    steps: int | None,
    plan: bool,
    sql: bool,
    strategy: Literal["downgrade", "revert"] | None,
    no_backup: bool,
    yes: bool,
    lock_timeout: float | None,
) -> int:
    """Undo the latest change of TABLE.

    Example: `lback rollback users --plan`
    """
    if sum(given is not None for given in (table, revision, steps)) != 1:
        raise click.UsageError("Say what to undo: a TABLE, or `--revision REV`, or `--steps N`.")
    from lback.app.rollback import Wish, rollback

    wish = Wish(table, revision, steps, plan, sql, strategy, yes, lock_timeout, no_backup)
    return run(lambda ctx: rollback(ctx, wish))
