"""The use cases of `database`: a database for each branch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lback.core.copies.branches import BranchDatabase
from lback.core.messages import templates as messages
from lback.core.results import Result, text_only
from lback.project.context import Context
from lback.project.copies.branches import BranchAnswer, BranchDatabases
from lback.project.copies.templates import own_url

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

Action = Literal["url", "list", "create", "drop", "prune"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseOptions:
    """What the command line asks of `database`; without a `branch` it is the one checked out.

    `url` is the project's own database, which env.py is asked for without it.
    """

    branch: str | None = None
    url: str | None = None
    source: str | None = None
    empty: bool = False
    adopt: bool = False
    yes: bool = False


@dataclass(frozen=True)
class BranchDatabaseRow:
    """The database of one branch; `own` is the project's, which lback has not made.

    `url` has no password. `source` is the branch whose rows it began with, None where it was
    empty. `exists` is false where it is noted and not there.
    """

    branch: str
    url: str
    own: bool
    here: bool
    exists: bool
    gone: bool
    source: str | None = None
    made: str | None = None


@dataclass(frozen=True, kw_only=True)
class DatabaseResult(Result):
    """The databases of branches after an action; `url` is the one that it was about."""

    command = "database"

    action: Action
    url: str | None = None
    databases: tuple[BranchDatabaseRow, ...] = ()
    made: bool = False
    told: bool = text_only(default=False)


def database_url(ctx: Context, options: DatabaseOptions) -> DatabaseResult:
    """Return the URL of a branch's database, made at the first time."""
    databases = _opened(ctx, options)
    branch = databases.branch(options.branch)
    _require_known(databases, branch)
    answer = databases.answer(branch)
    if answer.why:
        ctx.console.detail(answer.why)
    return _answered(ctx, databases, "url", branch, answer)


def database_create(ctx: Context, options: DatabaseOptions) -> DatabaseResult:
    """Make the database of a branch."""
    databases = _opened(ctx, options)
    branch = databases.branch(options.branch)
    _require_known(databases, branch)
    if branch == databases.main:
        raise messages.of_main(branch)
    databases.refuse_protected()
    answer = databases.create(branch, options.source, empty=options.empty, adopt=options.adopt)
    return _answered(ctx, databases, "create", branch, answer, empty=options.empty)


def database_list(ctx: Context, options: DatabaseOptions) -> DatabaseResult:
    """List the databases of all branches."""
    databases = _opened(ctx, options)
    return DatabaseResult(action="list", databases=_rows(databases))


def database_drop(ctx: Context, options: DatabaseOptions) -> DatabaseResult:
    """Drop the database of a branch, after a yes."""
    databases = _opened(ctx, options)
    branch = databases.branch(options.branch)
    if branch == databases.main:
        raise messages.of_main(branch)
    row = databases.row_of(branch)
    if row is None:
        raise messages.unknown_branch(branch)
    _drop(ctx, databases, [row], yes=options.yes)
    return DatabaseResult(action="drop", databases=(_row(databases, row, gone=False),))


def database_prune(ctx: Context, options: DatabaseOptions) -> DatabaseResult:
    """Drop the databases of branches that are gone, after a yes."""
    databases = _opened(ctx, options)
    gone = databases.gone()
    if gone:
        _drop(ctx, databases, gone, yes=options.yes)
    dropped = tuple(_row(databases, row, gone=True) for row in gone)
    return DatabaseResult(action="prune", databases=dropped)


def _opened(ctx: Context, options: DatabaseOptions) -> BranchDatabases:
    from lback.db.beside.opening import parsed

    if ctx.repository is None:
        raise messages.no_branches()
    given = parsed(options.url) if options.url is not None else own_url(ctx)
    home = Path.cwd() if options.url is not None else ctx.project.folder
    return BranchDatabases(ctx, given, home)


def _require_known(databases: BranchDatabases, branch: str) -> None:
    known = (*databases.local, databases.main, *(row.branch for row in databases.own_rows()))
    if branch not in known and branch != databases.here:
        raise messages.unknown_branch(branch)


def _answered(
    ctx: Context,
    databases: BranchDatabases,
    action: Action,
    branch: str,
    answer: BranchAnswer,
    *,
    empty: bool = False,
) -> DatabaseResult:
    if answer.made and answer.row is not None:
        ctx.console.note(messages.made(branch, answer.row.source, as_asked=empty))
    told = False
    if action == "url" and not ctx.options.json:
        told = _told(ctx, answer.url)
    row = BranchDatabaseRow(
        branch=branch,
        url=_shown(answer.url),
        own=answer.row is None,
        here=branch == databases.here,
        exists=True,
        gone=False,
        source=(answer.row.source or None) if answer.row is not None else None,
        made=(answer.row.made or None) if answer.row is not None else None,
    )
    return DatabaseResult(action=action, url=row.url, databases=(row,), made=answer.made, told=told)


def _told(ctx: Context, url: URL) -> bool:
    """Write a URL with its password where no person reads it; return whether that was done."""
    if url.password is None:
        return False
    out = ctx.console.output()
    if out.isatty():
        ctx.console.note(messages.hidden())
        return False
    out.write(f"{url.render_as_string(hide_password=False)}\n")
    return True


def _rows(databases: BranchDatabases) -> tuple[BranchDatabaseRow, ...]:
    main = databases.main
    gone = databases.gone()
    own = BranchDatabaseRow(
        branch=main,
        url=_shown(databases.base),
        own=True,
        here=databases.here == main,
        exists=databases.beside.exists(databases.base),
        gone=False,
    )
    rows = sorted(databases.own_rows(), key=lambda row: row.branch)
    return (own, *(_row(databases, row, gone=row in gone) for row in rows))


def _row(databases: BranchDatabases, row: BranchDatabase, *, gone: bool) -> BranchDatabaseRow:
    url = databases.url(row)
    return BranchDatabaseRow(
        branch=row.branch,
        url=_shown(url),
        own=False,
        here=databases.here == row.branch,
        exists=row.complete and databases.beside.exists(url),
        gone=gone,
        source=row.source or None,
        made=row.made or None,
    )


def _drop(
    ctx: Context, databases: BranchDatabases, rows: Sequence[BranchDatabase], *, yes: bool
) -> None:
    from lback.db.beside.counting import rows_in

    counts: list[int | None] = []
    for row in rows:
        url = databases.url(row)
        counts.append(rows_in(url) if databases.beside.exists(url) else 0)
        ctx.console.note(messages.going(row.branch, _shown(url), counts[-1]))
    known = [count for count in counts if count is not None]
    total = sum(known) if len(known) == len(counts) else None
    if not yes and not ctx.console.confirm(messages.drop(len(rows), total), option="--yes"):
        raise messages.declined()
    for row in rows:
        databases.drop(row)


def _shown(url: URL) -> str:
    from lback.db.urls import shown_url

    return shown_url(url)
