"""Ada rebases a branch that Grace has migrated: nothing is left out of anybody's database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.reports import report_of
from tests.servers import fresh_database
from tests.story.conftest import Join
from tests.worlds.databases import content, query, stamp
from tests.worlds.people import Developer
from tests.worlds.processes import python
from tests.worlds.texts import adds, creates, revision

KINDS = [
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.postgresql),
    pytest.param("mariadb", marks=pytest.mark.mysql),
]
VERSIONS = "migrations/versions"
on_sqlite = pytest.mark.parametrize("team", ["sqlite"], indirect=True)


def rows(table: str, *ids: int) -> tuple[str, str]:
    """Return the statements that put rows into a table and take them out."""
    values = ", ".join(f"({number})" for number in ids)
    listed = ", ".join(map(str, ids))
    return (
        f'op.execute("INSERT INTO {table} (id) VALUES {values}")',
        f'op.execute("DELETE FROM {table} WHERE id IN ({listed})")',
    )


@dataclass
class Team:
    """Two people on a branch `feature`, which has been rebased onto `main` since Grace pulled."""

    ada: Developer
    grace: Developer
    root: str
    fresh: str

    def linear(self) -> dict[str, object]:
        """Return what a database holds that runs everything in its order."""
        before = dict(self.ada.env)
        self.ada.env["DATABASE_URL"] = self.fresh
        self.ada.lback("migrate")
        self.ada.env.clear()
        self.ada.env.update(before)
        return content(self.fresh)


def url(person: Developer) -> str:
    return person.env["DATABASE_URL"]


def data(person: Developer, *command: str) -> dict[str, Any]:
    """Return what a command reports on standard output."""
    place = person.environment()
    done = python(("-m", "lback", *command, "--json"), person.folder, place)
    found: dict[str, Any] = report_of(done.stdout)["data"]
    return found


def add(person: Developer, name: str, parent: str, does: tuple[str, str]) -> None:
    person.write(f"{VERSIONS}/{name}.py", revision(name, (parent,), *does))
    person.commit(f"Add {name}")


def reparent(person: Developer, name: str, new: str) -> None:
    """Give a revision another parent, as one does by hand."""
    place = person.folder / VERSIONS / f"{name}.py"
    text = re.sub(
        r"^down_revision = '\w+'", f"down_revision = {new!r}", place.read_text(), flags=re.M
    )
    place.write_text(text)


@pytest.fixture
def team(join: Join, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Team]:
    """Both have run b1, b2 and b3 of `feature`; then Ada has put b1 onto c3 of main."""
    with ExitStack() as stack:

        def database(name: str) -> str:
            (tmp_path / f"of_{name}").mkdir()
            return stack.enter_context(fresh_database(request.param, tmp_path / f"of_{name}"))

        ada, grace = join("Ada"), join("Grace")
        for person in (ada, grace):
            person.env["DATABASE_URL"] = database(person.name)
        root = data(ada, "heads")["heads"][0]["revision"]
        ada.git("switch", "-q", "-c", "feature")
        add(ada, "b1", root, creates("carts"))
        add(ada, "b2", "b1", adds("carts", "note"))
        add(ada, "b3", "b2", rows("carts", 1, 2))
        ada.git("push", "-q", "-u", "origin", "feature")
        grace.git("fetch", "-q")
        grace.git("switch", "-q", "feature")
        for person in (ada, grace):
            person.lback("migrate")
            query(url(person), "INSERT INTO carts (id, note) VALUES (7, 'kept')")
        ada.git("switch", "-q", "main")
        add(ada, "c1", root, creates("tags"))
        add(ada, "c2", "c1", adds("tags", "colour"))
        add(ada, "c3", "c2", rows("tags", 5))
        ada.git("push", "-q")
        ada.git("switch", "-q", "feature")
        yield Team(ada, grace, root, database("fresh"))


def rewrite(ada: Developer) -> None:
    """Rebase the branch, and push it in place of what was there."""
    ada.env["LBACK_SKIP"] = "1"
    ada.git("rebase", "-q", "main")
    reparent(ada, "b1", "c3")
    ada.git("commit", "-q", "-a", "--amend", "--no-edit")
    ada.git("push", "-q", "--force")
    del ada.env["LBACK_SKIP"]


def follow(team: Team, kept: dict[str, object] | None = None) -> None:
    """Migrate both, and compare them with a database that ran all in its order."""
    for person in (team.grace, team.ada):
        report = data(person, "status")
        assert report["skipped"] == ["c1", "c2", "c3"]
        assert (report["database"]["state"], report["pending"]) == ("behind", [])
        assert "not run   c1" in person.lback("status")
        plan = data(person, "migrate", "--plan")["steps"]
        assert [(step["revision"], step["late"]) for step in plan] == [
            ("c1", True),
            ("c2", True),
            ("c3", True),
        ]
        person.lback("migrate")
        assert stamp(url(person)) == ["b3"]
        assert "Nothing to do" in person.lback("status").replace("to get what", "")
        assert "nothing to do" in person.lback("migrate")
    linear = team.linear()
    for person in (team.grace, team.ada):
        query(url(person), "DELETE FROM carts WHERE id = 7")
        assert content(url(person)) == linear


@pytest.mark.parametrize("team", KINDS, indirect=True)
def test_grace_pulls_with_nothing_of_her_own(team: Team) -> None:
    rewrite(team.ada)
    told = team.grace.git("pull", "--rebase")
    assert "your database has b1 but not c1 and c2 and c3, which now lie under it" in told
    follow(team)


@on_sqlite
def test_grace_pulls_with_a_commit_of_her_own(team: Team) -> None:
    rewrite(team.ada)
    team.grace.write("notes.txt", "mine")
    team.grace.commit("Add notes")
    told = team.grace.git("pull", "--rebase")
    assert "your database has b1 but not c1 and c2 and c3, which now lie under it" in told
    follow(team)


@on_sqlite
def test_ada_rebases_in_a_commit_and_grace_pulls(team: Team) -> None:
    team.ada.env["LBACK_SKIP"] = "1"
    team.ada.git("merge", "-q", "--no-edit", "main")
    reparent(team.ada, "b1", "c3")
    team.ada.commit("Put b1 onto c3")
    team.ada.git("push", "-q")
    del team.ada.env["LBACK_SKIP"]
    told = team.grace.git("pull", "-q", "--no-rebase")
    assert "your database has b1 but not c1 and c2 and c3, which now lie under it" in told
    assert "3 revisions arrived" in told
    follow(team)


@on_sqlite
def test_a_reset_runs_no_hook_and_status_says_it(team: Team) -> None:
    rewrite(team.ada)
    team.grace.git("fetch", "-q")
    assert "lback" not in team.grace.git("reset", "-q", "--hard", "origin/feature")
    follow(team)


@on_sqlite
def test_the_other_branch_takes_the_place_of_this_one(team: Team) -> None:
    rewrite(team.ada)
    team.grace.git("fetch", "-q")
    told = team.grace.git("switch", "-q", "-c", "again", "origin/feature")
    assert "your database has b1 but not c1 and c2 and c3, which now lie under it" in told
    follow(team)
