"""Reads what stands inside what was read, until nothing is left: queries, expressions, writes."""

from __future__ import annotations

from lback.core.sql.cursor import Cursor
from lback.core.sql.expressions import expression, inside
from lback.core.sql.outcome import Outcome
from lback.core.sql.queries import query, with_clause
from lback.core.sql.rows import write
from lback.core.sql.seen import Scope, Seen


def read_query(cursor: Cursor) -> Outcome:
    """Read a statement that begins a query, or writes rows, as a whole."""
    seen = Seen()
    whole_query(cursor, seen)
    return seen.outcome()


def read_write(cursor: Cursor) -> Outcome:
    """Read INSERT, REPLACE, UPDATE, DELETE or MERGE."""
    seen = Seen()
    scope = Scope()
    with_clause(cursor, scope, seen)
    seen.later("write", cursor.rest(), scope)
    read_all(seen)
    return seen.outcome()


def whole_query(cursor: Cursor, seen: Seen) -> None:
    """Read a query with all that is in it."""
    query(cursor, None, seen)
    read_all(seen)


def whole_expression(cursor: Cursor, scope: Scope, seen: Seen) -> None:
    """Read expressions with all that is in them."""
    expression(cursor, scope, seen)
    read_all(seen)


def whole_group(cursor: Cursor, scope: Scope, seen: Seen) -> None:
    """Read what may stand in brackets, a query or expressions, with all that is in it."""
    inside(cursor, scope, seen)
    read_all(seen)


def read_all(seen: Seen) -> None:
    """Read all pending pieces, the first one first."""
    while seen.pending:
        kind, cursor, scope = seen.pending.popleft()
        if kind == "query":
            query(cursor, scope, seen)
        elif kind == "expression":
            expression(cursor, scope, seen)
        else:
            _write(cursor, scope, seen)


def _write(cursor: Cursor, scope: Scope, seen: Seen) -> None:
    mine = Seen(running=seen.running)
    found = write(cursor, scope, mine)
    read_all(mine)
    written = {one.table for one in found}
    # The queries in WITH may bring what is written, and so may rows that they delete.
    brought = {*mine.tables, *seen.tables, *(one.table for one in seen.effects if one.table)}
    reads = tuple(sorted(one for one in brought if one not in written))
    uses = tuple(one for one in mine.uses if not (one.object == "table" and one.name in written))
    for inner in mine.effects:
        seen.do(inner)
    for effect in found:
        seen.do(effect._replace(reads=reads, uses=uses))
    if not seen.running:
        # Text that is kept: what it would write is used by it.
        for one in written:
            seen.use("table", one or "")
    seen.tables.update(dict.fromkeys(reads))
    seen.uses.update(mine.uses)
    seen.doubts.update(mine.doubts)
