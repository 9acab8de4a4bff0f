"""Patterns for model files: what git means by them, in a time that no pattern can stretch."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path

import pytest

from lback.core.globs import leaves, light, matching
from lback.vcs.shims import Watched, render

NAMES = (
    "models.py", "a.py", "ab.py", "b/a.py", "b/ab.py", "b/models.py", "b/c/models.py", "b/c/a.py",
    "b/c/d/models/x.py", "a/models/y.py", "models/z.py", "b]c/x.py", "a-b/[x].py", "ä/é.py",
    "a\\b.py", "b/*.py", "a/b/a/b/a.py",
)  # fmt: skip
PARTS = ("**", "*", "a*", "*.py", "?.py", "b", "a", "models", "[ab]*", "[!a].py", "[a-c]", "*a*")
ODD = (
    "**", "**/", "b", "b/", "b/c", "models.py/", "b/**", "b/**/models.py", "**/**/*.py",
    "a**/x", "[]]*", "[]a]", "b[]]c/*", "[!]b]*", "\\[x].py", "a-b/[[]x].py", "[a", "a\\",
    "a\\\\b.py", "b/\\*.py", "[a-", "*b", "?/?.py", "ä/?.py", "[^b]*/**", "**/a/**/a.py", "",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("globs")
    subprocess.run(("git", "init", "-q"), cwd=folder, check=True)
    for name in NAMES:
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("")
    subprocess.run(("git", "add", "-A"), cwd=folder, check=True)
    return folder


def by_git(folder: Path, glob: str) -> list[str] | None:
    done = subprocess.run(
        ("git", "-c", "core.quotePath=false", "ls-files", "-z", "--", f":(top,glob){glob}"),
        cwd=folder,
        capture_output=True,
        check=False,
    )
    return None if done.returncode else sorted(done.stdout.decode().split("\0")[:-1])


def test_git_means_the_same(folder: Path) -> None:
    dice = random.Random(7)
    made = ["/".join(dice.choices(PARTS, k=dice.randint(1, 4))) for _ in range(60)]
    for glob in (*ODD, *made):
        wanted = by_git(folder, glob)
        found = sorted(matching([glob], NAMES))
        if re.search(r"\?|\[[!^]", glob):  # which take a byte there, and a letter here
            found = [name for name in found if name.isascii()]
            wanted = [name for name in wanted or () if name.isascii()]
        assert found == wanted, glob
        assert set(wanted or ()) <= set(by_git(folder, light(glob)) or ()), glob


def test_a_dot_is_the_folder_itself() -> None:
    assert matching(["./b/*.py"], NAMES) == matching(["b/*.py"], NAMES) != ()
    assert light("./b/*.py") == "b/*.py"


def test_no_pattern_takes_long() -> None:
    name = "/".join(["a" * 200] * 20)
    for glob in ("*a" * 100 + "b", "**/*a*a*a*a*b/" * 20, "**/" * 500 + "zz"):
        assert matching([glob], [name] * 20) == ()
        assert light(glob) == "**"
    assert light("app/" + "*a" * 20) == "app/**"
    assert light("app/**/models/**/*.py") == "app/**/models/**/*.py"


def test_a_hook_asks_git_for_no_such_pattern() -> None:
    text = render("pre-commit", "/python", Watched(("m",), ("a/" + "*a" * 20, "b/**/*.py")))
    assert b"':(top,glob)a/**' ':(top,glob)b/**/*.py'" in text


@pytest.mark.parametrize("glob", ["/etc/*", "../x/*.py", "a/../../x", "a\0b", ".."])
def test_what_leaves_the_repository(glob: str) -> None:
    assert leaves(glob)
