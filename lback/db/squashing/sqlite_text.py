"""The SQL of SQLite's own tables, views and triggers, as it is written down in the file."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.db.schema import is_projects
from lback.db.squashing.code import Writer


def not_plain(connection: Connection) -> frozenset[str]:
    """Return virtual tables and what those keep for themselves."""
    rows = connection.exec_driver_sql(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('virtual', 'shadow')"
    )
    return frozenset(str(row[0]) for row in rows)


def write_table(connection: Connection, writer: Writer, name: str) -> None:
    """Write a table and its indexes."""
    writer.sql(_made(connection, "table", name), f"DROP TABLE {_quoted(name)}")
    for index in _names(connection, "index", name):
        writer.sql(_made(connection, "index", index))


def write_others(connection: Connection, writer: Writer) -> None:
    """Write virtual tables, views and triggers in the order in which they were made."""
    rows = connection.exec_driver_sql(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL AND (type IN "
        "('view', 'trigger') OR sql LIKE 'CREATE VIRTUAL%') ORDER BY rowid"
    )
    for kind, name, table, sql in rows:
        if is_projects(table):
            word = "TRIGGER" if kind == "trigger" else "VIEW" if kind == "view" else "TABLE"
            writer.sql(sql, f"DROP {word} {_quoted(name)}")


def _names(connection: Connection, kind: str, table: str) -> list[str]:
    rows = connection.execute(
        sa.text(
            "SELECT name FROM sqlite_master WHERE type = :kind AND tbl_name = :name "
            "AND sql IS NOT NULL ORDER BY rowid"
        ),
        {"kind": kind, "name": table},
    )
    return [str(row[0]) for row in rows]


def _made(connection: Connection, kind: str, name: str) -> str:
    query = sa.text("SELECT sql FROM sqlite_master WHERE type = :kind AND name = :name")
    return str(connection.execute(query, {"kind": kind, "name": name}).scalar_one())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
