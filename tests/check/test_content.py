"""What new revisions do: LB401 to LB405, each where it is due and not elsewhere."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.check.team import Team, content
from tests.worlds.texts import VERSIONS

POSTGRES = "sqlalchemy.url = postgresql://u:p@h/db\n"


def found(
    team: Team, upgrade: str, downgrade: str = "op.execute('SELECT 1')", ini: str = ""
) -> list[str]:
    team.branch("mine")
    if ini:
        team.write("alembic.ini", "[alembic]\nscript_location = migrations\n" + ini)
    team.write(f"{VERSIONS}/c3.py", content("c3", "b2", upgrade, downgrade))
    team.commit()
    result = team.check(against="main")
    assert result.exit_code == 0
    return [f"{one.code}:{one.line - 9}" for one in result.findings]


@pytest.mark.parametrize(
    ("upgrade", "downgrade", "expected"),
    [
        ("op.create_table('x')", "pass", ["LB401:-4"]),
        ("op.create_table('x')", "raise NotImplementedError", ["LB401:-4"]),
        ("pass", "pass", []),
        ("op.drop_column('users', 'a')", "op.add_column('users', sa.Column('a'))", ["LB402:1"]),
        ("op.drop_table('users')", "op.create_table('users')", ["LB402:1"]),
        ("op.execute('DELETE FROM users')", "op.f('x')", ["LB402:1"]),
        ("op.create_table('x')\nop.drop_column('x', 'a')", "op.drop_table('x')", []),
        (
            "op.add_column('t', sa.Column('a', sa.Integer, nullable=False))",
            "op.f('x')",
            ["LB403:1"],
        ),
        (
            "op.add_column('t', sa.Column('a', sa.Integer, nullable=False, server_default='1'))",
            "op.drop_column('t', 'a')",
            [],
        ),
        ("op.alter_column('t', 'a', nullable=False)", "op.f('x')", ["LB403:1"]),
        (
            "op.execute('UPDATE t SET a = 1')\nop.alter_column('t', 'a', nullable=False)",
            "op.f('x')",
            [],
        ),
        ("op.create_index('i', 't', ['a'])", "op.drop_index('i')", []),
        ("op.execute(open('x').read())", "op.drop_table('x')", ["LB405:1"]),
    ],
)
def test_rules(team: Team, upgrade: str, downgrade: str, expected: list[str]) -> None:
    seen = found(team, upgrade, downgrade)
    # `op.f` does nothing, so that a way down of it is none; what matters here are the others.
    if "op.f" in downgrade:
        seen = [one for one in seen if not one.startswith("LB401")]
    assert seen == expected


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        ("op.create_index('i', 't', ['a'])", ["LB404:1"]),
        ("op.create_index(\n    'i',\n    't', ['a'],\n    postgresql_concurrently=True,\n)", []),
        ("op.execute('CREATE INDEX CONCURRENTLY i ON t (a)')", []),
        ("op.create_foreign_key('f', 't', 'u', ['a'], ['b'])", ["LB404:1"]),
        ("op.create_foreign_key('f', 't', 'u', ['a'], ['b'], postgresql_not_valid=True)", []),
        ("op.create_unique_constraint('q', 't', ['a'])", ["LB404:1"]),
        ("op.alter_column('t', 'a', type_=sa.Text())", ["LB404:1"]),
        ("op.create_table('t')\nop.create_index('i', 't', ['a'])", []),
        ("op.add_column('t', sa.Column('a'))", []),
    ],
)
def test_locks_on_postgresql(team: Team, upgrade: str, expected: list[str]) -> None:
    assert found(team, upgrade, ini=POSTGRES) == expected


def test_locks_on_the_tables_that_are_big(team: Team) -> None:
    team.write("pyproject.toml", '[tool.lback]\nbig_tables = ["t"]\n')
    team.commit()
    upgrade = "op.create_index('i', 't', ['a'])\nop.create_index('j', 'u', ['a'])"
    assert found(team, upgrade) == ["LB404:1"]


def test_old_revisions_are_left_alone(team: Team) -> None:
    team.write(f"{VERSIONS}/c3.py", content("c3", "b2", "op.drop_table('users')", "pass"))
    team.commit()
    team.branch("mine")
    team.add("d4", "c3")
    assert team.codes(against="main") == []


def test_squawk_joins_in(team: Team) -> None:
    assert shutil.which("squawk", path=str(Path(sys.executable).parent)), "pip install squawk-cli"
    team.write("alembic.ini", "[alembic]\nscript_location = migrations\n" + POSTGRES)
    team.commit()
    team.branch("mine")
    sql = (
        'op.execute(\n    """\n    SELECT 1;\n    ALTER TABLE t RENAME COLUMN a TO b;\n    """\n)\n'
    )
    sql += "op.execute(sa.text('CREATE INDEX i ON t (a)'))"
    team.write(f"{VERSIONS}/c3.py", content("c3", "b2", sql, "op.execute('SELECT 1')"))
    team.commit()
    seen = [(one.code, one.line - 9, one.message) for one in team.check(against="main").findings]
    assert [one[:2] for one in seen] == [("LB404", 4), ("LB404", 7)]
    assert seen[0][2].startswith("squawk renaming-column: ")
    assert not seen[1][2].startswith("squawk")  # a rule of ours has said so
