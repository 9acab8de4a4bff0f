"""What stands behind FROM: tables, their joins and aliases, queries and functions."""

from __future__ import annotations

from lback.core.sql.cursor import Cursor
from lback.core.sql.expressions import expression
from lback.core.sql.outcome import CannotRead
from lback.core.sql.seen import QueryScope, Seen

WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE"})
_JOIN = frozenset(
    {"JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "OUTER", "STRAIGHT_JOIN", "ON",
     "USING"}
)  # fmt: skip
# Words that cannot be the alias of a table without AS.
_NO_ALIAS = _JOIN | frozenset(
    """WHERE GROUP HAVING WINDOW ORDER LIMIT OFFSET FETCH FOR UNION INTERSECT EXCEPT SET RETURNING
    TABLESAMPLE WITH USE FORCE IGNORE INDEXED NOT LATERAL INTO VALUES SELECT DEFAULT WHEN DO ONLY
    PARTITION AS""".split()  # noqa: SIM905
)


def listed(cursor: Cursor) -> list[str]:
    """Take names to the end of a group."""
    names = cursor.names()
    cursor.finish()
    return names


def tables(cursor: Cursor, scope: QueryScope, seen: Seen) -> None:
    """Read a list of tables with their joins; nothing of it is left afterwards."""
    later: list[tuple[str, Cursor]] = []
    _references(cursor, scope, seen, later)
    cursor.finish()
    for kind, item in later:
        if kind == "query":
            seen.later("query", item, scope)
        elif kind == "using":
            for name in listed(item):
                seen.column(scope, name)
        else:
            expression(item, scope, seen)


def _references(
    cursor: Cursor, scope: QueryScope, seen: Seen, later: list[tuple[str, Cursor]]
) -> None:
    _reference(cursor, scope, seen, later)
    while not cursor.done:
        if cursor.take(","):
            _reference(cursor, scope, seen, later)
            continue
        natural = cursor.take("NATURAL")
        while cursor.take_any("INNER", "LEFT", "RIGHT", "FULL", "CROSS", "OUTER"):
            pass
        if not (cursor.take("JOIN") or cursor.take("STRAIGHT_JOIN")):
            return
        _reference(cursor, scope, seen, later)
        if natural:
            seen.column(scope, "*")
        _join_condition(cursor, later)


def _join_condition(cursor: Cursor, later: list[tuple[str, Cursor]]) -> None:
    # Joins may nest: a JOIN b JOIN c ON ... ON ...
    while True:
        if cursor.take("ON"):
            condition = _until_join(cursor)
            if condition.done:
                raise CannotRead
            later.append(("on", condition))
        elif cursor.take("USING"):
            later.append(("using", cursor.group()))
            if cursor.take("AS"):
                cursor.identifier()
        else:
            return


def _until_join(cursor: Cursor) -> Cursor:
    """Take a condition: LEFT and RIGHT before a bracket are functions."""
    start = cursor.place
    while not cursor.done:
        token = cursor.peek()
        if token.text == "," and token.kind == "symbol":
            break
        called = cursor.peek(1).text == "("
        if token.upper in _JOIN and not (called and token.upper in ("LEFT", "RIGHT")):
            break
        cursor.skip()
    return cursor.window(start, cursor.place)


def _reference(
    cursor: Cursor, scope: QueryScope, seen: Seen, later: list[tuple[str, Cursor]]
) -> None:
    cursor.take("LATERAL")
    if cursor.opens():
        inner = cursor.group()
        probe = inner.copy()
        while probe.opens():
            probe.next()
        if probe.word in ("SELECT", "WITH", "VALUES", "TABLE") or probe.word in WRITES:
            later.append(("query", inner))
            _alias(cursor, scope, "", None)
            return
        _references(inner, scope, seen, later)
        inner.finish()
        if not cursor.done and (cursor.word not in _NO_ALIAS or cursor.word == "AS"):
            _alias(cursor, scope, "", None)
        return
    if cursor.take("ROWS", "FROM"):
        later.append(("call", cursor.group()))
        _function_alias(cursor, scope, "")
        return
    cursor.take("ONLY")
    start = cursor.place
    parts = cursor.parts()
    if cursor.opens() and cursor.word != "PARTITION":
        cursor.group()
        later.append(("call", cursor.window(start, cursor.place)))
        _function_alias(cursor, scope, parts[-1])
        return
    cursor.place = start
    table(cursor, scope, seen)


def table(cursor: Cursor, scope: QueryScope, seen: Seen) -> None:
    """Read the name of a table, its alias and what is said of how it is read."""
    name = cursor.name()
    cursor.take("*")
    real: str | None = name
    if "." not in name and (scope.is_cte(name) or name.upper() == "DUAL"):
        real = None
    else:
        seen.table(name)
        seen.use("table", name)
    if cursor.take("PARTITION"):
        cursor.group()
    _alias(cursor, scope, name.rpartition(".")[2], real)
    if cursor.take("TABLESAMPLE"):
        cursor.identifier()
        seen.later("expression", cursor.group(), scope)
        if cursor.take("REPEATABLE"):
            seen.later("expression", cursor.group(), scope)
    if cursor.take("INDEXED", "BY"):
        seen.use("index", cursor.name(), name)
    elif cursor.take("NOT", "INDEXED"):
        pass
    while cursor.take_any("USE", "FORCE", "IGNORE"):
        cursor.need_any("INDEX", "KEY")
        if cursor.take("FOR"):
            cursor.need_any("JOIN", "ORDER", "GROUP")
            cursor.take("BY")
        for index in cursor.group().names():
            seen.use("index", index, name)


def _alias(cursor: Cursor, scope: QueryScope, own: str, table: str | None) -> None:
    alias = own
    named = cursor.take("AS")
    token = cursor.peek()
    if named or token.kind == "quoted" or (token.kind == "word" and token.upper not in _NO_ALIAS):
        alias = cursor.identifier()
        if cursor.opens():
            listed(cursor.group())
            # Its columns have other names now, so that bare ones say nothing.
    if alias:
        scope.add(alias, table)


def _function_alias(cursor: Cursor, scope: QueryScope, own: str) -> None:
    if cursor.take("WITH"):
        cursor.need("ORDINALITY")
    alias = own
    named = cursor.take("AS")
    if cursor.opens():
        cursor.group()
    elif named or cursor.peek().kind == "quoted" or (cursor.word and cursor.word not in _NO_ALIAS):
        alias = cursor.identifier()
        if cursor.opens():
            # Names, or names with their types.
            cursor.group()
    if alias:
        scope.add(alias, None)
