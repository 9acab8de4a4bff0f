"""Where the revisions of a commit lie is read from that commit's own configuration."""

from __future__ import annotations

from pathlib import Path

from lback.project.context import Context
from lback.project.options import Options
from tests.worlds.people import Person
from tests.worlds.texts import revision_text


def test_a_commit_that_was_configured_by_another_file(tmp_path: Path) -> None:
    git = Person("Ada", tmp_path).git
    git("init", "-q", "-b", "main")
    old = tmp_path / "old" / "versions"
    old.mkdir(parents=True)
    (old / "a.py").write_text(revision_text("a", (), "users"))
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = old\n")
    git("add", ".")
    git("commit", "-q", "-m", "Start")
    git("mv", "old", "new")
    git("rm", "-q", "alembic.ini")
    (tmp_path / "pyproject.toml").write_text('[tool.alembic]\nscript_location = "new"\n')
    git("add", ".")
    git("commit", "-q", "-m", "Move")
    revisions = Context(Options(directory=str(tmp_path))).revisions
    assert [one.path for one in revisions.graph()] == ["new/versions/a.py"]
    assert [one.path for one in revisions.graph("HEAD~1")] == ["old/versions/a.py"]
