"""Real git in a sandbox: its own HOME and configuration, one identity, dates that tick."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lback.vcs.repository import Repository

ANA = ("Ana", "ana@example.org")
BEN = ("Ben", "ben@example.org")


class Sandbox:
    """One clone and the person at it."""

    def __init__(self, path: Path, person: tuple[str, str] = ANA) -> None:
        self.path = path
        self.person = person
        self._minute = 0

    def git(self, *arguments: str, check: bool = True, **variables: str) -> str:
        self._minute += 1
        hour, minute = divmod(self._minute, 60)
        date = f"2024-05-{1 + hour:02d}T10:{minute:02d}:00+02:00"
        name, email = self.person
        environ = {
            **os.environ,
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": email,
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_NAME": name,
            "GIT_COMMITTER_EMAIL": email,
            "GIT_COMMITTER_DATE": date,
            **variables,
        }
        done = subprocess.run(
            ("git", *arguments), cwd=self.path, env=environ, capture_output=True, check=False
        )
        if check and done.returncode != 0:
            raise AssertionError(f"git {arguments}: {done.stderr.decode()}")
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def write(self, path: str, text: str | bytes = "") -> Path:
        target = self.path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())
        return target

    def commit(self, message: str, **files: str) -> str:
        """Commit everything; `files` are revision ids and their texts."""
        for name, text in files.items():
            self.write(f"db/versions/{name}.py", text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def clone(self, path: Path, *options: str, person: tuple[str, str] = BEN) -> Sandbox:
        url = f"file://{self.path}"
        self.git("clone", "-q", *options, url, str(path))
        return Sandbox(path, person)

    @property
    def repository(self) -> Repository:
        found = Repository.discover(self.path)
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
