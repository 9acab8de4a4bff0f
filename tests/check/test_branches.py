"""Mine beside the other branches, as `radar` and `check --siblings` compare them."""

from __future__ import annotations

from typing import Any

import pytest

from lback.app.radar import RadarOptions, RadarResult, radar
from lback.core.merging.overlap_rows import OverlapRow
from lback.project.context import Context
from lback.project.options import Options
from lback.vcs.git import Answer, Git
from tests.check.team import Team, content
from tests.worlds.texts import VERSIONS


def told_by_radar(team: Team) -> RadarResult:
    return radar(Context(Options(directory=str(team.path))), RadarOptions())


def overlaps(team: Team, look: str) -> list[OverlapRow]:
    if look == "merge":
        return list(team.check(against="theirs").overlaps)
    rows = told_by_radar(team).branches if look == "radar" else team.check(siblings=True).siblings
    return [overlap for row in rows for overlap in row.overlaps]


LINKED = """op.create_table('owners', sa.Column('id', sa.Integer(), primary_key=True))
op.create_table('pets', sa.Column('owner', sa.Integer(), sa.ForeignKey('owners.id')))"""


@pytest.mark.parametrize("look", ["siblings", "radar", "merge"])
def test_what_lies_below_both_sides_tells_which_tables_are_linked(team: Team, look: str) -> None:
    team.write(f"{VERSIONS}/c3.py", content("c3", "b2", LINKED))
    team.commit()
    for name, table in (("theirs", "pets"), ("mine", "owners")):
        team.branch(name)
        text = content(name, "c3", f"op.execute('DELETE FROM {table}')")
        team.write(f"{VERSIONS}/{name}.py", text)
        team.commit()
    [one] = overlaps(team, look)
    assert one.verdict == "order-matters"
    assert {one.left.revision, one.right.revision} == {"mine", "theirs"}


def test_a_link_is_known_by_the_names_that_its_tables_had_before(team: Team) -> None:
    before = LINKED.replace("owners", "people").replace("pets", "animals")
    renames = "op.rename_table('people', 'owners')\nop.rename_table('animals', 'pets')"
    team.write(f"{VERSIONS}/c3.py", content("c3", "b2", before))
    team.write(f"{VERSIONS}/d4.py", content("d4", "c3", renames))
    team.commit()
    for name, table in (("theirs", "pets"), ("mine", "owners")):
        team.branch(name)
        text = content(name, "d4", f"op.execute('DELETE FROM {table}')")
        team.write(f"{VERSIONS}/{name}.py", text)
        team.commit()
    assert [overlap.verdict for overlap in overlaps(team, "radar")] == ["order-matters"]


def squashed(team: Team) -> None:
    """Let main have what `done` brought, in a commit of its own that mine lacks."""
    team.branch("mine")
    team.add("m1", "b2")
    team.branch("done")
    team.add("d1", "b2")
    team.add("d2", "d1")
    team.git("checkout", "-q", "main")
    team.git("merge", "-q", "--squash", "done")
    team.commit("Squash done")
    team.git("update-ref", "refs/remotes/origin/main", "main")
    team.git("checkout", "-q", "mine")


def test_a_squashed_branch_is_merged(team: Team) -> None:
    squashed(team)
    result = told_by_radar(team)
    assert [(row.branch, row.also) for row in result.branches] == [("main", ())]
    assert [one.revision for one in result.branches[0].revisions] == ["d1", "d2"]
    assert result.summary.merged == 1


def test_what_a_squashed_branch_adds_since_is_told_alone(team: Team) -> None:
    squashed(team)
    team.git("checkout", "-q", "done")
    team.add("d3", "d2")
    team.git("checkout", "-q", "mine")
    rows = {row.branch: row for row in told_by_radar(team).branches}
    assert [one.revision for one in rows["done"].revisions] == ["d3"]
    assert rows["done"].heads == ("d3", "m1")


def test_a_revision_that_was_rebased_while_it_was_merged_is_not_reparented(team: Team) -> None:
    team.branch("done")
    team.add("d1", "b2")
    team.git("checkout", "-q", "main")
    team.add("c3", "b2")
    team.add("d1", "c3")
    result = told_by_radar(team)
    assert (result.branches, result.summary.merged) == ((), 1)


def test_more_branches_start_no_more_children(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every child costs as much as looking at some branches."""
    started: list[tuple[str, ...]] = []
    ask = Git.ask

    def counted(self: Git, *arguments: str, **given: Any) -> Answer:
        started.append(arguments)
        return ask(self, *arguments, **given)

    monkeypatch.setattr(Git, "ask", counted)
    counts = []
    for number in range(4):
        team.branch(f"other{number}")
        team.add(f"o{number}", "b2")
        team.branch(f"mine{number}", "main")
        team.add(f"m{number}", "b2")
        told_by_radar(team)
        started.clear()
        assert len(told_by_radar(team).branches) == 2 * number + 1
        counts.append(len(started))
    assert counts[-1] == counts[0]
