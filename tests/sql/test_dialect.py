"""SQL is read as the project's own database reads it, by what its configuration's text says."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lback.core.effects import TREE
from lback.project.context import Context
from lback.project.options import Options
from tests.cli.inside import lback
from tests.reports import report_of

ENV = """
from sqlalchemy import engine_from_config
from alembic import context

config = context.config
connectable = engine_from_config(config.get_section(config.config_ini_section, {}))
"""
# A string for MySQL; for the others a string, and a table that is dropped.
REVISION = r'''"""Tricky."""
from alembic import op

revision = "a1"
down_revision = None


def upgrade():
    op.execute(r"UPDATE posts SET title = 'it\'; DROP TABLE users; -- '")


def downgrade():
    pass
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write(tmp_path, "migrations/env.py", ENV)
    write(tmp_path, "migrations/versions/a1.py", REVISION)
    configure(tmp_path, "mysql+pymysql://h/shop")
    git(tmp_path, "init", "-q")
    commit(tmp_path)
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)


def configure(folder: Path, url: str) -> None:
    ini = f"[alembic]\nscript_location = migrations\nsqlalchemy.url = {url}\n"
    write(folder, "alembic.ini", ini)


def git(folder: Path, *arguments: str) -> str:
    names = {"NAME": "Ada", "EMAIL": "ada@example.com"}
    who = {f"GIT_{role}_{k}": v for role in ("AUTHOR", "COMMITTER") for k, v in names.items()}
    done = subprocess.run(
        ("git", *arguments), cwd=folder, env=os.environ | who, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


def commit(folder: Path) -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "work")
    return git(folder, "rev-parse", "HEAD")


def told(folder: Path, *arguments: str) -> tuple[list[str], list[str]]:
    """Return what upgrade() is read to do, and what of it is not known."""
    done = lback(folder, "graph", "--effects", "--json", *arguments)
    revision: dict[str, Any] = report_of(done.out)["data"]["revisions"][0]
    effects = revision["effects"]
    unknown = [one["reason"] for one in effects["unknown"] if one["direction"] == "upgrade"]
    return [f"{one['kind']} {one['table']}" for one in effects["upgrade"]], unknown


def test_the_url_decides_and_a_new_one_reads_anew(project: Path) -> None:
    assert told(project) == (["update posts"], [])
    configure(project, "postgresql://h/shop")
    assert told(project) == (["update posts", "drop users"], [])
    configure(project, "%(DATABASE_URL)s")
    effects, unknown = told(project)
    assert effects == [] and unknown == ["SQL that means different things to different databases"]
    configure(project, "mysql://h/shop")
    assert told(project) == (["update posts"], [])


def test_env_decides_where_it_replaces_the_url(project: Path) -> None:
    line = 'config.set_main_option("sqlalchemy.url", f"postgresql://{context.host}/x")\n'
    write(project, "migrations/env.py", ENV.replace("connectable", line + "connectable"))
    assert told(project) == (["update posts", "drop users"], [])
    line = 'config.set_main_option("sqlalchemy.url", os.environ["DATABASE_URL"])\n'
    write(project, "migrations/env.py", ENV.replace("connectable", line + "connectable"))
    assert told(project)[0] == []


def test_each_commit_is_read_by_its_own_configuration(project: Path) -> None:
    on_mysql = git(project, "rev-parse", "HEAD")
    configure(project, "postgresql://h/shop")
    on_postgresql = commit(project)
    assert told(project, "--at", on_mysql) == (["update posts"], [])
    assert told(project, "--at", on_postgresql) == (["update posts", "drop users"], [])


def test_the_key_of_the_cache_is_all_that_a_reading_depends_on(project: Path) -> None:
    def kind() -> str:
        context = Context(Options(directory=str(project)))
        return context.revisions.effects_at("worktree").kind

    first = kind()
    assert kind() == first
    configure(project, "postgresql://h/shop")
    second = kind()
    assert second != first
    write(project, "pyproject.toml", '[tool.lback.wrappers]\n"app.add" = "add_column"\n')
    assert len({first, second, kind()}) == 3


def test_files_of_the_tree_are_given_as_they_are_there(project: Path) -> None:
    write(project, "migrations/sql/one.sql", "DROP TABLE a")
    write(project, "sql/two.sql", "DROP TABLE b")
    first = commit(project)
    write(project, "migrations/sql/one.sql", "DROP TABLE c")
    context = Context(Options(directory=str(project)))
    now = context.revisions.effects_at("worktree").resolve_file
    then = context.revisions.effects_at(first).resolve_file
    beside = f"{TREE}/migrations/versions/../sql/one.sql"
    assert (now(beside), then(beside)) == (b"DROP TABLE c", b"DROP TABLE a")
    assert (now("sql/two.sql"), then("sql/two.sql")) == (b"DROP TABLE b", b"DROP TABLE b")
    for outside in ("../x", f"{TREE}/../x", "/etc/passwd", "", "sql", "sql/none.sql"):
        assert now(outside) is None and then(outside) is None
