"""The use case of `restore`: put back what a rollback has saved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from lback.core.results import Result, text_only
from lback.project.context import Context
from lback.project.data_loss import backup_folder


@dataclass(frozen=True, slots=True)
class RestoreOptions:
    """What the command line asks of `restore`."""

    file: str
    plan: bool = False
    lock_timeout: float | None = None


@dataclass(frozen=True)
class RestoredTable:
    """What a backup holds of one table, and how much of it was put back."""

    table: str
    columns: tuple[str, ...]
    whole: bool
    rows: int
    restored: int = 0
    present: int = 0
    missing: int = 0


@dataclass(frozen=True, kw_only=True)
class RestoreResult(Result):
    """What came of a backup file."""

    command = "restore"

    file: str
    undoes: tuple[str, ...]
    tables: tuple[RestoredTable, ...]
    done: bool = text_only()


def restore(ctx: Context, options: RestoreOptions) -> RestoreResult:
    """Put the rows and values of a backup file back; with `plan` only tell what it holds."""
    from lback.db.restoring import open_backup
    from lback.db.restoring import restore as put_back

    backup = open_backup(_place(ctx, options.file))
    tables = [
        RestoredTable(kept.full_name, tuple(kept.columns), kept.whole, rows)
        for kept, rows in zip(backup.tables, backup.counts, strict=True)
    ]
    if not options.plan:
        timeout = ctx.lock_timeout(options.lock_timeout)
        for done in put_back(
            ctx.database, backup, timeout, lambda event: ctx.console.note(event.text)
        ):
            at = next(at for at, table in enumerate(tables) if table.table == done.table)
            tables[at] = replace(
                tables[at], restored=done.rows, present=done.present, missing=done.missing
            )
    return RestoreResult(
        file=str(backup.path),
        undoes=tuple(backup.head.get("undoes", ())),
        tables=tuple(tables),
        done=not options.plan,
    )


def _place(ctx: Context, file: str) -> Path:
    """Find the file from here, or by its name where rollbacks put them."""
    place = ctx.cwd / file
    if "/" in file or place.is_file():
        return place
    kept = backup_folder(ctx) / file
    return kept if kept.is_file() else place
