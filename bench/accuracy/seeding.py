"""Rows for empty tables, so that what a migration does to rows can be seen.

Runs in the tree's own virtual environment: it knows SQLAlchemy and nothing of lback.
"""

from __future__ import annotations

import datetime
import decimal
import hashlib
import uuid
import warnings
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from bench.accuracy.picture import VERSION_TABLES

# Table -> column -> a digest of its values.
Rows = dict[str, dict[str, str]]

_VALUES: dict[type, Any] = {
    bool: True,
    int: 1,
    float: 1.5,
    decimal.Decimal: decimal.Decimal(1),
    str: "x",
    bytes: b"x",
    datetime.datetime: datetime.datetime(2026, 1, 2, 3, 4, 5),
    datetime.date: datetime.date(2026, 1, 2),
    datetime.time: datetime.time(3, 4, 5),
    datetime.timedelta: datetime.timedelta(seconds=5),
    dict: {"x": 1},
    list: ["x"],
    uuid.UUID: uuid.UUID(int=1),
}


def seed(url: sa.engine.URL) -> int:
    """Put one row into every empty table that takes one; return how many did."""
    engine = sa.create_engine(url, poolclass=NullPool)
    done = 0
    with warnings.catch_warnings(), engine.connect() as connection:
        warnings.simplefilter("ignore")
        metadata = sa.MetaData()
        metadata.reflect(connection)
        for table in metadata.sorted_tables:
            if table.name not in VERSION_TABLES and _is_empty(connection, table):
                done += _insert(connection, table)
        connection.commit()
    return done


def _is_empty(connection: sa.Connection, table: sa.Table) -> bool:
    return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() == 0


def _insert(connection: sa.Connection, table: sa.Table) -> int:
    savepoint = connection.begin_nested()
    try:
        connection.execute(table.insert().values(_row(connection, table)))
        savepoint.commit()
    except Exception:  # a check that no made-up row meets
        savepoint.rollback()
        return 0
    return 1


def _row(connection: sa.Connection, table: sa.Table) -> dict[str, Any]:
    row = {}
    for column in table.columns:
        if column.computed is not None or column.identity is not None:
            continue
        key = next(iter(column.foreign_keys), None)
        if key is not None:
            row[column.name] = connection.execute(sa.select(key.column).limit(1)).scalar()
        elif not (column.primary_key and column.autoincrement is True):
            row[column.name] = _value(column.type)
    return row


def _value(kind: sa.types.TypeEngine[Any]) -> Any:
    if isinstance(kind, sa.Enum):
        return kind.enums[0]
    if isinstance(kind, sa.types.Uuid) and not getattr(kind, "as_uuid", True):
        return str(_VALUES[uuid.UUID])
    try:
        value = _VALUES.get(kind.python_type)
    except NotImplementedError:
        return None
    if isinstance(value, str) and "uuid" in type(kind).__name__.casefold():
        return str(_VALUES[uuid.UUID])
    return value


def rows(url: sa.engine.URL) -> Rows:
    """Return a digest of each column's values, however the rows are sorted."""
    engine = sa.create_engine(url, poolclass=NullPool)
    found: Rows = {}
    with engine.connect() as connection:
        inspector = sa.inspect(connection)
        for name in inspector.get_table_names():
            if name in VERSION_TABLES:
                continue
            columns = [sa.column(one["name"]) for one in inspector.get_columns(name)]
            listed = connection.execute(sa.select(*columns).select_from(sa.table(name))).all()
            found[name] = {
                column.name: _digest(str(row[place]) for row in listed)
                for place, column in enumerate(columns)
            }
    return found


def _digest(values: Any) -> str:
    return hashlib.sha1("\0".join(sorted(values)).encode()).hexdigest()[:12]


def changed(before: Rows, after: Rows) -> dict[str, list[str]]:
    """Return the columns whose values differ, of tables and columns that are on both sides."""
    found = {}
    for table, columns in before.items():
        other = after.get(table, {})
        differing = [one for one, digest in columns.items() if other.get(one, digest) != digest]
        if differing:
            found[table] = differing
    return found
