"""Columns as CREATE TABLE defines and ALTER TABLE changes them."""

from __future__ import annotations

from dataclasses import dataclass, field

from lback.core.effects import Effect, Use
from lback.core.sql.constraints import (
    Referred,
    constraint_effect,
    deferring,
    index_options,
    own_scope,
    references,
    storage,
)
from lback.core.sql.cursor import Cursor
from lback.core.sql.outcome import CannotRead
from lback.core.sql.queries import whole_expression
from lback.core.sql.seen import QueryScope, Seen
from lback.core.sql.tokens import body_of
from lback.core.sql.types import is_serial, type_of

# Words that begin another part of a definition; an expression ends before them.
PARTS = frozenset(
    """CONSTRAINT NOT NULL DEFAULT PRIMARY KEY UNIQUE REFERENCES CHECK COLLATE GENERATED AS AFTER
    FIRST COMMENT AUTO_INCREMENT AUTOINCREMENT ON STORED VIRTUAL PERSISTENT INVISIBLE VISIBLE
    DEFERRABLE INITIALLY ENFORCED CHARSET STORAGE COMPRESSION SRID ENCODE
    """.split()  # noqa: SIM905
)


@dataclass(slots=True)
class Definition:
    """A column as its definition makes it; `sets` is as in Effect."""

    table: str
    name: str
    type: str = ""
    sets: dict[str, str] = field(default_factory=dict)
    required: bool = False
    given: bool = False
    constraints: list[Effect] = field(default_factory=list)
    uses: dict[Use, None] = field(default_factory=dict)


def definition(cursor: Cursor, table: str, name: str, *, running: bool) -> tuple[Definition, Seen]:
    """Read what follows a column's name, to the end; `running` where rows get its default now."""
    made = Definition(table, name)
    seen = Seen(running=running)
    if cursor.peek().kind in ("word", "quoted") and not _part_begins(cursor):
        made.type, uses = type_of(cursor)
        made.uses.update(dict.fromkeys(uses))
    made.sets = {"type": made.type or "?", "nullable": "yes"}
    if is_serial(made.type):
        made.given = True
        if "postgresql" in cursor.grammars:
            made.uses[Use("sequence", f"{table}_{name}_seq")] = None
    constraint = ""
    while not cursor.done:
        if cursor.take("CONSTRAINT"):
            constraint = "" if _part_begins(cursor) else cursor.identifier()
            continue
        _part(cursor, made, seen, constraint)
        constraint = ""
    made.uses.update(seen.uses)
    return made, seen


def _part_begins(cursor: Cursor) -> bool:
    word = cursor.word
    if word == "CHARACTER":
        return cursor.peek(1).upper == "SET"
    return word in PARTS


def _part(cursor: Cursor, made: Definition, seen: Seen, name: str) -> None:
    if cursor.take("NOT"):
        if cursor.take("NULL"):
            made.required, made.sets["nullable"] = True, "no"
            _on_conflict(cursor)
        else:
            cursor.need_any("DEFERRABLE", "ENFORCED", "VALID")
    elif cursor.take("NULL"):
        _on_conflict(cursor)
    elif cursor.take("DEFAULT"):
        made.given = True
        made.sets["default"] = taken_expression(cursor, made, seen)
    elif cursor.take("GENERATED") or cursor.word == "AS":
        _generated(cursor, made, seen)
    elif cursor.word in _CONSTRAINTS:
        _constraint(cursor, made, name)
    elif not _trait(cursor, made, seen):
        raise CannotRead


_CONSTRAINTS = frozenset({"PRIMARY", "KEY", "UNIQUE", "REFERENCES", "CHECK"})


def taken_expression(cursor: Cursor, made: Definition, seen: Seen) -> str:
    """Take an expression, to the next part of the definition; return it as written."""
    start = cursor.place
    if cursor.done:
        raise CannotRead
    while not cursor.done:
        cursor.skip()
        if cursor.word == "CHARACTER" or cursor.word in PARTS:
            break
    inner = cursor.window(start, cursor.place)
    text = inner.written()
    whole_expression(inner, _own(made), seen)
    return text


