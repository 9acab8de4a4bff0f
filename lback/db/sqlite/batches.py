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
from lback.db.sqlite.transactions import Transactions, transactions_of

_ACTIONS = frozenset({"CASCADE", "SET NULL", "SET DEFAULT"})


@contextmanager
def sparing_others() -> Iterator[None]:
    """Let batch operations change their own table alone, while this lasts."""
    with around_batches(_keeping):
        yield


@contextmanager
def _keeping(connection: Connection | None, table: str) -> Iterator[None]:
    transactions = transactions_of(connection)
    let_go = transactions is not None and transactions.let_go
    sqlite = connection is not None and connection.dialect.name == "sqlite"
    if connection is None or not sqlite or not (let_go or _enforced(connection)):
        yield
        return
    at_stake = _at_stake(connection, table)
    if not at_stake:
        yield
        return
    if transactions is None:
        around = _alone(connection, table, at_stake)
    else:
        around = _within(transactions, table, at_stake)
    with around:
        yield


@contextmanager
def _within(transactions: Transactions, table: str, at_stake: list[str]) -> Iterator[None]:
    """Copy a table as a part of its step's transaction."""
    if not transactions.let_go_of_keys():
        raise messages.batch_takes_rows(table, at_stake)
    with transactions.copying():
        yield
    broken = transactions.broken()
    if broken:
        raise messages.batch_breaks_keys(table, broken[0])


@contextmanager
def _alone(connection: Connection, table: str, at_stake: list[str]) -> Iterator[None]:
    """Copy a table in a transaction of its own, where each statement is committed."""
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
