"""Statements about the record that are compiled once: a run has them once a step."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Dialect

Row = Mapping[str, Any]

_ID = "row_id"


class Prepared:
    """One statement as the driver takes it; each column's value is converted as SQLAlchemy does."""

    def __init__(
        self, connection: Connection, table: sa.Table, statement: Any, names: Iterable[str]
    ) -> None:
        dialect = connection.dialect
        compiled = statement.compile(dialect=dialect, column_keys=list(names))
        self._text: str = compiled.string
        self._order: tuple[str, ...] | None = (
            tuple(compiled.positiontup) if compiled.positional else None
        )
        self._convert = {}
        for column in table.columns:
            convert = column.type.dialect_impl(dialect).bind_processor(dialect)
            if convert is not None:
                self._convert[column.name] = convert

    def execute(self, connection: Connection, *rows: Row) -> Any:
        """Execute it with the values of one row, or with those of each of several."""
        given = [self._parameters(row) for row in rows]
        return connection.exec_driver_sql(self._text, given[0] if len(given) == 1 else given)

    def send(self, connection: Connection, *rows: Row) -> None:
        """Do what `execute` does past SQLAlchemy's events, which take longer than the statement."""
        given = [self._parameters(row) for row in rows]
        driver: Any = connection.connection.dbapi_connection
        cursor = driver.cursor()
        try:
            if len(given) == 1:
                cursor.execute(self._text, given[0])
            elif connection.dialect.driver == "psycopg2":  # whose executemany waits for each row
                import_module("psycopg2.extras").execute_batch(cursor, self._text, given)
            else:
                cursor.executemany(self._text, given)
        except Exception as err:
            base = connection.dialect.loaded_dbapi.Error
            failure: Any = DBAPIError.instance(self._text, None, err, base)
            raise failure from err
        finally:
            cursor.close()

    def _parameters(self, row: Row) -> Any:
        values = dict(row)
        for name, convert in self._convert.items():
            if values.get(name) is not None:
                values[name] = convert(values[name])
        return values if self._order is None else tuple(values[name] for name in self._order)


_MOST = 200
_PREPARED: dict[Hashable, Prepared] = {}


def _spelling(dialect: Dialect) -> Hashable:
    """Return what tells apart how dialects write names, values and placeholders."""
    prepares = dialect.identifier_preparer
    return (
        type(dialect),
        dialect.paramstyle,
        dialect.server_version_info,
        getattr(dialect, "is_mariadb", None),
        type(prepares),
        prepares.initial_quote,
        prepares.final_quote,
    )


def prepared(
    name: Hashable,
    connection: Connection,
    table: sa.Table,
    build: Callable[[], Any],
    columns: Iterable[str] = (),
) -> Prepared:
    """Return a statement that `build` returns, made once for all databases of a kind.

    SQLAlchemy keeps what it compiles for one engine, and env.py makes a new engine for each
    database. `name` says all that the text depends on, beside the dialect; `columns` are given
    values.
    """
    key = (name, _spelling(connection.dialect))
    if key not in _PREPARED:
        if len(_PREPARED) >= _MOST:
            _PREPARED.clear()
        _PREPARED[key] = Prepared(connection, table, build(), columns)
    return _PREPARED[key]


def insertion(connection: Connection, table: sa.Table) -> Prepared:
    """Return what adds a row."""
    names = [column.name for column in table.columns if not column.primary_key]
    name = ("insertion", table.name, table.schema)
    return prepared(name, connection, table, table.insert().inline, names)


def ending(connection: Connection, table: sa.Table) -> Prepared:
    """Return what says how the step of the row `row_id` went."""

    def build() -> Any:
        return table.update().where(table.c.id == sa.bindparam(_ID))

    name = ("ending", table.name, table.schema)
    names = ("outcome", "seconds", "message", "stamp_after")
    return prepared(name, connection, table, build, names)
