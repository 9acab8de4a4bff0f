"""Where a database shows something else than the texts have promised of a rollback."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from lback.core.rollback.promise import Promise, TableFate, departure, promise
from lback.core.schema_diff import Column, Constraint, Schema, Table
from tests.core.rollback.facts import written

INTEGER = {"type": "INTEGER", "nullable": "yes"}
PLAIN = Column("INTEGER", True, None, None)


def schema(**tables: Table) -> Schema:
    return Schema(tables)


def table(*indexes: str, **columns: Column) -> Table:
    return Table(columns, indexes=tuple(Constraint(name, "") for name in indexes))


def told(fate: TableFate | None, before: Schema, after: Schema, **more: Any) -> str | None:
    """Return what departs from a promise about the table t, in one line."""
    fates = () if fate is None else (fate,)
    apart = departure(Promise(fates, frozenset({"t"}), **more), before, after, lambda name: name)
    return None if apart is None else " ".join(part for part in apart if part)


STAYS = TableFate("t", "t", {"a": INTEGER}, {"a": INTEGER})
T = table(a=PLAIN)
PART = Table({"a": PLAIN}, part_of="t")
DEEP = Table({"a": PLAIN}, part_of="o")


def test_what_was_promised_has_come() -> None:
    assert told(STAYS, schema(t=T), schema(t=T)) is None
    assert told(TableFate("t", None), schema(t=T), schema()) is None
    assert told(TableFate(None, "t", {}, {"a": INTEGER}), schema(), schema(t=T)) is None


@pytest.mark.parametrize(
    ("fate", "before", "after", "says"),
    [
        (TableFate("t", None), schema(t=T), schema(t=T), "table t new"),
        (TableFate("t", "u"), schema(t=T), schema(t=T), "table u missing"),
        (TableFate("t", "u"), schema(t=T), schema(t=T, u=T), "table t new"),
        (TableFate(None, "t", {}, {}), schema(), schema(), "table t missing"),
        (STAYS, schema(t=T), schema(t=table()), "table t changed columns column a is missing"),
        (STAYS, schema(t=T), schema(t=table(a=PLAIN, b=PLAIN)),
         "table t changed columns column b is still there"),
        (TableFate("t", "t", {"b": INTEGER}, {}), schema(t=table(A=PLAIN, B=PLAIN)),
         schema(t=table(A=PLAIN, B=PLAIN)), "table t changed columns column b is still there"),
        (TableFate("t", "t"), schema(t=T), schema(t=table(a=PLAIN._replace(nullable=False))),
         "table t changed columns column a: it has changed"),
        (TableFate("t", "t", going=frozenset({"ix"})), schema(t=table("IX", a=PLAIN)),
         schema(t=table("IX", a=PLAIN)), "table t changed indexes ix is still there"),
        (TableFate("t", "t", coming=frozenset({"ix"})), schema(t=T), schema(t=T),
         "table t changed indexes ix is missing"),
    ],
)  # fmt: skip
def test_a_table_that_is_another_one(
    fate: TableFate, before: Schema, after: Schema, says: str
) -> None:
    assert told(fate, before, after) == says


def test_a_table_of_another_database_is_nobodys_word() -> None:
    assert told(TableFate("t", "t", {"a": INTEGER}, {}), schema(), schema()) is None


def test_an_index_that_was_never_there_need_not_go() -> None:
    fate = TableFate("t", "t", going=frozenset({"ix"}))
    assert told(fate, schema(t=T), schema(t=table("ix", a=PLAIN))) is None


# -- columns that were there ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "then", "was", "column", "why"),
    [
        ({}, {}, PLAIN, PLAIN._replace(type="TEXT"), "its type is TEXT, not INTEGER"),
        ({}, {}, PLAIN, PLAIN._replace(nullable=False), "its nullable is False, not True"),
        ({}, {}, PLAIN, PLAIN._replace(default="1"), "its default is 1, not None"),
        ({}, {}, PLAIN, PLAIN._replace(comment="x"), None),
        ({"type": "?"}, {}, PLAIN, PLAIN._replace(type="TEXT"), None),
        ({}, {"type": "?"}, PLAIN, PLAIN._replace(type="TEXT"), None),
        ({"nullable": "?"}, {}, PLAIN._replace(nullable=False),
         PLAIN._replace(nullable=False), None),
        ({}, {"nullable": "?"}, PLAIN, PLAIN, None),
        ({"default": "?"}, {}, PLAIN._replace(default="7"), PLAIN._replace(default="7"), None),
        ({}, {"default": "?"}, PLAIN, PLAIN, None),
        ({}, {"type": "TEXT"}, PLAIN, PLAIN, "its type is still INTEGER"),
        ({}, {"type": "INT"}, PLAIN, PLAIN, None),
        ({}, {"type": "TEXT"}, PLAIN, PLAIN._replace(type="TEXT"), None),
        ({}, {"nullable": "no"}, PLAIN, PLAIN, "it may be NULL"),
        ({}, {"nullable": "no"}, PLAIN, PLAIN._replace(nullable=False), None),
        ({}, {"nullable": "no"}, PLAIN._replace(nullable=False), PLAIN, None),
        ({"nullable": "no"}, {"nullable": "yes"}, PLAIN._replace(nullable=False),
         PLAIN._replace(nullable=False), "it must not be NULL"),
        ({}, {"default": "7"}, PLAIN, PLAIN, "its default is None"),
        ({}, {"default": "7"}, PLAIN, PLAIN._replace(default="7"), None),
        ({}, {"default": "7"}, PLAIN._replace(default="1"), PLAIN._replace(default="1"), None),
        ({"default": "7"}, {"default": ""}, PLAIN._replace(default="7"),
         PLAIN._replace(default="7"), "its default is 7"),
        ({"default": "7"}, {"default": "8"}, PLAIN._replace(default="7"),
         PLAIN._replace(default="7"), None),
    ],
)  # fmt: skip
def test_a_column_that_was_there(
    now: dict[str, str], then: dict[str, str], was: Column, column: Column, why: str | None
) -> None:
    fate = TableFate("t", "t", {"a": {**INTEGER, **now}}, {"a": {**INTEGER, **then}})
    said = told(fate, schema(t=table(a=was)), schema(t=table(a=column)))
    assert said == (why and f"table t changed columns column a: {why}")


# -- columns that come back -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("then", "column", "why"),
    [
        ({}, PLAIN, None),
        ({"nullable": "no"}, PLAIN, "it may be NULL"),
        ({}, PLAIN._replace(nullable=False), "it must not be NULL"),
        ({"nullable": "?"}, PLAIN._replace(nullable=False), None),
        ({"key": "yes"}, PLAIN._replace(nullable=False), None),
        ({}, PLAIN._replace(default="7"), "its default is 7, not None"),
        ({}, PLAIN._replace(default="NULL"), None),
        ({"default": "null"}, PLAIN, None),
        ({"default": "7"}, PLAIN, "its default is None, not 7"),
        ({"default": "7"}, PLAIN._replace(default="'7'"), None),
        ({"default": "?"}, PLAIN._replace(default="7"), None),
        ({"identity": "always"}, PLAIN._replace(default="nextval()"), None),
        ({"computed": "1"}, PLAIN._replace(default="7"), None),
        ({"type": "TIMESTAMP"}, Column("TIMESTAMP", True, "now()", None), None),
        ({"type": "MOOD"}, Column("MOOD", True, "'x'", None), None),
        ({"type": "TEXT"}, PLAIN, "its type is INTEGER"),
        ({"type": "MOOD"}, PLAIN, None),
        ({"type": "BIGINT"}, PLAIN, "its type is INTEGER"),
        ({"type": "VARCHAR(20)"}, PLAIN._replace(type="VARCHAR(20)"), None),
        ({"type": "VARCHAR(20)"}, PLAIN._replace(type="VARCHAR(30)"), "its type is VARCHAR(30)"),
        ({"type": "VARCHAR(20)"}, PLAIN._replace(type="VARCHAR"), None),
        ({"type": "NUMERIC(8, 2)"}, PLAIN._replace(type="NUMERIC(8, 2)"), None),
        ({"type": "NUMERIC(8)"}, PLAIN._replace(type="NUMERIC(8, 0)"), None),
        ({"type": "NUMERIC(8, 2)"}, PLAIN._replace(type="NUMERIC(9, 2)"),
         "its type is NUMERIC(9, 2)"),
        ({"type": "NUMERIC(8, 2)"}, PLAIN._replace(type="NUMERIC(8, 3)"),
         "its type is NUMERIC(8, 3)"),
        ({"type": "NUMERIC(8, 2)"}, PLAIN._replace(type="NUMERIC"), None),
    ],
)  # fmt: skip
def test_a_column_that_comes_back(then: dict[str, str], column: Column, why: str | None) -> None:
    fate = TableFate("t", "t", {}, {"a": {**INTEGER, **then}})
    said = told(fate, schema(t=table()), schema(t=table(a=column)))
    assert said == (why and f"table t changed columns column a: {why}")


# -- other tables ---------------------------------------------------------------------------

KEYED = Table({"a": PLAIN}, foreign_keys=(Constraint("fk", "(a) -> t"),))


@pytest.mark.parametrize(
    ("before", "after", "more", "says"),
    [
        (schema(o=T), schema(o=T), {}, None),
        (schema(o=T), schema(), {}, "table o missing"),
        (schema(o=T), schema(), {"unread": True}, None),
        (schema(), schema(o=T), {}, "table o new"),
        (schema(), schema(T=T), {}, None),
        (schema(o=T), schema(o=table()), {}, "table o changed columns column a is gone"),
        (schema(o=table()), schema(o=T), {}, "table o changed columns column a is new"),
        (schema(o=T), schema(o=table(a=PLAIN._replace(default="7"))), {},
         "table o changed columns column a is another one"),
        (schema(o=T), schema(o=table(a=PLAIN._replace(type="MOOD"))), {"retyped": True}, None),
        (schema(o=T), schema(o=table()), {"retyped": True},
         "table o changed columns column a is gone"),
        (schema(o=T), schema(o=KEYED), {}, "table o changed"),
        (schema(o=T), schema(o=KEYED), {"renames": True}, None),
        (schema(o=T), schema(o=table("ix", a=PLAIN)), {"renames": True}, "table o changed"),
        (schema(b=T, c=T), schema(), {}, "table b missing"),
        (schema(t=T, o=PART, p=DEEP), schema(), {}, None),
        (schema(t=T, o=PART), schema(t=T), {}, "table o missing"),
        (schema(t=T, o=PART), schema(t=T, o=table()), {}, None),
        (schema(q=T, o=Table({}, part_of="q")), schema(), {}, "table o missing"),
    ],
)  # fmt: skip
def test_other_tables_stay_as_they_are(
    before: Schema, after: Schema, more: dict[str, Any], says: str | None
) -> None:
    assert told(None, before, after, **more) == says


# -- what is promised -----------------------------------------------------------------------

USERS = ('op.create_table("users", sa.Column("id", sa.Integer()))', 'op.drop_table("users")')
NOTE = (
    'op.add_column("users", sa.Column("note", sa.Text()))\n'
    'op.create_index("ix", "users", ["note"])',
    'op.drop_index("ix")\nop.drop_column("users", "note")',
)
CALLED = ('op.rename_table("users", "people")', 'op.rename_table("people", "users")')
GONE = ('op.drop_table("users")', USERS[0])
PERHAPS = (f"if x:\n    {USERS[0]}", USERS[1])
PERHAPS_NOTE = (f"if x:\n    {NOTE[0].splitlines()[0]}", "pass")
UNREAD = ("import other\nother.go(op)", "pass")


def promised(*codes: tuple[str, str], undoes: int = 1, **more: Any) -> list[str]:
    """Return the fates of the tables where the last of a line of revisions go down."""
    names = "abcdef"[: len(codes)]
    line = "".join(f"; {one}<{before}" for before, one in pairwise(names))
    facts = written(f"a{line}", dict(zip(names, codes, strict=True)))
    going = names[-undoes:]
    doing = [effect for name in reversed(going) for effect in facts.effects[name].downgrade]
    made = promise(facts.graph, facts.effects, facts.applied, going, doing, "sqlite", **more)
    return [
        f"{fate.before}({' '.join(sorted(fate.now))}) -> "
        f"{fate.after}({' '.join(sorted(fate.then))}){''.join(f' -{name}' for name in fate.going)}"
        for fate in made.fates
    ]


@pytest.mark.parametrize(
    ("codes", "more", "expected"),
    [
        ([USERS, NOTE], {}, ["users(id note) -> users(id) -ix"]),
        ([USERS, NOTE], {"undoes": 2}, ["users(id note) -> None()"]),
        ([USERS, CALLED], {}, ["people(id) -> users(id)"]),
        ([USERS, GONE], {}, ["None() -> users(id)"]),
        # nobody knows all of a table that no revision makes, or that one makes perhaps
        ([UNREAD[::-1], NOTE], {}, []),
        ([PERHAPS, NOTE], {}, []),
        ([USERS, PERHAPS_NOTE, NOTE], {}, []),
        ([USERS, UNREAD, NOTE], {}, []),
        # what stays does something of its own
        ([USERS, NOTE], {"touched_later": ["users"]}, []),
        ([USERS, NOTE], {"own": ["posts"]}, []),
    ],
)  # fmt: skip
def test_what_the_texts_say_for_certain_is_promised(
    codes: list[tuple[str, str]], more: dict[str, Any], expected: list[str]
) -> None:
    assert promised(*codes, **more) == expected


WRITES = ("pass", "op.execute('UPDATE users SET id = 1')\nop.drop_index('ix', 'posts')")
REFERS = ('op.create_foreign_key("fk", "notes", "users", ["a"], ["id"])', "pass")
COPIES = ("op.execute('INSERT INTO new (a) SELECT a FROM old')", "op.execute('DELETE FROM new')")
UNREAD_TABLE = ("op.execute('ALTER TABLE posts FROBNICATE')", "pass")
ENUM = ("pass", "op.execute('DROP TYPE mood')")
DOMAIN = ("pass", "op.execute('ALTER DOMAIN short DROP NOT NULL')")
COLUMN = (
    'op.alter_column("users", "id", new_column_name="key")',
    'op.alter_column("users", "key", new_column_name="id")',
)


@pytest.mark.parametrize(
    ("code", "own", "written_to", "flags"),
    [
        (NOTE, "users", "", ""),
        (USERS, "users", "", "renames"),
        (CALLED, "people users", "", "renames"),
        (COLUMN, "key users", "", "renames"),
        (WRITES, "", "users", ""),
        (COPIES, "new old", "new", ""),
        (REFERS, "notes users", "", ""),
        (UNREAD, "", "", "unread"),
        (UNREAD_TABLE, "posts", "", ""),
        (ENUM, "", "", "retyped"),
        (DOMAIN, "", "", "retyped"),
    ],
)
def test_what_else_is_known_of_a_rollback(
    code: tuple[str, str], own: str, written_to: str, flags: str
) -> None:
    facts = written("a; b<a", {"a": USERS, "b": code})
    doing = facts.effects["b"].downgrade
    made = promise(facts.graph, facts.effects, facts.applied, ["b"], doing, "postgresql")
    assert sorted(made.own) == own.split()
    assert sorted(made.written) == written_to.split()
    told = {"unread": made.unread, "retyped": made.retyped, "renames": made.renames}
    assert [name for name, is_so in told.items() if is_so] == flags.split()
