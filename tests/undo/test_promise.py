"""A downgrade() that does not lead back is seen before it is kept, without a scratch database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lback.errors import LbackError
from tests.servers import KINDS, fresh_database
from tests.undo.team import Shop
from tests.worlds.databases import stamp

COLUMNS = """
def columns():
    return [row["name"] for row in sa.inspect(op.get_bind()).get_columns("users")]
"""
# What the text hides, and what the way back comes to then.
WRONG = {
    "does nothing": (
        'if not columns():\n    op.drop_column("users", "email")',
        "column email is still there",
    ),
    "takes another column": (
        'op.drop_column("users", [name for name in columns() if name != "email"][-1])',
        "column email is still there",
    ),
    "takes one more": (
        'for name in columns()[-2:]:\n    op.drop_column("users", name)',
        "column name is missing",
    ),
    "takes another table": (
        'op.drop_column("users", "email")\n'
        'op.drop_table([t for t in sa.inspect(op.get_bind()).get_table_names() if t[0] == "o"][0])',
        "table orders is gone",
    ),
    "leaves a table": (
        'op.drop_column("users", "email")\n'
        'op.create_table(columns()[0] + "over", sa.Column("id", sa.Integer()))',
        "table idover is there",
    ),
}


def shop_at(folder: Path, url: str) -> Shop:
    shop = Shop.at(folder, url)
    shop.add(
        "a1",
        'op.create_table("users", sa.Column("id", sa.Integer(), primary_key=True), '
        'sa.Column("name", sa.String(20)))\n'
        'op.create_table("orders", sa.Column("id", sa.Integer(), primary_key=True), '
        'sa.Column("user_id", sa.Integer(), sa.ForeignKey("users.id", ondelete="CASCADE")))',
        'op.drop_table("orders")\nop.drop_table("users")',
    )
    return shop


@pytest.fixture(params=KINDS)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    with fresh_database(request.param, tmp_path) as url:
        yield shop_at(tmp_path / "shop", url)


def refused(shop: Shop, **options: object) -> tuple[str, str]:
    try:
        result = shop.roll(yes=True, **options)
    except LbackError as err:
        return err.message, err.hint or ""
    assert result.exit_code == 3
    return result.message, result.hint


def kind_of(shop: Shop) -> str:
    return shop.url.partition("+")[0].partition(":")[0]


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_way_back_is_not_kept(shop: Shop, name: str) -> None:
    down, told = WRONG[name]
    add = 'op.add_column("users", sa.Column("email", sa.String(20)))'
    shop.add("b2", add, down, top=COLUMNS)
    shop.migrate()
    shop.execute("INSERT INTO users (id, name) VALUES (1, 'Ada')")
    before = shop.tables()
    message, hint = refused(shop, revision="b2")
    if kind_of(shop) == "sqlite":  # found in memory, before anything
        assert "rollback would not be right" in message
    else:
        assert told in message
    if kind_of(shop) == "mysql":
        assert "It is done all the same" in hint
        return
    assert shop.tables() == before
    assert stamp(shop.url) == ["b2"]


def test_what_a_column_was_is_known_from_the_revisions_below(tmp_path: Path) -> None:
    """It comes back without the default that another revision had given it."""
    with fresh_database("postgresql", tmp_path) as url:
        shop = shop_at(tmp_path / "shop", url)
        default = 'op.alter_column("users", "name", server_default={})'
        shop.add("b2", default.format("'x'"), default.format("None"))
        shop.add(
            "c3",
            'op.drop_column("users", "name")',
            'op.add_column("users", sa.Column("name", sa.String(20)))',
        )
        shop.migrate()
        before = shop.tables()
        message, _ = refused(shop, revision="c3")
        assert "column name: its default is None, not 'x'" in message
        assert shop.tables() == before
        assert shop.roll(yes=True, revision="c3", strategy="downgrade").exit_code == 0


def test_rows_of_other_tables_do_not_go(tmp_path: Path) -> None:
    """What was put in by upgrade() goes, and by a cascade what refers to it."""
    with fresh_database("postgresql", tmp_path) as url:
        shop = shop_at(tmp_path / "shop", url)
        shop.add(
            "b2",
            "op.execute(\"INSERT INTO users (id, name) VALUES (7, 'Bob')\")",
            'op.execute("DELETE FROM users WHERE id = 7")',
        )
        shop.migrate()
        shop.execute("INSERT INTO orders (id, user_id) VALUES (1, 7), (2, 7)")
        message, hint = refused(shop, revision="b2")
        assert "2 rows of orders would go with it" in message
        assert "Nothing was changed" in hint
        assert shop.rows("orders") == [(1, 7), (2, 7)]
        shop.execute("DELETE FROM orders")
        assert shop.roll(yes=True, revision="b2").exit_code == 0


def test_a_right_way_back_is_kept(shop: Shop) -> None:
    shop.add(
        "b2",
        'op.add_column("users", sa.Column("email", sa.String(20)))\n'
        'op.create_index("ix_email", "users", ["email"])\n'
        'op.create_table("carts", sa.Column("id", sa.Integer(), primary_key=True), '
        'sa.Column("user_id", sa.Integer(), sa.ForeignKey("users.id")))',
        'op.drop_table("carts")\nop.drop_index("ix_email", "users")\n'
        'op.drop_column("users", "email")',
    )
    before_it = None
    shop.migrate("a1")
    before_it = shop.tables()
    shop.migrate()
    assert shop.roll(yes=True, revision="b2").exit_code == 0
    assert shop.tables() == before_it


def test_a_database_in_memory_that_cannot_be_built_is_no_excuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The revisions below run here only; the way back is compared in the transaction."""
    with fresh_database("sqlite", tmp_path) as url:
        shop = shop_at(tmp_path / "shop", url)
        shop.add(
            "b2",
            'import os\nif os.environ.get("HERE") != "yes":\n    raise ValueError("elsewhere")',
            "pass",
        )
        down, told = WRONG["takes one more"]
        add = 'op.add_column("users", sa.Column("email", sa.String(20)))'
        shop.add("c3", add, down, top=COLUMNS)
        monkeypatch.setenv("HERE", "yes")
        shop.migrate()
        monkeypatch.delenv("HERE")
        before = shop.tables()
        message, hint = refused(shop, revision="c3")
        assert told in message
        assert "Nothing was changed" in hint
        assert shop.tables() == before
        assert stamp(shop.url) == ["c3"]


def test_partitions_that_no_revision_makes_go_with_their_table(tmp_path: Path) -> None:
    """A job makes one each month: the column and the table of all of them go."""
    with fresh_database("postgresql", tmp_path) as url:
        shop = Shop.at(tmp_path / "shop", url)
        shop.add(
            "a1",
            'op.execute("CREATE TABLE logs (id integer) PARTITION BY RANGE (id)")\n'
            'op.execute("CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM (1) TO (9)")',
            'op.drop_table("logs")',
        )
        add = 'op.add_column("logs", sa.Column("note", sa.String(20)))'
        shop.add("b2", add, 'op.drop_column("logs", "note")')
        shop.migrate()
        shop.execute("CREATE TABLE logs_2 PARTITION OF logs FOR VALUES FROM (9) TO (20)")
        shop.execute("INSERT INTO logs VALUES (1, 'a'), (10, 'b')")
        assert shop.roll(steps=1, yes=True).exit_code == 0
        assert shop.roll(steps=1, yes=True).exit_code == 0
        assert shop.tables() == {}
