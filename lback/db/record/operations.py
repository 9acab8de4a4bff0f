"""Writes each operation of a step down, where what has run stays when the step is cut off.

Where DDL commits by itself, its row is durable before it runs and is done after; a change of rows
and its row go into one transaction, so both are there or neither. Within a transaction that takes
all back nothing is written before something commits it on the way.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Integer, String, Text, event
from sqlalchemy.dialects import mysql

from lback.core.messages import half as messages
from lback.core.record.operations import (
    OPERATIONS_TABLE,
    Kind,
    SentOperation,
    kind_of,
    touched,
)
from lback.db.alembic_compat import commits_each_statement
from lback.db.record.table import RecordPlace, execute, sparing_transaction
from lback.secrets import KNOWN

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_Counter = BigInteger().with_variant(Integer(), "sqlite")
_LongText = Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_AUTO_INCREMENT = re.compile(r" AUTO_INCREMENT=\d+")
_CONTROL = re.compile(
    r"\s*(begin|start|commit|end|rollback|lock|unlock)\b(\s+to\b)?", re.IGNORECASE
)
_COMMITS_DDL = frozenset({"mysql", "mariadb"})
_ENGINES = sa.text(
    "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
    " AND table_type = 'BASE TABLE' AND engine NOT IN"
    " (SELECT engine FROM information_schema.engines WHERE transactions = 'YES')"
)
Write = Callable[[], Any]


def operations_table(place: RecordPlace) -> sa.Table:
    """Return the table of operations beside a record."""
    return _table_in(place.schema)


@lru_cache(maxsize=64)
def _table_in(schema: str | None) -> sa.Table:
    """Return the table of a schema, made once for many databases."""
    return sa.Table(
        OPERATIONS_TABLE,
        sa.MetaData(),
        Column("id", _Counter, primary_key=True, autoincrement=True),
        Column("step", BigInteger, nullable=False, index=True),
        Column("number", Integer, nullable=False),
        Column("kind", String(16), nullable=False),
        Column("digest", String(64), nullable=False),
        Column("text", _LongText, nullable=False),
        Column("outcome", String(16), nullable=False),
        Column("before", _LongText),
        Column("returned", Integer, nullable=False),
        Column("affected", BigInteger),
        Column("lastrowid", BigInteger),
        schema=schema,
        mysql_engine="InnoDB",
        mysql_default_charset="utf8mb4",
        mariadb_engine="InnoDB",
        mariadb_default_charset="utf8mb4",
    )


class Operations:
    """The operations of the step at work on one connection.

    `row` gives the id of the step's row in the record, which it makes where there is none yet;
    it looks for it where that may have been taken back. Where the table takes nothing from the
    first, `refused` is told why, and nothing is written.
    A step does not go on where what it does can be written down no longer.
    """

    def __init__(
        self,
        connection: Connection,
        place: RecordPlace,
        row: Callable[[bool], int | None],
        refused: Callable[[Exception], None],
    ) -> None:
        self._connection, self._place = connection, place
        self._table = operations_table(place)
        self._row = row
        self._refused = refused
        self._takes: bool | None = None
        """Whether the table takes rows; None: nobody has tried."""
        self._ddl_commits = connection.dialect.name in _COMMITS_DDL
        self._busy = True
        self._doubt = False
        self._number = 0
        self._ran: dict[int, SentOperation] = {}
        self._waiting: list[dict[str, Any]] = []
        self._marks: list[int] = []
        self._cutting = False
        self._theirs = False
        """The step has begun a transaction itself, on a connection that commits everything."""
        self._unsafe: frozenset[str] | None = None

    # -- the step -----------------------------------------------------------------------

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Hear of what is sent while this lasts: listeners cost more than most steps."""
        listeners = self._listeners()
        for target, name, function in listeners:
            event.listen(target, name, function)
        try:
            yield
        finally:
            for target, name, function in listeners:
                event.remove(target, name, function)

    @contextlib.contextmanager
    def watching(self, ran: Sequence[SentOperation] = ()) -> Iterator[None]:
        """Write down what is heard while this lasts; what has `ran` is not sent again."""
        self._number, self._theirs = 0, False
        self._waiting, self._marks = [], []
        self._ran = {operation.number: operation for operation in ran}
        self._busy = False
        try:
            yield
            left = [number for number in self._ran if number > self._number]
            if left:
                raise messages.sends_less(self._ran[min(left)])
        finally:
            self._busy = True

    def _listeners(self) -> list[tuple[Any, str, Any]]:
        dialect, connection = self._connection.dialect, self._connection

        def single(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
            def send() -> None:
                dialect.do_execute(cursor, statement, parameters, context)

            return self._heed(cursor, statement, parameters, context, send)

        def several(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
            def send() -> None:
                dialect.do_executemany(cursor, statement, parameters, context)

            return self._heed(cursor, statement, parameters, context, send)

        def plain(cursor: Any, statement: str, context: Any) -> bool:
            def send() -> None:
                dialect.do_execute_no_params(cursor, statement, context)

            return self._heed(cursor, statement, (), context, send)

        return [
            (dialect, "do_execute", single),
            (dialect, "do_executemany", several),
            (dialect, "do_execute_no_params", plain),
            (connection, "savepoint", lambda *_a: self._marks.append(len(self._waiting))),
            (connection, "rollback_savepoint", lambda *_a: self._cut()),
            (connection, "release_savepoint", lambda *_a: self._marks and self._marks.pop()),
        ]

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Take nothing that is sent for an operation of the step, while this lasts."""
        busy, self._busy = self._busy, True
        try:
            yield
        finally:
            self._busy = busy

    def leave(self) -> None:
        """Write nothing down: there is no table for it."""
        self._takes = False

    def _cut(self) -> None:
        """Forget what a savepoint of SQLAlchemy's takes back, whose statement comes next."""
        if self._marks:
            del self._waiting[self._marks.pop() :]
        self._cutting = not self._busy

    def committing(self) -> None:
        """Write what the transaction has done that is about to be committed on the way."""
        if not self._busy and self._waiting:
            self._quietly(self._flush)

    def rolled_back(self) -> None:
        """Forget what was done in the transaction that is gone."""
        self._doubt = True
        self._waiting.clear()
        self._marks.clear()

    def forget(self, row: int) -> None:
        """Take away the operations of a step that is done."""
        self._quietly(lambda: self._delete(self._table.c.step == row))

    def forget_tries(self, row: int) -> None:
        """Take away those of tries before a step that is done, of which nothing had stayed."""
        steps = self._place.table.c.id
        tries = sa.select(steps).where(self._place.mine, steps < row)
        self._delete(self._table.c.step.in_(tries))

    def _delete(self, chosen: sa.ColumnElement[bool]) -> None:
        """Delete rows each by its number: MySQL would lock the gaps between them as well.

        Another session of the same run, with a version table of its own, writes there.
        """
        number = self._table.c.id
        rows = execute(self._connection, sa.select(number).where(chosen)).scalars().all()
        if rows:
            delete = self._table.delete().where(number == sa.bindparam("gone"))
            execute(self._connection, delete, [{"gone": row} for row in rows])

    # -- one statement ------------------------------------------------------------------

    def _heed(
        self, cursor: Any, statement: str, parameters: Any, context: Any, send: Write
    ) -> bool:
        if self._busy or context.root_connection is not self._connection:
            return False
        kind = kind_of(statement)
        control = _CONTROL.match(statement)
        if control is not None:
            self._control(control[1].lower(), to=bool(control[2]))
        if kind == "read" or control is not None:
            return False
        self._number += 1
        digest = _digest(statement, parameters)
        ran = self._ran.get(self._number)
        if ran is not None and ran.outcome != "failed":  # or decided by the schema
            self._pass_over(cursor, ran, digest, statement)
            return True
        row = self._new(kind, digest, statement)
        self._do(cursor, row, kind, statement, send)
        if ran is not None and ran.outcome == "failed":
            raise messages.succeeds_now(ran)
        return True

    def _pass_over(self, cursor: Any, ran: SentOperation, digest: str, statement: str) -> None:
        if ran.digest != digest:
            raise messages.another_statement(ran, KNOWN.redact(statement))
        if ran.returned:
            raise messages.gave_rows(ran)
        for name, value in (("rowcount", ran.rowcount), ("lastrowid", ran.lastrowid)):
            with contextlib.suppress(AttributeError, TypeError):
                setattr(cursor, name, value)

    def _control(self, word: str, *, to: bool) -> None:
        """Follow a transaction that a migration begins and ends by statements of its own."""
        autocommit = commits_each_statement(self._connection)
        if word in ("begin", "start"):
            self._theirs = autocommit
            if self._ddl_commits:  # which commits what is open
                self.committing()
        elif word in ("commit", "end"):
            self.committing()
            self._theirs = False
        elif word == "rollback":
            if not to:
                self.rolled_back()
                self._theirs = False
            elif not self._cutting:
                # With what is waiting: a row that is written now would be taken back as well.
                self._waiting.append(self._blind("ROLLBACK TO SAVEPOINT"))
            self._cutting = False
        elif word == "lock" and self._ddl_commits:
            self._waiting.append(self._blind("LOCK TABLES"))
            self.committing()

    def _do(
        self, cursor: Any, row: dict[str, Any], kind: Kind, statement: str, send: Write
    ) -> None:
        commits_all = commits_each_statement(self._connection) and not self._theirs
        if kind == "rows" and self._may_be_undone(statement):
            if commits_all:
                self._together(cursor, row, send)
            else:
                send()
                self._waiting.append(_after(row, cursor))
        elif commits_all or self._ddl_commits:
            self._apart(cursor, row, kind, statement, send)
        else:
            send()
            self._waiting.append(_after(row, cursor))

    def _apart(
        self, cursor: Any, row: dict[str, Any], kind: Kind, statement: str, send: Write
    ) -> None:
        """Run what is kept at once: its row is durable before, and done after."""
        row["before"] = self._before(kind, statement)
        written: list[int] = []

        def begins() -> None:
            self._flush()
            written.append(self._insert({**row, "outcome": "started"}))
            self._commit()

        self._quietly(begins)
        try:
            send()
        except Exception as err:
            if written and not self._is_cut(err):
                self._quietly(lambda: self._finish(written[0], outcome="failed"))
            raise
        done = _after(row, cursor)
        changed = {name: done[name] for name in ("returned", "affected", "lastrowid")}
        if written:
            self._quietly(lambda: self._finish(written[0], outcome="done", **changed))
        self._unsafe = None

    def _together(self, cursor: Any, row: dict[str, Any], send: Write) -> None:
        """Change rows and write it down, both or neither, where each statement is committed."""
        self._quietly(self._step)
        if not self._takes:
            send()
            return
        self._send("BEGIN")
        try:
            send()
            done = _after(row, cursor)
            self._quietly(lambda: self._insert(done))
        except BaseException:
            with contextlib.suppress(Exception):
                self._send("ROLLBACK")
            raise
        self._send("COMMIT")

    def _blind(self, what: str) -> dict[str, Any]:
        """Return a row that says that from here on nothing can be told of what ran."""
        return {**self._new("other", "", what), "outcome": "blind"}

    # -- rows ---------------------------------------------------------------------------

    def _new(self, kind: Kind, digest: str, statement: str) -> dict[str, Any]:
        return {
            "number": self._number,
            "kind": kind,
            "digest": digest,
            "text": statement.strip(),
            "outcome": "done",
            "before": None,
            "returned": 0,
            "affected": None,
            "lastrowid": None,
        }

    def _flush(self) -> None:
        rows, self._waiting = self._waiting, []
        for row in rows:
            self._insert(row)

    def _insert(self, row: dict[str, Any]) -> int:
        # Masked here: most of what waits is never written.
        row = {**row, "step": self._step(), "text": KNOWN.redact(row["text"])}
        result = execute(self._connection, self._table.insert().values(**row))
        return int(result.inserted_primary_key[0])

    def _step(self) -> int:
        step, self._doubt = self._row(self._doubt), False
        if step is None:
            raise sa.exc.InvalidRequestError("the record has no row of the step")
        return step

    def _finish(self, number: int, **values: Any) -> None:
        table = self._table
        execute(self._connection, table.update().where(table.c.id == number).values(**values))
        self._commit()

    def _commit(self) -> None:
        """Commit as the DDL would do it; SQLAlchemy's own transaction goes on."""
        if not commits_each_statement(self._connection):
            driver: Any = self._connection.connection.dbapi_connection
            driver.commit()

    def _send(self, statement: str) -> None:
        with self.aside():
            self._connection.exec_driver_sql(statement)

    def _quietly(self, write: Write) -> None:
        """Write without taking that for an operation of the step, where rows are taken."""
        with self.aside():
            if self._takes is None:
                self._try()
            if self._takes:
                write()

    def _try(self) -> None:
        """Learn whether rows may be written, changed and deleted; none is left."""
        table, row = self._table, {**self._new("other", "", ""), "step": 0}
        try:
            with sparing_transaction(self._connection):
                result = execute(self._connection, table.insert().values(**row))
                mine = table.c.id == result.inserted_primary_key[0]
                execute(self._connection, table.update().where(mine).values(number=0))
                execute(self._connection, table.delete().where(mine))
            self._takes = True
        except sa.exc.SQLAlchemyError as err:
            self._takes = False
            self._refused(err)

    # -- what is there ------------------------------------------------------------------

    def _before(self, kind: Kind, statement: str) -> str | None:
        name = touched(statement) if kind == "schema" else None
        if name is None:
            return None
        with self.aside():
            return definition(self._connection, name)

    def _may_be_undone(self, statement: str) -> bool:
        """Tell whether a rollback takes a change of rows back: not in every table of MySQL's."""
        if not self._ddl_commits:
            return True
        if self._unsafe is None:
            with self.aside():
                names = execute(self._connection, _ENGINES).scalars().all()
            self._unsafe = frozenset(map(str, names))
        return not any(re.search(rf"\b{re.escape(name)}\b", statement) for name in self._unsafe)

    def _is_cut(self, err: Exception) -> bool:
        dialect: Any = self._connection.dialect
        with contextlib.suppress(Exception):
            return bool(dialect.is_disconnect(err, None, None))
        return False


def _after(row: dict[str, Any], cursor: Any) -> dict[str, Any]:
    affected, last = getattr(cursor, "rowcount", None), getattr(cursor, "lastrowid", None)
    return {
        **row,
        "returned": int(getattr(cursor, "description", None) is not None),
        "affected": affected if isinstance(affected, int) and affected >= 0 else None,
        "lastrowid": last if isinstance(last, int) else None,
    }


def _digest(statement: str, parameters: Any) -> str:
    values = _ADDRESS.sub("", repr(parameters)) if parameters else ""
    text = f"{statement}\0{values}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


_PG_DEFINITION = """
SELECT string_agg(line, E'\\n' ORDER BY line) FROM (
  SELECT 'column ' || a.attnum || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
    || ' ' || a.attnotnull || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS line
  FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attrelid = to_regclass(:name) AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL SELECT 'name ' || c.relname FROM pg_class c WHERE c.oid = to_regclass(:name)
  UNION ALL SELECT 'constraint ' || conname || ' ' || convalidated || pg_get_constraintdef(oid)
  FROM pg_constraint WHERE conrelid = to_regclass(:name)
  UNION ALL SELECT 'index ' || indisvalid || ' ' || pg_get_indexdef(indexrelid)
  FROM pg_index WHERE indrelid = to_regclass(:name) OR indexrelid = to_regclass(:name)
  UNION ALL SELECT 'label ' || enumsortorder || ' ' || enumlabel
  FROM pg_enum WHERE enumtypid = to_regtype(:name)
) AS lines
"""


def definition(connection: Connection, name: str) -> str:
    """Return what the database says of a thing, "" where there is none of that name."""
    dialect = connection.dialect.name
    if dialect in _COMMITS_DDL:
        try:
            row = connection.exec_driver_sql(f"SHOW CREATE TABLE {name}").first()
        except sa.exc.DBAPIError:
            return ""
        return _AUTO_INCREMENT.sub("", str(row[1])) if row is not None else ""
    if dialect == "postgresql":
        text = sa.text(_PG_DEFINITION.replace(":name", "CAST(:name AS text)"))
        return str(connection.scalar(text, {"name": name}) or "")
    plain = name.rpartition(".")[2].strip().strip('`"').replace('""', '"')
    query = sa.text(
        "SELECT group_concat(sql, char(10)) FROM (SELECT sql FROM sqlite_master"
        " WHERE name = :name COLLATE NOCASE OR tbl_name = :name COLLATE NOCASE ORDER BY name)"
    )
    return str(connection.scalar(query, {"name": plain}) or "")


def read_operations(
    connection: Connection, place: RecordPlace, step: int
) -> tuple[SentOperation, ...] | None:
    """Return the operations of a step, the last word of each; None where none can be read."""
    table = operations_table(place)
    if not sa.inspect(connection).has_table(OPERATIONS_TABLE, schema=place.schema):
        return None
    query = sa.select(table).where(table.c.step == step).order_by(table.c.number, table.c.id)
    try:
        with sparing_transaction(connection):
            rows = {row.number: row for row in execute(connection, query)}
    except sa.exc.DBAPIError:
        return None
    return tuple(
        SentOperation(
            row.number,
            row.kind,
            row.digest,
            row.text,
            row.outcome,
            row.before,
            bool(row.returned),
            row.affected,
            row.lastrowid,
        )
        for row in rows.values()
    )


def change_operation(
    connection: Connection, place: RecordPlace, step: int, number: int, **values: Any
) -> None:
    """Write what has become of an operation."""
    table = operations_table(place)
    chosen = (table.c.step == step) & (table.c.number == number)
    execute(connection, table.update().where(chosen).values(**values))


def make_operations(connection: Connection, place: RecordPlace) -> None:
    """Make the table of operations where there is none."""
    if not sa.inspect(connection).has_table(OPERATIONS_TABLE, schema=place.schema):
        operations_table(place).create(connection)
