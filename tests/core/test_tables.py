"""A table's life: names, changes and columns over graphs of every shape."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import dedent, indent

import pytest

from lback.core.effects import Effects
from lback.core.interpreter.reading import read_effects
from lback.core.tables import TableLife, latest_change, life


class Line:
    """A graph made of parents; revisions are written in topological order."""

    def __init__(self, parents: dict[str, tuple[str, ...]]) -> None:
        self.parents = parents

    def order(self) -> tuple[str, ...]:
        return tuple(self.parents)

    def ancestors(self, ids: Iterable[str]) -> frozenset[str]:
        found: set[str] = set()
        waiting = list(ids)
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting.extend(self.parents[one])
        return frozenset(found)


def effects(body: str) -> Effects:
    head = "from alembic import op\nimport sqlalchemy as sa\n\ndef upgrade():\n"
    return read_effects((head + indent(dedent(body), "    ")).encode())


def line(*bodies: str) -> tuple[Line, dict[str, Effects]]:
    names = [f"r{n}" for n in range(1, len(bodies) + 1)]
    parents = {name: tuple(names[max(0, n - 1) : n]) for n, name in enumerate(names)}
    return Line(parents), {n: effects(b) for n, b in zip(names, bodies, strict=True)}


def told(table: str, *bodies: str) -> TableLife:
    graph, found = line(*bodies)
    return life(table, graph, found)


def changes(found: TableLife) -> list[tuple[str, int]]:
    return [(one.revision, len(one.effects)) for one in found.changes]


CREATE = 'op.create_table("users", sa.Column("id", sa.Integer()), sa.Column("mail", sa.Text()))'


def test_changes_come_newest_first_and_only_of_this_table() -> None:
    found = told(
        "users",
        CREATE,
        'op.create_table("posts", sa.Column("u", sa.Integer(), sa.ForeignKey("users.id")))',
        'op.add_column("users", sa.Column("age", sa.Integer()))',
        'op.create_index("ix", "users", ["age"])\nop.drop_table("other")',
        'op.execute("UPDATE users SET age = 1")',
    )
    assert changes(found) == [("r5", 1), ("r4", 1), ("r3", 1), ("r1", 3)]
    assert [one.name for one in found.columns] == ["id", "mail", "age"]
    assert found.exists and found.found and found.names == ("users",)
    assert [one.revision for one in found.references] == ["r2"]


def test_a_table_keeps_its_life_through_renames() -> None:
    bodies = (
        CREATE,
        'op.rename_table("users", "people")',
        'op.add_column("people", sa.Column("age", sa.Integer()))',
        'op.execute("ALTER TABLE people SET SCHEMA crm")',
        'op.drop_column("people", "mail", schema="crm")',
    )
    for name in ("users", "people", "crm.people"):
        found = told(name, *bodies)
        assert found.names == ("crm.people", "people", "users")
        assert changes(found) == [("r5", 1), ("r4", 1), ("r3", 1), ("r2", 1), ("r1", 3)]
    assert [(one.name, one.dropped_by) for one in found.gone] == [("mail", "r5")]


def test_an_old_name_may_be_given_to_another_table() -> None:
    bodies = (
        CREATE,
        'op.rename_table("users", "old_users")',
        'op.create_table("users", sa.Column("key", sa.Integer()))',
    )
    assert changes(told("users", *bodies)) == [("r3", 2)]
    assert changes(told("old_users", *bodies)) == [("r2", 1), ("r1", 3)]


def test_a_column_keeps_its_origin_through_renames() -> None:
    found = told(
        "users",
        CREATE,
        'op.alter_column("users", "mail", new_column_name="email")',
        'op.alter_column("users", "email", type_=sa.String(90))',
    )
    email = found.columns[1]
    assert email.names == ("email", "mail")
    assert (email.added_by, email.changed_by, email.type) == ("r1", "r3", "String(90)")


def test_dropped_and_made_again_is_one_life() -> None:
    found = told(
        "users",
        CREATE,
        'op.drop_table("users")',
        'op.create_table("users", sa.Column("id", sa.Integer()))',
    )
    assert changes(found) == [("r3", 2), ("r2", 1), ("r1", 3)]
    assert [(one.name, one.added_by) for one in found.columns] == [("id", "r3")]
    assert {(one.name, one.dropped_by) for one in found.gone} == {("id", "r2"), ("mail", "r2")}


def test_a_copy_that_takes_the_place_is_the_same_table() -> None:
    found = told(
        "users",
        CREATE,
        """
        op.execute("CREATE TABLE users_new (id INTEGER, mail TEXT, age INTEGER)")
        op.execute("INSERT INTO users_new (id, mail) SELECT id, mail FROM users")
        op.execute("DROP TABLE users")
        op.execute("ALTER TABLE users_new RENAME TO users")
        """,
        'op.drop_column("users", "age")',
    )
    assert found.names == ("users",)
    assert [one.revision for one in found.changes] == ["r3", "r2", "r1"]
    assert [(one.name, one.added_by) for one in found.columns] == [("id", "r1"), ("mail", "r1")]
    assert [(one.name, one.added_by) for one in found.gone] == [("age", "r2")]


def test_an_index_dropped_by_name_alone_is_the_tables() -> None:
    found = told(
        "users", CREATE + '\nop.create_index("ix", "users", ["id"])', 'op.drop_index("ix")'
    )
    assert changes(found)[0] == ("r2", 1)


def test_a_rename_on_a_parallel_branch_has_not_happened() -> None:
    graph = Line({"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")})
    found = {
        "a": effects(CREATE),
        "b": effects('op.rename_table("users", "people")'),
        "c": effects('op.add_column("users", sa.Column("age", sa.Integer()))'),
        "d": Effects(),
    }
    people = life("people", graph, found)
    assert [one.revision for one in people.changes] == ["c", "b", "a"]
    assert latest_change(people, graph) == ("c", "b")


def test_only_what_is_applied_counts() -> None:
    graph, found = line(CREATE, 'op.drop_column("users", "mail")')
    applied = life("users", graph, found, within=frozenset({"r1"}))
    assert [one.revision for one in applied.changes] == ["r1"]
    assert [one.name for one in applied.columns] == ["id", "mail"]


def test_an_unknown_table_gets_names_like_it() -> None:
    found = told("user", CREATE)
    assert not found.found
    assert found.near == ("users",)


def test_what_could_not_be_read_is_a_doubt() -> None:
    found = told(
        "users", CREATE, "import other\nother.go(op)", 'op.execute("ALTER TABLE posts DANCE")'
    )
    assert [one.revision for one in found.doubts] == ["r2"]


@pytest.mark.parametrize("given", ["users", "public.users", "USERS"])
def test_a_table_is_found_however_it_is_written(given: str) -> None:
    assert told(given, CREATE).found


def test_uncertain_changes_are_marked() -> None:
    found = told("users", CREATE, 'if other():\n    op.drop_column("users", "mail")')
    assert [(one.revision, one.certain) for one in found.changes] == [("r2", False), ("r1", True)]


def definition(found: TableLife, name: str) -> dict[str, str]:
    return dict(next(one for one in found.columns if one.name == name).definition)


def test_a_column_is_what_it_became_last() -> None:
    found = told(
        "users",
        'op.create_table("users", sa.Column("a", T(), nullable=False, server_default="x"))',
        'op.alter_column("users", "a", nullable=True)',
        'op.alter_column("users", "a", server_default=None, type_=sa.Text())',
        'op.alter_column("users", "a", new_column_name="b", comment="why")',
        "op.execute(\"ALTER TABLE users ALTER b SET DEFAULT 'y'\")",
    )
    said = {"type": "Text()", "nullable": "yes", "default": "'y'", "comment": "why"}
    assert definition(found, "b") == said


def test_what_is_not_said_of_an_alteration_is_not_known() -> None:
    found = told(
        "users",
        'op.create_table("users", sa.Column("a", sa.Integer(), server_default="1"))',
        'op.alter_column("users", "a", server_default=compute())',
    )
    assert definition(found, "a")["default"] == "?"


def test_a_primary_key_refuses_null() -> None:
    found = told("t", 'op.create_table("t", sa.Column("a", sa.Integer()))')
    assert definition(found, "a")["nullable"] == "yes"
    found = told(
        "t",
        'op.create_table("t", sa.Column("a", sa.Integer()), sa.PrimaryKeyConstraint("a"))',
    )
    assert definition(found, "a")["nullable"] == "no"


def deeds(found: TableLife, name: str) -> list[tuple[str, str, str]]:
    column = next(one for one in found.columns if one.name == name)
    return [(one.revision, one.word, one.effect.object) for one in column.deeds]


def test_a_column_remembers_every_change_of_it() -> None:
    found = told(
        "users",
        'op.create_table("users", sa.Column("a", sa.Integer()))',
        'op.alter_column("users", "a", new_column_name="b")',
        'op.create_index("ix", "users", ["b"])',
        'op.alter_column("users", "b", nullable=False)',
        'op.drop_index("ix")',
        'op.alter_column("users", "b", new_column_name="c")',
    )
    assert deeds(found, "c") == [
        ("r1", "added", "column"),
        ("r2", "renamed", "column"),
        ("r3", "added", "index"),
        ("r4", "changed", "column"),
        ("r5", "dropped", "index"),
        ("r6", "renamed", "column"),
    ]


ENUM = 'sa.Enum("a", "b", name="mood")'


def test_an_enum_type_belongs_to_every_table_that_has_it() -> None:
    found = told(
        "users",
        """op.execute("CREATE TYPE mood AS ENUM ('a', 'b')")""",
        f'op.create_table("users", sa.Column("m", {ENUM}))',
        'op.create_table("posts", sa.Column("id", sa.Integer()))',
        """op.execute("ALTER TYPE mood ADD VALUE 'c'")""",
    )
    assert [one.revision for one in found.changes] == ["r4", "r2", "r1"]
    assert deeds(found, "m")[-1] == ("r4", "changed", "enum")


def test_a_type_that_is_named_in_sql_belongs_to_the_table() -> None:
    found = told(
        "users",
        CREATE,
        """op.execute("CREATE TYPE mood AS ENUM ('a', 'b')")""",
        """op.execute("ALTER TABLE users ADD COLUMN m mood")""",
        """op.execute("ALTER TYPE mood ADD VALUE 'c'")""",
    )
    assert [one.revision for one in found.changes] == ["r4", "r3", "r2", "r1"]
    assert [(one.object, one.name) for one in found.parts] == [("type", "mood")]


def test_a_type_of_another_table_is_no_change() -> None:
    found = told(
        "posts",
        'op.create_table("posts", sa.Column("id", sa.Integer()))',
        f'op.create_table("users", sa.Column("m", {ENUM}))',
        """op.execute("ALTER TYPE mood ADD VALUE 'c'")""",
    )
    assert [one.revision for one in found.changes] == ["r1"]


def test_a_view_of_one_table_belongs_to_it() -> None:
    found = told(
        "users",
        CREATE,
        'op.execute("CREATE VIEW mails AS SELECT mail FROM users")',
        'op.execute("DROP VIEW mails")',
    )
    assert [one.revision for one in found.changes] == ["r3", "r2", "r1"]


def test_indexes_and_constraints_have_a_life_of_their_own() -> None:
    found = told(
        "users",
        CREATE,
        'op.create_unique_constraint("uq", "users", ["mail"])',
        'op.create_index("ix", "users", ["mail"])',
        'op.drop_constraint("uq", "users")',
    )
    shown = {one.name: (one.object, one.gone, len(one.deeds)) for one in found.parts if one.name}
    assert shown == {"uq": ("constraint", True, 2), "ix": ("index", False, 1)}


def test_a_column_older_than_the_migrations_has_no_one_who_added_it() -> None:
    found = told("users", 'op.alter_column("users", "old", nullable=False)')
    assert [(one.name, one.added_by) for one in found.columns] == [("old", None)]


def test_what_only_another_database_runs_changes_no_column() -> None:
    found = told(
        "users",
        CREATE,
        """
        if op.get_bind().dialect.name == "mssql":
            op.alter_column("users", "mail", type_=sa.VARCHAR(9))
        """,
    )
    assert definition(found, "mail")["type"] == "Text()"
    assert [one.revision for one in found.changes] == ["r2", "r1"]
