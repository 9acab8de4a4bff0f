"""What an effect says that a column is from then on: type, NULL, default, comment."""

from __future__ import annotations

from textwrap import indent

import pytest

from lback.core.effects import Effects
from lback.core.interpreter.reading import read_effects

WRITTEN = {
    'op.add_column("t", sa.Column("a", sa.String(50)))': {
        "type": "String(50)",
        "nullable": "yes",
    },
    'op.add_column("t", sa.Column("a", sa.Text(), nullable=False, server_default="it\'s"))': {
        "type": "Text()",
        "nullable": "no",
        "default": "'it''s'",
    },
    'op.add_column("t", sa.Column("a", sa.DateTime(), server_default=sa.text("now()")))': {
        "type": "DateTime()",
        "nullable": "yes",
        "default": "now()",
    },
    'op.add_column("t", sa.Column("a", sa.Boolean(), nullable=given(), comment="why"))': {
        "type": "Boolean()",
        "nullable": "?",
        "comment": "why",
    },
    'op.add_column("t", sa.Column("a", sa.Integer(), server_default=given()))': {
        "type": "Integer()",
        "nullable": "yes",
        "default": "?",
    },
    'op.add_column("t", sa.Column("a", sa.Integer(), sa.Computed("b * 2")))': {
        "type": "Integer()",
        "nullable": "yes",
        "computed": "b * 2",
    },
    'op.add_column("t", sa.Column("a", sa.Integer(), sa.Identity()))': {
        "type": "Integer()",
        "nullable": "yes",
        "identity": "always or by default",
    },
    'op.alter_column("t", "a", nullable=False)': {"nullable": "no"},
    'op.alter_column("t", "a", nullable=True, server_default=None)': {
        "nullable": "yes",
        "default": "",
    },
    'op.alter_column("t", "a", type_=sa.Text(), comment="hello")': {
        "type": "Text()",
        "comment": "hello",
    },
    "op.execute(\"ALTER TABLE t ADD COLUMN a varchar(20) NOT NULL DEFAULT 'q'\")": {
        "type": "varchar(20)",
        "nullable": "no",
        "default": "'q'",
    },
    "op.execute(\"ALTER TABLE t ADD a int DEFAULT (1 + 2) NOT NULL COMMENT 'x'\")": {
        "type": "int",
        "nullable": "no",
        "default": "(1 + 2)",
        "comment": "x",
    },
    'op.execute("ALTER TABLE t ADD a int GENERATED ALWAYS AS (b * 2) STORED")': {
        "type": "int",
        "nullable": "yes",
        "computed": "b * 2",
    },
    'op.execute("ALTER TABLE t ALTER COLUMN a SET DEFAULT 5")': {"default": "5"},
    'op.execute("ALTER TABLE t ALTER COLUMN a DROP DEFAULT")': {"default": ""},
    'op.execute("ALTER TABLE t ALTER COLUMN a DROP NOT NULL")': {"nullable": "yes"},
    'op.execute("ALTER TABLE t ALTER a TYPE text USING a::text")': {"type": "text"},
    'op.execute("ALTER TABLE t MODIFY a bigint NOT NULL")': {
        "type": "bigint",
        "nullable": "no",
        "default": "",
        "comment": "",
    },
    "op.execute(\"COMMENT ON COLUMN t.a IS 'it''s'\")": {"comment": "it's"},
    'op.execute("COMMENT ON COLUMN t.a IS NULL")': {"comment": ""},
    'op.execute("CREATE TABLE t (a numeric(10, 2) DEFAULT 0 NOT NULL)")': {
        "type": "numeric(10, 2)",
        "nullable": "no",
        "default": "0",
    },
}


@pytest.mark.parametrize("statement", WRITTEN)
def test_a_columns_definition_is_what_the_statement_sets(statement: str) -> None:
    found = next(one for one in _read(statement).upgrade if one.object == "column")
    assert (found.name, dict(found.sets)) == ("a", WRITTEN[statement])


def test_definitions_survive_a_cache() -> None:
    read = _read('op.add_column("t", sa.Column("a", sa.Text(), server_default="x"))')
    assert Effects.from_dict(read.as_dict()) == read


def _read(statement: str) -> Effects:
    head = "from alembic import op\nimport sqlalchemy as sa\nfrom elsewhere import given\n\n"
    return read_effects((head + "def upgrade():\n" + indent(statement, "    ")).encode())
