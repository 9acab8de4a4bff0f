"""Compares with a copy of a template, and counts rows in the database that the project has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine

from lback.db.settling import count_rows_of
from lback.db.templates.leading import Leading, leading
from lback.db.urls import OURS

if TYPE_CHECKING:
    from lback.db.view import View


class LedTo(NamedTuple):
    """What a comparison with a template is given in the place of the project's own database."""

    refuse: Callable[[View], None]
    """Raises LbackError for a connection that was not led to the copy."""
    rows: Callable[[str, str | None, str | None], int | None]
    """Counts rows of the project's own database; None where it does not tell."""


@contextmanager
def led_to(copy: URL) -> Iterator[LedTo]:
    """Lead whatever env.py connects to to a copy, while this lasts."""
    with leading(lambda _url: None) as led:
        led.target = copy
        rows = _RowsThere(led)
        try:
            yield LedTo(lambda view: led.adjust({"connection": view.connection}), rows.count)
        finally:
            rows.close()


class _RowsThere:
    """The database that env.py would have connected to, asked when somebody asks for rows."""

    def __init__(self, led: Leading) -> None:
        self._led = led
        self._engine: Engine | None = None
        self._connection: Connection | None = None

    def count(self, table: str, schema: str | None, column: str | None) -> int | None:
        """Count rows, or those with a value in a column; None where that cannot be known."""
        try:
            connection = self._opened()
        except sa.exc.SQLAlchemyError:
            return None
        return count_rows_of(connection, table, schema, column) if connection is not None else None

    def _opened(self) -> Connection | None:
        url = self._led.seen
        if self._engine is None and url is not None and not url.get_dialect().is_async:
            self._engine = sa.create_engine(url, poolclass=sa.NullPool, execution_options=OURS)
        if self._connection is None and self._engine is not None:
            self._connection = self._engine.connect()
        return self._connection

    def close(self) -> None:
        """Let go of the database."""
        with suppress(sa.exc.SQLAlchemyError):
            if self._connection is not None:
                self._connection.close()
        if self._engine is not None:
            self._engine.dispose()
