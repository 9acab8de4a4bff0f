"""How the things of a database of SQLite are made: by the text that SQLite has kept."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlalchemy.engine import Connection

from lback.core.altering.made import Key, Source, Spelling, quoted
from lback.core.schema_diff import Schema
from lback.db.definitions.sqlite import definitions

# What ADD COLUMN takes: no expression, and no time of the day.
_LITERAL = re.compile(r"[+-]?[\d.]+|'(?:[^']|'')*'|NULL|TRUE|FALSE", re.IGNORECASE)


def source(connection: Connection, schema: Schema, _home: str | None = None) -> Source:
    """Return how all of a database is made."""
    things: dict[Key, Spelling] = {}
    for kind, name, table, sql, drop in definitions(connection):
        things[_key(kind, name, table)] = Spelling((sql,), (drop,))
        if kind == "table" and name in schema.tables and "COLLATE" not in sql.upper():
            for column, added in _added(connection, name):
                place = f"ALTER TABLE {quoted(name)} ADD COLUMN {quoted(column)}"
                things["column", name, column] = Spelling((f"{place} {added}".rstrip(),))
    return Source(things)


def _key(kind: str, name: str, table: str) -> Key:
    if kind == "index":
        return "index", table, name
    return kind, None, f"{table}.{name}" if kind == "trigger" else name


def _added(connection: Connection, table: str) -> Iterator[tuple[str, str]]:
    """Yield the columns that may be added to a table that there is, and what of them."""
    rows = connection.exec_driver_sql(f"PRAGMA table_xinfo({quoted(table)})").all()
    for _, name, kind, not_null, default, key, hidden in rows:
        literal = default is None or _LITERAL.fullmatch(default) is not None
        if key or hidden or not literal or (not_null and default is None):
            continue
        said = ("NOT NULL" if not_null else "", f"DEFAULT {default}" if default is not None else "")
        yield name, " ".join(filter(None, (kind, *said)))
