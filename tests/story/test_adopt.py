"""Existing Alembic projects, made by the tools that people make them with: nothing changes."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.reports import report_of
from tests.worlds.people import Developer
from tests.worlds.processes import programs
from tests.worlds.texts import revision_text

pytestmark = pytest.mark.counted

_ALEMBIC = tuple(int(part) for part in version("alembic").split(".")[:2])


def python() -> str:
    return str(programs(os.environ) / "python")


@pytest.fixture
def ada(tmp_path: Path) -> Developer:
    person = Developer("Ada", tmp_path / "project")
    person.folder.mkdir()
    person.git("init", "-q")
    person.write(".gitignore", "__pycache__/\n*.db\n")
    return person


def put_url(person: Developer, path: str, url: str) -> None:
    text = (person.folder / path).read_text()
    assert "driver://user:pass@localhost/dbname" in text
    person.write(path, text.replace("driver://user:pass@localhost/dbname", url))


def works_untouched(person: Developer, *, count: int = 2) -> None:
    """Run what only reads and what migrates; the checkout is as clean as before."""
    person.commit("As it was")
    found = report_of(person.lback("status", "--json"))
    assert found["data"]["database"]["state"] == "empty", found
    assert len(found["data"]["pending"]) == count
    heads = report_of(person.lback("heads", "--json"))["data"]["heads"]
    assert heads
    assert "applied" in person.lback("migrate")
    found = report_of(person.lback("status", "--json"))
    assert found["data"]["database"]["state"] == "current", found
    assert "nothing to do" in person.lback("migrate")
    person.lback("init", ".")
    changed = person.git("-c", "core.quotePath=false", "status", "--porcelain").splitlines()
    assert [line for line in changed if not line.rstrip('"').endswith("manage.py")] == []
    assert all(line.startswith("??") for line in changed)


def two_revisions(person: Developer, folder: str) -> None:
    person.write(f"{folder}/a.py", revision_text("a1", (), "users"))
    person.write(f"{folder}/b.py", revision_text("b2", ("a1",), "orders"))


def test_alembic_ini(ada: Developer) -> None:
    ada.run(python(), "-m", "alembic", "init", "alembic")
    put_url(ada, "alembic.ini", "sqlite:///app.db")
    two_revisions(ada, "alembic/versions")
    works_untouched(ada)


@pytest.mark.skipif(_ALEMBIC < (1, 16), reason="this Alembic reads no pyproject.toml")
def test_pyproject(ada: Developer) -> None:
    ada.run(python(), "-m", "alembic", "init", "-t", "pyproject", "alembic")
    env = (ada.folder / "alembic/env.py").read_text()
    # That template leaves the connection to the project.
    ada.write(
        "alembic/env.py",
        env.replace(
            "config = context.config",
            'config = context.config\nconfig.set_main_option("sqlalchemy.url", "sqlite:///app.db")',
        ),
    )
    two_revisions(ada, "alembic/versions")
    works_untouched(ada)


def test_async_env(ada: Developer) -> None:
    ada.run(python(), "-m", "alembic", "init", "-t", "async", "alembic")
    put_url(ada, "alembic.ini", "sqlite+aiosqlite:///app.db")
    two_revisions(ada, "alembic/versions")
    works_untouched(ada)


def test_two_version_locations(ada: Developer) -> None:
    ada.run(python(), "-m", "alembic", "init", "alembic")
    put_url(ada, "alembic.ini", "sqlite:///app.db")
    text = (ada.folder / "alembic.ini").read_text()
    # Each generation of the template has another of these lines.
    kept = [line for line in text.splitlines() if "path_separator =" not in line]
    locations = "version_locations = %(here)s/alembic/versions %(here)s/plugin/versions"
    start = kept.index("[alembic]") + 1
    kept[start:start] = [locations, "version_path_separator = space", "path_separator = space"]
    ada.write("alembic.ini", "\n".join(kept) + "\n")
    two_revisions(ada, "alembic/versions")
    plugin = revision_text("p1", (), "plugins").replace(
        "branch_labels = None", 'branch_labels = "plugin"'
    )
    ada.write("plugin/versions/p.py", plugin)
    works_untouched(ada, count=3)


def test_flask_migrate(ada: Developer) -> None:
    ada.write(
        "app.py",
        "from flask import Flask\n"
        "from flask_migrate import Migrate\n"
        "from flask_sqlalchemy import SQLAlchemy\n\n"
        "app = Flask(__name__)\n"
        'app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///app.db"\n'
        "db = SQLAlchemy(app)\n"
        "Migrate(app, db)\n\n\n"
        "class Thing(db.Model):\n"
        "    id = db.Column(db.Integer, primary_key=True)\n",
    )
    ada.write(".gitignore", "__pycache__/\n*.db\ninstance/\n")
    ada.run(python(), "-m", "flask", "db", "init")
    ada.run(python(), "-m", "flask", "db", "migrate", "-m", "things")
    works_untouched(ada, count=1)
    assert "agree" in ada.lback("makemigrations", "--check")
    ini = ada.folder / "migrations/alembic.ini"
    ini.write_text(ini.read_text().replace("[alembic]", "[alembic]\nscript_location = .", 1))
    assert "head" in ada.lback("alembic", "current")
    assert "agree" in ada.lback("makemigrations", "--check")


def test_in_a_subfolder_of_the_repository(ada: Developer) -> None:
    top = ada.folder
    ada.folder = top / "services" / "shop ü"
    ada.folder.mkdir(parents=True)
    ada.run(python(), "-m", "alembic", "init", "alembic")
    put_url(ada, "alembic.ini", "sqlite:///app.db")
    two_revisions(ada, "alembic/versions")
    works_untouched(ada)
    inner = Developer("Ada", ada.folder / "alembic" / "versions")
    assert "b2" in inner.lback("heads")
    assert "app.db" in inner.lback("status")


def test_tables_that_no_stamp_tells_of(ada: Developer) -> None:
    ada.run(python(), "-m", "alembic", "init", "alembic")
    put_url(ada, "alembic.ini", "sqlite:///app.db")
    two_revisions(ada, "alembic/versions")
    ada.lback("migrate", "a1")
    ada.run(python(), "-m", "alembic", "stamp", "base")
    told = "holds users already: a1 would create what is there. Its tables and columns fit up to a1"
    for command, code in ((["status"], 0), (["migrate"], 3), (["migrate", "--plan"], 3)):
        assert told in ada.lback(*command, code=code)
    said = ada.lback("migrate", "--fake", code=3)
    assert "b2 would be noted as applied, and the schema does not have what it does" in said
    fix = said.partition("`")[2].partition("`")[0]
    assert fix == "lback migrate --fake a1"
    assert "applied 1 revision, noted only" in ada.lback(*fix.split()[1:])
    assert "applied 1 revision" in ada.lback("migrate")
    ada.run(python(), "-m", "alembic", "stamp", "base")
    assert "applied 2 revisions, noted only" in ada.lback("migrate", "--fake")
