"""Real git in a sandbox: its own HOME and configuration, one identity, dates that tick."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lback.vcs.discovery import discover
from lback.vcs.repository import Repository
from tests.worlds.people import Person

ANA = ("Ana", "ana@example.org")
BEN = ("Ben", "ben@example.org")


class Sandbox(Person):
    """One clone and the person at it, whose commits are a minute apart."""

    def __init__(self, path: Path, person: tuple[str, str] = ANA) -> None:
        super().__init__(person[0], path)
        self._mail = person[1]
        self._minute = 0

    def environment(self) -> dict[str, str]:
        """Return what git sees: the next minute, and no configuration but the sandbox's."""
        self._minute += 1
        hour, minute = divmod(self._minute, 60)
        date = f"2024-05-{1 + hour:02d}T10:{minute:02d}:00+02:00"
        mails = dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), self._mail)
        dates = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), date)
        return super().environment() | mails | dates

    def commit(self, message: str = "work", **files: str) -> str:
        """Commit everything; `files` are revision ids and their texts."""
        for name, text in files.items():
            self.write(f"db/versions/{name}.py", text)
        return super().commit(message)

    def clone(self, path: Path, *options: str, person: tuple[str, str] = BEN) -> Sandbox:
        url = f"file://{self.path}"
        self.git("clone", "-q", *options, url, str(path))
        return Sandbox(path, person)

    @property
    def repository(self) -> Repository:
        found = discover(self.path)
        assert found is not None
        return found


@pytest.fixture(autouse=True)
def isolated(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    config = home / "gitconfig"
    config.write_text(
        '[init]\n\tdefaultBranch = main\n[protocol "file"]\n\tallow = always\n'
        "[uploadpack]\n\tallowFilter = true\n\tallowAnySHA1InWant = true\n[gc]\n\tauto = 0\n"
        "[advice]\n\tdetachedHead = false\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("LC_ALL", raising=False)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make once what nearly every test starts with: two revisions in one commit each."""
    path = tmp_path_factory.mktemp("template") / "work"
    path.mkdir()
    box = Sandbox(path)
    environ = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    box.git("init", "-q", "-b", "main", **environ)
    for name in ("a1", "b2"):
        box.write(f"db/versions/{name}.py", f'revision = "{name}"\n')
        box.git("add", "-A", **environ)
        box.git("commit", "-q", "-m", f"Add {name}", **environ)
    return path


@pytest.fixture
def box(template: Path, tmp_path: Path) -> Sandbox:
    path = tmp_path / "work"
    shutil.copytree(template, path)
    sandbox = Sandbox(path)
    sandbox._minute = 10
    return sandbox


@pytest.fixture
def at() -> Callable[[Path], Sandbox]:
    return Sandbox


@pytest.fixture
def empty(tmp_path: Path) -> Sandbox:
    path = tmp_path / "empty"
    path.mkdir()
    sandbox = Sandbox(path)
    sandbox.git("init", "-q", "-b", "main")
    return sandbox


@pytest.fixture
def remote(box: Sandbox, tmp_path: Path) -> Sandbox:
    """A bare folder that holds what `box` has."""
    path = tmp_path / "remote.git"
    box.git("clone", "-q", "--bare", str(box.path), str(path))
    return Sandbox(path)


@pytest.fixture
def clone(remote: Sandbox, tmp_path: Path) -> Sandbox:
    return remote.clone(tmp_path / "clone")
