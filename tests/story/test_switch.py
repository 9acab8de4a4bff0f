"""Branches come and go; the database follows, and "Can't locate revision" is never the answer."""

from __future__ import annotations

import sqlite3

import pytest

from tests.reports import report_of
from tests.story.conftest import Join
from tests.worlds import databases
from tests.worlds.people import Developer
from tests.worlds.texts import revision_text

pytestmark = pytest.mark.counted


def tables(person: Developer) -> set[str]:
    return databases.tables(f"sqlite:///{person.folder}/db.sqlite3")


def head(person: Developer) -> str:
    found = report_of(person.lback("heads", "--json"))
    return str(found["data"]["heads"][0]["revision"])


@pytest.fixture
def ada(join: Join) -> Developer:
    """Ada has migrated her database on a branch with two revisions more, and is on main."""
    person = join("Ada")
    first = head(person)
    person.git("switch", "-q", "-c", "feature")
    person.write("migrations/versions/f1.py", revision_text("f1", (first,), "carts"))
    person.write("migrations/versions/f2.py", revision_text("f2", ("f1",), "wishes"))
    person.commit("Add carts and wishes")
    person.manage("migrate")
    person.git("switch", "-q", "main")
    return person


def test_a_lost_revision_is_found_and_undone(ada: Developer) -> None:
    said = ada.lback("migrate", code=3)
    assert "f2" in said
    assert "lback switch" in said
    assert "feature" in ada.lback("status")
    report = report_of(ada.lback("status", "--json"))["data"]
    assert (report["lost"], report["pending"]) == (["f2"], [])
    plan = ada.lback("switch", "--plan")
    assert "- undo" in plan
    assert tables(ada) == {"users", "carts", "wishes"}
    ada.lback("switch")
    assert tables(ada) == {"users"}
    assert report_of(ada.lback("status", "--json"))["data"]["database"]["state"] == "current"
    assert ada.git("status", "--porcelain") == ""


def test_even_when_the_branch_is_deleted(ada: Developer) -> None:
    ada.git("branch", "-q", "-D", "feature")
    ada.lback("switch")
    assert tables(ada) == {"users"}


def test_to_a_branch_that_is_not_checked_out(ada: Developer) -> None:
    ada.lback("switch")
    ada.lback("switch", "feature")
    assert tables(ada) == {"users", "carts", "wishes"}
    assert ada.git("status", "--porcelain") == ""


def test_rows_go_with_their_branch_and_come_back_with_it(ada: Developer) -> None:
    with sqlite3.connect(ada.folder / "db.sqlite3") as connection:
        connection.execute("insert into carts values (1)")
    assert "saves: 1 row of carts" in ada.lback("switch", "--plan")
    assert "saved: 1 row of carts" in ada.lback("switch")
    assert tables(ada) == {"users"}
    listed = ada.lback("restore")
    assert "1 row" in listed
    assert "went down with f2, f1" in listed
    ada.git("switch", "-q", "feature")
    assert "put back: 1 row of carts" in ada.lback("switch")
    with sqlite3.connect(ada.folder / "db.sqlite3") as connection:
        assert connection.execute("select * from carts").fetchall() == [(1,)]
    assert "nothing is saved" in ada.lback("restore")


def test_rows_are_not_lost_without_consent(ada: Developer) -> None:
    with sqlite3.connect(ada.folder / "db.sqlite3") as connection:
        connection.execute("insert into carts values (1)")
    said = ada.lback("switch", "--no-backup", code=3)
    assert "1 row of carts" in said
    assert "--yes" in said
    assert tables(ada) == {"users", "carts", "wishes"}
    ada.lback("switch", "--no-backup", "--yes")
    assert tables(ada) == {"users"}
    assert "nothing is saved" in ada.lback("restore")


def test_what_is_nowhere_is_said(ada: Developer) -> None:
    with sqlite3.connect(ada.folder / "db.sqlite3") as connection:
        connection.execute("update alembic_version set version_num = 'gone99'")
    said = ada.lback("switch", code=3)
    assert "gone99" in said
    assert "next: " in said
