"""The page in Chromium, as a person uses it: search, clicks, keys; nothing wrong, nothing asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.check.team import Team
from tests.cli.inside import lback
from tests.pictures.browser import MISSING, visited
from tests.pictures.test_page import NAMES, hostile

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)


def drawn(team: Team, name: str, *arguments: str) -> str:
    done = lback(team.path, "graph", "--format", "html", "-o", name, *arguments)
    assert done.code in (0, 1), done.err
    return (team.path / name).as_uri()


def story(team: Team) -> None:
    """A fork whose sides overlap, and a branch that does not."""
    team.add("a1", table="users")
    team.add("a2", "a1", table="orders")
    team.branch("topic")
    team.add("b1", "a2", table="carts")
    team.git("checkout", "-q", "-b", "clash", "main")
    team.add("c1", "a2", table="letters")
    team.git("checkout", "-q", "main")
    team.add("d1", "a2", table="letters")


def test_what_a_person_does(tmp_path: Path) -> None:
    team = Team(tmp_path / "ada")
    team.path.mkdir()
    team.git("init", "-q", "-b", "main")
    team.write("alembic.ini", "[alembic]\nscript_location = migrations\n")
    story(team)
    plain, against = drawn(team, "a.html"), drawn(team, "b.html", "--against", "clash")
    around, schema = drawn(team, "c.html", "--siblings"), drawn(team, "d.html", "--schema")
    pdf = str(tmp_path / "page.pdf")
    other = Team(tmp_path / "eve")
    other.path.mkdir()
    other.git("init", "-q", "-b", "main")
    other.write("alembic.ini", "[alembic]\nscript_location = migrations\n")
    hostile(other)
    bad = drawn(other, "bad.html")
    visits = [
        {
            "url": plain,
            "steps": [
                ("text", "#detail h2"), ("count", ".row"),
                ("click", "#row2"), ("text", "#detail h2"), ("text", "#detail .change.add"),
                ("press", "k"), ("text", "#detail h2"), ("press", "c"), ("text", "#detail h2"),
                ("press", "/"), ("type", "users"), ("wait", 50), ("text", "#hits"),
                ("press", "Enter"), ("text", "#detail h2"), ("press", "Escape"),
                ("press", "2"), ("text", "#detail h2"), ("click", ".card >> text=users"),
                ("text", ".life li"), ("click", ".life .go"), ("text", "#detail h2"),
                ("press", "3"), ("count", ".er"), ("click", ".er >> nth=0"),
                ("count", ".er.chosen"),
                ("press", "?"), ("count", "dialog[open]"), ("press", "Escape"),
                ("press", "1"), ("print", "", pdf), ("eval", "location.hash"),
            ],
        },
        {
            "url": against,
            "steps": [("text", "#row0"), ("text", ".badbox strong"), ("count", ".row.meets")],
        },
        {"url": around, "steps": [("count", ".row.ghost"), ("text", "#row1")]},
        {"url": schema, "width": 400, "height": 800, "steps": [("count", ".er")]},
        {
            "url": plain, "width": 400, "height": 800, "scheme": "dark",
            "steps": [
                ("count", "body.open"), ("click", "#row1"), ("count", "body.open"),
                ("click", ".back"), ("count", "body.open"),
                ("eval", "document.documentElement.scrollWidth"),
            ],
        },
        {
            "url": bad,
            "steps": [
                *([("press", "j"), ("text", "#detail h2")] * (len(NAMES) - 1)),
                ("press", "2"), ("press", "j"), ("press", "3"), ("count", ".er"), ("wait", 100),
            ],
        },
    ]  # fmt: skip
    seen = visited(visits)
    assert [visit["wrong"] for visit in seen] == [[]] * len(visits)
    first = seen[0]["answers"]
    assert first[:4] == ["add letters", 3, "add users", "+\nusers\ntable"], first
    assert first[4:8] == ["add orders", "add letters", "1 of 1", "add users"]
    assert first[8] == "letters"
    assert "a1" in first[9] and "Ada" in first[9]
    assert first[10:13] == ["add users", 3, 1]
    assert first[13] == 1
    assert first[14] > 1000 and first[15].startswith("#revision")
    assert "cannot be merged" in seen[1]["answers"][0]
    assert seen[1]["answers"][1:] == ["cannot be merged automatically ", 2]
    assert seen[2]["answers"][0] == 2 and "topic" in "".join(seen[2]["answers"][1:])
    assert seen[3]["answers"] == [3]
    assert seen[4]["answers"] == [0, 1, 0, 400]
    assert seen[5]["answers"][-1] == len(NAMES)
