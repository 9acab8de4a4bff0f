"""`makemigrations --amend`: another text for the latest revision, as long as it is mine alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.reports import report_of
from tests.story.test_asking import ENV
from tests.worlds.people import Developer

MODELS = """
from sqlalchemy import *
metadata = MetaData()
Table("users", metadata, Column("id", Integer, primary_key=True), {})
"""
NAME, AGE = 'Column("name", String(50))', 'Column("age", Integer)'


@pytest.fixture
def ada(tmp_path: Path) -> Developer:
    person = Developer("Ada", tmp_path / "project")
    person.folder.mkdir()
    person.git("init", "-q")
    person.lback("init", "--no-hooks")
    person.write("migrations/env.py", ENV)
    person.write(".gitignore", "app.db*\n__pycache__\n")
    person.write("models.py", MODELS.format(NAME))
    person.lback("makemigrations", "one")
    person.lback("migrate")
    person.commit()
    person.write("models.py", MODELS.format(f"{NAME}, {AGE}"))
    person.lback("makemigrations", "two")
    person.lback("migrate")
    with sqlite3.connect(person.folder / "app.db") as base:
        base.execute("INSERT INTO users VALUES (1, 'Ada', 36)")
    person.write("models.py", MODELS.format(f'{NAME}, {AGE}, Column("size", Float)'))
    return person


def rows(person: Developer) -> list[tuple[object, ...]]:
    with sqlite3.connect(person.folder / "app.db") as base:
        return base.execute("SELECT * FROM users").fetchall()


def second(person: Developer) -> Path:
    return next((person.folder / "migrations" / "versions").glob("*_two.py"))


def test_it_is_rewritten_in_place_and_rows_are_kept(ada: Developer) -> None:
    path, old = second(ada), second(ada).read_text()
    said = ada.lback("makemigrations", "--amend", "--json")
    data = report_of(said[said.index("{") :])["data"]
    assert data["path"] == path.relative_to(ada.folder).as_posix()
    assert data["changes"] == ["add column users.age INTEGER", "add column users.size FLOAT"]
    assert ada.git("cat-file", "-p", data["old_blob"]) == old
    assert rows(ada) == [(1, "Ada", 36, None)]
    assert "agree" in ada.lback("makemigrations", "--check")
    said = ada.lback("makemigrations", "three", "--amend", code=0)
    assert "_three.py" in said and not path.exists()


def test_a_question_that_nobody_answers_leaves_all_as_it_was(ada: Developer) -> None:
    ada.write("models.py", MODELS.format(AGE))
    old = second(ada).read_text()
    assert "users.name" in ada.lback("makemigrations", "--amend", code=3)
    assert second(ada).read_text() == old
    assert rows(ada) == [(1, "Ada", 36)]


def test_nothing_is_left_of_it(ada: Developer) -> None:
    ada.write("models.py", MODELS.format(NAME) + "#")
    old = second(ada).read_text()
    assert "nothing would be left" in ada.lback("makemigrations", "--amend", code=3)
    assert (second(ada).read_text(), rows(ada)) == (old, [(1, "Ada", 36)])


def test_what_others_have_stays(ada: Developer, tmp_path: Path) -> None:
    ada.commit()
    ada.env["GIT_AUTHOR_EMAIL"] = "bob@example.com"
    assert "it is by Ada" in ada.lback("makemigrations", "--amend", code=3)
    del ada.env["GIT_AUTHOR_EMAIL"]
    ada.git("init", "-q", "--bare", str(tmp_path / "hub"))
    ada.git("remote", "add", "origin", str(tmp_path / "hub"))
    ada.git("push", "-q", "origin", "HEAD:refs/heads/other")
    ada.git("fetch", "-q")
    assert "it is p" in ada.lback("makemigrations", "--amend", code=3)
    assert rows(ada) == [(1, "Ada", 36)]
