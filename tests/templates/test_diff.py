"""`diff`: what a database, migrations, models and refs differ in, and nothing on a clean one."""

from __future__ import annotations

import os
import re
import sys
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from bench.models_compared import ENV
from lback.app.diff import DiffOptions, DiffResult, diff
from lback.app.status import status
from lback.cli.commands.diff import lines
from lback.core.altering.statements import heading, script, statements
from lback.core.plans import plan_upgrade
from lback.core.schema_diff import Schema, SchemaChange, changes
from lback.db.schema import read_whole
from lback.db.statements.reading import read_side
from lback.db.templates.schemas import read_at
from lback.errors import LbackError, UsageError
from lback.formats.style import Style
from tests.db.projects import ASYNC_ENV
from tests.templates.conftest import MakeShop, Shop, ask, tables

USERS = (
    "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True),"
    " sa.Column('email', sa.String(80)), sa.Column('age', sa.Integer),"
    " sa.Column('team', sa.Integer))"
)
TEAMS = "op.create_table('teams', sa.Column('id', sa.Integer, primary_key=True))"

EVERYWHERE = (
    ("CREATE TABLE extra (id INTEGER NOT NULL)", "added table extra"),
    ("ALTER TABLE users ADD COLUMN nick VARCHAR(20)", "added column users.nick"),
    ("ALTER TABLE users DROP COLUMN age", "removed column users.age"),
    ("CREATE INDEX ix ON users (email)", "added index users.ix"),
    ("CREATE VIEW v AS SELECT id FROM users", "added view v"),
    ("DROP TABLE extra", "removed table extra"),
)
TABLES = (
    ("ALTER TABLE users ADD CONSTRAINT uq UNIQUE (email)", "added unique constraint users.uq"),
    ("ALTER TABLE users ADD CONSTRAINT ck CHECK (team > 0)", "added check users.ck"),
    (
        "ALTER TABLE users ADD CONSTRAINT fk FOREIGN KEY (team) REFERENCES teams (id)",
        "added foreign key users.fk",
    ),
    ("ALTER TABLE users DROP CONSTRAINT ck", "removed check users.ck"),
)
KINDS = {
    "sqlite": (
        *EVERYWHERE,
        ("DROP INDEX ix", "removed index users.ix"),
        ("CREATE INDEX ix ON users (email) WHERE email <> ''", "added index users.ix"),
        ("DROP INDEX ix; CREATE INDEX ix ON users (email)", "changed index users.ix"),
        ("DROP INDEX ix; CREATE UNIQUE INDEX ix ON users (email)", "changed index users.ix"),
        ("DROP INDEX ix; CREATE INDEX ix ON users (lower(email))", "changed index users.ix"),
        (
            "DROP INDEX ix; CREATE UNIQUE INDEX ix ON users (lower(email)) WHERE id > 1",
            "changed index users.ix",
        ),
        ("DROP INDEX ix; CREATE UNIQUE INDEX ix ON users (email)", "changed index users.ix"),
        ("DROP VIEW v; CREATE VIEW v AS SELECT email FROM users", "changed view v"),
        ("CREATE TRIGGER t AFTER INSERT ON users BEGIN SELECT 1; END", "added trigger users.t"),
        (
            "DROP TRIGGER t; CREATE TRIGGER t AFTER DELETE ON users BEGIN SELECT 1; END",
            "changed trigger users.t",
        ),
        ("ALTER TABLE users ADD COLUMN d TEXT DEFAULT 'x'", "added column users.d"),
        (
            "ALTER TABLE users DROP COLUMN d; ALTER TABLE users ADD COLUMN d TEXT DEFAULT 'y'",
            "changed column users.d",
        ),
        (
            "ALTER TABLE users DROP COLUMN d;"
            " ALTER TABLE users ADD COLUMN d TEXT NOT NULL DEFAULT 'y'",
            "changed column users.d",
        ),
        (
            "ALTER TABLE users DROP COLUMN d; ALTER TABLE users ADD COLUMN d INTEGER",
            "changed column users.d",
        ),
        (
            "ALTER TABLE users ADD COLUMN g INTEGER GENERATED ALWAYS AS (id + 1)",
            "added column users.g",
        ),
        (
            "ALTER TABLE users DROP COLUMN g;"
            " ALTER TABLE users ADD COLUMN g INTEGER GENERATED ALWAYS AS (id + 2)",
            "changed column users.g",
        ),
        (
            "ALTER TABLE users ADD COLUMN r INTEGER REFERENCES teams (id)",
            "added column users.r, added foreign key users",
        ),
        (
            "CREATE TABLE w (a INTEGER PRIMARY KEY)",
            "added table w",
        ),
        (
            "DROP TABLE w; CREATE TABLE w (a INTEGER PRIMARY KEY, CHECK (a > 0), UNIQUE (a))",
            "added unique constraint w, added check w",
        ),
        (
            "DROP TABLE w; CREATE TABLE w (a INTEGER)",
            "removed unique constraint w, removed check w, removed primary key w",
        ),
        ("DROP TABLE w; CREATE TABLE w (a INTEGER) STRICT", "added storage w"),
        (
            "ALTER TABLE users RENAME COLUMN nick TO nn",
            "removed column users.nick, added column users.nn",
        ),
    ),
    "postgresql": (
        *EVERYWHERE,
        *TABLES,
        ("ALTER TABLE users ALTER email TYPE VARCHAR(90)", "changed column users.email"),
        ("ALTER TABLE users ALTER email SET NOT NULL", "changed column users.email"),
        ("ALTER TABLE users ALTER email SET DEFAULT 'x'", "changed column users.email"),
        ("COMMENT ON COLUMN users.email IS 'of a person'", "changed column users.email"),
        ("COMMENT ON TABLE users IS 'people'", "added comment users"),
        (
            "DROP INDEX ix; CREATE INDEX ix ON users (email) WHERE id > 3",
            "changed index users.ix",
        ),
        ("DROP INDEX ix; CREATE INDEX ix ON users (lower(email))", "changed index users.ix"),
        (
            "ALTER TABLE users DROP CONSTRAINT fk; ALTER TABLE users ADD CONSTRAINT fk"
            " FOREIGN KEY (team) REFERENCES teams (id) ON DELETE CASCADE",
            "changed foreign key users.fk",
        ),
        ("CREATE TYPE mood AS ENUM ('a')", "added enum mood"),
        ("ALTER TYPE mood ADD VALUE 'b'", "changed enum mood"),
        ("CREATE DOMAIN short AS text CHECK (length(value) < 9)", "added domain short"),
        ("CREATE SEQUENCE numbers", "added sequence numbers"),
        ("ALTER SEQUENCE numbers INCREMENT 5", "changed sequence numbers"),
        (
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "added function f()",
        ),
        (
            "CREATE TRIGGER t AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION f()",
            "added trigger users.t",
        ),
        ("ALTER TABLE users DISABLE TRIGGER t", "changed trigger users.t"),
        ("CREATE MATERIALIZED VIEW m AS SELECT 1 AS one", "added materialized view m"),
        ("CREATE SCHEMA ada", "added schema ada"),
        ("CREATE TABLE ada.t (id INTEGER)", "added table ada.t"),
        ("CREATE POLICY p ON users", "added row policy users.p"),
        ("ALTER TABLE users ENABLE ROW LEVEL SECURITY", "added row security users"),
        (
            "ALTER TABLE teams ALTER id DROP DEFAULT;"
            " ALTER TABLE teams ALTER id ADD GENERATED ALWAYS AS IDENTITY",
            "changed column teams.id",
        ),
        (
            "ALTER TABLE teams DROP CONSTRAINT teams_pkey CASCADE",
            "removed primary key teams, removed foreign key users.fk",
        ),
    ),
    "mysql": (
        *EVERYWHERE,
        *(
            (one, f"{said}, added index users.fk" if ".fk" in said else said)
            for one, said in TABLES
        ),
        ("ALTER TABLE users MODIFY email VARCHAR(90)", "changed column users.email"),
        ("ALTER TABLE users MODIFY email VARCHAR(90) NOT NULL", "changed column users.email"),
        (
            "ALTER TABLE users MODIFY email VARCHAR(90) NOT NULL DEFAULT 'x'",
            "changed column users.email",
        ),
        (
            "ALTER TABLE users MODIFY email VARCHAR(90) NOT NULL DEFAULT 'x' COMMENT 'c'",
            "changed column users.email",
        ),
        ("ALTER TABLE users COMMENT 'people'", "added comment users"),
        ("DROP INDEX ix ON users", "removed index users.ix"),
        ("CREATE INDEX ix ON users (email(5))", "added index users.ix"),
        (
            "ALTER TABLE users DROP FOREIGN KEY fk",
            "removed foreign key users.fk",
        ),
        (
            "CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW SET NEW.nick = 'x'",
            "added trigger users.t",
        ),
        (
            "DROP TRIGGER t; CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW"
            " SET NEW.nick = 'y'",
            "changed trigger users.t",
        ),
        ("CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1", "added function f"),
        ("ALTER TABLE teams ENGINE = MyISAM", "changed storage teams"),
        ("ALTER TABLE users ADD COLUMN mood ENUM('a')", "added column users.mood"),
        ("ALTER TABLE users MODIFY mood ENUM('a', 'b')", "changed column users.mood"),
        ("ALTER TABLE users ADD COLUMN g INT AS (team + 1) STORED", "added column users.g"),
        ("ALTER TABLE users MODIFY g INT AS (team + 2) STORED", "changed column users.g"),
        ("DROP VIEW v", "removed view v"),
    ),
}


