"""A repository with migrations, and a branch is a line: real git, `check` in this process."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lback.app.check import CheckOptions, check
from lback.core.checks.report import CheckResult
from lback.project.context import Context
from lback.project.options import Options
from tests.story.team import revision_text

VERSIONS = "migrations/versions"


@dataclass
class Team:
    """One clone; revisions are written by id, parents and table."""

    path: Path
    person: str = "Ada"

    def git(self, *arguments: str, check: bool = True) -> str:
        mail = f"{self.person.lower()}@example.com"
        names = {"NAME": self.person, "EMAIL": mail}
        who = {
            f"GIT_{role}_{key}": v for role in ("AUTHOR", "COMMITTER") for key, v in names.items()
        }
        done = subprocess.run(
            ("git", *arguments),
            cwd=self.path,
            env=os.environ | who,
            capture_output=True,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"git {arguments}: {done.stderr.decode()}{done.stdout.decode()}")
        return done.stdout.decode().strip()

    def write(self, name: str, text: str | bytes) -> Path:
        place = self.path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text if isinstance(text, bytes) else text.encode())
        return place

    def revision(self, name: str, *parents: str, table: str | None = None) -> Path:
        text = revision_text(name, parents, table or f"t_{name}")
        return self.write(f"{VERSIONS}/{name}.py", text)

    def edit(self, name: str, old: str, new: str) -> None:
        place = self.path / VERSIONS / f"{name}.py"
        text = place.read_text()
        assert old in text
        place.write_text(text.replace(old, new))

    def commit(self, message: str = "work") -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def branch(self, name: str, start: str = "main") -> None:
        self.git("checkout", "-q", "-b", name, start)

    def add(self, name: str, *parents: str, table: str | None = None) -> str:
        self.revision(name, *parents, table=table)
        return self.commit(f"Add {name}")

    def clone(self, path: Path, *options: str, person: str = "Ben") -> Team:
        self.git("clone", "-q", *options, f"file://{self.path}", str(path))
        return Team(path, person)

    def check(self, **wishes: object) -> CheckResult:
        options = Options(directory=str(self.path), **wishes.pop("options", {}))  # type: ignore[arg-type]
        for name in ("against", "select", "ignore"):
            if isinstance(wishes.get(name), str):
                wishes[name] = (wishes[name],)
        return check(Context(options), CheckOptions(**wishes))  # type: ignore[arg-type]

    def codes(self, **wishes: object) -> list[str]:
        return [one.code for one in self.check(**wishes).findings]


CONTENT = '''"""{doc}"""
from alembic import op
import sqlalchemy as sa

revision = {name!r}
down_revision = {parent!r}


def upgrade() -> None:
{upgrade}


def downgrade() -> None:
{downgrade}
'''


def content(name: str, parent: str | None, upgrade: str, downgrade: str = "op.f('x')") -> str:
    """Return a migration whose functions hold the given lines."""
    lines = {
        key: "\n".join(f"    {line}" for line in text.splitlines())
        for key, text in (("upgrade", upgrade), ("downgrade", downgrade))
    }
    return CONTENT.format(doc=name, name=name, parent=parent, **lines)
