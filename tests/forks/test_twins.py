"""Two people have each written a revision under one number."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.forks.shop import Shop
from tests.worlds.people import Developer
from tests.worlds.texts import VERSIONS, creates, revision

ADAS, GRACES = f"{VERSIONS}/0003_orders.py", f"{VERSIONS}/0003_coupons.py"


def text(name: str, parent: str, table: str) -> str:
    return revision(name, (parent,), *creates(table))


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
        assert f"eave {ADAS} as it is, others have it; give {GRACES} the id 0008" in told
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
