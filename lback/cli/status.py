"""`lback status`."""

from __future__ import annotations

import click

from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command


@click.command("status", cls=Command)
@click.option("--no-database", is_flag=True, help="Do not connect to the database.")
@common
def command(no_database: bool) -> int:
    """Show where database, checkout and shared branch stand, and the next command.

    Example: `lback status`
    """
    from lback.app.status import status

    return run(lambda ctx: status(ctx, with_database=not no_database))
