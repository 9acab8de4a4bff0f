"""Keeps what goes down with a branch, and says what came back with it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lback.core.graph.view import GraphView
from lback.core.messages import saved_rows as messages
from lback.core.rollback.stakes import Stakes, rows_written, stakes
from lback.project.context import Context
from lback.project.keeping.data_loss import downgrade_effects, with_unread

if TYPE_CHECKING:
    from lback.db.keeping.keeper import Keeper
    from lback.db.keeping.putting_back import Restored
    from lback.db.keeping.saved import Saving
    from lback.db.view import View


@dataclass(frozen=True)
class RowsSaved:
    """Rows of a table that are saved under a number, with the columns that went."""

    number: int
    table: str
    columns: tuple[str, ...]
    rows: int


@dataclass(frozen=True)
class RowsReturned:
    """Rows of a table that came back; `left` are those that newer ones, or others, kept out."""

    table: str
    rows: int
    left: int
    keys: tuple[str, ...]


def keeper_for(
    ctx: Context, graph: GraphView, texts: GraphView | None = None, *, keeps: bool = True
) -> Keeper:
    """Return what saves the rows of a run by this graph, and puts back those that wait.

    `texts` is the graph that has the files as they run, but for their parents.
    """
    from lback.db.keeping.keeper import Keeper

    def stakes_of(view: View, going: Sequence[str]) -> Stakes:
        effects = ctx.revisions.effects(graph, going)
        told = stakes(downgrade_effects(going, effects))
        return with_unread(ctx, view, told, graph, {name: effects[name] for name in going})

    def writes(view: View, revisions: Collection[str]) -> Sequence[str]:
        known = graph if texts is None else texts
        effects = ctx.revisions.effects(known, [name for name in revisions if name in known])
        written, anywhere = rows_written(effects.values())
        return view.table_names() if anywhere else written

    def applied(stamp: Sequence[str]) -> Collection[str]:
        return graph.ancestors([revision for revision in stamp if revision in graph])

    blobs = {node.id: node.blob for node in texts or graph}
    return Keeper(stakes_of, writes, blobs, applied, keeps=keeps)


def settled(ctx: Context, graph: GraphView) -> Keeper:
    """Finish, under the lock, what an earlier run was cut off at; return what that was."""
    from lback.db.keeping.restoring import settle

    keeper = keeper_for(ctx, graph)
    settle(ctx.database, keeper, ctx.lock_timeout(None), lambda event: ctx.console.note(event.text))
    return keeper


def waits(view: View, graph: GraphView) -> bool:
    """Tell whether rows are saved here that should have come back, but for a kill."""
    from lback.db.keeping.saved import SavedRows

    known = [revision for revision in view.stamp.revisions if revision in graph]
    applied = graph.ancestors(known) if known else frozenset()
    return any(
        saving.state == "begun" or (saving.state == "saved" and applied & saving.revisions.keys())
        for saving in SavedRows(view.connection, view.stamp.database).all()
    )


def awaited(view: View) -> frozenset[str]:
    """Return the revisions that saved rows of a database wait for."""
    from lback.db.keeping.saved import SavedRows

    savings = SavedRows(view.connection, view.stamp.database).all()
    return frozenset(
        name for saving in savings if saving.state == "saved" for name in saving.revisions
    )


def saved_rows(keeper: Keeper) -> tuple[RowsSaved, ...]:
    """Return what a run has saved."""
    return tuple(
        RowsSaved(kept.saved.number, table.kept.full_name, table.kept.columns, table.rows)
        for kept in keeper.kept.values()
        if kept.saved is not None
        for table in kept.saved.tables
    )


def returned_rows(keeper: Keeper) -> tuple[RowsReturned, ...]:
    """Return what a run has put back, and what it has left alone."""
    return tuple(
        RowsReturned(row.table, row.rows, left, row.examples or row.away)
        for kept in keeper.kept.values()
        for _, rows in kept.returned
        for row in rows
        if (left := row.other + row.blocked + row.unsure) or row.rows
    )


def tell(ctx: Context, keepers: Iterable[Keeper]) -> None:
    """Say what was saved and what came back; warn of what could not."""
    for keeper in keepers:
        for kept in keeper.kept.values():
            if kept.saved is not None:
                ctx.console.note(messages.kept(kept.saved.rows, str(kept.saved.number)))
            for saving, rows in kept.returned:
                for row in rows:
                    _tell_table(ctx, saving, row)


def _tell_table(ctx: Context, saving: Saving, row: Restored) -> None:
    name = str(saving.number)
    if row.rows:
        ctx.console.note(messages.came_back(row.table, row.rows))
    if row.other:
        ctx.console.warn(messages.waits(row.table, row.other, row.examples, name))
    if row.blocked:
        ctx.console.warn(messages.blocked(row.table, row.blocked, name))
    if row.unsure:
        ctx.console.warn(messages.unsure(row.table, row.unsure, row.away, name))
    if row.problem:
        ctx.console.warn(messages.failed(row.table, row.problem, name))
    elif row.table_gone:
        ctx.console.warn(messages.stays_saved(row.table, None, name))
    elif row.lacking:
        ctx.console.warn(messages.stays_saved(row.table, row.lacking[0], name))
