"""What downgrade() leaves of upgrade(), and takes that upgrade() did not make."""

from __future__ import annotations

from textwrap import indent

import pytest

from lback.core.interpreter.reading import read_effects
from lback.core.rollback.leftovers import leftovers

ADD = 'op.add_column("t", sa.Column("{0}", sa.Integer()))'
DROP = 'op.drop_column("t", "{0}")'
MADE = 'op.create_table("t", sa.Column("m", sa.Enum("a", name="mood")))'
ASKED = "if sa.inspect(op.get_bind()).has_table('q'):\n    "
COPY = """
op.create_table("t_new", sa.Column("a", sa.Integer()))
op.drop_table("t")
op.rename_table("t_new", "t")
"""


def found(upgrade: str, downgrade: str, dialect: str = "postgresql") -> list[tuple[str, bool]]:
    text = "from alembic import op\nimport sqlalchemy as sa\nfrom elsewhere import anything\n\n"
    for name, body in (("upgrade", upgrade), ("downgrade", downgrade)):
        text += f"def {name}():\n{indent(body.strip(), '    ')}\n\n"
    effects = read_effects(text.encode())
    # Of some of this the reading itself says that it does not know; here all is known.
    seen = tuple(one for one in effects.unknown if "was not seen to" not in one.reason)
    told = leftovers(effects._replace(unknown=seen), dialect)
    return [(one.effect.name or one.effect.table or "", one.left) for one in told]


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


PARTS = """
op.execute("CREATE TABLE t (a integer) PARTITION BY RANGE (a)")
op.execute("CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (1) TO (9) PARTITION BY RANGE (a)")
op.execute("CREATE TABLE t_1_1 PARTITION OF t_1 FOR VALUES FROM (1) TO (5)")
op.execute("CREATE TABLE t_2 (a integer)")
op.execute("ALTER TABLE t ATTACH PARTITION t_2 FOR VALUES FROM (9) TO (20)")
"""


def test_a_table_takes_its_partitions_along() -> None:
    assert found(PARTS, 'op.drop_table("t")') == []
    detached = PARTS + 'op.execute("ALTER TABLE t DETACH PARTITION t_2")'
    assert found(detached, 'op.drop_table("t")') == [("t_2", True), ("a", True)]
    left = [name for name, _ in found(PARTS, 'op.drop_table("t_1")')]
    assert left == ["t", "a", "t_2", "a"]


def test_a_schema_takes_its_tables_along() -> None:
    made = 'op.execute("CREATE SCHEMA s")\nop.execute("CREATE TABLE s.t (a integer)")'
    assert found(made, 'op.execute("DROP SCHEMA s")') == []
    assert found(ADD.format("a"), DROP.format("a") + '\nop.execute("DROP SCHEMA s")') == [
        ("s", False)
    ]


def test_only_postgresql_has_types() -> None:
    assert found(MADE, 'op.drop_table("t")', "sqlite") == []


def test_what_was_there_before_is_not_taken() -> None:
    assert found(ADD.format("a"), DROP.format("b")) == [("a", True), ("b", False)]


