"""A revision whose file was edited after lback had run it: the record knows what ran."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.inside import lback
from tests.undo.team import Shop
from tests.worlds import databases

MAKE = 'op.create_table("{0}", sa.Column("id", sa.Integer))'
DROP = 'op.drop_table("{0}")'


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop.at(tmp_path / "shop", f"sqlite:///{tmp_path}/x.sqlite3")
    shop.add("a1", MAKE.format("a"), DROP.format("a"), commit="Add a")
    shop.publish(tmp_path / "hub.git")
    shop.add("b1", MAKE.format("b"), DROP.format("b"), commit="Add b")
    shop.migrate()
    return shop


def rename(shop: Shop, revision: str, old: str, new: str) -> None:
    """Let a file speak of another table."""
    path = shop.written[revision]
    path.write_text(path.read_text().replace(f'"{old}"', f'"{new}"'))


def status(shop: Shop) -> dict[str, Any]:
    shop.context()
    data: dict[str, Any] = json.loads(lback(shop.folder, "status", "--json").out)["data"]
    return data


@pytest.mark.parametrize("how", ["work tree", "committed", "amended", "published"])
def test_it_is_undone_with_the_text_that_ran(shop: Shop, how: str) -> None:
    rename(shop, "b1", "b", "other")
    shop.git("add", "-A")
    if how == "amended":
        shop.git("commit", "-q", "--amend", "--no-edit")
    elif how != "work tree":
        shop.commit("Say something else")
    if how == "published":
        shop.git("push", "-q", "origin", "main")
    (row,) = status(shop)["changed"]
    assert (row["revision"], row["part"], row["who"]) == ("b1", "upgrade()", "Ada Lovelace")
    assert status(shop)["edited"] == []
    said = lback(shop.folder, "status").said
    assert "edited    b1: ran as Ada Lovelace had it on 20" in said
    assert "rollback --revision b1` undoes what ran" in said
    done = lback(shop.folder, "rollback", "--revision", "b1", "--yes", "--strategy", "downgrade")
    assert done.code == 0, done.said
    assert sorted(databases.columns(shop.url)) == ["a"]
    assert "b1 with the text that ran here" in done.out
    shop.migrate()
    assert sorted(databases.columns(shop.url)) == ["a", "other"]
    assert status(shop)["changed"] == []


@pytest.mark.parametrize("again", [False, True])
def test_what_something_else_may_have_run_is_not_known(shop: Shop, again: bool) -> None:
    from tests.undo.test_mixed_with_alembic import alembic

    alembic(shop, "downgrade", "a1")
    said = lback(shop.folder, "status").said
    assert "moved from b1 to a1 by something else than lback, between " in said
    if again:
        lback(shop.folder, "alembic", "stamp", "b1")
        rename(shop, "b1", "b", "other")
        shop.commit("Say something else")
        assert status(shop)["changed"] == []
        assert [row["revision"] for row in status(shop)["edited"]] == ["b1"]


def test_history_says_who_applied_it_here(shop: Shop) -> None:
    shop.context()
    assert "; applied by Ada Lovelace on 20" in lback(shop.folder, "history", "--database").said
    said = lback(shop.folder, "blame", "b", "--database").said
    assert "on the database:\nb1  applied by Ada Lovelace on 20" in said
    assert (
        "database applied by Ada Lovelace on 20"
        in lback(shop.folder, "show", "b1", "--database").said
    )
    assert "database" not in lback(shop.folder, "show", "b1").said
    shop.forget()
    said = lback(shop.folder, "history", "--database").said
    assert "; applied\n" in said and "applied by" not in said


def test_log_names_a_revision_and_what_failed(shop: Shop) -> None:
    shop.context()
    shop.add("c1", MAKE.format("c"), DROP.format("c"))
    shop.migrate()
    said = lback(shop.folder, "log", "b1").out
    assert "b1  b1 does it" in said and "a1  " not in said and "c1  " not in said
    said = lback(shop.folder, "log", "--max-count", "1").out
    assert "c1  c1 does it" in said and "and 2 earlier steps" in said
    databases.query(shop.url, "UPDATE lback_ledger SET outcome = 'failed', message = 'no room'")
    assert "failed: no room" in lback(shop.folder, "log").out
    databases.query(shop.url, "UPDATE lback_ledger SET outcome = 'started'")
    assert "did not end" in lback(shop.folder, "log").out
    shop.forget()
    assert "nothing is recorded here" in lback(shop.folder, "log").out
    databases.query(shop.url, "CREATE TABLE lback_ledger (x INTEGER)")
    assert "a table of that name is not lback's own" in lback(shop.folder, "log").out
    shop.write("pyproject.toml", "[tool.lback]\nledger = false\n")
    assert "turns the record off" in lback(shop.folder, "log").out


def test_a_switch_does_not_undo_by_another_text(shop: Shop) -> None:
    shop.git("branch", "before", "HEAD~1")
    shop.git("remote", "rm", "origin")
    rename(shop, "b1", "b", "other")
    shop.commit("Say something else")
    shop.context()
    done = lback(shop.folder, "switch", "before", "--yes")
    assert done.code == 3 and "was edited since Ada Lovelace ran it" in done.err
    assert lback(shop.folder, "rollback", "--revision", "b1", "--yes").code == 0
    assert lback(shop.folder, "switch", "before", "--yes").code == 0
    assert databases.stamp(shop.url) == ["a1"]
