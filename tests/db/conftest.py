from __future__ import annotations

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
def _no_database_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("FLASK_APP", raising=False)
