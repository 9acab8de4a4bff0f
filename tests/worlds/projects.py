"""Projects to begin in."""

from __future__ import annotations

from tests.worlds.people import Developer
from tests.worlds.texts import MODELS, table


def found_shop(ada: Developer) -> None:
    """Make `shop.git` with a project that has a table `users`; Ada stands in her clone then."""
    ada.git("init", "-q", "--bare", "--initial-branch=main", "shop.git")
    ada.git("clone", "-q", "shop.git", "ada")
    ada.folder = ada.folder / "ada"
    ada.lback("init")
    ada.write("models.py", MODELS + table("users"))
    ada.manage("makemigrations", "add_users")
    ada.commit("Add users")
    ada.git("push", "-q", "-u", "origin", "main")
