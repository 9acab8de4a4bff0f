"""One store answers for every place, reads no more than it may, and nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from lback.core.graph.graph import Graph
from lback.core.graph.revision import Revision, Unreadable
from lback.core.source import INDEX, WORKTREE, Entry
from lback.project.contents import Limits
from lback.project.context import Context
from lback.project.options import Options
from tests.worlds.people import Person
from tests.worlds.texts import revision_text

HELPER = "from alembic import op\n\n\ndef drop(name):\n    op.drop_table(name)\n"
CALLS = '''"""Drop things."""
from helpers import drop

revision = "c"
down_revision = "b"


def upgrade():
    drop("things")
'''


def git(folder: Path, *words: str) -> str:
    return Person("Ada", folder).git(*words).strip()


def store(folder: Path, limits: Limits | None = None) -> Context:
    return Context(Options(directory=str(folder)), limits=limits)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    versions = tmp_path / "m" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = m\nprepend_sys_path = .\n")
    (tmp_path / "helpers.py").write_text(HELPER)
    (versions / "a.py").write_text(revision_text("a", (), "users"))
    (versions / "b.py").write_text(revision_text("b", ("a",), "orders"))
    (versions / "c.py").write_text(CALLS)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "Start")
    return tmp_path


@pytest.mark.parametrize("at", [WORKTREE, INDEX, "HEAD"])
def test_the_same_answers_at_every_place(project: Path, at: str) -> None:
    revisions = store(project).revisions
    graph = revisions.graph(at)
    assert graph.order() == ("a", "b", "c")
    assert revisions.texts(graph, at)[graph["c"].blob] == CALLS.encode()
    effects = revisions.effects(graph, at=at)
    assert [effects[one].tables for one in graph.order()] == [("users",), ("orders",), ("things",)]
    assert revisions.effects_at(at).helpers([*graph]) == {"a": (), "b": (), "c": ("helpers.py",)}


@pytest.mark.parametrize("at", [WORKTREE, "HEAD"])
def test_a_file_that_is_too_big_stays_closed(project: Path, at: str) -> None:
    big = project / "m" / "versions" / "b.py"
    big.write_text(big.read_text() + "#" * 1000)
    git(project, "commit", "-q", "-a", "-m", "Make it big")
    revisions = store(project, Limits(file=1000)).revisions
    graph = revisions.graph(at)
    assert [(one.code, one.path) for one in graph.problems if one.code == "LB106"] == [
        ("LB106", "m/versions/b.py")
    ]
    assert graph.ids == {"a", "c"}
    blob = git(project, "rev-parse", "HEAD:m/versions/b.py")
    assert revisions.contents.too_big == {blob}
    entries = revisions.entries(at)
    assert blob not in revisions.contents.scan(entries, at, len)


@pytest.mark.parametrize("at", [WORKTREE, "HEAD"])
def test_a_helper_that_is_too_big_is_not_followed(project: Path, at: str) -> None:
    (project / "helpers.py").write_text(HELPER + "#" * 1000)
    git(project, "commit", "-q", "-a", "-m", "Make it big")
    read = store(project, Limits(file=1000)).revisions
    assert read.effects(read.graph(at), ["c"], at)["c"].unknown


def test_portions_leave_nothing_out(project: Path) -> None:
    entries = store(project).revisions.entries("HEAD")
    many = [Entry(f"{number}/{one.path}", one.blob) for number in range(30) for one in entries]
    contents = store(project, Limits(at_once=300)).revisions.contents
    portions = [*contents.portions(many, "HEAD")]
    assert [entry for portion in portions for entry in portion] == many
    assert len(portions) > 30


def test_a_text_of_no_place_is_read_like_every_other(project: Path) -> None:
    revisions = store(project).revisions
    text = CALLS.replace('"b"', '"c"').replace('"c"\n', '"d"\n', 1).encode()
    header = revisions.contents.learn(Entry("m/versions/d.py", "d" * 40), text)
    assert not isinstance(header, Unreadable)
    graph = Graph([*revisions.graph(), Revision(header, "m/versions/d.py", "d" * 40)])
    assert revisions.effects(graph)["d"].tables == ("things",)
    assert revisions.texts([graph["a"], graph["d"]])["d" * 40] == text


def test_more_folders_at_one_place(project: Path) -> None:
    other = project / "other"
    other.mkdir()
    (other / "e.py").write_text(revision_text("e", ("c",), "bills"))
    (other / "a.py").write_bytes((project / "m" / "versions" / "a.py").read_bytes())
    git(project, "add", ".")
    revisions = store(project).revisions
    wider = revisions.wider(INDEX, (("other",), False))
    assert wider.graph(INDEX).order() == ("a", "b", "c", "e")
    assert not wider.graph(INDEX).problems  # the same file twice is one
    assert wider.graph("HEAD").ids == revisions.graph(INDEX).ids == {"a", "b", "c"}


def test_looking_ahead_changes_no_answer(project: Path) -> None:
    first = git(project, "rev-parse", "HEAD")
    git(project, "mv", "m", "n")
    ini = project / "alembic.ini"
    ini.write_text(ini.read_text().replace("= m", "= n"))
    git(project, "commit", "-q", "-a", "-m", "Move")
    second = git(project, "rev-parse", "HEAD")
    ahead, one_by_one = store(project).revisions, store(project).revisions
    ahead.places.look_ahead([first, second])
    for commit, folder in ((first, "m/versions"), (second, "n/versions")):
        assert ahead.folders(commit) == one_by_one.folders(commit) == ((folder,), False)


def test_many_commits_at_once_are_listed_as_each_alone(project: Path) -> None:
    ini = project / "alembic.ini"
    first = git(project, "rev-parse", "HEAD")
    old = project / "m" / "versions" / "old"
    old.mkdir()
    (old / "z.py").write_text(revision_text("z", (), "bills"))
    (project / "pyproject.toml").write_text('[tool.lback]\nignore_folders = ["m/versions/old"]\n')
    ini.write_text(ini.read_text() + "recursive_version_locations = true\n")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "Leave the old ones out")
    second = git(project, "rev-parse", "HEAD")
    (project / "pyproject.toml").unlink()
    git(project, "mv", "m", "n")
    ini.write_text(ini.read_text().replace("= m", "= n"))
    git(project, "commit", "-q", "-a", "-m", "Move")
    third = git(project, "rev-parse", "HEAD")
    commits = [third, first, second]
    listed = store(project).revisions.entries_of(commits)
    assert [*listed] == commits
    assert listed == {one: store(project).revisions.entries(one) for one in commits}
    assert [len(listed[one]) for one in (first, second, third)] == [3, 3, 4]


def test_what_a_merge_brings_has_its_commit_before_the_merge_is_committed(project: Path) -> None:
    git(project, "checkout", "-q", "-b", "side")
    (project / "m/versions/d.py").write_text(revision_text("d", ("c",), "pets"))
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "Pets")
    git(project, "checkout", "-q", "main")
    git(project, "merge", "-q", "--no-ff", "--no-commit", "side")
    path = "m/versions/d.py"
    for at in (WORKTREE, INDEX):
        assert store(project).revisions.commits([path], at)[path].subject == "Pets"
    assert store(project).revisions.commits([path], "HEAD") == {}
    git(project, "merge", "--abort")
    assert store(project).revisions.commits([path]) == {}
