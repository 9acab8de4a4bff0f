"""CREATE, DROP, ALTER and RENAME: which reader takes each by its words."""

from __future__ import annotations

from lback.core.effects import Effect
from lback.core.sql import attached
from lback.core.sql.alter import alter_table
from lback.core.sql.creating import create_table
from lback.core.sql.cursor import Cursor
from lback.core.sql.dropping import cascades
from lback.core.sql.indexes import alter_index, create_index, drop_index
from lback.core.sql.objects import OBJECTS, Handler
from lback.core.sql.outcome import CannotRead, Does, NotUnderstood, Outcome, Reads
from lback.core.sql.views import alter_view, create_view

_ATTACHED: dict[str, Handler] = {
    "TRIGGER": attached.trigger,
    "RULE": attached.rule,
    "POLICY": attached.policy,
    "EVENT": attached.event,
}


def create(cursor: Cursor, piece: str) -> Outcome:
    """Read what follows CREATE."""
    replaces = cursor.take("OR", "REPLACE")
    unique = temporary = materialized = False
    while True:
        word = cursor.take_any(
            "UNIQUE", "TEMP", "TEMPORARY", "GLOBAL", "LOCAL", "UNLOGGED", "FULLTEXT", "SPATIAL",
            "RECURSIVE", "CONSTRAINT", "DEFINER", "ALGORITHM", "SQL", "MATERIALIZED", "AGGREGATE",
            "TRUSTED", "PROCEDURAL", "DEFAULT", "FOREIGN", "VIRTUAL", "CLUSTERED", "NONCLUSTERED",
        )  # fmt: skip
        if word == "AGGREGATE" and cursor.word != "FUNCTION":
            return OBJECTS["AGGREGATE"](cursor, "create")
        if word == "FOREIGN" and cursor.word == "DATA":
            return OBJECTS["ACCESS"](cursor, "create")
        if word == "VIRTUAL":
            return _virtual(cursor)
        unique = unique or word == "UNIQUE"
        temporary = temporary or word in ("TEMP", "TEMPORARY")
        materialized = materialized or word == "MATERIALIZED"
        if word in ("DEFINER", "ALGORITHM"):
            _owner(cursor)
        elif word == "SQL":
            cursor.need("SECURITY")
            cursor.need_any("DEFINER", "INVOKER")
        elif not word:
            break
    if cursor.take("INDEX"):
        return create_index(cursor, unique=unique)
    if cursor.take("VIEW"):
        made = create_view(cursor, materialized=materialized)
        return _temporary(made) if temporary else made
    if cursor.take("TABLE"):
        made = create_table(cursor, temporary=temporary)
        return _replacing(made) if replaces else made
    if replaces and cursor.word not in _REPLACED:
        raise CannotRead
    return _other(cursor, "create", temporary=temporary)


# Of these the old one goes, and nothing with it.
_REPLACED = frozenset(
    """FUNCTION PROCEDURE AGGREGATE RULE TRIGGER LANGUAGE TRANSFORM EVENT ROLE USER""".split()  # noqa: SIM905
)


def _replacing(made: Outcome) -> Outcome:
    """Add that the table of MariaDB's CREATE OR REPLACE TABLE may be dropped first."""
    if not isinstance(made, Does) or not made.effects:
        return made
    name = made.effects[0].name
    drop = Effect("drop", "table", name, name, certain=False, guarded=True)
    return made._replace(effects=(drop, *made.effects))


def _virtual(cursor: Cursor) -> Outcome:
    """Read SQLite's CREATE VIRTUAL TABLE: its columns are the module's business."""
    cursor.need("TABLE")
    guarded = cursor.guard()
    name = cursor.name()
    cursor.need("USING")
    cursor.identifier()
    if cursor.opens():
        cursor.group()
    made = Effect("create", "table", name, name, certain=not guarded, guarded=guarded)
    return Does((made,), doubts=(NotUnderstood("a virtual table brings tables of its own"),))


