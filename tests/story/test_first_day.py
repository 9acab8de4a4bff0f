"""From an empty folder to a table that goes and comes back, on each database."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.servers import KINDS, fresh_database
from tests.worlds.databases import tables
from tests.worlds.people import Developer
from tests.worlds.texts import MODELS, table

SQLMODEL = "from sqlmodel import Field, SQLModel"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("with_git", [False, True], ids=["tarball", "git"])
def test_first_day(tmp_path: Path, kind: str, with_git: bool) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    with fresh_database(kind, tmp_path) as url:
        ada = Developer("Ada", folder, {"DATABASE_URL": url})
        if with_git:
            ada.git("init", "-q")
        ada.lback("init")
        ada.write("models.py", MODELS + table("users"))
        said = ada.manage("makemigrations", "add_users_table")
        names = [path.name for path in (folder / "migrations" / "versions").glob("*.py")]
        assert len(names) == 1
        assert re.fullmatch(r"[0-9a-f]{12}_add_users_table\.py", names[0])
        assert names[0] in said
        assert "applied 1 revision" in ada.manage("migrate")
        assert tables(url) == {"users"}
        assert "users" in ada.manage("rollback", "users")
        assert tables(url) == set()
        ada.manage("migrate")
        assert tables(url) == {"users"}
        assert "up to date" in ada.manage("migrate")
        assert "agree" in ada.manage("makemigrations", "--check")


@pytest.mark.parametrize(
    ("text", "models"),
    [
        (f"{SQLMODEL}\n\nclass User(SQLModel, table=True):\n    pass\n", "shop:SQLModel"),
        (
            f"{SQLMODEL}\n\n\nclass User(\n    SQLModel, table = True\n):\n    pass\n",
            "shop:SQLModel",
        ),
        (
            "from sqlmodel import (\n    Field,\n    SQLModel,\n)\nclass A(B, table=True): ...",
            "shop:SQLModel",
        ),
        (f"{SQLMODEL}\n\nclass User(SQLModel):\n    pass\n", "models:Base"),
        ("from sqlmodel import SQLModel as S\nclass A(S, table=True): ...\n", "models:Base"),
        ("class SQLModel(DeclarativeBase):\n    pass\n", "shop:SQLModel"),
    ],
)
def test_the_base_of_sqlmodel_is_found(tmp_path: Path, text: str, models: str) -> None:
    """Where tables are made; a class without one is no model of a database."""
    ada = Developer("Ada", tmp_path)
    ada.write("shop.py", text)
    said = ada.lback("init", "--no-hooks")
    assert models in said and ("found by reading" in said) == (models != "models:Base")


def test_manage_py_without_lback_says_what_to_do(tmp_path: Path) -> None:
    new = Developer("Ada", tmp_path)
    new.lback("init")
    said = new.run(sys.executable, "-I", "-S", "manage.py", "migrate", code=3)
    assert said.splitlines() == [
        "error: No module named 'lback'",
        "next: Activate the virtual environment that has lback.",
    ]


def test_manage_py_is_about_its_own_project(tmp_path: Path) -> None:
    """As Django's is, also for cron; inside of the project the current folder counts."""
    both = {name: tmp_path / name for name in ("shop", "audit 2")}
    for name, folder in both.items():
        folder.mkdir()
        ada = Developer("Ada", folder)
        ada.lback("init")
        ada.write("models.py", MODELS + table("users"))
        ada.manage("makemigrations", f"first_of_{name[:4]}")
    there = Developer("Ada", both["audit 2"])
    python = sys.executable
    assert "first_of_shop" in there.run(python, "../shop/manage.py", "migrate")
    assert tables(f"sqlite:///{both['shop']}/db.sqlite3") == {"users"}
    assert tables(f"sqlite:///{both['audit 2']}/db.sqlite3") == set()
    assert "first_of_audi" in there.run(python, "../shop/manage.py", "heads", "-C", ".")
    (both["audit 2"] / "inner").mkdir()
    inner = Developer("Ada", both["audit 2"] / "inner")
    assert "next: Run `python ../manage.py migrate`" in inner.run(python, "../manage.py", "status")
    said = Developer("Ada", both["shop"]).run(python, "../audit 2/manage.py", "status")
    line = said.partition("next: Run `")[2].partition("`")[0]
    assert line == "python '../audit 2/manage.py' -C '../audit 2' migrate"


def test_the_installed_program_is_about_the_current_folder(tmp_path: Path) -> None:
    """Wherever pip has put it: in the `bin` of an environment that lies in another project, say."""
    other, ada = Developer("Ada", tmp_path / "other"), Developer("Ada", tmp_path / "shop")
    for person in (other, ada):
        person.folder.mkdir()
        person.lback("init")
    program = other.write(".venv/bin/lback", "from lback.__main__ import main\nmain()\n")
    said = ada.run(sys.executable, str(program), "status")
    assert f"{ada.folder}" in ada.run(sys.executable, str(program), "doctor", code=1)
    assert "other" not in said and "next: Run `python" not in said


def test_models_are_no_folder(tmp_path: Path) -> None:
    new = Developer("Ada", tmp_path)
    said = new.lback("init", "shop.models:Base", code=2)
    assert "`lback init --models shop.models:Base`" in said
    assert list(tmp_path.iterdir()) == []
