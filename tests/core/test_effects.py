"""Effects of a revision: what is read from each way of writing the same thing."""

from __future__ import annotations

import json
from textwrap import dedent, indent

import pytest

from lback.core.effects import Effect, Effects, read_effects

HEAD = """
from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
revision = "a"
down_revision = None
"""


def read(body: str, *, head: str = HEAD, down: str = "pass", **options: object) -> Effects:
    text = head + "\ndef upgrade():\n" + indent(dedent(body), "    ")
    text += "\ndef downgrade():\n" + indent(dedent(down), "    ")
    return read_effects(text.encode(), **options)  # type: ignore[arg-type]


def short(effect: Effect) -> str:
    words = [effect.kind, effect.object, effect.table or "-", effect.name or "-"]
    words += [f"to {effect.to}"] if effect.to else []
    words += [f"-> {effect.refers_to}"] if effect.refers_to else []
    words += [f"[{effect.dialect}]"] if effect.dialect else []
    return " ".join(words) + ("" if effect.certain else " ?")


def upgrade(body: str, **options: object) -> list[str]:
    found = read(body, **options)  # type: ignore[arg-type]
    assert found.unknowns("upgrade") == (), found.unknown
    return [short(one) for one in found.upgrade]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('op.add_column("t", sa.Column("c", sa.Integer()))', "create column t c"),
        (
            'op.add_column(table_name="t", column=sa.Column("c", sa.Integer), schema="s")',
            "create column s.t c",
        ),
        ('op.add_column("t", sa.Column(name="c", type_=sa.Integer))', "create column t c"),
        ('op.drop_column("t", "c")', "drop column t c"),
        ('op.drop_column("t", column_name="c", schema="s")', "drop column s.t c"),
        ('op.alter_column("t", "c", nullable=False)', "alter column t c"),
        ('op.alter_column("t", "c", new_column_name="d")', "rename column t c to d"),
        (
            'op.alter_column("t", "c", type_=sa.Text(), existing_type=sa.String())',
            "alter column t c",
        ),
        ('op.alter_column("t", "c", server_default=None)', "alter column t c"),
        ('op.rename_table("t", "u")', "rename table t t to u"),
        ('op.rename_table("t", "u", schema="s")', "rename table s.t s.t to s.u"),
        ('op.drop_table("t")', "drop table t t"),
        ('op.drop_table("t", if_exists=True)', "drop table t t ?"),
        ('op.create_index("i", "t", ["a", "b"], unique=True)', "create index t i"),
        ('op.create_index(op.f("i"), "t", [sa.text("lower(a)")])', "create index t i"),
        ('op.create_index(index_name="i", table_name="t", columns=["a"])', "create index t i"),
        ('op.drop_index("i", table_name="t")', "drop index t i"),
        ('op.drop_index("i")', "drop index - i"),
        ('op.create_unique_constraint("u", "t", ["a"])', "create constraint t u"),
        ('op.create_primary_key("p", "t", ["a"])', "create constraint t p"),
        ('op.create_check_constraint("k", "t", "a > 0")', "create constraint t k"),
        ('op.create_exclude_constraint("x", "t", ("a", "="))', "create constraint t x"),
        (
            'op.create_foreign_key("f", "t", "r", ["a"], ["id"], referent_schema="s")',
            "create constraint t f -> s.r",
        ),
        (
            'op.create_foreign_key(None, source_table="t", referent_table="r", '
            'local_cols=["a"], remote_cols=["id"], source_schema="s")',
            "create constraint s.t - -> r",
        ),
        ('op.drop_constraint("f", "t", type_="foreignkey")', "drop constraint t f"),
        ('op.drop_constraint(constraint_name="f", table_name="t")', "drop constraint t f"),
        ('op.create_table_comment("t", "words")', "alter comment t -"),
        ('op.drop_table_comment("t", schema="s")', "drop comment s.t -"),
        ('op.bulk_insert(sa.table("t", sa.column("a")), [{"a": 1}])', "insert data t -"),
        ('op.execute("UPDATE t SET a = 1")', "update data t -"),
        ('op.execute(sa.text("DELETE FROM s.t"))', "delete data s.t -"),
        ('op.get_bind().execute(sa.table("t").delete())', "delete data t -"),
        ('op.execute(sa.update(sa.table("t")).values(a=1))', "update data t -"),
    ],
)
def test_every_directive_is_read(line: str, expected: str) -> None:
    assert upgrade(line) == [expected]


