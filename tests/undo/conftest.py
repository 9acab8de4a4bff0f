"""What is made once: a project without revisions, copied for each test."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.undo.team import Shop


@pytest.fixture(scope="session", autouse=True)
def _empty_shop(tmp_path_factory: pytest.TempPathFactory) -> None:
    place = tmp_path_factory.mktemp("undo") / "empty"
    Shop.make(place)
    Shop.empty = place


@pytest.fixture(autouse=True)
def _own_process_state() -> Iterator[None]:
    path, url, here = list(sys.path), os.environ.get("DATABASE_URL"), Path.cwd()
    yield
    sys.path[:] = path
    os.chdir(here)
    sys.modules.pop("models", None)
    if url is None:
        os.environ.pop("DATABASE_URL", None)
    else:
        os.environ["DATABASE_URL"] = url