def _own(made: Definition) -> QueryScope:
    return QueryScope({made.table.rpartition(".")[2].casefold(): made.table})


def _generated(cursor: Cursor, made: Definition, seen: Seen) -> None:
    made.given = True
    if cursor.before().upper == "GENERATED":
        if cursor.take("BY"):
            cursor.need("DEFAULT")
        else:
            cursor.need("ALWAYS")
    cursor.need("AS")
    if cursor.take("IDENTITY"):
        made.sets["identity"] = "always or by default"
        made.sets["nullable"] = "no"
        if "postgresql" in cursor.grammars:
            made.uses[Use("sequence", f"{made.table}_{made.name}_seq")] = None
        if cursor.opens():
            sequence_options(cursor.group(), seen)
        return
    inner = cursor.group()
    made.sets["computed"] = inner.written() or "?"
    whole_expression(inner, _own(made), seen)
    cursor.take_any("STORED", "VIRTUAL", "PERSISTENT")


def sequence_options(cursor: Cursor, seen: Seen) -> None:
    """Read the options of a sequence."""
    while not cursor.done:
        if cursor.take("NO"):
            cursor.need_any("MINVALUE", "MAXVALUE", "CYCLE", "CACHE")
        elif cursor.take("OWNED"):
            cursor.need("BY")
            if not cursor.take("NONE"):
                _owner(cursor, seen)
        elif cursor.take("SEQUENCE"):
            cursor.need("NAME")
            cursor.name()
        elif cursor.take("AS"):
            type_of(cursor)
        elif cursor.take_any("CYCLE", "NOCYCLE", "NOMINVALUE", "NOMAXVALUE", "NOCACHE", "LOGGED"):
            pass
        elif cursor.take_any("START", "INCREMENT", "RESTART"):
            cursor.take_any("WITH", "BY")
            cursor.take("=")
            if cursor.peek().kind in ("number", "symbol", "parameter"):
                cursor.literal()
        elif cursor.take_any("MINVALUE", "MAXVALUE", "CACHE"):
            cursor.take("=")
            cursor.literal()
        else:
            raise CannotRead


def _owner(cursor: Cursor, seen: Seen) -> None:
    parts = cursor.parts()
    if len(parts) < 2:
        raise CannotRead
    seen.use("column", parts[-1], ".".join(parts[:-1][-2:]))


def _constraint(cursor: Cursor, made: Definition, name: str) -> None:
    """Read a constraint that stands in a column's definition."""
    referred = Referred()
    uses: tuple[Use, ...] = ()
    word = cursor.next().upper
    if word == "REFERENCES":
        kind, referred = "foreignkey", references(cursor)
    elif word in ("PRIMARY", "KEY"):
        kind = "primary"
        if word == "PRIMARY":
            cursor.need("KEY")
        made.sets["nullable"] = "no"
        made.given = True
        cursor.take_any("ASC", "DESC")
        _on_conflict(cursor)
        if cursor.take("AUTOINCREMENT"):
            made.sets["identity"] = "auto_increment"
        index_options(cursor)
    elif word == "UNIQUE":
        kind = "unique"
        cursor.take("KEY")
        if cursor.take("NULLS"):
            cursor.take("NOT")
            cursor.need("DISTINCT")
        _on_conflict(cursor)
        index_options(cursor)
    else:
        kind = "check"
        inner = Seen(running=False)
        whole_expression(cursor.group(), _own(made), inner)
        uses = inner.used()
        if cursor.take("NO"):
            cursor.need("INHERIT")
    deferring(cursor)
    made.constraints.append(
        constraint_effect(cursor, made.table, name or None, kind, (made.name,), referred, uses)
    )


def _on_conflict(cursor: Cursor) -> None:
    if cursor.take("ON", "CONFLICT"):
        cursor.need_any("ROLLBACK", "ABORT", "FAIL", "IGNORE", "REPLACE")


