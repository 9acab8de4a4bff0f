"""What ran of a step that was cut off is known from its operations and the schema."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.core.record.operations import HalfRun
from lback.db.record.half import declare_undone, half_run, settle, undo
from lback.db.record.operations import (
    Operations,
    change_operation,
    definition,
    make_operations,
    read_operations,
)
from lback.db.record.reading import Recorded
from lback.db.record.table import RECORD, RecordPlace, make
from lback.errors import LbackError
from tests.servers import fresh_database

PLACE = RecordPlace(None, "alembic_version")
TABLE = "CREATE TABLE t (id INTEGER)"
COLUMN = "ALTER TABLE t ADD COLUMN name VARCHAR(20)"
INDEX = "CREATE INDEX ix ON t (id)"
ROWS = "INSERT INTO t (id) VALUES (1), (2)"


def refused(err: Exception) -> None:
    raise err


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.mysql)])
def connection(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Connection]:
    with fresh_database(request.param, tmp_path) as url:
        engine = sa.create_engine(url, poolclass=sa.pool.NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            make(connection, PLACE)
            make_operations(connection, PLACE)
            yield connection


def step(connection: Connection, revision: str = "r1", **more: Any) -> int:
    """Write a row into the record; return its id."""
    row = {
        **dict.fromkeys(("down_revisions", "path", "blob", "run_by", "run_id"), ""),
        "revision": revision,
        "direction": "upgrade",
        "outcome": "started",
        "started_at": datetime(2026, 1, 2),
        "version_table": PLACE.version_table,
        **more,
    }
    return int(connection.execute(RECORD.insert(), row).inserted_primary_key[0])


def sent(connection: Connection, number: int, *statements: str) -> None:
    """Send the statements of a step."""
    operations = Operations(connection, PLACE, lambda _doubted: number, refused)
    with operations.listening(), operations.watching():
        for statement in statements:
            connection.exec_driver_sql(statement)


def cut_off(connection: Connection, *statements: str) -> HalfRun:
    number = step(connection)
    sent(connection, number, *statements)
    half = half_run(connection, PLACE)
    assert half is not None and half.step.id == number
    return half


def outcomes(connection: Connection, half: HalfRun) -> list[str]:
    return [one.outcome for one in read_operations(connection, PLACE, half.step.id) or ()]


def outcome_of(connection: Connection, number: int) -> str:
    found = sa.select(RECORD.c.outcome).where(RECORD.c.id == number)
    return str(connection.execute(found).scalar_one())


def tables(connection: Connection) -> list[str]:
    names = sa.inspect(connection).get_table_names()
    return [name for name in names if not name.startswith("lback_")]


# -- what ran -------------------------------------------------------------------------------


def test_what_is_done_has_run(connection: Connection) -> None:
    half = cut_off(connection, TABLE, ROWS)
    assert [one.text for one in half.ran] == [TABLE, ROWS]
    assert (half.unknown, half.failed, half.running) == ((), (), "")
    assert half.step.revision == "r1"


def test_where_nothing_was_sent_nothing_is_half_done(connection: Connection) -> None:
    assert half_run(connection, PLACE) is None
    step(connection)
    assert half_run(connection, PLACE) is None


def test_what_failed_alone_is_nothing(connection: Connection) -> None:
    number = step(connection, outcome="failed")
    with pytest.raises(sa.exc.DBAPIError):
        sent(connection, number, "DROP TABLE nowhere")
    assert half_run(connection, PLACE) is None


def test_what_failed_is_told_beside_what_ran(connection: Connection) -> None:
    number = step(connection, outcome="failed")
    with pytest.raises(sa.exc.DBAPIError):
        sent(connection, number, TABLE, TABLE)
    half = half_run(connection, PLACE)
    assert half is not None
    assert ([one.number for one in half.ran], [one.number for one in half.failed]) == ([1], [2])


def test_while_somebody_is_at_work_nothing_is_looked_for(connection: Connection) -> None:
    number = step(connection)
    sent(connection, number, TABLE)
    half = half_run(connection, PLACE, lambda: "Ada")
    assert half is not None and (half.running, half.ran, half.step.id) == ("Ada", (), number)


@pytest.mark.parametrize(
    ("kept", "ran", "unknown"),
    [(False, [], [1]), (True, [], [])],
)
def test_statements_that_were_never_written_down(
    connection: Connection, kept: bool, ran: list[int], unknown: list[int]
) -> None:
    step(connection)
    if not kept:
        connection.exec_driver_sql("DROP TABLE lback_operations")
    half = half_run(connection, PLACE)
    if not unknown:
        assert half is None
        return
    assert half is not None and [one.number for one in half.ran] == ran
    assert [one.text for one in half.unknown] == ["all of it: its statements were not written down"]


def test_a_failed_step_without_operations_is_over(connection: Connection) -> None:
    step(connection, outcome="failed")
    connection.exec_driver_sql("DROP TABLE lback_operations")
    assert half_run(connection, PLACE) is None


def in_flight(connection: Connection, *statements: str, ran: bool, outcome: str) -> HalfRun | None:
    """Leave the last statement where nobody knows of its end."""
    number = step(connection)
    sent(connection, number, *statements)
    last = len(statements)
    if not ran:
        connection.exec_driver_sql(f"DROP INDEX ix{on(connection)}")
    change_operation(connection, PLACE, number, last, outcome=outcome)
    return half_run(connection, PLACE)


def on(connection: Connection) -> str:
    return " ON t" if connection.dialect.name == "mysql" else ""


@pytest.mark.mysql
@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
def test_a_statement_that_outlives_its_client_is_waited_for(mariadb_url: str, dialect: str) -> None:
    url = mariadb_url.replace("mysql+", f"{dialect}+")
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection, engine.connect() as orphan, engine.connect() as reader:
        make(connection, PLACE)
        make_operations(connection, PLACE)
        number = step(connection)
        sent(connection, number, TABLE, COLUMN)
        connection.exec_driver_sql("ALTER TABLE t DROP COLUMN name")
        change_operation(connection, PLACE, number, 2, outcome="started")
        reader.exec_driver_sql("BEGIN")
        reader.exec_driver_sql("SELECT * FROM t")  # a change of the table waits for its end
        going_on = threading.Thread(target=orphan.exec_driver_sql, args=(COLUMN,))
        going_on.start()
        waits = "SELECT COUNT(*) FROM information_schema.processlist WHERE info = %s"
        while not connection.exec_driver_sql(waits, (COLUMN,)).scalar_one():
            pass
        let_go = threading.Timer(0.3, reader.exec_driver_sql, ("ROLLBACK",))
        let_go.start()
        half = half_run(connection, PLACE)
        for each in (let_go, going_on):
            each.join()
    assert half is not None and [one.number for one in half.ran] == [1, 2]


@pytest.mark.parametrize(("ran", "numbers"), [(True, [1, 2]), (False, [1])])
def test_a_statement_in_flight_is_decided_by_the_schema(
    connection: Connection, ran: bool, numbers: list[int]
) -> None:
    half = in_flight(connection, TABLE, INDEX, ran=ran, outcome="started")
    assert half is not None and half.unknown == () == half.failed
    assert [one.number for one in half.ran] == numbers
    settle(connection, PLACE, half)
    assert outcomes(connection, half) == ["done", "done" if ran else "started"]


def test_what_was_being_taken_back_is_decided_as_well(connection: Connection) -> None:
    half = cut_off(connection, TABLE, INDEX)
    before = definition(connection, "t")
    change_operation(connection, PLACE, half.step.id, 2, outcome="undoing", before=before)
    half = half_run(connection, PLACE) or half
    assert [one.number for one in half.ran] == [1, 2]
    connection.exec_driver_sql(f"DROP INDEX ix{on(connection)}")
    half = half_run(connection, PLACE) or half
    assert [one.number for one in half.ran] == [1]


@pytest.mark.parametrize("outcome", ["started", "blind"])
def test_rows_in_flight_are_unknown(connection: Connection, outcome: str) -> None:
    number = step(connection)
    sent(connection, number, TABLE, ROWS)
    change_operation(connection, PLACE, number, 2, outcome=outcome)
    half = half_run(connection, PLACE)
    assert half is not None
    assert ([one.number for one in half.ran], [one.number for one in half.unknown]) == ([1], [2])


def test_a_schema_in_flight_that_is_blind_is_unknown(connection: Connection) -> None:
    number = step(connection)
    sent(connection, number, TABLE)
    change_operation(connection, PLACE, number, 1, outcome="blind")
    half = half_run(connection, PLACE)
    assert half is not None and [one.number for one in half.unknown] == [1] and not half.ran


# -- taking it back -------------------------------------------------------------------------


def test_what_ran_is_taken_back_the_last_one_first(connection: Connection) -> None:
    said: list[str] = []
    half = cut_off(connection, TABLE, COLUMN)
    undo(connection, PLACE, half, rows_go=False, tell=said.append)
    assert said == ["ALTER TABLE t DROP COLUMN name", "DROP TABLE t"]
    assert tables(connection) == []
    assert outcomes(connection, half) == ["failed", "failed"]
    assert outcome_of(connection, half.step.id) == "undone"
    assert half_run(connection, PLACE) is None


def test_rows_go_with_the_table_that_the_step_has_made(connection: Connection) -> None:
    said: list[str] = []
    half = cut_off(connection, TABLE, ROWS)
    undo(connection, PLACE, half, rows_go=False, tell=said.append)
    assert said == ["DROP TABLE t"] and tables(connection) == []


def test_rows_that_came_since_stay(connection: Connection) -> None:
    half = cut_off(connection, TABLE)
    connection.exec_driver_sql(ROWS)
    with pytest.raises(LbackError, match="would delete 2 rows that came since"):
        undo(connection, PLACE, half, rows_go=False, tell=print)
    assert tables(connection) == ["t"] and outcomes(connection, half) == ["done"]
    undo(connection, PLACE, half, rows_go=True, tell=lambda _said: None)
    assert tables(connection) == []


def test_values_that_came_since_stay(connection: Connection) -> None:
    connection.exec_driver_sql(TABLE)
    half = cut_off(connection, COLUMN)
    connection.exec_driver_sql("INSERT INTO t VALUES (1, 'x'), (2, NULL)")
    with pytest.raises(LbackError, match="would delete 1 value that came since"):
        undo(connection, PLACE, half, rows_go=False, tell=print)
    connection.exec_driver_sql("UPDATE t SET name = NULL")
    undo(connection, PLACE, half, rows_go=False, tell=lambda _said: None)
    assert [column["name"] for column in sa.inspect(connection).get_columns("t")] == ["id"]


@pytest.mark.parametrize(
    "statement", ["UPDATE t SET id = 5", "DROP TABLE u", "INSERT INTO t (id) VALUES (9)"]
)
def test_what_nothing_takes_back_stops_all_of_it(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(TABLE)
    connection.exec_driver_sql("CREATE TABLE u (id INTEGER)")
    half = cut_off(connection, "CREATE TABLE w (id INTEGER)", statement)
    with pytest.raises(LbackError, match="nothing is known that takes it back: 2"):
        undo(connection, PLACE, half, rows_go=True, tell=print)
    assert "w" in tables(connection) and outcomes(connection, half) == ["done", "done"]


def test_what_is_unknown_stops_all_of_it(connection: Connection) -> None:
    half = cut_off(connection, TABLE)
    half = replace(half, unknown=half.ran, ran=())
    with pytest.raises(LbackError, match="whether this ran is not known: 1"):
        undo(connection, PLACE, half, rows_go=True, tell=print)
    assert tables(connection) == ["t"]


def test_what_was_taken_back_by_hand(connection: Connection) -> None:
    half = cut_off(connection, TABLE)
    other = step(connection, "other")
    declare_undone(connection, PLACE, half)
    assert outcome_of(connection, half.step.id) == "undone"
    assert outcome_of(connection, other) == "started"


def test_all_of_it_lasts_in_a_transaction(sqlite_url: str) -> None:
    engine = sa.create_engine(sqlite_url, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        make(connection, PLACE)
        make_operations(connection, PLACE)
        number = step(connection)
        operations = Operations(connection, PLACE, lambda _doubted: number, refused)
        with operations.listening(), operations.watching():
            connection.exec_driver_sql(TABLE)
            operations.committing()
        connection.commit()
        half = half_run(connection, PLACE)
        assert half is not None
        undo(connection, PLACE, half, rows_go=False, tell=lambda _said: None)
    with engine.connect() as connection:
        assert tables(connection) == [] and outcome_of(connection, number) == "undone"


# -- which steps are looked at --------------------------------------------------------------


@pytest.mark.parametrize(
    ("later", "names"),
    [
        ((), ["r2", "r1"]),
        ([("r1", "upgrade", "done")], ["r2"]),
        ([("r1", "upgrade", "undone")], ["r2"]),
        ([("r1", "downgrade", "done")], ["r2"]),
        ([("r1", "upgrade", "failed")], ["r1", "r2", "r1"]),
        ([("r1", "fake upgrade", "started")], ["r2", "r1"]),
        ([("", "stamp", "done")], []),
        ([("", "stamp", "started")], ["r2", "r1"]),
        ([("r3", "upgrade", "done")], ["r2", "r1"]),
    ],
)
def test_a_step_is_open_until_something_is_said_of_it(
    sqlite_url: str, later: Sequence[tuple[str, str, str]], names: list[str]
) -> None:
    with sa.create_engine(sqlite_url).connect() as connection:
        make(connection, PLACE)
        step(connection, "r1")
        step(connection, "r2", outcome="failed", direction="downgrade")
        step(connection, "other table", version_table="other")
        for revision, direction, outcome in later:
            step(connection, revision, direction=direction, outcome=outcome)
        step(connection, "r1", outcome="done", version_table="other")
        recorded = Recorded(connection, PLACE)
        assert [one.revision for one in recorded.open_ended()] == names
