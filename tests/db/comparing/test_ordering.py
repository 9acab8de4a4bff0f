from __future__ import annotations

import random

import sqlalchemy as sa
from alembic.operations import ops

from lback.db.comparing.ordering import put_in_order
from lback.db.directives import describe


def changes() -> list[ops.MigrateOperation]:
    table = sa.Table("job", sa.MetaData(), *(sa.Column(name, sa.Integer) for name in "zyx"))
    keys = [
        ops.CreateForeignKeyOp(None, "job", "other", [column], ["id"]) for column in ("a", "b", "c")
    ]
    drops = [
        ops.DropColumnOp.from_column_and_tablename(None, "job", column) for column in table.columns
    ]
    gone = [ops.DropConstraintOp(name, "job", type_="foreignkey") for name in ("k", "l", "m")]
    return [*keys, *drops, *gone]


def test_the_order_is_the_same_whatever_order_sets_have() -> None:
    """Alembic takes keys and dropped columns out of sets, which have no order."""
    seen = set()
    for seed in range(20):
        parts = changes()
        random.Random(seed).shuffle(parts)
        upgrade = ops.UpgradeOps([ops.ModifyTableOps("job", parts)])
        put_in_order(upgrade, batch=False)
        seen.add(describe(upgrade, sa.make_url("sqlite://").get_dialect()()))
    (lines,) = seen
    assert [line for line in lines if "drop column" in line] == [
        f"drop column job.{name}" for name in "zyx"
    ]


def test_keys_of_new_tables_that_refer_to_each_other_come_last() -> None:
    metadata = sa.MetaData()
    for name, other in (("a", "b"), ("b", "a")):
        sa.Table(
            name,
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("other", sa.ForeignKey(f"{other}.id", name=f"{name}_to_{other}")),
        )
    made = [ops.CreateTableOp.from_table(metadata.tables[name]) for name in ("a", "b")]
    upgrade = ops.UpgradeOps(list(made))
    put_in_order(upgrade, batch=False)
    lines = describe(upgrade, sa.make_url("sqlite://").get_dialect()())
    assert lines == (
        "create table a",
        "create table b",
        "add foreign key a_to_b from a (other) to b (id)",
    )