def _temporary(made: Outcome) -> Outcome:
    """Return what making something only for the session comes to."""
    if isinstance(made, Does):
        if made.doubts:
            return NotUnderstood(made.doubts[0].reason)
        names = tuple(one.name for one in made.effects if one.name)
        return Does((), made.looks_at, (), names)
    return made


def _owner(cursor: Cursor) -> None:
    """Take `= name` of DEFINER and ALGORITHM: user@host, in quotes or not."""
    cursor.need("=")
    cursor.literal()
    if cursor.opens():
        cursor.group()
    if cursor.take("@") or cursor.peek().kind == "variable":
        cursor.next()


def _other(cursor: Cursor, verb: str, *, temporary: bool = False) -> Outcome:
    word = cursor.word
    handler = _ATTACHED.get(word) or OBJECTS.get(word)
    if handler is None:
        raise CannotRead
    cursor.next()
    if word == "USER" and cursor.take("MAPPING"):
        return OBJECTS["ACCESS"](cursor, verb)
    made = handler(cursor, verb)
    return _temporary(made) if temporary else made


def drop(cursor: Cursor, _: str) -> Outcome:
    """Read what follows DROP."""
    temporary = bool(cursor.take_any("TEMPORARY", "TEMP"))
    if cursor.take("FOREIGN") and cursor.word == "DATA":
        return OBJECTS["ACCESS"](cursor, "drop")
    if cursor.take("TABLE") or cursor.take("TABLES"):
        made = _drop_each(cursor, "table")
        return _temporary(made) if temporary else made
    materialized = cursor.take("MATERIALIZED")
    if cursor.take("VIEW"):
        return _drop_each(cursor, "view")
    if materialized:
        raise CannotRead
    if cursor.take("INDEX"):
        return drop_index(cursor)
    if cursor.take("OWNED"):
        raise CannotRead("DROP OWNED drops whatever a role owns")
    if cursor.take("PREPARE"):
        cursor.identifier()
        return Reads()
    return _other(cursor, "drop")


def _drop_each(cursor: Cursor, kind: str) -> Outcome:
    guarded = cursor.guard()
    names = cursor.names()
    aspects = cascades(cursor)
    return Does(
        tuple(
            Effect(
                "drop",
                kind,
                name if kind == "table" else None,
                name,
                certain=not guarded,
                guarded=guarded,
                aspects=aspects,
            )
            for name in names
        )
    )


def alter(cursor: Cursor, piece: str) -> Outcome:
    """Read what follows ALTER."""
    if cursor.take("IGNORE") or cursor.take("FOREIGN"):
        if cursor.word == "DATA":
            return OBJECTS["ACCESS"](cursor, "alter")
        cursor.need("TABLE")
        return alter_table(cursor, piece)
    if cursor.take("ONLINE") or cursor.take("OFFLINE"):
        cursor.need("TABLE")
        return alter_table(cursor, piece)
    if cursor.take("TABLE"):
        return alter_table(cursor, piece)
    if cursor.take("INDEX"):
        return alter_index(cursor)
    materialized = cursor.take("MATERIALIZED")
    if cursor.take("VIEW"):
        return alter_view(cursor)
    if materialized or cursor.word == "SYSTEM":
        raise CannotRead
    if cursor.take("DEFAULT", "PRIVILEGES"):
        cursor.rest()
        return Does((Effect("alter", "privileges", None),))
    return _other(cursor, "alter")


def rename(cursor: Cursor, _: str) -> Outcome:
    """Read MySQL's RENAME TABLE."""
    if not cursor.take("TABLES"):
        cursor.need("TABLE")
    cursor.guard()
    found = []
    while True:
        old = cursor.name()
        cursor.need("TO")
        found.append(Effect("rename", "table", old, old, to=cursor.name()))
        if not cursor.take(","):
            return Does(tuple(found))