def _trait(cursor: Cursor, made: Definition, seen: Seen) -> bool:
    """Read what neither constrains the column nor gives it a value."""
    if cursor.take("COMMENT"):
        made.sets["comment"] = body_of(cursor.string())
    elif cursor.take("AUTO_INCREMENT") or cursor.take("AUTOINCREMENT"):
        made.given = True
        made.sets["identity"] = "auto_increment"
    elif cursor.take("COLLATE"):
        cursor.take("=")
        if cursor.peek().kind == "string":
            cursor.next()
        else:
            cursor.parts()
    elif cursor.take("CHARACTER", "SET") or cursor.take("CHARSET"):
        cursor.take("=")
        cursor.literal()
    elif cursor.take("ON", "UPDATE"):
        taken_expression(cursor, made, seen)
    elif cursor.take("STORAGE") or cursor.take("COMPRESSION") or cursor.take("SRID"):
        cursor.literal()
    elif cursor.take("AFTER"):
        made.uses[Use("column", cursor.identifier(), made.table)] = None
    elif cursor.take("INITIALLY"):
        cursor.need_any("DEFERRED", "IMMEDIATE")
    else:
        return bool(
            cursor.take_any(
                "FIRST", "VISIBLE", "INVISIBLE", "DEFERRABLE", "ENFORCED", "STORED", "VIRTUAL"
            )
        )
    return True


def created(made: Definition, *, guarded: bool) -> list[Effect]:
    """Return the effects of a new column: itself, then the constraints that it brings."""
    required = made.required and not made.given
    detail = made.type + (", not null" if made.required else "")
    column = Effect(
        "create",
        "column",
        made.table,
        made.name,
        certain=not guarded,
        guarded=guarded,
        detail=detail,
        aspects=("not null",) if required else (),
        uses=tuple(made.uses),
        sets=tuple(made.sets.items()),
    )
    return [
        column,
        *(
            constraint._replace(certain=not guarded, guarded=guarded)
            for constraint in made.constraints
        ),
    ]


_Sets = tuple[tuple[str, str], ...]


def redefine(cursor: Cursor, table: str, seen: Seen) -> list[Effect]:
    """Read MySQL's MODIFY name definition and CHANGE old new definition."""
    changes = cursor.next().upper == "CHANGE"
    cursor.take("COLUMN")
    guarded = cursor.guard()
    old = cursor.identifier()
    new = cursor.identifier() if changes else old
    made, inner = definition(cursor.rest(), table, new, running=True)
    seen.doubts.update(inner.doubts)
    aspects = ("type", "nullable", *(("not null",) if made.required else ()), "default", "comment")
    altered = Effect(
        "alter",
        "column",
        table,
        old,
        certain=not guarded,
        guarded=guarded,
        detail=f"type {made.type}",
        aspects=aspects,
        uses=tuple(made.uses),
        sets=tuple({"default": "", "comment": "", **made.sets}.items()),
    )
    effects = [altered, *made.constraints]
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
    terms: _Sets = ()
    if cursor.take("TYPE") or cursor.take("SET", "DATA", "TYPE"):
        aspects, detail, sets, terms = _type(cursor, table, seen)
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
    made = Effect("alter", "column", table, name, detail=detail, aspects=aspects, sets=sets)
    return made._replace(terms=terms)


def _type(cursor: Cursor, table: str, seen: Seen) -> tuple[tuple[str, ...], str, _Sets, _Sets]:
    text, uses = type_of(cursor)
    seen.uses.update(dict.fromkeys(uses))
    if cursor.take("COLLATE"):
        cursor.parts()
    terms: _Sets = ()
    if cursor.take("USING"):
        value = cursor.rest()
        terms = (("using", value.exactly() or "?"),)
        if value.done:
            raise CannotRead
        whole_expression(value, own_scope(table), seen)
    cursor.take_any("CASCADE", "RESTRICT")
    return ("type",), f"type {text}", (("type", text),), terms


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
