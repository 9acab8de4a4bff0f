"""A copy has all that a database can have, on each kind of server and with any driver."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from lback.core.copies.names import COPY, new_name
from lback.db.beside.opening import beside
from lback.db.beside.postgresql import PostgresqlDatabases
from lback.errors import LbackError
from tests.db.projects import ASYNC_ENV
from tests.templates.conftest import MakeShop, ask, tables

MARIADB = """
for sql in (
    "CREATE SEQUENCE numbers START WITH 5",
    "CREATE TABLE a (id INT PRIMARY KEY AUTO_INCREMENT, n VARCHAR(9), INDEX (n)) "
    "AUTO_INCREMENT = 7",
    "CREATE TABLE b (id INT PRIMARY KEY, a INT, twice INT AS (a * 2) STORED, FOREIGN KEY (a) "
    "REFERENCES a (id))",
    "CREATE TABLE c (id INT PRIMARY KEY, a INT, n INT, CONSTRAINT fk FOREIGN KEY (a) "
    "REFERENCES a (id))",
    "CREATE INDEX later ON c (n)",
    "CREATE TABLE `o%d``d` (id INT PRIMARY KEY, `a%` INT, n INT, FOREIGN KEY (`a%`) REFERENCES "
    "a (id), CONSTRAINT own FOREIGN KEY (n) REFERENCES a (id), INDEX own (n))",
    "INSERT INTO a (id, n) VALUES (0 + 1, 'it''s'), (2, NULL)",
    "INSERT INTO b (id, a) VALUES (1, 2)",
    "CREATE VIEW second AS SELECT n FROM a",
    "CREATE VIEW first AS SELECT n FROM second",
    "CREATE FUNCTION one() RETURNS INT DETERMINISTIC RETURN 1",
    "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.n = UPPER(NEW.n)",
    "SELECT NEXTVAL(numbers)",
):
    op.execute(sa.text(sql))
"""
POSTGRESQL = """
for sql in (
    "CREATE SCHEMA more",
    "CREATE TYPE mood AS ENUM ('glad', 'sad')",
    "CREATE TABLE more.a (id SERIAL PRIMARY KEY, m mood)",
    "INSERT INTO more.a (m) VALUES ('sad')",
):
    op.execute(sql)
