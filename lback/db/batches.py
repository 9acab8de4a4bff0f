"""Batch operations on SQLite: the copy of a table must not take the rows of others along.

Alembic copies the table, drops it and renames the copy. With `PRAGMA foreign_keys=ON` SQLite
deletes the rows before it drops a table, and so does what `ON DELETE` says to the rows of others:
https://www.sqlite.org/lang_altertable.html#otheralter has the order that keeps them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.engine import Connection

from lback.core.messages import runs as messages
from lback.db.alembic_compat import around_batches

_ACTIONS = frozenset({"CASCADE", "SET NULL", "SET DEFAULT"})


@contextmanager
def sparing_others() -> Iterator[None]:
    """Let batch operations change their own table alone, while this lasts."""
    with around_batches(_keeping):
        yield


@contextmanager
def _keeping(connection: Connection | None, table: str) -> Iterator[None]:
    if connection is None or connection.dialect.name != "sqlite" or not _enforced(connection):
        yield
        return
    at_stake = _at_stake(connection, table)
    if not at_stake:
        yield
        return
    connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    if _enforced(connection):  # SQLite heeds it outside of transactions alone
        raise messages.batch_takes_rows(table, at_stake)
    driver: Any = connection.connection.dbapi_connection
    level = driver.isolation_level
    driver.isolation_level = None  # or the driver begins transactions of its own
    try:
        before = _violations(connection)
        connection.exec_driver_sql("BEGIN")
        try:
            yield
            broken = sorted(_violations(connection) - before)
            if broken:
                raise messages.batch_breaks_keys(table, broken[0][0])
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")
    finally:
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        driver.isolation_level = level


def _enforced(connection: Connection) -> bool:
    return bool(connection.exec_driver_sql("PRAGMA foreign_keys").scalar())


def _at_stake(connection: Connection, table: str) -> list[str]:
    """Return the other tables whose rows a drop of this one would delete or empty."""
    rows = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
    quote = connection.dialect.identifier_preparer.quote_identifier
    at_stake = []
    for (name,) in rows.fetchall():
        keys = connection.exec_driver_sql(f"PRAGMA foreign_key_list({quote(name)})").fetchall()
        acts = any(key[2].casefold() == table.casefold() and key[6] in _ACTIONS for key in keys)
        if acts and connection.exec_driver_sql(f"SELECT 1 FROM {quote(name)} LIMIT 1").first():
            at_stake.append(name)
    return at_stake


def _violations(connection: Connection) -> set[tuple[str, Any, str]]:
    rows = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    return {(name, row, parent) for name, row, parent, _ in rows}
