"""How a lock is waited for, and which locks a run has: without a server, and without a clock."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from lback.db.events import Event
from lback.db.locking import locks as module
from lback.db.locking.caller import Caller
from lback.db.locking.files import LockFile
from lback.db.locking.locks import Locks
from lback.errors import LbackError


class Clock:
    """A clock that goes on while one sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


class Taken:
    """A lock that somebody has for a while."""

    released = False

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.clock = clock
        self.until = clock.now + seconds
        self.attempts = 0

    def attempt(self) -> bool:
        self.attempts += 1
        assert self.attempts < 500
        return self.clock.now >= self.until

    def holder(self) -> str:
        return "Ada"

    def release(self) -> None:
        """Nothing is to be given back."""


def test_a_free_lock_is_taken_at_once(clock: Clock) -> None:
    assert module._wait(Taken(clock, 0), "", 0, lambda _event: None) is False
    assert clock.pauses == []


def test_pauses_grow_to_a_limit(clock: Clock) -> None:
    assert module._wait(Taken(clock, 6), "", None, lambda _event: None) is True
    assert clock.pauses[:2] == pytest.approx([0.02, 0.03])
    assert max(clock.pauses) == 0.4 == clock.pauses[-1]


def test_who_has_it_is_told_after_a_while_and_again(clock: Clock) -> None:
    heard: list[Event] = []
    module._wait(Taken(clock, 15), "the shop", None, heard.append)
    assert {event.kind for event in heard} == {"waiting"}
    assert [round(event.seconds) for event in heard] == [2, 7, 13]
    assert heard[0].text == "Waiting for another migration of this database (the shop): Ada."


def test_whoever_waits_too_long_is_refused(clock: Clock) -> None:
    with pytest.raises(LbackError, match="It did not end within 1 s"):
        module._wait(Taken(clock, 60), "", 1, lambda _event: None)
    assert 1.0 <= clock.now - 100.0 < 1.01


def test_who_waits_not_at_all_tries_once(clock: Clock) -> None:
    lock = Taken(clock, 60)
    with pytest.raises(LbackError):
        module._wait(lock, "", 0, lambda _event: None)
    assert (lock.attempts, clock.pauses) == (1, [])


# -- the locks of one run -------------------------------------------------------------------


def test_one_file_has_one_lock(sqlite_url: str) -> None:
    with (
        sa.create_engine(sqlite_url).connect() as one,
        sa.create_engine(sqlite_url).connect() as two,
    ):
        run, other = Locks(0, command="migrate"), Locks(0)
        run.take(one, "", "x")
        run.take(two, "schema", "x")
        (held,) = run._held.values()
        assert isinstance(held, LockFile)
        with pytest.raises(LbackError, match="`lback migrate` of"):
            other.take(two)
        run.assure()
        run.release()
        assert run._held == {} and run.blockers == ()
        other.take(two)
        other.release()


def test_which_file_is_locked_is_asked_of_sqlite(sqlite_url: str) -> None:
    with sa.create_engine(sqlite_url).connect() as connection:
        connection.exec_driver_sql("ATTACH ':memory:' AS other")
        connection.commit()
        assert module._sqlite_file(connection) == sqlite_url.removeprefix("sqlite:///")
        assert not connection.in_transaction()
    with sa.create_engine("sqlite://").connect() as connection:
        assert module._sqlite_file(connection) is None


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("sqlite:///x.db", "sqlite:///x.db"),
        ("postgresql+psycopg://u:secret@h/d", "postgresql+psycopg://u:***@h/d"),
    ],
)
def test_a_place_is_a_url_without_its_password(url: str, same: str) -> None:
    assert module._place(at(sa.create_engine(url))) == same


def at(engine: sa.Engine) -> Any:
    class Connection:
        def __init__(self) -> None:
            self.engine = engine

    return Connection()


def test_engines_without_a_place_are_told_apart() -> None:
    one, two = (at(sa.create_engine("sqlite://")) for _ in range(2))
    assert module._place(one) == module._place(one) != module._place(two)


def test_what_the_holder_has_signed_is_read_by_others(tmp_path: Any) -> None:
    place = str(tmp_path / "x.db")
    mine = LockFile(place, Caller("ada", "here", 7, "migrate"))
    assert mine.attempt() and not LockFile(place).attempt()
    assert mine.holder().startswith("`lback migrate` of ada on here (process 7), since ")
    mine.release()
    assert LockFile(place).holder().startswith("another process that holds ")
