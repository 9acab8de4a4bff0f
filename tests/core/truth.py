"""Runs two kinds of change in both orders on a real database and compares what comes of it."""

from __future__ import annotations

import functools
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import dedent
from types import CodeType
from typing import Any

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.util import CommandError
from sqlalchemy.exc import SAWarning, SQLAlchemyError

from tests.core.kinds import START
from tests.core.schema_picture import Picture, picture

_CATALOGUES = (
    "pg_attribute, pg_attrdef, pg_class, pg_constraint, pg_depend, pg_description, pg_enum, "
    "pg_index, pg_proc, pg_rewrite, pg_sequence, pg_shdepend, pg_trigger, pg_type"
)
_REWIND = "SELECT setval('people_id_seq', 1), setval('numbers', 1, false)"
_FAILURES = (SQLAlchemyError, CommandError, KeyError, ValueError, sqlite3.Error)


@functools.lru_cache(maxsize=1024)
def _compiled(body: str) -> CodeType:
    return compile(dedent(body), "revision", "exec")


def perform(connection: sa.Connection, body: str) -> None:
    """Run statements as a migration would."""
    context = MigrationContext.configure(connection, opts={"target_metadata": None})
    with Operations.context(context) as op, warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        exec(_compiled(body), {"op": op, "sa": sa, "TEXT": sa.String(50)})


class Bench:
    """A database in which the start schema can be had again and again."""

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        self.kind = self.url.get_backend_name()
        self._alone: dict[str, Picture | str] = {}
        self._outcomes = 0
        self._template = sqlite3.connect(":memory:", check_same_thread=False)
        if self.kind == "sqlite":
            self.engine = sa.create_engine("sqlite://", creator=lambda: self._template)
        else:
            self.engine = sa.create_engine(self.url)
        with self.engine.begin() as connection:
            perform(connection, START)
        self._connection = self.engine.connect()
        self.start = picture(self._connection)
        self._connection.rollback()
        self._definitions = _definitions(self._connection) if self.kind == "mysql" else {}

    def outcome(self, *bodies: str) -> Picture | str:
        """Run statements on the start schema; return the picture after them, or an error."""
        with self._started() as connection:
            try:
                for body in bodies:
                    perform(connection, body)
                return picture(connection)
            except _FAILURES as problem:
                return f"error: {str(problem).splitlines()[0]}"

    def alone(self, body: str) -> Picture | str:
        """Return what comes of statements alone."""
        if body not in self._alone:
            self._alone[body] = self.outcome(body)
        return self._alone[body]

    def happens(self, body: str) -> bool:
        """Tell whether statements work on the start schema, and do something."""
        found = self.alone(body)
        return not isinstance(found, str) and found != self.start

    @contextmanager
    def _started(self) -> Iterator[sa.Connection]:
        """Yield a connection to the start schema: a copy, a transaction, or mended."""
        if self.kind == "sqlite":
            copy = sqlite3.connect(":memory:")
            self._template.backup(copy)
            engine = sa.create_engine("sqlite://", creator=lambda: copy)
            with engine.connect() as connection:
                yield connection
            engine.dispose()
            copy.close()
            return
        if self.kind == "postgresql":
            self._sweep()
            with self._connection.begin() as transaction:
                # A sequence goes on, whatever is rolled back.
                self._connection.exec_driver_sql(_REWIND)
                yield self._connection
                transaction.rollback()
            return
        try:
            yield self._connection
        finally:
            self._connection.rollback()
            self._mend()
            self._connection.commit()

    def _sweep(self) -> None:
        """Take out of the catalogues, now and then, what all the definitions undone left there."""
        self._outcomes += 1
        if self._outcomes % 200 == 0:
            alone = self.engine.execution_options(isolation_level="AUTOCOMMIT")
            with alone.connect() as connection:
                connection.exec_driver_sql(f"VACUUM {_CATALOGUES}")

    def _mend(self) -> None:
        """Make anew what differs from the start: MariaDB takes no definition back."""
        run = self._connection.exec_driver_sql
        now = picture(self._connection)
        if now == self.start:
            return
        run("SET FOREIGN_KEY_CHECKS = 0")
        before, after = self.start["tables"], now["tables"]
        differing = [one for one in after if after[one] != before.get(one)]
        for name in differing:
            run(f"DROP VIEW IF EXISTS `{name}`" if after[name][2] else f"DROP TABLE `{name}`")
        for name, statements in self._definitions.items():
            if name in differing or name not in after:
                for statement in statements:
                    run(statement.replace("%", "%%"))
        run("SET FOREIGN_KEY_CHECKS = 1")
        if now["triggers"] != self.start["triggers"]:
            for name, *_ in list(run("SHOW TRIGGERS")):
                run(f"DROP TRIGGER `{name}`")

    def close(self) -> None:
        """Close all connections."""
        self._connection.close()
        self.engine.dispose()
        self._template.close()


def _definitions(connection: sa.Connection) -> dict[str, list[str]]:
    """Return for each table or view the statements that make it and fill it."""
    run = connection.exec_driver_sql
    found: dict[str, list[str]] = {}
    # Tables first: a view is made of them.
    for name, kind in sorted(run("SHOW FULL TABLES"), key=lambda one: one[1]):
        found[name] = [run(f"SHOW CREATE TABLE `{name}`").fetchone()[1]]  # type: ignore[index]
        if kind == "BASE TABLE":
            for row in list(run(f"SELECT * FROM `{name}`")):
                found[name].append(f"INSERT INTO `{name}` VALUES ({', '.join(map(_literal, row))})")
    return found


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def both_orders(
    bench: Bench, left: str, right: str, *, whole: bool = False
) -> tuple[str, str] | None:
    """Say what came of each order: "" for alike, "differ", or an error; None: nothing to see.

    Where the first order fails the second one is run for the `whole` story only.
    """
    if not (bench.happens(left) and bench.happens(right)):
        return None
    first = bench.outcome(left, right)
    if isinstance(first, str) and not whole:
        return first, ""
    second = bench.outcome(right, left)
    if isinstance(first, str) or isinstance(second, str):
        return (first if isinstance(first, str) else ""), (
            second if isinstance(second, str) else ""
        )
    return ("", "") if first == second else ("differ", "differ")
