"""`lback radar`."""

from __future__ import annotations

import click

from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command


@click.command("radar", cls=Command)
@click.option("--fetch", is_flag=True, help="Fetch all remotes first.")
@click.option(
    "--all", "everything", is_flag=True, help="Show every branch, not the worst ten only."
)
@common
def command(fetch: bool, everything: bool) -> int:
    """Show which other branches hold revisions that will fork from mine or overlap with them.

    Example: `lback radar --fetch`
    """
    from lback.app.radar import radar

    return run(lambda ctx: radar(ctx, fetch=fetch, everything=everything))
