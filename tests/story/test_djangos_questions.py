"""What Django's makemigrations asks is asked here, in the words of docs/makemigrations.md."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from tests.story.test_asking import ENV, at_terminal
from tests.worlds.people import Developer
from tests.worlds.typists import ENTER

DOCS = Path(__file__, "../../../docs/makemigrations.md").resolve()
MODELS = """
from sqlalchemy import *
metadata = MetaData()
Table("users", metadata, Column("id", Integer, primary_key=True), {})
Table("{}", metadata, Column("id", Integer, primary_key=True), Column("total", Integer))
"""
BEFORE = 'Column("name", String(50)), Column("size", Integer)'
AFTER = """Column("full_name", String(50)), Column("size", Integer, nullable=False),
    Column("born", Date, nullable=False), Column("seen", DateTime, nullable=False),
    Column("token", String(40), nullable=False, unique=True)"""


@pytest.fixture
def ada(tmp_path: Path) -> Developer:
    person = Developer("Ada", tmp_path / "project")
    person.folder.mkdir()
    person.lback("init")
    person.write("migrations/env.py", ENV)
    person.write("models.py", MODELS.format(BEFORE, "carts"))
    person.lback("makemigrations", "one")
    person.lback("migrate")
    with sqlite3.connect(person.folder / "app.db") as base:
        base.execute("INSERT INTO users VALUES (1, 'Ada', NULL), (2, 'Bob', 3)")
    person.write("models.py", MODELS.format(AFTER, "baskets"))
    return person


def said_in_docs() -> list[str]:
    """Return what the second column of the table has between backticks, but for answers."""
    start = DOCS.read_text().split("## Beside Django's questions")[1].split("\n## ")[0]
    rows = [row.split(" | ")[1] for row in start.split("\n") if row.startswith("| ")][1:-1]
    found = [text for row in rows for text in re.findall(r"`([^`]+)`", row)]
    return [text for text in found if text != "now" and not text.startswith("sql:")]


def test_each_of_them(ada: Developer) -> None:
    typist = at_terminal(ada, "makemigrations", "two", columns=200)
    answers = [
        ("carts is gone", "1"),
        ("users.name is gone", "1"),
        ("users.born (DATE) is new", "2024-01-31"),
        ("users.seen (DATETIME) is new", "now"),
        ("users.token (VARCHAR(40)) is new", "t"),
        ("gives each its own", "sql:'t' || id"),
        ("users.size (INTEGER) becomes", "1"),
        ("Which value?", "7"),
    ]
    for question, answer in answers:
        typist.until(question)
        typist.until(": ")
        typist.type(answer + ENTER)
    assert typist.end() == 0, typist.said
    said = said_in_docs()
    assert len(said) == 14
    assert not [text for text in said if text not in typist.said], typist.said
    ada.lback("migrate", "--yes")
    with sqlite3.connect(ada.folder / "app.db") as base:
        rows = base.execute("SELECT full_name, size, born, token FROM users").fetchall()
    assert rows == [("Ada", 7, "2024-01-31", "t1"), ("Bob", 3, "2024-01-31", "t2")]
