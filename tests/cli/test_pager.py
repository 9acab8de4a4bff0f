"""What is long goes through the pager that git would take, on a terminal alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.check.team import Team
from tests.worlds.typists import Typist

COUNT = 40


@pytest.fixture
def project(tmp_path: Path) -> Team:
    team = Team(tmp_path / "work")
    team.path.mkdir()
    team.git("init", "-q", "-b", "main")
    team.write("alembic.ini", "[alembic]\nscript_location = migrations\n")
    for number in range(COUNT):
        team.revision(f"r{number}", *([f"r{number - 1}"] if number else ()))
    team.commit("All of it")
    return team


def seen(team: Team, *arguments: str, **environment: str) -> tuple[str, str]:
    """Return what a terminal showed, and what the pager got."""
    got = team.path.parent / "paged"
    got.unlink(missing_ok=True)
    pager = {"GIT_PAGER": f"cat > '{got}'; echo paged", **environment}
    typist = Typist(arguments, team.path, {**os.environ, **pager})
    status = typist.end()
    assert status == 0, typist.said
    return typist.said, got.read_text() if got.exists() else ""


def test_what_is_long_is_paged_the_second_time_as_well(project: Team) -> None:
    for _ in range(2):
        said, got = seen(project, "graph")
        assert said.split() == ["paged"]
        assert len(got.splitlines()) == COUNT


def test_what_fits_or_may_not_be_paged_is_printed(project: Team) -> None:
    for line in (("heads",), ("graph", "--no-pager"), ("history", "t_r1"), ("graph", "--json")):
        said, got = seen(project, *line)
        assert got == "" and "paged" not in said and said, line


def test_a_pager_that_is_not_there_loses_nothing(project: Team) -> None:
    for pager in ("no-such-pager-anywhere 2>/dev/null", "cat"):
        said, _ = seen(project, "graph", GIT_PAGER=pager)
        assert len([line for line in said.splitlines() if "●" in line]) == COUNT


def test_a_pager_that_leaves_early_is_no_error(project: Team) -> None:
    said, _ = seen(project, "history", GIT_PAGER="head -n 1")
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "at", "said"),
    [
        ("lback gra", 1, "graph"),
        ("lback graph --form", 2, "--format"),
        ("lback graph --format ", 3, "mermaid"),
        ("lback hooks ", 2, "install"),
    ],
)
def test_a_shell_is_told_what_could_follow(words: str, at: int, said: str) -> None:
    asked = {"_LBACK_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(at)}
    child = subprocess.run(
        [sys.executable, "-m", "lback"], env={**os.environ, **asked},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert f"plain,{said}" in child.stdout.splitlines()


def test_bash_reads_what_is_printed(tmp_path: Path) -> None:
    script = subprocess.run(
        [sys.executable, "-m", "lback", "completion", "bash"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    read = subprocess.run(
        ["bash", "-c", f"{script}\ncomplete -p lback"], capture_output=True, text=True, check=True
    )
    assert read.stdout.strip().endswith("-F _lback_completion lback")
