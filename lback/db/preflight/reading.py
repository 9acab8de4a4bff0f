"""Reads rows for a question: three of those in the way, and how many there are."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DataError, ProgrammingError, SQLAlchemyError

from lback.core.naming import meant
from lback.core.preflight.rows import PreflightRow
from lback.db.alembic_compat import commits_each_statement
from lback.db.identity import real_schema
from lback.db.keeping.kept import found
from lback.db.keeping.row_sql import key_of
from lback.db.preflight.conversions import Probe

_MOST_COUNTED = 100_000
_MOST_TRIED = 200_000
_EXAMPLES = 3
# By itself MariaDB fills a table of its own with an index, which takes twenty times as long.
_BY_SORTING = "SQL_BIG_RESULT "
_LONGEST_VALUE = 40
# What is no parameter of ours.
_ESCAPED = re.compile(r":(?!v\d+\b)")
# The value that PostgreSQL could not read.
_QUOTED = re.compile(r': "(.*)"$')


class Unanswered(Exception):
    """Says why a question has no answer."""


class Place(NamedTuple):
    """A table as the database spells it, quoted, and how its columns are spelled."""

    name: str
    schema: str | None
    quoted: str
    columns: dict[str, dict[str, Any]]


class Reader:
    """Finds tables and rows of one database, within the time of one question."""

    def __init__(self, connection: Connection, seconds: int) -> None:
        self.connection = connection
        self.seconds = seconds
        self.inspector: Any = sa.inspect(connection)
        self._quote = connection.dialect.identifier_preparer.quote
        self.family = connection.dialect.name
        self.is_mysql = self.family in ("mysql", "mariadb")
        self._places: dict[str, Sequence[Place]] = {}
        self._listed: dict[str | None, list[str]] = {}

    # -- one answer ----------------------------------------------------------------

    def probed(self, row: PreflightRow, place: Place, probe: Probe) -> PreflightRow:
        """Look for rows, count them and take three of them, all in one pass."""
        where = f" WHERE {probe.given}" if probe.given else ""
        source = f"FROM {place.quoted}" + (f" {probe.alias}" if probe.alias else "") + where
        if probe.group:
            return self._repeated(row, place, probe, source)
        row = replace(row, query=f"SELECT * {source}")
        own = self._key(place)
        prefix = f"{probe.alias}." if probe.alias else ""
        wanted = ", ".join(prefix + name for name in own) or "1"
        inner = f"SELECT {wanted} {source} LIMIT {_MOST_COUNTED + 1}"
        shown = ", ".join(own)
        select, order = (f"{shown}, ", f" ORDER BY {shown}") if own else ("", "")
        rows = self._all(
            f"SELECT {select}COUNT(*) OVER () AS lback_all FROM ({inner}) lback_rows{order} "
            f"LIMIT {_EXAMPLES if own else 1}"
        )
        if not rows:
            return row
        number = int(rows[0][-1])
        return replace(
            row,
            state=probe.state,
            reason=probe.reason,
            rows=min(number, _MOST_COUNTED),
            more=number > _MOST_COUNTED,
            keys=tuple(_named(own, found[:-1]) for found in rows) if own else (),
        )

    def _repeated(self, row: PreflightRow, place: Place, probe: Probe, source: str) -> PreflightRow:
        """Look for the same values in more than one row, in one pass; name three such rows."""
        columns = ", ".join(probe.group)
        same = f"{source} GROUP BY {columns} HAVING COUNT(*) > 1"
        row = replace(row, query=f"SELECT {columns}, COUNT(*) {same}")
        if self._all_differ(columns, source):
            return row
        if self.family == "postgresql":
            # Each worker would group what it reads, and all of that be sorted: twice as long.
            self.connection.exec_driver_sql("SET LOCAL max_parallel_workers_per_gather = 0")
        rows = self._all(
            f"SELECT {columns}, SUM(lback_n) OVER () AS lback_all "
            f"FROM (SELECT {_BY_SORTING if self.is_mysql else ''}{columns}, COUNT(*) AS lback_n "
            f"{same}) lback_same LIMIT 1"
        )
        if not rows:
            return row
        alike = " AND ".join(f"{name} = :v{at}" for at, name in enumerate(probe.group))
        values = {f"v{at}": value for at, value in enumerate(rows[0][:-1])}
        row = replace(row, state=probe.state, rows=int(rows[0][-1]))
        inner = self.connection.begin_nested()
        try:
            return replace(row, keys=self._some(place, alike, values, probe.group))
        except SQLAlchemyError:
            return row  # a value that a driver reads and cannot send, such as JSON
        finally:
            inner.rollback()

    def _all_differ(self, columns: str, source: str) -> bool:
        """Tell whether no two rows have the same values; False where that is not known yet.

        The same values have the same number, so as many numbers as rows are a proof. To count
        numbers takes a third of the time and memory that the values would take.
        """
        version: Any = getattr(self.connection.dialect, "server_version_info", None) or (0,)
        if self.family != "postgresql" or version < (14,):
            return False
        number = f"hash_record_extended(ROW({columns}), 0)"
        inner = self.connection.begin_nested()
        try:
            counts = self._all(f"SELECT COUNT(*), COUNT(DISTINCT {number}) {source}")[0]
        except ProgrammingError:
            return False  # a type that has no numbers, such as bit
        finally:
            inner.rollback()
        return bool(counts[0] == counts[1])

    def attempted(self, row: PreflightRow, place: Place, probe: Probe) -> PreflightRow:
        """Try the conversion itself, where there is no other way; name the first that fails."""
        row = replace(row, query=f"SELECT {probe.given} FROM {place.quoted}")
        failed = self._why_not(f"SELECT COUNT({probe.given}) FROM {place.quoted}")
        if failed is None:
            return row
        row = replace(row, state=probe.state, rows=1, more=True)
        quoted = _QUOTED.search(failed)
        if quoted is None:
            return replace(row, keys=self._first_failing(place, probe))
        text = probe.given.removeprefix("CAST(").rpartition(" AS ")[0]
        return replace(row, keys=self._some(place, f"{text} = :v0", {"v0": quoted.group(1)}))

    def _first_failing(self, place: Place, probe: Probe) -> tuple[str, ...]:
        """Return the key of the first row that cannot be converted, found by halves."""
        own = self._key(place)
        high = int(self._all(f"SELECT COUNT(*) FROM {place.quoted}")[0][0])
        if not own or high > _MOST_TRIED:
            return ()
        low, order = 0, f" ORDER BY {', '.join(own)}"
        while high - low > 1:
            middle = (low + high) // 2
            part = f"SELECT * FROM {place.quoted}{order} LIMIT {middle - low} OFFSET {low}"
            if self._why_not(f"SELECT COUNT({probe.given}) FROM ({part}) part") is None:
                low = middle
            else:
                high = middle
        first = f"SELECT {', '.join(own)} FROM {place.quoted}{order} LIMIT 1 OFFSET {low}"
        return tuple(_named(own, found) for found in self._all(first))

    def _why_not(self, statement: str) -> str | None:
        """Return why a conversion cannot be done, None where it can."""
        inner = self.connection.begin_nested()
        try:
            self._all(statement)
        except DataError as err:
            return str(err.orig).split("\n")[0]
        finally:
            inner.rollback()
        return None

    def _some(
        self,
        place: Place,
        given: str,
        values: Mapping[str, object],
        beside: Sequence[str] = (),
    ) -> tuple[str, ...]:
        """Return three rows by their keys, with the values of some columns."""
        names = [*self._key(place), *beside]
        if not names:
            return ()
        shown = ", ".join(names)
        # Their order is made of what was found: a walk through the table in the order of its key
        # takes three times as long.
        some = f"SELECT {shown} FROM {place.quoted} WHERE {given} LIMIT {_MOST_COUNTED}"
        ordered = f"SELECT {shown} FROM ({some}) lback_rows ORDER BY {shown} LIMIT {_EXAMPLES}"
        rows = self._all(ordered, values)
        return tuple(_named(names, found) for found in rows)

    def _key(self, place: Place) -> list[str]:
        return [self.quote(name) for name in key_of(self.inspector, place.name, place.schema)]

    # -- names ---------------------------------------------------------------------

    def quote(self, name: str) -> str:
        """Return a name as it is written in SQL, quoted where it has to be."""
        # As it is: the preparer doubles each % for drivers, which a text of SQL does as well.
        return str(self._quote(name.replace("%", "\0")).replace("\0", "%"))

    def place(self, table: str) -> Place:
        """Return a table by its name in the texts; raises Unanswered where it is not clear."""
        places = self.places(table)
        if len(places) > 1:
            raise Unanswered(f"{table} may be {' or '.join(place.name for place in places)}")
        return places[0]

    def places(self, table: str) -> Sequence[Place]:
        """Return the tables that a name in the texts may be: one, or some that differ in case."""
        if table not in self._places:
            self._places[table] = self._looked_up(table)
        return self._places[table]

    def _looked_up(self, table: str) -> Sequence[Place]:
        named, _, name = table.rpartition(".")
        if name == "*":
            inside = found(self.connection, self.inspector, table)
            return [self._placed(*place) for place in inside]
        schema = real_schema(self.connection, named or None)
        if not named and schema is not None and self._spelled(name, None):
            raise Unanswered(f"{table} may be that of two schemas")
        if schema is not None and schema == self.inspector.default_schema_name:
            schema = None
        spelled = self._spelled(name, schema)
        if not spelled:
            raise Unanswered(f"there is no table {table}")
        return [self._placed(each, schema) for each in spelled]

    def _placed(self, name: str, schema: str | None) -> Place:
        rows = {row["name"]: row for row in self.inspector.get_columns(name, schema)}
        quoted = self.quote(name)
        return Place(name, schema, f"{self.quote(schema)}.{quoted}" if schema else quoted, rows)

    def _spelled(self, name: str, schema: str | None) -> list[str]:
        """Return the tables that may be meant, as the database spells them."""
        if schema not in self._listed:
            self._listed[schema] = self.inspector.get_table_names(schema)
        return sorted(meant(name, self._listed[schema]), key=lambda other: other != name)

    def reflected(self, place: Place, name: str) -> dict[str, Any]:
        """Return what the database says of a column; raises Unanswered where it is not clear."""
        names = meant(name, place.columns)
        if len(names) > 1:
            raise Unanswered(f"{name} may be {' or '.join(names)}")
        if not names:
            raise Unanswered(f"there is no column {name} in {place.name}")
        return place.columns[names[0]]

    def column(self, place: Place, name: str) -> str:
        """Return a column's name, quoted."""
        return self.quote(self.reflected(place, name)["name"])

    def columns(self, place: Place, name: str) -> list[str]:
        """Return the columns that a name in the texts may be, quoted."""
        found = [
            self.quote(spelled)
            for spelled in sorted(meant(name, place.columns), key=lambda other: other != name)
        ]
        return found or [self.column(place, name)]

    # -- reading -------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Let nothing be written and nothing take too long, and leave no trace in the session."""
        if self.family == "sqlite":
            with self._hurried():
                yield
        elif self.family != "postgresql":
            yield
        elif commits_each_statement(self.connection):
            self.connection.exec_driver_sql("BEGIN READ ONLY")
            try:
                self._limit()
                yield
            finally:
                self.connection.exec_driver_sql("ROLLBACK")
        else:
            with_savepoint = self.connection.begin_nested()
            try:
                self._limit()
                self.connection.exec_driver_sql("SET LOCAL transaction_read_only = on")
                yield
            finally:
                with_savepoint.rollback()

    def _limit(self) -> None:
        self.connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{self.seconds}s'")
        self.connection.exec_driver_sql("SET LOCAL lock_timeout = '3s'")
        self.connection.exec_driver_sql("SET LOCAL work_mem = '128MB'")
        self.connection.exec_driver_sql("SET LOCAL row_security = off")

    @contextmanager
    def _hurried(self) -> Iterator[None]:
        driver: Any = self.connection.connection.dbapi_connection
        handle = getattr(driver, "set_progress_handler", None)
        if handle is None:
            yield
            return
        end = time.monotonic() + self.seconds
        handle(lambda: time.monotonic() > end, 100_000)
        try:
            yield
        finally:
            handle(None, 0)

    def _all(self, statement: str, values: Mapping[str, object] | None = None) -> Sequence[Any]:
        dialect: Any = self.connection.dialect
        text = _ESCAPED.sub(r"\\:", statement)
        if self.is_mysql and dialect.is_mariadb:
            text = f"SET STATEMENT max_statement_time={self.seconds} FOR {text}"
        elif self.is_mysql:
            hint = f"SELECT /*+ MAX_EXECUTION_TIME({self.seconds * 1000}) */"
            text = text.replace("SELECT", hint, 1)
        return self.connection.execute(sa.text(text), dict(values or {})).fetchall()


def _named(names: Sequence[str], row: Iterable[Any]) -> str:
    pairs = zip(names, row, strict=True)
    return ", ".join(f"{name}={_shown(value)}" for name, value in pairs)


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