@pytest.mark.parametrize(
    ("upgrade", "downgrade", "expected"),
    [
        ("op.create_table('t')", "op.create_table('x')", ["left t"]),
        ("op.execute('CREATE VIEW v AS SELECT 1')", "op.drop_table('x')", ["left v", "extra x"]),
        ("op.execute('CREATE SEQUENCE s')", "op.execute('DROP SEQUENCE s')", []),
        ("op.execute('CREATE DOMAIN d AS TEXT')", "op.execute('DROP TYPE d')", []),
        ("op.create_index('ix', 't', ['a'])", "op.drop_column('x', 'y')", ["extra y"]),
        # under another name by then
        ('op.create_table("t", sa.Column("a"))\nop.rename_table("t", "u")',
         'op.drop_table("u")', []),
        (
            'op.create_table("t", sa.Column("a"))\nop.rename_table("t", "u")',
            'op.drop_column("u", "a")',
            ["left t"],
        ),
        (
            'op.add_column("x", sa.Column("b"))\nop.create_table("t", sa.Column("a"))\n'
            'op.rename_table("t", "u")',
            'op.drop_table("u")\nop.drop_column("x", "b")',
            [],
        ),
        (
            'op.add_column("x", sa.Column("b"))\nop.create_table("t", sa.Column("a"))\n'
            'op.rename_table("t", "u")',
            'op.drop_table("u")',
            ["left b"],
        ),
        (
            'op.add_column("t", sa.Column("a"))\nop.alter_column("t", "a", new_column_name="b")',
            'op.drop_column("t", "b")',
            [],
        ),
        (
            'op.add_column("t", sa.Column("a"))\nop.add_column("u", sa.Column("a"))',
            'op.drop_table("t")',
            ["left a", "extra t"],
        ),
        # what upgrade() drops, alters or renames, downgrade() may drop as well
        ('op.drop_column("t", "a")', 'op.drop_column("t", "a")', []),
        ('op.alter_column("t", "a", nullable=True)', 'op.drop_column("t", "a")', []),
        ('op.drop_table("t")', 'op.drop_column("t", "a")', []),
        ('op.rename_table("t", "u")', 'op.drop_column("u", "a")', []),
        ('op.create_table("t", sa.Column("b"))', 'op.drop_column("t", "a")\nop.drop_table("t")',
         ["extra a"]),
        ('op.rename_table("x", "y")', 'op.drop_column("t", "a")', ["extra a"]),
        # what downgrade() makes itself
        ("op.add_column('x', sa.Column('a'))",
         "op.create_table('n', sa.Column('a'))\nop.drop_column('n', 'a')\nop.drop_table('n')\n"
         "op.drop_column('x', 'a')", []),
        ("op.add_column('x', sa.Column('a'))", "op.drop_column('x', 'a')\nop.drop_column('x', 'a')",
         []),
        ("op.add_column('x', sa.Column('a'))",
         "op.drop_table('t')\nop.create_table('t')\nop.drop_column('x', 'a')", []),
        ("op.add_column('x', sa.Column('a'))",
         "op.execute('CREATE TABLE n AS SELECT * FROM x')\nop.drop_column('n', 'b')\n"
         "op.drop_table('n')\nop.drop_column('x', 'a')", []),
        ("op.add_column('x', sa.Column('a'))",
         "op.create_table('n')\nop.drop_column('t', 'c')\nop.drop_table('n')\n"
         "op.drop_column('x', 'a')", ["extra c"]),
        # a type that is made anew
        ("op.execute(\"ALTER TYPE s.mood ADD VALUE 'b'\")",
         "op.execute('ALTER TYPE s.mood RENAME TO mood_old')\n"
         "op.execute(\"CREATE TYPE s.mood AS ENUM ('a')\")\nop.execute('DROP TYPE s.mood_old')",
         []),
        ("op.execute(\"ALTER TYPE mood ADD VALUE 'b'\")",
         "op.execute('ALTER TYPE other RENAME TO mood_old')\nop.execute('DROP TYPE mood_old')",
         ["extra mood_old"]),
        # what is not certain
        (ASKED + "op.create_table('t')", "op.drop_column('x', 'y')", ["extra y"]),
        ("op.add_column('x', sa.Column('a'))",
         "op.drop_column('x', 'a')\n" + ASKED + "op.drop_column('x', 'b')", []),
        # no way down, or one that is not read
        ("op.create_table('t')", "pass", []),
        ("op.create_table('t')", "raise NotImplementedError", []),
        ("op.create_table('t')", "op.drop_table('x')\nanything(op)", []),
    ],
)  # fmt: skip
def test_what_two_directions_do_not_agree_in(
    upgrade: str, downgrade: str, expected: list[str]
) -> None:
    told = [f"{'left' if left else 'extra'} {name}"
            for name, left in found(upgrade, downgrade)]  # fmt: skip
    assert told == expected


def test_a_dialect_sees_its_own_branches() -> None:
    code = 'if op.get_bind().dialect.name == "mysql":\n    op.add_column("t", sa.Column("a"))'
    drop = 'op.drop_column("x", "b")'
    assert found(code, drop, "mariadb") == found(code, drop, "mysql") == [("a", True), ("b", False)]
    assert found(code, drop, "sqlite") == [("b", False)]


def test_the_sentence_names_the_line_and_both_directions() -> None:
    text = b"from alembic import op\ndef upgrade():\n    op.create_table('t')\n"
    text += b"def downgrade():\n    op.drop_table('u')\n"
    left, extra = leftovers(read_effects(text)._replace(unknown=()), "sqlite")
    assert left.sentence("a1", "a1.py") == (
        "a1.py:3: upgrade() of a1 would create table t, and its downgrade() leaves it there"
    )
    assert extra.sentence("a1", "a1.py") == (
        "a1.py:5: downgrade() of a1 would drop table u, which its upgrade() did not make"
    )
