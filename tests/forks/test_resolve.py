"""`lback resolve`: which way it takes, and the sentence that says why."""

from __future__ import annotations

from typing import Any

from tests.forks.shop import Shop
from tests.reports import report_of
from tests.worlds.texts import adds, creates

KEYS = {"heads", "action", "reason", "revision", "path", "rewrites", "overlaps"}


def answer(shop: Shop, *arguments: str, code: int = 0) -> dict[str, Any]:
    said = shop.lback("resolve", "--json", *arguments, code=code)
    report: dict[str, Any] = report_of(said[said.index("{") :])
    assert set(report["data"]) >= KEYS
    data: dict[str, Any] = report["data"]
    return data


def prefers(shop: Shop, way: str) -> None:
    ini = shop.folder / "alembic.ini"
    ini.write_text(ini.read_text() + f"[lback]\non_fork = {way}\n")
    shop.commit("Prefer")


NULLS = (
    'op.alter_column("users", "nick", nullable=False)',
    'op.alter_column("users", "nick", nullable=True)',
)
FILLS = ('op.execute("INSERT INTO users (id) VALUES (1)")', "pass")


def test_one_head_needs_nothing(shop: Shop) -> None:
    assert answer(shop)["action"] == "none"
    assert "nothing to resolve" in shop.lback("resolve")


def test_sides_that_commute_are_merged(shop: Shop) -> None:
    shop.local("a", ("s1",), *creates("coupons"))
    shop.publish("s2", ("s1",), *creates("orders"))
    data = answer(shop, "--plan")
    assert data["action"] == "merge"
    assert "change different tables" in data["reason"]
    told = shop.lback("resolve")
    assert "wrote and staged" in told
    assert "why: the sides change different tables" in told
    assert answer(shop)["action"] == "none"


def test_they_are_rebased_where_the_team_wants_it(shop: Shop) -> None:
    prefers(shop, "rebase")
    shop.local("a", ("s1",), *creates("coupons"))
    shop.publish("s2", ("s1",), *creates("orders"))
    data = answer(shop, "--plan")
    assert data["action"] == "rebase"
    assert data["rewrites"][0]["to"] == ["s2"]
    told = shop.lback("resolve")
    assert "moved a from s1 onto s2" in told
    assert "a is local only" in told
    assert "down_revision = 's2'" in shop.text("a")


def test_what_is_pushed_is_merged_even_there(shop: Shop) -> None:
    prefers(shop, "rebase")
    shop.local("a", ("s1",), *creates("coupons"))
    shop.git("push", "-q", "origin", "HEAD:refs/heads/feature")
    shop.publish("s2", ("s1",), *creates("orders"))
    data = answer(shop)
    assert data["action"] == "merge"
    assert "a is pushed" in data["reason"]


def test_where_the_order_matters_the_local_side_goes_on_top(shop: Shop) -> None:
    shop.local("a", ("s1",), *adds("users", "nick"))
    shop.local("b", ("a",), *FILLS)
    shop.publish("s2", ("s1",), 'op.execute("DELETE FROM users")', "pass")
    data = answer(shop, "--plan")
    assert data["action"] == "rebase", data
    assert "it matters" in data["reason"]
    assert data["overlaps"]


def test_a_contradiction_is_left_to_a_person(shop: Shop) -> None:
    shop.local("a", ("s1",), *adds("users", "nick"))
    shop.publish("s2", ("s1",), *adds("users", "nick"))
    data = answer(shop, code=3)
    assert data["action"] == "refused"
    assert data["overlaps"][0]["verdict"] == "conflict"
    told = shop.lback("resolve", code=3)
    assert "cannot be resolved automatically" in told
    assert "users.nick" in told
    assert "Grace" in told
    assert "down_revision = 's1'" in shop.text("a")


def test_without_git_it_merges(shop: Shop) -> None:
    shop.local("a", ("s1",), *creates("coupons"))
    shop.publish("s2", ("s1",), *creates("orders"))
    import shutil

    shutil.rmtree(shop.folder / ".git")
    shop.env["GIT_CEILING_DIRECTORIES"] = str(shop.folder)
    assert answer(shop)["action"] == "merge"
    assert answer(shop)["action"] == "none"
