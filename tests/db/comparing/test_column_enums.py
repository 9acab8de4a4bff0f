"""Values of an ENUM of MariaDB under other names: the rows keep theirs, both ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from lback.errors import LbackError, UsageError
from tests.db.comparing.test_comparing import say
from tests.db.test_autogenerate import ENV, Modelled, run_sql
from tests.servers import mariadb_url

__all__ = ["mariadb_url"]
JOBS = (
    "Table('jobs', metadata, Column('id', Integer, primary_key=True), "
    "Column('state', Enum({}), server_default={!r}, nullable=False))"
)


@pytest.mark.mysql
def test_a_value_gets_another_name(tmp_path: Path, mariadb_url: str) -> None:
    project = Modelled(tmp_path / "project", ENV, url=mariadb_url, extra="")
    say(project, JOBS.format("'new', 'it''s', 'dead'".replace("''", "\\'"), "new"))
    project.make("one")
    project.migrate()
    run_sql(
        mariadb_url, "INSERT INTO jobs (id, state) VALUES (1, 'new'), (2, 'it''s'), (3, 'dead')"
    )
    say(project, JOBS.format("'fresh', 'was', 'dead'", "fresh"))
    with pytest.raises(LbackError, match=r"jobs\.state\.new") as refusal:
        project.make("two")
    assert "--rename jobs.state.new:fresh" in (refusal.value.hint or "")
    with pytest.raises(UsageError, match="no new value odd"):
        project.make("two", renames=["jobs.state.new:odd"], no_rename=True)
    renames = ["jobs.state.new:fresh", "jobs.state.it's:jobs.state.was"]
    project.make("two", renames=renames)
    rows = "SELECT state FROM jobs ORDER BY id"
    for move, states in (
        (project.migrate, ["fresh", "was", "dead"]),
        (project.back, ["new", "it's", "dead"]),
        (project.migrate, ["fresh", "was", "dead"]),
    ):
        move()
        assert run_sql(mariadb_url, rows) == [(state,) for state in states]
    assert project.make("none").paths == ()
    run_sql(mariadb_url, "INSERT INTO jobs (id) VALUES (4)")
    assert run_sql(mariadb_url, "SELECT state FROM jobs WHERE id = 4") == [("fresh",)]


@pytest.mark.mysql
def test_a_value_and_its_column_get_other_names(tmp_path: Path, mariadb_url: str) -> None:
    project = Modelled(tmp_path / "project", ENV, url=mariadb_url, extra="")
    table = "Table('jobs', metadata, Column('id', Integer, primary_key=True), {})"
    kinds = "Column('{}', Enum({})), Column('{}', String(9))"
    say(project, table.format(kinds.format("state", "'new', 'dead'", "word")))
    project.make("one")
    project.migrate()
    run_sql(mariadb_url, "INSERT INTO jobs (id, state, word) VALUES (1, 'new', 'x')")
    for state, word, renames in (
        ("status", "word", ["jobs.state:status"]),
        ("word", "state", ["jobs.state:word", "jobs.word:state"]),
    ):
        say(project, table.format(kinds.format(state, "'fresh', 'dead'", word)))
        project.make("two", renames=[f"jobs.{state}.new:fresh", *renames])
        project.migrate()
        query = f"SELECT {state}, {word} FROM jobs"
        assert run_sql(mariadb_url, query) == [("fresh", "x")]
        project.back()
        assert run_sql(mariadb_url, "SELECT state, word FROM jobs") == [("new", "x")]
        (path,) = project.versions.glob("*_two.py")
        path.unlink()
