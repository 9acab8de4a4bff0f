"""`lback switch`."""

from __future__ import annotations

import click

from lback.cli.options import common, lock_timeout_option
from lback.cli.running import run
from lback.cli.strict import Command


@click.command("switch", cls=Command)
@click.argument("ref", required=False)
@click.option("--plan", is_flag=True, help="Show the plan; change nothing.")
@click.option("--yes", "-y", is_flag=True, help="Lose data without asking.")
@lock_timeout_option
@common
def command(ref: str | None, plan: bool, yes: bool, lock_timeout: float | None) -> int:
    """Bring the database to the revisions of REF (default: this checkout).

    Revisions that REF does not have are undone with their own code, wherever in git that is.

    Example: `lback switch --plan` after `git switch main`
    """
    from lback.app.switch import SwitchOptions, switch

    options = SwitchOptions(ref, plan, yes, lock_timeout)
    idle = {"--yes": plan and yes, "--lock-timeout": lock_timeout if plan else None}
    return run(lambda ctx: switch(ctx, options), idle)
