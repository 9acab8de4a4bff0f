"""What is settled of a comparison: which table is which, what goes, how many rows go with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from lback.db.questions import GivenAnswers, QuestionsLeft
from lback.db.settling import count_rows
from tests.db.test_autogenerate import ENV, Modelled, run_sql


@pytest.fixture
def context(sqlite_url: str) -> Iterator[MigrationContext]:
    run_sql(
        sqlite_url,
        "CREATE TABLE users (id INTEGER, name TEXT)",
        "INSERT INTO users VALUES (1, NULL), (2, 'b')",
    )
    engine = create_engine(sqlite_url)
    with engine.connect() as connection:
        yield MigrationContext.configure(connection)
    engine.dispose()


@pytest.mark.parametrize(
    ("table", "column", "rows"),
    [("users", None, 2), ("users", "name", 1), ("nothing", None, None)],
)
def test_rows_are_counted_in_what_is_compared_or_where_the_answers_say(
    context: MigrationContext, table: str, column: str | None, rows: int | None
) -> None:
    asked: list[tuple[str, str | None, str | None]] = []

    def elsewhere(*place: str | None) -> int | None:
        asked.append(place)  # type: ignore[arg-type]
        return 7

    assert count_rows(context, GivenAnswers(), table, None, column) == rows
    assert count_rows(context, GivenAnswers(count=elsewhere), table, None, column) == 7
    assert asked == [(table, None, column)]


def test_tables_that_are_renamed_go_and_come_at_once(tmp_path: Path, sqlite_url: str) -> None:
    project = Modelled(tmp_path / "project", ENV, url=sqlite_url, extra="")
    models = """
    from sqlalchemy import *
    metadata = MetaData()
    for name in {names}:
        Table(name, metadata, Column("id", Integer, primary_key=True))
    """
    project.models(models.format(names=("users", "old", "stays")))
    project.make("one")
    project.migrate()
    run_sql(sqlite_url, "INSERT INTO users VALUES (5)")
    project.models(models.format(names=("people", "new", "stays")))
    with pytest.raises(QuestionsLeft) as left:
        project.make("two", renames=["users:people"])
    (question,) = left.value.questions
    offered = " ".join(question.options)  # what has an answer is not offered again
    assert "old:new" in offered and "people" not in offered and "users" not in offered
    project.make("two", renames=["users:people"], drops=["old"])
    project.migrate()
    engine = create_engine(sqlite_url)
    tables = {*inspect(engine).get_table_names()} - {"alembic_version"}
    engine.dispose()
    assert {"people", "new", "stays"} <= tables and not {"users", "old"} & tables
    assert run_sql(sqlite_url, "SELECT id FROM people") == [(5,)]


def test_a_value_of_an_enum_gets_another_name(tmp_path: Path, postgres_url: str) -> None:
    project = Modelled(tmp_path / "project", ENV, url=postgres_url, extra="")
    models = """
    from sqlalchemy import *
    metadata = MetaData()
    Table("users", metadata, Column("id", Integer, primary_key=True),
          Column("mood", Enum({values}, name="mood")))
    """
    project.models(models.format(values="'sad', 'glad'"))
    project.make("one")
    project.migrate()
    run_sql(postgres_url, "INSERT INTO users VALUES (1, 'sad'), (2, 'glad')")
    project.models(models.format(values="'blue', 'glad'"))
    made = project.make("two", renames=["mood.sad:blue"])
    (path,) = made.paths
    text = path.read_text("utf-8")
    project.migrate()
    rows = "SELECT id, mood FROM users ORDER BY id"
    assert run_sql(postgres_url, rows) == [(1, "blue"), (2, "glad")], text
    assert "ADD VALUE" not in text and text.count("blue") == 2, text
    project.back()
    assert run_sql(postgres_url, rows) == [(1, "sad"), (2, "glad")]
