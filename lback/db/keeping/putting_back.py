"""Puts saved rows back into one table: what is missing, and never over newer values unasked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.db.keeping.kept import Kept
from lback.db.keeping.row_sql import MYSQL, Shape, count, placed, run

_EXAMPLES = 3
Place = tuple[str, "str | None"]


@dataclass(slots=True)
class Restored:
    """What came of one table.

    `rows` were put back, `present` are there as they were saved, `missing` have been deleted
    since, `other` hold newer values and were left alone (`examples` are the keys of some), and
    `blocked` cannot be there: what they refer to is gone, or another row has their unique value.
    Of those that are `missing`, `unsure` may be there under another key (`away` are the keys of
    some), for rows are there that nothing was saved of.
    `lacking` are the columns that the table does not have, `table_gone` says that it is not there.
    """

    table: str
    columns: tuple[str, ...]
    rows: int = 0
    present: int = 0
    missing: int = 0
    other: int = 0
    blocked: int = 0
    examples: tuple[str, ...] = ()
    unsure: int = 0
    away: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    table_gone: bool = False
    problem: str = ""

    @property
    def leaves_rows(self) -> bool:
        """Tell whether anything that was saved is not there now, but for rows deleted since."""
        left = self.other or self.blocked or self.unsure or self.lacking
        return bool(left or self.table_gone or self.problem)


class Made(NamedTuple):
    """What is known to hold nothing of anybody's yet, so that it may be written over.

    The `table` itself and some of its `columns`, made a moment ago; `exact`: by the very steps
    that made them before. `after` is a table with the keys of rows that nobody touched since.
    `asks`: nothing is known, so that nothing is written unless a person says so.
    `earlier`: by a run that was cut off, since when others may have written.
    """

    table: bool = False
    columns: frozenset[str] = frozenset()
    exact: bool = False
    after: str = ""
    asks: bool = False
    earlier: bool = False


class PuttingBack:
    """The way back of the rows of one table from `source`, a table that holds them."""

    def __init__(
        self,
        connection: Connection,
        kept: Kept,
        source: str,
        *,
        made: Made = Made(),  # noqa: B008 - frozen
        overwrite: bool = False,
    ) -> None:
        self.connection = connection
        self.kept = kept
        self.source = source
        self.made = made
        self.overwrite = overwrite
        self.shape = Shape(connection, kept.table, kept.schema)
        self.columns = tuple(name for name in kept.columns if name in self.shape.stored)
        self.done = Restored(kept.full_name, kept.columns)
        self._equal = 0
        self._begun = False

    def put(self) -> int:
        """Put back what can be; return the number of rows. To be called until nothing comes."""
        if not self._can():
            return 0
        before = self.done.rows
        if not self.kept.keys:
            self._put_unkeyed()
        else:
            self._put_keyed()
        self._begun = True
        return self.done.rows - before

    def finish(self) -> Restored:
        """Let the table's counters go on behind what was put back; return what came of it."""
        if self._begun and self.kept.whole and self.shape.family == "postgresql":
            self._move_sequences()
        if self.done.missing:
            self._doubt()
        return self.done

    def _can(self) -> bool:
        done, kept = self.done, self.kept
        done.table_gone = not self.shape.there
        if done.table_gone:
            return False
        done.lacking = tuple(name for name in kept.columns if name not in self.shape.columns)
        finds = (*kept.keys, *kept.match)
        return all(name in self.shape.columns for name in finds) and bool(
            self.columns or (kept.whole and kept.keys)
        )

    # -- tables with a key ---------------------------------------------------------------

    def _put_keyed(self) -> None:
        shape, done = self.shape, self.done
        joined = f"{self.source} s JOIN {shape.place} t ON {shape.keyed(self.kept.keys)}"
        same = f"SELECT count(*) FROM {joined} WHERE {shape.all_same(self.columns)}"
        if not self._begun:
            self._equal = done.present = count(self.connection, same)
        if self.kept.whole and not self.made.asks:
            self._insert_keyed()
        for column in self.columns if not self.made.asks else ():
            self._update(column)
        if self.made.table and self.made.exact:
            self._delete_others()
        saved = count(self.connection, f"SELECT count(*) FROM {self.source}")
        there = count(self.connection, f"SELECT count(*) FROM {joined}")
        equal = count(self.connection, same)
        done.rows = equal - self._equal
        done.other = there - equal
        if self.kept.whole:
            done.blocked = saved - there
        else:
            done.missing = saved - there
        done.examples = self._examples(joined) if done.other else ()

    def _insert_keyed(self) -> None:
        self._insert(f"{self.source} s WHERE {' AND '.join([*self._absent(), *self._parents()])}")

    def _absent(self) -> list[str]:
        """Return what must hold of a row that is not there, so that its keys are free for it."""
        shape = self.shape
        keyed = shape.keyed(self.kept.keys)
        wheres = [f"NOT EXISTS (SELECT 1 FROM {shape.place} t WHERE {keyed})", *self._free()]
        if self.made.after:
            # A row that was there without the branch, and is not any more, was deleted.
            wheres.append(self._untouched_since())
        return wheres

    def _insert(self, rest: str) -> int:
        shape = self.shape
        names = tuple(dict.fromkeys((*self.kept.keys, *self.columns)))
        special = ""
        if shape.family == "postgresql" and any(shape.columns[name].identity for name in names):
            special = " OVERRIDING SYSTEM VALUE"
        values = ", ".join(shape.value(name) for name in names)
        text = f"INSERT INTO {shape.place} ({shape.names(names)}){special} SELECT {values} "
        return run(self.connection, f"{text} FROM {rest}").rowcount

    def _parents(self, rings: Mapping[Place, PuttingBack] = MappingProxyType({})) -> list[str]:
        """Return what must hold of a row so that it refers to others that are there.

        Those that come at once, in the rings of other tables, count as well.
        """
        names = {*self.kept.keys, *self.columns}
        return [
            self._has_parent(key, rings.get((key["referred_table"], key.get("referred_schema"))))
            for key in self.foreign_keys
            if names.issuperset(key["constrained_columns"])
        ]

    @cached_property
    def foreign_keys(self) -> Sequence[Any]:
        """Return the table's foreign keys."""
        return sa.inspect(self.connection).get_foreign_keys(self.shape.table, self.shape.schema)

    def _free(self) -> list[str]:
        """Return what must hold of a row so that the table's unique keys take it."""
        shape, names = self.shape, {*self.kept.keys, *self.columns}
        inspector = sa.inspect(self.connection)
        wheres = []
        uniques: list[Any] = [
            *inspector.get_unique_constraints(shape.table, shape.schema),
            *(row for row in inspector.get_indexes(shape.table, shape.schema) if row["unique"]),
        ]
        for unique in uniques:
            columns = unique["column_names"]
            options = unique.get("dialect_options") or {}
            partial = any(name.endswith("_where") and options[name] is not None for name in options)
            if not partial and columns and names.issuperset(columns):
                taken = " AND ".join(f"{shape.name(c, 't')} = {shape.value(c)}" for c in columns)
                wheres.append(f"NOT EXISTS (SELECT 1 FROM {shape.place} t WHERE {taken})")
        return wheres

    def _has_parent(self, key: Any, ring: PuttingBack | None = None) -> str:
        shape, own = self.shape, key["constrained_columns"]
        pairs = list(zip(own, key["referred_columns"], strict=False))
        parent = placed(self.connection, key["referred_table"], key.get("referred_schema"))
        empty = [f"{shape.name(column, 's')} IS NULL" for column in own]
        there = " AND ".join(f"{shape.name(to, 'p')} = {shape.value(at)}" for at, to in pairs)
        ways = [*empty, f"EXISTS (SELECT 1 FROM {parent} p WHERE {there})"]
        if self.shape.family in MYSQL and (key["referred_table"], key.get("referred_schema")) == (
            self.place
        ):
            # Nothing is checked there, and no temporary table can be read twice.
            mine = " AND ".join(f"{shape.value(to, 'o')} = {shape.value(at)}" for at, to in pairs)
            ways.append(f"EXISTS (SELECT 1 FROM {self.source} o WHERE {mine})")
        elif ring is not None and {to for _, to in pairs} <= ring.shape.columns.keys():
            up = ring.shape
            theirs = " AND ".join(f"{up.value(to, 'o')} = {shape.value(at)}" for at, to in pairs)
            ways.append(f"EXISTS (SELECT 1 FROM {ring.ring} o WHERE {theirs})")
        return f"({' OR '.join(ways)})"

    def _update(self, column: str) -> None:
        """Write one column's saved values over those that may go."""
        shape = self.shape
        wheres = [f"NOT ({shape.same(column)})"]
        free = self.overwrite or self.made.table or column in self.made.columns
        if not free and self.made.after:
            wheres.append(self._untouched_since())
        elif not free and self.kept.whole:
            return
        elif not free:
            wheres.append(shape.untouched(column))
        for key in self.foreign_keys:
            own = key["constrained_columns"]
            if column in own and {*self.kept.keys, *self.columns}.issuperset(own):
                wheres.append(self._has_parent(key))
        facts = shape.columns[column]
        fixed = facts.always and shape.family == "postgresql"
        at = f"ALTER TABLE {shape.place} ALTER COLUMN {shape.name(column)} SET GENERATED"
        if fixed:
            run(self.connection, f"{at} BY DEFAULT")
        run(self.connection, self._updating(column, " AND ".join(wheres)))
        if fixed:
            run(self.connection, f"{at} ALWAYS")

    def _updating(self, column: str, where: str) -> str:
        shape = self.shape
        keyed, own, value = shape.keyed(self.kept.keys), shape.name(column), shape.value(column)
        if shape.family == "postgresql":
            return (
                f"UPDATE {shape.place} t SET {own} = {value} FROM {self.source} s "
                f"WHERE {keyed} AND {where}"
            )
        if shape.family in MYSQL:
            return (
                f"UPDATE {shape.place} t JOIN {self.source} s ON {keyed} "
                f"SET t.{own} = {value}{self._staying((column,))} WHERE {where}"
            )
        return (
            f"UPDATE {shape.place} AS t SET {own} = "
            f"(SELECT {value} FROM {self.source} s WHERE {keyed}) "
            f"WHERE EXISTS (SELECT 1 FROM {self.source} s WHERE {keyed} AND {where})"
        )

    def _staying(self, besides: Sequence[str]) -> str:
        """Keep moments that MySQL would set by itself when a row changes."""
        if self.shape.family not in MYSQL:
            return ""
        return "".join(
            f", t.{self.shape.name(name)} = t.{self.shape.name(name)}"
            for name, facts in self.shape.columns.items()
            if facts.moment and not facts.computed and name not in besides
        )

    def _untouched_since(self) -> str:
        keys = " AND ".join(
            f"{self.shape.name(key, 'a')} = {self.shape.name(key, 's')}" for key in self.kept.keys
        )
        return f"EXISTS (SELECT 1 FROM {self.made.after} a WHERE {keys})"

    def _delete_others(self) -> None:
        """Delete what the steps put into their new table and somebody had deleted before."""
        shape = self.shape
        alias = "t " if shape.family in MYSQL else ""
        run(
            self.connection,
            f"DELETE {alias}FROM {shape.place}{' AS' if not alias else ''} t WHERE NOT EXISTS "
            f"(SELECT 1 FROM {self.source} s WHERE {shape.keyed(self.kept.keys)})",
        )

    def _examples(self, joined: str) -> tuple[str, ...]:
        names = self.shape.names(self.kept.keys, "t")
        return self._some(names, f"{joined} WHERE NOT ({self.shape.all_same(self.columns)})")

    def _some(self, names: str, rest: str) -> tuple[str, ...]:
        """Return the lowest keys of some rows: by itself a server gives any."""
        query = f"SELECT {names} FROM {rest} ORDER BY {names} LIMIT {_EXAMPLES}"
        rows = run(self.connection, query)
        return tuple(", ".join(map(str, row)) for row in rows)

    def _doubt(self) -> None:
        """Tell deleted rows from those that may have another key by now.

        A row that nothing was saved of may be any of them. NULL, or the default, is what that
        holds by itself, so nothing is lost of it.
        """
        shape, done, keys = self.shape, self.done, self.kept.keys
        rows = f"SELECT count(*) FROM {shape.place} t"
        if not keys:
            there = count(self.connection, rows) - done.present - done.rows
            done.unsure = done.missing if there > 0 else 0
            return
        keyed = shape.keyed(keys)
        away = f"{self.source} s WHERE NOT EXISTS (SELECT 1 FROM {shape.place} t WHERE {keyed})"
        own = " AND ".join(shape.fresh(column) for column in self.columns)
        losing = f"{away} AND NOT ({own})"
        others = f"{rows} WHERE NOT EXISTS (SELECT 1 FROM {self.source} s WHERE {keyed})"
        if count(self.connection, others):
            done.unsure = count(self.connection, f"SELECT count(*) FROM {losing}")
        done.away = self._some(shape.names(keys, "s"), losing if done.unsure else away)

    # -- rows that refer to one another -------------------------------------------------

    @property
    def place(self) -> Place:
        """Return the table, as foreign keys refer to it."""
        return self.shape.table, self.shape.schema

    @property
    def ring(self) -> str:
        """Return the name of a table for the rows that can only come together with others."""
        return f"{self.source[:-1]}_ring{self.source[-1]}"

    def lay_aside(self) -> bool:
        """Copy the rows that only wait for others; tell whether there may be such."""
        if not (self.kept.whole and self.kept.keys and self.done.blocked) or self.made.asks:
            return False
        rows = f"SELECT s.* FROM {self.source} s WHERE {' AND '.join(self._absent())}"
        self.forget_ring()
        run(self.connection, f"CREATE {self._temporary}TABLE {self.ring} AS {rows}")
        return True

    def forget_ring(self) -> None:
        """Drop the copy."""
        run(self.connection, f"DROP {self._temporary}TABLE IF EXISTS {self.ring}")

    @property
    def _temporary(self) -> str:
        """Return what keeps MySQL from committing when a table is made."""
        return "TEMPORARY " if self.shape.family in MYSQL else ""

    def drop_orphans(self, rings: Mapping[Place, PuttingBack]) -> int:
        """Leave out each row that would have no parent; return their number."""
        wheres = self._parents(rings)
        if not wheres:
            return 0
        alias = "s " if self.shape.family in MYSQL else ""
        text = f"DELETE {alias}FROM {self.ring} AS s WHERE NOT ({' AND '.join(wheres)})"
        return run(self.connection, text).rowcount

    def close_ring(self) -> None:
        """Insert the rows that have all of their parents in the rings."""
        self._insert(f"{self.ring} s")

    # -- tables without a key ------------------------------------------------------------

    def _put_unkeyed(self) -> None:
        if self.made.asks:
            self.done.blocked = count(self.connection, f"SELECT count(*) FROM {self.source}")
        elif self.kept.match:
            self._match()
        elif self.kept.whole:
            self._insert_unkeyed()

    def _insert_unkeyed(self) -> None:
        """Insert each row as often as it was there and is not now."""
        shape, done = self.shape, self.done
        mine, saved = (shape.fingerprint(self.columns, alias) for alias in ("t", "s"))
        total = count(self.connection, f"SELECT count(*) FROM {self.source}")
        numbered = (
            f"(SELECT s.*, {saved} AS lback_row, row_number() OVER (PARTITION BY {saved}) "
            f"AS lback_number FROM {self.source} s) s"
        )
        there = (
            f"(SELECT {mine} AS lback_row, count(*) AS lback_count FROM {shape.place} t "
            f"GROUP BY {mine}) g"
        )
        wheres = ["s.lback_number > COALESCE(g.lback_count, 0)", *self._free(), *self._parents()]
        rest = f"{numbered} LEFT JOIN {there} ON g.lback_row = s.lback_row"
        lacking = count(self.connection, f"SELECT count(*) FROM {rest} WHERE {wheres[0]}")
        if not self._begun:
            done.present = total - lacking
        written = self._insert(f"{rest} WHERE {' AND '.join(wheres)}") if lacking else 0
        done.rows += written
        done.blocked = lacking - written

    def _match(self) -> None:
        """Find each row by all that it holds besides; rows that are alike stand for each other."""
        if self._begun:
            return
        shape, done, match = self.shape, self.done, self.kept.match
        both = (*match, *self.columns)
        others, whole = shape.fingerprint(match, "s"), shape.fingerprint(both, "s")
        groups: Any = run(
            self.connection,
            f"SELECT {others}, {whole}, count(*) FROM {self.source} s GROUP BY {others}, {whole}",
        ).all()
        for other, all_of_it, number in groups:
            values = {"other": other, "whole": all_of_it}
            have = run(
                self.connection,
                f"SELECT count(*) FROM {shape.place} t "
                f"WHERE {shape.fingerprint(both, 't')} = :whole",
                values,
            ).scalar_one()
            done.present += min(have, number)
            if have >= number:
                continue
            written = self._update_some(values, number - have)
            done.rows += written
            done.missing += number - have - written

    def _update_some(self, values: dict[str, str], number: int) -> int:
        shape, both = self.shape, (*self.kept.match, *self.columns)
        sets = ", ".join(
            f"{shape.name(c)} = (SELECT {shape.value(c)} FROM {self.source} s "
            f"WHERE {shape.fingerprint(both, 's')} = :whole LIMIT 1)"
            for c in self.columns
        )
        free = [f"{shape.fingerprint(self.kept.match, 't')} = :other"]
        if not self.overwrite:
            free += [shape.untouched(column) for column in self.columns]
        where = " AND ".join(free)
        if shape.family in MYSQL:
            sets += self._staying(self.columns)
            text = f"UPDATE {shape.place} t SET {sets} WHERE {where} LIMIT {number}"
        else:
            row = "ctid" if shape.family == "postgresql" else "rowid"
            chosen = f"SELECT t.{row} FROM {shape.place} t WHERE {where} LIMIT {number}"
            text = f"UPDATE {shape.place} SET {sets} WHERE {row} IN ({chosen})"
        return run(self.connection, text, values).rowcount

    # -- counters ------------------------------------------------------------------------

    def _move_sequences(self) -> None:
        """Let sequences go on behind the rows, and where they were, whichever is further."""
        shape = self.shape
        for name in dict.fromkeys((*self.kept.keys, *self.columns)):
            sequence = run(
                self.connection,
                "SELECT pg_get_serial_sequence(:table, :column)",
                {"table": shape.place.replace("\\:", ":"), "column": name},
            ).scalar()
            if not sequence:
                continue
            at = sequence.replace(":", "\\:")
            further = f"SELECT max({shape.name(name)}) FROM {shape.place}"
            saved = dict(self.kept.sequences).get(name, 0)
            run(
                self.connection,
                "SELECT setval(CAST(:sequence AS regclass), furthest) FROM (SELECT GREATEST("
                f"({further}), NULLIF(CAST(:saved AS bigint), 0), (SELECT CASE WHEN is_called "
                f"THEN last_value END FROM {at})) AS furthest) f WHERE furthest IS NOT NULL",
                {"sequence": sequence, "saved": saved},
            )


