"""Which new name is likely whose, and in which order names change hands."""

from __future__ import annotations

import pytest

from lback.core.drafting.asking import (
    ColumnSketch,
    TableSketch,
    column_candidates,
    in_turn,
    table_candidates,
)


def names(gone: ColumnSketch, *new: ColumnSketch, same: tuple[str, ...] = ()) -> list[str]:
    return [candidate.name for candidate in column_candidates(gone, new, same)]


def test_the_same_type_counts_more_than_anything() -> None:
    gone = ColumnSketch("name", "VARCHAR(50)", position=1)
    full, age = ColumnSketch("full_name", "VARCHAR(50)", position=4), ColumnSketch("nam", "INTEGER")
    assert names(gone, age, full, same=("full_name",)) == ["full_name", "nam"]


def test_a_like_name_place_and_key_come_next() -> None:
    gone = ColumnSketch("user_id", "INTEGER", False, 2, frozenset({"foreign key to users.id"}))
    owner = ColumnSketch("owner_id", "INTEGER", False, 2, frozenset({"foreign key to users.id"}))
    count = ColumnSketch("count", "INTEGER", True, 5)
    assert names(gone, count, owner, same=("count", "owner_id")) == ["owner_id", "count"]


def test_what_is_nothing_like_it_is_no_choice() -> None:
    assert (
        names(ColumnSketch("name", "TEXT", position=1), ColumnSketch("at", "DATE", False, 7)) == []
    )


def test_another_length_is_the_same_kind_of_type() -> None:
    gone = ColumnSketch("name", "VARCHAR(50)", position=1)
    assert names(gone, ColumnSketch("full_name", "VARCHAR(80)", position=1)) == ["full_name"]


def test_tables_go_by_their_columns() -> None:
    columns = tuple(ColumnSketch(name, "INTEGER") for name in ("id", "age", "size"))
    gone = TableSketch("users", columns)
    same, less = TableSketch("people", columns), TableSketch("user", columns[:1])
    other = TableSketch("tags", (ColumnSketch("word", "TEXT"),))
    found = [candidate.name for candidate in table_candidates(gone, [other, less, same])]
    assert found == ["people", "user"]
    assert gone.definition == "id INTEGER; age INTEGER; size INTEGER"


@pytest.mark.parametrize(
    ("renames", "steps"),
    [
        ({}, ()),
        ({"a": "b", "b": "c"}, (("b", "c"), ("a", "b"))),
        ({"a": "b", "b": "a"}, (("a", "a_"), ("b", "a"), ("a_", "b"))),
    ],
)
def test_each_name_is_free_when_its_turn_comes(
    renames: dict[str, str], steps: tuple[tuple[str, str], ...]
) -> None:
    assert in_turn(renames) == steps
