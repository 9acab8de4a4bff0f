"""Views and triggers of SQLite and MariaDB above what changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from lback.errors import LbackError
from tests.db.comparing.test_comparing import say
from tests.db.test_autogenerate import ENV, Modelled, run_sql
from tests.servers import mariadb_url, sqlite_url

__all__ = ["mariadb_url", "sqlite_url"]
ID = "Column('id', Integer, primary_key=True)"
BEFORE = f"Table('users', metadata, {ID}, Column('name', String(40)), Column('age', Integer))"
LONGER = BEFORE.replace("40", "50")
VIEW = "CREATE VIEW named AS SELECT id, name FROM users"


def started(folder: Path, url: str, *more: str) -> Modelled:
    project = Modelled(folder / "project", ENV, url=url, extra="")
    say(project, BEFORE)
    project.make("one")
    project.migrate()
    run_sql(
        url,
        "INSERT INTO users (id, name) VALUES (1, 'Ada')",
        "CREATE VIEW named AS SELECT id, name FROM users",
        *more,
    )
    return project


def test_what_speaks_of_a_copied_table_comes_back(tmp_path: Path, sqlite_url: str) -> None:
    """SQLite drops a table's triggers with it, and copies none that a view stands on."""
    trigger = "CREATE TRIGGER aged AFTER INSERT ON users BEGIN UPDATE users SET age = 7; END"
    above = "CREATE VIEW above AS SELECT name FROM named"
    project = started(tmp_path, sqlite_url, above, trigger)
    texts = "SELECT type, name, sql FROM sqlite_master WHERE type <> 'table' ORDER BY 2"
    before = run_sql(sqlite_url, texts)
    say(project, BEFORE.replace("40", "50"))
    made = project.make("two")
    assert made.changes[0] == "drop view named, view above, trigger aged"
    for move in (project.migrate, project.back, project.migrate):
        move()
        assert run_sql(sqlite_url, texts) == before
        assert run_sql(sqlite_url, "SELECT name FROM above") == [("Ada",)]
    run_sql(sqlite_url, "INSERT INTO users (id, name) VALUES (2, 'Lin')")
    assert run_sql(sqlite_url, "SELECT age FROM users") == [(7,), (7,)]


def test_a_view_that_would_fail_is_named(tmp_path: Path, sqlite_url: str) -> None:
    project = started(tmp_path, sqlite_url)
    say(project, BEFORE.replace("'name'", "'called'"))
    with pytest.raises(LbackError, match="named stands on it"):
        project.make("two", drops=["users.name"])
    # The copy has the new name, and the text of the view the old one.
    say(project, BEFORE.replace("'name'", "'called'").replace("40", "50"))
    with pytest.raises(LbackError, match="named stands on it"):
        project.make("two", renames=["users.name:called"])
    assert len(list(project.versions.glob("*.py"))) == 1
    # A rename by itself SQLite takes to the view.
    say(project, BEFORE.replace("'name'", "'called'"))
    project.make("two", renames=["users.name:called"])
    for move in (project.migrate, project.back):
        move()
        assert run_sql(sqlite_url, "SELECT * FROM named") == [(1, "Ada")]


@pytest.mark.mysql
def test_a_view_of_mariadb_that_would_fail_is_named(tmp_path: Path, mariadb_url: str) -> None:
    project = started(tmp_path, mariadb_url)
    say(project, BEFORE.replace("'name'", "'called'"))
    for answers in ({"drops": ["users.name"]}, {"renames": ["users.name:called"]}):
        with pytest.raises(LbackError, match=r"users\.name .*, and named stands on it"):
            project.make("two", **answers)
    say(project, BEFORE.replace("'users'", "'people'"))
    with pytest.raises(LbackError, match="users is renamed, and named stands on it"):
        project.make("two", renames=["users:people"])
    say(project, BEFORE.replace("40", "50").replace(", Column('age', Integer)", ""))
    project.make("two", drops=["users.age"])
    project.migrate()
    assert run_sql(mariadb_url, "SELECT name FROM named") == [("Ada",)]
