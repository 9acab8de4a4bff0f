"""A project with two revisions on `main`, made once and copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.check.team import Team
from tests.servers import any_url, postgres_url  # noqa: F401


@pytest.fixture(scope="session")
def checked_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    team = Team(tmp_path_factory.mktemp("checked") / "work")
    team.path.mkdir()
    team.git("init", "-q", "-b", "main")
    team.write("alembic.ini", "[alembic]\nscript_location = migrations\n")
    team.write("migrations/env.py", "raise SystemExit('env.py ran')\n")
    team.add("a1")
    team.add("b2", "a1")
    return team.path


@pytest.fixture
def team(checked_template: Path, tmp_path: Path) -> Team:
    shutil.copytree(checked_template, tmp_path / "work")
    return Team(tmp_path / "work")


@pytest.fixture
def published(team: Team, tmp_path: Path) -> Team:
    """Return a clone whose `origin/main` publishes the two revisions; it is on branch `work`."""
    clone = team.clone(tmp_path / "clone")
    clone.branch("work", "origin/main")
    return clone
