"""What a branch does to published revisions."""

from __future__ import annotations

from tests.check.team import Team, content
from tests.worlds.texts import VERSIONS


def test_an_edit_of_a_comment_is_no_finding(published: Team) -> None:
    published.edit("b2", "def upgrade", "# why\ndef upgrade")
    published.commit()
    assert published.codes() == []


def test_an_edit_of_code(published: Team) -> None:
    published.edit("b2", "sa.Integer", "sa.BigInteger")
    published.commit()
    [one] = published.check(at="work", against="origin/main").findings
    assert (one.code, one.path) == ("LB201", f"{VERSIONS}/b2.py")


def test_a_deleted_one(published: Team) -> None:
    (published.path / VERSIONS / "b2.py").unlink()
    published.commit()
    [one] = published.check().findings
    assert one.code == "LB202" and "git checkout origin/main -- " in one.hint


def test_renamed_and_reparented_in_one_commit(published: Team) -> None:
    published.git("mv", f"{VERSIONS}/b2.py", f"{VERSIONS}/0002_b2.py")
    published.edit("0002_b2", "'a1'", "None")
    published.commit()
    codes = published.codes()
    assert "LB205" in codes and "LB203" in codes and "LB202" not in codes


def test_placed_under_a_published_head(published: Team) -> None:
    published.revision("n1", "a1")
    published.edit("b2", "'a1'", "'n1'")
    published.commit()
    found = {one.code: one for one in published.check().findings}
    assert set(found) == {"LB203", "LB204"}
    assert found["LB204"].revisions == ("n1", "b2")


def test_without_a_remote_nothing_is_published(team: Team) -> None:
    team.branch("mine")
    team.edit("b2", "sa.Integer", "sa.BigInteger")
    team.commit()
    assert team.codes() == []
    assert team.codes(against="main") == ["LB201"]  # named by hand, so it is the shared ref


def test_a_squash_that_keeps_the_id_of_the_head(team: Team) -> None:
    previous = "b2"
    for number in range(400):
        team.revision(f"r{number}", previous)
        previous = f"r{number}"
    team.commit("Many")
    team.branch("squash")
    for path in (team.path / VERSIONS).glob("*.py"):
        path.unlink()
    team.write(f"{VERSIONS}/r399.py", content("r399", None, "op.create_table('all')"))
    team.commit("Squash")
    result = team.check(at="squash", against="main")
    [one] = result.findings
    assert (one.code, one.severity, one.revisions) == ("LB202", "warning", ("r399",))
    assert "401 published revisions" in one.message
    assert result.exit_code == 0
    team.git("checkout", "-q", "main")
    team.add("new", "r399")
    result = team.check(at="main", against="squash")
    assert result.data["would_be_heads"] == ["new"]


def test_taking_one_out_of_the_middle_is_no_squash(team: Team) -> None:
    team.add("c3", "b2")
    team.branch("cut")
    (team.path / VERSIONS / "b2.py").unlink()
    team.edit("c3", "'b2'", "'a1'")
    team.commit()
    assert team.codes(against="main") == ["LB202", "LB203"]
