"""`lback database`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from lback.cli.options import common
from lback.cli.running import apart, run
from lback.cli.strict import Group
from lback.core.messages import templates as messages
from lback.formats.style import Style, safe
from lback.formats.words import counted

if TYPE_CHECKING:
    from lback.app.database import BranchDatabaseRow, DatabaseResult

_url: Callable[[Any], Any] = click.option(
    "--url", metavar="URL", help="The project's own database (default: the one of env.py)."
)
_yes: Callable[[Any], Any] = click.option(
    "--yes", is_flag=True, help="Drop it, with all its rows, without asking."
)


@click.group("database", cls=Group)
@common
def command() -> None:
    """Give each branch a database of its own: a copy of the one that it branched from.

    Example: `lback database url`
    """


@command.command("url")
@click.option("--branch", metavar="BRANCH", help="Another branch than the one checked out.")
@_url
@common
def url(branch: str | None, url: str | None) -> int:
    """Print the URL of this branch's database; it is made at the first time, rows included.

    The main branch has the project's own, and so has every branch where `protected` of
    [tool.lback] means that.

    Example: `lback database url`
    """
    from lback.app.database import DatabaseOptions, database_url

    return run(lambda ctx: database_url(ctx, DatabaseOptions(branch=branch, url=url)))


@command.command("list")
@_url
@common
def list_(url: str | None) -> int:
    """List the databases of the branches.

    Example: `lback database list`
    """
    from lback.app.database import DatabaseOptions, database_list

    return run(lambda ctx: database_list(ctx, DatabaseOptions(url=url)))


@command.command("create")
@click.argument("branch", required=False)
@click.option("--from", "source", metavar="BRANCH", help="Copy the database of this branch.")
@click.option("--empty", is_flag=True, help="Copy nothing.")
@click.option("--adopt", is_flag=True, help="Take one that has the name as it is.")
@_url
@common
def create(
    branch: str | None, source: str | None, empty: bool, adopt: bool, url: str | None
) -> int:
    """Make the database of a branch before it is first used.

    Example: `lback database create --from main`
    """
    from lback.app.database import DatabaseOptions, database_create

    apart({"--from": source, "--empty": empty, "--adopt": adopt})
    options = DatabaseOptions(branch=branch, source=source, empty=empty, adopt=adopt, url=url)
    return run(lambda ctx: database_create(ctx, options))


@command.command("drop")
@click.argument("branch")
@_yes
@_url
@common
def drop(branch: str, yes: bool, url: str | None) -> int:
    """Drop the database of a branch; the project's own is never dropped.

    Example: `lback database drop my-branch --yes`
    """
    from lback.app.database import DatabaseOptions, database_drop

    return run(lambda ctx: database_drop(ctx, DatabaseOptions(branch=branch, yes=yes, url=url)))


@command.command("prune")
@_yes
@_url
@common
def prune(yes: bool, url: str | None) -> int:
    """Drop the databases of branches that are gone.

    Example: `lback database prune`
    """
    from lback.app.database import DatabaseOptions, database_prune

    return run(lambda ctx: database_prune(ctx, DatabaseOptions(yes=yes, url=url)))


def lines(result: DatabaseResult, style: Style) -> Iterator[str]:
    """Yield the URL alone where it was asked for; else a line for each database."""
    if result.action == "url":
        if not result.told:
            yield safe(result.url or "")
        return
    if result.action == "create":
        yield safe(result.url or "")
        return
    if result.action == "list":
        width = max(len(safe(row.branch)) for row in result.databases)
        for row in result.databases:
            mark = style.green("*") if row.here else " "
            yield f"{mark} {safe(row.branch):<{width}}  {safe(row.url)}{_about(row, style)}"
        if any(row.gone for row in result.databases):
            yield f"{style.cyan('next:')} `lback database prune`"
        return
    if not result.databases:
        yield messages.NOTHING_GONE
        return
    yield f"dropped {counted(len(result.databases), 'database')}"


def _about(row: BranchDatabaseRow, style: Style) -> str:
    if row.gone:
        return style.yellow("  the branch is gone")
    if not row.exists:
        return style.yellow("  not there")
    if row.own:
        return style.dim("  the project's own")
    return style.dim(f"  from {safe(row.source)}" if row.source else "  began empty")
