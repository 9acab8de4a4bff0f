"""Saved rows come back into a table as it is now, and never over newer ones unasked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.core.databases import DatabaseName
from lback.db.keeping.kept import Kept
from lback.db.keeping.putting_back import Made, PuttingBack, Restored, put_back_all
from lback.db.keeping.saved import SavedRows, SavedTable
from tests.servers import on


@pytest.fixture
def connection(any_url: str) -> Iterator[Connection]:
    with sa.create_engine(any_url, poolclass=sa.pool.NullPool).connect() as connection:
        yield connection


def do(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)


def rows(connection: Connection, table: str = "t") -> list[tuple[Any, ...]]:
    return [
        tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1, 2")
    ]


def saved(connection: Connection, *places: tuple[str, str | None]) -> list[SavedTable]:
    saving = SavedRows(connection, DatabaseName("x")).save(places, places, {"r": "b"})
    assert saving is not None
    return saving.tables


def put_back(
    connection: Connection, *tables: SavedTable, made: Made | None = None, overwrite: bool = False
) -> tuple[Restored, ...]:
    place = SavedRows(connection, DatabaseName("x")).place
    return put_back_all(
        [
            PuttingBack(
                connection,
                table.kept,
                place(table.source),
                made=made or Made(),
                overwrite=overwrite,
            )
            for table in tables
        ]
    )


def told(done: Restored) -> tuple[int, int, int, int, int]:
    return done.rows, done.present, done.missing, done.other, done.blocked


TABLE = "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(20){more})"
ROWS = "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, NULL)"
ALL = [(1, "a"), (2, "b"), (3, None)]


def kept_of(connection: Connection, more: str = "") -> SavedTable:
    do(connection, TABLE.format(more=more), ROWS)
    (table,) = saved(connection, ("t", None))
    return table


def test_what_is_missing_comes_and_what_is_there_stays(connection: Connection) -> None:
    table = kept_of(connection)
    do(connection, "DELETE FROM t WHERE id = 1", "UPDATE t SET name = 'new' WHERE id = 2")
    (done,) = put_back(connection, table)
    assert told(done) == (1, 1, 0, 1, 0) and done.examples == ("2",)
    assert rows(connection) == [(1, "a"), (2, "new"), (3, None)]
    (done,) = put_back(connection, table, overwrite=True)
    assert told(done) == (1, 2, 0, 0, 0) and done.examples == () and not done.leaves_rows
    assert rows(connection) == ALL


def test_other_indexes_are_in_nobodys_way(connection: Connection) -> None:
    table = kept_of(connection)
    do(connection, "DELETE FROM t", "CREATE INDEX ix ON t (name)", "INSERT INTO t VALUES (9, 'a')")
    (done,) = put_back(connection, table)
    assert told(done) == (3, 0, 0, 0, 0)


@pytest.mark.parametrize("unique", [", UNIQUE (name)", None])
def test_a_value_that_another_row_has_by_now_is_left_out(
    connection: Connection, unique: str | None
) -> None:
    table = kept_of(connection, unique or "")
    do(connection, "DELETE FROM t", "INSERT INTO t VALUES (9, 'a')")
    if unique is None:
        do(connection, "CREATE UNIQUE INDEX ix ON t (name)")
    (done,) = put_back(connection, table)
    assert told(done) == (2, 0, 0, 0, 1) and done.leaves_rows
    assert rows(connection) == [(2, "b"), (3, None), (9, "a")]


@on("sqlite", "postgresql")  # MariaDB has no index of some rows
def test_an_index_of_some_rows_is_not_asked(connection: Connection) -> None:
    table = kept_of(connection)
    do(connection, "DELETE FROM t", "INSERT INTO t VALUES (9, 'a')")
    do(connection, "CREATE UNIQUE INDEX ix ON t (name) WHERE id > 100")
    (done,) = put_back(connection, table)
    assert told(done) == (3, 0, 0, 0, 0)


@on("postgresql")  # where a saved value is written in the words of its old type
def test_rows_without_a_key_are_met_in_the_words_of_their_type_now(connection: Connection) -> None:
    do(
        connection,
        "CREATE TABLE t (a BOOLEAN, b INTEGER)",
        "INSERT INTO t VALUES (true, 1), (false, 2)",
    )
    (table,) = saved(connection, ("t", None))
    do(connection, "DELETE FROM t WHERE b = 2", "ALTER TABLE t ALTER a TYPE varchar(9)")
    (done,) = put_back(connection, table)
    assert told(done) == (1, 1, 0, 0, 0)
    assert rows(connection) == [("false", 2), ("true", 1)]


def test_a_row_whose_parent_is_gone_is_left_out(connection: Connection) -> None:
    do(
        connection,
        "CREATE TABLE p (id INTEGER PRIMARY KEY, x INTEGER)",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, up INTEGER, FOREIGN KEY (up) REFERENCES p (id))",
        "INSERT INTO p VALUES (1, 0), (2, 0)",
        "INSERT INTO t VALUES (5, 1), (6, 2), (7, NULL)",
    )
    child, parent = saved(connection, ("t", None), ("p", None))
    do(connection, "DELETE FROM t", "DELETE FROM p WHERE id = 1")
    (done,) = put_back(connection, child)
    assert told(done) == (2, 0, 0, 0, 1)
    done, up = put_back(connection, child, parent)
    assert (told(done), told(up)) == ((1, 2, 0, 0, 0), (1, 1, 0, 0, 0))
    assert rows(connection) == [(5, 1), (6, 2), (7, None)]


def test_a_table_that_refers_to_itself(connection: Connection) -> None:
    do(
        connection,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, up INTEGER, FOREIGN KEY (up) REFERENCES t (id))",
        "INSERT INTO t VALUES (1, NULL)",
        "INSERT INTO t VALUES (2, 1)",
    )
    (table,) = saved(connection, ("t", None))
    do(connection, "DELETE FROM t WHERE id = 2", "DELETE FROM t")
    (done,) = put_back(connection, table)
    assert told(done) == (2, 0, 0, 0, 0) and rows(connection) == [(1, None), (2, 1)]


# -- columns --------------------------------------------------------------------------------


def test_values_come_where_nobody_has_written(connection: Connection) -> None:
    do(connection, TABLE.format(more=", x INTEGER DEFAULT 7"))
    do(connection, "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, 'd', 4)")
    (table,) = saved(connection, ("t", "x"))
    assert (table.kept.keys, table.kept.columns) == (("id",), ("x",))
    do(connection, "UPDATE t SET x = 7 WHERE id = 1", "UPDATE t SET x = NULL WHERE id = 2")
    do(connection, "UPDATE t SET x = 9 WHERE id = 3", "DELETE FROM t WHERE id = 4")
    (done,) = put_back(connection, table)
    assert told(done) == (2, 0, 1, 1, 0) and done.examples == ("3",)
    assert [row[2] for row in rows(connection)] == [1, 2, 9]
    (done,) = put_back(connection, table, made=Made(columns=frozenset({"x"})))
    assert told(done) == (1, 2, 1, 0, 0)
    assert [row[2] for row in rows(connection)] == [1, 2, 3]


def test_nothing_is_written_where_a_person_is_asked(connection: Connection) -> None:
    table = kept_of(connection)
    do(connection, "DELETE FROM t WHERE id = 1")
    (done,) = put_back(connection, table, made=Made(asks=True))
    assert told(done) == (0, 2, 0, 0, 1) and rows(connection) == ALL[1:]


@pytest.mark.parametrize(("exact", "left"), [(True, ALL), (False, [*ALL, (9, "seed")])])
def test_rows_that_the_steps_made_go_where_the_steps_are_the_same(
    connection: Connection, exact: bool, left: list[Any]
) -> None:
    table = kept_of(connection)
    do(connection, "DELETE FROM t", "INSERT INTO t VALUES (9, 'seed'), (1, 'seed')")
    (done,) = put_back(connection, table, made=Made(table=True, exact=exact))
    assert told(done) == (3, 0, 0, 0, 0) and rows(connection) == left


def test_a_table_that_is_gone(connection: Connection) -> None:
    table = kept_of(connection)
    do(connection, "DROP TABLE t")
    (done,) = put_back(connection, table)
    assert done.table_gone and done.leaves_rows and told(done) == (0, 0, 0, 0, 0)


def test_a_column_that_is_gone(connection: Connection) -> None:
    do(connection, TABLE.format(more=", x INTEGER"), "INSERT INTO t VALUES (1, 'a', 5)")
    (table,) = saved(connection, ("t", None))
    do(connection, "DELETE FROM t", "ALTER TABLE t DROP COLUMN x")
    (done,) = put_back(connection, table)
    assert done.lacking == ("x",) and done.leaves_rows and done.rows == 1
    assert rows(connection) == [(1, "a")]


def test_a_key_that_is_gone_finds_nothing(connection: Connection) -> None:
    table = kept_of(connection)
    do(connection, "DROP TABLE t", "CREATE TABLE t (other INTEGER PRIMARY KEY, name VARCHAR(20))")
    (done,) = put_back(connection, table)
    assert told(done) == (0, 0, 0, 0, 0) and rows(connection) == []


# -- without a key --------------------------------------------------------------------------


def test_rows_without_a_key_come_as_often_as_they_were(connection: Connection) -> None:
    do(connection, "CREATE TABLE t (a INTEGER, b VARCHAR(20))")
    do(connection, "INSERT INTO t VALUES (1, 'x'), (1, 'x'), (1, NULL), (2, 'y')")
    (table,) = saved(connection, ("t", None))
    assert table.kept.keys == ()
    do(connection, "DELETE FROM t WHERE a = 2 OR b IS NULL")
    do(connection, "INSERT INTO t VALUES (2, 'z')")
    (done,) = put_back(connection, table, made=Made(asks=True))
    assert told(done) == (0, 0, 0, 0, 4)
    (done,) = put_back(connection, table)
    assert told(done) == (2, 2, 0, 0, 0)
    assert sorted(rows(connection), key=repr) == sorted(
        [(1, "x"), (1, "x"), (1, None), (2, "y"), (2, "z")], key=repr
    )


def test_values_without_a_key_find_their_rows_by_all_else(connection: Connection) -> None:
    do(connection, "CREATE TABLE t (a INTEGER, x INTEGER)")
    do(connection, "INSERT INTO t VALUES (1, 5), (1, 5), (1, 6), (2, 7), (3, 8)")
    (table,) = saved(connection, ("t", "x"))
    assert (table.kept.match, table.kept.columns) == (("a",), ("x",))
    do(connection, "UPDATE t SET x = NULL WHERE a = 1", "UPDATE t SET x = 9 WHERE a = 2")
    do(connection, "DELETE FROM t WHERE a = 3")
    (done,) = put_back(connection, table)
    assert told(done) == (3, 0, 2, 0, 0) and (done.unsure, done.away) == (2, ())
    assert rows(connection) == [(1, 5), (1, 5), (1, 6), (2, 9)]
    (done,) = put_back(connection, table, overwrite=True)
    assert told(done) == (1, 3, 1, 0, 0) and not done.leaves_rows
    assert rows(connection)[-1] == (2, 7)


@pytest.mark.parametrize(
    ("change", "unsure"),
    [
        ("DELETE FROM t WHERE id > 1", 0),
        ("DELETE FROM t WHERE id = 3", 0),
        ("UPDATE t SET id = 20 WHERE id = 2", 1),
        ("UPDATE t SET id = id + 20", 2),
        # It may be another row, and nobody can tell.
        ("UPDATE t SET id = 30 WHERE id = 3", 0),
    ],
)
def test_values_of_rows_that_may_have_another_key_by_now(
    connection: Connection, change: str, unsure: int
) -> None:
    do(
        connection,
        TABLE.format(more=", x INTEGER DEFAULT 7"),
        ROWS.replace("t V", "t (id, name) V"),
    )
    do(connection, "UPDATE t SET x = id WHERE id < 3")
    (table,) = saved(connection, ("t", "x"))
    do(connection, "UPDATE t SET x = 7", change)
    (done,) = put_back(connection, table)
    assert (done.unsure, done.leaves_rows) == (unsure, unsure > 0)
    lost = {0: ("2", "3") if "id > 1" in change else ("3",), 1: ("2",), 2: ("1", "2")}
    assert done.away == lost[unsure]


@pytest.mark.parametrize("value", ["NEW", "new "])
def test_a_value_that_the_database_takes_for_the_default_is_none(
    connection: Connection, value: str
) -> None:
    collate = {"sqlite": " COLLATE NOCASE"}.get(connection.dialect.name, "")
    do(connection, TABLE.format(more=f", x VARCHAR(9){collate} DEFAULT 'new'"))
    do(connection, "INSERT INTO t VALUES (1, 'a', 'old')")
    (table,) = saved(connection, ("t", "x"))
    do(connection, f"UPDATE t SET x = '{value}'")
    (done,) = put_back(connection, table)
    assert told(done) == (0, 0, 0, 1, 0) and rows(connection) == [(1, "a", value)]


def test_a_counter_goes_on_behind_what_came_back(postgres_url: str) -> None:
    with sa.create_engine(postgres_url, poolclass=sa.pool.NullPool).connect() as connection:
        made = "CREATE TABLE t (id SERIAL PRIMARY KEY, name TEXT)"
        do(connection, made, "INSERT INTO t (name) VALUES ('a'), ('b')")
        do(connection, "DELETE FROM t WHERE name = 'b'")
        (table,) = saved(connection, ("t", None))
        do(connection, "DROP TABLE t", made)
        put_back(connection, table)
        do(connection, "INSERT INTO t (name) VALUES ('c')")
        assert rows(connection) == [(1, "a"), (3, "c")]


@pytest.mark.parametrize(
    ("made", "generated"), [("ALWAYS", "ALWAYS"), ("BY DEFAULT", "BY DEFAULT"), ("", "")]
)
@pytest.mark.parametrize("changed", [False, True])
def test_an_identity_is_what_it_was_once_its_values_are_back(
    postgres_url: str, made: str, generated: str, changed: bool
) -> None:
    with sa.create_engine(postgres_url, poolclass=sa.pool.NullPool).connect() as connection:
        identity = f" GENERATED {made} AS IDENTITY" if made else ""
        create = f"CREATE TABLE t (id INT{identity}, name TEXT PRIMARY KEY)"
        insert = f"INSERT INTO t{' OVERRIDING SYSTEM VALUE' if made else ''} VALUES"
        do(connection, create, f"{insert} (7, 'a'), (8, 'b')")
        (table,) = saved(connection, ("t", None))
        do(connection, "DELETE FROM t")
        if changed:
            do(connection, f"{insert} (1, 'a')")
        (done,) = put_back(connection, table, overwrite=True)
        assert told(done) == (2, 0, 0, 0, 0) and rows(connection) == [(7, "a"), (8, "b")]
        asked = (
            "SELECT coalesce(identity_generation, '') FROM information_schema.columns "
            "WHERE table_name = 't' AND column_name = 'id'"
        )
        assert connection.exec_driver_sql(asked).scalar() == generated
        if made == "ALWAYS":
            with pytest.raises(sa.exc.DBAPIError, match="GENERATED ALWAYS"):
                do(connection, "INSERT INTO t VALUES (9, 'c')")


@pytest.mark.parametrize(
    ("done", "leaves"),
    [
        ({"rows": 3, "present": 2, "missing": 1}, False),
        ({"missing": 1, "unsure": 1}, True),
        ({"other": 1}, True),
        ({"blocked": 1}, True),
        ({"lacking": ("x",)}, True),
        ({"table_gone": True}, True),
        ({"problem": "no"}, True),
    ],
)
def test_what_leaves_rows(done: dict[str, Any], leaves: bool) -> None:
    assert Restored("t", ("x",), **done).leaves_rows is leaves


def test_what_is_saved_is_read_again_as_it_was() -> None:
    for kept in (
        Kept("t", None, ("x",), ("id",), False),
        Kept("t", "s", ("x",), (), True, ("m",), (("id", 7),)),
    ):
        assert Kept.read(kept.as_dict()) == kept
        table = SavedTable(kept, "source", None if kept.whole else ("x",), 5, "after")
        assert SavedTable.read(table.as_dict()) == table
    assert (kept.full_name, kept.names) == ("s.t", ("m", "x"))
