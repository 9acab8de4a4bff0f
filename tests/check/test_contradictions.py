"""LB307 as people meet it: in check, at a commit, a push and a merge."""

from __future__ import annotations

import pytest

from lback.app.merge import MergeOptions, merge
from lback.core.hook_facts import HookReport
from lback.project.context import Context
from lback.project.githooks.pre_commit import pre_commit
from lback.project.githooks.pre_push import pre_push
from lback.project.options import Options
from tests.check.team import Team, content
from tests.worlds.texts import VERSIONS

ADD = 'op.add_column("t_a1", sa.Column("mail", sa.String(9)))'
SAID = "c3 would add column t_a1.mail (String(9)), but column t_a1.mail already exists"


@pytest.fixture
def line(team: Team) -> Team:
    """Return a repository with a1 and, on it, b2, which adds the column; c3 is staged."""
    team.write(f"{VERSIONS}/b2.py", content("b2", "a1", ADD))
    team.commit()
    team.branch("work")
    team.write(f"{VERSIONS}/c3.py", content("c3", "b2", ADD))
    team.git("add", "-A")
    return team


def context(team: Team) -> Context:
    return Context(Options(directory=str(team.path)))


def lines(result: HookReport) -> list[str]:
    return [one.message for one in result.findings if one.code == "LB307"]


def test_check_names_the_line_and_the_older_revision(line: Team) -> None:
    (found,) = [one for one in line.check(against="main").findings if one.code == "LB307"]
    assert found.message.startswith(SAID)
    assert found.revisions == ("c3", "b2")
    assert (found.path, found.line) == (f"{VERSIONS}/c3.py", 10)
    assert found.severity == "error"


def test_a_commit_is_stopped(line: Team) -> None:
    result = pre_commit(context(line))
    assert lines(result)[0].startswith(SAID)
    assert result.stops


def test_a_push_is_stopped_on_the_shared_branch_and_warned_of_on_another(line: Team) -> None:
    old = line.git("rev-parse", "HEAD")
    new = line.commit()
    mine = pre_push(context(line), ["origin"], f"refs/heads/work {new} refs/heads/work {old}\n")
    assert lines(mine)[0].startswith(SAID)


def test_what_stands_above_a_moved_revision_is_looked_at_as_well(team: Team) -> None:
    """c3 stays as it is while b2 moves below it onto what adds the same column."""
    team.branch("work")
    team.write(f"{VERSIONS}/b3.py", content("b3", "b2", "pass"))
    team.write(f"{VERSIONS}/c3.py", content("c3", "b3", ADD))
    old = team.commit()
    team.write(f"{VERSIONS}/s3.py", content("s3", "b2", ADD))
    team.edit("b3", "'b2'", "'s3'")
    team.git("add", "-A")
    staged = pre_commit(context(team))
    assert lines(staged)[0].startswith(SAID) and staged.stops
    new = team.commit()
    pushed = pre_push(context(team), ["origin"], f"refs/heads/x {new} refs/heads/main {old}\n")
    assert lines(pushed)[0].startswith(SAID) and pushed.stops


def test_a_merge_is_refused_where_a_side_contradicts_itself(line: Team) -> None:
    line.commit()
    line.write(f"{VERSIONS}/d4.py", content("d4", "b2", 'op.drop_table("other")'))
    line.commit()
    result = merge(context(line), MergeOptions())
    assert result.exit_code == 3
    assert SAID in result.data["reason"]


def test_what_is_below_already_is_not_said_again(line: Team) -> None:
    line.commit()
    line.git("checkout", "-q", "main")
    line.git("merge", "-q", "work")
    line.branch("more")
    line.write(f"{VERSIONS}/d4.py", content("d4", "c3", 'op.drop_table("other")'))
    line.git("add", "-A")
    assert lines(pre_commit(context(line))) == []
    assert "LB307" not in line.codes(against="main")
