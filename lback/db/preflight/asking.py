"""Asks a database whether rows are in the way of what steps will do; only ever reads."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DataError, SQLAlchemyError

from lback.core.preflight.column_types import ColumnType, read_type
from lback.core.preflight.questions import PreflightRow, Question, State
from lback.db.alembic_compat import commits_each_statement
from lback.db.identity import real_schema, untouched
from lback.db.keeping.row_sql import key_of
from lback.db.preflight.conversions import Probe, conversions

SECONDS = 30
"""As long as one question may take."""
_MOST_COUNTED = 100_000
_MOST_TRIED = 2_000_000
_EXAMPLES = 3
_LONGEST_VALUE = 40


class _Unanswered(Exception):
    """Says why a question has no answer."""


class _Place(NamedTuple):
    """A table as the database spells it, quoted, and how its columns are spelled."""

    name: str
    schema: str | None
    quoted: str
    columns: dict[str, dict[str, Any]]


def answers(
    connection: Connection, questions: Iterable[Question], seconds: int = SECONDS
) -> tuple[PreflightRow, ...]:
    """Return what the database says to each question; nothing of it is changed or kept open.

    What it does not answer in time, or at all, is unknown.
    """
    asker = _Asker(connection, seconds)
    with untouched(connection):
        return tuple(row for question in questions for row in asker.ask(question))


class _Asker:
    def __init__(self, connection: Connection, seconds: int) -> None:
        self.connection = connection
        self.seconds = seconds
        self.inspector: Any = sa.inspect(connection)
        self.quote = connection.dialect.identifier_preparer.quote
        self.family = connection.dialect.name
        self.is_mysql = self.family in ("mysql", "mariadb")
        self._places: dict[str, _Place] = {}
        self._listed: dict[str | None, list[str]] = {}
        self._settings: dict[str, Any] = {}

    def ask(self, question: Question) -> list[PreflightRow]:
        """Return one row for each thing that was asked."""
        kind = "primary key" if question.primary else question.kind
        row = PreflightRow(
            kind,
            "fine",
            question.revision,
            question.path,
            question.line,
            question.told,
            question.table,
            question.columns,
        )
        if question.why:
            return [replace(row, state="unknown", reason=question.why)]
        try:
            with self._reading():
                place = self._place(question.table)
                rows: list[PreflightRow] = []
                for probe in self._probes(question, place):
                    if probe.attempt and any(found.state != "fine" for found in rows):
                        continue
                    ask = self._attempted if probe.attempt else self._probed
                    rows.append(self._doubted(question, place, ask(row, place, probe)))
                return rows
        except _Unanswered as why:
            return [replace(row, state="unknown", reason=str(why))]
        except SQLAlchemyError as err:
            reason = str(getattr(err, "orig", None) or err).strip().split("\n")[0]
            return [replace(row, state="unknown", reason=f"the database says: {reason}")]

    # -- what is asked -------------------------------------------------------------

    def _probes(self, question: Question, place: _Place) -> Iterator[Probe]:
        columns = [self._column(place, name) for name in question.columns if self._is_old(question)]
        if question.kind == "not null":
            yield Probe("not null", self._failing(), f"{columns[0]} IS NULL")
        elif question.kind == "new column":
            if question.added or not self.is_mysql or self._zero_is_refused(question.type):
                yield Probe("new column", self._failing(), "")
        elif question.kind == "unique":
            kind = "primary key" if question.primary else "unique"
            given = " AND ".join(f"{column} IS NOT NULL" for column in columns)
            yield Probe(kind, "stops", given, group=tuple(columns))
        elif question.kind == "foreign key":
            yield self._orphans(question, place, columns)
        elif question.kind == "check":
            # On a line of its own: it may end in a comment.
            state, reason = self._checks()
            yield Probe("check", state, f"NOT ({question.condition}\n)", reason=reason)
        elif question.kind == "type" and question.type is not None:
            yield from self._conversions(question, place, columns[0])
        elif question.kind in ("drop table", "drop column"):
            given = f"{columns[0]} IS NOT NULL" if columns else ""
            reason = "its rows were read by a statement before" if question.moved else ""
            yield Probe(question.kind, "told" if reason else "loses", given, reason=reason)

    def _is_old(self, question: Question) -> bool:
        return question.kind != "new column"

    def _orphans(self, question: Question, place: _Place, columns: Sequence[str]) -> Probe:
        parent = self._place(question.refers_to)
        names = question.refers or self.inspector.get_pk_constraint(parent.name, parent.schema).get(
            "constrained_columns", ()
        )
        if len(names) != len(columns):
            raise _Unanswered(f"the key of {question.refers_to} has other columns")
        there = [self._column(parent, name) for name in names]
        given = " AND ".join(f"child.{column} IS NOT NULL" for column in columns)
        pairs = zip(there, columns, strict=True)
        alike = " AND ".join(f"parent.{up} = child.{own}" for up, own in pairs)
        absent = f"NOT EXISTS (SELECT 1 FROM {parent.quoted} parent WHERE {alike})"
        state, reason = self._references(place)
        return Probe("foreign key", state, f"{given} AND {absent}", alias="child", reason=reason)

    def _conversions(self, question: Question, place: _Place, column: str) -> Iterator[Probe]:
        reflected = self._reflected(place, question.columns[0])["type"]
        old = read_type(_compiled(reflected, self.connection), ())
        if getattr(reflected, "enums", None):
            old = replace(old, family="enum")
        new: Any = question.type
        if self._strict():
            yield from conversions(self.connection.dialect, old, new, column, question.using)
            return
        for probe in conversions(self.connection.dialect, old, new, column, question.using):
            state = "loses" if probe.state == "stops" else probe.state
            yield probe._replace(state=state, reason="the session's sql_mode is not strict")

    # -- what the session makes of it ----------------------------------------------

    def _setting(self, statement: str) -> Any:
        if statement not in self._settings:
            self._settings[statement] = self.connection.exec_driver_sql(statement).scalar()
        return self._settings[statement]

    def _strict(self) -> bool:
        """Tell whether a value that does not fit stops a statement, and is not made to fit."""
        if not self.is_mysql:
            return True
        modes = str(self._setting("SELECT @@sql_mode")).upper()
        return "STRICT" in modes or "TRADITIONAL" in modes

    def _zero_is_refused(self, kind: ColumnType | None) -> bool:
        """Tell whether the value that MySQL gives a new column by itself is none of its type."""
        if kind is None or kind.family not in ("date", "timestamp"):
            return False
        return self._strict() and "NO_ZERO_DATE" in str(self._setting("SELECT @@sql_mode")).upper()

    def _failing(self) -> State:
        return "stops" if self._strict() else "loses"

    def _references(self, place: _Place) -> tuple[Any, str]:
        if self.family == "sqlite" and not self._setting("PRAGMA foreign_keys"):
            return "told", "`PRAGMA foreign_keys` is off, so that SQLite does not look"
        if self.is_mysql:
            if not self._setting("SELECT @@foreign_key_checks"):
                return "told", "foreign_key_checks is off"
            engine = self.inspector.get_table_options(place.name, place.schema).get("mysql_engine")
            if engine and engine.lower() != "innodb":
                return "told", f"{engine} has no foreign keys"
        return "stops", ""

    def _checks(self) -> tuple[Any, str]:
        if self.family == "sqlite" and self._setting("PRAGMA ignore_check_constraints"):
            return "told", "`PRAGMA ignore_check_constraints` is on"
        if self.is_mysql:
            dialect: Any = self.connection.dialect
            first = (10, 2, 1) if dialect.is_mariadb else (8, 0, 16)
            if dialect.server_version_info < first:
                return "told", "this server reads checks and ignores them"
            if dialect.is_mariadb and not self._setting("SELECT @@check_constraint_checks"):
                return "told", "check_constraint_checks is off"
        return "stops", ""

    # -- one answer ----------------------------------------------------------------

    def _probed(self, row: PreflightRow, place: _Place, probe: Probe) -> PreflightRow:
        row = replace(row, kind=probe.kind)
        where = f" WHERE {probe.given}" if probe.given else ""
        source = f"FROM {place.quoted}" + (f" {probe.alias}" if probe.alias else "") + where
        if probe.group:
            columns = ", ".join(probe.group)
            source += f" GROUP BY {columns} HAVING COUNT(*) > 1"
            shown = f"SELECT {columns}, COUNT(*) {source}"
        else:
            shown = f"SELECT * {source}"
        row = replace(row, query=" ".join(shown.split()) if "'" not in shown else shown)
        if self._first(f"SELECT 1 {source} LIMIT 1") is None:
            return row
        counted = "COUNT(*)" if probe.group else "1"
        inner = f"SELECT {counted} AS n {source} LIMIT {_MOST_COUNTED + 1}"
        total = "SUM(n)" if probe.group else "COUNT(*)"
        number = int(self._first(f"SELECT {total} FROM ({inner}) counted")[0])
        return replace(
            row,
            state=probe.state,
            reason=probe.reason,
            rows=min(number, _MOST_COUNTED) if not probe.group else number,
            more=number > _MOST_COUNTED,
            keys=tuple(self._keys(place, probe, source)),
        )

    def _attempted(self, row: PreflightRow, place: _Place, probe: Probe) -> PreflightRow:
        """Try the conversion itself, where there is no other way; find the first that fails."""
        row = replace(row, kind=probe.kind)
        own = [self.quote(name) for name in key_of(self.inspector, place.name, place.schema)]
        order = f" ORDER BY {', '.join(own)}" if own else ""
        most = int(self._first(f"SELECT COUNT(*) FROM {place.quoted}")[0])
        if self._converts(f"SELECT COUNT({probe.given}) FROM {place.quoted}"):
            return row
        row = replace(row, state=probe.state, rows=1, more=True)
        row = replace(row, query=f"SELECT {probe.given} FROM {place.quoted}{order}")
        if not own or most > _MOST_TRIED:
            return row
        low, high = 0, most
        while high - low > 1:
            middle = (low + high) // 2
            part = f"SELECT * FROM {place.quoted}{order} LIMIT {middle}"
            if self._converts(f"SELECT COUNT({probe.given}) FROM ({part}) part"):
                low = middle
            else:
                high = middle
        first = f"SELECT {', '.join(own)} FROM {place.quoted}{order} LIMIT 1 OFFSET {low}"
        return replace(row, keys=tuple(_named(own, found) for found in self._all(first)))

    def _converts(self, statement: str) -> bool:
        inner = self.connection.begin_nested()
        try:
            self._first(statement)
        except DataError:
            return False
        finally:
            inner.rollback()
        return True

    def _keys(self, place: _Place, probe: Probe, source: str) -> Iterator[str]:
        """Yield three rows that are in the way, by their keys."""
        own = [self.quote(name) for name in key_of(self.inspector, place.name, place.schema)]
        names, prefix = [*own, *probe.group], f"{probe.alias}." if probe.alias else ""
        if probe.group:
            alike = " AND ".join(f"own.{name} = same.{name}" for name in probe.group)
            same = f"SELECT {', '.join(probe.group)} {source} LIMIT {_EXAMPLES}"
            source, prefix = f"FROM {place.quoted} own JOIN ({same}) same ON {alike}", "own."
        if names:
            shown = ", ".join(prefix + name for name in names)
            rows = self._all(f"SELECT {shown} {source} ORDER BY {shown} LIMIT {_EXAMPLES}")
            yield from (_named(names, row) for row in rows)

    def _doubted(self, question: Question, place: _Place, row: PreflightRow) -> PreflightRow:
        """Return an answer that stops as unknown where an earlier write may change it."""
        if row.state != "stops" or not question.written:
            return row
        if self._setting(_TRIGGERS[self.family if not self.is_mysql else "mysql"]):
            why = "rows are written before, and triggers may change others"
        elif self._leads_to(place, question.written):
            why = "rows of a table that it refers to are written before"
        else:
            return row
        return replace(row, state="unknown", reason=why)

    def _leads_to(self, place: _Place, written: Sequence[str]) -> bool:
        targets = set()
        for name in written:
            try:
                found = self._place(name)
            except _Unanswered:
                return True
            targets.add((found.name, found.schema))
        seen, waiting = set(), [(place.name, place.schema)]
        while waiting:
            at = waiting.pop()
            if at in seen:
                continue
            seen.add(at)
            for foreign in self.inspector.get_foreign_keys(*at):
                waiting.append((foreign["referred_table"], foreign["referred_schema"]))
        return bool((seen - {(place.name, place.schema)}) & targets)

    # -- names ---------------------------------------------------------------------

    def _place(self, table: str) -> _Place:
        if table not in self._places:
            self._places[table] = self._looked_up(table)
        return self._places[table]

    def _looked_up(self, table: str) -> _Place:
        named, _, name = table.rpartition(".")
        schema = real_schema(self.connection, named or None)
        if not named and schema is not None and self._spelled(name, None) is not None:
            raise _Unanswered(f"{table} may be that of two schemas")
        if schema is not None and schema == self.inspector.default_schema_name:
            schema = None
        spelled = self._spelled(name, schema)
        if spelled is None:
            raise _Unanswered(f"there is no table {table}")
        rows = {row["name"]: row for row in self.inspector.get_columns(spelled, schema)}
        quoted = self.quote(spelled)
        return _Place(spelled, schema, f"{self.quote(schema)}.{quoted}" if schema else quoted, rows)

    def _spelled(self, name: str, schema: str | None) -> str | None:
        """Return the table as the database spells it, where there is just one that may be meant."""
        if schema not in self._listed:
            self._listed[schema] = self.inspector.get_table_names(schema)
        return _one_of(name, self._listed[schema])

    def _reflected(self, place: _Place, name: str) -> dict[str, Any]:
        spelled = _one_of(name, place.columns)
        if spelled is None:
            raise _Unanswered(f"there is no column {name} in {place.name}")
        return place.columns[spelled]

    def _column(self, place: _Place, name: str) -> str:
        return self.quote(self._reflected(place, name)["name"])

    # -- reading -------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[None]:
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

    def _timed(self, statement: str) -> Any:
        dialect: Any = self.connection.dialect
        if self.is_mysql and dialect.is_mariadb:
            statement = f"SET STATEMENT max_statement_time={self.seconds} FOR {statement}"
        elif self.is_mysql:
            hint = f"SELECT /*+ MAX_EXECUTION_TIME({self.seconds * 1000}) */"
            statement = statement.replace("SELECT", hint, 1)
        return self.connection.execute(sa.text(statement.replace(":", "\\:")))

    def _first(self, statement: str) -> Any:
        return self._timed(statement).first()

    def _all(self, statement: str) -> Sequence[Any]:
        return self._timed(statement).fetchall()  # type: ignore[no-any-return]


_TRIGGERS = {
    "postgresql": "SELECT EXISTS (SELECT 1 FROM pg_trigger WHERE NOT tgisinternal)",
    "mysql": "SELECT EXISTS (SELECT 1 FROM information_schema.TRIGGERS "
    "WHERE TRIGGER_SCHEMA = DATABASE())",
    "sqlite": "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'trigger')",
}
ASKED = frozenset({"sqlite", "postgresql", "mysql", "mariadb"})
"""The dialects whose answers mean what they say here."""


def _one_of(name: str, names: Iterable[str]) -> str | None:
    found = [other for other in names if other.casefold() == name.casefold()]
    return found[0] if len(found) == 1 else None


def _compiled(kind: Any, connection: Connection) -> str:
    try:
        return str(kind.compile(dialect=connection.dialect))
    except sa.exc.CompileError:
        return repr(kind)


def _named(names: Sequence[str], row: Iterable[Any]) -> str:
    pairs = zip(names, row, strict=True)
    return ", ".join(f"{name}={_shown(value)}" for name, value in pairs)


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
