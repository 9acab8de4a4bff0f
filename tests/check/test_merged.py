"""What two branches become together: forks, authors, conflicts, moves."""

from __future__ import annotations

import shlex

import pytest

from lback.project.context import Context
from lback.project.options import Options
from tests.check.team import Team
from tests.worlds.texts import VERSIONS


def fork(team: Team) -> None:
    team.branch("mine")
    team.add("c3", "b2")
    team.git("checkout", "-q", "main")
    Team(team.path, "Ben").add("d4", "b2")


def test_each_alone_is_fine_and_both_fork(team: Team) -> None:
    fork(team)
    for branch in ("main", "mine"):
        assert team.codes(at=branch, against=branch) == []
    result = team.check(at="mine", against="main")
    assert result.exit_code == 1
    assert result.data["against"] == "main"
    assert result.data["heads"] == ["c3"]
    assert result.data["would_be_heads"] == ["c3", "d4"]
    assert result.data["new_revisions"] == ["c3"]
    assert result.data["merge_base"] == team.git("merge-base", "main", "mine")
    [one] = result.findings
    assert one.code == "LB102" and one.revisions == ("c3", "d4")
    assert "c3 (by Ada" in one.message and "d4 (by Ben" in one.message
    assert "the fork begins at b2" in one.message
    assert "`lback rebase`" in one.hint
    assert [commit.author for commit in one.commits] == ["Ada", "Ben"]


def test_on_top_of_the_other_it_is_green(team: Team) -> None:
    fork(team)
    team.git("checkout", "-q", "mine")
    team.git("merge", "-q", "main")
    assert team.codes(against="main") == ["LB101"]
    team.edit("c3", "'b2'", "'d4'")
    assert team.codes(against="main") == ["LB303"]  # edited and not staged
    team.commit("Rebase")
    assert team.codes(against="main") == []


def test_the_fork_of_the_other_branch_is_named_as_its_own(team: Team) -> None:
    team.branch("mine")
    team.git("checkout", "-q", "main")
    team.revision("d4", "b2")
    team.add("e5", "b2")
    [one] = team.check(at="mine", against="main").findings
    assert one.code == "LB102" and "main has them already" in one.message


def test_a_second_head_without_a_file_added(team: Team) -> None:
    team.add("c3", "b2")
    team.branch("mine")
    team.edit("c3", "'b2'", "'a1'")
    team.commit("Re-parent")
    result = team.check(at="mine", against="main")
    assert [one.code for one in result.findings] == ["LB101", "LB203"]
    assert result.findings[0].revisions == ("b2", "c3")


def test_two_merges_of_the_same_parents(team: Team) -> None:
    team.revision("c3", "b2")
    team.add("d4", "b2")
    team.branch("mine")
    team.add("m1", "c3", "d4")
    team.git("checkout", "-q", "main")
    team.add("m2", "d4", "c3")
    found = team.check(at="mine", against="main").findings
    assert [one.code for one in found] == ["LB102", "LB110"]
    assert set(found[1].revisions) == {"m1", "m2"}


def test_the_same_id_twice(team: Team) -> None:
    team.branch("mine")
    team.write(f"{VERSIONS}/one.py", 'revision = "c3"\ndown_revision = "b2"\n')
    team.commit()
    team.git("checkout", "-q", "main")
    team.write(f"{VERSIONS}/two.py", 'revision = "c3"\ndown_revision = "b2"\nx = 1\n')
    team.commit()
    assert "LB104" in team.codes(at="mine", against="main")


def test_a_copy_beside_a_published_file_is_no_edit_of_it(team: Team) -> None:
    """Whoever copies a file and forgets the id has edited nothing, and moved nothing."""
    team.branch("mine")
    for name in ("a_copy", "z_copy"):
        team.write(f"{VERSIONS}/{name}.py", 'revision = "b2"\ndown_revision = "a1"\nx = 1\n')
        team.commit()
        assert set(team.codes(at="mine", against="main", select="LB1,LB2")) == {"LB104"}
    published = team.path / VERSIONS / "b2.py"
    published.write_text(published.read_text() + "\nedited = 1\n")
    team.commit()
    assert "LB201" in team.codes(at="mine", against="main")


def test_a_parent_that_the_other_side_deleted(team: Team) -> None:
    team.branch("mine")
    team.add("c3", "b2")
    team.git("checkout", "-q", "main")
    (team.path / VERSIONS / "b2.py").unlink()
    team.commit("Drop b2")
    found = team.check(at="mine", against="main").findings
    assert [one.code for one in found] == ["LB103"]
    assert found[0].message.startswith("Once merged with main:")


