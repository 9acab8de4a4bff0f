"""Statements that write rows: INSERT, REPLACE, UPDATE, DELETE, MERGE."""

from __future__ import annotations

from lback.core.effects import Effect
from lback.core.sql.cursor import Cursor
from lback.core.sql.expressions import expression, inside
from lback.core.sql.inserting import assignments, column_list, effect, insert, returning
from lback.core.sql.outcome import CannotRead
from lback.core.sql.seen import Scope, Seen
from lback.core.sql.sources import tables


def write(cursor: Cursor, outer: Scope, seen: Seen) -> list[Effect]:
    """Read one statement that writes rows, to its end; return what it writes."""
    verb = cursor.next().upper
    if verb in ("INSERT", "REPLACE"):
        found = insert(cursor, outer, seen, replaces=verb == "REPLACE")
    elif verb == "UPDATE":
        found = _update(cursor, outer, seen)
    elif verb == "DELETE":
        found = _delete(cursor, outer, seen)
    else:
        found = _merge(cursor, outer, seen)
    cursor.finish()
    return found


# -- UPDATE ------------------------------------------------------------------------


def _update(cursor: Cursor, outer: Scope, seen: Seen) -> list[Effect]:
    if cursor.take("OR"):
        cursor.need_any("REPLACE", "IGNORE", "ABORT", "FAIL", "ROLLBACK")
    cursor.take("LOW_PRIORITY")
    cursor.take("IGNORE")
    scope = Scope(outer=outer)
    target = cursor.until("SET")
    tables(target, scope, seen)
    named = {one for one in scope.tables.values() if one}
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
        for one in owners:
            by_table.setdefault(one, []).append(column)
    if not by_table:
        raise CannotRead
    return [effect("update", one, by_table[one], certain=certain) for one in sorted(by_table)]


def _tables_of(source: Cursor, scope: Scope, seen: Seen) -> None:
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


def _conditions(cursor: Cursor, scope: Scope, seen: Seen) -> None:
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


def _delete(cursor: Cursor, outer: Scope, seen: Seen) -> list[Effect]:
    while cursor.take_any("LOW_PRIORITY", "QUICK", "IGNORE"):
        pass
    scope = Scope(outer=outer)
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
    owner = next((one for one in scope.tables.values() if one), None)
    if owner is None or len(scope.tables) != 1:
        raise CannotRead
    if cursor.take("USING"):
        tables(_until_clause_only(cursor), scope, seen)
    _conditions(cursor, scope, seen)
    return [effect("delete", owner, [])]


def _until_clause_only(cursor: Cursor) -> Cursor:
    return cursor.until("WHERE", "RETURNING", "ORDER", "LIMIT")


def _targets(cursor: Cursor) -> list[str]:
    found = []
    while True:
        parts = cursor.parts_of_column()
        found.append(".".join(parts[:-1] if parts[-1] == "*" else parts))
        if not cursor.take(","):
            return found


def _deleted(targets: list[str], scope: Scope) -> list[Effect]:
    found = []
    for one in targets:
        known, table = scope.named(one.rpartition(".")[2])
        if known and table is None:
            raise CannotRead
        found.append(effect("delete", table or one, []))
    return found


# -- MERGE -------------------------------------------------------------------------


def _merge(cursor: Cursor, outer: Scope, seen: Seen) -> list[Effect]:
    cursor.take("INTO")
    scope = Scope(outer=outer)
    tables(cursor.until("USING"), scope, seen)
    table = next((one for one in scope.tables.values() if one), None)
    if table is None:
        raise CannotRead
    cursor.need("USING")
    tables(cursor.until("ON"), scope, seen)
    cursor.need("ON")
    expression(cursor.until("WHEN"), scope, seen)
    found = []
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
            found.append(action)
    returning(cursor, scope, seen)
    return found or [effect("update", table, [], certain=False)]


def _merge_action(cursor: Cursor, scope: Scope, seen: Seen, table: str) -> Effect | None:
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
