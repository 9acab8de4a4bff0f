"""`makemigrations` asks at a terminal, and says everything at once where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reports import report_of
from tests.worlds.people import Developer
from tests.worlds.typists import CTRL_C, CTRL_D, ENTER, Typist

ENV = """
from alembic import context
from sqlalchemy import create_engine, pool
import models

engine = create_engine("sqlite:///app.db", poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(
        connection=connection, target_metadata=models.metadata, render_as_batch=True
    )
    with context.begin_transaction():
        context.run_migrations()
"""
OLD = """
from sqlalchemy import *
metadata = MetaData()
Table("users", metadata, Column("id", Integer, primary_key=True), Column("name", String(50)),
      Column("age", Integer), Column("size", Integer))
Table("carts", metadata, Column("id", Integer, primary_key=True))
"""
NEW = """
from sqlalchemy import *
metadata = MetaData()
Table("users", metadata, Column("id", Integer, primary_key=True), Column("full_name", String(50)),
      Column("years", Integer, nullable=False), Column("size", Integer, nullable=False),
      Column("born", Date, nullable=False))
"""


@pytest.fixture
def ada(tmp_path: Path) -> Developer:
    person = Developer("Ada", tmp_path / "project")
    person.folder.mkdir()
    person.lback("init")
    person.write("migrations/env.py", ENV)
    person.write("models.py", OLD)
    person.lback("makemigrations", "one")
    person.lback("migrate")
    person.write("rows.py", _ROWS)
    person.run(sys.executable, "rows.py")
    person.write("models.py", NEW)
    return person


_ROWS = """
import sqlite3
with sqlite3.connect("app.db") as base:
    base.execute("INSERT INTO users VALUES (1, 'Ada', 36, NULL)")
    base.execute("INSERT INTO carts VALUES (7)")
"""


def versions(person: Developer) -> list[str]:
    """Return the files that are there, whatever they are."""
    folder = person.folder / "migrations" / "versions"
    return sorted(path.name for path in folder.iterdir() if path.name != "__pycache__")


def at_terminal(person: Developer, *arguments: str, columns: int = 80) -> Typist:
    return Typist(arguments, person.folder, person.environment(), columns)


def test_numbers_values_and_enter(ada: Developer) -> None:
    typist = at_terminal(ada, "makemigrations", "two", columns=60)
    said = typist.until("quit) [1]: ")
    assert "users.name is gone" in said and "1) renamed to users.full_name" in said
    typist.type(ENTER)
    typist.until("users.age is gone")
    typist.until("quit) [1]: ")
    typist.type("9" + ENTER)
    typist.until("Write a number from 1 to 3.")
    typist.until("quit) [1]: ")
    typist.type("1" + ENTER)
    said = typist.until("quit): ")
    assert "carts is gone" in said and "dropped: 1 row lost" in said
    typist.type("1" + ENTER)
    typist.until("users.born (DATE) is new")
    typist.until("quit): ")
    typist.type("31.1.2024" + ENTER)
    typist.until("2024-01-31, or now")
    typist.until("quit): ")
    typist.type("2024-01-31" + ENTER)
    typist.until("users.years (INTEGER) becomes NOT NULL")
    typist.until("quit): ")
    typist.type("2" + ENTER)
    typist.until("users.size (INTEGER) becomes NOT NULL")
    typist.until("quit): ")
    typist.type("1" + ENTER)
    typist.until("quit): ")
    typist.type("7" + ENTER)
    assert typist.end() == 0, typist.said
    assert max(map(len, typist.said.split("\n"))) <= 60, typist.said
    ada.lback("migrate", "--yes")
    ada.write(
        "rows.py",
        "import sqlite3\nprint(*sqlite3.connect('app.db').execute(\n"
        "'SELECT full_name, years, size, born FROM users'))\n",
    )
    assert "('Ada', 36, 7, '2024-01-31')" in ada.run(sys.executable, "rows.py")


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D])
@pytest.mark.parametrize("questions", [0, 1])
def test_quitting_leaves_nothing(ada: Developer, key: str, questions: int) -> None:
    before = versions(ada)
    typist = at_terminal(ada, "makemigrations", "two")
    for _ in range(questions):
        typist.until("quit) [1]: ")
        typist.type(ENTER)
    typist.until("quit) [1]: ")
    assert typist.end(key) == 130, typist.said
    assert "Traceback" not in typist.said
    assert "No file was written" in typist.said
    assert versions(ada) == before
    assert "up to date" in ada.lback("migrate")


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D])
def test_quitting_at_the_name(ada: Developer, key: str) -> None:
    before = versions(ada)
    ada.write(
        "models.py", OLD.replace('"carts", metadata,', '"carts", metadata, Column("n", Text),')
    )
    typist = at_terminal(ada, "makemigrations")
    typist.until("Name of the migration [add_n_to_carts]: ")
    assert typist.end(key) == 130, typist.said
    assert "No file was written" in typist.said
    assert versions(ada) == before


def test_all_questions_are_told_where_there_is_nobody(ada: Developer) -> None:
    before = versions(ada)
    report = report_of(ada.lback("makemigrations", "two", "--json", code=3))
    questions = report["data"]["questions"]
    assert [(one["kind"], one["name"]) for one in questions] == [
        ("gone", "users.name"),
        ("gone", "users.age"),
        ("gone", "carts"),
        ("value", "users.years"),
        ("value", "users.born"),
        ("fill", "users.size"),
    ]
    assert questions[0]["options"] == [
        "--rename users.name:users.full_name",
        "--drop users.name",
        "--no-rename",
        "--no-drop",
    ]
    assert report["status"] == "refused"
    said = ada.lback("makemigrations", "two", code=3)
    assert all(one["name"] in said for one in questions)
    assert all(option in said for one in questions for option in one["options"])
    assert versions(ada) == before
    answers = [
        "--rename",
        "users.name:full_name",
        "--rename",
        "users.age:years",
        "--drop",
        "carts",
        "--default",
        "users.years",
        "--default",
        "users.size=7",
        "--default",
        "users.born=2024-01-31",
    ]
    ada.lback("makemigrations", "two", *answers)
    assert len(versions(ada)) == len(before) + 1


def test_a_pipe_never_blocks(ada: Developer) -> None:
    # Nobody ever writes into it, and nobody closes it.
    reader, writer = os.pipe()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "lback", "makemigrations", "two"],
            cwd=ada.folder,
            env=ada.environment(),
            stdin=reader,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        os.close(reader)
        os.close(writer)
    assert done.returncode == 3
    assert "--drop carts" in done.stdout + done.stderr


def test_what_is_kept_is_in_no_migration(ada: Developer) -> None:
    ada.write("models.py", OLD.replace('Table("carts"', 'Table("tags"'))
    said = ada.lback("makemigrations", "two", "--no-rename", "--no-drop")
    assert "create table tags" in said and "carts" not in said


def test_models_that_are_not_imported_drop_nothing(ada: Developer) -> None:
    ada.write("models.py", "from sqlalchemy import MetaData\nmetadata = MetaData()\n")
    said = ada.lback("makemigrations", "two", "--no-rename", code=3)
    assert "no table" in said and "env.py" in said
    assert not [name for name in versions(ada) if name.endswith("_two.py")]
    said = ada.lback("makemigrations", "two", "--drop", "users", "--drop", "carts")
    assert "drop table carts" in said
    (path,) = (ada.folder / "migrations/versions").glob("*_two.py")
    assert "# The rows of carts are lost." in path.read_text()
