"""The SQL of SQLite's own tables, views and triggers, as it is written down in the file."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.engine import Connection

from lback.db.definitions.sqlite import KeptText
from lback.db.own_tables import is_projects
from lback.db.squashing.code import Writer


def not_plain(connection: Connection) -> frozenset[str]:
    """Return virtual tables and what those keep for themselves."""
    rows = connection.exec_driver_sql(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('virtual', 'shadow')"
    )
    return frozenset(str(row[0]) for row in rows)


def write_table(writer: Writer, name: str, things: Sequence[KeptText]) -> None:
    """Write a table and its indexes, as they are among the things of the database."""
    for one in things:
        if one.table == name and one.kind == "table":
            writer.sql(one.make, one.drop)
    for one in things:
        if one.table == name and one.kind == "index":  # which goes with its table
            writer.sql(one.make)


def write_others(writer: Writer, things: Sequence[KeptText]) -> None:
    """Write virtual tables, views and triggers in the order in which they were made."""
    for one in things:
        virtual = one.make.upper().startswith("CREATE VIRTUAL")
        if (one.kind in ("view", "trigger") or virtual) and is_projects(one.table):
            writer.sql(one.make, one.drop)
