"""What docs/reading-sql.md says of the bounds and of the texts in its table."""

from __future__ import annotations

from pathlib import Path

from lback.core.dialects import EVERY_DIALECT, Dialects
from lback.core.sql import cursor, script, tokens
from lback.core.sql.script import read_sql

PAGE = (Path(__file__).parents[2] / "docs" / "reading-sql.md").read_text(encoding="utf-8")


def done(text: str, dialect: str = "") -> list[str] | None:
    """Return what a text of the page does; None where it is unknown."""
    assert f"`{text}`" in PAGE
    dialects = Dialects(frozenset({dialect}), but=False) if dialect else EVERY_DIALECT
    found = read_sql(text, dialects)
    return None if found.unknown else [f"{one.kind} {one.table}" for one in found.effects]


def test_the_texts_are_read_as_the_page_says() -> None:
    tricky = r"UPDATE t SET a = 'it\'; DROP TABLE users; -- '"
    assert done(tricky, "mysql") == ["update t"]
    assert done(tricky, "postgresql") == done(tricky, "sqlite") == ["update t", "drop users"]
    assert done(tricky) is None
    assert done("/*!40101 DROP TABLE users */", "mysql") == ["drop users"]
    assert done("# DROP TABLE users", "mysql") == []
    quoted = 'ALTER TABLE "users" ADD a int'
    assert done(quoted) == done(quoted, "postgresql") == ["create users"]
    assert done(quoted, "mysql") is None
    assert done("DROP TABLE a FROBNICATE") is None


def test_the_bounds_are_those_of_the_page() -> None:
    assert f"{script.LONGEST:,} characters" in PAGE
    assert f"{tokens.MOST_TOKENS:,} tokens" in PAGE
    assert f"more than {cursor.DEEPEST} deep" in " ".join(PAGE.split())
