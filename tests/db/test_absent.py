"""Databases that are passed over: what is remembered of each, and what env.py gets instead."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from lback.core.databases import DatabaseName
from lback.core.plans import Upgrade
from lback.db.absent import PassedOver, StandIn
from lback.db.events import Turn
from lback.db.failures import UnreachableError
from lback.errors import LbackError

ONE, TWO, THREE = (DatabaseName(f"sqlite:///{name}") for name in ("one", "two", "three"))
DOWN = LbackError("It is down.", "Start it.")


def turn(database: DatabaseName, *done: str, total: int, transactional: bool = True) -> Turn:
    steps = [Upgrade(name) for name in done]
    return Turn(database, "sqlite", (), transactional, after=done[-1:], total=total, done=steps)


def test_only_an_error_that_names_a_new_database_is_learnt() -> None:
    passed = PassedOver()
    assert not passed.learn(DOWN)
    assert not passed.learn(UnreachableError("Down.", "", None))
    assert passed.learn(UnreachableError("Down.", "", "sqlite:///x"))
    assert not passed.learn(UnreachableError("Down again.", "", "sqlite:///x"))


def test_a_stand_in_fails_by_the_error_that_is_known(tmp_path: Path) -> None:
    absent, there = (sa.create_engine(f"sqlite:///{tmp_path / name}") for name in ("a", "b"))
    passed = PassedOver()
    error = UnreachableError("It is down.", "Start it.", f"sqlite:///{tmp_path / 'a'}")
    passed.learn(error)
    with passed.stood_in_for():
        with absent.connect() as connection:
            assert isinstance(connection, StandIn) and connection.error is error
            with pytest.raises(LbackError, match="It is down"):
                connection.execute(sa.text("SELECT 1"))
        with there.connect() as connection:
            assert connection.execute(sa.text("SELECT 1")).scalar() == 1
    with absent.connect() as connection:
        assert connection.execute(sa.text("SELECT 1")).scalar() == 1
    absent.dispose()
    there.dispose()


def test_what_was_done_comes_in_the_order_of_env_py() -> None:
    passed = PassedOver()
    for database in (TWO, ONE, TWO):
        passed.reach(database)
    passed.fail(THREE, DOWN)
    passed.settle([turn(ONE, "a", total=1), turn(TWO, total=0)])
    outcome = passed.outcome()
    assert [row.database for row in outcome.databases] == [TWO, ONE, THREE]
    assert [row.error for row in outcome.databases] == [None, None, DOWN]
    assert (passed.place(TWO), passed.place(ONE), passed.place(THREE), passed.place(None)) == (
        0,
        1,
        2,
        2,
    )


def test_a_name_that_comes_later_is_taken() -> None:
    passed = PassedOver()
    passed.fail(ONE, DOWN)
    named = DatabaseName(ONE.url, name="first")
    passed.call([named, TWO])
    assert [str(row.database) for row in passed.outcome().databases] == [str(named)]


def test_a_turn_that_was_swallowed_has_failed() -> None:
    passed = PassedOver()
    passed.settle([turn(ONE, "a", total=2)])
    (row,) = passed.outcome().databases
    assert row.error is not None
    assert row.steps == (Upgrade("a"),)


@pytest.mark.parametrize(("stands", "settled"), [(("a",), True), ((), False), (None, True)])
def test_what_env_py_took_back_as_a_whole_may_be_done_again(
    stands: tuple[str, ...] | None, settled: bool
) -> None:
    passed = PassedOver()
    passed.settle([turn(ONE, "a", total=1)], None if stands is None else {ONE.key: stands})
    assert bool(passed.outcome().databases) == settled
    assert not any(row.error for row in passed.outcome().databases)


def test_what_stays_of_it_where_nothing_is_taken_back_is_said() -> None:
    passed = PassedOver()
    passed.settle([turn(ONE, "a", total=1, transactional=False)], {ONE.key: ()})
    (row,) = passed.outcome().databases
    assert row.after == ()
    assert row.error is not None
