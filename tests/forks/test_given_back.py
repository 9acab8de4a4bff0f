"""A new revision that was put under a published one: `rebase` gives that its own parent back."""

from __future__ import annotations

import pytest

from tests.forks.shop import Shop
from tests.forks.test_rebase import answer
from tests.worlds.texts import VERSIONS, adds, creates

pytestmark = pytest.mark.counted


def squeezed(shop: Shop, up: str, down: str) -> None:
    """Publish s2 on s1, have it run, and put n under it on a branch."""
    shop.publish("s2", ("s1",), *creates("orders"))
    shop.lback("migrate")
    shop.git("push", "-q", "origin", "HEAD:main")
    shop.git("switch", "-q", "-c", "feature")
    shop.revise("n", ("s1",), up, down)
    put_under(shop)


def put_under(shop: Shop) -> None:
    path = shop.folder / VERSIONS / "s2.py"
    text = path.read_text().replace("down_revision = 's1'", "down_revision = 'n'")
    path.write_text(text.replace("Revises: s1", "Revises: n"))
    shop.commit("Squeeze in")


def codes(shop: Shop, code: int = 0) -> set[str]:
    report = answer(shop, "check", "--against", "origin/main", code=code)
    return {one["code"] for one in report["findings"]}


def test_a_database_that_is_past_the_published_one_runs_the_new_one(any_shop: Shop) -> None:
    shop = any_shop
    squeezed(shop, *creates("coupons"))
    assert "LB204" in codes(shop, 1)
    told = shop.lback("rebase")
    assert "gave s2 its published parent s1 back" in told
    assert "moved n from s1 onto s2" in told
    assert shop.stamp() == ["s2"]
    shop.commit("Place it on top")
    assert codes(shop) == set()
    assert shop.git("diff", "origin/main", "--", f"{VERSIONS}/s2.py") == ""
    shop.lback("migrate")
    assert shop.stamp() == ["n"]
    assert shop.schema() == {"users": {"id"}, "orders": {"id"}, "coupons": {"id"}}


def test_a_database_that_has_run_the_new_one_below_gets_another_stamp(any_shop: Shop) -> None:
    shop = any_shop
    shop.publish("s2", ("s1",), *creates("orders"))
    shop.git("switch", "-q", "-c", "feature")
    shop.revise("n", ("s1",), *adds("users", "nick"))
    put_under(shop)
    shop.lback("migrate")
    assert shop.stamp() == ["s2"]
    told = shop.lback("rebase")
    assert "only its stamp changes" in told
    assert shop.stamp() == ["n"]
    assert "nothing to do" in shop.lback("migrate")
    assert shop.schema() == {"users": {"id", "nick"}, "orders": {"id"}}


def test_what_only_code_would_tell_is_asked_and_not_guessed(shop: Shop) -> None:
    squeezed(shop, 'op.execute("UPDATE users SET id = id + 1")', "pass")
    before = shop.migrations()
    told = shop.lback("rebase", code=3)
    assert "Whether the database has run n is not known" in told
    assert shop.migrations() == before
    shop.lback("rebase", "--no-database")
    assert "+ n" in shop.lback("migrate")
    assert shop.stamp() == ["n"]


def test_a_plan_tells_both_and_changes_nothing(shop: Shop) -> None:
    squeezed(shop, *creates("coupons"))
    report = answer(shop, "rebase", "--plan")["data"]
    assert [(one["revision"], one["to"]) for one in report["rewrites"]] == [
        ("n", ["s2"]),
        ("s2", ["s1"]),
    ]
    assert report["database"]["state"] == "untouched"
    assert shop.git("status", "--porcelain") == ""


def test_other_edits_of_the_published_file_stay_for_their_author(shop: Shop) -> None:
    squeezed(shop, *creates("coupons"))
    path = shop.folder / VERSIONS / "s2.py"
    path.write_text(path.read_text() + "\nEXTRA = 1\n")
    shop.lback("rebase")
    assert path.read_text().endswith("\nEXTRA = 1\n")
    assert "down_revision = 's1'" in path.read_text()


def test_a_need_that_was_edited_in_is_named_with_the_way_back(shop: Shop) -> None:
    shop.publish("s2", ("s1",), *creates("orders"))
    shop.git("switch", "-q", "-c", "feature")
    shop.revise("n", ("s1",), *creates("coupons"))
    path = shop.folder / VERSIONS / "s2.py"
    path.write_text(path.read_text().replace("depends_on = None", "depends_on = 'n'"))
    shop.commit("Need it")
    assert "LB204" in codes(shop, 1)
    told = shop.lback("rebase", code=3)
    assert "`depends_on` of s2 was edited" in told
    shop.run("sh", "-c", told.split("Undo the edit: `")[1].split("`")[0])
    shop.lback("rebase")
    shop.commit("Place it on top")
    assert codes(shop) == set()


@pytest.mark.parametrize("local", ["", "m"])
def test_a_published_one_that_was_only_cut_off_or_stands_on_more(shop: Shop, local: str) -> None:
    """Its parent goes to the base, or it becomes a merge with local work."""
    shop.publish("s2", ("s1",), *creates("orders"))
    shop.git("switch", "-q", "-c", "feature")
    path = shop.folder / VERSIONS / "s2.py"
    wished = "None"
    if local:
        shop.revise("m", ("s1",), *creates("coupons"))
        wished = "('s1', 'm')"
    path.write_text(path.read_text().replace("down_revision = 's1'", f"down_revision = {wished}"))
    shop.commit("Cut off")
    assert codes(shop, 1)
    told = shop.lback("rebase")
    assert "gave s2 its published parent s1 back" in told
    shop.commit("Put back")
    assert codes(shop) == set()
