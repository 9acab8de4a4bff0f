"""What a revision contradicts below it, and what is not said."""

from __future__ import annotations

from itertools import pairwise
from textwrap import dedent, indent

import pytest

from lback.core.graph.graph import Graph
from lback.core.graph.revision import Header, Revision
from lback.core.interpreter.reading import read_effects
from lback.core.merging.contradictions import contradictions

BASE = """
op.create_table("t", sa.Column("id", sa.Integer()), sa.Column("a", sa.Integer()))
op.create_index("ix", "t", ["a"])
"""
AGAIN = 'op.add_column("t", sa.Column("b", sa.Integer()))'
UNIQUE = 'op.create_unique_constraint("uq", "t", ["a"])'
UNREAD = "import other\nother.go(op)"


def sql(text: str) -> str:
    return f"op.execute({text!r})"


# As PostgreSQL needs it to take a value out of an enum.
SWAP = "\n".join(
    map(
        sql,
        (
            "ALTER TYPE kind RENAME TO kind_old",
            "CREATE TYPE kind AS ENUM ('a', 'b')",
            "ALTER TABLE t ALTER COLUMN a TYPE kind USING a::text::kind",
            "DROP TYPE kind_old",
        ),
    )
)
VIEWS = (
    "DROP VIEW IF EXISTS v",
    "CREATE VIEW v AS SELECT 1",
    "ALTER VIEW v RENAME TO w",
    "DROP VIEW w",
)
VIEW = sql("CREATE VIEW v AS SELECT 1")
LINKED = 'op.create_foreign_key("f", "t", "z", ["a"], ["id"])'
UNLINKED = 'op.drop_constraint("f", "t", type_="foreignkey")'


def found(*bodies: str, parents: dict[str, tuple[str, ...]] | None = None) -> list[str]:
    """Return what the last of a line of revisions contradicts."""
    head = "from alembic import op\nimport sqlalchemy as sa\n\ndef upgrade():\n"
    names = [f"r{number}" for number in range(len(bodies))]
    line = {"r0": (), **{child: (parent,) for parent, child in pairwise(names)}, **(parents or {})}
    graph = Graph([Revision(Header(one, line[one]), f"{one}.py", "") for one in names])
    effects = {
        name: read_effects((head + indent(dedent(body), "    ")).encode())
        for name, body in zip(names, bodies, strict=True)
    }
    return [one.why for one in contradictions(graph, effects, {names[-1]})]


