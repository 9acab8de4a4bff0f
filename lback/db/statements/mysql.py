"""How the things of a database of MySQL or MariaDB are made: as the server writes them down."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlalchemy.engine import Connection

from lback.core.altering.made import Key, Source, Spelling
from lback.core.schema_diff import Schema
from lback.db.beside.definitions import quoted
from lback.db.schema import DEFINER

_NAMED = re.compile(
    r"(?P<kind>UNIQUE KEY|(?:FULLTEXT |SPATIAL )?KEY|CONSTRAINT) (?P<name>`(?:[^`]|``)*`) ?"
    r"(?P<rest>FOREIGN KEY|CHECK)?"
)
_COLUMN = re.compile(r"(`(?:[^`]|``)*`) ")
_COUNTER = re.compile(r" AUTO_INCREMENT=\d+(?=[^\n]*\Z)")
_TRIGGERS = """
    SELECT trigger_name, event_object_table, action_timing, event_manipulation, action_statement
    FROM information_schema.triggers WHERE trigger_schema = DATABASE()
    ORDER BY event_object_table, action_timing, event_manipulation, action_order
"""
_ROUTINES = """
    SELECT routine_type, routine_name FROM information_schema.routines
    WHERE routine_schema = DATABASE()
"""
_TABLES = """
    SELECT table_name, engine, table_collation, table_comment FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'
"""
_AUTO = "-- AUTO_INCREMENT needs a key by the same statement: do it by hand"


def source(connection: Connection, schema: Schema, _home: str | None = None) -> Source:
    """Return how all of a database is made."""
    things: dict[Key, Spelling] = {}
    for name, engine, collation, comment in connection.exec_driver_sql(_TABLES).all():
        if name not in schema.tables:
            continue
        place = quoted(name)
        sql = connection.exec_driver_sql(f"SHOW CREATE TABLE {place}").one()[1]
        things["table", None, name] = Spelling((_COUNTER.sub("", sql),), (f"DROP TABLE {place}",))
        storage = (f"ALTER TABLE {place} ENGINE = {engine}, COLLATE = {collation}",)
        things["storage", None, name] = Spelling(storage, (), storage)
        said = (f"ALTER TABLE {place} COMMENT = {_text(comment)}",)
        things["comment", name, ""] = Spelling(said, (f"ALTER TABLE {place} COMMENT = ''",), said)
        things |= _parts(name, sql)
    for view, sql in schema.views.items():
        if sql is not None:
            things["view", None, view] = Spelling((sql,), (f"DROP VIEW {quoted(view)}",))
    return Source({**things, **dict(_coded(connection))}, whole=True)


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


def _coded(connection: Connection) -> Iterator[tuple[Key, Spelling]]:
    """Yield what has code in it: triggers and routines, without who has written them."""
    for name, table, *when, body in connection.exec_driver_sql(_TRIGGERS).all():
        place = quoted(name)
        sql = f"CREATE TRIGGER {place} {' '.join(when)} ON {quoted(table)} FOR EACH ROW {body}"
        yield ("trigger", None, f"{table}.{name}"), Spelling((sql,), (f"DROP TRIGGER {place}",))
    for kind, name in connection.exec_driver_sql(_ROUTINES).all():
        place = quoted(name)
        sql = connection.exec_driver_sql(f"SHOW CREATE {kind} {place}").one()[2]
        made, drop = (DEFINER.sub(r"\1", sql),), (f"DROP {kind} {place}",)
        yield ("function", None, name), Spelling(made, drop, (*drop, *made))


def _plain(name: str) -> str:
    return name[1:-1].replace("``", "`")


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
