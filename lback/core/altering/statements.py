"""The statements that make one schema of another, each with what it is for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from lback.core.altering.made import (
    OUTSIDE,
    Key,
    SchemaSide,
    Spelling,
    Turn,
    comes_at,
    goes_at,
    ranks,
)
from lback.core.altering.postgresql import altered, labels, readers
from lback.core.altering.sqlite import about, rebuilding, to_rebuild
from lback.core.display import visible
from lback.core.schema_diff import SchemaChange

_BY_HAND = "-- no statement is known for it: do it by hand"
_PARTS = ("unique constraint", "check", "index", "foreign key")
_AROUND: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # Functions may speak of tables that come later.
    "postgresql": (("BEGIN", "SET LOCAL check_function_bodies = off"), ("COMMIT",)),
    "sqlite": (("BEGIN",), ("COMMIT",)),
    "mysql": (("SET FOREIGN_KEY_CHECKS = 0",), ("SET FOREIGN_KEY_CHECKS = 1",)),
}
_AROUND["mariadb"] = _AROUND["mysql"]
_AROUND_REBUILT = (
    ("PRAGMA foreign_keys = OFF", "PRAGMA legacy_alter_table = ON", "BEGIN"),
    ("COMMIT", "PRAGMA legacy_alter_table = OFF"),
)


class _Line(NamedTuple):
    """A statement or a comment: its turn, and the number of the change that it is for."""

    turn: Turn
    change: int
    place: int
    sql: str


def statements(
    found: Sequence[SchemaChange], before: SchemaSide, after: SchemaSide, dialect: str
) -> tuple[str, ...]:
    """Return what makes the second schema of the first: statements, and comments of one line.

    Each difference is named by a comment above its statements, and so is what none can do.
    """
    if not found:
        return ()
    writer = _Writer(found, before, after, dialect)
    writer.write()
    lines = sorted(writer.lines)
    early = [line for line in lines if line.turn <= OUTSIDE]
    late = lines[len(early) :]
    begin, end = _AROUND_REBUILT if writer.rebuilt else _AROUND.get(dialect, ((), ()))
    if not late:
        return tuple(_told(early, found))
    return (*_told(early, found), *begin, *_told(late, found), *end)


def _told(lines: Sequence[_Line], found: Sequence[SchemaChange]) -> Iterator[str]:
    last = None
    for line in lines:
        if line.change != last:
            yield heading(found[line.change])
            last = line.change
        if line.sql:
            yield line.sql


def script(sql: Sequence[str], dialect: str) -> str:
    """Return statements as a program takes them that a person would pipe them into."""
    lines = []
    for each in sql:
        if each.startswith("--"):
            lines.append(each)
        elif ";" in each and dialect in ("mysql", "mariadb"):
            lines += ["DELIMITER ;;", f"{each};;", "DELIMITER ;"]
        else:
            # Who wrote a definition may have ended it with a comment.
            lines.append(f"{each}\n;" if "--" in each.rpartition("\n")[2] else f"{each};")
    return "\n".join(lines)


def heading(change: SchemaChange) -> str:
    """Return the comment that names a difference."""
    place = ".".join(visible(part) for part in (change.table, change.name) if part)
    return f"-- {change.state} {change.kind} {place}".rstrip()


class _Writer:
    def __init__(
        self, found: Sequence[SchemaChange], before: SchemaSide, after: SchemaSide, dialect: str
    ) -> None:
        self.found, self.before, self.after, self.dialect = found, before, after, dialect
        self.lines: list[_Line] = []
        self.rebuilt = to_rebuild(found, after) if dialect == "sqlite" else ()
        self.ranks = [ranks(side.schema.views) for side in (before, after)]

    def write(self) -> None:
        """Gather the statements for each change."""
        inside = {table: about(self.found, table) for table in self.rebuilt}
        for table, numbers in inside.items():
            for number, sql in rebuilding(table, numbers, self.before, self.after):
                self._put(number, comes_at("column"), [sql])
                self._warn(number, self.found[number])
        done = {number for numbers in inside.values() for number in numbers}
        for number, change in enumerate(self.found):
            if number not in done:
                self._change(number, change)
                self._warn(number, change)
        if self.dialect == "postgresql":
            for number, key, why in readers(self.found, self.before, self.after):
                self._put(number, goes_at("view", self._rank(key, 0)), [why])
                self._drop(number, key)
                self._make(number, key)

    def _change(self, number: int, change: SchemaChange) -> None:
        key: Key = (change.kind, change.table, change.name or "")
        parent = self._comes_along(change)
        if parent is not None:
            told = f"-- It comes with that of {visible(parent)}."
            self._put(number, comes_at(change.kind), [told])
            return
        new = self.after.source.things.get(key)
        if change.kind == "table":
            self._table(number, change)
        elif change.kind == "enum" and change.state == "changed":
            self._put(number, OUTSIDE, labels(change.name or "", self.before, self.after))
        elif change.kind == "column" and self._is_altered(change):
            self._put(number, comes_at("column"), altered(change, self.before, self.after))
        elif change.state == "changed" and new is not None and new.change:
            self._put(number, comes_at(change.kind), new.change)
        else:
            if change.state != "added":
                self._drop(number, key)
            if change.state != "removed":
                self._make(number, key)

    def _is_altered(self, change: SchemaChange) -> bool:
        """Tell whether it is a column of PostgreSQL that stays, and is not computed."""
        columns = [side.column(change.table, change.name) for side in (self.before, self.after)]
        return self.dialect == "postgresql" and all(
            column is not None and not (column.generated or "").startswith("GENERATED AS")
            for column in columns
        )

    def _table(self, number: int, change: SchemaChange) -> None:
        key: Key = ("table", None, change.name or "")
        side = self.after if change.state == "added" else self.before
        parts = [
            (kind, thing)
            for (kind, table, _), thing in side.source.things.items()
            if table == change.name and kind in _PARTS and not side.source.whole
        ]
        if change.state == "added":
            self._make(number, key)
            for kind, thing in parts:
                self._put(number, comes_at(kind), thing.make)
            return
        for kind, thing in parts:
            if kind == "foreign key":
                self._put(number, goes_at(kind), thing.drop)
        self._drop(number, key)

    def _drop(self, number: int, key: Key) -> None:
        thing = self.before.source.things.get(key, Spelling(()))
        self._put(number, goes_at(key[0], self._rank(key, 0)), thing.drop or [_BY_HAND])

    def _make(self, number: int, key: Key) -> None:
        thing = self.after.source.things.get(key, Spelling(()))
        self._put(number, comes_at(key[0], self._rank(key, 1)), thing.make or [_BY_HAND])

    def _rank(self, key: Key, side: int) -> int:
        """Return how many of its kind lie below it: views, and tables with partitions."""
        if key[0] == "view":
            return self.ranks[side].get(key[2], 0)
        return len(self._above(key[2], side)) if key[0] == "table" else 0

    def _above(self, table: str | None, side: int) -> list[str]:
        """Return what a partition is one of, and what that is one of."""
        tables = (self.before, self.after)[side].schema.tables
        found: list[str] = []
        known = tables.get(table or "")
        while known is not None and known.part_of and known.part_of not in found:
            found.append(known.part_of)
            known = tables.get(known.part_of)
        return found

    def _comes_along(self, change: SchemaChange) -> str | None:
        """Return the table whose change makes that of its partition."""
        for side in (0, 1):
            for parent in self._above(change.table, side):
                if change.kind == "column":
                    if replace(change, table=parent) in self.found:
                        return parent
                elif change.kind == "index":
                    key: Key = ("index", change.table, change.name or "")
                    gone = (self.before, self.after)[side].source.things.get(key) is None
                    states = {(one.kind, one.table, one.state) for one in self.found}
                    if gone and ("index", parent, change.state) in states:
                        return parent
        return None

    def _put(self, number: int, turn: Turn, made: Iterable[str]) -> None:
        self.lines += [
            _Line(turn, number, len(self.lines) + at, sql) for at, sql in enumerate(made)
        ]

    def _warn(self, number: int, change: SchemaChange) -> None:
        """Say what is lost, and what rows may be in the way."""
        place = visible(f"{change.table}.{change.name}" if change.table else str(change.name))
        if change.kind == "table" and change.state == "removed":
            told = f"-- The rows of {place} are lost."
        elif change.kind == "column" and change.state == "removed":
            told = f"-- The values of {place} are lost."
        elif change.kind == "column" and self._needs_value(change):
            told = f"-- {place} takes no NULL: rows need a value."
        else:
            return
        turn = min(line.turn for line in self.lines if line.change == number)
        self.lines.append(_Line(turn, number, -1, told))

    def _needs_value(self, change: SchemaChange) -> bool:
        old, new = (side.column(change.table, change.name) for side in (self.before, self.after))
        if new is None or new.nullable:
            return False
        return old.nullable if old is not None else new.default is None and new.generated is None
