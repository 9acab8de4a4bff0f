"""Three heads, two of which share a part: that part meets the third one, too."""

from __future__ import annotations

import pytest

from lback.app.merge import MergeOptions, merge
from lback.app.radar import RadarOptions, radar
from lback.project.context import Context
from lback.project.options import Options
from tests.check.team import Team, content
from tests.worlds.texts import VERSIONS


def fork(team: Team) -> None:
    """Let `drops` be below two heads and `adds` below the third, which cannot both run."""
    team.branch("mine")
    for name, parent, up in (
        ("drops", "b2", "op.drop_table('t_a1')"),
        ("h1", "drops", "op.create_table('h1')"),
        ("h2", "drops", "op.create_table('h2')"),
        ("adds", "b2", "op.add_column('t_a1', sa.Column('x', sa.Integer()))"),
        ("h3", "adds", "op.create_table('h3')"),
    ):
        team.write(f"{VERSIONS}/{name}.py", content(name, parent, up))
    team.commit()


def test_they_are_not_joined(team: Team) -> None:
    fork(team)
    done = merge(Context(Options(directory=str(team.path))), MergeOptions(plan=True))
    assert done.status == "refused"
    meeting = {(one["left"]["revision"], one["right"]["revision"]) for one in done.data["overlaps"]}
    assert meeting == {("drops", "adds")}


def test_the_check_tells(team: Team) -> None:
    fork(team)
    found = [one for one in team.check().findings if one.code == "LB301"]
    assert [set(one.revisions) for one in found] == [{"drops", "adds"}]


@pytest.mark.parametrize("look", ["siblings", "radar"])
def test_another_branch_meets_what_two_heads_share(team: Team, look: str) -> None:
    fork(team)
    team.branch("theirs", "mine~1")
    team.write(f"{VERSIONS}/their.py", content("their", "b2", "op.drop_column('t_a1', 'n')"))
    team.commit()
    team.git("switch", "-q", "mine")
    if look == "radar":
        rows = radar(Context(Options(directory=str(team.path))), RadarOptions()).data["branches"]
        told = [one for row in rows for one in row["overlaps"]]
    else:
        told = [o for row in team.check(siblings=True).data["siblings"] for o in row["overlaps"]]
    assert "drops" in {one[side]["revision"] for one in told for side in ("left", "right")}