SQLITE_OF_ALTER = (
    "BEGIN",
    "-- added column users.nick",
    'ALTER TABLE "users" ADD COLUMN "nick" TEXT',
    "COMMIT",
)


def said(change: SchemaChange) -> str:
    place = ".".join(filter(None, (change.table, change.name)))
    return f"{change.state} {change.kind} {place}"


def whole(url: str) -> Schema:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return read_whole(connection)


def test_each_kind_of_drift_is_seen_and_nothing_else(make_shop: MakeShop, any_url: str) -> None:
    shop = make_shop(any_url)
    shop.add("a1", None, f"{USERS}; {TEAMS}")
    shop.template()
    migrate(shop)
    clean = found(shop)
    assert clean.changes == () and clean.exit_code == 0 and clean.not_compared[0] == "rows"
    before = whole(any_url)
    kinds = KINDS[sa.make_url(any_url).get_backend_name()]
    for line, expected in kinds:
        ask_all(any_url, line)
        after = whole(any_url)
        assert ", ".join(map(said, changes(before, after))) == expected, line
        back = changes(after, before)
        assert len(back) == len(changes(before, after))
        before = after
    drifted = found(shop)
    assert drifted.exit_code == 1 and drifted.status == "findings" and len(drifted.changes) > 3
    told = status(shop.ctx(), drift=True)
    assert told.drift == drifted.changes


