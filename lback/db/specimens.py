"""Made-up rows: one in every table that will take one, and what becomes of them."""

from __future__ import annotations

import datetime
import decimal
import uuid
import warnings
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.core.checks.trials import Loss
from lback.db.own_tables import is_projects, schemas

MOST_ROWS = 1000
Row = Mapping[str, str | None]
Rows = dict[str, list[Row]]
"""The rows of each table, by "table" or "schema.table"; values as text."""

_NOON = datetime.datetime(2001, 2, 3, 12)
_VALUES: Mapping[type, Any] = {
    bool: True,
    int: 7,
    float: 1.0,
    decimal.Decimal: decimal.Decimal(1),
    bytes: b"lback",
    datetime.datetime: _NOON,
    datetime.date: _NOON.date(),
    datetime.time: _NOON.time(),
    datetime.timedelta: datetime.timedelta(hours=1),
    uuid.UUID: uuid.UUID(int=7),
    dict: {},
    list: [],
}


class _Unfit(Exception):
    """No value is known that this column would take."""


def put_rows(connection: Connection, skip: Collection[str] = ()) -> tuple[list[str], list[str]]:
    """Put a row into every empty table; return the tables that have one, and the others.

    What a table refuses (a check, a trigger, a type of its own) is tried with the
    required columns alone, and then left.
    """
    filled: list[str] = []
    refused: list[str] = []
    for table in _tables(connection):
        if _shown(table) in skip:
            continue
        done = _has_rows(connection, table) or any(
            _insert(connection, table, required_only=only) for only in (False, True)
        )
        (filled if done else refused).append(_shown(table))
    connection.commit()
    return filled, refused


def read_rows(connection: Connection) -> Rows:
    """Return all rows as text; a table with very many is left out."""
    rows_of: Rows = {}
    for table in _tables(connection):
        chosen = sa.select(
            *[sa.type_coerce(column, sa.types.NullType()) for column in table.columns]
        )
        rows = connection.execute(chosen.limit(MOST_ROWS + 1)).all()
        if len(rows) <= MOST_ROWS:
            names = [column.name for column in table.columns]
            rows_of[_shown(table)] = [
                dict(zip(names, map(_plain, row), strict=True)) for row in rows
            ]
    connection.rollback()
    return rows_of


def losses(before: Rows, after: Rows, when: str, *, values: bool) -> Iterator[Loss]:
    """Yield the tables that have fewer rows than before, and the columns with other `values`.

    A table or a column that is not in both is no loss: the schemas tell.
    """
    for table in sorted(before.keys() & after.keys()):
        old, new = before[table], after[table]
        if len(new) < len(old):
            yield Loss(when, table, None, len(old) - len(new))
        elif values and old and new:
            for column in sorted(old[0].keys() & new[0].keys()):
                gone = Counter(row[column] for row in old) - Counter(row[column] for row in new)
                if gone:
                    yield Loss(when, table, column, gone.total())


def _tables(connection: Connection) -> list[sa.Table]:
    """Return the tables, those that others refer to first."""
    metadata = sa.MetaData()
    inspector = sa.inspect(connection)
    default = inspector.default_schema_name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)  # types it does not know, cycles
        for schema in schemas(connection, inspector):
            inner = None if schema == default else schema
            metadata.reflect(connection, schema=inner, only=lambda name, _: is_projects(name))
        tables = list(metadata.sorted_tables)
    connection.rollback()
    return tables


def _shown(table: sa.Table) -> str:
    return f"{table.schema}.{table.name}" if table.schema else table.name


def _has_rows(connection: Connection, table: sa.Table) -> bool:
    row = connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1))
    return row.first() is not None


def _insert(connection: Connection, table: sa.Table, *, required_only: bool) -> bool:
    try:
        values = {
            column.name: value
            for column in table.columns
            if (value := _value(connection, table, column, required_only)) is not None
        }
        connection.execute(table.insert().values(values))
    except (_Unfit, sa.exc.SQLAlchemyError, ValueError, TypeError):
        connection.rollback()
        return False
    connection.commit()
    return True


def _value(
    connection: Connection, table: sa.Table, column: sa.Column[Any], required_only: bool
) -> Any:
    """Return a value that a column may take; None leaves it to the database, or NULL."""
    if column.server_default is not None or column.identity or column.computed:
        return None
    if column.nullable and required_only:
        return None
    for key in column.foreign_keys:
        referred = key.column
        value = None
        if referred.table is not table:
            value = connection.execute(sa.select(referred).limit(1)).scalar()
        if value is None and not column.nullable:
            raise _Unfit
        return value
    if column is table.autoincrement_column and connection.dialect.name != "postgresql":
        return None
    value = _of_type(column.type)
    if value is None and not column.nullable:
        raise _Unfit
    return value


def _of_type(kind: sa.types.TypeEngine[Any]) -> Any:
    if isinstance(kind, sa.Enum):
        return kind.enums[0] if kind.enums else None
    try:
        python = kind.python_type
    except NotImplementedError:
        return None
    if python is str:
        return "lback"[: getattr(kind, "length", None) or None]
    return _VALUES.get(python)


def _plain(value: Any) -> str | None:
    """Return a value as text, alike whatever type the driver gives it."""
    if value is None:
        return None
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    return str(value)