def put_back_all(ways: Sequence[PuttingBack]) -> tuple[Restored, ...]:
    """Put back all tables, parents before those that refer to them, whatever the order is."""
    # One round for each table brings all but what refers to itself, by however many others.
    for _ in range(len(ways) + 1):
        if not sum([way.put() for way in ways]):
            break
    _put_rings(ways)
    return tuple(way.finish() for way in ways)


def _put_rings(ways: Sequence[PuttingBack]) -> None:
    """Put back rows that wait for one another: all of which none lacks a parent."""
    rings = {way.place: way for way in ways if way.lay_aside()}
    if not rings:
        return
    while sum([way.drop_orphans(rings) for way in rings.values()]):
        pass
    with _deferred(list(rings.values())):
        for way in rings.values():
            way.close_ring()
    for way in rings.values():
        way.forget_ring()
    for way in ways:
        way.put()


@contextmanager
def _deferred(ways: Sequence[PuttingBack]) -> Iterator[None]:
    """Let rows refer to others that come a moment later."""
    connection, family = ways[0].connection, ways[0].shape.family
    if family == "sqlite":
        run(connection, "PRAGMA defer_foreign_keys = ON")
    fixed, checked = [], []
    for way in ways if family == "postgresql" else ():
        for key in way.foreign_keys:
            options = key.get("options", {})
            name = placed(connection, key["name"], way.shape.schema)
            if not options.get("deferrable"):
                fixed.append(
                    f"{way.shape.place} ALTER CONSTRAINT {placed(connection, key['name'], None)}"
                )
            if options.get("initially") != "DEFERRED":
                checked.append(name)
    for at in fixed:
        run(connection, f"ALTER TABLE {at} DEFERRABLE")
    if checked:
        run(connection, f"SET CONSTRAINTS {', '.join(checked)} DEFERRED")
    yield
    if checked:
        run(connection, f"SET CONSTRAINTS {', '.join(checked)} IMMEDIATE")
    for at in fixed:
        run(connection, f"ALTER TABLE {at} NOT DEFERRABLE")
