"""A revision that no file here defines is found wherever it still is, and the road has an end."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.undo.team import Shop

# A command that says no, or finds something, and never breaks.
ANY = """
import subprocess, sys
done = subprocess.run([sys.executable, "-m", "lback", *sys.argv[1:]], stdin=subprocess.DEVNULL)
assert done.returncode in (1, 3), done.returncode
"""
USERS = 'op.create_table("users", sa.Column("id", sa.Integer(), primary_key=True))'
CARTS = 'op.create_table("carts", sa.Column("id", sa.Integer(), primary_key=True))'


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Have run a revision that is in no commit; its record is gone."""
    shop = Shop.at(tmp_path / "ada", f"sqlite:///{tmp_path}/x.sqlite3")
    shop.add("r1", USERS, 'op.drop_table("users")', commit="Add users")
    shop.add("lost77", CARTS, 'op.drop_table("carts")')
    shop.migrate()
    return shop


def forget(shop: Shop) -> None:
    shop.execute("DELETE FROM lback_ledger")


def place(shop: Shop) -> Path:
    return shop.written["lost77"]


def is_found(shop: Shop, where: str) -> None:
    assert where in shop.lback("status")
    assert where in shop.lback("switch", "--plan")
    shop.lback("switch")
    assert set(shop.tables()) == {"users"}


def test_in_the_record(shop: Shop) -> None:
    place(shop).unlink()
    is_found(shop, "in the record of this database: Ada Lovelace ran it on 2")


def test_in_the_index(shop: Shop) -> None:
    forget(shop)
    shop.git("add", "-A")
    place(shop).unlink()
    is_found(shop, f"staged in {shop.folder}: migrations/versions/lost77_it.py")


def test_added_once_and_never_committed(shop: Shop) -> None:
    forget(shop)
    shop.git("add", "-A")
    blob = shop.git("rev-parse", ":migrations/versions/lost77_it.py").strip()
    shop.git("rm", "-q", "-f", "migrations/versions/lost77_it.py")
    is_found(shop, f"staged once, object {blob[:12]} of git")


@pytest.mark.parametrize("staged", [True, False])
def test_in_another_worktree(shop: Shop, tmp_path: Path, staged: bool) -> None:
    forget(shop)
    second = tmp_path / "second tree"
    shop.git("worktree", "add", "-q", str(second), "-b", "second")
    text = place(shop).read_bytes()
    place(shop).unlink()
    other = second / "migrations" / "versions" / "other name.py"
    other.write_bytes(text)
    if staged:
        shop.git("-C", str(second), "add", "-A")
        other.unlink()
        is_found(shop, f"staged in {second}: migrations/versions/other name.py")
    else:
        is_found(shop, f"in the worktree {second}: migrations/versions/other name.py")


@pytest.mark.parametrize("dropped", [False, True])
def test_in_a_stash(shop: Shop, dropped: bool) -> None:
    forget(shop)
    shop.git("stash", "push", "-q", "--include-untracked")
    if dropped:
        shop.git("stash", "drop", "-q")
    is_found(shop, "staged once, object" if dropped else "refs/stash")


def test_the_end_of_the_road(shop: Shop) -> None:
    """Nobody has the text; the record says who ran it, and the schema what it made."""
    shop.execute("UPDATE lback_ledger SET body = NULL")
    place(shop).unlink()
    said = shop.lback("status")
    for command in (
        "switch",
        "migrate",
        "rollback users",
        "makemigrations more --against database",
        "alembic upgrade head",
        "alembic check",
        "alembic downgrade -1",
    ):
        told = " ".join(shop.run(sys.executable, "-c", ANY, *command.split()).split())
        assert "lost77" in told, told
        assert "Can't locate" not in told, command
    for text in (said, shop.lback("switch", code=3)):
        told = " ".join(text.split())
        assert "Ada Lovelace ran lost77 from migrations/versions/lost77_it.py on 2" in told
        assert "on branch main" in told
        assert "made by no file here: carts." in told
        assert "Ask Ada Lovelace for the file or the branch" in told
        assert "`lback alembic stamp --purge r1` says that r1 and all below has run" in told
        assert "carts stay as they are" in told
    shop.lback("alembic", "stamp", "--purge", "r1")
    assert "current" in shop.lback("status")
    assert set(shop.tables()) == {"users", "carts"}


def test_the_end_of_the_road_without_a_record(shop: Shop) -> None:
    shop.execute("DROP TABLE lback_ledger")
    place(shop).unlink()
    told = " ".join(shop.lback("switch", code=3).split())
    assert "This database has no record of who did." in told
    assert "made by no file here: carts." in told
    assert "`lback alembic stamp --purge r1` says" in told
