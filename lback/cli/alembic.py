"""`lback alembic …`."""

from __future__ import annotations

import click

from lback.cli.options import common
from lback.cli.running import run


@click.command(
    "alembic",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@common
def command(arguments: tuple[str, ...]) -> int:
    """Run any Alembic command on this project, as it is.

    Example: `lback alembic current --verbose`
    """
    from lback.app.alembic import alembic

    return run(lambda ctx: alembic(ctx, arguments))
