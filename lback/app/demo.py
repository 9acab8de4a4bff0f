"""The use case of `demo`: two developers, one schema, real git and real SQLite."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lback.core.messages import demo as story
from lback.core.results import Result

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class DemoResult(Result):
    """Where the story was played."""

    command = "demo"

    folder: str
    remote: str


@dataclass(frozen=True, slots=True)
class Developer:
    """One of the two; works in a clone of her own with a database of her own."""

    name: str
    folder: Path
    say: Say

    def run(self, command: str, *arguments: str) -> None:
        """Type one command and show what it says; LbackError when it fails."""
        shown = " ".join([command, *(_quoted(argument) for argument in arguments)])
        self.say("")
        self.say(f"{self.name.lower()}$ {shown}")
        child = subprocess.run(
            [*_program(command), *arguments],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        for line in child.stdout.decode(errors="replace").splitlines():
            self.say(f"  {line}")
        if child.returncode:
            raise story.stopped(shown, child.returncode, self.folder)

    def write(self, name: str, text: str, what: str) -> None:
        """Edit a file."""
        self.say("")
        self.say(f"{self.name.lower()}  # {what}")
        (self.folder / name).write_text(text)

    def _environment(self) -> dict[str, str]:
        clean = {key: value for key, value in os.environ.items() if not _is_foreign(key)}
        mail = f"{self.name.lower()}@example.com"
        return clean | {
            "GIT_AUTHOR_NAME": self.name,
            "GIT_AUTHOR_EMAIL": mail,
            "GIT_COMMITTER_NAME": self.name,
            "GIT_COMMITTER_EMAIL": mail,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_EDITOR": "true",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "DATABASE_URL": "",
            "NO_COLOR": "1",
        }


def demo(folder: str | None, say: Say) -> DemoResult:
    """Play the story in a folder that stays; each command is shown with what it says."""
    place = _empty(folder)
    shared = place / "shop.git"
    setup = Developer("Ada", place, say)
    say(story.BEGIN)
    setup.run("git", "init", "--quiet", "--bare", "--initial-branch=main", "shop.git")
    setup.run("git", "clone", "--quiet", "shop.git", "ada")
    ada = Developer("Ada", place / "ada", say)
    grace = Developer("Grace", place / "grace", say)
    _first_table(ada)
    setup.run("git", "clone", "--quiet", "shop.git", "grace")
    grace.run("lback", "hooks", "install")
    grace.run("lback", "migrate")
    _fork(ada, grace)
    say("")
    say(story.FORKED)
    grace.run("git", "commit", "--quiet", "--no-edit", "-m", story.MERGE)
    grace.run("python", "manage.py", "migrate")
    grace.run("git", "push", "--quiet")
    say("")
    say(story.PULLED)
    ada.run("git", "pull", "--quiet", "--no-rebase")
    ada.run("python", "manage.py", "migrate")
    ada.run("lback", "status")
    _undo(grace)
    say("")
    say(story.end(place))
    return DemoResult(folder=str(place), remote=str(shared))


def _is_foreign(variable: str) -> bool:
    return variable.startswith("GIT_") or variable == "PYTHONDONTWRITEBYTECODE"


def _first_table(ada: Developer) -> None:
    ada.run("lback", "init", "--no-hooks")
    ada.write("models.py", story.USERS, story.WRITES_USERS)
    ada.run("python", "manage.py", "makemigrations", "add_users")
    ada.run("python", "manage.py", "migrate")
    ada.run("lback", "hooks", "install")
    ada.run("git", "add", ".")
    ada.run("git", "commit", "--quiet", "-m", story.ADD_USERS)
    ada.run("git", "push", "--quiet", "--set-upstream", "origin", "main")


def _fork(ada: Developer, grace: Developer) -> None:
    ada.write("models.py", story.USERS + story.ORDERS, story.WRITES_ORDERS)
    ada.run("python", "manage.py", "makemigrations", "add_orders")
    ada.run("git", "add", ".")
    ada.run("git", "commit", "--quiet", "-m", story.ADD_ORDERS)
    ada.run("git", "push", "--quiet")
    grace.write("models.py", story.with_coupons(), story.WRITES_COUPONS)
    grace.run("python", "manage.py", "makemigrations", "add_coupons")
    grace.run("git", "add", ".")
    grace.run("git", "commit", "--quiet", "-m", story.ADD_COUPONS)
    grace.run("git", "pull", "--quiet", "--no-rebase", "--no-edit")


def _undo(grace: Developer) -> None:
    grace.say("")
    grace.say(story.SECOND_THOUGHTS)
    models = (grace.folder / "models.py").read_text()
    grace.write("models.py", models + story.REVIEWS, story.WRITES_REVIEWS)
    grace.run("python", "manage.py", "makemigrations", "add_reviews")
    grace.run("python", "manage.py", "migrate")
    grace.run("python", "manage.py", "rollback", "reviews", "--yes")
    grace.run("lback", "history", "reviews")


def _empty(folder: str | None) -> Path:
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="lback-demo-"))
    place = Path(folder).absolute()
    if place.exists() and any(place.iterdir()):
        raise story.not_empty(place)
    place.mkdir(parents=True, exist_ok=True)
    return place


def _program(command: str) -> list[str]:
    if command == "lback":
        return [sys.executable, "-m", "lback"]
    if command == "python":
        return [sys.executable]
    return [command]


def _quoted(argument: str) -> str:
    return f'"{argument}"' if " " in argument else argument
