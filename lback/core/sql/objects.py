"""SQL about what is not a table: types, sequences, schemas, extensions, routines, triggers."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from lback.core.effects import Effect, Kind
from lback.core.sql.reading import CannotRead, Reading
from lback.core.sql.tokens import Cursor, body_of

Handler = Callable[[Reading, Cursor, str], None]


def _cascades(cursor: Cursor) -> tuple[str, ...]:
    return ("cascade",) if any(one.upper == "CASCADE" for one in cursor.rest()) else ()


def _type(reading: Reading, cursor: Cursor, verb: str) -> None:
    guarded = cursor.guard()
    if verb == "drop":
        names = cursor.names()
        cascades = _cascades(cursor)
        for one in names:
            reading.add(Effect("drop", "enum", None, one, certain=not guarded, aspects=cascades))
        if cascades:
            reading.cannot_read("DROP TYPE ... CASCADE drops the columns that have it", ())
        return
    name = cursor.name()
    if verb == "create":
        values = ""
        if cursor.take("AS", "ENUM"):
            values = ", ".join(body_of(t) for t in cursor.group() if t.kind == "string")
        reading.add(Effect("create", "enum", None, name, detail=values))
    elif cursor.take("RENAME", "TO"):
        reading.add(Effect("rename", "enum", None, name, to=cursor.name()))
    else:
        reading.add(_altered_type(cursor, name))


def _altered_type(cursor: Cursor, name: str | None) -> Effect:
    if cursor.take("ADD", "VALUE"):
        guarded = cursor.guard()
        value = cursor.next()
        shown = body_of(value) if value.kind == "string" else value.text
        return Effect(
            "alter",
            "enum",
            None,
            name,
            certain=not guarded,
            detail=f"add value {shown}",
            aspects=("add value",),
        )
    return Effect("alter", "enum", None, name, detail=" ".join(t.text for t in cursor.rest()))


def _named(kind: str) -> Handler:
    """Return the reader of an object that has a name of its own and belongs to no table."""

    def read(reading: Reading, cursor: Cursor, verb: str) -> None:
        guarded = cursor.guard()
        names = cursor.names() if verb == "drop" else [cursor.name() or ""]
        if not names or names == [""]:
            raise CannotRead
        cascades = _cascades(cursor) if verb == "drop" else ()
        for name in names:
            if verb == "alter" and cursor.take("RENAME", "TO"):
                reading.add(Effect("rename", kind, None, name, to=cursor.name()))
            else:
                reading.add(
                    Effect(
                        cast(Kind, verb),
                        kind,
                        None,
                        name,
                        certain=not guarded,
                        aspects=cascades,
                    )
                )
        if cascades and kind in ("extension", "domain"):
            reading.cannot_read(f"DROP {kind.upper()} ... CASCADE drops columns", ())

    return read


def _on_table(kind: str) -> Handler:
    """Return the reader of an object that belongs to a table: `name ... ON table`."""

    def read(reading: Reading, cursor: Cursor, verb: str) -> None:
        guarded = cursor.guard()
        name = cursor.name()
        table = None
        while not cursor.done:
            if cursor.take("ON"):
                table = cursor.name()
                break
            if cursor.take("TO") and kind == "rule":
                table = cursor.name()
                break
            cursor.next()
        reading.add(Effect(cast(Kind, verb), kind, table, name, certain=not guarded))

    return read


def _database(reading: Reading, cursor: Cursor, verb: str) -> None:
    """Read what is done to the database as a whole; it is the one that is connected to."""
    reading.add(Effect(cast(Kind, verb), "database", None))


def _publication(reading: Reading, cursor: Cursor, verb: str) -> None:
    cursor.guard()
    reading.add(Effect(cast(Kind, verb), "publication", None, cursor.name()))


OBJECTS: dict[str, Handler] = {
    "TYPE": _type,
    "SEQUENCE": _named("sequence"),
    "SCHEMA": _named("schema"),
    "DATABASE": _database,
    "EXTENSION": _named("extension"),
    "FUNCTION": _named("function"),
    "PROCEDURE": _named("function"),
    "AGGREGATE": _named("function"),
    "DOMAIN": _named("domain"),
    "COLLATION": _named("collation"),
    "ROLE": _named("role"),
    "USER": _named("role"),
    "STATISTICS": _named("statistics"),
    "PUBLICATION": _publication,
    "TRIGGER": _on_table("trigger"),
    "EVENT": _on_table("trigger"),
    "RULE": _on_table("rule"),
    "POLICY": _on_table("policy"),
}


def comment(reading: Reading, cursor: Cursor, _: str) -> None:
    """Read COMMENT ON."""
    if not cursor.take("ON"):
        raise CannotRead
    kind = cursor.next().upper
    name = cursor.name()
    if kind == "TABLE":
        reading.add(Effect("alter", "comment", name))
    elif kind == "COLUMN":
        whole = _dotted(cursor, name)
        table, _, column = whole.rpartition(".")
        sets = (("comment", _said(cursor)),)
        reading.add(Effect("alter", "column", table, column, aspects=("comment",), sets=sets))
    elif kind in ("CONSTRAINT", "TRIGGER") and cursor.take("ON"):
        reading.add(Effect("alter", "comment", cursor.name(), name))
    else:
        reading.add(Effect("alter", "comment", None, name))


def _said(cursor: Cursor) -> str:
    """Return the comment itself; "" for NULL, which takes one away."""
    if not cursor.take("IS"):
        return "?"
    token = cursor.peek()
    return (
        body_of(token)
        if token.kind in ("string", "dollar")
        else ""
        if token.upper == "NULL"
        else "?"
    )


def _dotted(cursor: Cursor, name: str | None) -> str:
    """Return the whole name just taken: `Cursor.name` keeps two parts only."""
    parts: list[str] = []
    for token in cursor.tokens[: cursor.place]:
        if token.kind in ("word", "quoted"):
            parts.append(token.text.strip('"`'))
    whole = parts[3:]
    return ".".join(whole[-3:]) or (name or "")


def grant(reading: Reading, cursor: Cursor, _: str) -> None:
    """Read GRANT and REVOKE: rights are not schema, but they need their object to be there."""
    while not cursor.done and not cursor.take("ON"):
        cursor.next()
    if cursor.done:
        return
    kind = cursor.take_any(
        "TABLE", "ALL", "SCHEMA", "SEQUENCE", "FUNCTION", "DATABASE", "TYPE", "PROCEDURE"
    )
    if kind in ("", "TABLE"):
        for name in cursor.names():
            reading.add(Effect("alter", "privileges", name))
    else:
        reading.add(Effect("alter", "privileges", None, cursor.name()))
