"""`lback demo`."""

from __future__ import annotations

import click

from lback.cli.options import common
from lback.cli.running import from_here, options_of_run, run
from lback.cli.strict import Command


@click.command("demo", cls=Command)
@click.argument("folder", required=False)
@common
def command(folder: str | None) -> int:
    """Play the story of two developers, with real git and real SQLite, in a temporary folder.

    Example: `lback demo`
    """
    from lback.app.demo import demo

    place = folder and from_here(options_of_run(), folder)
    return run(lambda ctx: demo(place, ctx.console.tell))
