"""SQL statements: what each does, in every dialect's way of saying it."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from lback.core.dialects import Dialects
from lback.core.effects import Effect
from lback.core.sql.script import expression_uses, read_sql

POSTGRESQL = Dialects(frozenset({"postgresql"}), but=False)


def short(effect: Effect) -> str:
    words = [effect.kind, effect.object, effect.table or "-", effect.name or "-"]
    words += [f"to {effect.to}"] if effect.to else []
    words += [f"-> {effect.refers_to}"] if effect.refers_to else []
    words += [f"({', '.join(effect.columns)})"] if effect.columns else []
    words += [f"reads {', '.join(effect.reads)}"] if effect.reads else []
    return " ".join(words) + ("" if effect.certain else " ?")


def read(sql: str) -> list[str]:
    found = read_sql(sql)
    assert found.unknown == (), found.unknown
    return [short(one) for one in found.effects]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        # tables
        ("DROP TABLE a, s.b CASCADE", ["drop table a a", "drop table s.b s.b"]),
        ('drop table if exists "A"', ["drop table A A ?"]),
        ("ALTER TABLE a RENAME TO b", ["rename table a a to b"]),
        ("ALTER TABLE s.a RENAME TO b", ["rename table s.a s.a to s.b"]),
        ("RENAME TABLE a TO b, c TO d", ["rename table a a to b", "rename table c c to d"]),
        ("ALTER TABLE a SET SCHEMA s", ["rename table a a to s.a"]),
        ("ALTER TABLE a OWNER TO me", ["alter table a a"]),
        ("ALTER TABLE a ENGINE=InnoDB", ["alter table a a"]),
        ("ALTER TABLE a CONVERT TO CHARACTER SET utf8mb4", ["alter table a a"]),
        ("CREATE TEMP TABLE x AS SELECT 1", []),
        # columns
        ("ALTER TABLE a ADD COLUMN c varchar(10) NOT NULL", ["create column a c"]),
        ("ALTER TABLE a ADD c int, DROP d", ["create column a c", "drop column a d"]),
        ("ALTER TABLE ONLY a ADD COLUMN IF NOT EXISTS c numeric(10, 2)", ["create column a c ?"]),
        (
            "ALTER TABLE a ADD COLUMN c int CONSTRAINT k REFERENCES s.b (id) ON DELETE CASCADE",
            ["create column a c", "create constraint a k -> s.b (c)"],
        ),
        ("ALTER TABLE a DROP COLUMN IF EXISTS c", ["drop column a c ?"]),
        ("ALTER TABLE a RENAME c TO d", ["rename column a c to d"]),
        ("ALTER TABLE a RENAME COLUMN c TO d", ["rename column a c to d"]),
        ("ALTER TABLE a ALTER c SET NOT NULL", ["alter column a c"]),
        ("ALTER TABLE a ALTER COLUMN c TYPE int USING c::int", ["alter column a c"]),
        ("ALTER TABLE a ALTER COLUMN c DROP DEFAULT", ["alter column a c"]),
        ("ALTER TABLE `a` MODIFY COLUMN `c` BIGINT NOT NULL", ["alter column a c"]),
        (
            "ALTER TABLE a CHANGE c d BIGINT",
            ["alter column a c", "rename column a c to d"],
        ),
        # constraints
        ("ALTER TABLE a ADD CONSTRAINT k UNIQUE (x, y)", ["create constraint a k (x, y)"]),
        ("ALTER TABLE a ADD PRIMARY KEY (id)", ["create constraint a - (id)"]),
        (
            "ALTER TABLE a ADD CONSTRAINT k FOREIGN KEY (b_id) REFERENCES b(id) NOT VALID",
            ["create constraint a k -> b (b_id)"],
        ),
        ("ALTER TABLE a VALIDATE CONSTRAINT k", ["alter constraint a k"]),
        ("ALTER TABLE a DROP CONSTRAINT IF EXISTS k", ["drop constraint a k ?"]),
        ("ALTER TABLE a DROP FOREIGN KEY k", ["drop constraint a k"]),
        ("ALTER TABLE a DROP PRIMARY KEY", ["drop constraint a -"]),
        ("ALTER TABLE a RENAME CONSTRAINT k TO l", ["rename constraint a k to l"]),
        ("ALTER TABLE a ADD CHECK (x > 0)", ["create constraint a -"]),
        ("ALTER TABLE a ADD UNIQUE KEY u (x)", ["create index a u (x)"]),
        # indexes
        ("CREATE INDEX i ON s.a (x, y DESC)", ["create index s.a i (x, y)"]),
        (
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON a USING gin (x)",
            ["create index a i (x) ?"],
        ),
        ("CREATE INDEX ON a (lower(x))", ["create index a -"]),
        ("DROP INDEX CONCURRENTLY IF EXISTS i", ["drop index - i ?"]),
        ("DROP INDEX i ON a", ["drop index a i"]),
        ("ALTER INDEX i RENAME TO j", ["rename index - i to j"]),
        # rows
        ("UPDATE a SET x = 1, y = (2 + 3) WHERE z IN (1, 2)", ["update data a - (x, y)"]),
        ("update only s.a as t set x = now()", ["update data s.a - (x)"]),
        ("UPDATE a SET x = b.x FROM b WHERE b.id = a.id", ["update data a - (x) reads b"]),
        ("UPDATE a JOIN b ON a.i = b.i SET b.x = a.x", ["update data b - (x) reads a"]),
        ("DELETE FROM a WHERE x = 'SELECT'", ["delete data a -"]),
        ("DELETE FROM a USING b WHERE a.i = b.i", ["delete data a - reads b"]),
        ("DELETE FROM a WHERE id IN (SELECT a_id FROM b)", ["delete data a - reads b"]),
        ("INSERT INTO a (x, y) VALUES (1, 2)", ["insert data a - (x, y)"]),
        ("INSERT INTO a (x) SELECT y FROM b JOIN c ON true", ["insert data a - (x) reads b, c"]),
        ("REPLACE INTO a (x) VALUES (1)", ["insert data a - (x)"]),
        (
            "WITH gone AS (DELETE FROM a RETURNING x) INSERT INTO b (x) SELECT x FROM gone",
            ["delete data a -", "insert data b - (x) reads a"],
        ),
        ("TRUNCATE TABLE a, b RESTART IDENTITY", ["delete data a -", "delete data b -"]),
        # other objects
        ("CREATE TYPE mood AS ENUM ('a', 'b')", ["create enum - mood"]),
        ("ALTER TYPE mood ADD VALUE IF NOT EXISTS 'c' AFTER 'a'", ["alter enum - mood ?"]),
        ("ALTER TYPE mood RENAME TO mood_old", ["rename enum - mood to mood_old"]),
        ("ALTER TYPE s.mood RENAME TO old", ["rename enum - s.mood to s.old"]),
        ("ALTER DOMAIN s.d RENAME TO old", ["rename domain - s.d to s.old"]),
        ("ALTER SEQUENCE s.q RENAME TO old", ["rename sequence - s.q to s.old"]),
        ("ALTER VIEW s.v RENAME TO old", ["rename view - s.v to s.old"]),
        ("ALTER INDEX s.i RENAME TO old", ["rename index - s.i to s.old"]),
        ("ALTER FUNCTION s.f(int) RENAME TO old", ["rename function - s.f to s.old"]),
        ("DROP TYPE mood", ["drop enum - mood"]),
        ("CREATE SEQUENCE s.q START 5", ["create sequence - s.q"]),
        ("CREATE SCHEMA IF NOT EXISTS s", ["create schema - s ?"]),
        ('CREATE EXTENSION IF NOT EXISTS "uuid-ossp"', ["create extension - uuid-ossp ?"]),
        ("CREATE OR REPLACE VIEW v AS SELECT x FROM a, b", ["create view - v reads a, b"]),
        ("DROP MATERIALIZED VIEW v", ["drop view - v"]),
        (
            "CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN DELETE FROM z; RETURN NEW; END; $$ "
            "LANGUAGE plpgsql; DROP TABLE a",
            ["create function - f", "drop table a a"],
        ),
        (
            "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE PROCEDURE f()",
            ["create trigger a t"],
        ),
        ("DROP TRIGGER t ON s.a", ["drop trigger s.a t"]),
        ("COMMENT ON TABLE a IS 'words; more'", ["alter comment a -"]),
        ("COMMENT ON COLUMN s.a.c IS NULL", ["alter column s.a c"]),
        ("GRANT SELECT, INSERT ON a, b TO me", ["alter privileges a -", "alter privileges b -"]),
        # nothing that is kept
        ("SET lock_timeout = '2s'; ANALYZE a; VACUUM b; COMMIT", []),
        ("SELECT 1", []),
        ("PRAGMA foreign_keys = OFF", []),
        ("-- only words\n/* and more */", []),
        ("", []),
    ],
)
def test_statements(sql: str, expected: list[str]) -> None:
    assert read(sql) == expected


def test_create_table_tells_columns_and_constraints() -> None:
    sql = """
        CREATE TABLE s.a (
            id BIGSERIAL PRIMARY KEY,
            name VARCHAR(20) NOT NULL DEFAULT 'x',
            b_id INT NOT NULL REFERENCES b (id),
            CONSTRAINT uq UNIQUE (name, b_id),
            CHECK (id > 0)
        )
    """
    assert read(sql) == [
        "create table s.a s.a",
        "create column s.a id",
        "create constraint s.a - (id)",
        "create column s.a name",
        "create column s.a b_id",
        "create constraint s.a - -> b (b_id)",
        "create constraint s.a uq (name, b_id)",
        "create constraint s.a -",
    ]
    aspects = {one.name: one.aspects for one in read_sql(sql).effects if one.object == "column"}
    assert aspects == {"id": (), "name": (), "b_id": ("not null",)}


def test_queries_are_remembered_and_change_nothing() -> None:
    found = read_sql("WITH r AS (SELECT * FROM a) SELECT * FROM r JOIN s.b ON true")
    assert found.effects == () and found.unknown == ()
    assert found.reads == ("a", "s.b")


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT make_everything_new()", ()),
        ("CALL routine()", ()),
        ("DO $$ BEGIN EXECUTE 'DROP TABLE ' || name; END $$", ()),
        ("DROP TYPE mood CASCADE", ()),
        ("ALTER TABLE a DANCE", ("a",)),
        ("CREATE TABLE a AS SELECT * FROM b", ("a",)),
        ("FROBNICATE a", ()),
        ("UPDATE lback_hole SET x = 1", ()),
        ("ALTER TABLE a DROP COLUMN lback_hole", ("a",)),
        ("SELECT * FROM (", ()),
    ],
)
def test_what_is_not_understood_is_said(sql: str, tables: tuple[str, ...]) -> None:
    found = read_sql(sql)
    assert [names for _, names in found.unknown] == [tables]


def test_blocks_are_read_and_never_certain() -> None:
    sql = """
        DO $$
        DECLARE n int;
        BEGIN
            IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'mood') THEN
                CREATE TYPE mood AS ENUM ('a');
            ELSE
                RAISE NOTICE 'there';
            END IF;
            n := 5;
            FOR r IN SELECT * FROM a LOOP
                UPDATE b SET x = 1;
            END LOOP;
        EXCEPTION WHEN duplicate_object THEN null;
        END $$;
        DROP TABLE c;
    """
    assert read(sql) == ["create enum - mood ?", "update data b - (x) ?", "drop table c c"]


def test_pieces_that_are_not_known_may_be_values() -> None:
    sql = "UPDATE a SET x = 'lback_hole' WHERE id = lback_hole AND y IN (lback_hole)"
    assert read(sql) == ["update data a - (x)"]
    assert read("INSERT INTO a (x) VALUES lback_hole") == ["insert data a - (x)"]


def test_drivers_parameters_do_not_disturb() -> None:
    assert read("UPDATE a SET x = %(x)s FROM b WHERE b.y = %s") == ["update data a - (x) reads b"]
    assert read("INSERT INTO a (x) SELECT :x FROM b") == ["insert data a - (x) reads b"]


def test_the_parser_is_not_loaded_for_plain_statements() -> None:
    code = (
        "import sys\n"
        "from lback.core.sql.script import read_sql\n"
        "read_sql('UPDATE a SET x = 1; ALTER TABLE a ADD COLUMN c int; DROP TABLE b')\n"
        "assert 'sqlglot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_parser_stays_quiet(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        read_sql("SELECT * FROM a; ALTER SYSTEM SET x = 1")
    assert caplog.records == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lower(email)", ["column email t"]),
        ("age > 3 AND \"State\" = 'x'", ["column State t", "column age t"]),
        ("f(a) + s.g(t.b)", ["column a t", "column b t", "function f", "function s.g"]),
        ("nextval('numbers'::regclass)", ["sequence numbers"]),
        ("'sad'::mood", ["type mood"]),
        ("CAST(a AS positive)", ["column a t", "type positive"]),
        ("a > (SELECT b FROM c)", ["column a t", "column b c", "column b t", "table c"]),
        ("now()", []),
        ("CURRENT_TIMESTAMP", []),
        ("'a; b'", []),
        ("a; DROP TABLE b", None),
        ("a + (", None),
        ("", []),
        ("x'; DROP TABLE b; --", None),
    ],
)  # fmt: skip
def test_what_an_expression_uses(text: str, expected: list[str] | None) -> None:
    found = expression_uses(text, "t", POSTGRESQL)
    told = found and sorted(" ".join(filter(None, one)) for one in found)
    assert (list(told) if told is not None else None) == expected
