"""Queries, down to what they look at, alone and inside other statements."""

from __future__ import annotations

from lback.core.effects import Effect
from lback.core.sql.cursor import Cursor
from lback.core.sql.expressions import expression, inside, without_alias
from lback.core.sql.outcome import CannotRead, Outcome
from lback.core.sql.rows import write
from lback.core.sql.seen import QueryScope, Seen
from lback.core.sql.sources import WRITES, listed, table, tables

_SETS = ("UNION", "INTERSECT", "EXCEPT")
_CLAUSES = (
    "FROM", "WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR",
    "INTO", "LOCK",
)  # fmt: skip
_AT_THE_END = frozenset({"ORDER", "LIMIT", "OFFSET", "FETCH", "FOR", "LOCK"})
# Names of clauses that may be those of columns as well.
_MAY_BE_COLUMNS = frozenset({"OFFSET", "WINDOW", "FETCH", "LOCK"})


def query(cursor: Cursor, outer: QueryScope | None, seen: Seen) -> None:
    """Read a whole query; nothing of it is left afterwards but what is in brackets."""
    scope = QueryScope(outer=outer)
    with_clause(cursor, scope, seen)
    if cursor.word in WRITES:
        seen.later("write", cursor.rest(), scope)
        return
    last = QueryScope(outer=scope)
    while True:
        last = _part(cursor, scope, seen)
        if not cursor.take_any(*_SETS):
            break
        cursor.take_any("ALL", "DISTINCT")
    _tail(cursor, last, seen)
    cursor.finish()


def with_clause(cursor: Cursor, scope: QueryScope, seen: Seen) -> None:
    """Read WITH name AS (...), ...; its names are then those of the scope."""
    if not cursor.take("WITH"):
        return
    recursive = cursor.take("RECURSIVE")
    while True:
        name = cursor.identifier()
        if recursive:
            scope.ctes.add(name.casefold())
        if cursor.opens():
            listed(cursor.group())
        cursor.need("AS")
        if cursor.take("NOT"):
            cursor.need("MATERIALIZED")
        else:
            cursor.take("MATERIALIZED")
        # What stands in brackets is read later: by then this name is known, and no table.
        so_far = QueryScope(ctes=set(scope.ctes), outer=scope.outer)
        query(cursor.group(), so_far, seen)
        scope.ctes.add(name.casefold())
        while cursor.word in ("SEARCH", "CYCLE"):
            _search(cursor)
        if not cursor.take(","):
            return


def _search(cursor: Cursor) -> None:
    """Take what orders a recursive query or ends its cycles: names of its own result."""
    while not cursor.done and not cursor.take("USING") and cursor.word != "SELECT":
        cursor.next()
    cursor.identifier()


def _part(cursor: Cursor, scope: QueryScope, seen: Seen) -> QueryScope:
    """Read one part of a UNION."""
    if cursor.opens():
        inner = cursor.group()
        query(inner, scope, seen)
        return QueryScope(outer=scope)
    if cursor.take("SELECT"):
        return _select(cursor, scope, seen)
    if cursor.take("VALUES"):
        rows = cursor.until(*_SETS, "ORDER", "LIMIT", "OFFSET", "FETCH", "ON", "RETURNING")
        _rows(rows, scope, seen)
        return QueryScope(outer=scope)
    if cursor.take("TABLE"):
        cursor.take("ONLY")
        inner_scope = QueryScope(outer=scope)
        table(cursor, inner_scope, seen)
        seen.column(inner_scope, "*")
        return inner_scope
    raise CannotRead


def _rows(cursor: Cursor, scope: QueryScope, seen: Seen) -> None:
    if cursor.done:
        raise CannotRead
    for row in cursor.commas():
        row.take("ROW")
        inside(row.group(), scope, seen)
        row.finish()


def _select(cursor: Cursor, outer: QueryScope, seen: Seen) -> QueryScope:
    scope = QueryScope(outer=outer)
    parts: list[Cursor] = []
    into: list[Cursor] = []
    if cursor.take_any("ALL", "DISTINCT", "DISTINCTROW") == "DISTINCT" and cursor.take("ON"):
        parts.append(cursor.group())
    while cursor.take_any("STRAIGHT_JOIN", "SQL_NO_CACHE", "SQL_CALC_FOUND_ROWS", "HIGH_PRIORITY"):
        pass
    listed = _clause(cursor)
    while cursor.word in _CLAUSES and cursor.word not in _AT_THE_END:
        word = cursor.next().upper
        clause = _clause(cursor)
        if word == "FROM":
            tables(clause, scope, seen)
        elif word == "INTO":
            into.append(clause)
        else:
            parts.append(_condition(word, clause))
    _select_list(listed, scope, seen)
    for item in parts:
        expression(item, scope, seen)
    for item in into:
        _into(item, seen)
    return scope


def _condition(word: str, clause: Cursor) -> Cursor:
    """Take the words that belong to the beginning of a clause."""
    if word in ("GROUP", "ORDER"):
        clause.need("BY")
        clause.take_any("ALL", "DISTINCT")
        _drop_rollup(clause)
    if word == "WINDOW":
        clause.identifier()
        clause.need("AS")
    if clause.done:
        raise CannotRead
    return clause


def _drop_rollup(clause: Cursor) -> None:
    """Leave out MySQL's WITH ROLLUP."""
    if clause.end - clause.place > 2:
        last = clause.window(clause.end - 2, clause.end)
        if last.take("WITH", "ROLLUP"):
            clause.end -= 2


