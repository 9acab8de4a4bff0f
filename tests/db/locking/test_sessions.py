"""What a run has set in a session of env.py's is undone when the session is given back."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from lback.db.locking.caller import Caller, _cut
from lback.db.locking.sessions import Lent, kept


@pytest.fixture
def engine(sqlite_url: str) -> sa.Engine:
    engine = sa.create_engine(sqlite_url, poolclass=sa.pool.QueuePool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x INTEGER)")
    return engine


def values(engine: sa.Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.exec_driver_sql("SELECT x FROM t ORDER BY rowid").scalars())


INSERTS = ["INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)"]


def test_it_is_undone_when_its_pool_gets_it(engine: sa.Engine) -> None:
    ended: list[str] = []
    with engine.connect() as other, engine.connect() as connection:
        lent = Lent(connection, lambda: ended.append("end"))
        lent.statements += INSERTS
        other.close()
        assert not lent.ended
        connection.close()
        assert lent.ended and ended == ["end"] and values(engine) == [1, 2]
        lent.end()
    assert ended == ["end"] and values(engine) == [1, 2] and lent.ended


@pytest.mark.parametrize("begun", [False, True])
def test_it_is_undone_at_the_end_of_the_run(engine: sa.Engine, begun: bool) -> None:
    ended: list[str] = []
    with engine.connect() as connection:
        lent = Lent(connection, lambda: ended.append("end"))
        lent.statements += INSERTS
        if begun:
            connection.exec_driver_sql("SELECT 1")
        lent.end()
        assert lent.ended and ended == ["end"]
        assert connection.in_transaction() is begun
        lent.end()
        if begun:
            connection.commit()
    assert ended == ["end"] and values(engine) == [1, 2]


def test_where_nothing_else_ends(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        lent = Lent(connection)
        lent.statements += INSERTS[:1]
        lent.end()
    assert values(engine) == [1]


def test_what_fails_is_no_trouble(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        lent = Lent(connection, lambda: 1 // 0)  # type: ignore[arg-type, return-value]
        lent.statements += INSERTS[:1]
        lent.end()
    assert values(engine) == [1]
    with engine.connect() as connection:
        lent = Lent(connection)
        lent.statements.append("no SQL")
    assert lent.ended


def test_a_connection_that_is_gone_is_not_opened_again(engine: sa.Engine) -> None:
    connection = engine.connect()
    lent = Lent(connection)
    lent.statements += INSERTS
    connection.invalidate()
    lent.end()
    assert connection.invalidated
    connection.close()
    assert values(engine) == []


@pytest.mark.parametrize("begun", [False, True])
def test_what_is_set_is_kept_where_env_py_has_begun_nothing(engine: sa.Engine, begun: bool) -> None:
    with engine.connect() as connection:
        if begun:
            connection.exec_driver_sql("SELECT 1")
        with kept(connection):
            connection.exec_driver_sql(INSERTS[0])
        assert connection.in_transaction() is begun
        connection.rollback()
    assert values(engine) == ([] if begun else [1])


# -- who it is ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("room", "cut"),
    [(9, "web-12345"), (8, "we..2345"), (7, "we..345"), (4, "..45"), (3, "..5"), (1, "..5")],
)
def test_a_long_host_keeps_its_end(room: int, cut: str) -> None:
    assert _cut("web-12345", room) == cut


@pytest.mark.parametrize(
    "application",
    ["lback ada@here 7 migrate", "lback ada@here 7 migrate [shop]"],
)
def test_a_name_is_read_as_it_was_written(application: str) -> None:
    caller = Caller.read(application)
    assert caller == Caller("ada", "here", 7, "migrate")
    assert caller is not None
    assert caller.application("shop" if "[" in application else "") == application
    assert Caller.read(f"x{application}") is None
    assert caller.told("then", ", more") == (
        "`lback migrate` of ada on here (process 7, more), since then"
    )
