from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lback.core.messages import proofs
from lback.core.schema_diff import Column, Constraint, Difference, Schema, Table, difference

ID = Column("INTEGER", nullable=False, default=None, comment=None)
NAME = Column("VARCHAR(20)", nullable=True, default=None, comment=None)
USERS = Table({"id": ID, "name": NAME}, ("id",), indexes=(Constraint("ix", "on name"),))
SHOP = Schema({"users": USERS}, {"v": "SELECT 1"}, {"mood": ("a", "b")})


def users(**changes: Any) -> Schema:
    return replace(SHOP, tables={"users": replace(USERS, **changes)})


CHANGED = {
    "table users: column name would be missing": users(columns={"id": ID}),
    "table users: column age would still be there": users(columns={**USERS.columns, "age": ID}),
    "table users: column name: its type would be TEXT, not VARCHAR(20)": users(
        columns={"id": ID, "name": NAME._replace(type="TEXT")}
    ),
    "table users: column id: its nullable would be True, not False": users(
        columns={"id": ID._replace(nullable=True), "name": NAME}
    ),
    "table users: column name: its default would be 'x', not None": users(
        columns={"id": ID, "name": NAME._replace(default="'x'")}
    ),
    "table users: its primary key would be id, name, not id": users(primary_key=("id", "name")),
    "table users: its primary key would be none, not id": users(primary_key=()),
    "table users: its comment would be people, not none": users(comment="people"),
    "table users: its index ix would be missing": users(indexes=()),
    "table users: its index iy would still be there": users(
        indexes=(*USERS.indexes, Constraint("iy", "on id"))
    ),
    "table users: its index ix would be another one": users(indexes=(Constraint("ix", "on id"),)),
    "table users: its foreign key fk would still be there": users(
        foreign_keys=(Constraint("fk", "to t"),)
    ),
    "table users: its unique constraint uq would still be there": users(
        unique_constraints=(Constraint("uq", "of id"),)
    ),
    "table users: its check constraint ck would still be there": users(
        check_constraints=(Constraint("ck", "id > 0"),)
    ),
    "table users: its check constraints would be id > 0, id > 1, not none": users(
        check_constraints=(Constraint(None, "id > 0"), Constraint(None, "id > 1"))
    ),
    "table users is gone": replace(SHOP, tables={}),
    "table pets is there": replace(SHOP, tables={"users": USERS, "pets": Table({})}),
    "view v is gone": replace(SHOP, views={}),
    "view w is there": replace(SHOP, views={**SHOP.views, "w": None}),
    "view v has changed": replace(SHOP, views={"v": "SELECT 2"}),
    "enum mood is gone": replace(SHOP, enums={}),
    "enum mood has changed": replace(SHOP, enums={"mood": ("b", "a")}),
}


@pytest.mark.parametrize(("said", "after"), CHANGED.items(), ids=CHANGED)
def test_what_has_changed(said: str, after: Schema) -> None:
    found = difference(SHOP, after)
    assert found is not None and proofs.changed(found) == said


def test_the_same_schema() -> None:
    columns = {"name": NAME, "id": ID}  # in another order
    assert difference(SHOP, users(columns=columns)) is None
    assert difference(Schema(), Schema()) is None


def test_on_the_way_back_a_constraint_may_have_got_a_name() -> None:
    bare, named = Constraint(None, "to t"), Constraint("fk", "to t")
    before, after = users(foreign_keys=(bare,)), users(foreign_keys=(named,))
    assert difference(before, after) is not None
    assert difference(before, after, back=True) is None
    assert difference(after, before, back=True) is not None  # a name is lost
    twice = users(foreign_keys=(bare, named))
    assert difference(before, twice, back=True) is not None
    assert difference(before, users(foreign_keys=(Constraint("fk", "to u"),)), back=True)


def test_the_first_difference_is_told_in_the_order_of_kinds_and_names() -> None:
    others = {"b": Table({}), "a": Table({}), **SHOP.tables}
    assert difference(SHOP, Schema(others, {}, SHOP.enums)) == Difference("table a", "new")
    assert difference(SHOP, Schema(others, {}, {})) == Difference("enum mood", "missing")
    both = users(columns={"id": NAME, "name": ID}, primary_key=())
    assert difference(SHOP, both) == Difference(
        "table users", "changed", "columns", "column id: its type would be VARCHAR(20), not INTEGER"
    )


def test_a_part_of_a_schema() -> None:
    shop = replace(SHOP, tables={"users": USERS, "stamp": Table({})})
    assert shop.only({"users", "gone"}) == Schema({"users": USERS})
    assert shop.without({"stamp", "gone"}) == SHOP


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Difference("table t", "new"), "table t is there in one order only"),
        (Difference("table t", "missing"), "table t is there in one order only"),
        (Difference("table t", "changed", "indexes", "…"), "table t: its indexes differ"),
        (Difference("view v", "changed"), "view v: its definition differs"),
    ],
)
def test_how_two_orders_differ(found: Difference, said: str) -> None:
    message = proofs.orders_differ("SQLite in memory", found)
    assert message == f"on SQLite in memory the two orders do not come to one schema: {said}"
