"""Enum types in a rollback: they go with their table, and come back with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import fresh_database
from tests.undo.team import Shop

pytestmark = pytest.mark.postgresql

ENUM = "sa.Enum('a', 'b', name='mood')"
USERS = f'op.create_table("users", sa.Column("m", {ENUM}))'
POSTS = 'op.create_table("posts", sa.Column("id", sa.Integer()))'


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with fresh_database("postgresql", tmp_path) as url:
        yield Shop.at(tmp_path / "ada", url)


def test_a_type_that_came_with_a_table_goes_and_comes_with_it(shop: Shop) -> None:
    shop.add("r1", USERS, 'op.drop_table("users")')
    shop.add("r2", POSTS, 'op.drop_table("posts")', commit="All")
    shop.migrate()
    before = shop.tables()
    undone = shop.roll("users", yes=True)
    assert (undone.data["strategy"], undone.exit_code) == ("revert", 0)
    with pytest.raises(Exception, match="mood"):
        shop.execute("SELECT 'a'::mood")
    assert shop.roll("users", yes=True).data["strategy"] == "downgrade"
    assert shop.tables() == before


def test_a_type_that_another_table_has_stays(shop: Shop) -> None:
    shop.add("r1", USERS, 'op.drop_table("users")')
    shop.add("r2", "op.execute('CREATE TABLE posts (m mood)')", 'op.drop_table("posts")')
    shop.commit("All")
    shop.migrate()
    undone = shop.roll("users", yes=True)
    assert undone.exit_code == 0
    shop.execute("SELECT 'a'::mood")


def test_a_way_down_that_leaves_the_type_is_refused_with_the_line_to_add(shop: Shop) -> None:
    shop.add("r1", USERS, 'op.drop_table("users")', commit="All")
    shop.migrate()
    refused = shop.roll("users", yes=True)
    assert (refused.data["strategy"], refused.exit_code) == ("refused", 3)
    assert "create enum mood" in refused.message
    assert "sa.Enum(name='mood').drop(op.get_bind())" in refused.hint
    assert shop.roll("users", yes=True, strategy="downgrade").exit_code == 0


def test_a_new_value_is_a_change_of_every_table_that_has_the_type(shop: Shop) -> None:
    shop.add("r1", USERS, 'op.drop_table("users")')
    shop.add("r2", "op.execute(\"ALTER TYPE mood ADD VALUE 'c'\")", "pass", commit="All")
    shop.migrate()
    refused = shop.roll("users", yes=True)
    assert refused.exit_code == 3
    assert refused.data["undoes"] == ["r2"]


def test_a_type_made_in_the_same_revision_by_hand(shop: Shop) -> None:
    shop.add("r1", 'op.create_table("users", sa.Column("id", sa.Integer()))')
    shop.add(
        "r2",
        f"mood = {ENUM}\nmood.create(op.get_bind())\nop.add_column('users', sa.Column('m', mood))",
        f"op.drop_column('users', 'm')\n{ENUM}.drop(op.get_bind())",
    )
    shop.add("r3", POSTS, 'op.drop_table("posts")', commit="All")
    shop.migrate()
    before = shop.tables()
    assert shop.roll("users", yes=True).data["undoes"] == ["r2"]
    shop.roll("users", yes=True)
    assert shop.tables() == before
