"""A server's session while a run has it: what is set for the run, and undone when it is over."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection

from lback.db.identity import untouched


@contextmanager
def kept(connection: Connection) -> Iterator[None]:
    """Keep what is SET meanwhile, where env.py has begun no transaction; leave its own alone."""
    inside = connection.in_transaction()
    with untouched(connection):
        yield
        driver: Any = connection.connection.dbapi_connection
        if not inside and driver is not None:
            driver.commit()  # the driver's own, so that SQLAlchemy's state stays


class Lent:
    """A connection of env.py's: statements end what the run had of it, when it is given back.

    That is the moment in which its pool gets it, and else the end of the run.
    """

    def __init__(self, connection: Connection, on_end: Callable[[], None] | None = None) -> None:
        self.connection = connection
        self.ended = False
        self.statements: list[str] = []
        self._on_end = on_end
        self._pooled: Any = connection.connection.dbapi_connection
        event.listen(connection.engine.pool, "checkin", self._checkin)

    def _checkin(self, dbapi_connection: Any, _record: Any) -> None:
        if self.ended or dbapi_connection is not self._pooled:
            return
        self.ended = True
        with contextlib.suppress(Exception):  # closing the session ends all of it as well
            if self._on_end is not None:
                self._on_end()
            cursor = dbapi_connection.cursor()
            for statement in self.statements:
                cursor.execute(statement)
            cursor.close()
            dbapi_connection.commit()

    def end(self) -> None:
        """Stop watching; run the statements on a connection that env.py has left open."""
        if self._pooled is None:
            return
        self._pooled = None
        with contextlib.suppress(Exception):
            event.remove(self.connection.engine.pool, "checkin", self._checkin)
        ended, self.ended = self.ended, True
        if ended:
            return
        with contextlib.suppress(Exception):
            if self._on_end is not None:
                self._on_end()
        with contextlib.suppress(Exception):
            if self.connection.closed or self.connection.invalidated:
                return  # it would connect again
            with kept(self.connection):
                for statement in self.statements:
                    self.connection.exec_driver_sql(statement)
