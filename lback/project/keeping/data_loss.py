"""Counts the rows and values that a plan would delete, asks before they go, and saves them."""

from __future__ import annotations

import contextlib
import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lback.core.effects import Effect, Effects
from lback.core.graph.view import GraphView
from lback.core.messages import data_loss as messages
from lback.core.messages.saved_rows import unreadable_downgrade
from lback.core.rollback.stakes import DataLoss, Stakes, shown, stakes
from lback.project.context import Context

if TYPE_CHECKING:
    from lback.db.view import View


def downgrade_effects(going: Iterable[str], effects: Mapping[str, Effects]) -> list[Effect]:
    """Return what going down does, for revisions in the order in which they go."""
    return [effect for revision in going for effect in effects[revision].downgrade]


def with_unread(
    ctx: Context, view: View, told: Stakes, graph: GraphView, going: Mapping[str, Effects]
) -> Stakes:
    """Add what may be at stake where a way down cannot be read, and say so."""
    unread = [(name, part) for name, does in going.items() for part in does.unknowns("downgrade")]
    if not unread:
        return told
    places = [f"{graph[name].path}:{part.line}" for name, part in unread]
    ctx.console.note(unreadable_downgrade(places))
    tables = {table for _, part in unread for table in (part.tables or view.table_names())}
    whole = {table for table, column in told.kept if column is None}
    more = [(table, None) for table in sorted(tables - whole)]
    return Stakes(told.lost, (*told.kept, *more))


def count_losses(view: View, effects: Iterable[Effect]) -> tuple[DataLoss, ...]:
    """Return what is deleted by effects in the order in which they happen; empty tables are not.

    `column` is None for a whole table.
    """
    rows = view.rows(stakes(effects).lost)
    return tuple(DataLoss(shown(table), column, n) for (table, column), n in rows.items() if n)


def count_along(view: View, effects: Iterable[Effect]) -> tuple[DataLoss, ...]:
    """Return what goes from other tables along with what is deleted by effects, at most."""
    told = stakes(effects)
    return tuple(view.along(told.kept, told.lost))


def refuse_more(view: View, effects: Iterable[Effect], agreed: Sequence[DataLoss]) -> None:
    """Raise LbackError when under the lock more would go than was agreed to."""
    known = {(data_loss.table, data_loss.column): data_loss.rows for data_loss in agreed}
    losses = count_losses(view, effects)
    more = [loss for loss in losses if loss.rows > known.get((loss.table, loss.column), 0)]
    if more:
        raise messages.more_than_agreed(more)


def consents(
    ctx: Context,
    losses: Mapping[str, Sequence[DataLoss]],
    also: str = "",
    *,
    saved: bool = False,
) -> bool:
    """Ask before rows and values go; where nothing does, and nothing else, there is no question.

    `losses` are by the name of the database. `also` says what else happens; `saved` whether the
    rows go to a file first.
    """
    if not any(losses.values()) and not also:
        return True
    return ctx.console.confirm(messages.question(losses, also, saved=saved), option="`--yes`")


def save_rows(
    ctx: Context, view: View, told: Stakes, undoes: Sequence[str], table: str | None
) -> Path | None:
    """Save what is at stake to a new backup file; return it, None where there is nothing."""
    from lback.db.keeping.backup import save

    now = f"{datetime.datetime.now(datetime.timezone.utc):%Y%m%dT%H%M%S}"
    database = view.stamp.database
    own = database.name or database.schema
    parts = (now, table or "revision", undoes[0], *([own] if own else ()))
    name = re.sub(r"[^\w.-]+", "_", "-".join(parts))
    about = {"undoes": list(undoes), "created": now, "at": database.key}
    about |= {"schema": database.schema, "name": database.name}
    path = _free(backup_folder(ctx), name)
    rows = save(view.connection, path, told.kept, about, told.lost)
    if not rows:
        with contextlib.suppress(OSError):  # it was not written, or says nothing
            path.unlink()
        return None
    ctx.console.note(messages.rows_saved(rows, path))
    return path


def _free(folder: Path, name: str) -> Path:
    """Return a file that is not there yet: another database's may be of the same second."""
    path, number = folder / f"{name}.jsonl.gz", 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}.jsonl.gz"
    return path


def backup_folder(ctx: Context) -> Path:
    """Return where backups are: out of reach of `git add`, inside of git's own folder."""
    if ctx.repository is not None:
        return ctx.repository.common_dir / "lback" / "backups"
    return ctx.project.root / ".lback" / "backups"
