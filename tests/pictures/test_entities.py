"""The schema as text and for Mermaid, which reads it back: the tables, and nothing that acts."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.check.team import Team
from tests.cli.inside import lback
from tests.pictures.browser import NODE
from tests.pictures.test_page import NAMES, hostile, team  # noqa: F401
from tests.worlds.texts import VERSIONS

ORDERS = """
from alembic import op
import sqlalchemy as sa
revision, down_revision = "b1", "a1"

def upgrade():
    op.create_table("orders", sa.Column("id", sa.Integer, primary_key=True),
                    sa.Column("by", sa.Integer, sa.ForeignKey("users.id"), nullable=False))
    op.add_column("users", sa.Column("age", sa.Integer))
    if something():
        op.drop_table("old")

def downgrade():
    pass
"""


def schema(team: Team, *arguments: str) -> str:  # noqa: F811
    done = lback(team.path, "graph", "--schema", *arguments)
    assert done.code in (0, 1), done.err
    return done.out


def shop(team: Team) -> None:  # noqa: F811
    team.add("a1", table="users")
    team.branch("topic")
    text = ORDERS.replace(
        'revision, down_revision = "b1", "a1"', 'revision = "b1"\ndown_revision = "a1"'
    )
    team.write(f"{VERSIONS}/b1.py", text)
    team.commit("Add orders")


def test_as_text_with_what_differs(team: Team) -> None:  # noqa: F811
    shop(team)
    assert schema(team, "orders").splitlines() == [
        "orders",
        "    id  Integer not null",
        "    by  Integer not null",
        "    primary key (id)",
        "    foreign key (by) -> users",
    ]
    said = schema(team, "--against", "main").splitlines()
    assert "+ orders" in said and "~ users" in said and "+   age  Integer" in said
    back = schema(team, "--at", "main", "--against", "topic").splitlines()
    assert "- orders" in back and "-   age  Integer" in back
    assert lback(team.path, "graph", "--schema", "--at", "main").out.count("users") == 1


@pytest.mark.skipif(
    not NODE, reason="LBACK_TEST_NODE names no folder with mermaid and jsdom (see .ci/run)"
)
def test_mermaid_reads_it_back(team: Team, tmp_path: Path) -> None:  # noqa: F811
    shop(team)
    texts = [schema(team, "--format", "mermaid", *more) for more in ((), ("--against", "main"))]
    other = Team(tmp_path / "eve")
    other.path.mkdir()
    other.git("init", "-q", "-b", "main")
    other.write("alembic.ini", "[alembic]\nscript_location = migrations\n")
    hostile(other)
    texts.append(schema(other, "--format", "mermaid"))
    reader = Path(__file__).with_name("entities.mjs")
    read = subprocess.run(
        ("node", str(reader), NODE),
        input=json.dumps(texts).encode(),
        capture_output=True,
        check=True,
    )
    plain, differing, bad = json.loads(read.stdout)
    assert plain["references"] == differing["references"] == 1
    assert ["Integer id PK", "Integer by FK"] in [columns for _, columns in plain["tables"]]
    assert len(bad["tables"]) == len(NAMES)