@pytest.mark.parametrize(
    "head",
    [
        "import alembic.op as o\nimport sqlalchemy as sa\n",
        "import alembic\nimport sqlalchemy as sa\no = alembic.op\n",
        "from alembic import op as o\nfrom sqlalchemy import *\nimport sqlalchemy as sa\n",
    ],
)
def test_op_may_be_imported_in_any_way(head: str) -> None:
    assert upgrade('o.drop_table("t")', head=head) == ["drop table t t"]


def test_directives_may_be_imported_by_name() -> None:
    head = "from alembic.op import add_column, drop_table\nfrom sqlalchemy import Column, Integer\n"
    body = """
        add_column("t", Column("c", Integer))
        drop_table("u")
    """
    assert upgrade(body, head=head) == ["create column t c", "drop table u u"]


def test_batch_operations_know_their_table() -> None:
    body = """
        with op.batch_alter_table("t", schema="s") as batch_op:
            batch_op.add_column(sa.Column("c", sa.Integer(), sa.ForeignKey("r.id", name="f")))
            batch_op.drop_column("d")
            batch_op.alter_column("e", new_column_name="g", nullable=False)
            batch_op.create_index(batch_op.f("i"), ["c"])
            batch_op.create_foreign_key("k", "r2", ["c"], ["id"])
            batch_op.create_unique_constraint("u", columns=["c"])
            batch_op.drop_constraint("old", type_="unique")
            batch_op.drop_index("oi")
            batch_op.create_table_comment("words")
            batch_op.execute("DELETE FROM s.t")
    """
    assert upgrade(body) == [
        "create column s.t c",
        "create constraint s.t f -> r",
        "drop column s.t d",
        "alter column s.t e",
        "rename column s.t e to g",
        "create index s.t i",
        "create constraint s.t k -> r2",
        "create constraint s.t u",
        "drop constraint s.t old",
        "drop index s.t oi",
        "alter comment s.t -",
        "delete data s.t -",
    ]


def test_create_table_tells_all_that_is_inside() -> None:
    body = """
        op.create_table(
            "t",
            sa.Column("id", sa.Integer(), primary_key=True),
            sa.Column("n", sa.String(50), nullable=False),
            sa.Column("r_id", sa.Integer(), sa.ForeignKey("s.r.id"), index=True),
            sa.Column("k", sa.Enum("a", "b", name="kind")),
            sa.UniqueConstraint("n", name="uq"),
            sa.ForeignKeyConstraint(["r_id"], ["q.id"], name="fk"),
            sa.CheckConstraint("n <> ''", name="ck"),
            sa.Index("ix", "n"),
            schema="s",
        )
    """
    found = read(body)
    assert [short(one) for one in found.upgrade] == [
        "create enum - kind [postgresql] ?",
        "create table s.t s.t",
        "create column s.t id",
        "create constraint s.t -",
        "create column s.t n",
        "create column s.t r_id",
        "create constraint s.t - -> s.r",
        "create index s.t ix_t_r_id",
        "create column s.t k",
        "create constraint s.t uq",
        "create constraint s.t fk -> q",
        "create constraint s.t ck",
        "create index s.t ix",
    ]
    name = next(one for one in found.upgrade if one.name == "n")
    assert name.detail == "String(50), not null"
    assert name.aspects == ("not null",)


def test_effects_survive_the_cache() -> None:
    found = read(
        'op.add_column("t", sa.Column("c", sa.Integer(), nullable=False))\nimport other\nother.go(op)',
        down="raise NotImplementedError",
    )
    assert found.unknown and found.upgrade
    assert Effects.from_dict(json.loads(json.dumps(found.as_dict()))) == found
