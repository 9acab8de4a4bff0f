"""Speaks to a database server outside of transactions, by whatever driver a URL names."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine

from lback.db.failures import reason
from lback.db.urls import shown_url
from lback.errors import LbackError
from lback.secrets import KNOWN

T = TypeVar("T")


class Server:
    """A connection that is kept, and opened when it is first needed; for one thread at a time.

    Each statement is committed by itself, and is sent as it stands.
    """

    def __init__(self, url: URL) -> None:
        self.url = url
        self._is_async = bool(url.get_dialect().is_async)
        self._connection: Connection | None = None
        self._turn = threading.RLock()

    def call(self, work: Callable[[Connection], T]) -> T:
        """Do some work with a connection; LbackError where the server refuses it."""
        try:
            if self._is_async:
                return in_a_loop(self.url, lambda connection: work(_plain(connection)))
            with self._turn:
                return work(self._opened())
        except sa.exc.SQLAlchemyError as err:
            if isinstance(err, sa.exc.DBAPIError) and err.connection_invalidated:
                self.close()
            raise refused(self.url, err) from err

    def _opened(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = _plain(sa.create_engine(self.url, poolclass=sa.NullPool).connect())
        return self._connection

    def close(self) -> None:
        """Let go of the connection."""
        with self._turn:
            connection, self._connection = self._connection, None
            if connection is not None:
                with suppress(sa.exc.SQLAlchemyError):
                    connection.close()


def refused(url: URL, err: Exception) -> LbackError:
    """Make the error for a statement that a server did not do."""
    return LbackError(
        KNOWN.redact(f"The database server of {shown_url(url)} refused: {reason(err)}"),
        "See that the server runs, and that this user may create databases.",
    )


def _plain(connection: Connection) -> Connection:
    return connection.execution_options(isolation_level="AUTOCOMMIT", no_parameters=True)


def in_a_loop(url: URL, work: Callable[[Connection], T]) -> T:
    """Do some work with a connection of an asynchronous driver."""
    from sqlalchemy.ext.asyncio import create_async_engine

    # Needs greenlet, which those have who have such a driver.
    async def run() -> T:
        engine = create_async_engine(url, poolclass=sa.NullPool)
        try:
            async with engine.connect() as connection:
                return await connection.run_sync(work)
        finally:
            await engine.dispose()

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(run())
    with ThreadPoolExecutor(1) as pool:  # the caller has a loop of its own, which cannot wait
        return pool.submit(lambda: asyncio.run(run())).result()


def dispose(engine: Engine) -> None:
    """Forget the pooled connections of an engine; those of an async one are not ours to close."""
    engine.dispose(close=not engine.dialect.is_async)
