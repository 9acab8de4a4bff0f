"""The use case of `restore`: put back what a rollback or a switch has saved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lback.core.messages import saved_rows as messages
from lback.core.results import Result, text_only
from lback.errors import LbackError, UsageError
from lback.project.context import Context
from lback.project.keeping.data_loss import backup_folder

if TYPE_CHECKING:
    from lback.core.databases import DatabaseName
    from lback.db.events import Event
    from lback.db.keeping.putting_back import Restored
    from lback.db.keeping.saved import Saving


@dataclass(frozen=True, slots=True)
class RestoreOptions:
    """What the command line asks of `restore`; without a `file` it lists what there is."""

    file: str | None = None
    plan: bool = False
    lock_timeout: float | None = None
    overwrite: bool = False
    drop: bool = False


@dataclass(frozen=True)
class RestoredTable:
    """What is saved of one table, and how much of it was put back.

    Of its rows `present` were there as they were saved, `missing` are deleted since, `other` hold
    newer values (`keys` are those of some), and `blocked` have no place any more. Of the `missing`
    ones (`missing_keys` are those of some) `unsure` may be there under another key by now.
    """

    table: str
    columns: tuple[str, ...]
    whole: bool
    rows: int
    restored: int = 0
    present: int = 0
    missing: int = 0
    other: int = 0
    blocked: int = 0
    keys: tuple[str, ...] = ()
    unsure: int = 0
    missing_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class SavedPlace:
    """Something that can be restored: its name, what went down with it, and its rows."""

    name: str
    created: str
    undoes: tuple[str, ...]
    rows: int
    database: str | None = None


@dataclass(frozen=True, kw_only=True)
class RestoreResult(Result):
    """What came of one saving; without one, `saved` lists what there is."""

    command = "restore"

    file: str | None = None
    undoes: tuple[str, ...] = ()
    tables: tuple[RestoredTable, ...] = ()
    saved: tuple[SavedPlace, ...] = ()
    done: bool = text_only(default=False)
    dropped: bool = text_only(default=False)


def restore(ctx: Context, options: RestoreOptions) -> RestoreResult:
    """Put saved rows and values back, never over newer ones unasked; or tell what is saved."""
    if options.file is None:
        return RestoreResult(saved=_listed(ctx))
    number = options.file.partition("@")[0]
    if number.isdecimal() and not _place(ctx, options.file).is_file():
        return _from_database(ctx, options, options.file)
    return _from_file(ctx, options, options.file)


def _from_file(ctx: Context, options: RestoreOptions, file: str) -> RestoreResult:
    from lback.db.keeping.restoring import open_backup
    from lback.db.keeping.restoring import restore as put_back

    backup = open_backup(_place(ctx, file))
    held = tuple(
        RestoredTable(kept.full_name, tuple(kept.columns), kept.whole, rows)
        for kept, rows in zip(backup.tables, backup.counts, strict=True)
    )
    undoes = tuple(backup.head.get("undoes", ()))
    result = RestoreResult(file=str(backup.path), undoes=undoes, tables=held)
    if options.drop:
        raise UsageError(messages.NOT_DROPPED, messages.remove_file(backup.path))

    def put(*, overwrite: bool) -> Sequence[Restored]:
        timeout = ctx.lock_timeout(options.lock_timeout)
        return put_back(ctx.database, backup, timeout, _listener(ctx), overwrite=overwrite)

    look = messages.in_file(backup.path)
    return result if options.plan else _done(ctx, options, result, put, look)


def _from_database(ctx: Context, options: RestoreOptions, name: str) -> RestoreResult:
    from lback.db.keeping.restoring import restore_saving

    at, saving = _saving(ctx, name)
    number = saving.number
    held = tuple(
        RestoredTable(table.kept.full_name, tuple(table.kept.columns), table.kept.whole, table.rows)
        for table in saving.tables
    )
    result = RestoreResult(file=name, undoes=tuple(saving.revisions), tables=held)

    def put(*, overwrite: bool) -> Sequence[Restored]:
        timeout = ctx.lock_timeout(options.lock_timeout)
        return restore_saving(
            ctx.database,
            at,
            number,
            timeout,
            _listener(ctx),
            overwrite=overwrite,
            drop=options.drop,
        )

    if options.plan:
        return result
    if options.drop:
        put(overwrite=False)
        return replace(result, dropped=True)
    schema = at.table.rpartition(".")[0]
    places = [f"{schema}.{row.source}" if schema else row.source for row in saving.tables]
    return _done(ctx, options, result, put, messages.in_database(places, name))


def _done(
    ctx: Context,
    options: RestoreOptions,
    result: RestoreResult,
    put: Callable[..., Sequence[Restored]],
    look: str,
) -> RestoreResult:
    """Put back what no newer value stands in the way of; ask before the rest is written over.

    `look` says where to find what stays saved.
    """
    done = put(overwrite=options.overwrite)
    newer = [row for row in done if row.other]
    if newer and not options.overwrite:
        question = messages.overwrite([(row.table, row.other, row.examples) for row in newer])
        if _agreed(ctx, question):
            done = _both(done, put(overwrite=True))
            newer = []
    rows = tuple(
        replace(
            table,
            restored=row.rows,
            present=row.present,
            missing=row.missing,
            other=row.other,
            blocked=row.blocked,
            keys=row.examples,
            unsure=row.unsure,
            missing_keys=row.away,
        )
        for table, row in zip(result.tables, done, strict=True)
    )
    result = replace(result, tables=rows, done=True)
    problems = [f"{row.table}: {row.problem}" for row in done if row.problem]
    if problems:
        return result.refused(messages.not_put_back(problems))
    lacking = [row for row in done if row.table_gone or row.lacking]
    if lacking:
        return result.refused(messages.no_place([(r.table, r.lacking) for r in lacking]))
    blocked = [row.table for row in done if row.blocked]
    if blocked:
        return result.refused(messages.blocked_stay(blocked))
    if newer:
        return result.refused(messages.newer_stay([row.table for row in newer], options.file or ""))
    unsure = [row.table for row in done if row.unsure]
    if unsure:
        return result.refused(messages.unsure_stay(unsure, look))
    return result


def _agreed(ctx: Context, question: str) -> bool:
    try:
        return ctx.console.confirm(question, option="`--overwrite`")
    except LbackError:  # nobody is there to be asked
        return False


def _listener(ctx: Context) -> Callable[[Event], None]:
    return lambda event: ctx.console.note(event.text)


def _both(first: Sequence[Restored], second: Sequence[Restored]) -> Sequence[Restored]:
    """Return what two goes have come to: what the first one put back is present in the second."""
    return [
        replace(after, rows=before.rows + after.rows, present=before.present)
        for before, after in zip(first, second, strict=True)
    ]


def _saving(ctx: Context, name: str) -> tuple[DatabaseName, Saving]:
    from lback.db.keeping.restoring import savings

    known = _by_name(savings(ctx.database))
    if name in known:
        return known[name]
    alike = [each for each in known if each.startswith(f"{name}@")]
    if alike:
        raise messages.several_savings(name, alike)
    raise UsageError(messages.no_saving(name), messages.LIST)


def _by_name(
    known: Sequence[tuple[DatabaseName, Saving]],
) -> dict[str, tuple[DatabaseName, Saving]]:
    """Return savings by their numbers, with the database where several have the same."""
    times = Counter(saving.number for _, saving in known)
    places = {at.key: at.name or at.schema or at.url.rpartition("/")[2] for at, _ in known}
    called = Counter(places.values())
    named = {}
    for at, saving in known:
        place = places[at.key] if called[places[at.key]] == 1 else at.key
        one = times[saving.number] == 1
        named[str(saving.number) if one else f"{saving.number}@{place}"] = (at, saving)
    return named


def _listed(ctx: Context) -> tuple[SavedPlace, ...]:
    """Return what the databases hold, then the files that rollbacks have written."""
    from lback.db.keeping.restoring import head_of, savings

    rows = [
        SavedPlace(name, saving.created, tuple(saving.revisions), saving.rows, str(at))
        for name, (at, saving) in _by_name(savings(ctx.database)).items()
    ]
    for path in sorted(backup_folder(ctx).glob("*.jsonl.gz"), reverse=True):
        head = head_of(path)
        if head is not None:
            created, undoes = str(head.get("created", "")), tuple(head.get("undoes", ()))
            rows.append(SavedPlace(path.name, created, undoes, int(head.get("rows", 0))))
    return tuple(rows)


def _place(ctx: Context, file: str) -> Path:
    """Find the file from here, or by its name where rollbacks put them."""
    place = ctx.cwd / file
    if "/" in file or place.is_file():
        return place
    kept = backup_folder(ctx) / file
    return kept if kept.is_file() else place
