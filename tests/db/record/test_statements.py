"""Statements about the record are made once for all databases of a kind."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import create_engine

from lback.db.record.reading import Recorded
from lback.db.record.statements import insertion, prepared
from lback.db.record.table import RECORD, RecordPlace, make

PLACE = RecordPlace(None, "alembic_version")


def test_databases_of_a_kind_share_a_statement() -> None:
    """Two engines are given the same one; what is quoted in another way is another."""
    found = []
    for quote in ('"', '"', "`"):
        engine = create_engine("sqlite://")
        engine.dialect.identifier_preparer.initial_quote = quote
        with engine.connect() as connection:
            found.append(insertion(connection, PLACE.table))
    assert found[0] is found[1]
    assert found[0] is not found[2]


def test_schemas_do_not_share_a_statement() -> None:
    """Each schema has a record of its own."""
    with create_engine("sqlite://").connect() as connection:
        tables = [RecordPlace(name, "v").table for name in ("a", "b", "a")]
        one, two, again = (insertion(connection, table) for table in tables)
    assert one is again
    assert one is not two


def test_as_many_as_anybody_needs_are_kept() -> None:
    """Statements of many schemas do not pile up."""
    with create_engine("sqlite://").connect() as connection:
        kept = [
            prepared(("n", number), connection, RECORD, lambda: sa.select(sa.literal_column("1")))
            for number in range(450)
        ]
        last = prepared(("n", 449), connection, RECORD, lambda: sa.select(sa.null()))
    assert last is kept[-1]


def test_the_last_steps_are_found_by_one_question() -> None:
    """The newest row, and the newest that was not done, of this version table alone."""
    engine = create_engine("sqlite://")
    statements: list[str] = []
    with engine.connect() as connection:
        make(connection, PLACE)
        row = dict.fromkeys([column.name for column in RECORD.columns], "")
        row |= {"started_at": sa.func.current_timestamp(), "seconds": 0, "process": 1, "body": b""}
        for number, (outcome, table) in enumerate(
            [("done", "alembic_version"), ("failed", "alembic_version"), ("started", "other")], 1
        ):
            values = row | {
                "id": number,
                "direction": "upgrade",
                "outcome": outcome,
                "version_table": table,
                "revision": f"r{number}",
            }
            connection.execute(RECORD.insert().values(values))
        sa.event.listen(
            connection, "before_cursor_execute", lambda *given: statements.append(given[2])
        )
        recorded = Recorded(connection, PLACE)
        assert recorded.newest() == 2
        assert [step.revision for step in recorded.open_ended()] == ["r2"]
        assert [step.revision for step in recorded.steps()] == ["r1", "r2"]
        assert recorded.steps()[0].started_at.year > 2000
    assert sum("max(" in statement for statement in statements) == 1


def test_the_shape_of_the_table_is_part_of_a_question() -> None:
    """An older table that lacks a column is asked for others."""
    for lacks in ((), ("git_user",), ()):
        engine = create_engine("sqlite://")
        with engine.connect() as connection:
            names = [column for column in RECORD.columns if column.name not in lacks]
            sa.Table(RECORD.name, sa.MetaData(), *(column._copy() for column in names)).create(
                connection
            )
            recorded = Recorded(connection, PLACE)
            assert recorded.steps() == ()
            assert recorded.why_not is None
            assert recorded.is_whole == (not lacks)
