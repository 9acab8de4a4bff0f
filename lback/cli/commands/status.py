"""`lback status`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from lback.cli.everywhere_options import Everywhere, everywhere_options, require_all
from lback.cli.options import common
from lback.cli.running import apart, for_env, run
from lback.cli.strict import Command
from lback.cli.summary import summary
from lback.core.messages.skipped import look_for
from lback.core.shell import command as command_line
from lback.core.shell import pathspec
from lback.formats.style import Style, safe
from lback.formats.words import counted, listing, moved, who

if TYPE_CHECKING:
    from lback.app.status import OneOfDatabases, StatusResult, UpstreamStatus
    from lback.cli.everywhere import Turns
    from lback.core.databases import DatabaseName
    from lback.core.schema_diff import SchemaChange
    from lback.errors import LbackError
    from lback.project.context import Context

_MOST = 10  # databases with a line of their own


@click.command("status", cls=Command)
@click.option("--no-database", is_flag=True, help="Do not connect to the database.")
@click.option("--drift", is_flag=True, help="Compare the database with what its stamp promises.")
@everywhere_options
@common
def command(no_database: bool, drift: bool, every: bool, **all_of_them: Any) -> int:
    """Show where database, checkout and shared branch stand, and the next command.

    Example: `lback status`
    """
    from lback.app.status import status

    apart({"--all": every, "--no-database": no_database})
    apart({"--drift": drift, "--no-database": no_database})
    apart({"--drift": drift, "--all": every})
    if every:
        return _everywhere(Everywhere.of(all_of_them))
    require_all(all_of_them)
    return run(
        lambda ctx: status(ctx, with_database=not no_database, drift=drift),
        for_env(used=not no_database),
    )


def _everywhere(asked: Everywhere) -> int:
    from lback.app.status import OneOfDatabases, rows, status_of_all
    from lback.cli.everywhere import Task, everywhere

    def row(name: DatabaseName, error: LbackError) -> OneOfDatabases:
        return OneOfDatabases.of(name, error, state=error.state)

    def result(ctx: Context, turns: Turns[OneOfDatabases]) -> StatusResult:
        return status_of_all(ctx, turns.rows, turns.states, interrupted=turns.interrupted)

    task = Task(rows, None, row, result, prepare=lambda ctx: ctx.revisions.graph())
    return everywhere(task, asked, {})


def _drift(drift: Sequence[SchemaChange], style: Style) -> str:
    if not drift:
        return "drift     none: the database is what its stamp promises"
    places = [safe(change.table or change.name or change.kind) for change in drift]
    where = listing(tuple(dict.fromkeys(places)), 3)
    return style.yellow(f"drift     {counted(len(drift), 'difference')}: {where} (`lback diff`)")


def lines(result: StatusResult, style: Style) -> Iterator[str]:
    """Yield one line each for database, checkout and shared branch, then what to do."""
    several = len(result.databases) > 1
    yield from _databases(result, style)
    ref = result.checkout.ref
    where = f"{safe(ref)}, " if ref else "no git, "
    yield f"checkout  {where}{_heads(result.checkout.heads)}"
    yield f"upstream  {_upstream(result.upstream)}"
    for revision in result.lost:
        place = result.places.get(revision, "found nowhere")
        yield style.red(f"lost      {safe(revision)}: applied, not in this checkout, {place}")
    for revision in result.redundant:
        yield style.yellow(f"redundant {safe(revision)}: another row of the stamp stands on it")
    yield from _below_the_stamp(result, style)
    for changed in result.changed[:5]:
        name, where = safe(changed.revision), f" ({safe(changed.url)})" if several else ""
        ran = f"ran as {safe(changed.who)} had it on {changed.at[:10]}{where}"
        yield style.yellow(f"edited    {name}: {ran}, and {changed.part} was edited since")
    if len(result.changed) > 5:
        yield f"          and {len(result.changed) - 5} more"
    for each in result.edited[:5]:
        then = f"{each.part} was another before ({who(each.commit)})"
        name = safe(each.revision)
        yield style.yellow(f"edited    {name}: {then}; which text this database ran is not known")
    if len(result.edited) > 5:
        yield f"          and {len(result.edited) - 5} more"
    if result.drift is not None:
        yield _drift(result.drift, style)
    if result.pending:
        yield f"pending   {counted(len(result.pending), 'revision')}"
        for revision in result.pending[:10]:
            doc = safe(result.docs[revision])
            name = safe(revision)
            yield f"          {style.yellow(name)}  {style.cut(doc, 12 + len(name))}"
        if len(result.pending) > 10:
            yield f"          and {len(result.pending) - 10} more"
    yield f"{style.cyan('next:')} {_next(result)}"


def _below_the_stamp(result: StatusResult, style: Style) -> Iterator[str]:
    """Yield what a database has not run although its stamp stands for it, and what is unknown."""
    told = (
        (result.skipped, "not run ", "below the stamp, and this database has not run it"),
        (result.unknown, "unknown ", "below the stamp; whether this database ran it is not known"),
    )
    for names, word, text in told:
        for name in names[:10]:
            commit = result.brought.get(name)
            by = f" (brought by {who(commit)})" if commit is not None else ""
            yield style.yellow(f"{word}  {safe(name)}: {text}{by}")
        if len(names) > 10:
            yield f"          and {len(names) - 10} more"


def _databases(result: StatusResult, style: Style) -> Iterator[str]:
    if result.summary is not None or len(result.databases) > _MOST:
        counts = result.summary or Counter(row.state for row in result.databases)
        yield from summary(result.databases, counts, style)
        return
    if not result.databases:
        yield "database  not asked"
    for database in result.databases:
        title = safe(database.title)
        if database.state == "unreachable":
            name = f"{title}: " if len(result.databases) > 1 else ""
            yield f"database  {name}{style.red(f'unreachable: {safe(database.message or str())}')}"
            continue
        paint = {"current": style.green, "lost": style.red}.get(database.state, style.yellow)
        at = f" at {listing(database.current)}" if database.current else ""
        several = len(result.databases) > 1 and database.pending
        lacks = f", {len(database.pending)} pending" if several else ""
        yield f"database  {title}: {paint(database.state)}{at}{lacks}"
        if database.moved is not None:
            yield style.yellow(f"          {moved(database.moved)}")


def _upstream(upstream: UpstreamStatus | None) -> str:
    if upstream is None:
        return "none"
    mine = counted(upstream.ahead, "revision")
    theirs = counted(upstream.behind, "revision")
    heads = _heads(upstream.heads)
    return f"{safe(upstream.ref)}, {heads}; only here {mine}, only there {theirs}"


def _heads(heads: Sequence[str]) -> str:
    if not heads:
        return "no revisions"
    return f"{'head' if len(heads) == 1 else 'heads'} {listing(heads)}"


def _next(result: StatusResult) -> str:
    """Return the one step that comes next."""
    if (
        all(one_of_databases.state == "unreachable" for one_of_databases in result.databases)
        and result.database
    ):
        assert result.database.state == "unreachable"
        return result.database.hint or "Start the database, then run `lback status` again."
    if result.fix:
        return result.fix
    if result.findings:
        return "Fix what is listed below, then run `lback status` again."
    if result.lost:
        return "`lback switch` undoes what this checkout lacks; `lback switch --plan` shows it."
    if result.pending or result.skipped:
        return "Run `lback migrate`." if result.summary is None else "Run `lback migrate --all`."
    if result.redundant:
        return f"`lback migrate` takes {listing(result.redundant)} out of the stamp."
    if result.database is not None and result.database.state == "unreachable":
        return result.database.hint or "Start the database, then run `lback status` again."
    if result.unknown:
        return look_for(result.unknown[0])
    if result.upstream is not None and result.upstream.behind:
        return f"Run {result.upstream.bring} to get what the team has added."
    return _at_rest(result)


def _at_rest(result: StatusResult) -> str:
    """Return the step that comes next where all has run."""
    if result.changed:
        undo = command_line("lback rollback --revision", result.changed[0].revision)
        return f"{undo} undoes what ran; then `lback migrate` runs the file as it is now."
    if result.edited:
        first = result.edited[0]
        paths = map(pathspec, dict.fromkeys((first.was, first.path)))
        shown = command_line("git diff", first.commit.sha[:12], "--", *paths)
        return f"{shown} shows what has changed in {safe(first.revision)} since."
    if result.drift:
        return (
            "`lback diff` shows what is not as promised, `lback diff -R --sql` what takes it back."
        )
    if not result.databases and result.summary is None:
        return "Nothing to do in this checkout; `lback status` asks the database, too."
    return "Nothing to do."
