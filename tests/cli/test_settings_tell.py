"""Every setting of [tool.lback], and every choice of one, makes an output another one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple, get_args, get_origin, get_type_hints

import pytest

from lback.core.listed.databases import DatabaseList
from lback.core.preferences import CONSENTS, LbackSettings
from lback.db.locking.files import LockFile
from lback.errors import LbackError
from lback.project.context import Context
from lback.project.copies.templates import template_at
from lback.project.options import Options
from tests.check.shop import make_shop
from tests.check.team import Team, content
from tests.cli.asking import Run, child, here
from tests.servers import fresh_database
from tests.worlds.texts import VERSIONS

ROOT = Path(__file__).parents[2]


class Shown(NamedTuple):
    """A setting's value, how the shop is made ready, what is run, and what then is said."""

    value: str
    ready: Callable[[Team], object]
    run: Run
    says: str


def nothing(_: Team) -> None:
    """Leave the shop as it is."""


def two_heads(shop: Team) -> None:
    shop.write(f"{VERSIONS}/c3.py", 'revision = "c3"\ndown_revision = "b2"\n')
    shop.write(f"{VERSIONS}/d4.py", 'revision = "d4"\ndown_revision = "b2"\n')
    shop.git("add", "-A")


def pulled(shop: Team) -> None:
    """Merge what somebody else has put beside the revision of this branch."""
    shop.git("checkout", "-q", "main")
    shop.add("d4", "b2")
    shop.git("push", "-q")
    shop.git("checkout", "-q", "work")
    shop.add("c3", "b2")
    shop.git("merge", "-q", "--no-edit", "origin/main")


def no_way_down(shop: Team) -> None:
    up = "op.add_column('users', sa.Column('age', sa.Integer()))"
    shop.write(f"{VERSIONS}/c3.py", content("c3", "b2", up, "pass"))
    shop.git("add", "-A")


def index(shop: Team) -> None:
    up = "op.create_index('ix', 'users', ['mail'])"
    shop.write(f"{VERSIONS}/c3.py", content("c3", "b2", up))
    shop.git("add", "-A")


def helper(shop: Team) -> None:
    text = content("c3", "b2", "add_index('ix', 'users', ['mail'])")
    shop.write(
        f"{VERSIONS}/c3.py",
        text.replace("import sqlalchemy", "from x import add_index\nimport sqlalchemy"),
    )
    shop.git("add", "-A")


def other_branch(shop: Team) -> None:
    shop.git("push", "-q", "origin", "work:other")


def tables(shop: Team) -> None:
    text = (shop.path / "models.py").read_text()
    shop.write("rows.py", text)
    shop.commit("Tables")
    shop.write("rows.py", f"{text}    age = sa.Column(sa.Integer)\n")
    shop.git("add", "-A")


def flask_application(shop: Team) -> None:
    shop.write("factory.py", "from flask import Flask\n\n\ndef make():\n    return Flask('shop')\n")
    env = shop.path / "migrations" / "env.py"
    env.write_text("from flask import current_app\n\ncurrent_app.name\n" + env.read_text())


def left_behind(shop: Team) -> None:
    shop.git("branch", "before")
    shop.add("c3", "b2")
    shop.git("checkout", "-q", "before")


def side_by_side(shop: Team) -> None:
    for name in ("c3", "d4"):
        up = f"op.create_index('ix_{name}', 'users', ['mail'])"
        text = content(name, "b2", up, f"op.drop_index('ix_{name}', 'users')")
        shop.write(f"{VERSIONS}/{name}.py", text)


def edited_after_it_ran(shop: Team) -> None:
    """Leave a database whose record knows what was run from a file that was edited since."""
    assert child("migrate")(shop).startswith("0")
    path = shop.path / VERSIONS / "b2.py"
    source = path.read_text()
    path.write_text(source.replace("op.drop_column", "op.f('x'); op.drop_column"))


def limited(shop: Team) -> str:
    """Migrate a PostgreSQL database by a revision that fails with the limit that it has."""
    text = "op.execute(\"DO $$ BEGIN RAISE 'limit %', current_setting('lock_timeout'); END $$\")"
    shop.write(f"{VERSIONS}/c3.py", content("c3", "b2", text))
    env = shop.path / "migrations" / "env.py"
    with fresh_database("postgresql", shop.path) as url:
        env.write_text(env.read_text().replace("sqlite:///shop.db", url))
        return child("migrate")(shop)


def templated(shop: Team) -> str:
    """Build a template beside the project's database."""
    try:
        return str(template_at(Context(Options(directory=str(shop.path)))).built)
    except LbackError as err:
        return err.message


