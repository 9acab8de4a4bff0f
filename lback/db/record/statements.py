"""Statements about the record that are compiled once: a run has them once a step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

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


def insertion(connection: Connection, table: sa.Table) -> Prepared:
    """Return what adds a row."""
    names = [column.name for column in table.columns if not column.primary_key]
    return Prepared(connection, table, table.insert().inline(), names)


def ending(connection: Connection, table: sa.Table) -> Prepared:
    """Return what says how the step of the row `row_id` went."""
    found = table.update().where(table.c.id == sa.bindparam(_ID))
    return Prepared(connection, table, found, ("outcome", "seconds", "message", "stamp_after"))
