"""What the models would be in a database is made for the tables that are not there as such."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.db.comparing.twins import TwinTables

MODELS = sa.MetaData(naming_convention={"uq": "uq_%(column_0_name)s", "ix": "ix_%(column_0_name)s"})
USERS = sa.Table(
    "users",
    MODELS,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("email", sa.String(80), unique=True, server_default="it's"),
    sa.Column("upper", sa.String(80), sa.Computed("upper(email)")),
    sa.CheckConstraint("id > 0"),
    sa.Index("ix_users_email", "email", sqlite_where=sa.text("id > 3")),
)
POSTS = sa.Table(
    "posts",
    MODELS,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id", ondelete="CASCADE"), index=True),
)
TABLES = [USERS, POSTS]


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as made:
        MODELS.create_all(made)
        yield made
    engine.dispose()


def test_the_same_text_is_the_same_table(connection: Connection) -> None:
    twins = TwinTables(connection, TABLES)
    assert twins.same == {(None, "users"), (None, "posts")} and not twins.made
    asked = twins.get(USERS)  # as where names change
    assert asked is not None and set(asked.indexes) == {"ix_users_email"}
    assert asked.computed("upper") == ("upper(email)", False)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP INDEX ix_users_email",
        "CREATE INDEX more ON users (id)",
        "DROP INDEX ix_users_email; CREATE INDEX ix_users_email ON users (email)",
        "ALTER TABLE users ADD COLUMN nick TEXT",
        "ALTER TABLE users RENAME COLUMN email TO mail",
        "DROP TABLE users; CREATE TABLE users (id INTEGER)",
        "DROP TABLE users",
        "DROP TABLE users; CREATE VIEW users AS SELECT 1 AS id",
    ],
)
def test_another_text_is_compared(connection: Connection, statement: str) -> None:
    for one in statement.split("; "):
        connection.exec_driver_sql(one)
    twins = TwinTables(connection, TABLES)
    assert twins.same == {(None, "posts")} and set(twins.made) == {(None, "users")}
