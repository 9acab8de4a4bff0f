"""Asks a database whether rows are in the way of what steps will do; only ever reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from lback.core.preflight.column_types import ColumnType, read_type
from lback.core.preflight.questions import Question
from lback.core.preflight.rows import PreflightRow, State
from lback.db.alembic_compat import sql_of
from lback.db.identity import untouched
from lback.db.preflight.conversions import Probe, conversions
from lback.db.preflight.reading import Place, Reader, Unanswered

SECONDS = 30
"""As long as one question may take."""


def answers(
    connection: Connection, questions: Iterable[Question], seconds: int = SECONDS
) -> tuple[PreflightRow, ...]:
    """Return what the database says to each question; nothing of it is changed or kept open.

    What it does not answer in time, or at all, is unknown.
    """
    asker = _Asker(connection, seconds)
    with untouched(connection):
        return tuple(row for question in questions for row in asker.ask(question))


class _Asker(Reader):
    """Asks questions one by one, and remembers what the session says of itself."""

    def __init__(self, connection: Connection, seconds: int) -> None:
        super().__init__(connection, seconds)
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
            with self.reading():
                if question.kind in ("drop table", "drop column"):
                    return [self._going(row, question)]
                place = self.place(question.table)
                rows: list[PreflightRow] = []
                for probe in self._probes(question, place):
                    if probe.attempt and any(found.state != "fine" for found in rows):
                        continue
                    ask = self.attempted if probe.attempt else self.probed
                    rows.append(
                        self._doubted(
                            question, place, ask(replace(row, kind=probe.kind), place, probe)
                        )
                    )
                return rows
        except Unanswered as why:
            return [replace(row, state="unknown", reason=str(why))]
        except SQLAlchemyError as err:
            reason = str(getattr(err, "orig", None) or err).strip().split("\n")[0]
            return [replace(row, state="unknown", reason=f"the database says: {reason}")]

    # -- what is asked -------------------------------------------------------------

    def _probes(self, question: Question, place: Place) -> Iterator[Probe]:
        columns = [self.column(place, name) for name in question.columns if self._is_old(question)]
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
            state, reason = self._checks()
            yield Probe("check", state, f"NOT ({_one_line(question.condition)})", reason=reason)
        elif question.kind == "type" and question.type is not None:
            yield from self._conversions(question, place, columns[0])

    def _going(self, row: PreflightRow, question: Question) -> PreflightRow:
        """Return what a drop deletes: of the first table that has any, where it may be several."""
        reason = "its rows were read by a statement before" if question.moved else ""
        places = self.places(question.table)
        for place in places:
            names = question.columns and self.columns(place, question.columns[0])
            for column in names or ("",):
                given = f"{column} IS NOT NULL" if column else ""
                probe = Probe(question.kind, "told" if reason else "loses", given, reason=reason)
                seen = self.probed(row, place, probe)
                if seen.state != "fine":
                    shown = f"{place.schema}.{place.name}" if place.schema else place.name
                    return seen if len(places) == 1 else replace(seen, table=shown)
        return row

    def _is_old(self, question: Question) -> bool:
        return question.kind != "new column"

    def _orphans(self, question: Question, place: Place, columns: Sequence[str]) -> Probe:
        parent = self.place(question.refers_to)
        names = question.refers or self.inspector.get_pk_constraint(parent.name, parent.schema).get(
            "constrained_columns", ()
        )
        if len(names) != len(columns):
            raise Unanswered(f"the key of {question.refers_to} has other columns")
        there = [self.column(parent, name) for name in names]
        given = " AND ".join(f"child.{column} IS NOT NULL" for column in columns)
        pairs = zip(there, columns, strict=True)
        alike = " AND ".join(f"parent.{up} = child.{own}" for up, own in pairs)
        absent = f"NOT EXISTS (SELECT 1 FROM {parent.quoted} parent WHERE {alike})"
        state, reason = self._references(place)
        return Probe("foreign key", state, f"{given} AND {absent}", alias="child", reason=reason)

    def _conversions(self, question: Question, place: Place, column: str) -> Iterator[Probe]:
        reflected = self.reflected(place, question.columns[0])["type"]
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

    def _references(self, place: Place) -> tuple[Any, str]:
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

    def _doubted(self, question: Question, place: Place, row: PreflightRow) -> PreflightRow:
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

    def _leads_to(self, place: Place, written: Sequence[str]) -> bool:
        targets = set()
        for name in written:
            try:
                found = self.place(name)
            except Unanswered:
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


def _one_line(condition: str) -> str:
    """Return a condition that can be pasted from a line, where nothing in it needs its lines."""
    if any(mark in condition for mark in ("'", '"', "`", "$", "--", "#")):
        return f"{condition}\n"  # a comment may be its end
    return " ".join(condition.split())


_TRIGGERS = {
    "postgresql": "SELECT EXISTS (SELECT 1 FROM pg_trigger WHERE NOT tgisinternal)",
    "mysql": "SELECT EXISTS (SELECT 1 FROM information_schema.TRIGGERS "
    "WHERE TRIGGER_SCHEMA = DATABASE())",
    "sqlite": "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'trigger')",
}
ASKED = frozenset({"sqlite", "postgresql", "mysql", "mariadb"})
"""The dialects whose answers mean what they say here."""


def _compiled(kind: Any, connection: Connection) -> str:
    try:
        return sql_of(kind, connection.dialect)
    except sa.exc.CompileError:
        return repr(kind)