@pytest.mark.parametrize(
    ("bodies", "why"),
    [
        ([AGAIN, AGAIN], "but column t.b already exists: r1 created it"),
        (['op.drop_column("t", "a")'] * 2, "but column t.a no longer exists: r1 dropped it"),
        (
            [sql("ALTER TABLE t ADD COLUMN a int")],
            "but column t.a already exists: r0 created it",
        ),
        ([BASE], "but table t already exists: r0 created it"),
        (
            [sql("CREATE TYPE kind AS ENUM ('a')"), sql("ALTER TYPE other RENAME TO kind")],
            "but enum kind already exists: r1 created it",
        ),
        ([SWAP, sql("DROP TYPE kind_old")], "but enum kind_old no longer exists: r1 dropped it"),
        (['op.drop_table("t")', AGAIN], "but table t no longer exists: r1 dropped it"),
        (
            ['op.drop_table("t")', sql("DELETE FROM t")],
            "but table t no longer exists: r1 dropped it",
        ),
        (
            ['op.rename_table("t", "u")', AGAIN],
            "but table t no longer exists: r1 renamed it to u",
        ),
        (
            ['op.alter_column("t", "a", new_column_name="c")', 'op.create_index("i", "t", ["a"])'],
            "but column t.a no longer exists: r1 renamed it to c",
        ),
        (
            [AGAIN, 'op.alter_column("t", "a", new_column_name="b")'],
            "but column t.b already exists: r1 created it",
        ),
        (['op.create_index("ix", "t", ["id"])'], "but index ix already exists: r0 created it"),
        (['op.drop_index("ix", "t")'] * 2, "but index ix no longer exists: r1 dropped it"),
        (
            ['op.drop_column("t", "a")', sql("UPDATE t SET a = 1")],
            "but column t.a no longer exists: r1 dropped it",
        ),
        (
            ['op.drop_table("t")', 'op.create_foreign_key("f", "z", "t", ["x"], ["id"])'],
            "but t no longer exists: r1 dropped it",
        ),
        (
            ['op.rename_table("t", "u")', AGAIN.replace('"t"', '"u"').replace('"b"', '"a"')],
            "but column u.a already exists: r0 created it",
        ),
        ([VIEW] * 2, "but view v already exists: r1 created it"),
        ([VIEW, *[sql("DROP VIEW v")] * 2], "but view v no longer exists: r2 dropped it"),
        (
            [VIEW, sql("ALTER VIEW v RENAME TO w"), sql("DROP VIEW v")],
            "but view v no longer exists: r2 renamed it to w",
        ),
        (
            [VIEW, sql("ALTER VIEW v RENAME TO w"), VIEW.replace(" v ", " w ")],
            "but view w already exists: r2 created it",
        ),
        (
            [VIEW, VIEW.replace(" v ", " w "), sql("ALTER VIEW v RENAME TO w")],
            "but view w already exists: r2 created it",
        ),
        ([sql("CREATE SEQUENCE q")] * 2, "but sequence q already exists: r1 created it"),
        (
            [sql("CREATE SEQUENCE q"), sql("DROP SEQUENCE q"), sql("ALTER SEQUENCE q RESTART")],
            "but sequence q no longer exists: r2 dropped it",
        ),
        ([sql("CREATE DOMAIN d AS int")] * 2, "but domain d already exists: r1 created it"),
        (['op.drop_table("z")', LINKED], "but z no longer exists: r1 dropped it"),
        ([LINKED, *[UNLINKED] * 2], "but constraint f no longer exists: r2 dropped it"),
        # A column takes along what is on it, and leaves its table known.
        (['op.drop_column("t", "a")', BASE], "but table t already exists: r0 created it"),
        ([UNIQUE] * 2, "but constraint uq already exists: r1 created it"),
        (
            ['op.rename_table("t", "u")', *['op.drop_index("ix", "u")'] * 2],
            "but index ix no longer exists: r2 dropped it",
        ),
        (
            ['op.rename_table("t", "u")', 'op.create_index("ix", "u", ["id"])'],
            "but index ix already exists: r0 created it",
        ),
        (
            ['op.create_table("u", sa.Column("id", sa.Integer()))', 'op.rename_table("t", "u")'],
            "but table u already exists: r1 created it",
        ),
        (
            ['op.drop_table("t")', BASE, *['op.drop_table("t")'] * 2],
            "but table t no longer exists: r3 dropped it",
        ),
        (
            ['op.drop_column("t", "a")', sql("INSERT INTO t (id, a) VALUES (1, 2)")],
            "but column t.a no longer exists: r1 dropped it",
        ),
        (['op.drop_column("t", "a")', UNIQUE], "but column t.a no longer exists: r1 dropped it"),
        (
            ['op.drop_column("t", "a")', 'op.alter_column("t", "a", nullable=True)'],
            "but column t.a no longer exists: r1 dropped it",
        ),
        (
            [
                'op.drop_table("t")',
                sql("CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()"),
            ],
            "but table t no longer exists: r1 dropped it",
        ),
        (
            [AGAIN, "if x:\n    " + sql("CREATE SCHEMA s"), AGAIN],
            "but column t.b already exists: r1 created it",
        ),
    ],
)
def test_a_contradiction(bodies: list[str], why: str) -> None:
    assert found(BASE, *bodies) == [why]


