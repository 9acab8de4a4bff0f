"""SQL in op.execute: what its statements do to tables, columns, indexes, types and rows.

Statements with a grammar that is small and the same everywhere are read here from
their tokens. What holds queries or definitions of columns goes to sqlglot, which is
imported only then. A name that holds `HOLE` was not known when the text was put together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from lback.core.dialects import EVERY_DIALECT, Dialects
from lback.core.effects import Effect
from lback.core.sql.definitions import (
    alter,
    create,
    drop,
    rename,
    short,
)
from lback.core.sql.objects import comment, grant
from lback.core.sql.reading import HOLE, CannotRead, Reading
from lback.core.sql.tokens import Cursor, Token, body_of, plain_columns, statements, tokens

__all__ = ["SqlReading", "read_sql"]

# Statements without an effect on schema or rows, whatever follows.
_NO_EFFECT = frozenset(
    """SET RESET SHOW BEGIN START COMMIT END ROLLBACK SAVEPOINT RELEASE ANALYZE ANALYSE
    VACUUM EXPLAIN LOCK UNLOCK USE CHECKPOINT REINDEX CLUSTER DISCARD LISTEN NOTIFY
    UNLISTEN DEALLOCATE DESCRIBE DESC ABORT OPTIMIZE FLUSH DECLARE CLOSE FETCH PRINT GO""".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class SqlReading:
    """What SQL text does; `unknown` are (reason, tables), `reads` the tables it queries."""

    effects: tuple[Effect, ...] = ()
    unknown: tuple[tuple[str, tuple[str, ...]], ...] = ()
    reads: tuple[str, ...] = ()


@lru_cache(maxsize=1024)
def read_sql(text: str, dialects: Dialects = EVERY_DIALECT) -> SqlReading:
    """Read the statements in a text; never raises, what is not understood is in `unknown`."""
    reading = Reading()
    for found in statements(tokens(text)):
        _read_statement(reading, found, text)
    return _without_holes(reading)


def _read_statement(reading: Reading, found: list[Token], text: str) -> None:
    piece = text[found[0].start : found[-1].end]
    cursor = Cursor(found, text)
    try:
        _dispatch(reading, cursor, piece)
    except CannotRead as problem:
        reading.cannot_read(str(problem) or f"SQL that is not understood: {short(piece)}", ())
    except RecursionError:
        reading.cannot_read("SQL that is nested too deep", ())


def _dispatch(reading: Reading, cursor: Cursor, piece: str) -> None:
    word = cursor.peek().upper
    if word in _NO_EFFECT:
        return
    handler = _STATEMENTS.get(word)
    if handler is not None:
        cursor.next()
        handler(reading, cursor, piece)
        return
    if cursor.peek().text == "(":
        _query(reading, cursor, piece)
        return
    raise CannotRead


# -- definitions -------------------------------------------------------------------


# -- rows --------------------------------------------------------------------------


def _truncate(reading: Reading, cursor: Cursor, _: str) -> None:
    cursor.take("TABLE")
    cursor.take("ONLY")
    names = cursor.names()
    if not names:
        raise CannotRead
    aspects = ("cascade",) if any(one.upper == "CASCADE" for one in cursor.rest()) else ()
    for name in names:
        reading.add(Effect("delete", "data", name, detail="truncate", aspects=aspects))


def _rows(reading: Reading, cursor: Cursor, piece: str) -> None:
    """Read INSERT, UPDATE, DELETE: here where nothing else is involved, else by sqlglot."""
    from lback.core.sql.rows import simple_rows

    if simple_rows(reading, Cursor(cursor.tokens)):
        return
    _query(reading, cursor, piece)


def _query(reading: Reading, cursor: Cursor, piece: str) -> None:
    from lback.core.sql.rows import harmless_select
    from lback.core.sql.trees import read_tree

    if harmless_select(reading, Cursor(cursor.tokens)):
        return
    if not read_tree(reading, piece):
        raise CannotRead


def _copy(reading: Reading, cursor: Cursor, _: str) -> None:
    name = cursor.name()
    columns = plain_columns(cursor.group())
    if name is None:
        return
    if cursor.take("FROM"):
        reading.add(Effect("insert", "data", name, columns=columns))
    else:
        reading.reads[name] = None


def _pragma(_: Reading, cursor: Cursor, __: str) -> None:
    if (cursor.identifier() or "").lower() == "writable_schema":
        raise CannotRead("PRAGMA writable_schema lets anything be written")


def _refresh(reading: Reading, cursor: Cursor, _: str) -> None:
    cursor.take("MATERIALIZED", "VIEW")
    cursor.take("CONCURRENTLY")
    reading.add(Effect("alter", "view", None, cursor.name(), detail="refresh"))


def _do(reading: Reading, cursor: Cursor, _: str) -> None:
    from lback.core.sql.blocks import read_block

    if cursor.take("LANGUAGE"):
        cursor.next()
    token = cursor.peek()
    if token.kind not in ("dollar", "string"):
        raise CannotRead
    read_block(reading, body_of(token), _read_inner)


def _read_inner(found: list[Token], text: str) -> Reading:
    inner = Reading()
    _read_statement(inner, found, text)
    return inner


def _anything(reading: Reading, _: Cursor, piece: str) -> None:
    raise CannotRead(f"runs a routine: {short(piece)}")


_STATEMENTS: dict[str, Callable[[Reading, Cursor, str], None]] = {
    "CREATE": create,
    "DROP": drop,
    "ALTER": alter,
    "RENAME": rename,
    "TRUNCATE": _truncate,
    "COMMENT": comment,
    "GRANT": grant,
    "REVOKE": grant,
    "INSERT": _rows,
    "REPLACE": _rows,
    "UPDATE": _rows,
    "DELETE": _rows,
    "MERGE": _query,
    "SELECT": _query,
    "WITH": _query,
    "VALUES": _query,
    "TABLE": _query,
    "COPY": _copy,
    "PRAGMA": _pragma,
    "REFRESH": _refresh,
    "DO": _do,
    "CALL": _anything,
    "EXEC": _anything,
    "EXECUTE": _anything,
}


# -- holes -------------------------------------------------------------------------


def _without_holes(reading: Reading) -> SqlReading:
    """Turn effects on tables whose name is not known into unknowns; forget hidden names."""
    effects: list[Effect] = []
    unknown = [
        (reason, tuple(one for one in tables if HOLE not in one))
        for reason, tables in reading.unknown
        if not any(HOLE in one for one in tables)
    ]
    unknown += [
        (reason, ()) for reason, tables in reading.unknown if any(HOLE in one for one in tables)
    ]
    for effect in reading.effects:
        if _holes(effect):
            named = (effect.table,) if effect.table and HOLE not in effect.table else ()
            what = f"SQL that does {effect.kind} {effect.object} on a name not in the text"
            unknown.append((what, named))
        else:
            effects.append(_clean(effect))
    reads = tuple(one for one in reading.reads if HOLE not in one)
    return SqlReading(tuple(effects), tuple(dict.fromkeys(unknown)), reads)


def _holes(effect: Effect) -> bool:
    """Tell whether an effect says too little once the unknown names are taken out of it."""
    if any(HOLE in one for one in (effect.table, effect.to, effect.refers_to) if one):
        return True
    if effect.name and HOLE in effect.name:
        return effect.object not in ("index", "constraint") or effect.table is None
    return False


def _clean(effect: Effect) -> Effect:
    name = None if effect.name and HOLE in effect.name else effect.name
    columns = _known(effect.columns)
    detail = effect.detail.replace(HOLE, "…")
    return effect._replace(name=name, columns=columns, detail=detail, reads=_known(effect.reads))


def _known(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(one for one in names if HOLE not in one)
