"""`lback migrate`."""

from __future__ import annotations

import click

from lback.cli.options import common, lock_timeout_option
from lback.cli.running import apart, run
from lback.cli.strict import Command


@click.command("migrate", cls=Command)
@click.argument("revision", required=False)
@click.option("--plan", is_flag=True, help="Show the plan; change nothing.")
@click.option("--sql", is_flag=True, help="Print the SQL instead of running it.")
@click.option("--fake", is_flag=True, help="Mark the revisions as applied without running them.")
@click.option("--yes", "-y", is_flag=True, help="Undo revisions without asking.")
@lock_timeout_option
@common
def command(
    revision: str | None,
    plan: bool,
    sql: bool,
    fake: bool,
    yes: bool,
    lock_timeout: float | None,
) -> int:
    """Apply the pending revisions, up to REVISION or to the head.

    Example: `lback migrate --plan`
    """
    from lback.app.migrate import MigrateOptions, migrate

    apart({"--plan": plan, "--sql": sql})
    only_told = plan or sql
    idle = {"--yes": only_told and yes, "--lock-timeout": lock_timeout if only_told else None}
    options = MigrateOptions(revision, plan, sql, fake, yes, lock_timeout)
    return run(lambda ctx: migrate(ctx, options), idle)
