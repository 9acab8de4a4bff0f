"""`lback status`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from lback.cli.everywhere_options import Everywhere, everywhere_options, require_all
from lback.cli.options import common
from lback.cli.running import apart, for_env, run
from lback.cli.strict import Command
from lback.cli.summary import reasons, state_lines
from lback.core.databases import BAD
from lback.core.messages.skipped import look_for
from lback.core.shell import command as command_line
from lback.core.shell import pathspec
from lback.formats.screen import LABEL, ScreenRow, Section, fitted, line, row
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


_ROWS = 22
_ALL = command_line("lback status --verbose")
_PLAN = command_line("lback migrate --plan")
_CHECK = command_line("lback check")
_DIFF = command_line("lback diff")
_DONE = "up to date"
_START = "Start the database, then run `lback status` again."


def lines(result: StatusResult, style: Style) -> Iterator[str]:
    """Yield what matters most and what to do about it, then the rest, on one screen."""
    if result.whole:
        style = style._replace(width=1 << 20)
    urgent, following = _next(result)
    paint = style.green if urgent == _DONE else style.red
    first = [line(urgent, style, paint, most=7)] if urgent else []
    step = line(f"next: {following}", style, lambda text: _marked(text, style), most=9)
    ref = result.checkout.ref
    where = f"{safe(ref) if ref else 'no git'}, {_heads(result.checkout.heads)}"
    places = [
        row("checkout", where, style, most=2),
        row("upstream", _upstream(result.upstream), style, most=2),
    ]
    parts = [_databases(result, style), *(part for part in _parts(result, style) if part.rows)]
    room = _ROWS - sum(shown.height for shown in (*first, step, *places))
    databases, *others = fitted(parts, sys.maxsize if result.whole else room)
    for shown in (*first, step, *databases, *places, *(each for rows in others for each in rows)):
        yield shown.text


def _marked(text: str, style: Style) -> str:
    """Return a text that begins with `next:`, that word in its colour."""
    return text.replace("next:", style.cyan("next:"), 1)


def _parts(result: StatusResult, style: Style) -> Iterator[Section]:
    """Yield what there is besides, what needs a person most first."""

    def rows(
        label: str, texts: Iterable[str], paint: Callable[[str], str]
    ) -> list[list[ScreenRow]]:
        return [[row(label, text, style, paint)] for text in texts]

    yield Section("findings", list(_findings(result, style)), _CHECK)
    if len(result.urgent) > 1:
        yield Section("refused", rows("refused", map(safe, result.urgent[1:]), style.red), _ALL)
    lost = (
        f"{safe(name)}: applied, not in this checkout, {result.places.get(name, 'found nowhere')}"
        for name in result.lost
    )
    yield Section("lost", rows("lost", lost, style.red), command_line("lback switch --plan"))
    redundant = (
        f"{safe(name)}: another row of the stamp stands on it" for name in result.redundant
    )
    yield Section("redundant", rows("redundant", redundant, style.yellow), _ALL)
    told = (
        (result.skipped, "not run", "below the stamp, and this database has not run it"),
        (result.unknown, "unknown", "below the stamp; whether this database ran it is not known"),
    )
    for names, label, text in told:
        below = (f"{safe(name)}: {text}{_brought(result, name)}" for name in names)
        yield Section(label, rows(label, below, style.yellow), _PLAN)
    yield Section("edited", rows("edited", _edited(result), style.yellow), _ALL)
    if result.drift is not None:
        paint = style.yellow if result.drift else str
        yield Section("drift", rows("drift", [_drift(result.drift)], paint), _DIFF)
    number = f"{'pending':<{LABEL}}{counted(len(result.pending), 'revision')}"
    docs = ((safe(name), safe(result.docs[name])) for name in result.pending)
    pending = [
        [ScreenRow(_pending(name, style.cut(f"{name}  {doc}", LABEL), style))] for name, doc in docs
    ]
    yield Section("", pending, _PLAN, [ScreenRow(number)])


def _pending(name: str, shown: str, style: Style) -> str:
    doc = shown.removeprefix(name)
    return f"{'':<{LABEL}}{shown if doc == shown else style.yellow(name) + doc}"


def _findings(result: StatusResult, style: Style) -> Iterator[list[ScreenRow]]:
    """Yield what is wrong with the files, and how to mend it."""
    for finding in result.findings:
        place = f"{safe(finding.path)}:{finding.line}: " if finding.path and finding.line else ""
        told = row("findings", f"{finding.code} {place}{safe(finding.message)}", style, style.red)
        hint = [row("", f"next: {safe(finding.hint)}", style)] if finding.hint else []
        yield [told, *hint]


def _brought(result: StatusResult, name: str) -> str:
    commit = result.brought.get(name)
    return f" (brought by {who(commit)})" if commit is not None else ""


def _edited(result: StatusResult) -> Iterator[str]:
    """Yield which applied revisions are not, or may not be, what ran."""
    several = len(result.databases) > 1
    for changed in result.changed:
        where = f" ({safe(changed.url)})" if several else ""
        ran = f"ran as {safe(changed.who)} had it on {changed.at[:10]}{where}"
        yield f"{safe(changed.revision)}: {ran}, and {changed.part} was edited since"
    for each in result.edited:
        then = f"{each.part} was another before ({who(each.commit)})"
        yield f"{safe(each.revision)}: {then}; which text this database ran is not known"


def _drift(drift: Sequence[SchemaChange]) -> str:
    if not drift:
        return "none: the database is what its stamp promises"
    places = [safe(change.table or change.name or change.kind) for change in drift]
    where = listing(tuple(dict.fromkeys(places)), 3)
    return f"{counted(len(drift), 'difference')}: {where} (`lback diff`)"


def _databases(result: StatusResult, style: Style) -> Section:
    if result.summary is not None or len(result.databases) > _MOST:
        counts = result.summary or Counter(row.state for row in result.databases)
        states = [ScreenRow(text) for _, text in state_lines(result.databases, counts, style)]
        bad = [database for database in result.databases if database.state in BAD]
        return Section("why", list(_reasons(bad, style)), _ALL, states)
    if not result.databases:
        return Section("database", [[row("database", "not asked", style)]], _ALL)
    several = len(result.databases) > 1
    rows = [_database(database, style, several=several) for database in result.databases]
    return Section("database", rows, _ALL)


def _reasons(bad: Sequence[OneOfDatabases], style: Style) -> Iterator[list[ScreenRow]]:
    """Yield why databases are not done, each with the way out."""
    told: list[ScreenRow] = []
    for text in reasons(bad, Style(), sys.maxsize):
        after = text.lstrip().startswith("next:")
        if told and not after:
            yield told
            told = []
        told.append(line(text, style, str if after else style.red))
    if told:
        yield told


def _database(database: OneOfDatabases, style: Style, *, several: bool) -> list[ScreenRow]:
    title = safe(database.title)
    if database.state == "unreachable":
        name = f"{title}: " if several else ""
        text = f"{name}unreachable: {safe(database.message or '')}"
        return [row("database", text, style, style.red, most=2 if several else 6)]
    at = f" at {listing(database.current)}" if database.current else ""
    lacks = f", {len(database.pending)} pending" if several and database.pending else ""
    colour = {"current": style.green, "lost": style.red}.get(database.state, style.yellow)

    def paint(text: str) -> str:
        return text.replace(f": {database.state}", f": {colour(database.state)}", 1)

    shown = [row("database", f"{title}: {database.state}{at}{lacks}", style, paint, most=2)]
    if database.moved is not None:
        shown.append(row("", moved(database.moved), style, style.yellow))
    return shown


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


def _next(result: StatusResult) -> tuple[str, str]:
    """Return what matters most, and the one step that comes next."""
    worst, every = result.database, result.databases
    away = [database for database in every if database.state == "unreachable"]
    start = (worst.hint if worst is not None and worst.state == "unreachable" else None) or _START
    ids = result.lost, result.pending, result.skipped, result.unknown
    lost, pending, skipped, unknown = (counted(len(names), "revision") for names in ids)
    if worst is not None and len(away) == len(every):
        return "unreachable: " + ("the database" if len(every) < 2 else "all databases"), start
    if result.fix:
        return safe(result.urgent[0]) if result.urgent else "", result.fix
    if result.findings:
        number = counted(len(result.findings), "finding")
        return number, "Fix what is listed below, then run `lback status` again."
    if result.lost:
        undoes = "`lback switch` undoes what this checkout lacks; `lback switch --plan` shows it."
        return f"lost: {lost} of the database", undoes
    if result.pending or result.skipped:
        late = f"not run: {skipped} below the stamp" if result.skipped else f"pending: {pending}"
        one = "Run `lback migrate`."
        return late, one if result.summary is None else "Run `lback migrate --all`."
    if result.redundant:
        rows = counted(len(result.redundant), "row")
        takes = f"`lback migrate` takes {listing(result.redundant)} out of the stamp."
        return f"redundant: {rows} of the stamp", takes
    if worst is not None and worst.state == "unreachable":
        return f"unreachable: {len(away)} of {len(every)} databases", start
    if result.unknown:
        return f"unknown: whether {unknown} below the stamp ran", look_for(result.unknown[0])
    return _at_rest(result)


def _at_rest(result: StatusResult) -> tuple[str, str]:
    """Return what matters most where all has run, and the step that comes next."""
    if result.upstream is not None and result.upstream.behind:
        step = f"Run {result.upstream.bring} to get what the team has added."
        behind = counted(result.upstream.behind, "revision")
        return f"behind {safe(result.upstream.ref)}: {behind}", step
    if result.changed:
        undo = command_line("lback rollback --revision", result.changed[0].revision)
        step = f"{undo} undoes what ran; then `lback migrate` runs the file as it is now."
        return f"edited: {counted(len(result.changed), 'revision')} since it ran", step
    if result.edited:
        first = result.edited[0]
        paths = map(pathspec, dict.fromkeys((first.was, first.path)))
        shown = command_line("git diff", first.commit.sha[:12], "--", *paths)
        step = f"{shown} shows what has changed in {safe(first.revision)} since."
        return f"edited: {counted(len(result.edited), 'revision')}, perhaps since it ran", step
    if result.drift:
        step = (
            "`lback diff` shows what is not as promised, `lback diff -R --sql` what takes it back."
        )
        return f"drift: {counted(len(result.drift), 'difference')}", step
    if not result.databases and result.summary is None:
        return "", "Nothing to do in this checkout; `lback status` asks the database, too."
    return _DONE, "Nothing to do."
