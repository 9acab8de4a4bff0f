"""`lback init`."""

from __future__ import annotations

import click

from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command


@click.command("init", cls=Command)
@click.argument("directory", default=".")
@click.option(
    "--models",
    metavar="MODULE:BASE",
    help="The declarative base (default: found by reading the files).",
)
@click.option(
    "--hooks/--no-hooks",
    default=None,
    help="Install the git hooks without asking, or leave them out.",
)
@common
def command(directory: str, models: str | None, hooks: bool | None) -> int:
    """Start a project in DIRECTORY, or adopt an existing Alembic project untouched.

    Example: `lback init`
    """
    from lback.app.init import InitOptions, init

    return run(lambda ctx: init(ctx, InitOptions(directory, models, hooks)))
