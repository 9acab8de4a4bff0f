"""Which reader takes a statement by its first word."""

from __future__ import annotations

from collections.abc import Callable

from lback.core.sql import attached, defining, session
from lback.core.sql.blocks import ReadText, read_do
from lback.core.sql.cursor import Cursor, short
from lback.core.sql.nested import read_query, read_write
from lback.core.sql.outcome import CannotRead, Does, Impossible, NotUnderstood, Outcome
from lback.core.sql.settings import read_reset, read_set

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
    found: Outcome
    if word in _WHOLE:
        found = _WHOLE[word](cursor)
    else:
        cursor.next()
        if word == "DO":
            found = read_do(cursor, inner, read_text)
        elif word == "EXPLAIN":
            found = _explain(cursor, inner)
        elif word in _BY_PIECE:
            found = _BY_PIECE[word](cursor, piece)
        elif word in _AFTER:
            found = _AFTER[word](cursor)
        else:
            raise CannotRead
    if not isinstance(found, NotUnderstood):
        cursor.finish()
    return found


# -- the rest ----------------------------------------------------------------------


def _explain(cursor: Cursor, inner: Read) -> Outcome:
    """Read EXPLAIN: only with ANALYZE does the statement run."""
    runs = False
    if cursor.opens():
        options = cursor.group()
        runs = any(_asks_to_run(one) for one in options.commas())
    while cursor.take_any("ANALYZE", "ANALYSE", "VERBOSE", "QUERY", "PLAN", "EXTENDED"):
        runs = runs or cursor.before().upper in ("ANALYZE", "ANALYSE")
    if cursor.take("FORMAT"):
        cursor.take("=")
        cursor.identifier()
    found = inner(cursor.rest())
    if runs or isinstance(found, NotUnderstood):
        return found
    return found.looks_at if isinstance(found, Does) else found


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
    "CREATE": defining.create,
    "DROP": defining.drop,
    "ALTER": defining.alter,
    "RENAME": defining.rename,
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