def test_a_parent_that_is_missing_is_looked_for_in_git(team: Team) -> None:
    team.branch("mine")
    team.add("c3", "b2")
    team.add("d4", "c3")
    team.git("checkout", "-q", "mine~1")
    team.git("branch", "-q", "-D", "mine")
    team.git("checkout", "-q", "main")
    sha = team.git("rev-parse", "HEAD@{1}").strip()
    team.revision("d4", "c3")
    (found,) = team.check(ignore="LB303").findings
    assert (found.code, [one.sha for one in found.commits]) == ("LB103", [sha])
    told = f"Ada wrote c3: {VERSIONS}/c3.py, in the reflog, commit {sha[:7]}."
    assert found.message.endswith(told)
    bring, _, rest = found.hint.partition("` brings it back; or ")
    assert rest.startswith("add the file of c3")
    team.git(*shlex.split(bring.removeprefix("`git ")))
    assert team.codes(ignore="LB303") == []


def test_a_conflict_is_said_once_and_hides_nothing(team: Team) -> None:
    fork(team)
    team.edit("b2", "add t_b2", "their words")
    team.commit()
    team.git("checkout", "-q", "mine")
    team.edit("b2", "add t_b2", "my words")
    team.commit()
    result = team.check(at="mine", against="main")
    assert [one.code for one in result.findings] == ["LB102", "LB109"]
    assert result.data["merges"][0]["conflicts"] == [f"{VERSIONS}/b2.py"]
    assert team.git("merge", "main", check=False)  # git stops too


def test_the_folder_moved_on_one_side(team: Team) -> None:
    team.branch("mine")
    team.git("mv", "migrations", "db")
    team.write("alembic.ini", "[alembic]\nscript_location = db\n")
    team.commit("Move")
    team.git("checkout", "-q", "main")
    team.add("c3", "b2")
    result = team.check(at="mine", against="main")
    assert result.data["would_be_heads"] == ["c3"]
    assert [one.code for one in result.findings] == ["LB112", "LB205", "LB205"]
    team.git("checkout", "-q", "main")
    team.add("d4", "c3")
    assert team.check(at="main", against="mine").data["would_be_heads"] == ["d4"]


def test_a_squash_merge_leaves_nothing_new(team: Team) -> None:
    team.branch("mine")
    team.add("c3", "b2")
    team.add("d4", "c3")
    team.git("checkout", "-q", "main")
    team.git("merge", "-q", "--squash", "mine")
    team.commit("Squashed")
    team.add("e5", "d4")
    result = team.check(at="mine", against="main")
    assert result.findings == ()
    assert result.data["new_revisions"] == []
    assert result.data["would_be_heads"] == ["e5"]


def test_several_refs(team: Team) -> None:
    fork(team)
    team.branch("other", "main")
    team.add("e5", "d4")
    result = team.check(at="mine", against=("main", "other"))
    assert [one["against"] for one in result.data["merges"]] == ["main", "other"]
    assert [one.revisions for one in result.findings] == [("c3", "d4"), ("c3", "e5")]


def test_heads_by_design_stay_quiet(team: Team) -> None:
    for name in ("expand", "contract"):
        path = team.revision(f"{name}1", "b2")
        path.write_text(path.read_text().replace("labels = None", f"labels = ({name!r},)"))
    team.commit()
    team.branch("mine")
    team.add("expand2", "expand1")
    team.git("checkout", "-q", "main")
    team.add("contract2", "contract1")
    assert team.codes(at="mine", against="main") == []
    team.add("contract3", "contract1")
    assert team.codes(at="main", against="mine") == ["LB101"]


def test_ignored_folders(team: Team) -> None:
    text = (
        (team.path / VERSIONS / "b2.py").read_text().replace('"b2"', '"zz"').replace("'b2'", "'zz'")
    )
    team.write(f"{VERSIONS}/fixtures/zz.py", text)
    team.write(
        "alembic.ini",
        "[alembic]\nscript_location = migrations\nrecursive_version_locations = true\n",
    )
    team.commit()
    assert "LB101" in team.codes()
    team.write("pyproject.toml", f'[tool.lback]\nignore_folders = ["{VERSIONS}/fixtures"]\n')
    team.commit()
    assert team.codes() == []
    graphs = [
        Context(Options(directory=str(team.path))).revisions.graph(at)
        for at in ("worktree", "HEAD")
    ]
    assert [graph.heads for graph in graphs] == [("b2",), ("b2",)]  # all commands agree


