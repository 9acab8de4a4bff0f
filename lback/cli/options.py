"""The options that every command takes, before or after its name."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from lback.project.options import Options

F = TypeVar("F", bound=Callable[..., Any])


def _store(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    """Keep a given option; one that was not given must not undo the group's."""
    options = ctx.find_root().ensure_object(Options)
    name = (param.name or "").removeprefix("common_")
    if value in (None, False, ()):
        return value
    if name == "x":
        options.x = (*options.x, *value)
    elif name == "directory":
        # As git's: each is relative to the one before it.
        options.directory = os.path.join(options.directory or "", *value)  # noqa: PTH118
    else:
        setattr(options, name, value)
    return value


def _option(field: str, *names: str, **settings: Any) -> Callable[[F], F]:
    # The prefix keeps them apart from a command's own parameters, such as NAME.
    dest = f"common_{field}"
    return click.option(dest, *names, expose_value=False, callback=_store, **settings)


COMMON: tuple[Callable[[Any], Any], ...] = (
    _option(
        "directory", "-C", metavar="DIR", multiple=True, help="Run as if lback was started in DIR."
    ),
    _option(
        "config", "-c", "--config", metavar="FILE", help="The alembic.ini or pyproject.toml to use."
    ),
    _option(
        "name", "-n", "--name", metavar="SECTION", help="The section of the configuration file."
    ),
    _option(
        "x", "-x", metavar="KEY=VALUE", multiple=True, help="An argument for env.py; repeatable."
    ),
    _option(
        "script_location",
        "--script-location",
        metavar="DIR",
        help="Read every revision file below DIR (from the repository's root) instead of a "
        "configuration.",
    ),
    _option(
        "database",
        "--db",
        metavar="NAME",
        help="One of the databases of [tool.lback.databases], by its name.",
    ),
    _option("json", "--json", is_flag=True, help="Print one JSON object."),
    _option("quiet", "--quiet", "-q", is_flag=True, help="Print the result only."),
    _option("verbose", "--verbose", "-v", is_flag=True, help="Print more about what is done."),
    _option("debug", "--debug", is_flag=True, help="Show tracebacks."),
    _option("no_input", "--no-input", is_flag=True, help="Never ask; take the safe answer."),
    _option(
        "color",
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        help="Colour the output (default: auto).",
    ),
    _option("no_pager", "--no-pager", is_flag=True, help="Do not page what is long."),
)


def common(function: F) -> F:
    """Add the common options to a command."""
    for option in reversed(COMMON):
        function = option(function)
    return function


class _Seconds(click.FloatRange):
    """A time to wait; "nan" and "inf" are floats and no times."""

    name = "number of seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the seconds as a float."""
        seconds = super().convert(value, param, ctx)
        if not math.isfinite(seconds):
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        return seconds


at_option = click.option(
    "--at",
    default="worktree",
    metavar="REF",
    help="Read the migrations at a commit, a branch or `index`.",
)
lock_timeout_option = click.option(
    "--lock-timeout",
    type=_Seconds(min=0),
    metavar="SECONDS",
    help="Seconds to wait for the migration lock.",
)
