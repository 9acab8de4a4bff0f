"""Statements that write rows: INSERT, REPLACE, UPDATE, DELETE, MERGE."""

from __future__ import annotations

from typing import cast

from lback.core.effects import Effect, Kind
from lback.core.sql.cursor import Cursor
from lback.core.sql.expressions import expression, inside, without_alias
from lback.core.sql.outcome import HOLE, CannotRead
from lback.core.sql.seen import QueryScope, Seen
from lback.core.sql.sources import tables

_ENDS = ("RETURNING", "ON")


def effect(kind: str, table: str, columns: list[str], *, certain: bool = True) -> Effect:
    """Return an effect on the rows of a table."""
    return Effect(cast(Kind, kind), "data", table, columns=tuple(columns), certain=certain)


def insert(cursor: Cursor, outer: QueryScope, seen: Seen, *, replaces: bool) -> list[Effect]:
    """Read what follows INSERT or REPLACE."""
    if cursor.take("OR"):
        chosen = cursor.need_any("REPLACE", "IGNORE", "ABORT", "FAIL", "ROLLBACK")
        replaces = replaces or chosen == "REPLACE"
    while cursor.take_any("LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE"):
        pass
    if not cursor.take("INTO") and cursor.grammars == ("postgresql",):
        raise CannotRead
    table = cursor.name()
    scope = QueryScope(outer=outer)
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
    effects = [made._replace(aspects=("replace",)) if replaces else made]
    _upsert(cursor, scope, seen, table, effects)
    returning(cursor, scope, seen)
    return effects


def column_list(cursor: Cursor) -> list[str]:
    """Take a list of columns; not the query in brackets that may stand in its place."""
    if not cursor.opens() or cursor.peek(1).upper in ("SELECT", "WITH", "VALUES", "TABLE"):
        return []
    if cursor.peek(1).text == "(":
        return []
    inner = cursor.group()
    columns = []
    while not inner.done:
        # "a", and PostgreSQL's "a.part" and "a[1]", which are of column a.
        parts = inner.parts()
        columns.append(parts[-1] if len(parts) == 1 or inner.grammars == ("mysql",) else parts[0])
        while inner.peek().text == "[":
            inner.bracketed()
        if not inner.take(","):
            inner.finish()
    return columns


def _source(
    cursor: Cursor, outer: QueryScope, scope: QueryScope, seen: Seen, table: str, columns: list[str]
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


def _values(cursor: Cursor, outer: QueryScope, scope: QueryScope, seen: Seen, table: str) -> None:
    rows = 0
    while cursor.opens() or cursor.take("ROW"):
        row = cursor.group()
        # MySQL's values may name columns of the same row.
        target = scope if row.grammars == ("mysql",) else outer
        if any(token.upper == "DEFAULT" for token in row.tokens[row.place : row.end]):
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


def _upsert(
    cursor: Cursor, scope: QueryScope, seen: Seen, table: str, effects: list[Effect]
) -> None:
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
        effects.append(effect("update", table, columns, certain=False))


def returning(cursor: Cursor, scope: QueryScope, seen: Seen) -> None:
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
    cursor: Cursor, scope: QueryScope, seen: Seen, ends: tuple[str, ...]
) -> list[tuple[str | None, str]]:
    """Take `column = value, ...`; return the columns, each with what stands before its dot."""
    assigned: list[tuple[str | None, str]] = []
    while True:
        if cursor.opens():
            inner = cursor.group()
            assigned += [(None, name) for name in inner.names()]
            inner.finish()
        else:
            parts = cursor.parts()
            known = len(parts) > 1 and scope.named(parts[-2])[0]
            if len(parts) > 1 and not known and cursor.grammars != ("mysql",):
                parts = parts[:1]
            assigned.append((parts[-2] if len(parts) > 1 else None, parts[-1]))
            while cursor.peek().text == "[":
                expression(cursor.bracketed(), scope, seen)
        if not cursor.take("="):
            cursor.need(":=")
        value = _until_clause(cursor, ends)
        if value.done:
            raise CannotRead
        if value.word == "DEFAULT":
            seen.column(scope, assigned[-1][1])
        expression(value, scope, seen)
        if not cursor.take(","):
            return assigned


