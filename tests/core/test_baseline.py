"""Up to which revision a schema without a stamp fits, from small graphs."""

from __future__ import annotations

import pytest

from lback.core.baseline import Baseline, baseline
from lback.core.effects import Effect, Effects
from tests.core.graphs import graph

ORDERS = {
    "a": "create users id",
    "b": "add users mail",
    "c": "create orders id",
    "d": "drop users mail",
    "e": "rename orders sales",
}
GRAPH = "a; b<a; c<b; d<c; e<d; f<e"


def effects(**more: str) -> dict[str, Effects]:
    return {name: Effects(tuple(_read(text))) for name, text in (ORDERS | more).items()}


def _read(text: str) -> list[Effect]:
    word, table, *names = text.split()
    if word == "create":
        columns = (Effect("create", "column", table, name) for name in names)
        return [Effect("create", "table", table), *columns]
    if word == "rename":
        return [Effect("rename", "table", table, to=names[0])]
    if word == "rows":
        return [Effect("insert", "row", table)]
    return [Effect("create" if word == "add" else "drop", "column", table, names[0])]


def found(there: dict[str, str], **more: str) -> Baseline | None:
    columns = {name: frozenset(text.split()) for name, text in there.items()}
    return baseline(graph(GRAPH), {"f": Effects(()), **effects(**more)}, columns, "postgresql")


@pytest.mark.parametrize(
    ("there", "fits", "unseen"),
    [
        ({"users": "id"}, "a", ""),
        ({"users": "id mail other"}, "b", ""),
        ({"users": "id mail", "orders": "id", "elsewhere": "x"}, "c", ""),
        ({"users": "id", "orders": "id"}, "d", ""),
        ({"users": "id", "sales": "id"}, "e", "f"),
        ({"users": "number"}, "", ""),
        ({"users": "id mail", "sales": "id"}, "", ""),
    ],
)
def test_the_last_revision_that_fits(there: dict[str, str], fits: str, unseen: str) -> None:
    told = found(there)
    assert told is not None
    assert ("".join(told.fits), "".join(told.unseen)) == (fits, unseen)
    assert told.first == "a" and told.tables[0] == "users"


def test_revisions_that_do_not_show_are_named() -> None:
    told = found({"users": "id mail"}, c="rows users", d="rows users", e="create sales id")
    assert told is not None and (told.fits, told.unseen) == (("b",), ("c", "d"))


def test_nothing_is_in_the_way_of_other_tables() -> None:
    assert found({"elsewhere": "id"}) is None
    assert found({}) is None


@pytest.mark.parametrize(
    "effect",
    [
        Effect("create", "table", "users", certain=False),
        Effect("create", "table", "users", guarded=True),
        Effect("create", "table", "users", dialect="mysql"),
        Effect("create", "table", "other.users"),
    ],
)
def test_a_table_that_may_not_be_created_again(effect: Effect) -> None:
    there = {"users": frozenset({"id"})}
    assert baseline(graph("a"), {"a": Effects((effect,))}, there, "postgresql") is None


def test_a_table_that_is_dropped_first() -> None:
    does = Effects((Effect("drop", "table", "users"), Effect("create", "table", "users")))
    there = {"users": frozenset({"id"})}
    assert baseline(graph("a"), {"a": does}, there, "sqlite") is None


def test_two_branches_fit_beside_each_other() -> None:
    does = effects()
    there = {"users": frozenset({"id", "mail"}), "orders": frozenset({"id"})}
    told = baseline(graph("a; b<a; c<a"), {one: does[one] for one in "abc"}, there, "sqlite")
    assert told is not None and set(told.fits) == {"b", "c"}
