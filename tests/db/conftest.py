from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.db.projects import SYNC_ENV, MakeProject, Project
from tests.servers import any_url, mariadb_url, postgres_url, sqlite_url

__all__ = ["any_url", "mariadb_url", "postgres_url", "sqlite_url"]


@pytest.fixture
def make_project(tmp_path: Path) -> MakeProject:
    def make(env: str = SYNC_ENV, **values: Any) -> Project:
        return Project(tmp_path / "project", env, **values)

    return make


@pytest.fixture(autouse=True)
def _same_process_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """env.py may extend sys.path and import the project's modules: forget them again."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("FLASK_APP", raising=False)
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        module = sys.modules[name]
        # A folder without __init__.py is a module too; it has no file, only places.
        places = [getattr(module, "__file__", None) or "", *getattr(module, "__path__", ())]
        if any("pytest-of-" in place for place in places):
            del sys.modules[name]
