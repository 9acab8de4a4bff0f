"""What later revisions need of what an undo takes away, and which values are at stake."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import dedent, indent
from typing import Any

import pytest

from lback.core.effects import Effects
from lback.core.interpreter.reading import read_effects
from lback.core.rollback.stakes import DataLoss, rows_written, shown, stakes, total
from lback.core.rollback.uses import Dependent, first_use

HEAD = "from alembic import op\nimport sqlalchemy as sa\n\n\ndef upgrade():\n"
DROP_TABLE = 'op.drop_table("t")'
DROP_COLUMN = 'op.drop_column("t", "c")'
RENAME_COLUMN = 'op.alter_column("t", "c", new_column_name="d")'
REFER = 'op.create_foreign_key("fk", "u", "t", ["t_id"], ["c"])'
VIEW = "op.execute('CREATE VIEW v AS SELECT c FROM t')"


def text(code: str) -> str:
    return HEAD + indent(dedent(code).strip(), "    ") + "\n"


def read(code: str) -> Effects:
    return read_effects(text(code).encode())


def use(undoing: str, *later: str, same: Sequence[str] = (), **other: Any) -> Dependent | None:
    names = [f"r{number}" for number in range(1, len(later) + 1)]
    texts = {one: text(code) for one, code in zip(names, later, strict=True)}
    effects = {one: read(code) for one, code in zip(names, later, strict=True)}
    return first_use(read(undoing).upgrade, names, effects, other.get("texts", texts), same)


@pytest.mark.parametrize(
    ("undoing", "later", "place", "words"),
    [
        (DROP_TABLE, REFER, 6, "it refers to what would go"),
        (DROP_TABLE, 'op.create_table(\n"u",\nsa.Column("i", sa.ForeignKey("t.c")))', 6,
         "it refers to what would go"),
        (DROP_COLUMN, REFER, 6, "it refers to what would go"),
        (RENAME_COLUMN, REFER, 6, "it refers to what would go"),
        (DROP_COLUMN, 'op.create_table("u", sa.Column("i", sa.ForeignKey("T.C")))', 6,
         "it refers to what would go"),
        (DROP_COLUMN, "op.execute('ALTER TABLE u ADD FOREIGN KEY (i) references t (c)')", 6,
         "it refers to what would go"),
        (DROP_TABLE, VIEW, 6, "create view v: it reads what would go"),
        (DROP_COLUMN, VIEW, 6, "create view v: it reads what would go"),
        (DROP_COLUMN, "op.execute('INSERT INTO u (a) SELECT c FROM t')", 6,
         "insert rows into u (a): it reads what would go"),
        (DROP_COLUMN, "op.get_bind().execute(sa.text('SELECT c FROM t'))", 1,
         "it reads what would go"),
        (DROP_COLUMN, 'op.alter_column("t", "c", nullable=False)', 6,
         "it is a later change of column t.c"),
        ('op.drop_index("ix", "t")', 'op.drop_index("ix", "t")', 6,
         "it is a later change of index ix"),
        ('op.alter_column("t", "c", type_=sa.Text())', 'op.alter_column("t", "c", type_=sa.Date())',
         6, "it is a later change of column t.c"),
    ],
)  # fmt: skip
def test_what_is_needed_is_named(undoing: str, later: str, place: int, words: str) -> None:
    found = use(undoing, "op.drop_table('x')", later)
    assert found is not None
    assert (found.revision, found.line) == ("r2", place)
    assert found.message.endswith(words)


@pytest.mark.parametrize(
    ("undoing", "later"),
    [
        (DROP_TABLE, []),
        (DROP_TABLE, ['op.create_foreign_key("fk", "u", "w", ["t_id"], ["c"])']),
        # the foreign key has gone since
        (DROP_TABLE, [REFER, 'op.drop_constraint("fk", "u", type_="foreignkey")']),
        (DROP_TABLE, [REFER, 'op.drop_table("u")']),
        (
            DROP_TABLE,
            [
                "op.execute('ALTER TABLE u ADD FOREIGN KEY (i, j) REFERENCES t (c, d)')",
                'op.drop_column("u", "i")',
            ],
        ),
        # of the table itself, and of another column
        (DROP_COLUMN, ['op.create_foreign_key("fk", "t", "t", ["p"], ["c"])']),
        (DROP_COLUMN, ['op.create_foreign_key("fk", "u", "t", ["t_id"], ["id"])']),
        (DROP_COLUMN, ['op.create_table("u", sa.Column("i", sa.ForeignKey("t.cc")))']),
        # the view has gone since
        (DROP_TABLE, [VIEW, 'op.execute("DROP VIEW v")']),
        (DROP_COLUMN, ["op.execute('CREATE VIEW v AS SELECT cc FROM t')"]),
        (DROP_COLUMN, ["op.execute('CREATE VIEW v AS SELECT c FROM u')"]),
        (DROP_COLUMN, ['op.alter_column("t", "e", nullable=False)']),
        (DROP_COLUMN, ['op.add_column("u", sa.Column("c", sa.Integer()))']),
        # copied by hand: the table stays
        ('op.drop_table("t")\nop.create_table("t", sa.Column("a", sa.Integer()))', [REFER]),
        (
            'op.create_table("n", sa.Column("a", sa.Integer()))\nop.drop_table("t")\n'
            'op.rename_table("n", "t")',
            [REFER],
        ),
        # both sides go
        ('op.drop_table("t")\nop.drop_table("u")', [REFER]),
    ],
)
def test_what_is_not_needed_may_go(undoing: str, later: list[str]) -> None:
    found = use(undoing, *later)
    assert found is None or "later change" in found.message


def test_a_later_change_of_what_has_no_table_counts() -> None:
    found = use("op.execute('DROP SEQUENCE s')", "op.execute('ALTER SEQUENCE s RESTART')")
    assert found is not None
    assert found.message.endswith("it is a later change of sequence s")


def test_a_reference_that_is_made_again_counts() -> None:
    gone = 'op.drop_constraint("fk", "u", type_="foreignkey")'
    found = use(DROP_TABLE, REFER, gone, REFER)
    assert found is not None
    assert found.revision == "r3"
    other = use(DROP_TABLE, REFER, 'op.drop_constraint("gk", "u", type_="foreignkey")')
    assert other is not None
    assert other.revision == "r1"
    elsewhere = use(DROP_TABLE, REFER, 'op.drop_table("w")', 'op.drop_column("u", "x")')
    assert elsewhere is not None
    assert elsewhere.revision == "r1"


def test_a_view_that_is_made_again_counts() -> None:
    found = use(DROP_TABLE, VIEW, 'op.execute("DROP VIEW v")', VIEW)
    assert found is not None
    assert found.revision == "r3"
    written = use(
        DROP_COLUMN, "op.execute('INSERT INTO u (a) SELECT c FROM t')", "op.drop_table('u')"
    )
    assert written is not None
    assert written.message.startswith("insert")


def test_of_the_undone_file_only_the_lines_of_the_statement_count() -> None:
    code = "op.execute('INSERT INTO u (a) SELECT e FROM t')\n" + "\n" * 12 + "op.drop_table('c')"
    assert use(DROP_COLUMN, code, same=["r1"]) is None
    found = use(DROP_COLUMN, code)
    assert found is not None
    assert found.line == 6
    near = "op.execute('INSERT INTO u (a) SELECT e FROM t'\n" + "\n" * 10 + "  ' WHERE c')"
    assert use(DROP_COLUMN, near, same=["r1"]) is not None
    asked = "op.get_bind().execute(sa.text('SELECT c FROM t'))"
    assert use(DROP_COLUMN, asked, same=["r1"]) is None
    assert use(DROP_TABLE, asked, same=["r1"]) is not None
    assert use(DROP_COLUMN, near, texts={}) is None


@pytest.mark.parametrize(
    ("code", "lost", "kept"),
    [
        ("", "", ""),
        (DROP_TABLE, "t", "t"),
        (DROP_COLUMN, "t.c", "t.c"),
        (f"{DROP_COLUMN}\n{DROP_TABLE}", "t", "t"),
        (f"{DROP_COLUMN}\nop.drop_table('u')", "t.c u", "t.c u"),
        ('op.create_table("t", sa.Column("c", sa.Integer()))\n' + DROP_TABLE, "", ""),
        ('op.add_column("t", sa.Column("c", sa.Integer()))\n' + DROP_COLUMN, "", ""),
        (
            'op.add_column("t", sa.Column("c", sa.Integer()))\nop.drop_column("t", "d")',
            "t.d", "t.d",
        ),
        # under another name by then
        ('op.rename_table("t", "u")\nop.drop_table("u")', "t", "t"),
        ('op.rename_table("t", "u")\nop.drop_column("u", "c")', "t.c", "t.c"),
        (RENAME_COLUMN + '\nop.drop_column("t", "d")', "t.c", "t.c"),
        (
            'op.add_column("t", sa.Column("c", sa.Integer()))\n' + RENAME_COLUMN
            + '\nop.drop_column("t", "d")',
            "", "",
        ),
        # a copy takes the place of the table
        (
            'op.create_table("n", sa.Column("c", sa.Integer()))\nop.drop_table("t")\n'
            'op.rename_table("n", "t")',
            "", "t",
        ),
        ('op.drop_table("t")\nop.rename_table("u", "t")', "t", "t"),
        # written over
        ('op.alter_column("t", "c", type_=sa.Text())', "", "t.c"),
        ('op.alter_column("t", "c", nullable=False)', "", ""),
        ("op.execute('UPDATE t SET c = 1, d = 2')", "", "t.c t.d"),
        ("op.execute('DELETE FROM t WHERE c = 1')", "", "t"),
        ("op.execute('INSERT INTO t (c) VALUES (1)')", "", ""),
        (RENAME_COLUMN + "\nop.execute('UPDATE t SET d = 1')", "", "t.c"),
        (
            'op.add_column("t", sa.Column("d", sa.Integer()))\n'
            "op.execute('UPDATE t SET d = 1')",
            "", "",
        ),
        (
            'op.create_table("t", sa.Column("c", sa.Integer()))\nop.execute("DELETE FROM t")\n'
            'op.drop_column("t", "c")\nop.drop_column("u", "c")',
            "u.c", "u.c",
        ),
        ("op.execute('DROP VIEW v')\nop.drop_index('ix')\n" + DROP_TABLE, "t", "t"),
        # with all that is in it
        ("op.execute('DROP SCHEMA s')", "s.*", "s.*"),
        ("op.execute('DROP DATABASE d')", "d.*.*", "d.*.*"),
        (f"op.execute('CREATE SCHEMA s')\n{DROP_COLUMN}", "t.c", "t.c"),
    ],
)  # fmt: skip
def test_what_is_at_stake(code: str, lost: str, kept: str) -> None:
    found = stakes(read(code or "pass").upgrade)
    places = [
        " ".join(table + (f".{column}" if column else "") for table, column in part)
        for part in (found.lost, found.kept)
    ]
    assert places == [lost, kept]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (DROP_COLUMN, ((), False)),
        ("op.execute('UPDATE t SET c = 1')", (("t",), False)),
        ("op.execute('DELETE FROM t')\nop.rename_table('t', 'u')", (("t", "u"), False)),
        ("op.rename_table('t', 'u')\nop.execute('DELETE FROM t')", (("t",), False)),
        ("op.execute(other())", ((), True)),
    ],
)
def test_the_tables_whose_rows_are_written(code: str, expected: tuple[object, ...]) -> None:
    assert rows_written([read(code)]) == expected


@pytest.mark.parametrize(
    ("place", "expected"), [("t", "t"), ("s.t", "s.t"), ("s.*", "s.*"), ("d.*.*", "d.*")]
)
def test_a_place_is_shown_as_people_write_it(place: str, expected: str) -> None:
    assert shown(place) == expected


def test_what_several_databases_lose_is_added_up() -> None:
    lost = [DataLoss("t", "c", 2), DataLoss("t", None, 1), DataLoss("t", "c", 3)]
    assert total(lost) == (DataLoss("t", "c", 5), DataLoss("t", None, 1))
