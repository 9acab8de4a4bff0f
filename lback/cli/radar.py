"""`lback radar`."""

from __future__ import annotations

import click

from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command


@click.command("radar", cls=Command)
@click.option("--fetch", is_flag=True, help="Fetch all remotes first.")
@click.option(
    "--most",
    type=click.IntRange(min=1),
    default=10,
    metavar="N",
    help="Show the N branches that need attention most (default: 10).",
)
@click.option("--all", "everything", is_flag=True, help="Show every branch.")
@common
def command(fetch: bool, most: int, everything: bool) -> int:
    """Show which other branches will fork from or overlap with yours.

    Example: `lback radar --fetch`
    """
    from lback.app.radar import RadarOptions, radar

    return run(lambda ctx: radar(ctx, RadarOptions(fetch, everything, most)))
