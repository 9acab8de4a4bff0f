"""Real git in an empty home, and a stand-in for Python that writes down how it was called."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from lback.core.hook_names import NAMES
from lback.vcs.environment import outside
from lback.vcs.git import Git
from lback.vcs.hooks import HookPlace, HookRow, find, install, status, uninstall
from lback.vcs.shims import Watched
from tests.worlds.people import Person

WATCHED = Watched(("migrations/versions",), ("**/models.py",), ("alembic.ini",))
_STAND_IN = """#!/bin/sh
here=${0%/*}
shift 3
{
	printf 'call'
	printf ' <%s>' "$@"
	printf '\\n'
	while read -r line; do printf '  %s\\n' "$line"; done
} >>"$here/calls"
echo "stand-in: $2" >&2
[ ! -f "$here/status" ] || read -r status <"$here/status"
exit "${status:-0}"
"""


@dataclass
class Interpreter:
    """A process in Python's place, and what it was told."""

    folder: Path

    @property
    def path(self) -> str:
        return str(self.folder / "python")

    def calls(self) -> list[str]:
        """Return the calls since the last time, each with its standard input."""
        log = self.folder / "calls"
        text = log.read_text() if log.exists() else ""
        log.unlink(missing_ok=True)
        return [call.strip() for call in text.split("call ")[1:]]

    def ends_with(self, number: int) -> None:
        (self.folder / "status").write_text(f"{number}\n")


class Clone(Person):
    """One developer's repository; nothing of the environment around reaches its git."""

    def __init__(self, path: Path, env: dict[str, str], python: Interpreter) -> None:
        super().__init__("Ada", path, env)
        self.python = python
        self.said = ""

    def environment(self) -> dict[str, str]:
        return self.env

    def try_git(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        done = self.call("git", *args, variables=env)
        self.said = done.stdout + done.stderr
        return done

    def git(self, *args: str, **env: str) -> str:  # type: ignore[override]
        done = self.try_git(*args, **env)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def write(self, name: str, text: str | bytes = "x\n", *, mode: int | None = None) -> Path:
        path = super().write(name, text)
        if mode is not None:
            path.chmod(mode)
        return path

    def commit(  # type: ignore[override]
        self, name: str, text: str = "x\n", **env: str
    ) -> str:
        self.write(name, text)
        self.git("add", name)
        self.git("commit", "-qm", f"change {name}", **env)
        return self.git("rev-parse", "HEAD")

    def hook(self, name: str, text: str | bytes, mode: int = 0o755) -> Path:
        return self.write(f".git/hooks/{name}", text, mode=mode)

    def place(self) -> HookPlace:
        return find(Git(self.path, outside(self.env)))

    def install(self, *names: str, **options: bool) -> dict[str, HookRow]:
        changes = install(self.place(), self.python.path, WATCHED, names=names or NAMES, **options)
        return {change.hook: change for change in changes}

    def uninstall(self, *names: str, **options: bool) -> dict[str, HookRow]:
        changes = uninstall(self.place(), names=names or NAMES, **options)
        return {change.hook: change for change in changes}

    def states(self) -> dict[str, HookRow]:
        found = status(self.place(), self.python.path, WATCHED)
        return {state.hook: state for state in found}


@pytest.fixture
def python(tmp_path: Path) -> Interpreter:
    folder = tmp_path / "an ünusual 'place"
    folder.mkdir()
    path = folder / "python"
    path.write_text(_STAND_IN)
    path.chmod(0o755)
    return Interpreter(folder)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        "[init]\n\tdefaultBranch = main\n[user]\n\tname = Ada\n\temail = ada@example.org\n"
        '[protocol "file"]\n\tallow = always\n[advice]\n\tdetachedHead = false\n'
        "[pull]\n\trebase = false\n[gc]\n\tauto = 0\n"
        "[receive]\n\tautogc = false\n[maintenance]\n\tauto = false\n[core]\n\tfsync = none\n"
    )
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_EDITOR": "true",
        "LC_ALL": "C.UTF-8",
    }


@pytest.fixture
def ada(tmp_path: Path, env: dict[str, str], python: Interpreter) -> Clone:
    """Return a clone with one revision, pushed; no hooks yet."""
    bare = tmp_path / "origin.git"
    clone = Clone(tmp_path / "ada's wörk", env, python)
    clone.path.mkdir()
    clone.git("init", "-q", "--bare", str(bare))
    clone.git("init", "-q")
    clone.git("remote", "add", "origin", str(bare))
    shutil.rmtree(clone.path / ".git/hooks")
    clone.write("migrations/versions/a_first.py", "revision = 'a'\n")
    clone.git("add", ".")
    clone.commit("readme")
    clone.git("push", "-qu", "origin", "main")
    clone.git("remote", "set-head", "origin", "main")
    return clone


@pytest.fixture
def bob(ada: Clone, tmp_path: Path) -> Clone:
    """Return a second developer's clone."""
    ada.git("clone", "-q", str(tmp_path / "origin.git"), str(tmp_path / "bob"))
    shutil.rmtree(tmp_path / "bob/.git/hooks")
    return Clone(tmp_path / "bob", ada.env, ada.python)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def framework() -> str:
    """Return the program that was installed beside this Python; the dev extra brings it."""
    beside = Path(sys.executable).with_name("pre-commit")
    found = str(beside) if beside.exists() else shutil.which("pre-commit")
    if found is None:
        pytest.skip("pre-commit is neither beside this Python nor on PATH")
    return found
