"""INSERT, UPDATE, DELETE and SELECT in their simplest forms, read without a parser.

Only statements in which nothing but the one table can be meant are taken: no query
inside, no join, no CTE. Everything else is left to sqlglot.
"""

from __future__ import annotations

from itertools import pairwise

from lback.core.effects import Effect
from lback.core.sql.reading import Reading
from lback.core.sql.tokens import Cursor, Token, plain_columns

_INVOLVED = frozenset({"SELECT", "FROM", "JOIN", "WITH", "USING", "TABLE", "LATERAL"})
# Functions that a bare `SELECT f(...)` may call without changing anything that is kept.
_PURE = frozenset(
    """NOW VERSION CURRENT_DATABASE CURRENT_SCHEMA CURRENT_USER COUNT COALESCE EXISTS MAX MIN
    PG_SLEEP SLEEP SET_CONFIG PG_ADVISORY_LOCK PG_ADVISORY_UNLOCK PG_ADVISORY_XACT_LOCK
    PG_TRY_ADVISORY_LOCK TO_REGCLASS DATABASE GET_LOCK RELEASE_LOCK LAST_INSERT_ROWID
    SQLITE_VERSION PG_TERMINATE_BACKEND""".split()  # noqa: SIM905
)


def simple_rows(reading: Reading, cursor: Cursor) -> bool:
    """Read a statement on one table alone; False where it is not as simple as that."""
    verb = cursor.next().upper
    if verb == "UPDATE":
        return _update(reading, cursor)
    if verb == "DELETE":
        return _delete(reading, cursor)
    return _insert(reading, cursor)


def _alone(found: list[Token]) -> bool:
    return not any(one.upper in _INVOLVED for one in found)


def _update(reading: Reading, cursor: Cursor) -> bool:
    cursor.take("ONLY")
    table = cursor.name()
    if cursor.take("AS") or cursor.peek().upper != "SET":
        cursor.identifier()
    if table is None or not cursor.take("SET") or not _alone(cursor.rest()):
        return False
    columns = []
    while not cursor.done:
        part = Cursor(_clause(cursor))
        name = part.name()
        if name is None or not part.take("="):
            return False
        columns.append(name.rpartition(".")[2])
        if not cursor.take(","):
            break
    reading.add(Effect("update", "data", table, columns=tuple(columns)))
    return True


def _clause(cursor: Cursor) -> list[Token]:
    """Take one assignment: up to a comma or WHERE outside of parentheses."""
    depth, start = 0, cursor.place
    while not cursor.done:
        token = cursor.peek()
        if depth == 0 and (token.text == "," or token.upper in ("WHERE", "RETURNING")):
            break
        depth += (token.text == "(") - (token.text == ")")
        cursor.place += 1
    return cursor.tokens[start : cursor.place]


def _delete(reading: Reading, cursor: Cursor) -> bool:
    if not cursor.take("FROM"):
        return False
    cursor.take("ONLY")
    table = cursor.name()
    if table is None or not (cursor.done or cursor.peek().upper == "WHERE"):
        return False
    if not _alone(cursor.rest()):
        return False
    reading.add(Effect("delete", "data", table))
    return True


def _insert(reading: Reading, cursor: Cursor) -> bool:
    if cursor.take("OR"):
        cursor.next()
    cursor.take("IGNORE")
    if not cursor.take("INTO"):
        return False
    table = cursor.name()
    if cursor.take("AS"):
        cursor.identifier()
    columns = plain_columns(cursor.group())
    values = cursor.peek().upper in ("VALUES", "VALUE") or cursor.peek().upper == "DEFAULT"
    if table is None or not values or not _alone(cursor.rest()):
        return False
    reading.add(Effect("insert", "data", table, columns=columns))
    return True


def harmless_select(reading: Reading, cursor: Cursor) -> bool:
    """Take a SELECT that reads no table; True when there is nothing more to know of it."""
    if cursor.next().upper != "SELECT":
        return False
    found = cursor.rest()
    if any(one.upper in ("FROM", "INTO", "JOIN", "WITH") for one in found):
        return False
    for here, following in pairwise(found):
        called = here.kind == "word" and following.text == "("
        if called and here.upper not in _PURE:
            reading.cannot_read(f"calls the function {here.text}()", ())
            return True
    return True
