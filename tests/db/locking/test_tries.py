"""What gave up a wait begins again where nothing of it was kept, and says why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from lback.core.databases import DatabaseName
from lback.core.plans import Restamp, Step, Upgrade
from lback.db.events import Event, Turn
from lback.db.locking import tries as module
from lback.db.locking.tries import Tries
from lback.db.locking.waits import gave_up, is_passing
from lback.db.locking.watching import Blocker
from lback.errors import LbackError

HERE = DatabaseName("the url")
READER = Blocker(7, "ada", "shop", "idle in transaction", 9, "SELECT  1 WHERE x = 'secret'")


class Slept(list[float]):
    """The pauses that were made."""


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> Slept:
    pauses = Slept()
    monkeypatch.setattr(module.time, "sleep", pauses.append)
    monkeypatch.setattr(module.random, "uniform", lambda low, high: (low + high) / 2)
    return pauses


class Cause(Exception):
    def __init__(self, text: str = "", *more: Any, **facts: Any) -> None:
        super().__init__(text, *more)
        self.__dict__.update(facts)


class Failed(Exception):
    def __init__(self, orig: Exception | None) -> None:
        super().__init__("failed")
        self.orig = orig


WAITED = Failed(Cause(sqlstate="55P03"))


def turn_of(step: Step | None = None, total: int = 1, **more: Any) -> Turn:
    facts: dict[str, Any] = {"transactional": True, **more}
    return Turn(HERE, "postgresql", (), current=step, total=total, **facts)


@pytest.mark.parametrize(
    ("cause", "passing"),
    [
        (Cause(sqlstate="53100"), True),
        (Cause(sqlstate="57014"), True),
        (Cause(sqlstate="23505"), False),
        (Cause(1969, "max_statement_time"), True),  # type: ignore[arg-type]
        (Cause(1366, "Incorrect value"), False),  # type: ignore[arg-type]
        (Cause("database or disk is full"), True),
        (Cause("CHECK constraint failed"), False),
    ],
)
def test_what_has_nothing_to_do_with_the_statement(cause: Cause, passing: bool) -> None:
    error = sa.exc.DBAPIError("UPDATE users", {}, cause)
    assert is_passing(error) is passing
    cut = sa.exc.DBAPIError("UPDATE users", {}, cause, connection_invalidated=True)
    assert is_passing(cut)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (WAITED, "lock_timeout"),
        (Failed(Cause(pgcode="55P03")), "lock_timeout"),
        (Failed(Cause(sqlstate=None, pgcode="40P01")), "deadlock"),
        (Failed(Cause({"C": "40P01"})), "deadlock"),  # type: ignore[arg-type]
        (
            Failed(Cause("canceling due to statement timeout", sqlstate="57014")),
            "statement_timeout",
        ),
        (Failed(Cause("canceling due to user request", sqlstate="57014")), None),
        (Failed(Cause("something", sqlstate="42P01")), None),
        (Failed(Cause("something")), None),
        (Failed(None), None),
        (ValueError("something"), None),
    ],
)
def test_why_a_wait_has_ended(error: Exception, why: str | None) -> None:
    assert gave_up(error) == why


def test_who_is_waited_for_is_told_without_values() -> None:
    assert READER.told() == (
        "session 7 of ada (shop), idle in transaction for 9 s, its last statement: "
        "SELECT 1 WHERE x = '...'"
    )
    nobody = Blocker(7, None, None, None, None, None)
    assert nobody.told() == "session 7, at work"
    quoted = nobody._replace(statement="DO $x$ secret $x$, 'it''s', 'open")
    assert quoted.told() == "session 7, at work, with: DO '...', '...', '...'"


def test_it_begins_again_as_often_as_it_may(slept: Slept) -> None:
    heard: list[Event] = []
    tries = Tries(3, heard.append)
    turn = turn_of(Upgrade("a1"))
    for _ in range(3):
        assert tries.again(WAITED, [turn], [READER])
    assert not tries.again(WAITED, [turn], [READER])
    assert slept == [0.5, 1.0, 2.0] == [event.seconds for event in heard]
    assert {(event.kind, event.step) for event in heard} == {("waiting", Upgrade("a1"))}
    assert tries.left == {HERE.key: turn}
    assert heard[0].text == (
        f"a1 waited for {READER.told()}. It gave up (lock_timeout) and was rolled back, so that "
        "nobody waits behind it; again in 0.5 s, 2 tries left."
    )
    assert heard[1].text.endswith("again in 1.0 s, 1 try left.")
    error = tries.explained(LbackError("m", "h"))
    assert error.hint == (
        f"h It waited for {READER.told()}. lback gave up after 3 tries: end that session, or try "
        "at a quieter hour; `lock_timeout` and `retries` in [tool.lback.postgresql] say how long "
        "to wait and how often."
    )


def test_a_pause_is_never_longer_than_some_seconds(slept: Slept) -> None:
    tries = Tries(9, lambda _event: None)
    while tries.again(WAITED, [turn_of()], []):
        pass
    assert len(slept) == 9 and slept[-1] == 15.0


@pytest.mark.parametrize("turns", [[], [turn_of(total=0)]])
def test_what_has_not_begun_leaves_nothing(turns: Sequence[Turn]) -> None:
    heard: list[Event] = []
    tries = Tries(1, heard.append)
    assert tries.again(WAITED, turns, [])
    assert tries.left == {} and heard[0].text.startswith("A statement waited. ")


def test_the_last_turn_begins_again() -> None:
    other = DatabaseName("another url")
    tries = Tries(1, lambda _event: None)
    last = Turn(other, "postgresql", (), True, total=1, current=Restamp(("a1",)))
    assert tries.again(WAITED, [turn_of(), last], [])
    assert tries.left == {other.key: last}


STEP = Upgrade("a1")


@pytest.mark.parametrize(
    ("turn", "again"),
    [
        (turn_of(STEP), True),
        (turn_of(STEP, transactional=False), False),
        (turn_of(STEP, total=0, transactional=False), True),
        (turn_of(STEP, committed=[STEP]), False),
        (turn_of(STEP, committed=[Upgrade("a0")]), False),
        (turn_of(STEP, committed=[Upgrade("a0")], kept_each=True), True),
        (turn_of(STEP, committed=[STEP], kept_each=True), False),
    ],
)
def test_what_was_kept_is_not_done_again(turn: Turn, again: bool) -> None:
    tries = Tries(1, lambda _event: None)
    assert tries.again(WAITED, [turn], []) is again
    if not again:
        hint = tries.explained(LbackError("m")).hint
        assert hint is not None and hint.startswith("It is not tried again, since a part of it")


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (Failed(Cause("statement timeout", sqlstate="57014")), "A statement ran longer than"),
        (ValueError("something"), None),
    ],
)
def test_other_failures_are_not_tried_again(error: Exception, hint: str | None) -> None:
    tries = Tries(5, lambda _event: None)
    assert not tries.again(error, [turn_of(STEP)], [])
    told = tries.explained(LbackError("m")).hint
    assert told == hint if hint is None else (told or "").startswith(hint)


def test_without_retries_it_gives_up_at_once() -> None:
    tries = Tries(0, lambda _event: None)
    assert not tries.again(WAITED, [turn_of(STEP)], [])
    assert (tries.explained(LbackError("m")).hint or "").startswith("lback gave up at once: ")
