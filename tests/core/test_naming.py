"""When two names mean one object, and which table is meant by a name."""

from __future__ import annotations

import pytest

from lback.core.effects import Effect, Effects
from lback.core.graph.graph import Graph
from lback.core.graph.revision import Header, Revision
from lback.core.naming import beside, key, meant, same_name
from lback.core.tables import TableLife, life


@pytest.mark.parametrize(
    ("left", "right", "dialect", "same"),
    [
        ("users", "users", None, True),
        ("users", "public.users", None, True),
        ("users", "public.users", "postgresql", True),
        ("users", "public.users", "mysql", False),
        ("users", "main.users", "sqlite", True),
        ("users", "main.users", "postgresql", False),
        ("users", "billing.users", None, False),
        ("billing.users", "tenant.users", None, False),
        ("Users", "users", None, True),
        ("shop.billing.users", "billing.users", None, True),
        ("a" * 63 + "b", "a" * 63 + "c", None, True),
        ("é" * 32, "é" * 31, None, True),
        ("users", None, None, False),
    ],
)
def test_one_object(left: str, right: str | None, dialect: str | None, same: bool) -> None:
    assert same_name(left, right, dialect) is same
    assert same_name(right, left, dialect) is same


@pytest.mark.parametrize(
    ("name", "names", "may_be"),
    [
        ("users", ["users", "Users"], ["users"]),
        ("Users", ["users", "Users"], ["users", "Users"]),
        ("USERS", ["users", "carts"], ["users"]),
        ("é" * 40, ["é" * 31], ["é" * 31]),
        ("users", ["user"], []),
    ],
)
def test_what_a_name_in_a_text_may_be(name: str, names: list[str], may_be: list[str]) -> None:
    assert meant(name, names) == may_be


def test_an_index_is_in_the_schema_of_its_table() -> None:
    assert beside("billing.users", "ix") == "billing.ix"
    assert beside("users", "ix") == "ix"
    assert key("public.ix") == key("ix")


def told(table: str, *effects: Effect) -> TableLife:
    graph = Graph([Revision(Header("r1"), "r1.py", "")])
    return life(table, graph, {"r1": Effects(effects)})


def made(table: str, *columns: str) -> list[Effect]:
    return [
        Effect("create", "table", table, table),
        *(Effect("create", "column", table, one) for one in columns),
    ]


def test_a_bare_name_is_the_table_of_the_default_schema_alone() -> None:
    both = [*made("users", "a"), *made("billing.users", "b")]
    assert [one.name for one in told("users", *both).columns] == ["a"]
    assert [one.name for one in told("public.users", *both).columns] == ["a"]
    assert [one.name for one in told("billing.users", *both).columns] == ["b"]
    alone = told("users", *made("billing.users", "b"))
    assert not alone.found
    assert alone.near == ("billing.users",)


def test_two_tables_whose_names_differ_by_their_case() -> None:
    both = [*made("users", "a"), *made("Users", "b"), Effect("create", "column", "users", "c")]
    assert [one.name for one in told("users", *both).columns] == ["a", "c"]
    assert [one.name for one in told("Users", *both).columns] == ["b"]
    assert [one.name for one in told("USERS", *made("users", "a")).columns] == ["a"]


def test_an_index_of_one_name_in_two_schemas() -> None:
    ours = Effect("create", "index", "users", "ix", columns=("a",))
    theirs = Effect("create", "index", "billing.users", "ix", columns=("b",))
    drop = Effect("drop", "index", None, "ix")
    effects = [*made("users", "a"), *made("billing.users", "b"), ours, theirs, drop]
    assert drop in told("users", *effects).changes[0].effects
    assert drop not in told("billing.users", *effects).changes[0].effects
