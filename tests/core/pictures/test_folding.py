"""The schema that revisions build, and what each changes: texts in, tables and changes out."""

from __future__ import annotations

from lback.core.effects import Effects
from lback.core.graph.graph import Graph
from lback.core.graph.revision import Header, Revision
from lback.core.interpreter.reading import read_effects
from lback.core.pictures.folding import FoldedSchema, beside, fold, key_text

HEAD = "from alembic import op\nimport sqlalchemy as sa\n\ndef upgrade():\n"


def effects_of(*lines: str) -> Effects:
    return read_effects((HEAD + "".join(f"    {line}\n" for line in lines)).encode())


def built(*revisions: tuple[str, str | None, tuple[str, ...]]) -> tuple[Graph, dict[str, Effects]]:
    """Make a graph of (id, parent, lines of upgrade())."""
    graph = Graph([Revision(Header(name, (down,) if down else ())) for name, down, _ in revisions])
    return graph, {name: effects_of(*lines) for name, _, lines in revisions}


def told(folded: FoldedSchema) -> dict[str, list[str]]:
    """Return the columns and keys of each table that is there."""
    return {
        shape.name + ("" if shape.certain else " ?"): [
            *(f"{c.name} {c.text}" + ("" if c.certain else " ?") for c in shape.columns),
            *(f"{k.kind} {key_text(k)}" for k in shape.keys),
        ]
        for shape in folded.shapes
    }


def changed(folded: FoldedSchema, revision: str) -> list[str]:
    return [
        f"{one.kind} {one.name}: {one.before} -> {one.after}"
        + (f" was {one.was}" if one.was else "")
        + ("" if one.certain else " ?")
        for one in folded.changes.get(revision, ())
    ]


ID = "sa.Column('id', sa.Integer, primary_key=True)"
USERS = f"op.create_table('users', {ID}, sa.Column('mail', sa.String(80)))"
BY = "sa.Column('by', sa.Integer, sa.ForeignKey('users.id'))"
ORDERS = f"op.create_table('orders', {ID}, {BY})"


def test_tables_columns_and_keys() -> None:
    folded = fold(
        *built(
            ("a", None, (USERS, ORDERS)),
            ("b", "a", ("op.create_index('ix', 'orders', ['by'], unique=True)",)),
        )
    )
    assert told(folded) == {
        "users": ["id Integer not null", "mail String(80)", "primary key (id)"],
        "orders": [
            "id Integer not null",
            "by Integer",
            "primary key (id)",
            "foreign key (by) -> users",
            "index unique (by)",
        ],
    }
    assert changed(folded, "b") == ["index ix: None -> unique (by)"]


def test_what_is_renamed_is_followed() -> None:
    folded = fold(
        *built(
            ("a", None, (USERS, ORDERS)),
            ("b", "a", ("op.rename_table('users', 'people')",)),
            ("c", "b", ("op.alter_column('people', 'mail', new_column_name='email')",)),
            (
                "d",
                "c",
                (
                    "op.alter_column('people', 'email', nullable=False)",
                    "op.drop_column('orders', 'by')",
                ),
            ),
        )
    )
    assert folded.tables[0].names == ("people", "users")
    assert changed(folded, "b") == ["table people: users -> people was users"]
    assert changed(folded, "c") == ["column email: String(80) -> String(80) was mail"]
    assert changed(folded, "d")[:2] == [
        "column email: String(80) -> String(80) not null",
        "column by: Integer -> None",
    ]
    people = folded.tables[0].shape
    assert people is not None and people.certain


def test_a_foreign_key_names_its_table_as_it_is_called_now() -> None:
    folded = fold(
        *built(("a", None, (USERS, ORDERS)), ("b", "a", ("op.rename_table('users', 'people')",)))
    )
    key = next(key for shape in folded.shapes for key in shape.keys if key.kind == "foreign key")
    assert (key.refers_to, key.target) == ("people", 0)


def test_what_may_not_happen_is_marked() -> None:
    folded = fold(
        *built(
            ("a", None, (USERS, ORDERS)),
            (
                "b",
                "a",
                (
                    "if something():",
                    "    op.drop_column('users', 'mail')",
                    "    op.drop_table('orders')",
                ),
            ),
        )
    )
    assert sorted(told(folded)) == ["orders ?", "users ?"]
    assert "mail String(80) ?" in told(folded)["users ?"]
    assert changed(folded, "b") == [
        "column mail: String(80) -> None ?",
        "table orders: orders -> None ?",
    ]


def test_a_table_that_no_revision_makes_is_not_certain() -> None:
    folded = fold(*built(("a", None, ("op.add_column('old', sa.Column('x', sa.Integer))",))))
    assert told(folded) == {"old ?": ["x Integer"]}


def test_a_table_older_than_the_first_revision_is_not_new() -> None:
    column = "op.add_column('old', sa.Column('x', sa.Integer))"
    drop = ("if something():", "    op.drop_table('older')")
    folded = fold(*built(("a", None, (column,)), ("b", "a", drop)))
    assert changed(folded, "a") == ["column x: None -> Integer"]
    assert changed(folded, "b") == ["table older: older -> None ?"]
    assert list(told(folded)) == ["old ?"]


def test_what_cannot_be_read_is_told_of_the_table_or_of_all() -> None:
    folded = fold(
        *built(
            ("a", None, (USERS,)),
            ("b", "a", ("op.execute(text_from_somewhere())",)),
            ("c", "b", ("op.add_column('users', sa.Column(name_of(), sa.Integer))",)),
        )
    )
    assert [doubt.revision for doubt in folded.doubts][:1] == ["b"]
    assert [doubt.revision for doubt in folded.tables[0].doubts] == ["c"]
    assert list(told(folded)) == ["users ?"]


def test_a_dropped_table_has_a_life_and_no_shape() -> None:
    folded = fold(
        *built(("a", None, (USERS,)), ("b", "a", ("op.drop_table('users')",)), ("c", "b", (USERS,)))
    )
    assert changed(folded, "b") == ["table users: users -> None"]
    assert changed(folded, "c")[0] == "table users: None -> users"
    assert len(folded.shapes) == 1


def test_each_side_of_a_fork_changes_what_it_stands_on() -> None:
    longer = "op.alter_column('users', 'mail', type_=sa.String(200))"
    needed = "op.alter_column('users', 'mail', nullable=False)"
    graph, effects = built(
        ("a", None, (USERS,)), ("b", "a", (longer,)), ("c", "a", (needed, ORDERS))
    )
    sides = [fold(graph, {name: effects[name] for name in side}) for side in ("ab", "ac")]
    both = beside(*sides, frozenset("c"))
    assert changed(both, "b") == ["column mail: String(80) -> String(200)"]
    assert changed(both, "c")[0] == "column mail: String(80) -> String(80) not null"
    assert [table.names[0] for table in both.tables] == ["users", "orders"]
    key = next(key for shape in both.shapes for key in shape.keys if key.kind == "foreign key")
    assert key.target == 0