"""


@contextmanager
def sent() -> Iterator[list[str]]:
    """Give what is sent to servers meanwhile."""
    statements: list[str] = []

    def note(*given: Any) -> None:
        statements.append(str(given[2]))

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


@pytest.mark.mysql
def test_mariadb(make_shop: MakeShop, mariadb_url: str) -> None:
    shop = make_shop(mariadb_url)
    shop.add("a1", None, MARIADB)
    template = shop.template()
    with sent() as statements:
        copy = shop.copy(template)
    makes = [one.split("(")[0] for one in statements if "TABLE `" in one and "SHOW" not in one]
    names = ("a", "alembic_version", "b", "c", "o%d``d")
    assert makes == [f"CREATE TABLE `{name}` " for name in names]  # one statement for each
    assert ask(copy, "SELECT id, n FROM a ORDER BY id") == [(1, "it's"), (2, None)]
    assert ask(copy, "SELECT a, twice FROM b") == [(2, 4)]
    assert ask(copy, "SELECT n FROM first ORDER BY n") == [(None,), ("it's",)]
    assert ask(copy, "SELECT one(), NEXTVAL(numbers)") != [(1, 5)]
    ask(copy, "INSERT INTO a (n) VALUES ('low')")
    assert ask(copy, "SELECT id, n FROM a WHERE id > 2") == [(7, "LOW")]
    with pytest.raises(sa.exc.IntegrityError):
        ask(copy, "INSERT INTO b (id, a) VALUES (2, 99)")
    assert "lback_template" not in tables(copy)
    # An index that the server has made for the key goes once another one serves it.
    ask(copy, "CREATE INDEX more ON b (a, id)")
    ask(copy, "CREATE INDEX more ON a (n, id)")
    ask(copy, "CREATE INDEX more ON c (a, id)")
    assert {str(row[2]) for row in ask(copy, "SHOW INDEX FROM c")} == {"PRIMARY", "later", "more"}
    assert {str(row[2]) for row in ask(copy, "SHOW INDEX FROM b")} == {"PRIMARY", "more"}
    assert {str(row[2]) for row in ask(copy, "SHOW INDEX FROM a")} == {"PRIMARY", "n", "more"}
    ask(copy, "CREATE INDEX more ON `o%d``d` (`a%`, id)")
    ask(copy, "CREATE INDEX other ON `o%d``d` (n, id)")
    indexes = {str(row[2]) for row in ask(copy, "SHOW INDEX FROM `o%d``d`")}
    assert indexes == {"PRIMARY", "more", "own", "other"}


@pytest.mark.postgresql
def test_postgresql(make_shop: MakeShop, postgres_url: str) -> None:
    """Another locale than the server's, and a setting of the database, are its copies', too."""
    name = str(sa.make_url(postgres_url).database)
    engine = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f'ALTER DATABASE "{name}" SET search_path = more, public'))
    shop = make_shop(postgres_url)
    shop.add("a1", None, POSTGRESQL)
    copy = shop.copy(shop.template())
    assert ask(copy, "SELECT id, m FROM a") == [(1, "sad")]
    assert ask(copy, "SHOW search_path") == [("more, public",)]
    ask(copy, "INSERT INTO a (m) VALUES ('glad')")
    assert ask(shop.copy(shop.template()), "SELECT count(*) FROM a") == [(1,)]


@pytest.mark.postgresql
def test_another_locale(postgres_url: str, tmp_path: Path) -> None:
    """An empty database beside one is as that one is, whoever provides its locale."""
    place = beside(sa.make_url(postgres_url), tmp_path, tmp_path)
    assert isinstance(place, PostgresqlDatabases)
    odd, new = new_name(COPY), new_name(COPY)
    made = (
        f"CREATE DATABASE \"{odd}\" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' "
        "LC_CTYPE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'de'"
    )
    try:
        place.server.call(lambda at: at.exec_driver_sql(made))
    except LbackError:
        pytest.skip("this PostgreSQL knows no ICU")
    there = beside(place.named(odd), tmp_path, tmp_path)
    try:
        there.create(new)
        asked = "SELECT datcollate, datctype, to_jsonb(d) ->> 'datlocprovider' FROM pg_database d "
        which = f"WHERE datname IN ('{odd}', '{new}')"
        assert ask(postgres_url, asked + which) == [("C", "C", "i")] * 2
    finally:
        for name in (odd, new):
            place.drop(name)
        there.close()
        place.close()


def test_an_asynchronous_driver(make_shop: MakeShop, sqlite_url: str) -> None:
    url = sqlite_url.replace("sqlite:", "sqlite+aiosqlite:")
    shop = make_shop(url, ASYNC_ENV)
    shop.chain("a1", "b2")
    made = shop.template()
    assert made.url.drivername == "sqlite+aiosqlite"
    plain = shop.copy(made).set(drivername="sqlite")
    assert tables(plain) == ["alembic_version", "t_a1", "t_b2"]


@pytest.mark.postgresql
def test_an_asynchronous_driver_of_a_server(make_shop: MakeShop, postgres_url: str) -> None:
    shop = make_shop(postgres_url, ASYNC_ENV)
    shop.chain("a1")
    assert tables(shop.copy(shop.template())) == ["alembic_version", "t_a1"]


def test_who_is_connected_does_not_stop_a_copy_from_going(
    make_shop: MakeShop, any_url: str
) -> None:
    shop = make_shop(any_url)
    shop.chain("a1")
    made = shop.template()
    copy = shop.copy(made)
    engine = sa.create_engine(copy)
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT * FROM t_a1")).all()
        made.drop(copy)
        assert not made.beside.exists(copy)
        connection.invalidate()
    engine.dispose()
