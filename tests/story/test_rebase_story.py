"""Two developers with hooks and databases of their own, who rebase and change branches."""

from __future__ import annotations

import pytest

from tests.story.conftest import Join
from tests.story.test_forks import adds, heads, tables
from tests.worlds.people import Developer
from tests.worlds.texts import table


@pytest.fixture
def apart(join: Join) -> tuple[Developer, Developer]:
    """Ada has pushed orders; Grace has committed coupons and tags, and has them applied."""
    ada, grace = join("Ada"), join("Grace")
    adds(ada, "orders")
    ada.git("push", "-q")
    for name in ("coupons", "tags"):
        models = grace.folder / "models.py"
        text = models.read_text().replace("class Users", table(name).strip() + "\n\n\nclass Users")
        models.write_text(text)
        grace.manage("makemigrations", f"add_{name}")
        grace.manage("migrate")
        grace.commit(f"Add {name}")
    return ada, grace


def test_a_rebase_instead_of_the_merge_that_the_hook_has_staged(
    apart: tuple[Developer, Developer],
) -> None:
    ada, grace = apart
    assert "wrote and staged" in grace.git("pull", "-q", "--no-rebase", "--no-edit")
    told = grace.manage("rebase")
    assert "has nothing left to merge" in told
    assert "and then run" in told
    assert tables(grace) == {"users", "orders", "coupons", "tags"}
    assert len(heads(grace)) == 1
    assert not [name for name in grace.migrations() if "_merge_" in name]
    grace.git("commit", "-q", "-m", "Rebase migrations")
    assert "nothing to do" in grace.manage("migrate")
    assert "lback" not in grace.git("push")
    ada.git("pull", "-q", "--no-rebase")
    ada.manage("migrate")
    assert tables(ada) == {"users", "orders", "coupons", "tags"}
    assert heads(ada) == heads(grace)
    # What autogenerate thinks of both: nothing is missing.
    for person in (ada, grace):
        person.manage("makemigrations", "nothing", "--check")


def test_a_team_that_prefers_rebases(apart: tuple[Developer, Developer]) -> None:
    ada, grace = apart
    grace.write("pyproject.toml", '[tool.lback]\non_fork = "rebase"\n')
    grace.commit("Prefer rebases")
    told = grace.git("pull", "-q", "--rebase")
    assert "lback rebase" in told
    assert "wrote" not in told
    told = grace.manage("resolve")
    assert 'on_fork is "rebase"' in told
    grace.git("commit", "-q", "-m", "Rebase migrations")
    grace.git("push", "-q")
    assert tables(grace) == {"users", "orders", "coupons", "tags"}
    # Each revision is a commit of one line, and the database has run all of it.
    shown = grace.git("show", "--stat", "--format=", "HEAD")
    assert "1 file changed, 2 insertions(+), 2 deletions(-)" in shown
    ada.git("pull", "-q", "--no-rebase")
    ada.manage("migrate")
    assert tables(ada) == tables(grace)


def test_a_checkout_while_revisions_are_applied(apart: tuple[Developer, Developer]) -> None:
    _, grace = apart
    grace.git("branch", "-q", "feature")
    grace.git("switch", "-q", "feature")
    told = grace.git("switch", "-C", "main", "origin/main~0", code=0)
    told += grace.git("switch", "feature")
    told = grace.git("switch", "main")
    assert "the database has run 2 revisions that this branch lacks" in told
    assert "add_coupons" in told or "add coupons" in told
    assert "switch" in told
