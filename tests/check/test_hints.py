"""Every hint pasted into sh does what it says, whatever the names in it are."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lback.core.shell import command, pathspec, word
from tests.check.team import Team
from tests.cli.inside import lback
from tests.reports import report_of
from tests.worlds.texts import VERSIONS

BRANCHES = (
    "x;touch${IFS}PWN", "$(touch${IFS}PWN)", "a`touch${IFS}PWN`b", "a'b;touch${IFS}PWN'",
    'q"$HOME"', "-x", "é|漢", "a\u202eb", "a\u009b31m", "x&touch${IFS}PWN&", "a>PWN", "!x", "#x",
)  # fmt: skip
FILES = (
    "a b.py", "$(touch PWN).py", "`touch PWN`.py", "it's.py", "*.py", "[ab]?.py", "-x.py", ":x.py",
    "a;touch PWN;.py", "a\tb.py", "\x1b[31m.py", "\u202e.py", "é.py", "a\\b.py", '"q".py',
)  # fmt: skip
IDS = (
    "x;touch PWN",
    "$(touch PWN)",
    "`touch PWN`",
    "it's",
    "a\x1bb",
    "a\nb",
    "-x",
    "a|b>PWN",
    "\n\n",
)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[object]:
    """Run a command with a git and an lback that only write down what they are given."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("git", "lback"):
        tool = tools / name
        tool.write_text(f'#!/bin/sh\nprintf \'%s\\0\' {name} "$@" >>"$SAID"\n')
        tool.chmod(0o755)
    place = tmp_path / "place"
    place.mkdir()

    def run(text: str) -> list[str]:
        said = tmp_path / "said"
        said.write_bytes(b"")
        environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "SAID": str(said)}
        done = subprocess.run(
            ("sh", "-c", text), cwd=place, env=environment, capture_output=True, check=False
        )
        assert done.returncode == 0, (text, done.stderr)
        assert not list(place.iterdir()), text
        return said.read_bytes().decode("utf-8", "surrogateescape").split("\0")[:-1]

    yield run


def commands(text: str) -> list[str]:
    return [one for one in re.findall(r"`([^`]*)`", text) if one.startswith(("git ", "lback "))]


def unquoted(argument: str) -> str:
    return re.sub(r"^:(/|\(top,literal\))", "", argument)


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20))
@example("-\x1f")
@settings(max_examples=40, deadline=None)
def test_a_word_is_one_word(text: str) -> None:
    assert _said(text) == text


@pytest.mark.parametrize("half", ["\udc80", "\udcff", "\udd00", "\ud800"], ids=ascii)
def test_half_a_character_is_spelled_by_its_bytes(half: str) -> None:
    # ascii(): a worker of the tests cannot send half a character.
    assert ascii(_said(f"a{half}b")[:1]) == ascii("a")


def _said(text: str) -> str:
    spelled = word(text)
    assert "`" not in spelled and "\n" not in spelled
    done = subprocess.run(
        ("sh", "-c", f"printf '%s\\0' {spelled}"), capture_output=True, check=True
    )
    words = done.stdout.decode("utf-8", "surrogateescape").split("\0")
    assert len(words) == 2
    return words[0]


def test_names_that_look_like_options() -> None:
    assert command("git merge", "-x") == "`git merge -- -x`"
    assert command("git add --", "-x") == "`git add -- -x`"
    assert command("lback rollback --revision", "-x") == "`lback rollback --revision -x`"
    assert command("git", "merge", then="--continue") == "`git merge --continue`"


def test_a_path_is_a_path_from_every_folder(team: Team) -> None:
    for name in FILES:
        team.write(name, "x = 1\n")
    team.write("inner/deep/x.py", "")
    for name in FILES:
        text = command("git add", pathspec(name))[1:-1]
        subprocess.run(("sh", "-c", text), cwd=team.path / "inner/deep", check=True)
        staged = team.git("diff", "--cached", "--name-only", "-z").split("\0")[:-1]
        assert staged == [name]
        team.git("reset", "-q")
    assert not (team.path / "PWN").exists()


@pytest.mark.parametrize("branch", BRANCHES)
def test_hints_about_branches(team: Team, run: object, branch: str) -> None:
    team.git("update-ref", f"refs/heads/{branch}", "HEAD")
    team.git("symbolic-ref", "HEAD", f"refs/heads/{branch}")
    team.add("c3", "b2")
    team.edit("a1", "def upgrade", "# theirs\ndef upgrade")
    team.commit()
    team.git("checkout", "-q", "main")
    team.edit("a1", "def upgrade", "# mine\ndef upgrade")
    team.git("rm", "-q", f"{VERSIONS}/b2.py")
    team.add("d4", "a1")
    told = pasted(team, run, "check", "--against", f"refs/heads/{branch}")
    named = [one for words in told for one in words]
    assert any(one.endswith(branch) for one in named), named


@pytest.mark.parametrize("file", FILES)
def test_hints_about_files(team: Team, run: object, file: str) -> None:
    path = f"{VERSIONS}/{file}"
    team.write(path, 'revision = "c3"\ndown_revision = "b2"\n')
    told = pasted(team, run, "check")
    assert any(unquoted(words[-1]) == path for words in told), told


@pytest.mark.parametrize("name", IDS)
def test_hints_about_revisions(team: Team, run: object, name: str) -> None:
    for file, parents in (("m1", ("a1", name)), ("m2", (name, "a1"))):
        text = f"revision = {file!r}\ndown_revision = {parents!r}\n"
        team.write(f"{VERSIONS}/{file}.py", text)
    team.write(f"{VERSIONS}/n.py", f"revision = {name!r}\ndown_revision = 'a1'\n")
    for arguments in (
        ("check",), ("heads",), ("show", "--", name), ("rollback", "--revision", name),
        ("migrate", "--", name), ("merge",), ("resolve", "--plan"),
    ):  # fmt: skip
        pasted(team, run, *arguments)


def pasted(team: Team, run: object, *arguments: str) -> list[list[str]]:
    """Run a command, then every command that it advises; return the words of each."""
    assert callable(run)
    done = lback(team.path, *arguments, "--json") if arguments[-2:-1] != ("--",) else None
    said = lback(team.path, *arguments)
    assert "\x1b" not in said.said and "\u202e" not in said.said and "\x9b" not in said.said
    texts = [said.said]
    if done is not None:
        report = report_of(done.out)
        error = report["error"] or {}
        texts += [one["hint"] or "" for one in report["findings"]] + [error.get("hint") or ""]
    return [run(one) for text in texts for one in commands(text)]
