"""No text of a megabyte takes long to read, or much memory: beyond the bounds it is unknown."""

from __future__ import annotations

import tracemalloc

import pytest

from lback.core.dialects import EVERY_DIALECT, Dialects
from lback.core.sql.script import LONGEST, read_sql

POSTGRESQL = Dialects(frozenset({"postgresql"}), but=False)
MYSQL = Dialects(frozenset({"mysql"}), but=False)
SIZE = 1_000_000
pytestmark = pytest.mark.untraced


def filled(piece: str, before: str = "", after: str = "") -> str:
    return before + piece * ((SIZE - len(before) - len(after)) // len(piece)) + after


def quoted_again_and_again() -> str:
    text = "DROP TABLE a"
    for level in range(12):
        inner = text.replace("'", "''")
        text = f"DO $q{level}$ BEGIN EXECUTE '{inner}'; END $q{level}$"
    return text


HOSTILE = {
    "brackets": filled("("),
    "quotes": filled("'x"),
    "names without an end": '"' * (SIZE - 1),
    "comments in comments": filled("/*"),
    "dollars": "SELECT " + " ".join(f"$t{place}$" for place in range(SIZE // 10)),
    "backslashes": filled("\\", "DELETE FROM a WHERE b = '", "'"),
    "conditional comments": filled("/*!40101 "),
    "statements": filled("SELECT 1;"),
    "columns": filled("a,", "SELECT ", "a FROM t"),
    "joins": filled(" JOIN b ON x", "SELECT 1 FROM a"),
    "unions": filled(" UNION SELECT 1", "SELECT 1"),
    "queries in queries": filled("SELECT (", "", ")"),
    "a hundred queries in queries": "SELECT " + "(SELECT " * 99 + "bump()" + ")" * 99,
    "cases": filled("CASE WHEN a THEN ", "SELECT "),
    "dots": filled("a.", "SELECT ", "a"),
    "casts": filled("::int", "SELECT a"),
    "rows": filled("(1),", "INSERT INTO a VALUES ", "(1)"),
    "actions": filled("ADD c int,", "ALTER TABLE a ", "DROP d"),
    "names": filled("t,", "DROP TABLE ", "t"),
    "blocks": filled("BEGIN ", "DO $$ ", "$$"),
    "conditions": filled("IF a THEN ", "DO $$ BEGIN ", "END $$"),
    "bodies": filled("BEGIN ", "CREATE TRIGGER t ON a "),
    "text as code": quoted_again_and_again(),
    "uses": "SELECT "
    + ",".join(f"c{place}" for place in range(3_000))
    + " FROM "
    + ",".join(f"t{place}" for place in range(3_000)),
    "operators": filled("+-", "SELECT 1 "),
    "nothing": filled("\0"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_unknown_or_wholly_read(name: str) -> None:
    found = read_sql(HOSTILE[name], EVERY_DIALECT)
    assert found.unknown or found.effects


@pytest.mark.soak
@pytest.mark.parametrize("dialects", [POSTGRESQL, MYSQL], ids=str)
@pytest.mark.parametrize("name", HOSTILE)
def test_so_it_is_on_one_database(name: str, dialects: Dialects) -> None:
    found = read_sql(HOSTILE[name], dialects)
    assert found.unknown or found.effects


@pytest.mark.parametrize("name", ["brackets", "columns", "rows", "actions", "blocks"])
def test_it_stays_small(name: str) -> None:
    tracemalloc.start()
    try:
        read_sql(HOSTILE[name])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000_000


def test_a_longer_text_is_not_looked_at() -> None:
    found = read_sql("SELECT 1;" + " " * LONGEST)
    assert found.unknown == (("SQL that is too long to be read", ()),)


def test_the_next_text_is_read_as_if_nothing_had_been() -> None:
    for text in HOSTILE.values():
        read_sql(text, POSTGRESQL)
        break
    assert [one.table for one in read_sql("DROP TABLE a").effects] == ["a"]
