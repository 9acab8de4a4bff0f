"""Rows that a template holds: which of them are lacking, in which order, what differs each time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

Row = tuple[Any, ...]

# What two runs write within a second is the same by a clock, too; zones are at most so far apart.
_TODAY = timedelta(hours=27)


@dataclass(frozen=True, slots=True)
class SeedTable:
    """A table with its rows, a tuple of driver's values each, and to which tables they refer.

    `inner` are keys to the table itself: places of columns, and of those that they refer to.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    parents: frozenset[str] = frozenset()
    inner: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Seeds:
    """All tables that have rows, by name, and where counters stand: the value, and if it was given.

    Only counters that do not follow the rows by themselves are told.
    """

    tables: Mapping[str, SeedTable] = field(default_factory=dict)
    counters: Mapping[str, tuple[int, bool]] = field(default_factory=dict)


def lacking(old: Seeds, new: Seeds, wanted: Collection[str] | None) -> list[SeedTable]:
    """Return the rows that a new database does not have, tables that others refer to first.

    `wanted` are the tables that are meant; None for all.
    """
    found = []
    for name, table in old.tables.items():
        if wanted is not None and name not in wanted:
            continue
        there = new.tables.get(name)
        left = Counter(map(repr, there.rows)) if there is not None else Counter()
        rows = []
        for row in table.rows:
            if left[repr(row)] > 0:
                left[repr(row)] -= 1
            else:
                rows.append(row)
        if rows and (there is None or len(there.rows) < len(table.rows)):
            left_out = replace(table, rows=tuple(rows))
            found.append(replace(table, rows=tuple(_parents_first(left_out))))
    return _in_order(found)


def clashing(old: Seeds, new: Seeds, tables: Iterable[SeedTable]) -> list[str]:
    """Return of these tables those where a new database has rows that it should not have."""
    return [
        table.name
        for table in tables
        if table.name in new.tables
        and Counter(map(repr, new.tables[table.name].rows))
        - Counter(map(repr, old.tables[table.name].rows))
    ]


def varying(table: SeedTable, again: SeedTable | None, now: datetime) -> tuple[str, ...]:
    """Return the columns whose values are others when the old files are run once more.

    A time near `now` is taken for the clock's, whatever the second run says. Where the rows
    differ and no column alone does, all columns are named.
    """
    found = []
    for place, name in enumerate(table.columns):
        first = [row[place] for row in table.rows]
        second = [row[place] for row in again.rows] if again is not None else []
        if not {*map(repr, first)} <= {*map(repr, second)} or any(
            _is_near(one, now) for one in first
        ):
            found.append(name)
    rows = {*map(repr, again.rows)} if again is not None else set()
    if not found and not {*map(repr, table.rows)} <= rows:
        return table.columns
    return tuple(found)


def alike(one: SeedTable, other: SeedTable, loose: Collection[str]) -> bool:
    """Tell whether two tables have the same rows, where of `loose` columns only the kind counts.

    What is NULL in one is NULL in the other.
    """
    exact = [name not in loose for name in one.columns]

    def shown(row: Row) -> tuple[str, ...]:
        pairs = zip(row, exact, strict=True)
        return tuple(repr(value) if whole else type(value).__name__ for value, whole in pairs)

    return one.columns == other.columns and Counter(map(shown, one.rows)) == Counter(
        map(shown, other.rows)
    )


def _is_near(value: Any, now: datetime) -> bool:
    """Tell whether a value is a time of today, in whatever form."""
    moment = _moment(value)
    if moment is None:
        return False
    return abs(moment.replace(tzinfo=None) - now) < _TODAY


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    try:
        if isinstance(value, str) and 8 <= len(value) <= 40 and value[:4].isdigit():
            return datetime.fromisoformat(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 1e9:
            seconds = value / (1000 ** max(0, (len(str(int(value))) - 10) // 3))
            return datetime(1970, 1, 1) + timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        pass
    return None


def _in_order(tables: Sequence[SeedTable]) -> list[SeedTable]:
    """Return tables so that each comes after those to which its rows refer, where that can be."""
    left = sorted(tables, key=lambda table: table.name)
    ordered: list[SeedTable] = []
    while left:
        waiting = {table.name for table in left}
        ready = [one for one in left if not (one.parents & waiting) - {one.name}] or left[:1]
        ordered += ready
        left = [one for one in left if one not in ready]
    return ordered


def _parents_first(table: SeedTable) -> Iterator[Row]:
    """Yield the rows so that each comes after those of the table to which it refers.

    Rows that refer to each other in a circle come where the first of them does.
    """
    by_key: list[dict[tuple[Any, ...], list[int]]] = []
    for _, other in table.inner:
        rows: dict[tuple[Any, ...], list[int]] = {}
        for number, row in enumerate(table.rows):
            rows.setdefault(tuple(row[place] for place in other), []).append(number)
        by_key.append(rows)
    seen: set[int] = set()
    for first in range(len(table.rows)):
        path = [] if first in seen else [(first, _referred(table, by_key, first))]
        seen.add(first)
        while path:
            number, left = path[-1]
            up = next((one for one in left if one not in seen), None)
            if up is None:
                yield table.rows[number]
                path.pop()
            else:
                seen.add(up)
                path.append((up, _referred(table, by_key, up)))


def _referred(
    table: SeedTable, by_key: Sequence[Mapping[tuple[Any, ...], Sequence[int]]], number: int
) -> Iterator[int]:
    """Yield the rows to which a row refers."""
    for (own, _), rows in zip(table.inner, by_key, strict=True):
        wanted = tuple(table.rows[number][place] for place in own)
        if None not in wanted:
            yield from rows.get(wanted, ())