def _until_clause(cursor: Cursor, ends: tuple[str, ...]) -> Cursor:
    """Take an expression up to a comma or a clause; `IS DISTINCT FROM` begins none."""
    start = cursor.place
    while True:
        cursor.until(",", *ends)
        if cursor.word == "FROM" and cursor.before().upper == "DISTINCT":
            cursor.next()
            continue
        return cursor.window(start, cursor.place)


def write(cursor: Cursor, outer: QueryScope, seen: Seen) -> list[Effect]:
    """Read one statement that writes rows, to its end; return what it writes."""
    verb = cursor.next().upper
    if verb in ("INSERT", "REPLACE"):
        effects = insert(cursor, outer, seen, replaces=verb == "REPLACE")
    elif verb == "UPDATE":
        effects = _update(cursor, outer, seen)
    elif verb == "DELETE":
        effects = _delete(cursor, outer, seen)
    else:
        effects = _merge(cursor, outer, seen)
    cursor.finish()
    return effects


# -- UPDATE ------------------------------------------------------------------------


def _update(cursor: Cursor, outer: QueryScope, seen: Seen) -> list[Effect]:
    if cursor.take("OR"):
        cursor.need_any("REPLACE", "IGNORE", "ABORT", "FAIL", "ROLLBACK")
    cursor.take("LOW_PRIORITY")
    cursor.take("IGNORE")
    scope = QueryScope(outer=outer)
    target = cursor.until("SET")
    tables(target, scope, seen)
    named = {table for table in scope.tables.values() if table}
    cursor.need("SET")
    written = dict(scope.tables)
    start = cursor.place
    if _has_from(cursor):
        cursor.need("FROM")
        _tables_of(_until_clause_only(cursor), scope, seen)
        end = cursor.place
        cursor.place = start
        pairs = assignments(cursor, scope, seen, ("FROM",))
        cursor.place = end
    else:
        pairs = assignments(cursor, scope, seen, ("WHERE", "RETURNING", "ORDER", "LIMIT"))
    _conditions(cursor, scope, seen)
    by_table: dict[str, list[str]] = {}
    certain = True
    for qualifier, column in pairs:
        owner = written.get(qualifier.casefold()) if qualifier else None
        owners = [owner] if owner else sorted(named)
        certain = certain and len(owners) == 1
        for name in owners:
            by_table.setdefault(name, []).append(column)
    if not by_table:
        raise CannotRead
    return [effect("update", name, by_table[name], certain=certain) for name in sorted(by_table)]


def _tables_of(source: Cursor, scope: QueryScope, seen: Seen) -> None:
    if source.done:
        raise CannotRead
    tables(source, scope, seen)


def _has_from(cursor: Cursor) -> bool:
    """Go to the FROM of an UPDATE if there is one; tell whether there is."""
    start = cursor.place
    _until_from(cursor)
    if cursor.word == "FROM":
        return True
    cursor.place = start
    return False


def _until_from(cursor: Cursor) -> None:
    while not cursor.done and cursor.word not in ("WHERE", "RETURNING", "ORDER", "LIMIT"):
        if cursor.word == "FROM" and cursor.before().upper != "DISTINCT":
            return
        cursor.skip()


def _conditions(cursor: Cursor, scope: QueryScope, seen: Seen) -> None:
    """Read WHERE, ORDER BY, LIMIT and RETURNING at the end of UPDATE and DELETE."""
    if cursor.take("WHERE"):
        if cursor.take("CURRENT", "OF"):
            cursor.identifier()
        else:
            condition = cursor.until("RETURNING", "ORDER", "LIMIT")
            if condition.done:
                raise CannotRead
            expression(condition, scope, seen)
    if cursor.take("ORDER"):
        cursor.need("BY")
        expression(cursor.until("LIMIT", "RETURNING"), scope, seen)
    if cursor.take("LIMIT"):
        expression(cursor.until("RETURNING"), scope, seen)
    returning(cursor, scope, seen)


# -- DELETE ------------------------------------------------------------------------


