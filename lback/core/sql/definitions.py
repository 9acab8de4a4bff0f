"""CREATE, ALTER, DROP and RENAME of tables, views and indexes."""

from __future__ import annotations

from lback.core.effects import Effect
from lback.core.sql.alter import alter_table
from lback.core.sql.objects import OBJECTS
from lback.core.sql.reading import HOLE, CannotRead, Reading
from lback.core.sql.tokens import Cursor, plain_columns


def short(text: str, width: int = 48) -> str:
    """Return the beginning of a text on one line."""
    line = " ".join(text.replace(HOLE, "…").split())
    return line if len(line) <= width else line[: width - 1] + "…"


def create(reading: Reading, cursor: Cursor, piece: str) -> None:
    """Read what follows CREATE."""
    cursor.take("OR", "REPLACE")
    while cursor.take_any(
        "UNIQUE",
        "TEMP",
        "TEMPORARY",
        "GLOBAL",
        "LOCAL",
        "UNLOGGED",
        "FULLTEXT",
        "SPATIAL",
        "RECURSIVE",
        "CONSTRAINT",
        "DEFINER",
        "ALGORITHM",
    ):
        if cursor.take("="):
            while cursor.peek().upper not in ("VIEW", "TRIGGER", "FUNCTION", "PROCEDURE", ""):
                cursor.next()
    unique = any(token.upper == "UNIQUE" for token in cursor.tokens[: cursor.place])
    temporary = any(t.upper in ("TEMP", "TEMPORARY") for t in cursor.tokens[: cursor.place])
    if cursor.take("INDEX"):
        _create_index(reading, cursor, unique)
    elif cursor.take("MATERIALIZED", "VIEW") or cursor.take("VIEW"):
        _create_view(reading, cursor, piece)
    elif cursor.peek().upper in ("TABLE", "VIRTUAL", "FOREIGN"):
        if temporary:
            return
        _create_table(reading, cursor, piece)
    elif cursor.peek().upper in OBJECTS:
        OBJECTS[cursor.next().upper](reading, cursor, "create")
    else:
        raise CannotRead


def _create_index(reading: Reading, cursor: Cursor, unique: bool) -> None:
    cursor.take("CONCURRENTLY")
    guarded = cursor.guard()
    name = None if cursor.peek().upper == "ON" else cursor.name()
    if cursor.take("USING"):
        cursor.next()
    if not cursor.take("ON"):
        raise CannotRead
    cursor.take("ONLY")
    table = cursor.name()
    if cursor.take("USING"):
        cursor.next()
    columns = plain_columns(cursor.group())
    reading.add(
        Effect(
            "create",
            "index",
            table,
            name,
            certain=not guarded,
            detail=("unique " if unique else "") + f"({', '.join(columns)})",
            columns=columns,
            aspects=("unique",) if unique else (),
        )
    )


def _create_view(reading: Reading, cursor: Cursor, piece: str) -> None:
    from lback.core.sql.trees import tables_in_view

    guarded = cursor.guard()
    name = cursor.name()
    if name is None:
        raise CannotRead
    reads = tables_in_view(piece, name)
    reading.add(Effect("create", "view", None, name, certain=not guarded, reads=reads))


def _create_table(reading: Reading, cursor: Cursor, piece: str) -> None:
    from lback.core.sql.trees import read_tree

    start = cursor.place
    cursor.take_any("VIRTUAL", "FOREIGN")
    cursor.take("TABLE")
    guarded = cursor.guard()
    name = cursor.name()
    if name is None:
        raise CannotRead
    partition = cursor.take("PARTITION", "OF")
    if partition or cursor.tokens[start].upper != "TABLE" or not read_tree(reading, piece):
        reading.add(Effect("create", "table", name, name, certain=not guarded))
        if partition:
            parent = cursor.name()
            reading.add(Effect("alter", "table", parent, parent, detail=f"partition {name}"))
        elif cursor.tokens[start].upper == "TABLE":
            reading.cannot_read("columns of a new table that are not understood", (name,))


def drop(reading: Reading, cursor: Cursor, _: str) -> None:
    """Read what follows DROP."""
    if cursor.take("TABLE"):
        _drop_each(reading, cursor, "table")
    elif cursor.take("MATERIALIZED", "VIEW") or cursor.take("VIEW"):
        _drop_each(reading, cursor, "view")
    elif cursor.take("INDEX"):
        _drop_index(reading, cursor)
    elif cursor.peek().upper in OBJECTS:
        OBJECTS[cursor.next().upper](reading, cursor, "drop")
    else:
        raise CannotRead


def _drop_each(reading: Reading, cursor: Cursor, kind: str) -> None:
    guarded = cursor.guard()
    names = cursor.names()
    aspects = ("cascade",) if any(one.upper == "CASCADE" for one in cursor.rest()) else ()
    if not names:
        raise CannotRead
    for name in names:
        table = name if kind == "table" else None
        reading.add(Effect("drop", kind, table, name, certain=not guarded, aspects=aspects))


def _drop_index(reading: Reading, cursor: Cursor) -> None:
    cursor.take("CONCURRENTLY")
    guarded = cursor.guard()
    names = cursor.names()
    table = cursor.name() if cursor.take("ON") else None
    for name in names:
        reading.add(Effect("drop", "index", table, name, certain=not guarded))


def alter(reading: Reading, cursor: Cursor, piece: str) -> None:
    """Read what follows ALTER."""
    cursor.take("FOREIGN")
    if cursor.take("TABLE"):
        alter_table(reading, cursor, short(piece))
    elif cursor.take("INDEX"):
        cursor.guard()
        name = cursor.name()
        if cursor.take("RENAME", "TO"):
            reading.add(Effect("rename", "index", None, name, to=cursor.name()))
        else:
            reading.add(Effect("alter", "index", None, name))
    elif cursor.take("MATERIALIZED", "VIEW") or cursor.take("VIEW"):
        cursor.guard()
        name = cursor.name()
        if cursor.take("RENAME", "TO"):
            reading.add(Effect("rename", "view", None, name, to=cursor.name()))
        else:
            reading.add(Effect("alter", "view", None, name))
    elif cursor.peek().upper in OBJECTS:
        OBJECTS[cursor.next().upper](reading, cursor, "alter")
    else:
        raise CannotRead


def rename(reading: Reading, cursor: Cursor, _: str) -> None:
    """Read what follows RENAME (MySQL)."""
    if not cursor.take("TABLE"):
        raise CannotRead
    while True:
        old = cursor.name()
        if old is None or not cursor.take("TO"):
            raise CannotRead
        reading.add(Effect("rename", "table", old, old, to=cursor.name()))
        if not cursor.take(","):
            return
