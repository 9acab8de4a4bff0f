"""The pytest plugin, as a project uses it: a run of pytest in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.db.projects import Project

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "testing.md").read_text()
MODELS = """
import sqlalchemy as sa
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class User(Base):
    __tablename__ = "users"
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.String(40))
"""
ENV = """
    from alembic import context
    from sqlalchemy import create_engine, pool
    from models import Base

    with create_engine({url!r}, poolclass=pool.NullPool).connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata)
        with context.begin_transaction():
            context.run_migrations()
"""
USERS = (
    "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), "
    "sa.Column('name', sa.String(40)))"
)


class WithTests(Project):
    """A project with tests."""

    def pytest(self, *options: str) -> tuple[int, str]:
        """Run its tests; return the exit status and what was printed."""
        # The plugins of these tests here take longer to load than the project's tests to run.
        alone = {} if "-n" in options else {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", *options],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": "", **alone},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr


def make(tmp_path: Path, url: str) -> WithTests:
    project = WithTests(tmp_path / "project", ENV, url=url)
    project.write("models.py", MODELS)
    project.write("pytest.ini", "[pytest]\n")
    project.add("a1", None, USERS, "op.drop_table('users')")
    for name, text in re.findall(r"```python\n# (\w+\.py)\n(.*?)```", PAGE, re.DOTALL):
        project.write(name, text)
    return project


def drop_templates(project: WithTests, url: str) -> None:
    """Leave nothing on a server: who runs the page has its template for long."""
    from lback.project.context import Context
    from lback.project.copies.templates import template_at
    from lback.project.options import Options

    made = template_at(Context(Options(directory=str(project.root))), url=url)
    assert made.built == 0
    made.beside.drop(made.name)
    made.beside.close()


def test_the_page(tmp_path: Path, any_url: str) -> None:
    """All that docs/testing.md shows passes, and the project's own database is not touched."""
    project = make(tmp_path, any_url)
    workers = ["-n", "2"] if any_url.startswith("sqlite") else []
    code, said = project.pytest(*workers)
    assert code == 0 and "6 passed" in said, said
    own = sa.make_url(any_url)
    if own.get_backend_name() == "sqlite":
        assert not Path(str(own.database)).exists()
    else:
        engine = sa.create_engine(own, poolclass=sa.NullPool)
        with engine.connect() as connection:
            assert sa.inspect(connection).get_table_names() == []
    drop_templates(project, any_url)


def test_ready_tests_fail_each_for_its_reason(tmp_path: Path, sqlite_url: str) -> None:
    project = make(tmp_path, sqlite_url)
    project.write("models.py", MODELS + "    mail = sa.Column(sa.String(40))\n")
    project.add(
        "b2", "a1", "op.create_table('pets', sa.Column('id', sa.Integer))", "op.execute('SELECT 1')"
    )
    project.add("c3", "b2", "op.execute('SELECT 1')", "op.execute('DELETE FROM users')")
    project.add("d4", "c3", "pass")
    project.add("e5", "c3", "pass")
    code, said = project.pytest("test_migrations.py")
    assert code == 1 and "4 failed" in said, said
    assert re.search(r"test_single_head.*\n.*LB101", said), said
    assert "LB503 downgrade() of b2 does not restore the schema" in said
    assert "LB305" in said and "LB504" in said


def test_migrations_that_do_not_run(tmp_path: Path, sqlite_url: str) -> None:
    """It is said with the revision, once, and no test passes."""
    project = make(tmp_path, sqlite_url)
    project.add("b2", "a1", "op.drop_table('nowhere')")
    code, said = project.pytest("test_users.py")
    assert code == 1 and "2 errors" in said
    assert "The migrations do not build a schema from nothing: at b2, line 7" in said


def test_without_a_project(tmp_path: Path) -> None:
    project = WithTests(tmp_path / "project", ENV, url="sqlite://")
    (project.root / "alembic.ini").unlink()
    project.write("conftest.py", 'pytest_plugins = ["lback.testing"]\n')
    project.write("test_it.py", "def test_it(migrated_url):\n    pass\n")
    code, said = project.pytest()
    assert code == 1 and "There is no Alembic configuration" in said, said


@pytest.mark.parametrize("name", ["lback_directory", "lback_url"])
def test_settings_of_pytest(tmp_path: Path, sqlite_url: str, name: str) -> None:
    project = make(tmp_path, "sqlite:////nowhere/x.db")
    value = {"lback_directory": "..", "lback_url": sqlite_url}[name]
    place = "tests" if name == "lback_directory" else "."
    project.write(f"{place}/pytest.ini", f"[pytest]\n{name} = {value}\n")
    project.write(f"{place}/conftest.py", 'pytest_plugins = ["lback.testing"]\n')
    project.write(f"{place}/test_it.py", "def test_it(migrated_url):\n    print(migrated_url)\n")
    code, said = project.pytest(
        "-s", "--rootdir", place, "-c", f"{place}/pytest.ini", place + "/test_it.py"
    )
    assert code == 0 and "1 passed" in said, said
