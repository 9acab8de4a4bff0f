"""Runs two deeds in both orders on a real database and compares what comes of it."""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import dedent, indent
from typing import Any

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.util import CommandError
from sqlalchemy.exc import SAWarning, SQLAlchemyError

START = """
op.create_table(
    "users",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("name", sa.String(50), nullable=False, server_default="x"),
    sa.Column("email", sa.String(50)),
    sa.Column("nick", sa.String(50)),
    sa.Column("note", sa.String(50)),
    sa.Column("age", sa.Integer()),
)
op.create_index("ix_users_email", "users", ["email"])
op.create_table(
    "tags",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("label", sa.String(50)),
)
op.create_table(
    "posts",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("user_id", sa.Integer()),
    sa.Column("tag_id", sa.Integer()),
    sa.Column("title", sa.String(50)),
    sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_posts_user"),
    sa.CheckConstraint("title <> ''", name="ck_posts_title"),
)
op.create_index("ix_posts_title", "posts", ["title"])
op.create_table(
    "logs",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("message", sa.String(50)),
)
op.create_table("spare", sa.Column("id", sa.Integer(), primary_key=True))
if op.get_bind().dialect.name == "postgresql":
    op.execute("CREATE TYPE mood AS ENUM ('sad', 'glad')")
    op.execute("CREATE SEQUENCE numbers")
op.execute("CREATE VIEW tag_labels AS SELECT label FROM tags")
op.execute("INSERT INTO users (id, name, email, nick, age) VALUES (1, 'ann', 'a@x', 'an', 30)")
op.execute("INSERT INTO users (id, name, email, nick, age) VALUES (2, 'bob', 'b@x', 'bo', 40)")
op.execute("INSERT INTO tags (id, label) VALUES (1, 'red')")
op.execute("INSERT INTO posts (id, user_id, title) VALUES (1, 1, 'hello')")
"""


def revision(body: str) -> bytes:
    """Return the text of a revision whose upgrade() is the given statements."""
    head = (
        "from alembic import op\nimport sqlalchemy as sa\n\n"
        "TEXT = sa.String(50)\n\n\ndef upgrade():\n"
    )
    return (head + indent(dedent(body), "    ")).encode()


def perform(connection: sa.Connection, body: str) -> None:
    """Run statements as a migration would."""
    context = MigrationContext.configure(connection, opts={"target_metadata": None})
    with Operations.context(context) as op:
        exec(dedent(body), {"op": op, "sa": sa, "TEXT": sa.String(50)})


def picture(connection: sa.Connection) -> dict[str, Any]:
    """Return schema and rows in a form that does not depend on the order of anything."""
    inspector = sa.inspect(connection)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        columns = inspector.get_multi_columns()
        found: dict[str, Any] = {
            "columns": {
                table: sorted(
                    (c["name"], str(c["type"]), c["nullable"], str(c["default"])) for c in listed
                )
                for (_, table), listed in columns.items()
            },
            "keys": {
                table: str(key) for (_, table), key in inspector.get_multi_pk_constraint().items()
            },
            "references": _sorted(inspector.get_multi_foreign_keys()),
            "uniques": _sorted(inspector.get_multi_unique_constraints()),
            "checks": _sorted(inspector.get_multi_check_constraints()),
            "indexes": _sorted(inspector.get_multi_indexes()),
        }
    found["rows"] = {
        table: _rows(connection, table, listed) for (_, table), listed in columns.items()
    }
    found["views"] = {
        name: " ".join(str(inspector.get_view_definition(name)).split())
        for name in inspector.get_view_names()
    }
    if connection.dialect.name == "postgresql":
        found["enums"] = sorted((e["name"], e["labels"]) for e in inspector.get_enums())  # type: ignore[attr-defined]
        found["sequences"] = sorted(inspector.get_sequence_names())
    return found


def _sorted(listed: Any) -> dict[str, list[str]]:
    return {table: sorted(map(str, found)) for (_, table), found in listed.items()}


def _rows(connection: sa.Connection, table: str, columns: Any) -> list[str]:
    names = sorted(column["name"] for column in columns)
    query = sa.select(*(sa.column(name) for name in names)).select_from(sa.table(table))
    return sorted(str(tuple(row)) for row in connection.execute(query))


class Bench:
    """A database in which the start schema can be had again and again."""

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        self.kind = self.url.get_backend_name()
        self.alone: dict[str, bool] = {}
        self.template = sqlite3.connect(":memory:", check_same_thread=False)
        self.engine = sa.create_engine("sqlite://", creator=lambda: self.template)
        if self.kind == "sqlite":
            with self.engine.begin() as connection:
                perform(connection, START)
        else:
            self.engine = sa.create_engine(self.url)
        if self.kind == "postgresql":
            with self.engine.begin() as connection:
                perform(connection, START)

    def outcome(self, *bodies: str) -> dict[str, Any] | str:
        """Run statements on the start schema; return the picture after them, or an error."""
        with self._started() as connection:
            try:
                for body in bodies:
                    perform(connection, body)
                return picture(connection)
            except (SQLAlchemyError, CommandError, KeyError, ValueError) as problem:
                return f"error: {problem}"

    def runs_alone(self, body: str) -> bool:
        """Tell whether statements work on the start schema."""
        if body not in self.alone:
            self.alone[body] = not isinstance(self.outcome(body), str)
        return self.alone[body]

    @contextmanager
    def _started(self) -> Iterator[sa.Connection]:
        """Yield a connection to the start schema: a copy, a transaction, or made anew."""
        if self.kind == "sqlite":
            copy = sqlite3.connect(":memory:")
            self.template.backup(copy)
            engine = sa.create_engine("sqlite://", creator=lambda: copy)
            with engine.connect() as connection:
                yield connection
            engine.dispose()
            copy.close()
            return
        with self.engine.connect() as connection:
            if self.kind == "mysql":
                self._empty(connection)
                perform(connection, START)
                yield connection
                return
            with connection.begin() as transaction:
                yield connection
                transaction.rollback()

    def _empty(self, connection: sa.Connection) -> None:
        inspector = sa.inspect(connection)
        connection.execute(sa.text("SET FOREIGN_KEY_CHECKS = 0"))
        for view in inspector.get_view_names():
            connection.execute(sa.text(f"DROP VIEW `{view}`"))
        for table in inspector.get_table_names():
            connection.execute(sa.text(f"DROP TABLE `{table}`"))
        connection.execute(sa.text("SET FOREIGN_KEY_CHECKS = 1"))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
        self.template.close()


def commute(bench: Bench, left: str, right: str) -> bool | None:
    """Tell whether both orders work and agree; None where a side does not run here alone."""
    if not (bench.runs_alone(left) and bench.runs_alone(right)):
        return None
    first = bench.outcome(left, right)
    if isinstance(first, str):
        return False
    return first == bench.outcome(right, left)
