"""Which tables a name means: one, all of a schema, all of a database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.db.keeping.kept import found, wanted
from lback.errors import LbackError
from tests.servers import on


@pytest.fixture
def connection(any_url: str) -> Iterator[Connection]:
    with sa.create_engine(any_url, poolclass=sa.pool.NullPool).connect() as connection:
        for name in ("a", "b"):
            connection.exec_driver_sql(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, x INTEGER)")
        yield connection


def schema_of(connection: Connection) -> str:
    """Return the schema of the tables, which MySQL calls a database."""
    return str(sa.inspect(connection).default_schema_name)


def whole(connection: Connection, full: str) -> list[tuple[str, str | None]]:
    """Return what would be saved with all of its rows, in the order of names."""
    kept = wanted(connection, [(full, None)])
    assert all(item.whole for item in kept)
    return sorted((item.table, item.schema) for item in kept)


def names(connection: Connection, full: str) -> list[tuple[str, str | None]]:
    return sorted(found(connection, sa.inspect(connection), full))


def test_a_name_means_its_table_and_no_other(connection: Connection) -> None:
    schema = schema_of(connection)
    assert names(connection, "a") == [("a", None)]
    assert names(connection, f"{schema}.a") == [("a", schema)]
    for none in ("c", f"{schema}.c", f"{schema}x.*"):
        assert names(connection, none) == []


def test_all_tables_of_a_schema(connection: Connection) -> None:
    schema = schema_of(connection)
    both = [("a", schema), ("b", schema)]
    assert names(connection, f"{schema}.*") == both
    assert whole(connection, f"{schema}.*") == both


@on("mariadb")  # where a schema is a database
def test_all_tables_of_a_database(connection: Connection) -> None:
    schema = schema_of(connection)
    both = [("a", schema), ("b", schema)]
    assert names(connection, f"{schema}.*.*") == both
    assert whole(connection, f"{schema}.*.*") == both
    assert names(connection, "nowhere.*.*") == []


@on("sqlite", "postgresql")
def test_a_database_beside_this_one_cannot_be_saved(connection: Connection) -> None:
    full = f"{schema_of(connection)}.*.*"
    assert names(connection, full) == []
    with pytest.raises(LbackError) as raised:
        wanted(connection, [(full, None)])
    assert schema_of(connection) in str(raised.value)
    assert ".*" not in str(raised.value)