def as_sql(before: str, after: str) -> tuple[str, ...]:
    """Return the SQL that makes one database like another, and let it tell each difference."""
    sides = [read_at(sa.make_url(url), partial(read_side, sql=True)) for url in (before, after)]
    found = changes(*(side.schema for side in sides))
    sql = statements(found, *sides, sa.make_url(before).get_backend_name())
    told = [line for line in sql if line.startswith(("-- added", "-- removed", "-- changed"))]
    assert set(told) == {heading(change) for change in found}
    return sql


def follow(url: str, sql: tuple[str, ...]) -> None:
    """Run statements on a database, one by one."""
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for each in sql:
            if not each.startswith("--"):
                connection.exec_driver_sql(each.replace("%", "%%"))


def test_the_sql_makes_one_of_the_other(make_shop: MakeShop, any_url: str) -> None:
    """A second database follows the first, by the SQL for a few kinds of difference at a time."""
    shop = make_shop(any_url)
    shop.add("a1", None, f"{USERS}; {TEAMS}")
    template = shop.template()
    first, second, clean = (
        shop.copy(template).render_as_string(hide_password=False) for _ in range(3)
    )
    for table, columns, values in (("teams", "id", "7"), ("users", "id, team, email", "1, 7, 'a'")):
        for url in (first, second):
            ask(url, f"INSERT INTO {table} ({columns}) VALUES ({values})")
    kinds = KINDS[sa.make_url(any_url).get_backend_name()]
    at_once = int(os.environ.get("LBACK_AT_ONCE", "1" if any_url.startswith("sqlite") else "6"))
    for start in range(0, len(kinds), at_once):
        for line, _ in kinds[start : start + at_once]:
            ask_all(first, line)
        sql = as_sql(second, first)
        follow(second, sql)
        assert [said(one) for one in changes(whole(second), whole(first))] == [], sql
    assert ask(second, "SELECT count(*) FROM users WHERE team = 7") == [(1,)]
    follow(second, as_sql(second, clean))
    left = [said(one) for one in changes(whole(second), whole(clean))]
    assert left == [], left
    follow(second, as_sql(second, first))  # all at once
    assert [said(one) for one in changes(whole(second), whole(first))] == []


def ask_all(url: str, statements: str) -> None:
    for statement in re.split(r"; +(?=DROP|CREATE|ALTER)", statements):
        ask(url, statement)


def found(shop: Shop, *refs: str, models: bool = False) -> DiffResult:
    return diff(shop.ctx(), DiffOptions(refs, models))


