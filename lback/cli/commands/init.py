"""`lback init`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command
from lback.formats.style import Style, safe

if TYPE_CHECKING:
    from lback.app.init import InitResult


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
@click.option("--new", is_flag=True, help="Start a project although there is one above or below.")
@common
def command(directory: str, models: str | None, hooks: bool | None, new: bool) -> int:
    """Start a project in DIRECTORY, or adopt an existing Alembic project untouched.

    The existing one may lie in DIRECTORY, above it or below it.

    Example: `lback init`
    """
    from lback.app.init import InitOptions, init

    return run(lambda ctx: init(ctx, InitOptions(directory, models, hooks, new)))


def lines(result: InitResult, style: Style) -> Iterator[str]:
    """Yield what was found and written, then the next commands."""
    for name in result.adopted:
        yield f"found an Alembic project: {safe(name)}; no file of it was changed"
    if result.unconfigured:
        where = safe(result.unconfigured)
        yield f"found migrations that no file configures: {where}; none of them was changed"
    for name in result.written:
        yield f"wrote {safe(name)}"
    if result.hooks == "installed":
        yield "installed the git hooks"
    if result.adopted or result.unconfigured:
        yield f"{style.cyan('next:')} `lback status`"
    else:
        yield _models(result)
        yield f"{style.cyan('next:')} `lback makemigrations first_tables`, then `lback migrate`"
    if result.hooks == "offered":
        yield f"{style.cyan('next:')} `lback hooks install` lets git tell you of forks"


def _models(result: InitResult) -> str:
    models = safe(result.models or "")
    if result.models_found:
        return f"the models are {models}, found by reading the files"
    if result.models_there:
        return f"the models are {models}"
    return (
        f"the models are expected at {models}: write them there, or name them in migrations/env.py"
    )
