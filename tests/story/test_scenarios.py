"""The sessions that the docs show are what a person sees.

`LBACK_WRITE_SCENARIOS=1 pytest tests/story/test_scenarios.py` writes them anew.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.story.sessions import play, prepare, settled

_ROOT = Path(__file__).parents[2]
_GUIDES = sorted((_ROOT / "docs" / "guides").glob("*.md"))
_PACKAGES = ("sqlmodel",)
_PAGES = sorted((_ROOT / "docs" / "scenarios").glob("*.md"))


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("scenarios") / "story"
    prepare(place)
    return place


@pytest.mark.parametrize("path", _PAGES, ids=lambda path: path.stem)
def test_a_scenario_is_played_as_written(path: Path, prepared: Path, tmp_path: Path) -> None:
    page = path.read_text()
    shutil.copytree(prepared, tmp_path / "story", symlinks=True)
    played = play(page, tmp_path / "story")
    if os.environ.get("LBACK_WRITE_SCENARIOS"):
        path.write_text(played)
        return
    assert settled(played) == settled(page)


@pytest.mark.parametrize("path", _GUIDES, ids=lambda path: path.stem)
def test_a_guide_is_played_as_written(path: Path, tmp_path: Path) -> None:
    """It begins with an empty folder; one that is about a package needs that."""
    if path.stem in _PACKAGES:
        pytest.importorskip(path.stem)
    place = tmp_path / "story"
    (place / "ada").mkdir(parents=True)
    (place / "count").write_text("0")
    played = play(path.read_text(), place)
    if os.environ.get("LBACK_WRITE_SCENARIOS"):
        path.write_text(played)
        return
    assert settled(played) == settled(path.read_text())


def test_the_tutorial_is_played_as_written(tmp_path: Path) -> None:
    """It begins with two empty folders; `.ci/packages` plays it with the built wheel."""
    path = _ROOT / "docs" / "tutorial.md"
    place = tmp_path / "story"
    for name in ("ada", "grace"):
        (place / name).mkdir(parents=True)
    (place / "count").write_text("0")
    played = play(path.read_text(), place)
    if os.environ.get("LBACK_WRITE_SCENARIOS"):
        path.write_text(played)
        return
    assert settled(played) == settled(path.read_text())
