"""An applied local revision whose file was changed since it may have run: no record tells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.inside import lback
from tests.undo.team import Shop

MAKE = 'op.create_table("{0}", sa.Column("id", sa.Integer))'


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop.at(tmp_path / "shop", f"sqlite:///{tmp_path}/x.sqlite3")
    shop.add("a1", MAKE.format("a"), 'op.drop_table("a")', commit="Add a")
    shop.publish(tmp_path / "hub.git")
    shop.add("b1", MAKE.format("b"), 'op.drop_table("b")', commit="Add b")
    shop.migrate()
    shop.forget()
    return shop


def edit(shop: Shop, revision: str, old: str, new: str) -> None:
    path = shop.written[revision]
    path.write_text(path.read_text().replace(old, new))


def amend(shop: Shop) -> None:
    shop.git("add", "-A")
    shop.git("commit", "-q", "--amend", "--no-edit")


def edited(shop: Shop) -> list[tuple[str, str, str]]:
    shop.context()
    told = json.loads(lback(shop.folder, "status", "--json").out)["data"]["edited"]
    return [(one["revision"], one["part"], one["commit"]["sha"]) for one in told]


def test_an_amended_file_is_said(shop: Shop) -> None:
    before = shop.git("rev-parse", "HEAD").strip()
    assert edited(shop) == []
    edit(shop, "b1", "sa.Integer", "sa.String(9)")
    amend(shop)
    assert edited(shop) == [("b1", "upgrade()", before)]
    said = lback(shop.folder, "status").said
    assert "edited    b1: upgrade() was another before (Ada, " in said
    assert f"commit {before[:7]}); which text this database ran is not known" in said
    shown = f"git diff {before[:12]} -- :/migrations/versions/b1_it.py"
    assert f"next: `{shown}` shows what has changed in b1 since." in said
    assert '+    op.create_table("b", sa.Column("id", sa.String(9)))' in shop.git(
        *shown.split()[1:]
    )


def test_a_file_of_another_name_and_one_reset(shop: Shop) -> None:
    before = shop.git("rev-parse", "HEAD").strip()
    shop.git("reset", "-q", "--hard", "HEAD~1")
    path = shop.written["b1"]
    shop.add("b1", MAKE.format("c"), 'op.drop_table("c")', parents=["a1"])
    path.rename(path.with_name("b1_other.py"))
    assert edited(shop) == [("b1", "upgrade()", before)]
    said = lback(shop.folder, "status").said
    assert "-- :/migrations/versions/b1_it.py :/migrations/versions/b1_other.py`" in said


@pytest.mark.parametrize("committed", [True, False])
def test_an_edit_on_top_and_one_in_the_work_tree(shop: Shop, committed: bool) -> None:
    before = shop.git("rev-parse", "HEAD").strip()
    edit(shop, "b1", "sa.Integer", "sa.String(9)")
    if committed:
        shop.commit("Make b a text")
    assert edited(shop) == [("b1", "upgrade()", before)]


def test_what_runs_as_before_is_not_said(shop: Shop) -> None:
    edit(shop, "b1", "down_revision = 'a1'", "down_revision = ('a1',)  # the same")
    edit(shop, "b1", 'op.drop_table("b")', 'op.drop_table("b", if_exists=True)')
    edit(shop, "b1", "b1 does it", "b1 does it well")
    amend(shop)
    assert edited(shop) == []


def test_what_is_published_or_pending_is_not_said(shop: Shop) -> None:
    edit(shop, "a1", "sa.Integer", "sa.String(9)")
    shop.add("c1", MAKE.format("c"), 'op.drop_table("c")', commit="Add c")
    edit(shop, "c1", "sa.Integer", "sa.String(9)")
    amend(shop)
    assert edited(shop) == []
    shop.migrate()
    shop.forget()
    edit(shop, "b1", "sa.Integer", "sa.String(9)")
    assert [one for one, *_ in edited(shop)] == ["c1", "b1"]
    shop.git("push", "-q", "origin", "main")
    assert edited(shop) == []


def test_line_ends_of_a_checkout_are_no_edit(shop: Shop) -> None:
    shop.git("config", "core.autocrlf", "true")
    path = shop.written["b1"]
    path.unlink()
    shop.git("checkout", "--", str(path))
    assert b"\r\n" in path.read_bytes()
    assert edited(shop) == []


def test_without_a_reflog_only_head_is_known(shop: Shop) -> None:
    edit(shop, "b1", "sa.Integer", "sa.String(9)")
    amend(shop)
    shop.git("reflog", "expire", "--expire=now", "--all")
    assert edited(shop) == []
    edit(shop, "b1", "sa.String(9)", "sa.String(10)")
    assert edited(shop) == [("b1", "upgrade()", shop.git("rev-parse", "HEAD").strip())]


def test_a_rollback_does_not_guess_which_of_two_texts_ran(shop: Shop) -> None:
    before = shop.git("rev-parse", "HEAD").strip()
    edit(shop, "b1", '"id"', '"number"')
    amend(shop)
    done = lback(shop.folder, "rollback", "b", "--yes")
    assert done.code == 3
    assert f"upgrade() of b1 was another in commit {before[:7]} by Ada" in done.err
    assert f"`git diff {before[:12]} -- " in done.err and "--strategy downgrade" in done.err
    assert lback(shop.folder, "rollback", "b", "--yes", "--strategy", "downgrade").code == 0
