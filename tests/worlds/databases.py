"""What a database holds, asked directly."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa


def query(url: str, *statements: str) -> list[Any]:
    """Run statements in one transaction; return the rows of the last one."""
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    rows: list[Any] = []
    with engine.begin() as connection:
        for statement in statements:
            result = connection.execute(sa.text(statement))
            rows = list(result) if result.returns_rows else []
    engine.dispose()
    return rows


def stamp(url: str) -> list[str]:
    """Return what the version table holds."""
    return sorted(row[0] for row in query(url, "SELECT version_num FROM alembic_version"))


def tables(url: str) -> set[str]:
    """Return the names of the project's tables, without Alembic's and lback's own."""
    return set(columns(url))


def columns(url: str) -> dict[str, set[str]]:
    """Return the columns of each table, but for Alembic's and lback's own."""
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        inspector = sa.inspect(connection)
        found = {
            table: {column["name"] for column in inspector.get_columns(table)}
            for table in inspector.get_table_names()
            if table[:8] != "alembic_" and "lback" not in table
        }
    engine.dispose()
    return found


def content(url: str) -> dict[str, Any]:
    """Return each table but for Alembic's and lback's own: columns, keys, indexes and rows.

    The order of columns and rows does not count.
    """
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        inspector = sa.inspect(connection)
        tables = {
            name: _table(connection, inspector, name)
            for name in sorted(inspector.get_table_names())
            if name[:8] != "alembic_" and "lback" not in name
        }
    engine.dispose()
    return tables


def _table(connection: sa.Connection, inspector: Any, name: str) -> dict[str, Any]:
    columns = {
        column["name"]: (str(column["type"]), column["nullable"], column["default"])
        for column in inspector.get_columns(name)
    }
    names = sorted(columns)
    chosen = sa.select(*map(sa.column, names)).select_from(sa.table(name))
    return {
        "columns": columns,
        "key": inspector.get_pk_constraint(name)["constrained_columns"],
        "keys": sorted(
            (key["constrained_columns"], key["referred_table"], key["referred_columns"])
            for key in inspector.get_foreign_keys(name)
        ),
        "unique": sorted(row["column_names"] for row in inspector.get_unique_constraints(name)),
        "indexes": sorted(
            (index["name"], index["column_names"]) for index in inspector.get_indexes(name)
        ),
        "rows": sorted(map(repr, map(tuple, connection.execute(chosen)))),
    }
