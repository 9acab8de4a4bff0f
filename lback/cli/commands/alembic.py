"""`lback alembic …`."""

from __future__ import annotations

import click

from lback.cli import streams
from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command


@click.command(
    "alembic",
    cls=Command,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@common
def command(arguments: tuple[str, ...]) -> int:
    """Run any Alembic command on this project, as it is.

    With --json what Alembic prints is the list of lines `data.output`.

    Example: `lback alembic current --verbose`
    """
    from lback.app.alembic import alembic

    streams.let_nothing_wait()  # Alembic tells what it does, and may open an editor
    # Alembic has no such option: after its own command it is meant for lback as well.
    arguments = tuple(argument for argument in arguments if argument != "--json")
    return run(lambda ctx: alembic(ctx, arguments))
