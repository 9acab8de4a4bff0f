"""How the things of a database of MySQL or MariaDB are made: as the server writes them down."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlalchemy.engine import Connection

from lback.core.altering.made import Key, Source, Spelling
from lback.core.schema_diff import Schema
from lback.db.beside.made_keys import quoted
from lback.db.definitions.mysql import definitions

_NAMED = re.compile(
    r"(?P<kind>UNIQUE KEY|(?:FULLTEXT |SPATIAL )?KEY|CONSTRAINT) (?P<name>`(?:[^`]|``)*`) ?"
    r"(?P<rest>FOREIGN KEY|CHECK)?"
)
_COLUMN = re.compile(r"(`(?:[^`]|``)*`) ")
_TABLES = """
    SELECT table_name, engine, table_collation, table_comment FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
"""
_AUTO = "-- AUTO_INCREMENT needs a key by the same statement: do it by hand"


def source(connection: Connection, schema: Schema, _home: str | None = None) -> Source:
    """Return how all of a database is made."""
    things: dict[Key, Spelling] = {}
    storage = {row[0]: row[1:] for row in connection.exec_driver_sql(_TABLES).all()}
    for one in definitions(connection):
        made, drop = (one.make,), (one.drop,)
        if one.kind == "table" and one.name in schema.tables:
            things["table", None, one.name] = Spelling(made, drop)
            things |= _about(one.name, *storage[one.name])
            things |= _parts(one.name, one.make)
        elif one.kind == "trigger":
            things["trigger", None, f"{one.table}.{one.name}"] = Spelling(made, drop)
        elif one.kind == "function":
            things["function", None, one.name] = Spelling(made, drop, (*drop, *made))
        elif one.kind == "view":
            things["view", None, one.name] = Spelling(made, drop)
    return Source(things, whole=True)


def _about(name: str, engine: str, collation: str, comment: str) -> Iterator[tuple[Key, Spelling]]:
    """Yield what is said of a table beside its columns and keys."""
    start = f"ALTER TABLE {quoted(name)}"
    storage = (f"{start} ENGINE = {engine}, COLLATE = {collation}",)
    yield ("storage", None, name), Spelling(storage, (), storage)
    said = (f"{start} COMMENT = {_text(comment)}",)
    yield ("comment", name, ""), Spelling(said, (f"{start} COMMENT = ''",), said)


def _parts(table: str, sql: str) -> Iterator[tuple[Key, Spelling]]:
    """Yield what stands in the lines of a table."""
    start = f"ALTER TABLE {quoted(table)}"
    for line in (each.strip().removesuffix(",") for each in sql.split("\n")[1:-1]):
        add = (f"{start} ADD {line}",)
        if line.startswith("PRIMARY KEY"):
            yield ("primary key", table, ""), Spelling(add, (f"{start} DROP PRIMARY KEY",))
        elif column := _COLUMN.match(line):
            name = _plain(column[1])
            add = (f"{start} ADD COLUMN {line}",)
            counts = " AUTO_INCREMENT" in line and "COMMENT" not in line
            yield (
                ("column", table, name),
                Spelling(
                    (_AUTO,) if counts else add,
                    (f"{start} DROP COLUMN {column[1]}",),
                    (f"{start} MODIFY COLUMN {line}",),
                ),
            )
        elif found := _NAMED.match(line):
            name, rest = _plain(found["name"]), found["rest"]
            if rest == "FOREIGN KEY":
                drop = f"{start} DROP FOREIGN KEY {found['name']}"
                yield ("foreign key", table, name), Spelling(add, (drop,))
            elif rest == "CHECK":
                drop = f"{start} DROP CONSTRAINT {found['name']}"
                yield ("check", table, name), Spelling(add, (drop,))
            else:
                made = Spelling(add, (f"{start} DROP KEY {found['name']}",))
                yield ("index", table, name), made
                yield ("unique constraint", table, name), made


def _plain(name: str) -> str:
    return name[1:-1].replace("``", "`")


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
