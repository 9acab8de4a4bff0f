"""The page as text: one file, nothing of the network, names that do nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.check.team import Team
from tests.cli.inside import lback
from tests.worlds.texts import VERSIONS

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
NAMES = (
    HOSTILE,
    "\u2028]]><!--<script>",
    "${alert(3)}",
    "{{data}}",
    "__proto__",
    "\u202eevil",
    "'\"`&amp;",
)


@pytest.fixture
def team(tmp_path: Path) -> Team:
    team = Team(tmp_path / "ada")
    team.path.mkdir()
    team.git("init", "-q", "-b", "main")
    team.write("alembic.ini", "[alembic]\nscript_location = migrations\n")
    return team


def hostile(team: Team) -> None:
    down = None
    for number, name in enumerate(NAMES):
        table, column = f"t{number} {name}", f"c {name}"
        team.write(
            f"{VERSIONS}/r{number}.py",
            f"{('about ' + name)!r}\nfrom alembic import op\nimport sqlalchemy as sa\n"
            f"revision = {name!r}\ndown_revision = {down!r}\nbranch_labels = None\n\n"
            f"def upgrade():\n    op.create_table({table!r}, sa.Column({column!r}, sa.Text, "
            f"sa.ForeignKey({('t0 ' + NAMES[0] + '.x')!r}), server_default={name!r}))\n"
            f"    op.execute({name!r})\n",
        )
        down = name
    team.git("config", "user.name", "<b onclick=alert(4)>")
    team.commit(f"Add {HOSTILE}")


def page(team: Team, *arguments: str) -> str:
    done = lback(team.path, "graph", "--format", "html", *arguments)
    assert done.code in (0, 1), done.err
    return done.out


def data(text: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert found is not None
    read: dict[str, object] = json.loads(found[1])
    return read


def test_only_its_own_script_and_style_may_run(team: Team) -> None:
    team.add("a1")
    text = page(team)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; ")
    for kind, pattern in (
        ("script", r"<script>(.*?)</script>"),
        ("style", r"<style>(.*?)</style>"),
    ):
        (inner,) = re.findall(pattern, text, re.S)
        digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy[1]
    assert "innerHTML" not in text and "unsafe" not in policy[1]
    assert not re.search(r"""(src|href)=["'](?!data:,)""", text)
    assert set(re.findall(r"https?://[^\s\"'`]+", text)) == {"http://www.w3.org/2000/svg"}


def test_names_are_data(team: Team) -> None:
    hostile(team)
    text = page(team)
    assert text.count("<script") == 2 and text.count("</script>") == 2
    assert "<img" not in text and "\u2028" not in text and "\u202e" not in text
    read = data(text)
    assert [row["id"] for row in read["revisions"]][::-1] == [  # type: ignore[union-attr, index, attr-defined]
        name.replace("\u2028", "\\u2028").replace("\u202e", "\\u202e") for name in NAMES
    ]


def test_a_revision_has_its_commit_its_changes_and_its_branches(team: Team) -> None:
    team.add("a1", table="users")
    read = data(page(team))
    (row,) = read["revisions"]  # type: ignore[misc]
    assert row["commit"][1] == "Ada" and row["commit"][3] == "Add a1"  # type: ignore[index]
    assert row["refs"] == ["main"] and row["place"] == "local"  # type: ignore[index]
    assert row["changes"][0]["kind"] == "table"  # type: ignore[index]


def test_the_other_side_of_a_fork(team: Team) -> None:
    team.add("a1", table="users")
    team.branch("topic")
    team.add("b1", "a1", table="carts")
    team.git("checkout", "-q", "main")
    team.add("c1", "a1", table="orders")
    for option in (("--against", "topic"), ("--siblings",)):
        read = data(page(team, *option))
        sides = {row["id"]: row["side"] for row in read["revisions"]}  # type: ignore[attr-defined]
        assert sides == {"a1": "", "b1": "topic", "c1": ""}
        (fork,) = read["forks"]  # type: ignore[misc]
        assert fork["action"] == "merge" and fork["heads"] == ["b1", "c1"]  # type: ignore[index]
    team.branch("clash", "topic")
    team.add("d1", "b1", table="orders")
    team.git("checkout", "-q", "main")
    (fork,) = data(page(team, "--against", "clash"))["forks"]  # type: ignore[misc]
    assert fork["action"] == "refused"  # type: ignore[index]
    assert fork["overlaps"][0]["verdict"] == "conflict"  # type: ignore[index]


def test_the_schema_and_where_it_differs(team: Team) -> None:
    team.add("a1", table="users")
    team.branch("topic")
    team.add("b1", "a1", table="carts")
    read = data(page(team, "--schema", "--against", "main", "users"))
    assert read["view"] == "schema" and read["focus"] == ["users"]
    assert [(one["name"], one["state"]) for one in read["compared"]] == [("users", "")]  # type: ignore[attr-defined]
    read = data(page(team, "--schema", "--against", "main"))
    assert [(one["name"], one["state"]) for one in read["compared"]] == [  # type: ignore[attr-defined]
        ("carts", "add"),
        ("users", ""),
    ]
    done = lback(team.path, "graph", "cars", "--schema")
    assert done.code == 2 and "carts" in done.err
    at_main = data(page(team, "--at", "main"))
    assert len(at_main["revisions"]) == 1  # type: ignore[arg-type]


def test_it_is_written_to_a_file(team: Team) -> None:
    team.add("a1")
    done = lback(team.path, "graph", "--format", "html", "-o", "page.html")
    assert (done.code, done.out) == (0, f"wrote {team.path / 'page.html'}\n")
    assert (team.path / "page.html").read_text() == page(team)


@pytest.mark.parametrize(
    "words",
    [
        ("--open",), ("--siblings",), ("--against", "main"), ("users",), ("-o", "x"),
        ("--format", "dot", "--schema"), ("--format", "html", "--effects"),
        ("--format", "html", "--json"),
        ("--format", "html", "--siblings", "--against", "main"), ("--schema", "--json"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_options_that_cannot_be_meant(team: Team, words: tuple[str, ...]) -> None:
    team.add("a1")
    assert lback(team.path, "graph", *words).code == 2


def test_other_formats_do_not_pay_for_it(team: Team) -> None:
    team.add("a1")
    probe = (
        "import sys\nfrom lback.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print([name for name in sys.modules if 'picture' in name or name in "
        "('lback.formats.html', 'webbrowser', 'base64', 'html')], file=sys.stderr)"
    )
    for form in ("text", "mermaid", "dot"):
        child = subprocess.run(
            [sys.executable, "-c", probe, "graph", "--format", form],
            cwd=team.path, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert child.stderr.splitlines()[-1] == "[]"
