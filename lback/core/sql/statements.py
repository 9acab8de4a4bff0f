"""Which reader takes a statement, by its first words."""

from __future__ import annotations

from collections.abc import Callable

from lback.core.effects import Effect
from lback.core.sql import attached, session
from lback.core.sql.alter import alter_table
from lback.core.sql.blocks import ReadText, read_do
from lback.core.sql.creating import alter_view, create_table, create_view
from lback.core.sql.cursor import Cursor, short
from lback.core.sql.indexes import alter_index, create_index, drop_index
from lback.core.sql.objects import OBJECTS, Handler
from lback.core.sql.outcome import CannotRead, Does, Impossible, NotUnderstood, Outcome, Reads
from lback.core.sql.queries import read_query, read_write
from lback.core.sql.seen import cascades
from lback.core.sql.settings import read_reset, read_set

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
        names = tuple(effect.name for effect in made.effects if effect.name)
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
        return attached.default_privileges(cursor)
    return _other(cursor, "alter")


def rename(cursor: Cursor, _: str) -> Outcome:
    """Read MySQL's RENAME TABLE."""
    if not cursor.take("TABLES"):
        cursor.need("TABLE")
    cursor.guard()
    effects = []
    while True:
        old = cursor.name()
        cursor.need("TO")
        effects.append(Effect("rename", "table", old, old, to=cursor.name()))
        if not cursor.take(","):
            return Does(tuple(effects))


Read = Callable[[Cursor], Outcome]


def read_statement(cursor: Cursor, piece: str, read_text: ReadText) -> Outcome:
    """Read one statement; raises CannotRead where it is not understood, or only a part of it."""

    def inner(part: Cursor) -> Outcome:
        return read_statement(part, short(part.copy().written()), read_text)

    word = cursor.word
    if cursor.opens():
        return read_query(cursor)
    if not word:
        raise Impossible
    outcome: Outcome
    if word in _WHOLE:
        outcome = _WHOLE[word](cursor)
    else:
        cursor.next()
        if word == "DO":
            outcome = read_do(cursor, inner, read_text)
        elif word == "EXPLAIN":
            outcome = _explain(cursor, inner)
        elif word in _BY_PIECE:
            outcome = _BY_PIECE[word](cursor, piece)
        elif word in _AFTER:
            outcome = _AFTER[word](cursor)
        else:
            raise CannotRead
    if not isinstance(outcome, NotUnderstood):
        cursor.finish()
    return outcome


# -- the rest ----------------------------------------------------------------------


def _explain(cursor: Cursor, inner: Read) -> Outcome:
    """Read EXPLAIN: only with ANALYZE does the statement run."""
    runs = False
    if cursor.opens():
        options = cursor.group()
        runs = any(_asks_to_run(comma) for comma in options.commas())
    while cursor.take_any("ANALYZE", "ANALYSE", "VERBOSE", "QUERY", "PLAN", "EXTENDED"):
        runs = runs or cursor.before().upper in ("ANALYZE", "ANALYSE")
    if cursor.take("FORMAT"):
        cursor.take("=")
        cursor.identifier()
    outcome = inner(cursor.rest())
    if runs or isinstance(outcome, NotUnderstood):
        return outcome
    return outcome.looks_at if isinstance(outcome, Does) else outcome


def _asks_to_run(option: Cursor) -> bool:
    """Tell whether an option is ANALYZE, and not switched off."""
    if not option.take_any("ANALYZE", "ANALYSE"):
        return False
    return option.done or option.next().text.lower() not in ("off", "false", "0")


def _routine(cursor: Cursor, piece: str) -> Outcome:
    return NotUnderstood(f"runs a routine: {short(piece)}")


def _use(cursor: Cursor, _: str) -> Outcome:
    return NotUnderstood("changes what names mean from here on")


_WHOLE: dict[str, Read] = {
    "SELECT": read_query,
    "VALUES": read_query,
    "TABLE": read_query,
    "WITH": read_query,
    "INSERT": read_write,
    "REPLACE": read_write,
    "UPDATE": read_write,
    "DELETE": read_write,
    "MERGE": read_write,
}
_BY_PIECE: dict[str, Callable[[Cursor, str], Outcome]] = {
    "CREATE": create,
    "DROP": drop,
    "ALTER": alter,
    "RENAME": rename,
    "COMMENT": attached.comment,
    "GRANT": attached.grant,
    "REVOKE": attached.grant,
    "CALL": _routine,
    "EXEC": _routine,
    "EXECUTE": _routine,
    "USE": _use,
    "ATTACH": _use,
    "DETACH": _use,
}
_AFTER: dict[str, Read] = {
    "BEGIN": session.begin,
    "START": session.begin,
    "COMMIT": session.commit,
    "END": session.commit,
    "ROLLBACK": session.rollback,
    "ABORT": session.rollback,
    "SAVEPOINT": session.savepoint,
    "RELEASE": session.savepoint,
    "LOCK": session.lock,
    "UNLOCK": session.unlock,
    "VACUUM": session.upkeep,
    "ANALYZE": session.upkeep,
    "ANALYSE": session.upkeep,
    "REINDEX": session.upkeep,
    "OPTIMIZE": session.upkeep,
    "CHECKPOINT": session.upkeep,
    "FLUSH": session.upkeep,
    "CLUSTER": session.cluster,
    "DISCARD": session.discard,
    "LISTEN": session.message,
    "NOTIFY": session.message,
    "UNLISTEN": session.message,
    "SHOW": session.show,
    "DESCRIBE": session.show,
    "DESC": session.show,
    "DEALLOCATE": session.deallocate,
    "CLOSE": session.deallocate,
    "DECLARE": session.declare,
    "FETCH": session.fetch,
    "MOVE": session.fetch,
    "PREPARE": session.prepare,
    "REFRESH": session.refresh,
    "TRUNCATE": session.truncate,
    "COPY": session.copy,
    "PRAGMA": session.pragma,
    "SET": read_set,
    "RESET": read_reset,
}