@pytest.mark.parametrize(
    "bodies",
    [
        [AGAIN, 'op.drop_column("t", "b")', AGAIN],
        [AGAIN, UNREAD, AGAIN],
        [AGAIN, sql("ALTER TABLE t DANCE"), AGAIN],
        [AGAIN, UNREAD + "\n" + AGAIN],
        [AGAIN, "if x:\n    " + AGAIN],
        ["if x:\n    " + AGAIN, AGAIN],
        [AGAIN, sql("ALTER TABLE t ADD COLUMN IF NOT EXISTS b int")],
        [sql("DROP TABLE IF EXISTS t"), BASE],
        ['op.drop_table("t")', BASE, AGAIN],
        ['op.rename_table("t", "u")', BASE],
        ['op.drop_column("t", "a")', 'op.create_index("ix", "t", ["id"])'],
        [AGAIN, 'op.drop_column("t", "b")\n' + AGAIN],
        [AGAIN, 'op.add_column("t", sa.Column("b", sa.Integer()), schema="s")'],
        [AGAIN, 'op.create_table("T", sa.Column("id", sa.Integer()))'],
        ['op.drop_column("nobody_made", "x")'],
        [
            'op.create_table("t2", sa.Column("id", sa.Integer()))\nop.drop_table("t")\n'
            'op.rename_table("t2", "t")',
            AGAIN,
        ],
        ['if op.get_bind().dialect.name == "sqlite":\n    ' + AGAIN, AGAIN],
        [UNIQUE, 'op.drop_index("uq", "t")', UNIQUE],
        [AGAIN, "if x:\n    " + sql("DROP DATABASE shop"), AGAIN],
        [sql("CREATE TYPE kind AS ENUM ('a')"), SWAP, SWAP],
        [sql("DROP INDEX ix"), sql("CREATE INDEX ix ON t (a)")],
        ['op.drop_index("ix")\nop.create_index("ix", "t", ["id"])'],
        [
            'op.create_index("iy", "t", ["id"])\nop.drop_index("ix", "t")',
            sql("ALTER INDEX iy RENAME TO ix") + '\nop.drop_index("ix", "t")',
        ],
        ["\n".join(map(sql, VIEWS)), "\n".join(map(sql, VIEWS[1:]))] * 2,
        # what the revision itself may have done before, unseen
        [AGAIN, sql("ALTER TABLE t DANCE") + "\n" + AGAIN],
        ['op.drop_table("z")', sql("ALTER TABLE z DANCE") + "\n" + LINKED],
        # what goes with a table that nobody refers to by then
        [LINKED, 'op.drop_table("z")', UNLINKED],
        [sql("ALTER INDEX ix RENAME TO iy"), 'op.drop_index("ix", "t")'],
        ['op.drop_column("t", "a")', 'op.drop_index("ix", "t")'],
        # what may have taken anything along, or brought it
        [sql("DROP TABLE t CASCADE"), AGAIN],
        *[[AGAIN, sql(f"DROP {one}"), AGAIN] for one in ("SCHEMA s CASCADE", "SCHEMA s")],
        [AGAIN, sql("DROP EXTENSION e"), AGAIN],
        [AGAIN, "if x:\n    " + sql("DROP SCHEMA s CASCADE"), AGAIN],
        [AGAIN, "if x:\n    " + sql("DROP SCHEMA s"), AGAIN],
        # another case may be another name
        [AGAIN, AGAIN.replace('"b"', '"B"')],
        ['op.drop_table("T")', AGAIN],
        # what perhaps happened
        ['op.drop_table("t")', "if x:\n    " + BASE.strip().replace("\n", "\n    "), AGAIN],
        *[
            [before, "if x:\n    " + perhaps, before]
            for before, perhaps in (
                ('op.drop_table("u")', 'op.rename_table("v", "u")'),
                (VIEW, sql("DROP VIEW v")),
                (VIEW, sql("ALTER VIEW v RENAME TO w")),
                (sql("DROP VIEW v"), sql("ALTER VIEW w RENAME TO v")),
                ('op.drop_index("ix", "t")', 'op.create_index("ix", "t", ["a"])'),
                (UNIQUE, 'op.drop_index("uq", "t")'),
                (
                    'op.drop_column("t", "a")',
                    'op.alter_column("t", "id", new_column_name="a")',
                ),
            )
        ],
    ],
)
def test_no_false_alarm(bodies: list[str]) -> None:
    assert found(BASE, *bodies) == []


def test_what_is_on_another_line_is_nothing_to_it() -> None:
    beside = {"r1": ("r0",), "r2": ("r0",)}
    assert found(BASE, AGAIN, AGAIN, parents=beside) == []
    merged = {**beside, "r3": ("r1", "r2")}
    assert found(BASE, AGAIN, "pass", AGAIN, parents=merged) != []