@pytest.mark.parametrize("at", ["worktree", "index"])
def test_what_is_not_committed_yet_counts(team: Team, at: str) -> None:
    team.add("c3", "b2")
    team.branch("mine", "HEAD~1")
    team.revision("d4", "b2")
    if at == "index":
        team.git("add", "-A")
    assert "LB102" in team.codes(at=at, against="main")


def test_siblings_are_named_once_each(team: Team) -> None:
    for number in range(5):
        person = Team(team.path, f"Person{number}")
        person.branch(f"side{number}")
        person.add(f"s{number}", "b2")
    team.branch("idle")
    team.branch("docs")
    team.write("README", "words")
    team.commit()
    team.branch("stacked", "side0")
    team.branch("mine", "side0")
    team.add("top", "s0")
    result = team.check(at="mine", against="main", siblings=True)
    assert [one.code for one in result.findings] == ["LB302"] * 4
    assert [one.revisions for one in result.findings] == [("top", f"s{n}") for n in (1, 2, 3, 4)]
    for number, one in enumerate(result.findings, 1):
        assert f"side{number}" in one.message and f"Person{number}" in one.message
    assert len(result.data["siblings"]) == 4
    assert team.codes(at="mine", against="main", refs="refs/heads/side3") == ["LB302"]


def test_siblings_that_overlap_say_so(team: Team) -> None:
    team.branch("side")
    team.add("s1", "b2", table="carts")
    team.branch("mine")
    team.add("m1", "b2", table="carts")
    [one] = team.check(at="mine", against="main", siblings=True).findings
    assert "they overlap: table carts" in one.message


def test_siblings_that_do_more_than_add(team: Team) -> None:
    team.branch("renamer")
    team.git("mv", f"{VERSIONS}/b2.py", f"{VERSIONS}/0002.py")
    team.add("s1", "b2")
    team.branch("editor", "main")
    team.edit("b2", "def upgrade", "# why\ndef upgrade")
    team.add("s2", "b2")
    team.branch("merged", "main")
    team.add("s3", "b2")
    team.branch("mine", "merged")
    team.add("s4", "s3")
    found = team.check(at="mine", against="main", siblings=True).findings
    assert sorted(one.revisions for one in found) == [("s4", "s1"), ("s4", "s2")]


def test_siblings_where_heads_have_labels(team: Team) -> None:
    path = team.revision("lab1", "b2")
    path.write_text(path.read_text().replace("labels = None", "labels = ('lab',)"))
    team.commit()
    team.branch("side")
    team.add("s1", "b2")
    team.branch("mine", "main")
    team.add("lab2", "lab1")
    assert team.codes(at="mine", against="main", siblings=True) == []
    team.branch("other", "main")
    team.add("lab3", "lab1")
    assert team.codes(at="mine", against="main", siblings=True) == ["LB302"]


def test_a_fork_that_is_merged_already_is_drawn_with_both_sides(team: Team) -> None:
    team.branch("mine")
    team.add("c3", "b2")
    team.git("checkout", "-q", "main")
    team.add("d4", "b2")
    team.git("checkout", "-q", "mine")
    team.git("merge", "-q", "--no-edit", "main")
    picture = team.check(against="main").picture
    assert [(row.revision, row.side) for row in picture] == [
        ("b2", "both"),
        ("c3", "here"),
        ("d4", "both"),
    ]


def test_open_branches_that_a_push_to_main_has_made_stale(team: Team) -> None:
    for name, revision in (("feat", "c3"), ("fresh", "e5")):
        team.branch(name)
        team.add(revision, "b2" if name == "feat" else "d4")
        team.git("checkout", "-q", "main")
        if name == "feat":
            team.add("d4", "b2")
    result = team.check(siblings=True)
    [one] = result.findings
    assert (one.code, one.severity) == ("LB302", "warning")
    assert "feat (by Ada) is stale: c3 there forks from d4, which main now has" in one.message
    assert {row["branches"][0]: row["forks"] for row in result.data["siblings"]} == {
        "feat": [["c3", "d4"]],
        "fresh": [],
    }


def test_what_seems_to_be_gone_may_be_in_a_file_with_conflict_markers(team: Team) -> None:
    team.branch("mine")
    text = (team.path / VERSIONS / "a1.py").read_text()
    team.write(f"{VERSIONS}/a1.py", f"<<<<<<< ours\n{text}=======\n{text}x = 1\n>>>>>>> theirs\n")
    team.commit("Merge badly")
    findings = {each.code: each for each in team.check(against="main").findings}
    assert set(findings) == {"LB103", "LB109"}  # neither deleted, nor a second head
    assert f"perhaps only since {VERSIONS}/a1.py cannot be read" in findings["LB103"].message
