"""Fails closed: what cannot be looked at is a finding with the fix, and never a pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from lback.app.graph import GraphOptions, graph
from lback.app.heads import heads
from lback.errors import UsageError
from lback.project.context import Context
from lback.project.options import Options
from tests.check.team import Team
from tests.worlds.texts import VERSIONS


@pytest.fixture
def forked(team: Team) -> Team:
    team.branch("mine")
    for number in range(3):
        team.add(f"c{number}", f"c{number - 1}" if number else "b2")
    team.git("checkout", "-q", "main")
    team.add("d4", "b2")
    return team


def test_shallow(forked: Team, tmp_path: Path) -> None:
    clone = forked.clone(tmp_path / "clone", "--depth", "1", "--branch", "mine")
    result = clone.check()
    assert [one.code for one in result.findings] == ["LB108"]
    assert result.exit_code == 1 and "fetch-depth: 0" in result.findings[0].hint
    [one] = clone.check(against="origin/main").findings
    assert one.code == "LB108" and "git fetch origin main" in one.hint
    clone.git("fetch", "-q", "--depth", "1", "origin", "main:refs/remotes/origin/main")
    [one] = clone.check(against="origin/main").findings
    assert one.code == "LB108" and "--unshallow" in one.hint
    clone.git("fetch", "-q", "--unshallow")
    assert clone.codes(against="origin/main") == ["LB102"]


def test_the_finding_stays_when_others_are_selected(forked: Team, tmp_path: Path) -> None:
    clone = forked.clone(tmp_path / "clone", "--depth", "1", "--branch", "mine")
    assert clone.codes(select="LB2") == ["LB108"]
    assert clone.codes(ignore="LB108") == []


def test_only_the_full_name_ignores_what_could_not_be_seen(forked: Team, tmp_path: Path) -> None:
    clone = forked.clone(tmp_path / "clone", "--depth", "1", "--branch", "mine")
    assert clone.codes(ignore="LB1") == ["LB108"]
    clone.write("pyproject.toml", '[tool.lback]\nignore = ["LB1"]\nselect = ["LB4"]\n')
    assert clone.codes() == ["LB108"]


def test_a_baseline_never_holds_what_could_not_be_seen(forked: Team, tmp_path: Path) -> None:
    clone = forked.clone(tmp_path / "clone", "--depth", "1", "--branch", "mine")
    file = str(tmp_path / "baseline.json")
    assert clone.check(baseline=file, write_baseline=True).exit_code == 1
    assert clone.codes(baseline=file) == ["LB108"]


def test_a_hole_in_the_graph_is_told_whatever_is_selected(team: Team) -> None:
    team.write(f"{VERSIONS}/zz.py", "revision = compute()\n")
    team.write(f"{VERSIONS}/yy.py", "<<<<<<< ours\nrevision = 'y'\n=======\n>>>>>>> theirs\n")
    team.commit()
    assert team.codes(select="LB102") == ["LB106", "LB109"]


def test_an_ancestor_that_may_not_be_the_nearest(team: Team, tmp_path: Path) -> None:
    """The nearest one hangs on a side branch whose history the clone cuts off."""
    team.branch("mine")
    team.add("c3", "b2")
    team.git("checkout", "-q", "main")
    team.add("d4", "b2")
    team.branch("side")
    for number in range(5):
        team.git("commit", "-q", "--allow-empty", "-m", str(number))
    team.git("checkout", "-q", "mine")
    team.git("merge", "-q", "--no-edit", "side")
    team.git("checkout", "-q", "main")
    team.add("e5", "d4")
    clone = team.clone(tmp_path / "clone", "--depth", "3", "--branch", "mine")
    clone.git("fetch", "-q", "--depth", "5", "origin", "main:refs/remotes/origin/main")
    assert clone.git("merge-base", "HEAD", "origin/main") == team.git("rev-parse", "main~2")
    [one] = [one for one in clone.check(against="origin/main").findings if one.code != "LB101"]
    assert one.code == "LB108" and "cut off" in one.message
    result = clone.check(against="origin/main", deepen=True)
    assert result.data["merge_base"] == team.git("rev-parse", "main~1")
    assert [one.code for one in result.findings] == ["LB101", "LB102"]


def test_an_index_with_a_conflict(team: Team) -> None:
    team.branch("mine")
    team.edit("b2", "add t_b2", "my words")
    team.commit()
    team.git("checkout", "-q", "main")
    team.edit("b2", "add t_b2", "their words")
    team.commit()
    team.git("merge", "-q", "mine", check=False)
    assert [one.path for one in team.check(at="index").findings] == [f"{VERSIONS}/b2.py"]
    assert team.codes(at="index") == ["LB109"]
    assert "LB109" in team.codes()


def test_a_tree_that_is_missing(forked: Team) -> None:
    tree = forked.git("rev-parse", "main^{tree}")
    (forked.path / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    assert forked.codes(at="mine", against="main") == ["LB108"]


def test_refs_that_match_nothing(forked: Team) -> None:
    wishes = {"at": "mine", "against": "main", "refs": "refs/pull/*/head", "select": "LB3"}
    [one] = forked.check(**wishes).findings
    assert (one.code, one.severity) == ("LB108", "warning")
    forked.git("update-ref", "refs/pull/1/head", "main")
    forked.branch("other", "main")
    forked.git("update-ref", "refs/pull/2/head", forked.add("e5", "d4"))
    assert forked.codes(**wishes) == ["LB302"]


def test_a_location_outside_of_the_repository(team: Team, tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere"
    ini = f"[alembic]\nscript_location = migrations\nversion_locations = {VERSIONS} {outside}\n"
    team.write("alembic.ini", ini)
    team.commit()
    [one] = team.check().findings
    assert (one.code, one.severity) == ("LB107", "warning")
    assert str(outside) in one.message


def test_unrelated_histories(team: Team) -> None:
    team.git("checkout", "-q", "--orphan", "alone")
    team.commit()
    assert team.codes(against="main") == ["LB108"]


def test_missing_objects(forked: Team, tmp_path: Path) -> None:
    forked.git("config", "uploadpack.allowFilter", "true")
    clone = forked.clone(
        tmp_path / "clone", "--filter=blob:none", "--no-checkout", "--branch", "mine"
    )
    assert clone.codes(at="origin/mine", options={"script_location": VERSIONS}) == ["LB108"]


def test_an_unknown_ref_is_wrong_usage(team: Team) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        team.check(against="nowhere")


def test_nothing_found(team: Team) -> None:
    assert team.codes(options={"script_location": "docs"}) == ["LB107"]
    team.branch("mine")
    for path in (team.path / VERSIONS).glob("*.py"):
        path.unlink()
    team.commit()
    result = team.check(against="main", select="LB1")
    assert ([one.code for one in result.findings], result.exit_code) == (["LB107"], 1)


def test_a_folder_that_is_not_there_is_no_empty_one(team: Team) -> None:
    def context() -> Context:
        return Context(Options(directory=str(team.path), script_location="migrations/version"))

    for result in (heads(context()), graph(context(), GraphOptions())):
        assert [one.code for one in result.findings] == ["LB107"]
        assert result.exit_code == 1 and "migrations/version," in result.findings[0].message
    assert heads(context(), "HEAD").findings == ()
    (team.path / "migrations/version").mkdir()
    assert heads(context()).findings == ()


def test_a_project_that_has_just_begun(tmp_path: Path) -> None:
    team = Team(tmp_path)
    team.write("alembic.ini", "[alembic]\nscript_location = migrations\n")
    team.write("migrations/env.py", "")
    for prepare in (lambda: None, lambda: team.git("init", "-q"), team.commit):
        prepare()
        result = team.check()
        assert [one.severity for one in result.findings] == ["warning"]
        assert result.exit_code == 0


def test_without_git(tmp_path: Path) -> None:
    team = Team(tmp_path)
    team.write("alembic.ini", "[alembic]\nscript_location = migrations\n")
    team.revision("a1")
    team.revision("b2", "a1")
    assert team.codes() == []
    assert team.codes(against="main") == ["LB108"]
    assert team.codes(siblings=True) == ["LB108"]
    team.revision("c3", "a1")
    assert team.codes() == ["LB101"]


def test_bare(team: Team, tmp_path: Path) -> None:
    team.branch("mine")
    team.add("c3", "b2")
    team.git("checkout", "-q", "main")
    team.add("d4", "b2")
    bare = team.clone(tmp_path / "bare.git", "--bare")
    assert bare.codes() == []
    assert bare.codes(at="mine", against="main") == ["LB102"]
    assert bare.codes(at="mine", against="main", options={"script_location": VERSIONS}) == ["LB102"]
    with pytest.raises(UsageError, match="top of mine"):
        bare.check(at="mine", options={"config": "other.ini"})


def test_left_out_of_the_commit(team: Team) -> None:
    team.revision("c3", "b2")
    team.revision("d4", "c3")
    team.write(".gitignore", "d4.py\n")
    team.edit("b2", "def upgrade", "# why\ndef upgrade")
    result = team.check()
    assert sorted((one.code, one.path.rpartition("/")[2]) for one in result.findings) == [
        ("LB303", "b2.py"), ("LB303", "c3.py"), ("LB304", "d4.py")
    ]  # fmt: skip
    assert result.exit_code == 0


@pytest.mark.parametrize("ref", ["HEAD^1", "HEAD~2", "HEAD^2", "{main}", "{short}"])
def test_commits_beyond_a_shallow_clone(forked: Team, tmp_path: Path, ref: str) -> None:
    main = forked.git("rev-parse", "main")
    name = ref.format(main=main, short=main[:9])
    clone = forked.clone(tmp_path / "clone", "--depth", "1", "--branch", "mine")
    for wishes in ({"against": name}, {"at": name, "against": "HEAD"}):
        [one] = clone.check(**wishes).findings
        assert one.code == "LB108" and "Fetch" in one.hint


def test_an_id_that_this_clone_does_not_have(forked: Team) -> None:
    assert forked.codes(against="1234567890" * 4) == ["LB108"]


def test_names_that_are_no_commit(forked: Team) -> None:
    forked.git("tag", "blob", "main:alembic.ini")
    forked.git("tag", "tree", "main^{tree}")
    for name in ("blob", "tree", "main:alembic.ini", "^main", "mine..main", "HEAD~50", "0" * 40):
        for wishes in ({"against": name}, {"at": name, "against": "main"}):
            with pytest.raises(UsageError, match="no commit"):
                forked.check(**wishes)


def test_tags_of_all_kinds(forked: Team) -> None:
    forked.git("checkout", "-q", "mine")
    forked.git("tag", "light", "main")
    forked.git("tag", "-a", "-m", "v1", "v1", "main")
    forked.git("tag", "-a", "-m", "v2", "v2", "v1")
    for name in ("light", "v1", "v2", "tags/v1", "refs/tags/v2"):
        assert forked.codes(against=name) == ["LB102"]
        assert forked.codes(at=name, against="mine") == ["LB102"]


def test_a_tag_does_not_stand_for_the_branch_of_its_name(forked: Team) -> None:
    forked.git("tag", "main", "mine")
    assert forked.codes(at="mine", against="main") == ["LB102"]


@pytest.mark.parametrize("what", ["main", "main^{tree}", f"main:{VERSIONS}/d4.py"])
def test_an_object_that_is_missing(forked: Team, what: str) -> None:
    sha = forked.git("rev-parse", what)
    forked.git("checkout", "-q", "mine")
    (forked.path / ".git" / "objects" / sha[:2] / sha[2:]).unlink()
    result = forked.check(against="main")
    assert "LB108" in [one.code for one in result.findings] and result.exit_code == 1


def test_a_content_that_is_missing_hides_no_other_finding(forked: Team) -> None:
    Context(Options(directory=str(forked.path))).revisions.graph("main")  # which notes its headers
    sha = forked.git("rev-parse", f"main:{VERSIONS}/d4.py")
    forked.git("checkout", "-q", "mine")
    forked.revision("e5", "c2")
    (forked.path / ".git" / "objects" / sha[:2] / sha[2:]).unlink()
    assert {"LB102", "LB108", "LB303"} <= set(forked.codes(against="main"))


@pytest.mark.parametrize("way", ["gone", "renamed", "cased", "submodule", "link", "emptied"])
def test_a_folder_that_is_not_what_it_was(forked: Team, way: str) -> None:
    forked.git("checkout", "-q", "mine")
    if way in ("gone", "submodule", "link"):
        forked.git("rm", "-rq", "migrations")
    if way == "renamed":
        forked.git("mv", "migrations/versions", "migrations/version")
    if way == "cased":
        forked.git("mv", "migrations", "Migrations")
    if way == "link":
        (forked.path / "migrations").symlink_to("/etc")
    if way == "emptied":
        forked.git("rm", "-q", f"{VERSIONS}/*.py")
        forked.write(f"{VERSIONS}/__init__.py", "")
    forked.git("add", "-A")
    if way == "submodule":
        cache = f"160000,{forked.git('rev-parse', 'main')},migrations"
        forked.git("update-index", "--add", "--cacheinfo", cache)
    forked.git("commit", "-qm", way)
    for at in ("worktree", "mine"):
        result = forked.check(at=at, against="main")
        code = "LB108" if (way, at) == ("submodule", "mine") else "LB202"
        assert result.exit_code == 1 and code in [one.code for one in result.findings]
