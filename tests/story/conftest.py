"""A project with one table in a bare repository, made once and copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.worlds.people import Developer
from tests.worlds.projects import found_shop

Join = Callable[[str], Developer]


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with `shop.git`, which holds a project with a table `users`."""
    place = tmp_path_factory.mktemp("shop")
    ada = Developer("Ada", place)
    found_shop(ada)
    shutil.rmtree(ada.folder)
    return place


@pytest.fixture
def join(shop: Path, tmp_path: Path) -> Join:
    """Return a function that lets one more developer clone, install the hooks and migrate."""
    shutil.copytree(shop / "shop.git", tmp_path / "shop.git")

    def clone(name: str) -> Developer:
        person = Developer(name, tmp_path)
        person.git("clone", "-q", "shop.git", name.lower())
        person.folder = tmp_path / name.lower()
        person.lback("hooks", "install")
        person.manage("migrate")
        return person

    return clone