def _select_list(cursor: Cursor, scope: QueryScope, seen: Seen) -> None:
    if cursor.done:
        # PostgreSQL allows an empty list.
        return
    for item in cursor.commas():
        if item.take("*"):
            seen.column(scope, "*")
            item.finish()
            continue
        without_alias(item)
        expression(item, scope, seen)


def _clause(cursor: Cursor) -> Cursor:
    """Take all up to the next clause: IS DISTINCT FROM, VALUE FOR, WITHIN GROUP begin none."""
    start = cursor.place
    while True:
        cursor.until(*_CLAUSES, *_SETS, "RETURNING")
        before = cursor.before()
        apart = {"FROM": "DISTINCT", "GROUP": "WITHIN", "FOR": "VALUE"}.get(cursor.word)
        if apart is not None and before.upper == apart and cursor.place > start:
            cursor.next()
            continue
        operator = before.kind == "symbol" and before.text not in (")", "]", "*")
        if cursor.word in _MAY_BE_COLUMNS and (cursor.place == start or operator):
            cursor.next()
            continue
        return cursor.window(start, cursor.place)


def _tail(cursor: Cursor, scope: QueryScope, seen: Seen) -> None:
    """Read what follows the parts of a query: ORDER BY, LIMIT, locks."""
    while cursor.word in _AT_THE_END or cursor.word == "INTO":
        word = cursor.next().upper
        if word == "FOR":
            _lock(cursor)
        elif word == "LOCK":
            cursor.need("IN", "SHARE", "MODE")
        elif word == "INTO":
            _into(_clause(cursor), seen)
        elif word == "FETCH":
            cursor.need_any("FIRST", "NEXT")
            if cursor.word not in ("ROW", "ROWS"):
                expression(cursor.until("ROW", "ROWS"), scope, seen)
            cursor.need_any("ROW", "ROWS")
            if not cursor.take("ONLY"):
                cursor.need("WITH", "TIES")
        else:
            clause = _clause(cursor)
            if word == "ORDER":
                clause.need("BY")
            if word == "OFFSET" and clause.end - clause.place > 1:
                clause.end -= clause.tokens[clause.end - 1].upper in ("ROW", "ROWS")
            if clause.done:
                raise CannotRead
            expression(clause, scope, seen)


def _lock(cursor: Cursor) -> None:
    cursor.take("NO")
    cursor.take("KEY")
    cursor.need_any("UPDATE", "SHARE")
    if cursor.take("OF"):
        cursor.names()
    if not cursor.take("NOWAIT") and cursor.take("SKIP"):
        cursor.need("LOCKED")


def _into(clause: Cursor, seen: Seen) -> None:
    """Read SELECT ... INTO: a new table, or variables of MySQL and of PL/pgSQL."""
    if clause.peek().kind == "variable":
        while clause.peek().kind == "variable":
            clause.next()
            clause.take(",")
        clause.finish()
        return
    temporary = bool(clause.take_any("TEMP", "TEMPORARY"))
    clause.take("UNLOGGED")
    clause.take("TABLE")
    if clause.grammars == ("mysql",):
        raise CannotRead("SELECT ... INTO something that is no variable")
    name = clause.name()
    clause.finish()
    if temporary:
        seen.temporary.append(name)
        return
    seen.do(Effect("create", "table", name, name, reads=tuple(sorted(seen.tables))))
    seen.doubt("columns of a table made from a query", (name,))


def read_query(cursor: Cursor) -> Outcome:
    """Read a statement that begins a query, or writes rows, as a whole."""
    seen = Seen()
    whole_query(cursor, seen)
    return seen.outcome()


def read_write(cursor: Cursor) -> Outcome:
    """Read INSERT, REPLACE, UPDATE, DELETE or MERGE."""
    seen = Seen()
    scope = QueryScope()
    with_clause(cursor, scope, seen)
    seen.later("write", cursor.rest(), scope)
    read_all(seen)
    return seen.outcome()


def whole_query(cursor: Cursor, seen: Seen) -> None:
    """Read a query with all that is in it."""
    query(cursor, None, seen)
    read_all(seen)


def whole_expression(cursor: Cursor, scope: QueryScope, seen: Seen) -> None:
    """Read expressions with all that is in them."""
    expression(cursor, scope, seen)
    read_all(seen)


def whole_group(cursor: Cursor, scope: QueryScope, seen: Seen) -> None:
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


def _write(cursor: Cursor, scope: QueryScope, seen: Seen) -> None:
    mine = Seen(running=seen.running)
    effects = write(cursor, scope, mine)
    read_all(mine)
    written = {item.table for item in effects}
    # The queries in WITH may bring what is written, and so may rows that they delete.
    brought = {
        *mine.tables,
        *seen.tables,
        *(effect.table for effect in seen.effects if effect.table),
    }
    reads = tuple(sorted(name for name in brought if name not in written))
    uses = tuple(use for use in mine.uses if not (use.object == "table" and use.name in written))
    for inner in mine.effects:
        seen.do(inner)
    for effect in effects:
        seen.do(effect._replace(reads=reads, uses=uses))
    if not seen.running:
        # Text that is kept: what it would write is used by it.
        for name in written:
            seen.use("table", name or "")
    seen.tables.update(dict.fromkeys(reads))
    seen.uses.update(mine.uses)
    seen.doubts.update(mine.doubts)
