"""Overlaps of two sides of a fork: verdicts, messages, and what does not overlap."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from lback.core.effects import Effects
from lback.core.interpreter.reading import read_effects
from lback.core.merging.overlap import Overlap, overlaps
from lback.core.merging.surroundings import surroundings


def effects(body: str) -> Effects:
    head = "from alembic import op\nimport sqlalchemy as sa\n\ndef upgrade():\n"
    return read_effects((head + indent(dedent(body), "    ")).encode())


def between(left: str, right: str) -> tuple[Overlap, ...]:
    return overlaps({"aaa": effects(left)}, {"bbb": effects(right)})


def verdict(left: str, right: str) -> str:
    """Return the worst verdict, the same from both sides, or "fine"."""
    found, mirrored = between(left, right), between(right, left)
    assert [one.verdict for one in found] == [one.verdict for one in mirrored]
    return found[0].verdict if found else "fine"


def sql(text: str) -> str:
    return f"op.execute({text!r})"


ADD = 'op.add_column("t", sa.Column("c", sa.Integer()))'
ADD_TEXT = 'op.add_column("t", sa.Column("c", sa.Text()))'
ADD_OTHER = 'op.add_column("t", sa.Column("d", sa.Integer()))'
ADD_REQUIRED = 'op.add_column("t", sa.Column("c", sa.Integer(), nullable=False))'
DROP = 'op.drop_column("t", "old")'
RENAME = 'op.alter_column("t", "old", new_column_name="new")'
DROP_TABLE = 'op.drop_table("t")'
RENAME_TABLE = 'op.rename_table("t", "u")'
INDEX = 'op.create_index("ix", "t", ["old"])'
UNKNOWN = "import other\nother.go(op)"
CREATE = 'op.create_table("t", sa.Column("id", sa.Integer()))'
POSTGRESQL = 'if op.get_bind().dialect.name == "postgresql":\n    '


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        # columns
        (ADD, ADD, "conflict"),
        (ADD, ADD_TEXT, "conflict"),
        (ADD, ADD_OTHER, "fine"),
        (ADD, DROP, "fine"),
        (ADD, DROP_TABLE, "conflict"),
        (ADD, sql("ALTER TABLE t ADD COLUMN c int"), "conflict"),
        (ADD, sql("ALTER TABLE T ADD d int"), "fine"),
        (ADD, 'op.alter_column("t", "old", new_column_name="c")', "conflict"),
        (DROP, DROP, "conflict"),
        (DROP, RENAME, "conflict"),
        (DROP, INDEX, "conflict"),
        (DROP, 'op.create_index("ix", "t", ["other"])', "fine"),
        (DROP, 'op.create_index("ix", "t", [sa.text("lower(old)")])', "conflict"),
        (RENAME, 'op.alter_column("t", "old", nullable=False)', "conflict"),
        (RENAME, sql("UPDATE t SET old = 1"), "conflict"),
        (RENAME, sql("UPDATE t SET x = 1 WHERE old = 2"), "conflict"),
        (
            'op.alter_column("t", "c", type_=sa.Text())',
            'op.alter_column("t", "c", type_=sa.Integer())',
            "order-matters",
        ),
        (
            'op.alter_column("t", "c", type_=sa.Text())',
            'op.alter_column("t", "c", type_=sa.Text())',
            "same",
        ),
        (
            'op.alter_column("t", "c", type_=sa.Text())',
            'op.alter_column("t", "d", type_=sa.Integer())',
            "fine",
        ),
        # rows
        (
            'op.alter_column("t", "c", nullable=False)',
            sql("INSERT INTO t (d) VALUES (1)"),
            "order-matters",
        ),
        (ADD, sql("INSERT INTO t (d) VALUES (1)"), "fine"),
        (ADD, sql("INSERT INTO t VALUES (1)"), "order-matters"),
        (ADD_REQUIRED, sql("INSERT INTO t (d) VALUES (1)"), "conflict"),
        (ADD, sql("UPDATE t SET d = 1"), "fine"),
        (DROP, sql("UPDATE t SET old = 1"), "conflict"),
        (DROP, sql("INSERT INTO z (x) SELECT old FROM t"), "conflict"),
        (sql("UPDATE t SET a = 1"), sql("DELETE FROM t"), "order-matters"),
        (sql("UPDATE t SET a = 1"), sql("UPDATE z SET a = 1"), "fine"),
        (DROP_TABLE, sql("INSERT INTO t (d) VALUES (1)"), "conflict"),
        (DROP_TABLE, sql("INSERT INTO z (x) SELECT old FROM t"), "conflict"),
        # indexes and constraints
        (INDEX, 'op.create_index("ix", "t", ["c"])', "conflict"),
        (INDEX, 'op.create_index("ix", "z", ["c"])', "conflict"),
        (INDEX, 'op.create_index("ix2", "t", ["c"])', "fine"),
        (INDEX, sql("CREATE INDEX ix ON t (old)"), "conflict"),
        (INDEX, sql("UPDATE t SET old = 1"), "fine"),
        (
            'op.create_index("ix", "t", ["old"], unique=True)',
            sql("UPDATE t SET old = 1"),
            "order-matters",
        ),
        ('op.drop_index("ix")', 'op.drop_index("ix", "t")', "conflict"),
        (
            'op.create_unique_constraint("k", "t", ["a"])',
            'op.create_unique_constraint("k", "t", ["b"])',
            "conflict",
        ),
        (
            'op.create_unique_constraint("k", "t", ["a"])',
            'op.create_check_constraint("k", "z", "b > 0")',
            "fine",
        ),
        (
            'op.create_unique_constraint("k", "t", ["a"])',
            'op.create_unique_constraint("l", "t", ["b"])',
            "fine",
        ),
        ('op.create_foreign_key("f", "z", "t", ["a"], ["id"])', DROP_TABLE, "conflict"),
        ('op.create_foreign_key("f", "z", "t", ["a"], ["id"])', RENAME_TABLE, "conflict"),
        ('op.create_foreign_key("f", "z", "t", ["a"], ["id"])', ADD, "fine"),
        ('op.create_foreign_key("f", "z", "t", ["a"], ["id"])', DROP, "order-matters"),
        # tables
        (CREATE, CREATE, "conflict"),
        (CREATE, 'op.create_table("z", sa.Column("id", sa.Integer()))', "fine"),
        (CREATE, 'op.rename_table("z", "t")', "conflict"),
        (RENAME_TABLE, ADD, "conflict"),
        (RENAME_TABLE, 'op.create_table("u", sa.Column("id", sa.Integer()))', "conflict"),
        (DROP_TABLE, DROP_TABLE, "conflict"),
        ('op.drop_table("t", schema="s")', 'op.drop_column("t", "c", schema="z")', "fine"),
        ('op.drop_table("t", schema="public")', 'op.drop_column("t", "c")', "conflict"),
        # other objects
        (sql("ALTER TYPE m ADD VALUE 'a'"), sql("ALTER TYPE m ADD VALUE 'b'"), "order-matters"),
        (sql("ALTER TYPE m ADD VALUE 'a'"), sql("ALTER TYPE m ADD VALUE 'a'"), "conflict"),
        (sql("ALTER TYPE m ADD VALUE 'a'"), sql("ALTER TYPE n ADD VALUE 'a'"), "fine"),
        (sql("ALTER TYPE m ADD VALUE 'a'"), sql("DROP TYPE m"), "conflict"),
        (sql("CREATE VIEW v AS SELECT x FROM t"), DROP_TABLE, "conflict"),
        (sql("CREATE VIEW v AS SELECT x FROM t"), DROP, "order-matters"),
        (sql("CREATE VIEW v AS SELECT x FROM t"), sql("CREATE VIEW v AS SELECT 1"), "conflict"),
        (sql("CREATE SEQUENCE q"), sql("CREATE SEQUENCE q"), "conflict"),
        (
            sql("CREATE EXTENSION IF NOT EXISTS e"),
            sql("CREATE EXTENSION IF NOT EXISTS e"),
            "same",
        ),
        # unread
        (UNKNOWN, ADD, "unknown"),
        (UNKNOWN, UNKNOWN, "unknown"),
        (UNKNOWN, "pass", "fine"),
        (sql("ALTER TABLE t DANCE"), ADD, "unknown"),
        (sql("ALTER TABLE z DANCE"), ADD, "fine"),
        (sql("ALTER TABLE z DANCE"), UNKNOWN, "unknown"),
        # dialects
        (POSTGRESQL + ADD, POSTGRESQL.replace("postgresql", "sqlite") + ADD, "fine"),
        (POSTGRESQL + ADD, POSTGRESQL.replace("==", "!=") + ADD, "fine"),
        (POSTGRESQL + ADD, ADD, "conflict"),
        # nothing
        ("pass", "pass", "fine"),
        ("pass", DROP_TABLE, "fine"),
    ],
)
def test_verdicts(left: str, right: str, expected: str) -> None:
    assert verdict(left, right) == expected


def test_a_message_names_object_and_what_each_side_does() -> None:
    (found,) = between(ADD, ADD_TEXT)
    assert found.object == "column t.c"
    assert (found.left_revision, found.right_revision) == ("aaa", "bbb")
    assert found.left_operation == "add column t.c (Integer())"
    assert found.message == (
        "column t.c: aaa would add column t.c (Integer()), bbb would add column t.c (Text()): "
        "both would make it, each in its own way, and the second one fails"
    )
    (same,) = between(ADD, ADD)
    assert same.message.endswith("both would make it, and the second one fails")


def test_an_unknown_names_its_line_and_reason() -> None:
    (found,) = between(UNKNOWN, ADD)
    assert found.object == "anything"
    assert found.left_operation.startswith("line 6: other.go()")
    assert "line 6 of aaa cannot be read" in found.message


def test_the_worst_comes_first_and_once_for_each_object_and_pair() -> None:
    left = {"a1": effects(ADD), "a2": effects(sql("UPDATE z SET x = 1"))}
    right = {"b1": effects(sql("DELETE FROM z")), "b2": effects(ADD), "b3": effects(ADD_OTHER)}
    found = overlaps(left, right)
    assert [(o.object, o.left_revision, o.right_revision, o.verdict) for o in found] == [
        ("column t.c", "a1", "b2", "conflict"),
        ("table z", "a2", "b1", "order-matters"),
    ]


def test_a_new_table_is_one_overlap_whatever_is_inside() -> None:
    body = 'op.create_table("t", sa.Column("a", sa.Integer()), sa.Column("b", sa.Integer()))'
    found = between(body, body)
    assert [one.object for one in found] == ["table t"]


def test_names_inside_of_new_tables_still_count() -> None:
    left = CREATE + '\nop.create_index("ix", "t", ["id"])'
    right = left.replace('"t"', '"z"')
    assert [one.object for one in between(left, right)] == ["index ix"]


def test_what_is_known_around_the_fork_is_used() -> None:
    before = effects(
        """
        op.create_index("ix", "t", ["a"])
        op.create_foreign_key("f", "posts", "users", ["u"], ["id"])
        """
    )
    around = surroundings([before])

    def with_it(left: str, right: str) -> str:
        found = overlaps({"a": effects(left)}, {"b": effects(right)}, around)
        return found[0].verdict if found else "fine"

    assert with_it('op.drop_index("ix")', DROP_TABLE) == "conflict"
    assert with_it('op.drop_index("ix")', 'op.drop_table("z")') == "fine"
    assert verdict('op.drop_index("ix")', 'op.drop_table("z")') == "order-matters"
    gone = sql("DELETE FROM users WHERE id = 1")
    assert with_it(gone, sql("INSERT INTO posts (u) VALUES (1)")) == "order-matters"
    assert with_it(gone, 'op.drop_constraint("f", "posts")') == "order-matters"
    assert with_it(gone, sql("INSERT INTO z (u) VALUES (1)")) == "fine"
    assert with_it(gone, 'op.add_column("posts", sa.Column("x", sa.Integer()))') == "fine"


def test_guarded_creations_do_not_fail_each_other() -> None:
    guarded = 'op.create_table("t", sa.Column("id", sa.Integer()), if_not_exists=True)'
    assert verdict(guarded, guarded) == "same"
    assert verdict(guarded, CREATE) == "conflict"
