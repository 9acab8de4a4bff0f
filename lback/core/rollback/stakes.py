"""Which values are at stake when some effects happen, by the names that they have now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lback.core.effects import Effect, Effects, container
from lback.core.results import optional


@dataclass(frozen=True, slots=True)
class Stakes:
    """What is deleted for certain, and what else should be kept before it is written over.

    Places are (table, column), the column None for all of the table; `all_of` a schema is one.
    """

    lost: tuple[tuple[str, str | None], ...]
    kept: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class DataLoss:
    """Rows of a table, or values of one of its columns, that a step deletes."""

    table: str
    column: str | None
    rows: int
    along_with: str | None = optional()
    """The table whose rows take these along, as many of them as refer to one that goes."""


def all_of(name: str, kind: str) -> str:
    """Return the place of all tables of a schema, "s.*", or of a database, "s.*.*"."""
    return f"{name}.*.*" if kind == "database" else f"{name}.*"


def shown(place: str) -> str:
    """Return what people read for the table of a place."""
    return f"{place.removesuffix('.*.*')}.*" if place.endswith(".*.*") else place


def stakes(effects: Iterable[Effect]) -> Stakes:
    """Follow effects in their order; renames on the way do not hide what is there now."""
    tables: dict[str, str | None] = {}  # name then -> name now, None: made on the way
    columns: dict[tuple[str, str], str | None] = {}
    lost: dict[tuple[str, str | None], None] = {}
    kept: dict[tuple[str, str | None], None] = {}
    for effect in effects:
        if (inside := container(effect)) is not None:
            place = (all_of(inside, effect.object), None)
            lost[place] = kept[place] = None
        if not effect.table:
            continue
        table = tables.get(effect.table, effect.table)
        if effect.object == "table":
            _table(effect, table, tables, lost, kept)
        elif table is None:
            continue
        elif effect.object == "column" and effect.name:
            column = columns.get((effect.table, effect.name), effect.name)
            if effect.kind == "create":
                columns[effect.table, effect.name] = None
            elif effect.kind == "rename" and effect.to:
                columns[effect.table, effect.to] = column
            elif column is None:
                continue
            elif effect.kind == "drop":
                lost[table, column] = None
            elif "type" in effect.aspects:
                kept[table, column] = None
        elif effect.object == "data" and (effect.kind != "insert" or "replace" in effect.aspects):
            _data(effect, table, columns, kept)
    whole = {table for table, column in lost if column is None}
    places = [revision for revision in lost if revision[1] is None or revision[0] not in whole]
    return Stakes(tuple(places), tuple(dict.fromkeys([*places, *kept])))


def _table(
    effect: Effect,
    table: str | None,
    tables: dict[str, str | None],
    lost: dict[tuple[str, str | None], None],
    kept: dict[tuple[str, str | None], None],
) -> None:
    name = effect.table or ""
    if effect.kind == "create":
        tables[name] = None
    elif effect.kind == "rename" and effect.to:
        if table is None and (effect.to, None) in lost:
            # A copy takes the place of what was dropped for it: its rows live on.
            del lost[effect.to, None]
        tables[effect.to] = table
    elif effect.kind == "drop" and table is not None:
        lost[table, None] = None
        kept[table, None] = None


def _data(
    effect: Effect,
    table: str,
    columns: dict[tuple[str, str], str | None],
    kept: dict[tuple[str, str | None], None],
) -> None:
    if effect.kind != "update" or not effect.columns:
        kept[table, None] = None
        return
    for name in effect.columns:
        column = columns.get((effect.table or "", name), name)
        if column is not None:
            kept[table, column] = None


def rows_written(effects: Iterable[Effects]) -> tuple[tuple[str, ...], bool]:
    """Return the tables whose rows upgrade() writes, by all names; and whether it may any other."""
    written: dict[str, None] = {}
    anywhere = False
    for does in effects:
        for effect in does.upgrade:
            if effect.object == "data" and effect.table:
                written[effect.table] = None
            elif effect.kind == "rename" and effect.table in written and effect.to:
                written[effect.to] = None
        for unknown in does.unknowns("upgrade"):
            written.update(dict.fromkeys(unknown.tables))
            anywhere |= not unknown.tables
    return tuple(written), anywhere


def total(losses: Iterable[DataLoss]) -> tuple[DataLoss, ...]:
    """Return what is deleted from several databases, each table or column once."""
    rows: dict[tuple[str, str | None], int] = {}
    for data_loss in losses:
        rows[data_loss.table, data_loss.column] = (
            rows.get((data_loss.table, data_loss.column), 0) + data_loss.rows
        )
    return tuple(DataLoss(table, column, number) for (table, column), number in rows.items())