def migrate(shop: Shop) -> None:
    database = shop.database()
    database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions))


def test_a_database_behind_is_compared_with_where_it_is(
    make_shop: MakeShop, sqlite_url: str
) -> None:
    shop = make_shop(sqlite_url)
    shop.add("a1", None, USERS)
    shop.template()
    migrate(shop)
    shop.add("b2", "a1", TEAMS)
    assert found(shop).changes == ()
    ask(sqlite_url, "UPDATE alembic_version SET version_num = 'b2'")  # a stamp that lies
    shop.template()
    told = found(shop)
    assert [said(change) for change in told.changes] == ["removed table teams"]
    assert told.before == "what the migrations build at b2"
    ask(sqlite_url, "UPDATE alembic_version SET version_num = 'c3'")
    with pytest.raises(LbackError, match="at c3, which no file here defines"):
        found(shop)
    ask(sqlite_url, "DELETE FROM alembic_version")
    assert [said(change) for change in found(shop).changes] == ["added table users"]


def test_refs(make_shop: MakeShop, any_url: str) -> None:
    shop = make_shop(any_url)
    shop.add("a1", None, USERS)
    commit(shop)
    shop.git("checkout", "-q", "-b", "feature")
    shop.add("b2", "a1", TEAMS)
    shop.template()
    commit(shop)
    shop.git("checkout", "-q", "main")
    shop.template()
    told = found(shop, "main", "feature")
    assert [said(change) for change in told.changes] == ["added table teams"]
    assert (told.before[-12:], told.after[-15:]) == ("`main` build", "`feature` build")
    assert [said(change) for change in found(shop, "feature").changes] == ["removed table teams"]
    assert found(shop, "main").changes == ()
    with pytest.raises(LbackError, match="nonsense"):
        found(shop, "nonsense")


def commit(shop: Shop) -> None:
    shop.git("add", "-A")
    shop.git("-c", "user.name=Ada", "-c", "user.email=a@b.c", "commit", "-q", "-m", "more")


MODELS = """
import sqlalchemy as sa

metadata = sa.MetaData()
sa.Table("teams", metadata, sa.Column("id", sa.Integer, primary_key=True))
sa.Table("more", metadata, sa.Column("id", sa.Integer, primary_key=True))
"""


