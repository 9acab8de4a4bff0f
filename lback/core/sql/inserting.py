"""INSERT and REPLACE, and what the statements that write rows have in common."""

from __future__ import annotations

from typing import cast

from lback.core.effects import Effect, Kind
from lback.core.sql.cursor import Cursor
from lback.core.sql.expressions import expression, inside, without_alias
from lback.core.sql.outcome import HOLE, CannotRead
from lback.core.sql.seen import Scope, Seen

_ENDS = ("RETURNING", "ON")


def effect(kind: str, table: str, columns: list[str], *, certain: bool = True) -> Effect:
    """Return an effect on the rows of a table."""
    return Effect(cast(Kind, kind), "data", table, columns=tuple(columns), certain=certain)


def insert(cursor: Cursor, outer: Scope, seen: Seen, *, replaces: bool) -> list[Effect]:
    """Read what follows INSERT or REPLACE."""
    if cursor.take("OR"):
        chosen = cursor.need_any("REPLACE", "IGNORE", "ABORT", "FAIL", "ROLLBACK")
        replaces = replaces or chosen == "REPLACE"
    while cursor.take_any("LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE"):
        pass
    if not cursor.take("INTO") and cursor.grammars == ("postgresql",):
        raise CannotRead
    table = cursor.name()
    scope = Scope(outer=outer)
    scope.add(table.rpartition(".")[2], table)
    if cursor.take("PARTITION"):
        cursor.group()
    if cursor.take("AS"):
        scope.add(cursor.identifier(), table)
    columns = column_list(cursor)
    if cursor.take("OVERRIDING"):
        cursor.need_any("SYSTEM", "USER")
        cursor.need("VALUE")
    _source(cursor, outer, scope, seen, table, columns)
    made = effect("insert", table, columns)
    found = [made._replace(aspects=("replace",)) if replaces else made]
    _upsert(cursor, scope, seen, table, found)
    returning(cursor, scope, seen)
    return found


def column_list(cursor: Cursor) -> list[str]:
    """Take a list of columns; not the query in brackets that may stand in its place."""
    if not cursor.opens() or cursor.peek(1).upper in ("SELECT", "WITH", "VALUES", "TABLE"):
        return []
    if cursor.peek(1).text == "(":
        return []
    inner = cursor.group()
    found = []
    while not inner.done:
        # "a", and PostgreSQL's "a.part" and "a[1]", which are of column a.
        parts = inner.parts()
        found.append(parts[-1] if len(parts) == 1 or inner.grammars == ("mysql",) else parts[0])
        while inner.peek().text == "[":
            inner.bracketed()
        if not inner.take(","):
            inner.finish()
    return found


def _source(
    cursor: Cursor, outer: Scope, scope: Scope, seen: Seen, table: str, columns: list[str]
) -> None:
    if cursor.take("DEFAULT", "VALUES"):
        seen.use("column", "*", table)
        return
    if cursor.take("SET"):
        columns += [name for _, name in assignments(cursor, scope, seen, _ENDS)]
        return
    if not columns:
        # The values go by the order of the columns.
        seen.use("column", "*", table)
    if cursor.word in ("VALUES", "VALUE"):
        cursor.next()
        _values(cursor, outer, scope, seen, table)
        return
    start = cursor.place
    _to_the_end_of_the_query(cursor)
    seen.later("query", cursor.window(start, cursor.place), outer)


def _values(cursor: Cursor, outer: Scope, scope: Scope, seen: Seen, table: str) -> None:
    rows = 0
    while cursor.opens() or cursor.take("ROW"):
        row = cursor.group()
        # MySQL's values may name columns of the same row.
        target = scope if row.grammars == ("mysql",) else outer
        if any(one.upper == "DEFAULT" for one in row.tokens[row.place : row.end]):
            seen.use("column", "*", table)
        inside(row, target, seen)
        rows += 1
        if not cursor.take(","):
            break
    if rows == 0:
        token = cursor.next()
        # A value list of which nothing is known.
        if token.kind != "parameter" and HOLE not in token.text:
            raise CannotRead
    if cursor.take("AS"):
        scope.add(cursor.identifier(), None)
        if cursor.opens():
            cursor.group().names()


def _to_the_end_of_the_query(cursor: Cursor) -> None:
    """Go to ON CONFLICT, ON DUPLICATE KEY or RETURNING, which are no part of the query."""
    while not cursor.done:
        word = cursor.word
        if word == "RETURNING":
            return
        if word == "ON" and cursor.peek(1).upper in ("CONFLICT", "DUPLICATE"):
            return
        cursor.skip()


def _upsert(cursor: Cursor, scope: Scope, seen: Seen, table: str, found: list[Effect]) -> None:
    """Read ON CONFLICT and ON DUPLICATE KEY UPDATE: rows that are there may be changed."""
    scope.add("excluded", None)
    while cursor.take("ON"):
        columns: list[str] = []
        if cursor.take("DUPLICATE"):
            cursor.need("KEY", "UPDATE")
            columns = [name for _, name in assignments(cursor, scope, seen, ("RETURNING",))]
        else:
            cursor.need("CONFLICT")
            if cursor.take("ON"):
                cursor.need("CONSTRAINT")
                seen.use("constraint", cursor.name(), table)
            elif cursor.opens():
                expression(cursor.group(), scope, seen)
                if cursor.take("WHERE"):
                    expression(cursor.until("DO"), scope, seen)
            cursor.need("DO")
            if cursor.take("NOTHING"):
                continue
            cursor.need("UPDATE", "SET")
            columns = [name for _, name in assignments(cursor, scope, seen, (*_ENDS, "WHERE"))]
            if cursor.take("WHERE"):
                expression(cursor.until(*_ENDS), scope, seen)
        found.append(effect("update", table, columns, certain=False))


def returning(cursor: Cursor, scope: Scope, seen: Seen) -> None:
    """Read RETURNING."""
    if not cursor.take("RETURNING"):
        return
    for item in cursor.commas():
        if item.take("*"):
            item.finish()
            seen.column(scope, "*")
            continue
        without_alias(item)
        expression(item, scope, seen)


def assignments(
    cursor: Cursor, scope: Scope, seen: Seen, ends: tuple[str, ...]
) -> list[tuple[str | None, str]]:
    """Take `column = value, ...`; return the columns, each with what stands before its dot."""
    found: list[tuple[str | None, str]] = []
    while True:
        if cursor.opens():
            inner = cursor.group()
            found += [(None, name) for name in inner.names()]
            inner.finish()
        else:
            parts = cursor.parts()
            known = len(parts) > 1 and scope.named(parts[-2])[0]
            if len(parts) > 1 and not known and cursor.grammars != ("mysql",):
                parts = parts[:1]
            found.append((parts[-2] if len(parts) > 1 else None, parts[-1]))
            while cursor.peek().text == "[":
                expression(cursor.bracketed(), scope, seen)
        if not cursor.take("="):
            cursor.need(":=")
        value = _until_clause(cursor, ends)
        if value.done:
            raise CannotRead
        if value.word == "DEFAULT":
            seen.column(scope, found[-1][1])
        expression(value, scope, seen)
        if not cursor.take(","):
            return found


def _until_clause(cursor: Cursor, ends: tuple[str, ...]) -> Cursor:
    """Take an expression up to a comma or a clause; `IS DISTINCT FROM` begins none."""
    start = cursor.place
    while True:
        cursor.until(",", *ends)
        if cursor.word == "FROM" and cursor.before().upper == "DISTINCT":
            cursor.next()
            continue
        return cursor.window(start, cursor.place)
