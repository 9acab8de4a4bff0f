"""`lback rollback`."""

from __future__ import annotations

from typing import Literal

import click

from lback.cli.options import common, lock_timeout_option
from lback.cli.running import apart, run
from lback.cli.strict import Command


@click.command("rollback", cls=Command)
@click.argument("table", required=False)
@click.option("--revision", metavar="REV", help="Undo this revision instead.")
@click.option("--steps", type=click.IntRange(1), metavar="N", help="Undo the last N steps instead.")
@click.option("--plan", is_flag=True, help="Show the plan; change nothing.")
@click.option("--sql", is_flag=True, help="Print the SQL instead of running it.")
@click.option(
    "--strategy",
    type=click.Choice(["downgrade", "revert"]),
    help="Undo the revision itself, or write a new one on top.",
)
@click.option("--no-backup", is_flag=True, help="Lose data without saving it to a file first.")
@click.option("--yes", "-y", is_flag=True, help="Lose data without asking.")
@lock_timeout_option
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
    apart({"--plan": plan, "--sql": sql})
    told = plan or sql
    idle = {
        "--yes": told and yes,
        "--no-backup": told and no_backup,
        "--lock-timeout": lock_timeout if told else None,
    }
    from lback.app.rollback import RollbackOptions, rollback

    options = RollbackOptions(
        table, revision, steps, plan, sql, strategy, yes, lock_timeout, no_backup
    )
    return run(lambda ctx: rollback(ctx, options), idle)
