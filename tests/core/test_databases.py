"""What a database is called, what tells it from others, and its row in a result."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lback.core.databases import BAD, STATES, DatabaseName, NamedDatabase, StatedDatabase
from lback.errors import LbackError

PLAIN = DatabaseName("postgresql://u@h/shop")
TENANT = DatabaseName("postgresql://u@h/shop", "acme", "first")


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAIN, url="postgresql://u@h/other"),
        replace(PLAIN, schema="acme"),
        replace(PLAIN, table="versions"),
        replace(PLAIN, number=2),
    ],
)
def test_each_part_tells_two_apart(other: DatabaseName) -> None:
    assert other.key != PLAIN.key


def test_what_env_py_calls_it_makes_no_other_database() -> None:
    assert replace(TENANT, name="second", apart=True).key == TENANT.key
    assert len(TENANT.key) == 12
    assert DatabaseName("x", "ab").key != DatabaseName("xa", "b").key


@pytest.mark.parametrize(
    ("name", "shown", "short", "distinct"),
    [
        (PLAIN, "postgresql://u@h/shop", "postgresql://u@h/shop", False),
        (TENANT, "first (postgresql://u@h/shop, schema acme)", "first", True),
        (replace(TENANT, name=""), "postgresql://u@h/shop, schema acme", "acme", True),
        (replace(TENANT, name="acme"), "postgresql://u@h/shop, schema acme", "acme", True),
        (replace(PLAIN, number=2), "postgresql://u@h/shop, number 2", PLAIN.url, True),
        (replace(PLAIN, name="shop"), "shop (postgresql://u@h/shop)", "shop", True),
    ],
)
def test_names(name: DatabaseName, shown: str, short: str, distinct: bool) -> None:
    assert (str(name), name.short, name.distinct) == (shown, short, distinct)


def test_only_a_schema_with_plain_names_of_its_own_is_locked_alone() -> None:
    assert TENANT.locked == ""
    assert replace(TENANT, apart=True).locked == "acme"


def test_a_row_says_which_one_and_why_it_failed() -> None:
    row = StatedDatabase.of(TENANT, LbackError("It is down.", "Start it."), state="unreachable")
    assert (row.name, row.url, row.schema) == ("first", TENANT.url, "acme")
    assert (row.message, row.hint) == ("It is down.", "Start it.")
    assert (row.title, row.state) == (str(TENANT), "unreachable")


def test_a_row_of_a_plain_one_that_did_not_fail() -> None:
    row = NamedDatabase.of(PLAIN, None)
    assert (row.name, row.url, row.schema) == (None, PLAIN.url, None)
    assert (row.message, row.hint, row.title) == (None, None, PLAIN.url)


def test_a_row_of_what_env_py_did_not_come_to() -> None:
    row = NamedDatabase.of(None, LbackError("env.py failed.", "Mend it."))
    assert (row.name, row.url, row.schema, row.title) == (None, None, None, "env.py")
    assert (row.message, row.hint) == ("env.py failed.", "Mend it.")


def test_what_a_person_has_to_look_at() -> None:
    assert {"failed", "locked", "unreachable", "lost", "killed", "interrupted", "left"} == BAD
    assert {"done", "current", "pending", "empty", "behind", "ahead"} <= set(STATES) - BAD
