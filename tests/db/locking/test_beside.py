"""A session of its own: its jobs come one after the other, and an error comes to who asked.

Nothing here waits longer than a few seconds, whatever the session does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from threading import Thread, current_thread
from types import SimpleNamespace
from typing import Any

import pytest

from lback.db.locking.beside import Beside, prepare_nothing, queried

SOON = 10.0


class Server:
    """An engine, its pool, a connection and a driver in one, that notes what is asked of it."""

    def __init__(self, *, is_async: bool = False, refuses: int = 0) -> None:
        self.notes: list[str] = []
        self.refuses = refuses
        self.in_loop: list[bool] = []
        self.dialect = SimpleNamespace(is_async=is_async, set_isolation_level=self.isolate)
        self.pool = self.driver_connection = self.dbapi_connection = self
        self.prepare_threshold: int | None = 5
        self.description: Any = ("x",)

    def recreate(self) -> Server:
        self.notes.append("a pool")
        return self

    def connect(self) -> Server:
        if self.refuses:
            self.refuses -= 1
            raise OSError("no server")
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self.in_loop.append(False)
        else:
            self.in_loop.append(True)
        self.notes.append("connected")
        return self

    def isolate(self, driver: Any, level: str) -> None:
        assert driver is self
        self.notes.append(level)

    def cursor(self) -> Server:
        return self

    def execute(self, statement: str) -> None:
        self.notes.append(statement)
        if statement == "WRONG":
            raise ValueError(statement)
        self.description = ("x",) if statement.startswith("SELECT") else None

    def fetchall(self) -> list[tuple[int]]:
        return [(1,)]

    def close(self) -> None:
        self.notes.append("cursor closed")

    def rollback(self) -> None:
        self.notes.append("rolled back")

    def invalidate(self) -> None:
        self.notes.append("cut")

    def dispose(self) -> None:
        self.notes.append("no pool")


Opened = Callable[[Server], Beside]


@pytest.fixture
def opened() -> Iterator[Opened]:
    made: list[Beside] = []

    def opens(server: Server) -> Beside:
        made.append(Beside(server))  # type: ignore[arg-type]
        return made[-1]

    yield opens
    for beside in made:
        beside.close()


def soon(work: Callable[[], Any]) -> Any:
    """Do in a thread of its own what would wait for ever if its answer got lost."""
    answer: Future[Any] = Future()

    def does() -> None:
        try:
            answer.set_result(work())
        except BaseException as err:
            answer.set_exception(err)

    Thread(target=does, daemon=True).start()
    return answer.result(SOON)


@pytest.mark.parametrize("is_async", [False, True])
def test_one_session_for_all_jobs_and_none_before_the_first(opened: Opened, is_async: bool) -> None:
    server = Server(is_async=is_async)
    beside = opened(server)
    assert server.notes == []
    assert beside.rows("SELECT 1", SOON) == [(1,)]
    assert beside.rows("SET x", SOON) == ()
    soon(beside.rollback)
    soon(beside.close)
    assert server.notes == [
        *("a pool", "connected", "READ COMMITTED", "SELECT 1", "cursor closed"),
        *("SET x", "cursor closed", "rolled back", "cut", "no pool"),
    ]
    assert server.in_loop == [is_async] and server.prepare_threshold is None


def test_an_error_comes_to_who_asked_and_the_next_job_is_done(opened: Opened) -> None:
    server = Server(refuses=1)
    beside = opened(server)
    with pytest.raises(OSError, match="no server"):
        beside.rows("SELECT 1", SOON)
    with pytest.raises(ValueError, match="WRONG"):
        beside.rows("WRONG", SOON)
    assert server.notes[-1] == "cursor closed"
    assert beside.submit(lambda driver: driver is server).result(SOON) is True
    assert server.notes.count("connected") == 1

    def broken() -> None:
        raise OSError("cut off")

    server.rollback = broken  # type: ignore[method-assign]
    with pytest.raises(OSError, match="cut off"):
        soon(beside.rollback)


def test_a_caller_waits_no_longer_than_it_wants_to(opened: Opened) -> None:
    beside, held = opened(Server()), Future[None]()
    beside.submit(lambda _driver: held.result(SOON))
    try:
        with pytest.raises(TimeoutError):
            beside.rows("SELECT 1", 0.05)
    finally:
        held.set_result(None)


def test_one_that_still_waits_ends_with_the_process(opened: Opened) -> None:
    thread = opened(Server()).submit(lambda _driver: current_thread()).result(SOON)
    assert thread.daemon and thread is not current_thread()


def test_one_that_was_never_asked_has_nothing_to_end(opened: Opened) -> None:
    server = Server()
    beside = opened(server)
    soon(beside.close)
    assert server.notes == []
    soon(beside.close)
    assert beside.rows("SELECT 1", SOON) == [(1,)]  # and works again afterwards
    soon(beside.close)
    assert server.notes[-1] == "no pool"


def test_one_that_never_came_in_has_no_session_to_cut(opened: Opened) -> None:
    server = Server(refuses=1)
    beside = opened(server)
    with pytest.raises(OSError, match="no server"):
        beside.rows("SELECT 1", SOON)
    soon(beside.close)
    assert server.notes == ["a pool"]


def test_a_cursor_is_closed_whatever_comes() -> None:
    server = Server()
    assert queried(server, "SELECT 1") == [(1,)] and server.notes[-1] == "cursor closed"
    with pytest.raises(ValueError, match="WRONG"):
        queried(server, "WRONG")
    assert server.notes[-1] == "cursor closed"


def test_a_driver_that_prepares_nothing_is_left_alone() -> None:
    driver = SimpleNamespace()
    prepare_nothing(driver)
    assert not vars(driver)
