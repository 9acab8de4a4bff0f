"""The use case of `restore`: put back what a rollback has saved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lback.app.context import Context
from lback.core.result import Result


@dataclass(frozen=True, slots=True)
class RestoreOptions:
    """What the command line asks of `restore`."""

    file: str
    plan: bool = False
    lock_timeout: float | None = None


def restore(ctx: Context, options: RestoreOptions) -> Result:
    """Put the rows and values of a backup file back; with `plan` only tell what it holds."""
    from lback.db.restoring import open_backup
    from lback.db.restoring import restore as put_back

    backup = open_backup(_place(ctx, options.file))
    tables = [
        {
            "table": kept.full_name,
            "columns": list(kept.columns),
            "whole": kept.whole,
            "rows": rows,
            "restored": 0,
            "present": 0,
            "missing": 0,
        }
        for kept, rows in zip(backup.tables, backup.counts, strict=True)
    ]
    if not options.plan:
        for done in put_back(ctx.database, backup, ctx.lock_timeout(options.lock_timeout)):
            row = next(one for one in tables if one["table"] == done.table)
            row.update(restored=done.rows, present=done.present, missing=done.missing)
    data = {"file": str(backup.path), "undoes": backup.head.get("undoes", []), "tables": tables}
    return Result("restore", data, view={"done": not options.plan})


def _place(ctx: Context, file: str) -> Path:
    """Find the file from here, or by its name where rollbacks put them."""
    place = ctx.cwd / file
    if place.is_file() or "/" in file or ctx.repository is None:
        return place
    known = ctx.repository.common_dir / "lback" / "backups" / file
    return known if known.is_file() else place
