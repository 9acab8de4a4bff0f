"""A session beside env.py's own at the same database, in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Any

from sqlalchemy.engine import Engine
from sqlalchemy.util import greenlet_spawn

Job = Callable[[Any], Any]
"""Gets the driver's connection."""


class Beside:
    """Connects as an engine does, when the first job comes; jobs are done one after the other.

    The thread is what lets an asynchronous driver have its loop, and a caller wait no longer than
    it wants to.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._jobs: SimpleQueue[tuple[Job, Future[Any]] | None] = SimpleQueue()
        self._thread: Thread | None = None

    def submit(self, job: Job) -> Future[Any]:
        """Have a job done."""
        if self._thread is None:
            self._thread = Thread(target=self._run, name="lback beside", daemon=True)
            self._thread.start()
        future: Future[Any] = Future()
        self._jobs.put((job, future))
        return future

    def rows(self, statement: str, timeout: float | None = None) -> Sequence[Any]:
        """Return the rows of a query."""
        rows: Sequence[Any] = self.submit(lambda driver: queried(driver, statement)).result(timeout)
        return rows

    def rollback(self) -> None:
        """End the transaction of the queries before."""
        self.submit(lambda driver: driver.rollback()).result()

    def close(self) -> None:
        """End the session, as soon as the job at work is done."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._jobs.put(None)
            thread.join(2)  # one that still waits for its pooler ends with the process

    def _run(self) -> None:
        if self._engine.dialect.is_async:
            asyncio.run(greenlet_spawn(self._work))
        else:
            self._work()

    def _work(self) -> None:
        # The engine's own way to connect, and none of its connections.
        pool = self._engine.pool.recreate()
        connection: Any = None
        while (item := self._jobs.get()) is not None:
            job, future = item
            try:
                if connection is None:
                    connection = pool.connect()
                    self._engine.dialect.set_isolation_level(
                        connection.dbapi_connection, "READ COMMITTED"
                    )
                    prepare_nothing(connection.driver_connection)
                future.set_result(job(connection.dbapi_connection))
            except BaseException as err:
                future.set_exception(err)
        if connection is not None:
            try:
                connection.invalidate()
            finally:
                pool.dispose()


def queried(driver: Any, statement: str) -> Sequence[Any]:
    """Return the rows of a query."""
    cursor = driver.cursor()
    try:
        cursor.execute(statement)
        rows: Sequence[Any] = cursor.fetchall() if cursor.description else ()
    finally:
        cursor.close()
    return rows


def prepare_nothing(driver_connection: Any) -> None:
    """Keep psycopg from preparing what it runs often: another session would not have it."""
    if hasattr(driver_connection, "prepare_threshold"):
        driver_connection.prepare_threshold = None