def test_models(
    make_shop: MakeShop, any_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    env = ENV.replace("{root!r}", repr(str(tmp_path))).replace("{module}", "shop_models")
    shop = make_shop(any_url, env)
    (tmp_path / "shop_models.py").write_text(MODELS)
    monkeypatch.delitem(sys.modules, "shop_models", raising=False)
    shop.add("a1", None, TEAMS)
    shop.template()
    told = found(shop, models=True)
    assert [said(change) for change in told.changes] == ["added table more"]
    assert tables(any_url) == []  # of the project's own database
    with pytest.raises(UsageError, match="takes no ref"):
        found(shop, "main", models=True)
    bare = make_shop(any_url, name="bare")
    bare.add("a1", None, TEAMS)
    bare.template()
    with pytest.raises(LbackError, match="no models"):
        found(bare, models=True)


def test_an_asynchronous_env(make_shop: MakeShop, tmp_path: Path) -> None:
    shop = make_shop(f"sqlite+aiosqlite:///{tmp_path}/own.sqlite3", ASYNC_ENV)
    shop.add("a1", None, USERS)
    shop.template()
    migrate(shop)
    ask(f"sqlite:///{tmp_path}/own.sqlite3", "ALTER TABLE users ADD COLUMN nick TEXT")
    assert [said(change) for change in found(shop).changes] == ["added column users.nick"]


def test_sql_and_the_other_way_round(make_shop: MakeShop, sqlite_url: str) -> None:
    """Text, JSON and SQL tell the same differences; -R lets the sides change places."""
    shop = make_shop(sqlite_url)
    shop.add("a1", None, USERS)
    shop.template()
    migrate(shop)
    nothing = diff(shop.ctx(), DiffOptions(sql=True))
    (told,) = lines(nothing, Style())
    assert nothing.sql == () and told.splitlines()[2:] == [
        "-- no difference",
        "-- not compared: rows, virtual tables, the order of columns",
    ]
    ask(sqlite_url, "ALTER TABLE users ADD COLUMN nick TEXT")
    there = diff(shop.ctx(), DiffOptions(sql=True))
    assert there.sql == SQLITE_OF_ALTER
    assert there.data["sql"] == list(there.sql)
    back = diff(shop.ctx(), DiffOptions(sql=True, reverse=True))
    assert (back.before, back.after) == (there.after, there.before)
    assert [said(change) for change in back.changes] == ["removed column users.nick"]
    assert back.sql is not None
    follow(sqlite_url, back.sql)
    assert found(shop).changes == () and "sql" not in found(shop).data


def test_a_script_for_mysql_lets_code_hold_its_semicolons() -> None:
    made = ("-- added trigger t", "CREATE TRIGGER t BEGIN a; b; END", "CREATE VIEW v -- mine")
    assert script(made, "mysql").splitlines() == [
        "-- added trigger t",
        "DELIMITER ;;",
        "CREATE TRIGGER t BEGIN a; b; END;;",
        "DELIMITER ;",
        "CREATE VIEW v -- mine",
        ";",
    ]


def test_who_wrote_a_view_of_mysql_is_no_difference(mariadb_url: str) -> None:
    ask(mariadb_url, "CREATE TABLE t (a INTEGER)")
    ask(mariadb_url, "CREATE DEFINER = somebody@`10.%` VIEW v AS SELECT a FROM t")
    theirs = whole(mariadb_url)
    ask(mariadb_url, "DROP VIEW v")
    ask(mariadb_url, "CREATE VIEW v AS SELECT a FROM t")
    assert changes(theirs, whole(mariadb_url)) == ()


def test_a_partial_index_is_the_same_twice(make_shop: MakeShop, sqlite_url: str) -> None:
    """Its condition is an object whose address is no part of what it says."""
    ask(sqlite_url, "CREATE TABLE t (a INTEGER)")
    ask(sqlite_url, "CREATE INDEX ix ON t (a) WHERE a > 1")
    assert whole(sqlite_url) == whole(sqlite_url)


OF_A_TENANT = {
    "search_path": """
        connection.exec_driver_sql('SET search_path TO "Acme", public')
        connection.commit()
        context.configure(connection=connection, version_table_schema="Acme")
    """,
    "translated": """
        connection = connection.execution_options(schema_translate_map={{None: "Acme"}})
        context.configure(connection=connection, version_table_schema="Acme")
    """,
    "connect": """
        context.configure(connection=connection)
    """,
}
TENANT_ENV = """
    from alembic import context
    from sqlalchemy import create_engine, pool

    given = dict(options='-c search_path="Acme"') if CONNECT else dict()
    engine = create_engine({url!r}, poolclass=pool.NullPool, connect_args=given)
    with engine.connect() as connection:
WAY
        with context.begin_transaction():
            context.run_migrations()
"""


@pytest.mark.postgresql
@pytest.mark.parametrize("way", OF_A_TENANT)
def test_the_schema_of_a_tenant(make_shop: MakeShop, postgres_url: str, way: str) -> None:
    """It is compared with the same schema of a template; what else the database has, is not."""
    body = OF_A_TENANT[way].strip("\n").rstrip()
    env = TENANT_ENV.replace("CONNECT", str(way == "connect")).replace("WAY", body)
    shop = make_shop(postgres_url, env)
    for name in ('"Acme"', "other"):
        ask(postgres_url, f"CREATE SCHEMA {name}")
    ask(postgres_url, "CREATE TABLE other.mess (id INTEGER)")
    ask(postgres_url, "CREATE TABLE public.mess (id INTEGER)")
    shop.add("a1", None, f"{USERS}; {TEAMS}; op.create_index('ix', 'users', ['age'])")
    migrate(shop)
    clean = found(shop)
    assert clean.changes == () and clean.not_compared[-1] == "other schemas"
    assert "schema Acme" in clean.after
    for statement in ("ALTER TABLE {}.users ADD nick TEXT", "CREATE VIEW {}.v AS SELECT 1 AS one"):
        ask(postgres_url, statement.format('"Acme"'))
    ask(postgres_url, 'DROP INDEX "Acme".ix')
    drift = [said(change) for change in found(shop).changes]
    assert drift == ["added column users.nick", "removed index users.ix", "added view v"]
    back = diff(shop.ctx(), DiffOptions(sql=True, reverse=True)).sql
    assert back is not None
    follow(postgres_url, ('SET search_path TO "Acme", public', *back))
    assert found(shop).changes == ()
    shop.add("b2", "a1", "op.create_foreign_key('fk', 'users', 'plans', ['age'], ['id'])")
    ask(postgres_url, """UPDATE "Acme".alembic_version SET version_num = 'b2'""")
    with pytest.raises(LbackError, match=r"from nothing: at b2, line 7: relation .*plans"):
        found(shop)
