"""Where the revisions of a commit lie is read from that commit's own configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from lback.core.source import INDEX, WORKTREE
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


@pytest.mark.parametrize("at", [WORKTREE, INDEX, "HEAD"])
@pytest.mark.parametrize("location", ["shop/db/scripts", "shop:db:scripts"])
def test_revisions_that_lie_deeper_than_the_configuration_looks(
    tmp_path: Path, location: str, at: str
) -> None:
    person = Person("Ada", tmp_path)
    person.git("init", "-q", "-b", "main")
    for dialect in ("postgresql", "sqlite"):
        folder = tmp_path / "shop" / "db" / "scripts" / "versions" / dialect
        folder.mkdir(parents=True)
        (folder / "a.py").write_text(revision_text(f"{dialect}1", (), "users"))
        (folder / "helpers.py").write_text("")
    (tmp_path / "alembic.ini").write_text(f"[alembic]\nscript_location = {location}\n")
    person.git("add", ".")
    person.git("commit", "-q", "-m", "Start")
    for _ in range(2):  # nothing was noted of the first look
        (problem,) = Context(Options(directory=str(tmp_path))).revisions.graph(at).problems
        assert problem.code == "LB107"
        assert "versions/postgresql, shop/db/scripts/versions/sqlite" in problem.message
        assert "--script-location shop/db/scripts/versions/postgresql heads`" in problem.hint
    with (tmp_path / "alembic.ini").open("a") as ini:
        ini.write("recursive_version_locations = true\n")
    person.git("commit", "-q", "-a", "-m", "Look deeper")
    graph = Context(Options(directory=str(tmp_path))).revisions.graph(at)
    assert graph.ids == {"postgresql1", "sqlite1"}