def locked(shop: Team) -> str:
    """Migrate while somebody holds the lock; give it back as soon as that is said."""
    lock = LockFile(str(shop.path / "shop.db"))
    assert lock.attempt()
    waiting = subprocess.Popen(
        [sys.executable, "-m", "lback", "migrate"],
        cwd=shop.path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert waiting.stderr is not None
    said = ""
    for line in waiting.stderr:
        said += line
        if line.startswith(("Waiting", "error:")):
            break
    lock.release()
    with waiting:
        said += waiting.stderr.read()
    return f"{waiting.returncode}\n{said}"


CHECK = here("check")
MERGED = here("hook", "post-merge", "0")
SHOWN = {
    "upstream": [
        Shown('"origin/other"', other_branch, here("status", "--no-database"), "origin/other")
    ],
    "heads": [Shown('["c3", "d4"]', two_heads, CHECK, "nothing found")],
    "app": [Shown('"factory:make"', flask_application, child("status"), "a1")],
    "on_fork": [
        Shown('"rebase"', pulled, MERGED, "rebased: c3 moves from b2 onto d4"),
        Shown('"tell"', pulled, MERGED, "next: `lback -C"),
    ],
    "on_checkout": [
        Shown(
            '"switch"',
            left_behind,
            here("hook", "post-checkout", "work", "before", "1"),
            "git config lback.onCheckout switch",
        ),
    ],
    "merge_commit": [
        Shown('"commit"', pulled, MERGED, "and committed it"),
        Shown('"amend"', pulled, MERGED, "and put it into the merge commit"),
    ],
    "against": [
        Shown('"database"', nothing, here("makemigrations", "x"), "lacks 2 revisions"),
    ],
    "models": [Shown('["rows.py"]', tables, here("hook", "pre-commit"), "LB305")],
    "wrappers": [
        Shown(
            '{ "x.add_index" = "create_index" }',
            helper,
            here("show", "c3"),
            "create index ix on users",
        ),
    ],
    "ledger": [
        Shown("false", edited_after_it_ran, child("rollback", "users", "--plan"), "is not known"),
    ],
    "scratch_url": [
        Shown(
            '"sqlite:///scratch.db"',
            side_by_side,
            child("merge", "--prove", "--plan"),
            "one schema on the scratch database",
        ),
    ],
    "protected": [Shown('["*/shop.db", "shop.*"]', nothing, templated, "is protected by")],
    "ignore_folders": [Shown('["migrations/versions"]', nothing, CHECK, "LB107")],
    "lock_timeout": [Shown("0", nothing, locked, "3\n")],
    "postgresql": [Shown("{ lock_timeout = 7 }", nothing, limited, "limit 7s")],
    "big_tables": [Shown('["users"]', index, CHECK, "LB404")],
    "select": [Shown('["LB1"]', no_way_down, CHECK, "nothing found")],
    "ignore": [Shown('["LB401"]', no_way_down, CHECK, "nothing found")],
    "databases": [
        Shown('["sqlite:///shop.db"]', nothing, child("status", "--all"), "empty  1  shop"),
    ],
    "severity": [Shown('{ LB401 = "error" }', no_way_down, CHECK, "1 error")],
}
CASES = [(name, shown) for name, rows in SHOWN.items() for shown in rows]


@pytest.fixture(scope="session")
def settings_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("settings") / "shop"
    make_shop(place)
    return place


@pytest.mark.parametrize(("name", "shown"), CASES, ids=[f"{n}-{s.value}" for n, s in CASES])
def test_a_setting_makes_a_difference(
    settings_shop: Path, tmp_path: Path, name: str, shown: Shown
) -> None:
    said = []
    for number, text in enumerate(("", f"{name} = {shown.value}\n")):
        place = tmp_path / str(number)
        shutil.copytree(settings_shop, place)
        shop = Team(place / "shop", "Ada")
        shop.git("remote", "set-url", "origin", str(place / "origin.git"))
        shop.write("pyproject.toml", f"[tool.lback]\n{text}")
        shop.commit("Set")
        shown.ready(shop)
        told = shown.run(shop).replace(str(place), "")
        said.append(re.sub(r"\b[0-9a-f]{7,40}\b|\d\.\d\d s", "", told))
    assert said[0] != said[1]
    assert shown.says in said[1], said[1]
    assert not shown.says or shown.says not in said[0], said[0]


def test_every_setting_and_every_choice_is_shown() -> None:
    """A setting without a line above does nothing that anybody has seen."""
    hints = get_type_hints(LbackSettings, localns={"DatabaseList": DatabaseList})
    assert set(SHOWN) == set(LbackSettings._fields) - {"warnings", "powerless"} | set(CONSENTS)
    for name, hint in hints.items():
        if get_origin(hint) is Literal:
            others = set(get_args(hint)) - {LbackSettings._field_defaults[name]}
            assert {row.value.strip('"') for row in SHOWN[name]} == others, name


def test_every_setting_has_a_row_on_its_page() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.M)) == set(SHOWN)


def test_alembic_says_whom_it_waits_for(tmp_path: Path) -> None:
    shop = make_shop(tmp_path / "world")
    ini = shop.path / "alembic.ini"
    ini.write_text(f"{ini.read_text()}[lback]\nlock_timeout = 3\n")
    lock = LockFile(str(shop.path / "shop.db"))
    assert lock.attempt()
    said = child("alembic", "upgrade", "head")(shop)
    lock.release()
    assert said.startswith("3\n")
    assert (
        f"(process {os.getpid()}), since" in said.partition("Waiting for another migration of")[2]
    )
