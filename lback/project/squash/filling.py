"""Rows of a new database, taken from what the old files leave in one, each named beforehand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from lback.core.squash import messages
from lback.core.squash.seeds import Seeds, SeedTable, clashing, lacking, varying
from lback.project.console import Console

# More belong into a file of their own, which a person has to choose.
_MOST = 5000


@dataclass(frozen=True, slots=True)
class SeedRow:
    """A table whose rows stand in the new file, how many, and which columns are frozen there.

    `frozen` are columns with other values each time that the old files run.
    """

    dialect: str
    table: str
    rows: int
    frozen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filling:
    """What is inserted on one dialect."""

    tables: tuple[SeedTable, ...]
    counters: dict[str, tuple[int, bool]]
    rows: tuple[SeedRow, ...]


def filling(
    console: Console,
    dialect: str,
    seeds: tuple[Seeds, Seeds],
    again: Callable[[], Seeds],
    wanted: Collection[str] | None,
    frozen: Sequence[str],
) -> Filling:
    """Return what a new database lacks of the rows that the old files leave.

    `seeds` are those of the old files and of the new one; `again` runs the old ones once more.
    LbackError for rows that cannot be taken, and for values that nobody has answered for.
    """
    old, new = seeds
    tables = lacking(old, new, wanted)
    for name in clashing(old, new, tables):
        raise messages.rows_clash(name)
    for table in tables:
        if len(table.rows) > _MOST:
            raise messages.too_many_rows(table.name, len(table.rows), _MOST)
    other = again() if tables else Seeds()
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    told = []
    for table in tables:
        found = varying(old.tables[table.name], other.tables.get(table.name), now)
        told.append(SeedRow(dialect, table.name, len(table.rows), found))
    _agreed(console, told, frozen)
    counters = {name: one for name, one in old.counters.items() if new.counters.get(name) != one}
    return Filling(tuple(tables), counters if tables else {}, tuple(told))


def _agreed(console: Console, rows: Sequence[SeedRow], frozen: Sequence[str]) -> None:
    """Raise LbackError unless somebody has said of each column that one run's values are meant."""
    places = [
        f"{row.table}.{column}"
        for row in rows
        for column in row.frozen
        if row.table not in frozen and f"{row.table}.{column}" not in frozen
    ]
    if places and not console.asks:
        raise messages.varies(places)
    for place in places:
        if console.choose(messages.freeze(place), messages.FREEZES, None) != 0:
            raise messages.varies([place])
