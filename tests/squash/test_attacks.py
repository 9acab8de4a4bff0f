"""A squash amid what goes wrong: a kill, other people's squashes, odd names, odd files."""

from __future__ import annotations

import subprocess
import textwrap
from pathlib import Path

import pytest

from lback.app.check import CheckOptions, check
from lback.app.migrate import MigrateOptions, migrate
from lback.app.status import status
from lback.errors import LbackError
from lback.vcs import committing
from tests.cli.inside import lback
from tests.squash.test_squash import USERS, _commit, _shop, built, done
from tests.templates.conftest import MakeShop, Shop

KEEP = ("b2=keep", "d4=drop")


@pytest.fixture
def shop(make_shop: MakeShop, sqlite_url: str) -> Shop:
    return _shop(make_shop, sqlite_url)


def test_a_kill_before_all_is_staged(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(committing, "stage", kill)
        done(shop, "e5", data=KEEP)
    with pytest.raises(LbackError, match="e5 is the squash of 5 revisions already") as refused:
        done(shop, "e5", data=KEEP)
    assert "lback squash --revert e5" in str(refused.value.hint)
    done(shop, "e5", revert=True)
    assert shop.git("status", "--porcelain") == ""


def test_what_is_staged_and_nowhere_else_is_not_lost(shop: Shop) -> None:
    path = shop.versions / "e5_add.py"
    text = path.read_text()
    path.write_text(f"{text}\n# staged\n")
    shop.git("add", "-A")
    path.write_text(text)
    with pytest.raises(LbackError, match=r"e5_add\.py is not committed as it is"):
        done(shop, "e5", data=KEEP)


def test_other_work_stays_as_it_is(shop: Shop) -> None:
    shop.write("staged.txt", "x")
    shop.git("add", "staged.txt")
    shop.write("models.py", "x = 1")
    shop.add("g7", "c3")
    with pytest.raises(LbackError, match="g7 stands on c3"):
        done(shop, "e5", data=KEEP)
    (shop.versions / "g7_add.py").unlink()
    shop.add("g7", "f6")
    done(shop, "e5", data=KEEP)
    told = shop.git("status", "--porcelain").split("\n")
    assert {"A  staged.txt", "?? models.py", "?? migrations/versions/g7_add.py"} <= {*told}


@pytest.mark.parametrize("converts", [False, True])
@pytest.mark.parametrize("fold", [False, True])
def test_files_with_ends_of_lines_of_windows(
    make_shop: MakeShop, sqlite_url: str, fold: bool, converts: bool
) -> None:
    shop = make_shop(sqlite_url)
    if converts:
        shop.git("config", "core.autocrlf", "true")
    shop.add("a1", None, USERS)
    insert = "INSERT INTO users (id, name) VALUES (1, 'a\nb')"
    shop.add("b2", "a1", f'op.execute("""{insert}""")')
    shop.add("c3", "b2")
    for path in shop.versions.glob("*.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    _commit(shop)
    before = built(shop, "c3")
    done(shop, "c3", fold=fold, data=() if fold else ("keep",))
    assert built(shop, "c3") == before
    _commit(shop)
    done(shop, "c3", revert=True)
    _commit(shop)
    assert shop.git("diff", "HEAD~2", "--stat") == ""


ODD = 'we"ird: %s 5% `x` {a} :b'


@pytest.mark.parametrize("fold", [False, True])
def test_odd_names(make_shop: MakeShop, any_url: str, fold: bool) -> None:
    shop = make_shop(any_url)
    name = repr(ODD)
    shop.add(
        "a1",
        None,
        f"""
op.create_table({name}, sa.Column('id', sa.Integer, primary_key=True),
    sa.Column('a "b: c', sa.String(9), server_default='x: y'))
op.bulk_insert(sa.table({name}, sa.column('id', sa.Integer)), [{{'id': 1}}])
""",
        f"op.drop_table({name})",
    )
    shop.add(
        "b2",
        "a1",
        f"op.create_index('ix odd: x', {name}, ['a \"b: c'])",
        f"op.drop_index('ix odd: x', {name})",
    )
    _commit(shop)
    before = built(shop, "b2")
    (proof,) = done(shop, "b2", fold=fold, data=() if fold else ("rows",)).proof
    assert proof.down_fails is None
    assert built(shop, "b2") == before


def test_a_range_across_two_folders(make_shop: MakeShop, sqlite_url: str) -> None:
    shop = make_shop(sqlite_url)
    places = "%(here)s/migrations/versions %(here)s/more"
    shop.ini(f"version_locations = {places}\npath_separator = space\n")
    shop.add("a1")
    shop.add("b2", "a1", folder="more")
    shop.add("c3", "b2")
    shop.add("d4", "c3", folder="more")
    _commit(shop)
    before = built(shop, "d4")
    migrate(shop.ctx(), MigrateOptions("b2"))
    result = done(shop, "d4")
    assert result.path == "more/d4_add.py"
    assert "migrations/versions/a1_add.py" in result.removes
    assert built(shop, "d4") == before
    _commit(shop)
    migrate(shop.ctx(), MigrateOptions())
    assert status(shop.ctx()).database.state == "current"  # type: ignore[union-attr]


SEVERAL = """
from alembic import context
from sqlalchemy import create_engine, pool

for name in ("one", "two"):
    with create_engine(f"sqlite:///{folder}/{{name}}", poolclass=pool.NullPool).connect() as at:
        context.configure(connection=at)
        with context.begin_transaction():
            context.run_migrations()
"""


def test_one_env_for_several_databases_is_refused(
    make_shop: MakeShop, sqlite_url: str, tmp_path: Path
) -> None:
    shop = make_shop(sqlite_url)
    shop.write("migrations/env.py", textwrap.dedent(SEVERAL).format(folder=tmp_path))
    shop.add("a1")
    shop.add("b2", "a1")
    _commit(shop)
    for fold in (False, True):
        with pytest.raises(LbackError, match=r"nothing: env\.py works on"):
            done(shop, "b2", fold=fold)
    assert shop.git("status", "--porcelain") == ""


def test_of_two_squashes_the_wider_one_stays(shop: Shop) -> None:
    """Git stops at the file of the other one; check says to remove it, and nothing else."""
    for name in ("user.name", "user.email"):
        shop.git("config", name, "x")
    shop.git("checkout", "-qb", "theirs")
    done(shop, "c3", data=("b2=keep",))
    _commit(shop)
    shop.git("checkout", "-q", "main")
    done(shop, "e5", data=KEEP)
    _commit(shop)
    for mine, other in (("main", "theirs"), ("theirs", "main")):
        shop.git("checkout", "-qB", "try", mine)
        line = ["git", "merge", "-q", other]
        assert subprocess.run(line, cwd=shop.root, capture_output=True, check=False).returncode
        assert codes(shop, other) - {"LB109", "LB206"} == {"LB207"}
        for line in ("resolve", "merge", "rebase", "makemigrations x"):
            said = lback(shop.root, *line.split())
            assert "c3 was squashed into e5, and its file is still here" in said.err, line
        with pytest.raises(LbackError, match="c3 was squashed into e5, and its file is still here"):
            migrate(shop.ctx(), MigrateOptions("heads"))
        assert not codes(shop, other) & {"LB201", "LB202", "LB203", "LB204"}
        shop.git("rm", "-q", "-f", "migrations/versions/c3_add.py")
        shop.git("commit", "-qm", "Merge")
        assert codes(shop, other) <= {"LB206"}
        assert shop.ctx().revisions.graph().order() == ("e5", "f6")


def codes(shop: Shop, ref: str) -> set[str]:
    return {one.code for one in check(shop.ctx(), CheckOptions(against=(ref,))).findings}
