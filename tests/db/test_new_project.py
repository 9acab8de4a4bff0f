from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from lback.core.graph.graph import Graph
from lback.core.plans import plan_downgrade, plan_upgrade
from lback.core.settings import read_settings
from lback.db.autogenerate import Draft, make_revision
from lback.db.new_project import render_project
from lback.db.questions import GivenAnswers
from lback.db.runner import Database
from tests.db.projects import Project

MODELS = """
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
"""


def tables(url: str) -> set[str]:
    engine = create_engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def write(root: Path, models: str = "models:Base") -> None:
    for path, text in render_project(models).items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def open_database(root: Path) -> Database:
    ini = root / "alembic.ini"
    project = Project.at(root)
    graph = project.graph()
    return Database(read_settings(ini=(str(ini), ini.read_text())), graph, root)


def test_a_new_project_makes_migrates_and_rolls_back(
    tmp_path: Path, any_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", any_url)
    write(tmp_path)
    (tmp_path / "models.py").write_text(MODELS)
    made = make_revision(open_database(tmp_path), Draft("add users table"), GivenAnswers())
    (path,) = made.paths
    assert path == tmp_path / "migrations/versions" / f"{made.revisions[0]}_add_users_table.py"
    compile(path.read_text(), str(path), "exec")
    database = open_database(tmp_path)

    def up() -> None:
        database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions))

    up()
    assert "users" in tables(any_url)
    head = set(database.graph.heads)
    database.run(lambda stamp: plan_downgrade(database.graph, stamp.revisions, head).steps)
    assert "users" not in tables(any_url)
    up()
    assert "users" in tables(any_url)
    assert "CREATE TABLE users" in database.sql(
        lambda stamp: plan_upgrade(database.graph, stamp.revisions)
    )


def test_sqlite_in_the_projects_folder_by_default(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "models.py").write_text(MODELS)
    make_revision(open_database(tmp_path), Draft("one"), GivenAnswers())
    database = open_database(tmp_path)
    database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions))
    assert tables(f"sqlite:///{tmp_path / 'db.sqlite3'}") == {"alembic_version", "users"}


@pytest.mark.parametrize(
    ("models", "lines"),
    [
        ("shop.models:Base", ["from shop.models import Base", "target_metadata = Base.metadata"]),
        ("shop:db", ["from shop import db", "target_metadata = db.metadata"]),
        ("shop:metadata", ["from shop import metadata", "target_metadata = metadata"]),
        ("shop:tables.metadata", ["from shop import tables", "target_metadata = tables.metadata"]),
    ],
)
def test_models_are_imported_as_they_are_called(models: str, lines: list[str]) -> None:
    env = render_project(models)["migrations/env.py"].splitlines()
    assert set(lines) <= set(env)


def test_an_empty_folder_is_kept_by_git() -> None:
    assert "migrations/versions/.gitkeep" in render_project("models:Base")
    assert Graph([]).heads == ()
