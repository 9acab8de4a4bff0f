"""People with clones: real git and real commands, each run as one of them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.worlds.processes import python


@dataclass
class Person:
    """One person at a folder; `env` goes to every command."""

    name: str
    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """Return the folder."""
        return self.folder

    def environment(self) -> dict[str, str]:
        """Return what commands see: who commits, and no editor that waits."""
        mail = f"{self.name.lower()}@example.com"
        return os.environ | {
            "GIT_AUTHOR_NAME": self.name,
            "GIT_AUTHOR_EMAIL": mail,
            "GIT_COMMITTER_NAME": self.name,
            "GIT_COMMITTER_EMAIL": mail,
            "GIT_EDITOR": "true",
            **self.env,
        }

    def call(
        self, *command: str, stdin: str | None = None, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command, however it ends; both streams as text, odd bytes kept."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**self.environment(), **(variables or {})},
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
        )

    def git(self, *arguments: str, check: bool = True, **variables: str) -> str:
        """Run git; return what it printed on standard output, without the last line end."""
        done = self.call("git", *arguments, variables=variables)
        if check and done.returncode:
            raise AssertionError(f"git {arguments}: {done.stderr}{done.stdout}")
        return done.stdout.strip()

    def write(self, name: str, text: str | bytes = "") -> Path:
        """Write a file below the folder."""
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text if isinstance(text, bytes) else text.encode())
        return place

    def commit(self, message: str = "work") -> str:
        """Commit all that there is; return the commit."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


class Developer(Person):
    """A person who runs lback as a child process, and reads both streams of what runs."""

    def run(self, *command: str, code: int = 0, stdin: str | None = None) -> str:
        """Run a command; return what it printed on both streams; fail on another exit status."""
        child = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment(),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert child.returncode == code, f"{command} -> {child.returncode}\n{child.stdout}"
        return child.stdout

    def git(self, *arguments: str, code: int = 0) -> str:  # type: ignore[override]
        """Run git; return all that it printed."""
        return self.run("git", *arguments, code=code)

    def lback(self, *arguments: str, code: int = 0) -> str:
        return self._python("-m", "lback", *arguments, code=code)

    def manage(self, *arguments: str, code: int = 0) -> str:
        return self._python("manage.py", *arguments, code=code)

    def _python(self, *arguments: str, code: int) -> str:
        done = python(arguments, self.folder, self.environment(), joined=True)
        assert done.returncode == code, f"{arguments} -> {done.returncode}\n{done.stdout}"
        return done.stdout

    def commit(self, message: str = "work") -> str:
        """Commit all that there is, which must be something."""
        self.git("add", "-A")
        return self.git("commit", "-q", "-m", message)

    def migrations(self) -> dict[str, str]:
        folder = self.folder / "migrations" / "versions"
        return {path.name: path.read_text() for path in sorted(folder.glob("*.py"))}
