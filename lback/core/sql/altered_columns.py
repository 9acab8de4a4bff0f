"""What ALTER TABLE does to a column that is there: ALTER, MODIFY, CHANGE."""

from __future__ import annotations

from lback.core.effects import Effect
from lback.core.sql.columns import definition, sequence_options
from lback.core.sql.constraints import own_scope, storage
from lback.core.sql.cursor import Cursor
from lback.core.sql.nested import whole_expression
from lback.core.sql.outcome import CannotRead
from lback.core.sql.seen import Seen
from lback.core.sql.types import type_of

_Sets = tuple[tuple[str, str], ...]


def redefine(cursor: Cursor, table: str, seen: Seen) -> list[Effect]:
    """Read MySQL's MODIFY name definition and CHANGE old new definition."""
    changes = cursor.next().upper == "CHANGE"
    cursor.take("COLUMN")
    guarded = cursor.guard()
    old = cursor.identifier()
    new = cursor.identifier() if changes else old
    found, inner = definition(cursor.rest(), table, new, running=True)
    seen.doubts.update(inner.doubts)
    aspects = ("type", "nullable", *(("not null",) if found.required else ()), "default", "comment")
    altered = Effect(
        "alter",
        "column",
        table,
        old,
        certain=not guarded,
        guarded=guarded,
        detail=f"type {found.type}",
        aspects=aspects,
        uses=tuple(found.uses),
        sets=tuple({"default": "", "comment": "", **found.sets}.items()),
    )
    effects = [altered, *found.constraints]
    if new != old:
        effects.append(
            Effect("rename", "column", table, old, to=new, certain=not guarded, guarded=guarded)
        )
    return effects


def alter_column(cursor: Cursor, table: str, name: str, seen: Seen) -> Effect:
    """Read what ALTER COLUMN does to a column, to the end of the action."""
    detail = " ".join(cursor.copy().written().split())[:60].lower()
    aspects: tuple[str, ...]
    sets: _Sets = ()
    if cursor.take("TYPE") or cursor.take("SET", "DATA", "TYPE"):
        aspects, detail, sets = _type(cursor, table, seen)
    elif cursor.take("SET", "NOT", "NULL"):
        aspects, detail, sets = ("nullable", "not null"), "nullable=false", (("nullable", "no"),)
    elif cursor.take("DROP", "NOT", "NULL"):
        aspects, detail, sets = ("nullable",), "nullable=true", (("nullable", "yes"),)
    elif cursor.take("SET", "DEFAULT"):
        value = cursor.rest()
        aspects, sets = ("default",), (("default", value.written() or "?"),)
        if value.done:
            raise CannotRead
        # Rows that are there keep their values: it is not run now.
        inner = Seen(running=False)
        whole_expression(value, own_scope(table), inner)
        seen.uses.update(inner.uses)
    elif cursor.take("DROP", "DEFAULT"):
        aspects, sets = ("default",), (("default", ""),)
    else:
        aspects, sets = _identity(cursor, seen)
    cursor.finish()
    return Effect("alter", "column", table, name, detail=detail, aspects=aspects, sets=sets)


def _type(cursor: Cursor, table: str, seen: Seen) -> tuple[tuple[str, ...], str, _Sets]:
    text, uses = type_of(cursor)
    seen.uses.update(dict.fromkeys(uses))
    if cursor.take("COLLATE"):
        cursor.parts()
    if cursor.take("USING"):
        value = cursor.rest()
        if value.done:
            raise CannotRead
        whole_expression(value, own_scope(table), seen)
    cursor.take_any("CASCADE", "RESTRICT")
    return ("type",), f"type {text}", (("type", text),)


def _identity(cursor: Cursor, seen: Seen) -> tuple[tuple[str, ...], _Sets]:
    """Read the actions on identity, computed values and storage."""
    if cursor.take("ADD", "GENERATED"):
        if cursor.take("BY"):
            cursor.need("DEFAULT")
        else:
            cursor.need("ALWAYS")
        cursor.need("AS", "IDENTITY")
        if cursor.opens():
            sequence_options(cursor.group(), seen)
        return ("default",), (("identity", "always or by default"),)
    if cursor.take("DROP", "IDENTITY"):
        cursor.guard()
        return ("default",), (("identity", ""),)
    if cursor.take("DROP", "EXPRESSION"):
        cursor.guard()
        return ("default",), (("computed", ""),)
    if cursor.take("SET", "GENERATED") or cursor.take("RESTART"):
        cursor.rest()
        return ("default",), ()
    if cursor.take("SET"):
        if cursor.opens():
            storage(cursor.group())
        elif not cursor.take_any("VISIBLE", "INVISIBLE"):
            cursor.need_any("STATISTICS", "STORAGE", "COMPRESSION")
            cursor.literal()
        return (), ()
    cursor.need("RESET")
    storage(cursor.group())
    return (), ()
