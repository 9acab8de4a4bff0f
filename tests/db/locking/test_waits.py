"""Whom a statement waits for is told after a while, and again: by a clock of the test's own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lback.db.events import Event
from lback.db.locking import watching as module
from lback.db.locking.waits import Waits
from lback.db.locking.watching import Blocker, Wait

READER = Blocker(7, "ada", "shop", "idle", 9, "SELECT 1")


class Watched:
    """A statement at work since the first second, and whoever watches it until the last one."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, until: float, *, lock_timeout: float = 0.0
    ) -> None:
        self.now, self.until = 0.0, until
        self.looks: list[float] = []
        self.glances: list[float] = []
        self.heard: list[Event] = []
        self.found: tuple[Blocker, ...] = (READER,)
        self.closed = False
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: self.now))
        monkeypatch.setattr(module, "Beside", lambda _engine: self)
        self.waits = waits = Waits.__new__(Waits)
        waits.connection = SimpleNamespace(engine=None)  # type: ignore[assignment]
        waits.lock_timeout, waits.blockers, waits._pid = lock_timeout, (), 5
        waits._over = SimpleNamespace(wait=self.wait)  # type: ignore[assignment]
        waits._since, waits._on_event = 1.0, self.heard.append

    def wait(self, seconds: float) -> bool:
        self.glances.append(seconds)
        self.now += seconds
        return self.now > self.until

    def rows(self, _query: str, timeout: float) -> tuple[Any, ...]:
        assert timeout == 5
        self.looks.append(self.now - 1.0)
        return self.found

    def rollback(self) -> None:
        """End what looked."""

    def close(self) -> None:
        self.closed = True


def test_who_is_waited_for_is_told_after_a_while_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, 14.5)
    watched.waits._watch()
    assert watched.closed and set(watched.glances) == {0.2}
    assert 1.0 <= watched.looks[0] < 1.3
    assert [round(event.seconds) for event in watched.heard] == [2, 7, 12]
    assert {event.kind for event in watched.heard} == {"waiting"}
    assert watched.heard[0].text == f"Waiting for {READER.told()}."
    assert watched.waits.blockers == (READER,)


def test_a_short_limit_is_looked_at_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, 1.5, lock_timeout=0.4)
    watched.waits._watch()
    assert set(watched.glances) == {0.1} and 0.2 <= watched.looks[0] < 0.32
    assert watched.heard == [] and watched.waits.blockers == (READER,)


def test_who_waits_for_nobody_has_nobody_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, 9.0)
    watched.found = ()
    watched.waits._watch()
    assert watched.looks and watched.heard == [] and watched.waits.blockers == ()


def test_a_session_that_is_not_known_is_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, 9.0)
    watched.waits._pid = 0
    watched.waits._watch()
    assert watched.looks == [] and watched.heard == []


def test_what_is_no_statement_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, 9.0)
    watched.waits._since = None
    watched.waits._watch()
    assert watched.looks == [] and watched.closed


def test_another_statement_has_its_own_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, 9.0)

    def looked(_beside: Any) -> Wait:
        watched.waits._since = watched.now
        return Wait((READER,), "it waits")

    monkeypatch.setattr(watched.waits, "_look", looked)
    watched.waits._watch()
    assert watched.heard == [] and watched.waits.blockers == ()


def test_what_only_tells_disturbs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, 9.0)
    watched.waits._on_event = lambda _event: 1 // 0  # type: ignore[assignment, return-value]
    watched.waits._watch()
    assert watched.closed and watched.waits.blockers == (READER,)
