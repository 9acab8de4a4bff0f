"""The comment below ten invented pull requests, in a browser that shows them as a forge does."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.check.team import Team, content
from tests.cli.inside import lback
from tests.pictures.browser import MISSING, NODE, visited
from tests.pictures.test_page import hostile
from tests.worlds.texts import VERSIONS

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)

# `LBACK_TEST_SHOTS=FOLDER pytest tests/pictures/test_comments.py` keeps what was seen.
SHOTS = os.environ.get("LBACK_TEST_SHOTS", "")
LONGEST = 60_000
HERE = Path(__file__).parent
# What GitHub leaves of a comment; anything else would be shown as text, or lost.
ELEMENTS = {
    *("br", "code", "h3", "h4", "li", "p", "pre", "ul"),
    *("table", "tbody", "td", "th", "thead", "tr"),
}


def step(team: Team, name: str, parent: str, upgrade: str, downgrade: str = "pass") -> None:
    team.write(f"{VERSIONS}/{name}.py", content(name, parent, upgrade, downgrade))
    team.commit(f"Add {name}")


def one_table(team: Team) -> None:
    team.branch("topic")
    team.add("b1", "a2", table="carts")


def no_migration(team: Team) -> None:
    team.branch("topic")
    team.write("README.md", "more\n")
    team.commit("Say more")


def fork(team: Team) -> None:
    one_table(team)
    team.git("checkout", "-q", "main")
    team.add("c1", "a2", table="letters")
    team.git("checkout", "-q", "topic")


def overlap(team: Team) -> None:
    team.branch("topic")
    step(team, "b1", "a2", "op.add_column('users', sa.Column('email', sa.String(80)))")
    team.git("checkout", "-q", "main")
    step(team, "c1", "a2", "op.add_column('users', sa.Column('email', sa.Text()))")
    team.git("checkout", "-q", "topic")


def siblings(team: Team) -> None:
    for name, column in (("theirs", "age"), ("others", "name")):
        team.branch(name)
        step(team, f"s_{name}", "a2", f"op.drop_column('users', {column!r})")
    team.branch("topic")
    step(team, "b1", "a2", "op.alter_column('users', 'age', nullable=False)")


def losses(team: Team) -> None:
    team.branch("topic")
    step(team, "b1", "a2", "op.drop_table('orders')\nop.drop_column('users', 'x')")
    step(team, "b2", "b1", "op.alter_column('users', 'y', nullable=False)")
    step(team, "b3", "b2", "op.execute('DELETE FROM carts')")


def edited(team: Team) -> None:
    team.branch("topic")
    team.edit("a2", "orders", "letters")
    team.commit("Say letters")


def merged(team: Team) -> None:
    fork(team)
    team.git("merge", "-q", "--no-edit", "main")
    (team.path / VERSIONS / "m1.py").write_text(
        '"""Merge b1 and c1"""\nrevision = "m1"\ndown_revision = ("b1", "c1")\n\n\n'
        "def upgrade() -> None:\n    pass\n\n\ndef downgrade() -> None:\n    pass\n"
    )
    team.commit("Merge the heads")


def long(team: Team) -> None:
    team.branch("topic")
    before = "a2"
    for number in range(80):
        lines = [f"op.drop_column('users', 'c{number}_{each}')" for each in range(12)]
        step(team, name := f"long{number:03}", before, "\n".join(lines))
        before = name


def odd_names(team: Team) -> None:
    team.branch("topic/<img src=x onerror=alert(1)>|`x`".replace(" ", "_"))
    hostile(team)


PULL_REQUESTS: dict[str, tuple[Callable[[Team], None], str, str]] = {
    "one table": (one_table, "✓ nothing found", "create table carts"),
    "no migration": (no_migration, "✓ nothing found", "would be 1 head: a2"),
    "fork": (fork, "✗ 1 error", "lback rebase"),
    "overlap": (overlap, "✗ 2 errors, 1 warning", "both would make it"),
    "siblings": (siblings, "✓ 4 warnings", "Other open branches on the same tables"),
    "losses": (losses, "✓ 7 warnings", "\N{WASTEBASKET}\ufe0f delete data carts"),
    "edited": (edited, "✗ 1 error", "LB201"),
    "merged": (merged, "✓ nothing found", "Merge b1 and c1"),
    "long": (long, "✓ 1040 warnings", "… and 74 more of LB401, 954 more of LB402."),
    "odd names": (odd_names, "✗", "<script>alert(1)</script>"),
}


def page(comment: str) -> str:
    """Return a page that shows Markdown as a forge does: GFM, Mermaid, nothing else run."""
    scripts = [
        (Path(NODE) / "node_modules" / place).read_text(encoding="utf-8")
        for place in ("marked/lib/marked.umd.js", "mermaid/dist/mermaid.min.js")
    ]
    whole = [text.replace("</script", "<\\/script") for text in scripts]
    loaded = "".join(f"<script>{text}</script>" for text in whole)
    text = json.dumps(comment).replace("<", "\\u003c")
    return (
        f'<!doctype html><meta charset="utf-8"><title>comment</title>'
        f"<style>{(HERE / 'comment.css').read_text()}</style><main></main>{loaded}"
        f"<script>{(HERE / 'comment.js').read_text().replace('COMMENT', text)}</script>"
    )


def test_ten_pull_requests(tmp_path: Path) -> None:
    visits, comments = [], {}
    for name, (story, _, _) in PULL_REQUESTS.items():
        team = Team(tmp_path / name)
        team.path.mkdir()
        team.git("init", "-q", "-b", "main")
        team.write("alembic.ini", "[alembic]\nscript_location = migrations\n")
        team.add("a1", table="users")
        team.add("a2", "a1", table="orders")
        story(team)
        done = lback(team.path, "check", "--against", "main", "--siblings", "--format", "markdown")
        assert done.code in (0, 1), (name, done.err)
        assert len(done.out) < LONGEST, name
        comments[name] = done.out
        shown = tmp_path / f"{name}.html"
        shown.write_text(page(done.out), encoding="utf-8")
        shots = [("shot", f"{SHOTS}/{name}.png")] if SHOTS else []
        visits.append(
            {
                "url": shown.as_uri(), "height": 1600,
                "steps": [
                    ("text", "main > :first-child"), ("text", "main"),
                    ("eval", "document.querySelectorAll('.mermaid svg').length"),
                    ("eval", "window.elements"),
                    ("eval", "document.documentElement.scrollWidth <= innerWidth"),
                    *shots,
                ],
            }
        )  # fmt: skip
    for name, seen in zip(PULL_REQUESTS, visited(visits), strict=True):
        first, whole, pictures, elements, fits = seen["answers"][:5]
        _, verdict, said = PULL_REQUESTS[name]
        assert seen["wrong"] == [], name
        assert first.startswith(f"Migrations: {verdict}"), (name, first)
        assert said in whole, (name, whole[:2000])
        assert pictures == comments[name].count("```mermaid"), name
        assert set(elements) <= ELEMENTS, name
        assert fits, name
