"""What effects of SQL use besides the object that they are about."""

from __future__ import annotations

import pytest

from lback.core.dialects import Dialects
from lback.core.sql.script import read_sql

POSTGRESQL = Dialects(frozenset({"postgresql"}), but=False)
SQLITE = Dialects(frozenset({"sqlite"}), but=False)
CASES = {
    "CREATE TABLE foo (id serial PRIMARY KEY)": {"sequence foo_id_seq", "constraint foo_pkey foo"},
    "CREATE TABLE foo (a int UNIQUE)": {"constraint foo_a_key foo"},
    "CREATE TABLE foo (m mood DEFAULT 'a'::mood, n app.kind)": {"type mood", "type app.kind"},
    "CREATE TABLE foo (a int DEFAULT nextval('q'))": {"sequence q"},
    "CREATE TABLE foo (a int DEFAULT f())": {"function f"},
    "CREATE TABLE foo (a int, b int GENERATED ALWAYS AS (a * 2) STORED)": {"column a foo"},
    "CREATE TABLE foo (a int CHECK (a > 0 AND ok(a)))": {"column a foo", "function ok"},
    "CREATE TABLE foo (a int REFERENCES bar (id))": {"column id bar"},
    "CREATE TABLE foo (LIKE bar)": {"column * bar"},
    "CREATE TABLE foo () INHERITS (bar)": {"column * bar"},
    "CREATE TABLE foo AS SELECT a FROM bar": {"column a bar", "table bar"},
    "CREATE INDEX i ON foo (lower(a)) INCLUDE (b) WHERE c > 0": {
        "column a foo",
        "column b foo",
        "column c foo",
    },
    "CREATE INDEX ON foo (a)": {"index foo_a_idx foo"},
    "CREATE VIEW v AS SELECT * FROM foo JOIN bar b USING (id) WHERE b.x = f(1)": {
        "column * foo",
        "column * bar",
        "column id foo",
        "column x bar",
        "function f",
    },
    "CREATE VIEW v AS SELECT foo.* FROM foo": {"column * foo"},
    "INSERT INTO foo VALUES (1)": {"column * foo"},
    "INSERT INTO foo (a) VALUES (DEFAULT)": {"column * foo"},
    "INSERT INTO foo (a) VALUES (1) ON CONFLICT ON CONSTRAINT k DO NOTHING": {"constraint k foo"},
    "INSERT INTO foo (a) SELECT b FROM bar": {"column b bar", "table bar"},
    "INSERT INTO foo (a) TABLE bar": {"column * bar"},
    "UPDATE foo SET a = b + 1 WHERE c = 'x'::mood": {"column b foo", "column c foo", "type mood"},
    "UPDATE foo SET a = x.b FROM bar x WHERE x.id = foo.id": {"column b bar", "column id foo"},
    "DELETE FROM foo WHERE a IN (SELECT b FROM bar WHERE c)": {
        "column a foo",
        "column b bar",
        "column c bar",
    },
    "ALTER TABLE foo ALTER a TYPE mood USING b::mood": {"column b foo", "type mood"},
    "ALTER TABLE foo ALTER a SET DEFAULT nextval('q')": {"sequence q"},
    "ALTER TABLE foo ADD UNIQUE USING INDEX i": {"index i foo"},
    "ALTER TABLE foo INHERIT bar": {"column * bar"},
    "CREATE TRIGGER t AFTER UPDATE OF a ON foo FOR EACH ROW EXECUTE FUNCTION f()": {
        "function f",
        "column a foo",
    },
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM foo WHERE a > 1'": {"table foo"},
    "CREATE RULE r AS ON INSERT TO foo DO ALSO INSERT INTO bar VALUES (1)": {"table bar"},
    "CREATE POLICY p ON foo USING (a = who())": {"column a foo", "function who"},
    "CREATE SEQUENCE q OWNED BY foo.a": {"column a foo"},
    "SELECT setval('q', 5)": {"sequence q"},
}


@pytest.mark.parametrize("sql", CASES)
def test_effects_say_what_they_use(sql: str) -> None:
    assert CASES[sql] <= uses(sql, POSTGRESQL)


def test_a_body_of_sqlite_uses_its_tables() -> None:
    sql = "CREATE TRIGGER t AFTER INSERT ON foo BEGIN UPDATE bar SET a = 1; DELETE FROM baz; END"
    assert {"table bar", "table baz"} <= uses(sql, SQLITE)


def test_the_databases_own_are_left_out() -> None:
    assert uses("UPDATE foo SET a = lower(now()::text)", POSTGRESQL) == set()


def test_names_are_as_the_database_knows_them() -> None:
    sql = 'ALTER TABLE Foo ADD COLUMN "Bar" int, DROP COLUMN BAZ'
    told = [(one.table, one.name) for one in read_sql(sql, POSTGRESQL).effects]
    assert told == [("foo", "Bar"), ("foo", "baz")]
    long = "é" * 40
    assert read_sql(f'DROP TABLE "{long}"', POSTGRESQL).effects[0].table == "é" * 31
    assert [one.table for one in read_sql("DROP TABLE Foo").effects] == ["Foo"]
    assert read_sql('DROP TABLE "a.b"', POSTGRESQL).effects == ()


def uses(sql: str, dialects: Dialects) -> set[str]:
    found = read_sql(sql, dialects)
    every = [*found.uses, *(use for one in found.effects for use in one.uses)]
    return {" ".join(filter(None, one)) for one in every}
