"""A repository with migrations, and a branch is a line: real git, `check` in this process."""

from __future__ import annotations

from pathlib import Path

from lback.app.check import CheckOptions, check
from lback.core.checks.report import CheckResult
from lback.project.context import Context
from lback.project.options import Options
from tests.reports import checked
from tests.worlds.people import Person
from tests.worlds.texts import VERSIONS, revision_text


class Team(Person):
    """One clone; revisions are written by id, parents and table."""

    def __init__(self, path: Path, person: str = "Ada") -> None:
        super().__init__(person, path)

    def revision(self, name: str, *parents: str, table: str | None = None) -> Path:
        text = revision_text(name, parents, table or f"t_{name}")
        return self.write(f"{VERSIONS}/{name}.py", text)

    def edit(self, name: str, old: str, new: str) -> None:
        place = self.path / VERSIONS / f"{name}.py"
        text = place.read_text()
        assert old in text
        place.write_text(text.replace(old, new))

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
        result = check(Context(options), CheckOptions(**wishes))  # type: ignore[arg-type]
        checked(result)
        return result

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