def _delete(cursor: Cursor, outer: QueryScope, seen: Seen) -> list[Effect]:
    while cursor.take_any("LOW_PRIORITY", "QUICK", "IGNORE"):
        pass
    scope = QueryScope(outer=outer)
    if not cursor.take("FROM"):
        # MySQL's DELETE a, b FROM a JOIN b ...
        targets = _targets(cursor)
        cursor.need("FROM")
        tables(_until_clause_only(cursor), scope, seen)
        _conditions(cursor, scope, seen)
        return _deleted(targets, scope)
    probe = cursor.copy()
    targets = _targets(probe) if probe.peek().kind in ("word", "quoted") else []
    several = len(targets) > 1 and probe.word == "USING"
    if several or (probe.word == "USING" and cursor.grammars == ("mysql",)):
        cursor.place = probe.place
        cursor.need("USING")
        tables(_until_clause_only(cursor), scope, seen)
        _conditions(cursor, scope, seen)
        return _deleted(targets, scope)
    target = cursor.until("USING", "WHERE", "RETURNING", "ORDER", "LIMIT")
    tables(target, scope, seen)
    owner = next((table for table in scope.tables.values() if table), None)
    if owner is None or len(scope.tables) != 1:
        raise CannotRead
    if cursor.take("USING"):
        tables(_until_clause_only(cursor), scope, seen)
    _conditions(cursor, scope, seen)
    return [effect("delete", owner, [])]


def _until_clause_only(cursor: Cursor) -> Cursor:
    return cursor.until("WHERE", "RETURNING", "ORDER", "LIMIT")


def _targets(cursor: Cursor) -> list[str]:
    targets = []
    while True:
        parts = cursor.parts_of_column()
        targets.append(".".join(parts[:-1] if parts[-1] == "*" else parts))
        if not cursor.take(","):
            return targets


def _deleted(targets: list[str], scope: QueryScope) -> list[Effect]:
    effects = []
    for target in targets:
        known, table = scope.named(target.rpartition(".")[2])
        if known and table is None:
            raise CannotRead
        effects.append(effect("delete", table or target, []))
    return effects


# -- MERGE -------------------------------------------------------------------------


def _merge(cursor: Cursor, outer: QueryScope, seen: Seen) -> list[Effect]:
    cursor.take("INTO")
    scope = QueryScope(outer=outer)
    tables(cursor.until("USING"), scope, seen)
    table = next((table for table in scope.tables.values() if table), None)
    if table is None:
        raise CannotRead
    cursor.need("USING")
    tables(cursor.until("ON"), scope, seen)
    cursor.need("ON")
    expression(cursor.until("WHEN"), scope, seen)
    effects = []
    while cursor.take("WHEN"):
        cursor.take("NOT")
        cursor.need("MATCHED")
        if cursor.take("BY"):
            cursor.need_any("SOURCE", "TARGET")
        if cursor.take("AND"):
            expression(cursor.until("THEN"), scope, seen)
        cursor.need("THEN")
        action = _merge_action(cursor, scope, seen, table)
        if action is not None:
            effects.append(action)
    returning(cursor, scope, seen)
    return effects or [effect("update", table, [], certain=False)]


def _merge_action(cursor: Cursor, scope: QueryScope, seen: Seen, table: str) -> Effect | None:
    if cursor.take("DO"):
        cursor.need("NOTHING")
        return None
    if cursor.take("DELETE"):
        return effect("delete", table, [], certain=False)
    if cursor.take("UPDATE"):
        cursor.need("SET")
        columns = [name for _, name in assignments(cursor, scope, seen, ("WHEN", "RETURNING"))]
        return effect("update", table, columns, certain=False)
    cursor.need("INSERT")
    columns = column_list(cursor)
    if not columns:
        seen.use("column", "*", table)
    if cursor.take("OVERRIDING"):
        cursor.need_any("SYSTEM", "USER")
        cursor.need("VALUE")
    if cursor.take("DEFAULT"):
        cursor.need("VALUES")
    else:
        cursor.need("VALUES")
        inside(cursor.group(), scope, seen)
    return effect("insert", table, columns, certain=False)
