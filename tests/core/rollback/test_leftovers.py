"""What downgrade() leaves of upgrade(), and takes that upgrade() did not make."""

from __future__ import annotations

from textwrap import indent

import pytest

from lback.core.interpreter.reading import read_effects
from lback.core.undo.leftovers import leftovers

ADD = 'op.add_column("t", sa.Column("{0}", sa.Integer()))'
DROP = 'op.drop_column("t", "{0}")'
MADE = 'op.create_table("t", sa.Column("m", sa.Enum("a", name="mood")))'
COPY = """
op.create_table("t_new", sa.Column("a", sa.Integer()))
op.drop_table("t")
op.rename_table("t_new", "t")
"""


def found(upgrade: str, downgrade: str, dialect: str = "postgresql") -> list[tuple[str, bool]]:
    text = "from alembic import op\nimport sqlalchemy as sa\nfrom elsewhere import anything\n\n"
    for name, body in (("upgrade", upgrade), ("downgrade", downgrade)):
        text += f"def {name}():\n{indent(body.strip(), '    ')}\n\n"
    told = leftovers(read_effects(text.encode()), dialect)
    return [(one.effect.name or "", one.left) for one in told]


@pytest.mark.parametrize(
    ("upgrade", "downgrade"),
    [
        (ADD.format("a"), DROP.format("a")),
        ('op.create_table("t", sa.Column("a", sa.Integer()))', 'op.drop_table("t")'),
        (MADE, 'op.drop_table("t")\nsa.Enum(name="mood").drop(op.get_bind())'),
        (MADE, 'op.drop_table("t")\nop.execute("DROP TYPE IF EXISTS mood")'),
        ('op.rename_table("t", "u")', 'op.rename_table("u", "t")'),
        (ADD.format("a") + '\nop.rename_table("t", "u")', 'op.drop_column("u", "a")'),
        (COPY, COPY),
        (ADD.format("a"), "anything(op)"),
        (f"if anything():\n    {ADD.format('a')}", DROP.format("b")),
        (DROP.format("a"), ADD.format("a")),
        (ADD.format("a") + "\n" + DROP.format("a"), 'op.drop_index("ix", "t")'),
    ],
)
def test_two_directions_that_agree(upgrade: str, downgrade: str) -> None:
    assert [one for one in found(upgrade, downgrade) if one[1] or "b" not in one[0]] == []


def test_what_is_left_is_named() -> None:
    assert found(MADE, 'op.drop_table("t")') == [("mood", True)]
    assert found(f"{ADD.format('a')}\n{ADD.format('b')}", DROP.format("a")) == [("b", True)]


def test_only_postgresql_has_types() -> None:
    assert found(MADE, 'op.drop_table("t")', "sqlite") == []


def test_what_was_there_before_is_not_taken() -> None:
    assert found(ADD.format("a"), DROP.format("b")) == [("a", True), ("b", False)]
