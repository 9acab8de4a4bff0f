"""The Alembic command that env.py and the migrations believe to be a part of."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Sequence
from functools import cache, wraps
from typing import Any

from alembic.config import CommandLine

from lback.core.lines import Line

LOOK: Line = ("current",)

_COMMON = frozenset({"config", "name", "x", "raiseerr", "quiet"})
_FUNCTIONS = {
    "current": "display_version",
    "stamp": "do_stamp",
    "revision": "retrieve_migrations",
    "check": "retrieve_migrations",
}
"""What Alembic calls the function of a command, where it is not called as the command is."""


def parsed(before: Sequence[str], line: Line) -> Namespace:
    """Return what Alembic makes of a command line; `before` are options before the command."""
    return _parser().parser.parse_args([*before, *line])


def retype(typed: Namespace, line: Line) -> None:
    """Turn what was typed into another command with the same options before it."""
    common = {name: getattr(typed, name) for name in vars(parsed((), LOOK)) if name in _COMMON}
    # The same object, since env.py may have kept it.
    vars(typed).clear()
    vars(typed).update({**vars(parsed((), line)), **common})


@cache
def _parser() -> CommandLine:
    return CommandLine(prog="alembic")


def context_options(line: Line, typed: Namespace) -> dict[str, Any]:
    """Return the options, without `fn`, that this command of Alembic's gives to its environment."""
    command = line[0]
    if command == "current":
        return {"dont_mutate": True}
    options: dict[str, Any] = {"as_sql": getattr(typed, "sql", False)}
    if command in ("upgrade", "downgrade", "stamp"):
        names = typed.revisions if command == "stamp" else [typed.revision]
        ranges = [name.rpartition(":") if options["as_sql"] else ("", "", name) for name in names]
        options["starting_rev"] = next((start for start, _, _ in ranges if start), None)
        ends = tuple(end for _, _, end in ranges)
        options["destination_rev"] = ends if command == "stamp" else ends[0]
        options["tag"] = typed.tag
    if command == "stamp":
        options["purge"] = typed.purge
    return options


def like(theirs: Callable[..., Any], work: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that does `work` and looks like another one."""

    @wraps(theirs)
    def function(*args: Any, **kwargs: Any) -> Any:
        return work(*args, **kwargs)

    return function


def function_like(command: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that does `work` and looks like the one of Alembic's command."""

    def function(rev: Any, context: Any) -> Any:
        return work(rev, context)

    function.__name__ = _FUNCTIONS.get(command, command)
    function.__qualname__ = f"{command}.<locals>.{function.__name__}"
    function.__module__ = "alembic.command"
    return function
