"""Migrations behind links, in submodules, left out of a checkout, and where git does not reach."""

from __future__ import annotations

import shutil
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from textwrap import dedent

import pytest

from lback.app.check import CheckOptions, check
from lback.app.heads import heads
from lback.app.history import HistoryOptions, history
from lback.app.radar import RadarOptions, radar
from lback.core.source import INDEX, WORKTREE
from lback.errors import HistoryMissing
from lback.project.applied import edited_since
from lback.project.context import Context
from lback.project.merging import plan_merges
from lback.project.options import Options
from tests.worlds.people import Developer, Person
from tests.worlds.texts import SCRIPT_MAKO, SYNC_ENV, revision_text

ENV = dedent(SYNC_ENV).format(url="sqlite:///app.db")
PLACES = (WORKTREE, INDEX, "HEAD")


def context(folder: Path, **options: str) -> Context:
    return Context(Options(directory=str(folder), **options))  # type: ignore[arg-type]


def paths(folder: Path, at: str = WORKTREE, **options: str) -> list[str]:
    return [one.path for one in context(folder, **options).revisions.graph(at)]


@pytest.fixture
def ada(tmp_path: Path) -> Person:
    (tmp_path / "shop").mkdir()
    ada = Person("Ada", tmp_path / "shop")
    ada.git("init", "-q", "-b", "main")
    ada.write("alembic.ini", "[alembic]\nscript_location = migrations\n")
    ada.write("migrations/env.py", "")
    return ada


# Where git does not reach


def test_a_configuration_beside_the_migrations(tmp_path: Path) -> None:
    ini = "[alembic]\nscript_location = %(here)s/../migrations\n"
    ada = Person("Ada", tmp_path)
    ada.write("deploy/alembic.ini", ini)
    ada.write("migrations/versions/a.py", revision_text("a", (), "users"))
    assert paths(tmp_path / "deploy") == ["migrations/versions/a.py"]
    assert paths(tmp_path / "deploy", config="alembic.ini") == ["migrations/versions/a.py"]


