"""`lback status`."""

from __future__ import annotations

import click

from lback.cli.options import common
from lback.cli.running import options_of_run, run
from lback.cli.strict import Command


@click.command("status", cls=Command)
@click.option("--no-database", is_flag=True, help="Do not connect to the database.")
@common
def command(no_database: bool) -> int:
    """Show where database, checkout and shared branch stand, and the next command.

    Example: `lback status`
    """
    from lback.app.status import status

    options = options_of_run()
    return run(
        lambda ctx: status(ctx, with_database=not no_database),
        {"-x": no_database and options.x},
    )
