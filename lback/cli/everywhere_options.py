"""What the command line says about all databases that a project lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import click

from lback.core.listed.databases import Shard, parse_shard


class Everywhere(NamedTuple):
    """What the command line says about all databases."""

    jobs: int
    shard: Shard | None
    lines: bool
    """A line of JSON for each, as it ends, and no rows in the end."""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Everywhere:
        """Take what `everywhere_options` have been given."""
        return cls(given["jobs"] or 1, given["shard"], given["json_lines"])


def require_all(given: Mapping[str, Any]) -> None:
    """Refuse what means nothing without --all, lest one database be taken for many."""
    for name, value in given.items():
        if value not in (None, False):
            raise click.UsageError(f"--{name.replace('_', '-')} needs --all.")


def _shard(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Shard | None:
    """Return the part that `2/8` says."""
    try:
        return parse_shard(value) if value is not None else None
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is no part: write I/N with I from 1 to N. An index that begins at 0, as "
            "JOB_COMPLETION_INDEX of Kubernetes does, needs 1 more."
        ) from None


_OPTIONS = (
    click.option("--all", "every", is_flag=True, help="Do it on all of [tool.lback.databases]."),
    click.option(
        "--jobs",
        type=click.IntRange(1, 256),
        metavar="N",
        help="With --all: how many at once (default 1).",
    ),
    click.option(
        "--shard",
        callback=_shard,
        metavar="I/N",
        help="With --all: the I-th of N parts, by the databases' names.",
    ),
    click.option(
        "--json-lines", is_flag=True, help="With --all: a line of JSON for each, as it ends."
    ),
)
"""The options of a command that knows `--all`."""


def everywhere_options(function: Any) -> Any:
    """Add the options of `--all` to a command."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function
