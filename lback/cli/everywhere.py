"""A command for all databases that a project lists: with progress, and one row for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from lback.cli import streams
from lback.cli.everywhere_options import Everywhere
from lback.cli.progress import progress
from lback.cli.running import opened
from lback.cli.summary import turn
from lback.cli.terminal import Terminal
from lback.cli.turns import UseCase
from lback.cli.workers import Ended, Job, Said, each
from lback.core.databases import BAD, DatabaseName, StatedDatabase
from lback.core.listed.databases import DatabaseList, ListedDatabase
from lback.core.messages import listed as messages
from lback.core.results import Result, plain
from lback.errors import LbackError
from lback.project.context import Context
from lback.project.listed.finding import apart, bases, divided
from lback.secrets import redact

Row = TypeVar("Row", bound=StatedDatabase)


class Turns(Generic[Row]):
    """What has come of the databases so far."""

    def __init__(self) -> None:
        self.found: list[tuple[int, Row]] = []
        self.states: Counter[str] = Counter()
        self.interrupted = False

    @property
    def rows(self) -> list[Row]:
        """Return the rows in the order in which the databases are listed."""
        return [row for _, row in sorted(self.found, key=lambda pair: pair[0])]


@dataclass(frozen=True)
class Task(Generic[Row]):
    """What a command does with each database, and what it makes of it all.

    `prepare` reads once what each of them needs, `use_case` gives rows of one database, `row`
    makes one of an error, `keep` says which rows are for the result, `result` makes that.
    """

    use_case: UseCase
    options: Any
    row: Callable[[DatabaseName, LbackError], Row]
    result: Callable[[Context, Turns[Row]], Result]
    prepare: Callable[[Context], object]
    keep: Callable[[Row], bool] = field(default=lambda _row: True)


def everywhere(task: Task[Row], asked: Everywhere, idle: Mapping[str, Any]) -> int:
    """Do a task with each listed database; print the result, return the exit status."""
    (ctx,) = opened(idle, each=False)
    terminal = ctx.console
    assert isinstance(terminal, Terminal)
    given = ctx.project.settings.lback.databases
    known = bases(given, ctx.project.folder)
    assert given is not None
    task.prepare(ctx)
    _warm(known)
    streams.let_nothing_wait()  # processes are forked from here on
    databases = _listed(ctx, given, known, asked)
    turns = Turns[Row]()
    lines = terminal if asked.lines else None
    job = Job(ctx, task.use_case, task.options, asked.jobs, given.connect_timeout)
    places = {database.name: place for place, database in enumerate(databases)}
    with progress(terminal, len(databases), ctx.options.command) as told:
        for message in each(job, databases):
            if isinstance(message, Said):
                told.said(f"{message.database.name}: {message.text}")
                continue
            rows = _rows(task, message)
            place = places.pop(message.database.name)
            for row in rows:
                _count(task, turns, place, row, lines)
            told.ended(turn(rows, message.database.name, message.seconds), wrong=_wrong(rows))
    turns.interrupted = job.stopped
    for database in databases:
        if database.name in places:
            row = task.row(_name(database), messages.not_begun())
            _count(task, turns, places[database.name], row, lines)
    return terminal.show(task.result(ctx, turns))


def _listed(
    ctx: Context, given: DatabaseList, known: Sequence[ListedDatabase], asked: Everywhere
) -> list[ListedDatabase]:
    """Return the databases of this run, each once."""

    def schemas(of: Sequence[ListedDatabase]) -> Mapping[str, Sequence[str]]:
        found: dict[str, Sequence[str]] = {}
        job = Job(ctx, _schemas, given.schemas, asked.jobs, given.connect_timeout)
        for message in each(job, of):
            if isinstance(message, Ended):
                if message.error is not None:
                    raise message.error
                found[message.database.name] = message.value
        if job.stopped:
            raise KeyboardInterrupt
        return found

    every = apart(divided(given, known, schemas), ctx.project.folder, ctx.console.warn)
    return [database for database in every if asked.shard is None or asked.shard.holds(database)]


def _schemas(ctx: Context, patterns: Sequence[str]) -> tuple[str, ...]:
    return ctx.database.look_first(lambda view: view.schemas(patterns))


def _warm(known: Sequence[ListedDatabase]) -> None:
    """Import the drivers of all databases, which no project has a part in."""
    from lback.db.listed.handing import import_drivers

    import_drivers(known)


def _rows(task: Task[Row], ended: Ended) -> Sequence[Row]:
    rows: Sequence[Row] = ended.value or ()
    if rows:
        return rows
    error = ended.error or messages.no_turn()
    return [task.row(_name(ended.database), error)]


def _name(database: ListedDatabase) -> DatabaseName:
    return DatabaseName(redact(database.url or ""), database.schema, database.name)


def _count(
    task: Task[Row], turns: Turns[Row], place: int, row: Row, lines: Terminal | None
) -> None:
    turns.states[row.state] += 1
    if lines is not None:
        lines.answer_line(plain(row))
    elif task.keep(row):
        turns.found.append((place, row))


def _wrong(rows: Sequence[StatedDatabase]) -> bool:
    return any(row.state in BAD for row in rows)
