"""What autogenerate leaves open, settled by answers: directives in, directives out."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy.sql.schema import SchemaItem

from lback.db.directives import describe
from lback.db.settling import parse_value, settle_not_null, settle_renames
from lback.errors import UsageError


class Says:
    """Answers each question in one way, and remembers them."""

    def __init__(self, rename: bool | Sequence[str] = True, value: str | None = "7") -> None:
        self.rename = rename
        self.value = value
        self.asked: list[tuple[str, ...]] = []

    def _renamed(self, new: str) -> bool:
        return self.rename if isinstance(self.rename, bool) else new in self.rename

    def rename_table(self, old: str, new: str) -> bool:
        self.asked.append((old, new))
        return self._renamed(new)

    def rename_column(self, table: str, old: str, new: str, type_: str) -> bool:
        self.asked.append((table, old, new, type_))
        return self._renamed(new)

    def default_for_not_null(self, table: str, column: str, type_: str) -> str | None:
        self.asked.append((table, column, type_))
        return self.value


def context_of(dialect: str = "sqlite") -> MigrationContext:
    return MigrationContext.configure(dialect_name=dialect)


def table(name: str, *items: SchemaItem, schema: str | None = None) -> sa.Table:
    return sa.Table(
        name, sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), *items, schema=schema
    )


def named(type_: Any = None, name: str = "name", **more: Any) -> sa.Column[Any]:
    return sa.Column(name, type_ or sa.String(20), **more)


def gone(old: sa.Table) -> ops.DropTableOp:
    return ops.DropTableOp.from_table(old)


def new(fresh: sa.Table) -> ops.CreateTableOp:
    return ops.CreateTableOp.from_table(fresh)


def renamed(*operations: Any, ask: Says | None = None) -> tuple[str, ...]:
    """Settle the renames of an upgrade(); return its lines."""
    upgrade = ops.UpgradeOps([*operations])
    settle_renames(upgrade, context_of(), ask or Says())
    return lines(upgrade)


def lines(upgrade: ops.UpgradeOps) -> tuple[str, ...]:
    return describe(upgrade, context_of().dialect)


# -- tables ---------------------------------------------------------------------------------


def test_a_table_with_the_same_columns_is_one_that_was_renamed() -> None:
    ask, other = Says(), table("other", named(name="x"))
    told = renamed(
        new(other), gone(table("users", named())), new(table("people", named())), ask=ask
    )
    assert told == ("rename table users to people", "create table other")
    assert ask.asked == [("users", "people")]


@pytest.mark.parametrize(
    ("old", "fresh"),
    [
        (table("a", named()), table("b", named(name="other"))),
        (table("a", named()), table("b", named(), named(name="other"))),
        (table("a", named()), table("b", named(sa.Integer()))),
        (table("a", named()), table("b", named(), schema="s")),
        (table("a", named(), schema="s"), table("b", named())),
    ],
)
def test_another_table_is_none(old: sa.Table, fresh: sa.Table) -> None:
    ask = Says()
    told = renamed(gone(old), new(fresh), ask=ask)
    assert [line.split()[0] for line in told] == ["drop", "create"] and ask.asked == []


def test_who_says_no_drops_and_creates() -> None:
    ask = Says(rename=False)
    told = renamed(gone(table("a", named())), new(table("b", named())), ask=ask)
    assert told == ("drop table a", "create table b")
    assert ask.asked == [("a", "b")]


def test_each_table_is_renamed_once() -> None:
    ask = Says()
    old, fresh = [table(name, named()) for name in "ab"], [table(name, named()) for name in "xy"]
    told = renamed(*map(gone, old), *map(new, fresh), ask=ask)
    assert told == ("rename table b to y", "rename table a to x")
    assert ask.asked == [("a", "x"), ("b", "y")]


def test_the_second_one_may_be_meant() -> None:
    fresh = [table(name, named()) for name in "xy"]
    told = renamed(gone(table("a", named())), *map(new, fresh), ask=Says(rename=["y"]))
    assert told == ("rename table a to y", "create table x")


def changes(
    name: str, *operations: ops.MigrateOperation, schema: str | None = None
) -> ops.ModifyTableOps:
    return ops.ModifyTableOps(name, [*operations], schema=schema)


def dropped(index: sa.Index) -> ops.DropIndexOp:
    return ops.DropIndexOp.from_index(index)


def created(index: sa.Index) -> ops.CreateIndexOp:
    return ops.CreateIndexOp.from_index(index)


def index_of(of: sa.Table, name: str = "ix", *columns: str, unique: bool = False) -> sa.Index:
    return sa.Index(name, *(of.c[column] for column in columns or ("name",)), unique=unique)


@pytest.mark.parametrize("schema", [None, "s"])
def test_an_index_goes_along_with_its_table(schema: str | None) -> None:
    old, fresh = (table(name, named(), schema=schema) for name in ("users", "people"))
    told = renamed(
        gone(old),
        changes("users", dropped(index_of(old)), schema=schema),
        new(fresh),
        changes("people", created(index_of(fresh)), schema=schema),
        changes("users", created(index_of(table("users", named()))), schema="elsewhere"),
    )
    own = f"{schema}." if schema else ""
    assert told[0] == f"rename table {own}users to people"
    assert told[1:] == ("create index ix on users (name)",)  # of another schema


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("ix",), ("other",)),
        (("ix", "name"), ("ix", "id")),
        (("ix", "name", "id"), ("ix", "id", "name")),
    ],
)
def test_another_index_is_dropped_and_made(before: Sequence[str], after: Sequence[str]) -> None:
    old, fresh = table("users", named()), table("people", named())
    upgrade = ops.UpgradeOps(
        [
            gone(old),
            changes("users", dropped(index_of(old, *before))),
            new(fresh),
            changes("people", created(index_of(fresh, *after))),
        ]
    )
    settle_renames(upgrade, context_of(), Says())
    assert [line.split(" (")[0] for line in lines(upgrade)] == [
        "rename table users to people",
        f"drop index {before[0]} on people",
        f"create index {after[0]} on people",
    ]
    assert [part.table_name for part in upgrade.ops[1:]] == ["people", "people"]  # type: ignore[attr-defined]


def test_an_index_that_becomes_unique_is_made_anew() -> None:
    old, fresh = table("users", named()), table("people", named())
    told = renamed(
        gone(old),
        changes("users", dropped(index_of(old))),
        new(fresh),
        changes("people", created(index_of(fresh, unique=True))),
    )
    assert told[1:] == ("drop index ix on people", "create unique index ix on people (name)")


# -- columns --------------------------------------------------------------------------------


def added(column: sa.Column[Any], to: str = "users", schema: str | None = None) -> ops.AddColumnOp:
    return ops.AddColumnOp(to, column, schema=schema)


def taken(column: sa.Column[Any], of: str = "users", schema: str | None = None) -> ops.DropColumnOp:
    return ops.DropColumnOp.from_column_and_tablename(schema, of, column)


def test_a_column_of_the_same_type_is_one_that_was_renamed() -> None:
    ask = Says()
    told = renamed(
        changes("users", added(named(name="full")), taken(named()), added(named(name="more"))),
        ask=ask,
    )
    assert told == ("rename column users.name to full", "add column users.more VARCHAR(20)")
    assert ask.asked == [("users", "name", "full", "VARCHAR(20)")]


def test_a_column_of_another_type_is_none() -> None:
    ask = Says()
    told = renamed(changes("users", added(named(sa.Integer(), "full")), taken(named())), ask=ask)
    assert told == ("add column users.full INTEGER", "drop column users.name") and not ask.asked


def test_the_column_that_is_meant_is_asked_for() -> None:
    ask = Says(rename=["b"])
    told = renamed(
        changes("users", taken(named()), added(named(name="a")), added(named(name="b"))), ask=ask
    )
    assert told == ("add column users.a VARCHAR(20)", "rename column users.name to b")
    assert [question[2] for question in ask.asked] == ["a", "b"]


def test_a_column_of_a_schema() -> None:
    ask = Says()
    (part,) = settled_columns(
        changes(
            "users", taken(named(), schema="s"), added(named(name="full"), schema="s"), schema="s"
        ),
        ask,
    )
    assert (part.table_name, part.column_name, part.modify_name) == ("users", "name", "full")
    assert part.schema == "s" and isinstance(part.existing_type, sa.String)
    assert part.existing_nullable is True
    assert ask.asked[0][0] == "s.users"


def settled_columns(of: ops.ModifyTableOps, ask: Says) -> list[Any]:
    settle_renames(ops.UpgradeOps([of]), context_of(), ask)
    return of.ops


@pytest.mark.parametrize("before", [True, False])
def test_a_rename_that_also_changes_null(before: bool) -> None:
    rename, null = settled_columns(
        changes(
            "users",
            taken(named(nullable=before), schema="s"),
            added(named(name="full", nullable=not before), schema="s"),
            schema="s",
        ),
        Says(),
    )
    assert rename.modify_name == "full" and rename.existing_nullable is before
    assert (null.table_name, null.column_name, null.schema) == ("users", "full", "s")
    assert null.modify_nullable is (not before) and null.existing_nullable is before
    assert isinstance(null.existing_type, sa.String)


# -- NOT NULL beside rows -------------------------------------------------------------------


def settled(
    *operations: ops.MigrateOperation,
    ask: Says | None = None,
    dialect: str = "postgresql",
    batch: bool = False,
    schema: str | None = None,
) -> list[Any]:
    upgrade = ops.UpgradeOps([changes("users", *operations, schema=schema)])
    settle_not_null(upgrade, context_of(dialect), ask or Says(), batch=batch)
    return upgrade.ops


AGE = {"name": "age", "nullable": False}


def age(type_: Any = None, **more: Any) -> sa.Column[Any]:
    return named(type_ or sa.Integer(), **{**AGE, **more})


def default_of(add: ops.AddColumnOp) -> str:
    value: Any = add.column.server_default
    return value.arg if isinstance(value.arg, str) else f"sql:{value.arg.text}"


def test_a_new_column_has_a_default_for_a_moment() -> None:
    ask, column = Says(), age(comment="in years")
    first, second = settled(added(column, schema="s"), ask=ask, schema="s")
    assert ask.asked == [("s.users", "age", "INTEGER")]
    (add,) = first.ops
    assert (add.table_name, add.schema, default_of(add)) == ("users", "s", "7")
    assert add.column is not column and column.server_default is None
    assert add.column.name == "age" and not add.column.nullable
    assert add.column.comment == "in years" and isinstance(add.column.type, sa.Integer)
    assert (second.table_name, second.schema) == ("users", "s")
    (change,) = second.ops
    assert (change.table_name, change.column_name, change.schema) == ("users", "age", "s")
    assert change.modify_server_default is None and change.existing_nullable is False
    assert isinstance(change.existing_type, sa.Integer)


@pytest.mark.parametrize(("batch", "parts"), [(False, 1), (True, 2)])
def test_sqlite_keeps_the_default_but_in_a_batch(batch: bool, parts: int) -> None:
    assert len(settled(added(age()), dialect="sqlite", batch=batch)) == parts


@pytest.mark.parametrize(
    "column",
    [
        age(nullable=True),
        age(server_default="1"),
        age(primary_key=True),
        sa.Column("age", sa.Integer, sa.Computed("1 + 1"), nullable=False),
        sa.Column("age", sa.Integer, sa.Identity(), nullable=False),
    ],
    ids=["null", "default", "key", "computed", "identity"],
)
def test_what_needs_no_value_is_not_asked_for(column: sa.Column[Any]) -> None:
    ask = Says()
    ((part,),) = ([one.ops for one in settled(added(column), ask=ask)],)
    assert part[0].column is column and not ask.asked


def test_who_has_no_value_adds_it_without() -> None:
    column = age()
    (part,) = settled(added(column), ask=Says(value=None))
    assert part.ops[0].column is column


@pytest.mark.parametrize(
    ("default", "text"),
    [
        (True, "1"),
        (False, "0"),
        (0, "0"),
        (2.5, "2.5"),
        (Decimal("1.50"), "1.50"),
        ("it's", "it's"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (datetime.time(3, 4), "03:04:00"),
    ],
)
def test_the_models_own_default_is_taken(default: object, text: str) -> None:
    ask = Says()
    first, _ = settled(added(age(sa.String(20), default=default)), ask=ask)
    assert default_of(first.ops[0]) == text and not ask.asked


@pytest.mark.parametrize("default", [list, b"bytes", sa.func.now()])
def test_a_default_that_is_no_text_is_asked_for(default: Any) -> None:
    ask = Says()
    settled(added(age(default=default)), ask=ask)
    assert ask.asked == [("users", "age", "INTEGER")]


def fill(text: str, type_: Any, dialect: str = "postgresql", schema: str | None = None) -> str:
    """Return the statement that comes before NOT NULL."""
    change = ops.AlterColumnOp(
        "users", "age", schema=schema, existing_type=type_, modify_nullable=False
    )
    before, same = settled(change, ask=Says(value=text), dialect=dialect, schema=schema)
    assert same.ops == [change]
    return str(before.sqltext)


@pytest.mark.parametrize(
    ("text", "type_", "sql"),
    [
        ("7", sa.Integer(), "UPDATE users SET age = '7' WHERE age IS NULL"),
        ("it's", sa.Text(), "UPDATE users SET age = 'it''s' WHERE age IS NULL"),
        ("a :b", sa.Text(), "UPDATE users SET age = 'a \\:b' WHERE age IS NULL"),
        ("sql:1 + 1", sa.Integer(), "UPDATE users SET age = 1 + 1 WHERE age IS NULL"),
    ],
)
def test_rows_are_filled_before_a_column_may_be_null_no_longer(
    text: str, type_: Any, sql: str
) -> None:
    assert fill(text, type_) == sql


def test_names_are_quoted_where_they_have_to_be() -> None:
    sql = fill("7", sa.Integer(), schema="my shop")
    assert sql == "UPDATE \"my shop\".users SET age = '7' WHERE age IS NULL"


@pytest.mark.parametrize("nullable", [True, None])
def test_what_may_be_null_is_not_filled(nullable: bool | None) -> None:
    ask = Says()
    change = ops.AlterColumnOp("users", "age", modify_nullable=nullable)
    (part,) = settled(change, ask=ask)
    assert part.ops == [change] and not ask.asked


def test_who_has_no_value_fills_nothing() -> None:
    change = ops.AlterColumnOp("users", "age", modify_nullable=False)
    ask = Says(value=None)
    (part,) = settled(change, ask=ask)
    assert part.ops == [change] and ask.asked == [("users", "age", "")]


def test_the_new_type_is_asked_for() -> None:
    ask = Says()
    change = ops.AlterColumnOp(
        "users",
        "age",
        existing_type=sa.Integer(),
        modify_type=sa.BigInteger(),
        modify_nullable=False,
    )
    settled(change, ask=ask)
    assert ask.asked == [("users", "age", "BIGINT")]


def test_other_directives_stay_where_they_are() -> None:
    other = new(table("other"))
    upgrade = ops.UpgradeOps([other, changes("users", added(age())), other])
    settle_not_null(upgrade, context_of("postgresql"), Says(), batch=False)
    assert [type(part).__name__ for part in upgrade.ops] == [
        *("CreateTableOp", "ModifyTableOps", "ModifyTableOps", "CreateTableOp")
    ]


# -- values ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("True", sa.Boolean(), "1"),
        ("t", sa.Boolean(), "1"),
        (" yes ", sa.Boolean(), "1"),
        ("1", sa.Boolean(), "1"),
        ("FALSE", sa.Boolean(), "0"),
        ("f", sa.Boolean(), "0"),
        ("no", sa.Boolean(), "0"),
        ("0", sa.Boolean(), "0"),
        ("'7'", sa.Integer(), "7"),
        (" 7 ", sa.Integer(), "7"),
        ("7.0", sa.Integer(), "7.0"),
        ("7.5", sa.Numeric(), "7.5"),
        ("'it'", sa.Text(), "it"),
        ('"it"', sa.Text(), "it"),
        ("'it\"", sa.Text(), "'it\""),
        ("'", sa.Text(), "'"),
        ("''", sa.Text(), ""),
        (" it ", sa.Text(), " it "),
        ("now", sa.Text(), "now"),
        ("2026-01-02", sa.Date(), "2026-01-02"),
        ("now", sa.Date(), "sql:CURRENT_TIMESTAMP"),
        ("now()", sa.DateTime(), "sql:CURRENT_TIMESTAMP"),
        ("CURRENT_TIMESTAMP", sa.DateTime(), "sql:CURRENT_TIMESTAMP"),
        ("current_timestamp()", sa.DateTime(), "sql:CURRENT_TIMESTAMP"),
        ("sql:uuid()", sa.Integer(), "sql:uuid()"),
    ],
)
def test_a_value_as_people_write_it(text: str, type_: Any, value: str) -> None:
    read = parse_value(text, type_, "users.age")
    assert (read if isinstance(read, str) else f"sql:{read.text}") == value


@pytest.mark.parametrize(
    ("text", "type_", "says"),
    [
        ("maybe", sa.Boolean(), "users.age is a boolean: write true or false, not 'maybe'"),
        ("seven", sa.Integer(), "users.age is a number; 'seven' is none"),
        ("seven", sa.Numeric(), "users.age is a number; 'seven' is none"),
        ("7.5", sa.Integer(), "users.age is a whole number; '7.5' is none"),
    ],
)
def test_a_value_that_cannot_be(text: str, type_: Any, says: str) -> None:
    with pytest.raises(UsageError) as refusal:
        parse_value(text, type_, "users.age")
    assert refusal.value.message == says


@pytest.mark.parametrize(
    ("dialect", "type_", "text", "default"),
    [
        ("mysql", sa.Text(), "it's", "sql:('it''s')"),
        (
            "mariadb",
            sa.Text(),
            "at 12:30 :x",
            "sql:(CONCAT('at 12:30 ', CHAR(58), 'x'))",
        ),
        ("mysql", sa.JSON(), "{}", "sql:('{}')"),
        ("mysql", sa.LargeBinary(), "x", "sql:('x')"),
        ("mysql", sa.Text(), "sql:now()", "sql:now()"),
        ("mysql", sa.String(20), "x:y", "x:y"),
        ("postgresql", sa.Text(), "x:y", "x:y"),
    ],
)
def test_a_default_that_the_database_takes(
    dialect: str, type_: Any, text: str, default: str
) -> None:
    first, _ = settled(added(age(type_)), ask=Says(value=text), dialect=dialect)
    assert default_of(first.ops[0]) == default
