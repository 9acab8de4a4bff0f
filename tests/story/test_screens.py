"""The screens of the docs are what a person sees."""

from __future__ import annotations

from pathlib import Path

from tests.story.screens import FOLDER, screens, text_of
from tests.story.sessions import settled


def test_the_screens_show_what_is_seen(tmp_path: Path) -> None:
    """`python -m tests.story.screens` draws them anew; the README has one."""
    assert "(docs/screens/fork.svg)" in (FOLDER.parents[1] / "README.md").read_text()
    for name, svg in screens(tmp_path / "story").items():
        drawn = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
        assert settled(text_of(svg)) == settled(text_of(drawn)), name
