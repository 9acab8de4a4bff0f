"""What a step sends is written down one by one, where what has run may stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.core.record.operations import SentOperation
from lback.db.record.operations import (
    Operations,
    change_operation,
    definition,
    make_operations,
    read_operations,
)
from lback.db.record.table import RecordPlace
from lback.errors import LbackError
from lback.secrets import KNOWN

PLACE = RecordPlace(None, "alembic_version")
TABLE = "CREATE TABLE t (id INTEGER)"
ROWS = "INSERT INTO t VALUES (1), (2)"


@contextmanager
def connected(url: str, **options: Any) -> Iterator[Connection]:
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool, **options)
    with engine.connect() as connection:
        make_operations(connection, PLACE)
        connection.commit()
        yield connection


class Work:
    """A step at work on a connection, whose row in the record is number 7, if not another."""

    def __init__(self, connection: Connection, number: int = 7) -> None:
        self.connection, self.number = connection, number
        self.doubts: list[bool] = []
        self.operations = Operations(connection, PLACE, self._row, self._refused)

    def _row(self, doubted: bool) -> int:
        self.doubts.append(doubted)
        return self.number

    @staticmethod
    def _refused(err: Exception) -> None:
        raise err

    def do(self, *statements: str, ran: Sequence[SentOperation] = ()) -> None:
        with self.operations.listening(), self.operations.watching(ran):
            for statement in statements:
                self.connection.exec_driver_sql(statement)

    @property
    def read(self) -> tuple[SentOperation, ...]:
        return read_operations(self.connection, PLACE, self.number) or ()

    @property
    def told(self) -> list[tuple[int, str, str, str]]:
        return [(one.number, one.kind, one.outcome, one.text) for one in self.read]


@pytest.fixture
def each(any_url: str) -> Iterator[Work]:
    """Commit each statement by itself."""
    with connected(any_url, isolation_level="AUTOCOMMIT") as connection:
        yield Work(connection)


@pytest.fixture
def whole(any_url: str) -> Iterator[Work]:
    """Work in a transaction."""
    with connected(any_url) as connection:
        yield Work(connection)


def test_each_statement_is_written_down(each: Work) -> None:
    each.do(TABLE, "SELECT 1", ROWS, "UPDATE t SET id = 3 WHERE id = 2")
    assert each.told == [
        (1, "schema", "done", TABLE),
        (2, "rows", "done", ROWS),
        (3, "rows", "done", "UPDATE t SET id = 3 WHERE id = 2"),
    ]
    made, inserted, updated = each.read
    assert made.before == "" and inserted.before is None
    assert not made.returned and not inserted.returned
    assert (inserted.rowcount, updated.rowcount) == (2, 1)
    assert len({one.digest for one in each.read}) == 3 and len(made.digest) == 64
    assert each.doubts and not any(each.doubts)


def test_what_is_not_watched_is_not_written_down(each: Work) -> None:
    each.connection.exec_driver_sql(TABLE)
    with each.operations.listening(), each.operations.watching(), each.operations.aside():
        each.connection.exec_driver_sql(ROWS)
    each.connection.exec_driver_sql(ROWS)
    assert each.read == ()


def test_each_step_counts_from_one(each: Work) -> None:
    each.do(TABLE)
    each.operations.forget(7)
    assert each.read == ()
    each.do(ROWS, ROWS)
    assert [one.number for one in each.read] == [1, 2]
    each.operations.forget(8)
    assert len(each.read) == 2


def test_values_tell_statements_apart(each: Work) -> None:
    each.do(TABLE)
    with each.operations.listening(), each.operations.watching():
        for values in ({"id": 1}, {"id": 2}, [{"id": 2}, {"id": 3}]):
            each.connection.execute(sa.text("INSERT INTO t VALUES (:id)"), values)
    first, second, several = each.read
    assert first.text == second.text == several.text
    assert len({first.digest, second.digest, several.digest}) == 3


def test_a_statement_that_fails(each: Work) -> None:
    with pytest.raises(sa.exc.DBAPIError):
        each.do(TABLE, TABLE)
    assert [one[2] for one in each.told] == ["done", "failed"]
    _, failed = each.read
    assert failed.before == definition(each.connection, "t") != ""


def test_rows_that_fail_are_taken_back_with_their_row(each: Work) -> None:
    with pytest.raises(sa.exc.DBAPIError):
        each.do("CREATE TABLE t (id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1), (1)")
    assert [one[2] for one in each.told] == ["done"]
    each.do("INSERT INTO t VALUES (1)")
    assert each.connection.exec_driver_sql("SELECT count(*) FROM t").scalar() == 1


def test_a_password_that_is_known_stays_out(each: Work) -> None:
    KNOWN.learn("sesame-99-open")
    each.do(TABLE, "INSERT INTO t SELECT 1 WHERE 'sesame-99-open' <> ''")
    assert "sesame" not in each.read[1].text


# -- going on -------------------------------------------------------------------------------


def resumed(work: Work) -> tuple[SentOperation, ...]:
    work.do(TABLE, ROWS)
    return work.read


def test_what_ran_is_not_sent_again(each: Work) -> None:
    ran = resumed(each)
    with each.operations.listening(), each.operations.watching(ran):
        each.connection.exec_driver_sql(TABLE)
        result = each.connection.exec_driver_sql(ROWS)
        # Other drivers let nobody set it.
        assert result.rowcount == (2 if each.connection.dialect.name == "mysql" else -1)
        each.connection.exec_driver_sql("DELETE FROM t WHERE id = 1")
    assert each.connection.exec_driver_sql("SELECT id FROM t").scalars().all() == [2]
    assert [one[0] for one in each.told] == [1, 2, 3]


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        ((TABLE, ROWS.replace("2", "3")), "statement 2 is another one"),
        ((TABLE,), "does not come to statement 2"),
        ((), "does not come to statement 1"),
    ],
)
def test_other_statements_than_those_that_ran(
    each: Work, statements: Sequence[str], says: str
) -> None:
    ran = resumed(each)
    with pytest.raises(LbackError, match=says):
        each.do(*statements, ran=ran)
    assert each.connection.exec_driver_sql("SELECT count(*) FROM t").scalar() == 2


def test_rows_that_a_statement_gave_cannot_be_had_again(postgres_url: str) -> None:
    with connected(postgres_url, isolation_level="AUTOCOMMIT") as connection:
        work = Work(connection)
        work.do(TABLE, "INSERT INTO t VALUES (1) RETURNING id")
        assert [one.returned for one in work.read] == [False, True]
        with pytest.raises(LbackError, match="statement 2 ran, and gave rows"):
            work.do(TABLE, "INSERT INTO t VALUES (1) RETURNING id", ran=work.read)


def test_what_had_failed_is_sent_again(each: Work) -> None:
    with pytest.raises(sa.exc.DBAPIError):
        each.do(TABLE, "ALTER TABLE nowhere ADD COLUMN x INTEGER")
    ran = each.read
    assert [one.outcome for one in ran] == ["done", "failed"]
    each.connection.exec_driver_sql("CREATE TABLE nowhere (id INTEGER)")
    with pytest.raises(LbackError, match="statement 2 had failed the first time"):
        each.do(TABLE, "ALTER TABLE nowhere ADD COLUMN x INTEGER", ran=ran)
    assert [one.outcome for one in each.read] == ["done", "done"]


def test_the_last_word_of_an_operation_counts(each: Work) -> None:
    each.do(TABLE)
    change_operation(each.connection, PLACE, 7, 1, outcome="undoing", before="x")
    change_operation(each.connection, PLACE, 7, 2, outcome="failed")
    change_operation(each.connection, PLACE, 8, 1, outcome="failed")
    (one,) = each.read
    assert (one.outcome, one.before) == ("undoing", "x")


def test_where_none_are_kept(any_url: str) -> None:
    with sa.create_engine(any_url, poolclass=sa.pool.NullPool).connect() as connection:
        assert read_operations(connection, PLACE, 7) is None
        make_operations(connection, PLACE)
        make_operations(connection, PLACE)
        assert read_operations(connection, PLACE, 7) == ()


# -- in a transaction -----------------------------------------------------------------------


def commits_ddl(work: Work) -> bool:
    return work.connection.dialect.name == "mysql"


def test_nothing_is_written_before_something_commits(whole: Work) -> None:
    whole.do(TABLE, ROWS)
    lasting = commits_ddl(whole)
    assert [one[0] for one in whole.told] == ([1] if lasting else [])
    with whole.operations.listening(), whole.operations.watching():
        whole.connection.exec_driver_sql("UPDATE t SET id = 5")
        whole.operations.committing()
    assert [one[3] for one in whole.told][-1] == "UPDATE t SET id = 5"


def test_a_commit_on_the_way_writes_what_was_done(whole: Work) -> None:
    with whole.operations.listening(), whole.operations.watching():
        whole.connection.exec_driver_sql(TABLE)
        whole.connection.exec_driver_sql(ROWS)
        whole.operations.committing()
    assert [one[:3] for one in whole.told] == [(1, "schema", "done"), (2, "rows", "done")]
    assert whole.doubts[0] is False


def test_what_is_rolled_back_is_forgotten(whole: Work) -> None:
    whole.do(TABLE)
    whole.connection.commit()
    with whole.operations.listening(), whole.operations.watching():
        whole.connection.exec_driver_sql(ROWS)
        whole.operations.rolled_back()
        whole.connection.exec_driver_sql("DELETE FROM t")
        whole.operations.committing()
    texts = [one[3] for one in whole.told]
    assert ROWS not in texts and texts[-1] == "DELETE FROM t"
    assert True in whole.doubts


def test_what_a_savepoint_takes_back_is_forgotten(whole: Work) -> None:
    whole.do(TABLE)
    whole.connection.commit()
    whole.operations.forget(7)
    with whole.operations.listening(), whole.operations.watching():
        whole.connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        with whole.connection.begin_nested() as point:
            whole.connection.exec_driver_sql("INSERT INTO t VALUES (2)")
            point.rollback()
        with whole.connection.begin_nested():
            whole.connection.exec_driver_sql("INSERT INTO t VALUES (3)")
        whole.operations.committing()
    assert [one[3] for one in whole.told] == [f"INSERT INTO t VALUES ({n})" for n in (1, 3)]
    assert [one[0] for one in whole.told] == [1, 3]


@pytest.mark.parametrize("end", ["COMMIT", "END"])
def test_a_commit_of_the_steps_own(postgres_url: str, end: str) -> None:
    with connected(postgres_url) as connection:
        work = Work(connection)
        work.do(TABLE, end, ROWS, "ROLLBACK")
        assert [one[3] for one in work.told] == [TABLE]


@pytest.mark.parametrize(
    ("any_url", "begin"),
    [
        ("sqlite", "BEGIN"),  # the only one of the two that it has
        pytest.param("postgresql", "BEGIN", marks=pytest.mark.postgresql),
        pytest.param("postgresql", "START TRANSACTION", marks=pytest.mark.postgresql),
        pytest.param("mariadb", "BEGIN", marks=pytest.mark.mysql),
        pytest.param("mariadb", "START TRANSACTION", marks=pytest.mark.mysql),
    ],
    indirect=["any_url"],
)
def test_a_transaction_of_the_steps_own(each: Work, begin: str) -> None:
    each.do(TABLE)
    each.operations.forget(7)
    each.do(begin, "INSERT INTO t VALUES (1)", "ROLLBACK", "INSERT INTO t VALUES (2)")
    assert [one[3] for one in each.told] == ["INSERT INTO t VALUES (2)"]
    each.operations.forget(7)
    each.do(begin, "INSERT INTO t VALUES (3)", "COMMIT")
    assert [one[3] for one in each.told] == ["INSERT INTO t VALUES (3)"]
    assert each.connection.exec_driver_sql("SELECT id FROM t").scalars().all() == [2, 3]


def test_nothing_is_known_after_a_savepoint_of_the_steps_own(whole: Work) -> None:
    whole.do(TABLE)
    whole.connection.commit()
    whole.operations.forget(7)
    with whole.operations.listening(), whole.operations.watching():
        for statement in (ROWS, "SAVEPOINT x", ROWS, "ROLLBACK TO x"):
            whole.connection.exec_driver_sql(statement)
        whole.operations.committing()
    assert [one[3] for one in whole.told] == [ROWS, "ROLLBACK TO SAVEPOINT"]
    assert whole.told[-1][1:3] == ("other", "blind")


def test_locked_tables_of_mariadb_are_blind(mariadb_url: str) -> None:
    with connected(mariadb_url) as connection:
        work = Work(connection)
        work.do(TABLE)
        work.operations.forget(7)
        with pytest.raises(sa.exc.DBAPIError):
            work.do("LOCK TABLES t WRITE", ROWS, "CREATE TABLE other (id INTEGER)")
        connection.exec_driver_sql("UNLOCK TABLES")
        assert work.told[0] == (0, "other", "blind", "LOCK TABLES")


def test_rows_that_no_transaction_takes_back(mariadb_url: str) -> None:
    with connected(mariadb_url) as connection:
        work = Work(connection)
        made = ("CREATE TABLE t (id INTEGER) ENGINE=MyISAM", "CREATE TABLE u (id INTEGER)")
        work.do(*made, ROWS, ROWS.replace(" t ", " u "))
        assert [one[3] for one in work.told] == [*made, ROWS]


def test_begin_commits_what_is_open_on_mariadb(mariadb_url: str) -> None:
    with connected(mariadb_url) as connection:
        work = Work(connection)
        work.do(TABLE)
        work.operations.forget(7)
        work.do(ROWS, "BEGIN", "ROLLBACK")
        assert [one[3] for one in work.told] == [ROWS]


def test_a_step_does_not_go_on_where_nothing_can_be_written(any_url: str) -> None:
    with connected(any_url, isolation_level="AUTOCOMMIT") as connection:
        operations = Operations(connection, PLACE, lambda _doubted: None, Work._refused)
        with (
            pytest.raises(sa.exc.InvalidRequestError, match="no row of the step"),
            operations.listening(),
            operations.watching(),
        ):
            connection.exec_driver_sql(TABLE)
        assert not sa.inspect(connection).has_table("t")


def test_other_connections_are_not_listened_to(any_url: str) -> None:
    with (
        connected(any_url, isolation_level="AUTOCOMMIT") as connection,
        connection.engine.connect() as other,
    ):
        work = Work(connection)
        with work.operations.listening(), work.operations.watching():
            other.exec_driver_sql(TABLE)
        assert work.read == ()


def test_two_sessions_of_a_run_do_not_wait_for_one_another(mariadb_url: str) -> None:
    """Of two version tables in one database, one may still be uncommitted when the other moves."""
    with connected(mariadb_url) as connection, connected(mariadb_url) as other:
        first, second = Work(connection), Work(other, 8)
        first.do(TABLE, ROWS)
        first.operations.forget(7)
        other.exec_driver_sql("SET SESSION innodb_lock_wait_timeout = 1")
        second.do("CREATE TABLE u (id INTEGER)")  # _refused() raises where it had to wait
        second.operations.forget(8)
        other.commit()
        connection.commit()
        assert first.read == second.read == ()


# -- what is there --------------------------------------------------------------------------


def test_a_definition_tells_each_change(any_url: str) -> None:
    with connected(any_url) as connection:
        seen = [definition(connection, "t")]
        for statement in (
            "CREATE TABLE t (id INTEGER PRIMARY KEY)",
            "ALTER TABLE t ADD COLUMN name VARCHAR(20)",
            "ALTER TABLE t ADD COLUMN other VARCHAR(20) DEFAULT 'x'",
            "CREATE INDEX ix_t ON t (name)",
        ):
            connection.exec_driver_sql(statement)
            seen.append(definition(connection, "t"))
        assert seen[0] == "" and len(set(seen)) == 5
        connection.exec_driver_sql("INSERT INTO t (id) VALUES (5)")
        assert definition(connection, "t") == seen[-1]
        assert definition(connection, "u") == ""


@pytest.mark.parametrize("name", ['"T"', "main.t", "main.`t`", '"main"."t"', " t "])
def test_a_definition_by_any_spelling(sqlite_url: str, name: str) -> None:
    with connected(sqlite_url) as connection:
        connection.exec_driver_sql(TABLE)
        assert definition(connection, name) == TABLE


def test_a_counter_is_no_definition(mariadb_url: str) -> None:
    with connected(mariadb_url) as connection:
        connection.exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY AUTO_INCREMENT)")
        before = definition(connection, "t")
        connection.exec_driver_sql("INSERT INTO t VALUES (NULL), (NULL)")
        assert definition(connection, "t") == before
