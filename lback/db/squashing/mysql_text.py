"""The SQL of everything in a database of MySQL or MariaDB, as its server shows it."""

from __future__ import annotations

import re

from sqlalchemy.engine import Connection

from lback.db.beside.definitions import quoted, read_definitions
from lback.db.schema import is_projects
from lback.db.squashing.code import Writer

_DEFINER = re.compile(r"\bDEFINER\s*=\s*`[^`]*`@`[^`]*`\s*", re.IGNORECASE)
_NAME = re.compile(r"\bVIEW\s+(`(?:[^`]|``)+`)", re.IGNORECASE)
_ROUTINE = re.compile(r"\b(FUNCTION|PROCEDURE)\s+(`(?:[^`]|``)+`)", re.IGNORECASE)
_COUNTED = re.compile(r" AUTO_INCREMENT=\d+")


def write(connection: Connection, writer: Writer) -> None:
    """Write tables, routines, views and triggers; a key may name a table that comes later."""
    database = str(connection.engine.url.database)
    made = read_definitions(connection, database)
    own = f"{quoted(database)}."

    def here(sql: str) -> str:
        return _DEFINER.sub("", sql.replace(own, ""))

    # The ways back run in the other order: this one comes last of them.
    writer.add(_KEYS_OFF, _KEYS_ON)
    for sql, _ in made.sequences:
        writer.sql(here(sql), f"DROP SEQUENCE {sql.split()[2].replace(own, '')}")
    for name, sql in made.tables:
        if is_projects(name) and not _is_version_table(connection, name):
            writer.sql(_COUNTED.sub("", sql), f"DROP TABLE {quoted(name)}")
    writer.add(_KEYS_ON, _KEYS_OFF)
    for _, sql in made.routines:
        found = _ROUTINE.search(here(sql))
        writer.sql(here(sql), f"DROP {found[1]} {found[2]}" if found else None)
    for sql in _in_order([here(sql) for sql in made.views]):
        found = _NAME.search(sql)
        writer.sql(sql, f"DROP VIEW {found[1]}" if found else None)
    for _, sql in made.triggers:  # which go with their tables
        writer.sql(here(sql))


_KEYS_OFF = 'op.execute("SET FOREIGN_KEY_CHECKS = 0")'
_KEYS_ON = 'op.execute("SET FOREIGN_KEY_CHECKS = 1")'


def _in_order(views: list[str]) -> list[str]:
    """Return views so that each comes after those that it reads."""
    names = {sql: found[1] for sql in views if (found := _NAME.search(sql))}
    left, done = list(views), []
    while left:
        ready = [
            sql
            for sql in left
            if not any(names[other] in sql for other in left if other != sql and other in names)
        ]
        done += ready or left
        left = [sql for sql in left if sql not in done]
    return done


def _is_version_table(connection: Connection, name: str) -> bool:
    rows = connection.exec_driver_sql(f"SHOW COLUMNS FROM {quoted(name)}").all()
    return [row[0] for row in rows] == ["version_num"]