@pytest.fixture
def plugin(ada: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let a package have revisions of its own, one of which the shop's first depends on."""
    versions = tmp_path / "site-packages" / "acme" / "db" / "versions"
    versions.mkdir(parents=True)
    (versions / "p.py").write_text(revision_text("p", (), "acme"))
    monkeypatch.syspath_prepend(str(tmp_path / "site-packages"))
    ada.write(
        "alembic.ini",
        "[alembic]\nscript_location = migrations\npath_separator = space\n"
        "version_locations = migrations/versions acme:db/versions\n"
        "[lback]\nheads = p, b\n",
    )
    text = revision_text("a", (), "users").replace("depends_on = None", 'depends_on = "p"')
    ada.write("migrations/versions/a.py", text)
    ada.git("remote", "add", "origin", "nowhere")
    ada.commit("Start")
    ada.git("update-ref", "refs/remotes/origin/main", "HEAD")
    return versions


@pytest.mark.parametrize("at", PLACES)
def test_a_package_beside_the_own_folder(ada: Person, plugin: Path, at: str) -> None:
    graph = context(ada.path).revisions.graph(at)
    assert {one.id: one.path for one in graph} == {
        "a": "migrations/versions/a.py",
        "p": f"{plugin}/p.py",
    }
    assert not graph.problems
    assert graph.dependencies("a") == ("p",)
    rows = {row.revision: row for row in heads(context(ada.path), at).heads}
    assert (rows["a"].published, rows["a"].tables) == (True, ("users",))
    assert (rows["p"].published, rows["p"].tables, rows["p"].commit) == (False, ("acme",), None)


def test_files_of_a_package_are_neither_untracked_nor_edited(ada: Person, plugin: Path) -> None:
    ada.git("checkout", "-q", "-b", "topic")
    ada.write("migrations/versions/b.py", revision_text("b", ("a",), "orders"))
    ada.commit("More")
    (plugin / "p.py").write_text(revision_text("p", (), "other"))
    assert check(context(ada.path), CheckOptions()).findings == ()
    assert context(ada.path).revisions.entries_of([ada.git("rev-parse", "HEAD")])


def test_hooks_ask_git_about_what_it_reaches(ada: Person, plugin: Path) -> None:
    site = plugin.parents[2]
    bob = Developer("Bob", ada.path, {"PYTHONPATH": str(site)})
    bob.lback("hooks", "install")
    text = (ada.path / ".git/hooks/pre-commit").read_text()
    assert "literal)migrations/versions" in text and "site-packages" not in text
    (plugin / "q.py").write_text(revision_text("q", ("p",), "others"))
    (plugin / "r.py").write_text(revision_text("r", ("p",), "more"))
    ada.write("migrations/versions/b.py", revision_text("b", ("a",), "orders"))
    bob.git("add", "-A")
    assert "LB101" in bob.git("commit", "-m", "More", code=1)


def test_a_child_of_a_package_s_revision_is_written_beside_one_s_own(
    ada: Person, plugin: Path
) -> None:
    ada.write("migrations/env.py", ENV)
    ada.write("migrations/script.py.mako", SCRIPT_MAKO)
    bob = Developer("Bob", ada.path, {"PYTHONPATH": str(plugin.parents[2])})
    said = bob.lback("makemigrations", "--empty", "more", "--head", "p")
    assert said.startswith("wrote migrations/versions/")
    assert [one.name for one in plugin.glob("*.py")] == ["p.py"]
    (ada.path / said.split()[1]).unlink()
    bob.lback("migrate")
    said = bob.lback("rollback", "acme", "--strategy", "revert", "--yes")
    assert "migrations/versions/" in said
    assert [one.name for one in plugin.glob("*.py")] == ["p.py"]


def test_a_merge_revision_stays_out_of_the_package(ada: Person, plugin: Path) -> None:
    ini = (ada.path / "alembic.ini").read_text()
    ada.write("alembic.ini", ini.partition("[lback]")[0])
    (plugin / "z.py").write_text(revision_text("z", (), "zebras"))
    (ada.path / "migrations/versions/a.py").unlink()
    (ada.path / "migrations/versions").rmdir()
    ctx = context(ada.path)
    plans = plan_merges(ctx, ctx.revisions.graph(), force=True)
    assert [plan.path.rpartition("/")[0] for plan in plans if plan.path] == ["migrations/versions"]


def test_an_environment_inside_the_repository_is_out_of_reach(
    ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = ada.path / ".venv/lib/python3/site-packages"
    ada.write(f"{site.relative_to(ada.path)}/acme/db/versions/p.py", revision_text("p", (), "t"))
    ada.write(".gitignore", ".venv/\n")
    ada.write("alembic.ini", "[alembic]\nscript_location = acme:db\n")
    ada.commit("Start")
    monkeypatch.syspath_prepend(str(site))
    for at in PLACES:
        assert paths(ada.path, at) == [f"{site}/acme/db/versions/p.py"]
    assert check(context(ada.path), CheckOptions()).findings == ()


def test_a_package_that_an_import_hook_finds(
    ada: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "elsewhere" / "db" / "versions" / "p.py"
    place.parent.mkdir(parents=True)
    place.write_text(revision_text("p", (), "acme"))

    class Editable:
        @staticmethod
        def find_spec(name: str, *_: object) -> ModuleSpec | None:
            if name != "acme":
                return None
            spec = ModuleSpec(name, None, is_package=True)
            spec.submodule_search_locations = [str(tmp_path / "elsewhere")]
            return spec

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Editable])
    ada.write("alembic.ini", "[alembic]\nscript_location = acme:db\n")
    assert paths(ada.path) == [str(place)]


def test_a_clone_inside_the_repository_is_out_of_reach(ada: Person) -> None:
    ada.write(".gitignore", "migrations/\n")
    ada.commit("Start")
    ada.git("init", "-q", "migrations")
    place = ada.write("migrations/versions/a.py", revision_text("a", (), "users"))
    for at in PLACES:
        assert paths(ada.path, at) == [str(place)]


# Links


@pytest.fixture
def linked(ada: Person) -> Person:
    """Move the revisions behind a link, after a commit in which their folder was one."""
    ada.write("migrations/versions/a.py", revision_text("a", (), "users"))
    ada.commit("Start")
    (ada.path / "shared").mkdir()
    ada.git("mv", "migrations/versions", "shared/versions")
    (ada.path / "migrations/versions").symlink_to("../shared/versions")
    ada.commit("Move")
    return ada


def test_a_linked_folder_is_followed_everywhere(linked: Person) -> None:
    for at in (*PLACES, "main"):
        assert paths(linked.path, at) == ["shared/versions/a.py"]
    assert paths(linked.path, "HEAD~1") == ["migrations/versions/a.py"]
    commits = linked.git("rev-parse", "HEAD", "HEAD~1").split()
    listed = context(linked.path).revisions.entries_of(commits)
    assert [[one.path for one in listed[commit]] for commit in commits] == [
        ["shared/versions/a.py"],
        ["migrations/versions/a.py"],
    ]
    bare = linked.path.parent / "bare.git"
    linked.git("clone", "-q", "--bare", ".", str(bare))
    assert paths(bare, "HEAD", script_location="migrations/versions") == ["shared/versions/a.py"]
    result = check(context(bare), CheckOptions(at="HEAD", against=("HEAD~1",)))
    assert (result.heads, [one.code for one in result.findings]) == (("a",), ["LB205"])


def test_a_link_above_the_folder(ada: Person) -> None:
    ada.write("db/migrations/versions/a.py", revision_text("a", (), "users"))
    shutil.rmtree(ada.path / "migrations")
    (ada.path / "inner").symlink_to("db")
    (ada.path / "migrations").symlink_to("inner/migrations")
    ada.commit("Start")
    for at in PLACES:
        assert paths(ada.path, at) == ["db/migrations/versions/a.py"]


def test_a_link_that_goes_in_circles_has_nothing(ada: Person) -> None:
    (ada.path / "migrations/versions").symlink_to("versions")
    ada.commit("Start")
    for at in (INDEX, "HEAD"):
        assert paths(ada.path, at) == []


def test_a_link_out_of_the_repository(ada: Person, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere" / "a.py"
    place.parent.mkdir()
    place.write_text(revision_text("a", (), "users"))
    (ada.path / "migrations/versions").symlink_to(place.parent)
    ada.commit("Start")
    for at in PLACES:
        assert paths(ada.path, at) == [str(place)]
    bare = tmp_path / "bare.git"
    ada.git("clone", "-q", "--bare", ".", str(bare))
    assert paths(bare, "HEAD", script_location="migrations/versions") == []


def test_two_heads_behind_a_link_stop_the_commit(linked: Person) -> None:
    ada = Developer("Ada", linked.path)
    ada.lback("hooks", "install")
    for name in ("b", "c"):
        ada.write(f"shared/versions/{name}.py", revision_text(name, ("a",), f"{name}s"))
    ada.git("add", "-A")
    assert "LB101 2 heads: b, c" in ada.git("commit", "-m", "Fork", code=1)
    ada.git("commit", "-q", "--no-verify", "-m", "Fork")
    assert "LB101 2 heads" in ada.lback("check", "--at", "HEAD", code=1)
    assert "merge" in ada.lback("merge")
    assert len(paths(ada.path, INDEX)) == len(paths(ada.path)) == 4


# Submodules


@pytest.fixture
def outer(ada: Person, tmp_path: Path) -> Person:
    """Put the migrations into a submodule."""
    inner = Person("Ida", tmp_path / "inner")
    inner.write("env.py", ENV)
    inner.write("versions/a.py", revision_text("a", (), "users"))
    inner.git("init", "-q", "-b", "main")
    inner.commit("Add users")
    shutil.rmtree(ada.path / "migrations")
    ada.git("submodule", "--quiet", "add", str(inner.path), "migrations")
    ada.commit("Start")
    return ada


def test_a_submodule_is_read_at_its_commit(outer: Person) -> None:
    outer.git("clone", "-q", "--recurse-submodules", ".", "../clone")
    inner = Person("Ida", outer.path / "migrations")
    inner.write("versions/b.py", revision_text("b", ("a",), "orders"))
    inner.commit("Add orders")
    first, both = "migrations/versions/a.py", "migrations/versions/b.py"
    assert paths(outer.path) == [first, both]
    assert paths(outer.path, INDEX) == paths(outer.path, "HEAD") == [first]
    outer.commit("Move on")
    commits = outer.git("rev-parse", "HEAD", "HEAD~1").split()
    listed = context(outer.path).revisions.entries_of(commits)
    assert [[one.path for one in listed[commit]] for commit in commits] == [[first, both], [first]]
    assert check(context(outer.path), CheckOptions(against=("HEAD~1",))).findings == ()
    (row,) = heads(context(outer.path), "HEAD").heads
    assert (row.revision, row.tables) == ("b", ("orders",))
    assert row.commit is not None
    assert (row.commit.author, row.commit.subject) == ("Ida", "Add orders")
    (told,) = history(context(outer.path), HistoryOptions("orders")).changes
    assert told.commit is not None and told.commit.subject == "Add orders"


def test_a_branch_that_moves_a_submodule_on_is_another_branch(outer: Person) -> None:
    inner = Person("Ida", outer.path / "migrations")
    for name in ("b", "c"):
        outer.git("checkout", "-q", "-b", name, "main")
        outer.git("submodule", "-q", "update")
        inner.git("checkout", "-q", "-b", name)
        inner.write(f"versions/{name}.py", revision_text(name, ("a",), f"{name}s"))
        inner.commit(f"Add {name}")
        outer.commit(f"Move on to {name}")
    (found,) = radar(context(outer.path), RadarOptions()).branches
    assert (found.branch, [one.revision for one in found.revisions]) == ("b", ["b"])
    (one,) = check(context(outer.path), CheckOptions(against=("b",))).findings
    assert (one.code, one.path) == ("LB102", "migrations/versions/c.py")


def test_a_submodule_that_is_not_here_is_said(outer: Person, tmp_path: Path) -> None:
    outer.git("clone", "-q", ".", "../clone")
    clone = Developer("Bob", tmp_path / "clone")
    for at in PLACES:
        with pytest.raises(HistoryMissing, match="submodule migrations is not in this clone"):
            paths(clone.path, at)
    said = clone.lback("migrate", code=3)
    fix = said.partition("`")[2].partition("`")[0]
    clone.run(*fix.split(" "))
    assert "a  add users" in clone.lback("heads", "--at", "HEAD")


def test_two_heads_in_a_submodule_stop_the_commit(outer: Person) -> None:
    ada = Developer("Ada", outer.path)
    ada.lback("hooks", "install")
    inner = Person("Ida", outer.path / "migrations")
    for name in ("b", "c"):
        inner.write(f"versions/{name}.py", revision_text(name, ("a",), f"{name}s"))
    inner.commit("Fork")
    ada.git("add", "migrations")
    assert "LB101 2 heads: b, c" in ada.git("commit", "-m", "Move on", code=1)
    ada.lback("merge")
    assert inner.git("status", "--porcelain").startswith("A  versions/")
    ada.write("migrations/versions/d.py", revision_text("d", ("b",), "more"))
    fix = ada.lback("check", code=1).partition("next: `git -C")[2].partition("`")[0]
    (ada.path / "docs").mkdir()
    ada.run("sh", "-c", f"cd docs && git -C {fix}")
    assert "A  versions/d.py" in inner.git("status", "--porcelain")


def test_a_pull_that_moves_a_submodule_on_tells_what_arrived(outer: Person) -> None:
    outer.git("clone", "-q", "--recurse-submodules", ".", "../bob")
    bob = Developer("Bob", outer.path.parent / "bob")
    bob.lback("hooks", "install")
    inner = Person("Ida", outer.path.parent / "inner")
    for name in ("b", "c"):
        inner.write(f"versions/{name}.py", revision_text(name, ("a",), f"{name}s"))
    inner.commit("Fork")
    Person("Ida", outer.path / "migrations").git("pull", "-q")
    outer.commit("Move on")
    said = bob.git("pull")
    assert "lback: 2 revisions arrived" in said and "the migrations fork after a: 2 heads" in said
    assert paths(bob.folder) == ["migrations/versions/a.py"]


def test_a_submodule_is_guarded_from_inside(outer: Person) -> None:
    inner = Developer("Ida", outer.path / "migrations")
    inner.lback("hooks", "install")
    assert inner.lback("heads").startswith("a  add users\n    versions/a.py\n")
    for name in ("b", "c"):
        inner.write(f"versions/{name}.py", revision_text(name, ("a",), f"{name}s"))
    inner.git("add", "-A")
    assert "LB101 2 heads: b, c" in inner.git("commit", "-m", "Fork", code=1)
    assert paths(inner.folder, "HEAD") == ["versions/a.py"]


# Sparse checkouts


def test_files_that_a_sparse_checkout_leaves_out(ada: Person, tmp_path: Path) -> None:
    ada.write("migrations/env.py", ENV)
    ada.write("migrations/versions/a.py", revision_text("a", (), "users"))
    ada.write("migrations/versions/b.py", revision_text("b", ("a",), "orders"))
    ada.commit("Start")
    ada.git("sparse-checkout", "set", "--no-cone", "/*", "!/migrations/versions/")
    ada.git("update-ref", "refs/remotes/origin/main", "HEAD")
    ada.git("remote", "add", "origin", "nowhere")
    bob = Developer("Bob", ada.path)
    assert [row.revision for row in heads(context(ada.path)).heads] == ["b"]
    assert check(context(ada.path), CheckOptions()).findings == ()
    said = bob.lback("migrate", code=3)
    assert "migrations/versions/a.py is not on disk" in said
    fix = said.partition("`")[2].partition("`")[0]
    assert fix == "git sparse-checkout add migrations/versions"
    bob.run(*fix.split(" "))
    assert "applied 2 revisions" in bob.lback("migrate")
    ada.git("sparse-checkout", "set", "--no-cone", "/*", "!/migrations/")
    assert "this sparse checkout leaves it out" in bob.lback("rollback", "orders", code=3)
    assert "database  unreachable: migrations/env.py is not on disk" in bob.lback("status")


def test_no_revision_files_are_not_up_to_date(ada: Person) -> None:
    ada.write("migrations/env.py", ENV)
    (ada.path / "migrations/versions").mkdir()
    bob = Developer("Bob", ada.path)
    assert "There are no revision files in migrations/versions" in bob.lback("migrate", code=3)
    assert "There are no revision files" in bob.lback("status")


# Revisions without a source


def test_bytecode_that_alembic_would_run_stops_everything(ada: Person) -> None:
    ada.write("alembic.ini", "[alembic]\nscript_location = migrations\nsourceless = true\n")
    ada.write("migrations/versions/a.py", revision_text("a", (), "users"))
    ada.write("migrations/versions/a.pyc", b"not read")
    ada.write("migrations/versions/__pycache__/a.cpython-312.pyc", b"not read")
    ada.write("migrations/versions/__pycache__/__init__.cpython-312.pyc", b"not read")
    assert not context(ada.path).revisions.graph().problems
    ada.write("migrations/versions/b.pyc", b"not read")
    ada.write("migrations/versions/__pycache__/c.cpython-312.pyc", b"not read")
    problems = context(ada.path).revisions.graph().problems
    assert {one.path for one in problems} == {
        "migrations/versions/b.pyc",
        "migrations/versions/__pycache__/c.cpython-312.pyc",
    }
    ada.commit("Start")
    problems = context(ada.path).revisions.graph("HEAD").problems
    assert [one.path for one in problems] == ["migrations/versions/b.pyc"]
    ada.write("alembic.ini", "[alembic]\nscript_location = migrations\n")
    assert not context(ada.path).revisions.graph().problems


# Files that are checked out as another text


@pytest.fixture
def converted(ada: Person, request: pytest.FixtureRequest) -> Person:
    """Publish two revisions that a checkout gives another text."""
    attributes, settings = request.param
    for setting in settings:
        ada.git("config", *setting.split("=", 1))
    ada.write(".gitattributes", attributes)
    text = revision_text("a", (), "users") + '\nSIGN = "@SIGN@"  # $Id$\n'
    ada.write("migrations/versions/a.py", text)
    ada.write("migrations/versions/b.py", text.replace("'a'", "'b'").replace("None", "'a'", 1))
    ada.commit("Start")
    ada.git("remote", "add", "origin", "nowhere")
    ada.git("update-ref", "refs/remotes/origin/main", "HEAD")
    shutil.rmtree(ada.path / "migrations/versions")
    ada.git("checkout", "-q", ".")
    ada.git("checkout", "-q", "-b", "topic")
    ada.write("migrations/versions/c.py", revision_text("c", ("b",), "orders"))
    ada.commit("More")
    return ada


CONVERSIONS = [
    ("*.py ident\n", ()),
    ("*.py text eol=crlf\n", ("core.safecrlf=false",)),
    (
        "*.py filter=sign\n",
        ("filter.sign.clean=sed s/AAA/@SIGN@/", "filter.sign.smudge=sed s/@SIGN@/AAA/"),
    ),
]


@pytest.mark.parametrize("converted", CONVERSIONS, indirect=True, ids=["ident", "eol", "filter"])
def test_a_file_that_git_has_written_otherwise_is_not_edited(converted: Person) -> None:
    ada = converted
    assert check(context(ada.path), CheckOptions()).findings == ()
    graph = context(ada.path).revisions.graph()
    assert edited_since(context(ada.path).revisions, graph, ["a", "b"]) == ()
    # The other side edits what this one has in another text: no conflict, and one edit.
    ada.git("checkout", "-q", "main")
    place = ada.path / "migrations/versions/b.py"
    place.write_bytes(place.read_bytes().replace(b"add users", b"add some users"))
    ada.git("commit", "-qam", "Edit")
    ada.git("update-ref", "refs/remotes/origin/main", "HEAD")
    ada.git("checkout", "-q", "topic")
    assert check(context(ada.path), CheckOptions()).findings == ()
    place.write_bytes(place.read_bytes().replace(b"drop_table", b"execute"))
    assert {one.code for one in check(context(ada.path), CheckOptions()).findings} >= {"LB303"}


def test_a_replaced_content_is_not_kept_for_its_id(ada: Person) -> None:
    ada.write("migrations/versions/a.py", revision_text("a", (), "users"))
    ada.commit("Start")
    ada.write("other", revision_text("z", (), "users"))
    other = ada.git("hash-object", "-w", "other")
    ada.git("replace", "HEAD:migrations/versions/a.py", other)
    for _ in range(2):
        assert context(ada.path).revisions.graph("HEAD").heads == ("a",)
        assert context(ada.path).revisions.graph().heads == ("a",)


def test_a_partial_clone_says_how_to_get_what_it_lacks(ada: Person, tmp_path: Path) -> None:
    ada.write("migrations/versions/a.py", revision_text("a", (), "users"))
    ada.commit("Start")
    ada.git("branch", "topic")
    ada.write("migrations/versions/b.py", revision_text("b", ("a",), "orders"))
    ada.commit("More")
    ada.git("config", "uploadpack.allowFilter", "true")
    for at, way in enumerate(("blob:none", "tree:0")):
        bob = Developer("Bob", tmp_path)
        url = f"file://{ada.path}"
        bob.git("clone", "-q", f"--filter={way}", "-b", "topic", url, f"bob{at}")
        bob.folder = tmp_path / f"bob{at}"
        said = bob.lback("check", code=1)
        assert "LB108 This partial clone lacks what has to be read" in said
        bob.run(*said.partition("`")[2].partition("`")[0].split(" "))
        assert "merged with origin/main: 1 head (b)" in bob.lback("check")
