"""Two people have each written a revision under one number."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from tests.forks.shop import Shop
from tests.worlds import databases
from tests.worlds.people import Developer
from tests.worlds.texts import VERSIONS, creates, revision

pytestmark = pytest.mark.counted

ADAS, GRACES = f"{VERSIONS}/0003_orders.py", f"{VERSIONS}/0003_coupons.py"


def text(name: str, parent: str, table: str) -> str:
    return revision(name, (parent,), *creates(table))


def said(shop: Shop, name: str) -> str:
    """Return a file that had been 0003; its message, which nobody rewrites, says so."""
    return shop.text(name).replace('"""do 0003', f'"""do {name[:4]}')


def ada_publishes(shop: Shop) -> None:
    """Let Ada push her own 0003 from a clone of her own; pull it."""
    ada = Developer("Ada", shop.folder.parent / "ada")
    replace(ada, folder=shop.folder.parent).git("clone", "-q", "shop.git", "ada")
    ada.write(ADAS, text("0003", "0002", "orders"))
    ada.commit("Add orders")
    ada.git("push", "-q", "origin", "HEAD:main")
    shop.git("pull", "-q", "--no-rebase", "--no-edit")


@pytest.fixture
def numbered(shop: Shop) -> Shop:
    """Return a shop with a shared 0002."""
    shop.write(f"{VERSIONS}/0002_tags.py", text("0002", "s1", "tags"))
    shop.commit("Add tags")
    shop.git("push", "-q")
    return shop


def graces_own(shop: Shop) -> None:
    shop.write(GRACES, text("0003", "0002", "coupons"))
    shop.commit("Add coupons")


def test_it_is_told_which_one_others_have_and_which_number_is_free(numbered: Shop) -> None:
    shop = numbered
    shop.git("switch", "-q", "-c", "other")
    shop.write(f"{VERSIONS}/0007_far.py", text("0007", "0002", "far"))
    shop.commit("Far")
    shop.git("switch", "-q", "main")
    graces_own(shop)
    ada_publishes(shop)
    for command in ("migrate", "merge", "check --against origin/main"):
        told = shop.lback(*command.split(), code=1 if "check" in command else 3)
        assert f"Grace wrote {GRACES}, only here; Ada wrote {ADAS}, on origin/main." in told
        assert f"eave {ADAS} as it is, others have it; give {GRACES} the id 0008 by" in told
        assert "then `lback rebase`" in told
        assert "delete" not in told


def test_neither_goes_where_both_are_published(numbered: Shop) -> None:
    shop = numbered
    graces_own(shop)
    ada_publishes(shop)
    shop.git("push", "-q")
    told = shop.lback("migrate", code=3)
    assert "eep both files" in told
    assert "delete" not in told


def test_the_local_one_gets_the_free_number(numbered: Shop) -> None:
    shop = numbered
    shop.lback("migrate")
    graces_own(shop)
    ada_publishes(shop)
    told = shop.lback("rebase", "--plan")
    assert f"would give {GRACES} the id 0004: {VERSIONS}/0004_coupons.py" in told
    assert shop.git("status", "--porcelain") == ""
    report = json.loads(shop.lback("rebase", "--plan", "--json"))
    assert report["data"]["renumbered"] == [
        {
            "revision": "0003",
            "to": "0004",
            "path": GRACES,
            "to_path": f"{VERSIONS}/0004_coupons.py",
        }
    ]
    shop.lback("rebase")
    assert shop.git("status", "--porcelain").split() == [
        "R",
        GRACES,
        "->",
        f"{VERSIONS}/0004_coupons.py",
    ]
    assert said(shop, "0004_coupons") == text("0004", "0003", "coupons")
    shop.lback("migrate")
    assert shop.stamp() == ["0004"]
    assert set(shop.schema()) == {"users", "tags", "orders", "coupons"}


def test_a_chain_moves_with_it(numbered: Shop) -> None:
    shop = numbered
    graces_own(shop)
    shop.write(f"{VERSIONS}/0004_more.py", text("0004", "0003", "more"))
    shop.commit("Add more")
    ada_publishes(shop)
    shop.lback("rebase")
    assert said(shop, "0005_coupons") == text("0005", "0003", "coupons")
    assert shop.text("0004_more") == text("0004", "0005", "more")
    shop.lback("migrate")
    assert shop.stamp() == ["0004"]


@pytest.mark.parametrize("more", [(), ("more",)])
def test_a_database_that_has_run_the_local_one_is_followed_by_the_commands_told(
    numbered: Shop, more: tuple[str, ...]
) -> None:
    shop = numbered
    graces_own(shop)
    for name in more:
        shop.write(f"{VERSIONS}/0004_more.py", text("0004", "0003", name))
        shop.commit("Add more")
    shop.lback("migrate")
    ada_publishes(shop)
    before = shop.migrations()
    told = shop.lback("rebase", code=3)
    assert f"The database is at {'0004' if more else '0003'}, and has run {GRACES}, not" in told
    assert shop.migrations() == before
    way = told.partition("Nothing was changed")[2]
    for command in re.findall(r"`lback ([^`]+)`", way):
        shop.lback(*command.split())
    assert shop.stamp() == ["0004"]
    assert set(shop.schema()) == {"users", "tags", "orders", "coupons", *more}


def test_nothing_is_guessed_about_what_stands_on_either(numbered: Shop) -> None:
    shop = numbered
    graces_own(shop)
    ada_publishes(shop)
    shop.write(f"{VERSIONS}/0004_more.py", text("0004", "0003", "more"))
    shop.commit("Add more")
    before = shop.migrations()
    told = shop.lback("rebase", code=3)
    assert "the commit that brought it does not tell which one is meant" in told
    assert f"Give {GRACES} the id 0005 by hand" in told
    assert shop.migrations() == before


def test_what_is_pushed_keeps_its_number(numbered: Shop) -> None:
    shop = numbered
    graces_own(shop)
    shop.git("push", "-q", "origin", "HEAD:refs/heads/topic")
    ada_publishes(shop)
    before = shop.migrations()
    assert "LB104" in shop.lback("check", "--against", "origin/main", code=1)
    assert "keep both files" in shop.lback("rebase", code=3).lower()
    assert shop.migrations() == before


def test_what_is_not_committed_gets_it_and_is_not_staged(numbered: Shop) -> None:
    shop = numbered
    shop.write(GRACES, text("0003", "0002", "coupons"))
    ada_publishes(shop)
    shop.lback("rebase")
    assert shop.git("status", "--porcelain").split() == ["??", f"{VERSIONS}/0004_coupons.py"]
    assert said(shop, "0004_coupons") == text("0004", "0003", "coupons")


def test_resolve_gives_it_as_well(numbered: Shop) -> None:
    shop = numbered
    graces_own(shop)
    ada_publishes(shop)
    assert "would give" in shop.lback("resolve", "--plan")
    assert shop.git("status", "--porcelain") == ""
    shop.lback("resolve")
    shop.lback("migrate")
    assert set(shop.schema()) == {"users", "tags", "orders", "coupons"}


def test_a_copy_gets_no_number(numbered: Shop) -> None:
    shop = numbered
    ada_publishes(shop)
    shop.write(GRACES, text("0003", "0002", "orders"))
    assert "it is a copy" in shop.lback("rebase", code=3)


def test_a_database_that_has_run_the_published_one_is_left_as_it_is(numbered: Shop) -> None:
    shop = numbered
    ada_publishes(shop)
    shop.lback("migrate")
    shop.git("switch", "-q", "-c", "feature", "HEAD~1")
    graces_own(shop)
    shop.git("merge", "-q", "--no-edit", "main")
    shop.lback("rebase")
    assert shop.stamp() == ["0003"]
    shop.lback("migrate")
    assert shop.stamp() == ["0004"]
    assert set(shop.schema()) == {"users", "tags", "orders", "coupons"}


@pytest.mark.parametrize("ran", [ADAS, GRACES])
def test_what_a_database_does_not_tell_is_asked_of_a_person(numbered: Shop, ran: str) -> None:
    shop = numbered
    graces_own(shop)
    shop.lback("migrate")
    ada_publishes(shop)
    databases.query(shop.url, "CREATE TABLE orders (id INTEGER PRIMARY KEY)")
    before = shop.migrations()
    told = shop.lback("rebase", code=3)
    assert f"may have run {ADAS} or {GRACES}" in told
    assert shop.migrations() == before
    assert f"If it has run {ran}: `lback rebase --no-database`" in told
