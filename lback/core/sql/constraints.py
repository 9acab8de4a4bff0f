"""Constraints of tables, and what they share with indexes."""

from __future__ import annotations

from typing import NamedTuple

from lback.core.effects import Effect, Use
from lback.core.sql.cursor import Cursor
from lback.core.sql.outcome import CannotRead
from lback.core.sql.queries import whole_expression
from lback.core.sql.seen import QueryScope, Seen

_KINDS = frozenset({"PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "EXCLUDE"})
_SUFFIX = {"primary": "pkey", "unique": "key", "foreignkey": "fkey", "check": "check"}


class Referred(NamedTuple):
    """What a foreign key refers to."""

    table: str | None = None
    columns: tuple[str, ...] = ()


def begins_constraint(cursor: Cursor) -> bool:
    """Tell whether a table constraint comes next, named or not."""
    return cursor.word in _KINDS or cursor.word == "CONSTRAINT"


def constraint(cursor: Cursor, table: str) -> Effect:
    """Read a table constraint to its end."""
    name = None
    guarded = False
    if cursor.take("CONSTRAINT"):
        guarded = cursor.guard()
        if cursor.word not in _KINDS or cursor.peek(1).upper in _KINDS:
            name = cursor.identifier()
    start = cursor.place
    effect = _constraint(cursor, table, name)
    cursor.finish()
    terms = (*asked_of_rows(cursor, start), *effect.terms)
    return effect._replace(certain=not guarded, guarded=guarded, terms=terms)


def _constraint(cursor: Cursor, table: str, name: str | None) -> Effect:
    word = cursor.next().upper
    if word == "PRIMARY":
        cursor.need("KEY")
        return _key(cursor, table, name, "primary")
    if word == "UNIQUE":
        cursor.take_any("KEY", "INDEX")
        return _key(cursor, table, name, "unique")
    if word == "FOREIGN":
        return _foreign_key(cursor, table, name)
    if word == "CHECK":
        seen = Seen(running=False)
        condition = cursor.group()
        terms = (("condition", condition.exactly() or "?"),)
        whole_expression(condition, own_scope(table), seen)
        if cursor.take("NO"):
            cursor.need("INHERIT")
        deferring(cursor)
        made = constraint_effect(cursor, table, name, "check", (), Referred(), seen.used())
        return made._replace(terms=terms)
    if word == "EXCLUDE":
        return _exclude(cursor, table, name)
    if word == "NOT":
        cursor.need("NULL")
        column = cursor.identifier()
        deferring(cursor)
        uses = (Use("column", column, table),)
        return constraint_effect(cursor, table, name, "check", (), Referred(), uses)
    raise CannotRead


# Words after which not every row must satisfy it, or not by plain columns as they are.
_OTHERWISE = frozenset(
    {"VALID", "ENFORCED", "USING", "WHERE", "CONFLICT", "COLLATE", "NULLS", "FULLTEXT", "SPATIAL"}
)


def asked_of_rows(cursor: Cursor, start: int) -> tuple[tuple[str, str], ...]:
    """Return the term for what each row that is there must satisfy, by the text from a place on."""
    words = {token.upper for token in cursor.tokens[start : cursor.place]}
    return () if words & _OTHERWISE else (("every row", "yes"),)


EXPRESSION = (("expression", "?"),)


def plain_columns(cursor: Cursor, columns: tuple[str, ...]) -> bool:
    """Tell whether these columns are all that a list holds, each of them as it is."""
    return len(list(cursor.commas())) == len(columns)


def own_scope(table: str) -> QueryScope:
    """Return the scope in which bare columns are those of one table."""
    return QueryScope({table.rpartition(".")[2].casefold(): table})


def _key(cursor: Cursor, table: str, name: str | None, kind: str) -> Effect:
    if cursor.take("NULLS"):
        cursor.take("NOT")
        cursor.need("DISTINCT")
    if cursor.take("USING", "INDEX"):
        index = cursor.name()
        deferring(cursor)
        uses = (Use("index", index, table),)
        return constraint_effect(cursor, table, name or index, kind, (), Referred(), uses)
    if not cursor.opens() and cursor.word != "USING":
        name = cursor.identifier() if name is None else (cursor.identifier() and name)
    index_options(cursor)
    listed = cursor.group()
    columns, seen = index_columns(listed.copy(), table)
    for option in index_options(cursor):
        seen.use("column", option, table)
    deferring(cursor)
    made = constraint_effect(cursor, table, name, kind, columns, Referred(), seen.used())
    return made if plain_columns(listed, columns) else made._replace(terms=EXPRESSION)


def _foreign_key(cursor: Cursor, table: str, name: str | None) -> Effect:
    cursor.need("KEY")
    guarded = cursor.guard()
    if not cursor.opens():
        name = name or cursor.identifier()
        if not cursor.opens():
            raise CannotRead
    inner = cursor.group()
    columns = tuple(inner.names())
    inner.finish()
    cursor.need("REFERENCES")
    referred = references(cursor)
    effect = constraint_effect(cursor, table, name, "foreignkey", columns, referred, ())
    return effect._replace(certain=not guarded, guarded=guarded)


def _exclude(cursor: Cursor, table: str, name: str | None) -> Effect:
    if cursor.take("USING"):
        cursor.identifier()
    seen = Seen(running=False)
    inner = cursor.group()
    for part in inner.commas():
        whole_expression(part.until("WITH"), own_scope(table), seen)
        part.need("WITH")
        while not part.done:
            if part.next().kind != "symbol":
                raise CannotRead
    index_options(cursor)
    if cursor.take("WHERE"):
        whole_expression(cursor.group(), own_scope(table), seen)
    deferring(cursor)
    return constraint_effect(cursor, table, name, "exclude", (), Referred(), seen.used())


def references(cursor: Cursor) -> Referred:
    """Take what follows REFERENCES."""
    table = cursor.name()
    columns: tuple[str, ...] = ()
    if cursor.opens():
        inner = cursor.group()
        columns = tuple(inner.names())
        inner.finish()
    while True:
        if cursor.take("MATCH"):
            cursor.need_any("FULL", "PARTIAL", "SIMPLE")
        elif cursor.take("ON", "DELETE") or cursor.take("ON", "UPDATE"):
            _action(cursor)
        else:
            break
    deferring(cursor)
    return Referred(table, columns)


def _action(cursor: Cursor) -> None:
    if cursor.take("SET"):
        cursor.need_any("NULL", "DEFAULT")
        if cursor.opens():
            cursor.group().names()
    elif cursor.take("NO"):
        cursor.need("ACTION")
    else:
        cursor.need_any("CASCADE", "RESTRICT")


def deferring(cursor: Cursor) -> None:
    """Take when a constraint is checked, and whether it holds for the rows that are there."""
    while True:
        if cursor.take("NOT", "VALID") or cursor.take("NOT", "ENFORCED"):
            continue
        if cursor.take("NOT", "DEFERRABLE") or cursor.take("DEFERRABLE"):
            continue
        if cursor.take("INITIALLY"):
            cursor.need_any("DEFERRED", "IMMEDIATE")
        elif not cursor.take("ENFORCED"):
            return


def index_options(cursor: Cursor) -> tuple[str, ...]:
    """Take what says how an index is kept; return the columns that it carries along."""
    included: list[str] = []
    while True:
        if cursor.take("USING", "INDEX"):
            cursor.need("TABLESPACE")
            cursor.identifier()
        elif cursor.take("USING") or cursor.take("TABLESPACE"):
            cursor.identifier()
        elif cursor.take("WITH"):
            if cursor.take("PARSER"):
                cursor.identifier()
            else:
                storage(cursor.group())
        elif cursor.take_any("KEY_BLOCK_SIZE", "COMMENT", "ALGORITHM", "LOCK"):
            cursor.take("=")
            cursor.literal()
        elif cursor.take("ON", "CONFLICT"):
            cursor.need_any("ROLLBACK", "ABORT", "FAIL", "IGNORE", "REPLACE")
        elif cursor.take("INCLUDE"):
            inner = cursor.group()
            included += inner.names()
            inner.finish()
        elif cursor.take("NULLS"):
            cursor.take("NOT")
            cursor.need("DISTINCT")
        elif not cursor.take_any("VISIBLE", "INVISIBLE", "IGNORED", "CLUSTERED", "NONCLUSTERED"):
            return tuple(included)


def storage(cursor: Cursor) -> None:
    """Take storage parameters: name [= value], ..."""
    while not cursor.done:
        cursor.parts()
        if cursor.take("="):
            cursor.literal()
        if not cursor.take(","):
            cursor.finish()


def index_columns(cursor: Cursor, table: str) -> tuple[tuple[str, ...], Seen]:
    """Read the columns of an index or key; plain ones, and what expressions among them use.

    A column with an order of its own is used as well: a copy of the table may not keep that.
    """
    seen = Seen(running=False)
    plain: list[str] = []
    for part in cursor.commas():
        look = part.copy()
        if look.peek().kind in ("word", "quoted", "string"):
            name = look.identifier()
            if not look.opens() and look.peek().text != ".":
                plain.append(name)
                if _order(look):
                    seen.use("column", name, table)
                look.finish()
                continue
            if look.opens() and look.peek(1).kind == "number" and look.peek(2).text == ")":
                # MySQL's prefix of a column: name(10).
                plain.append(name)
                look.group()
                _order(look)
                look.finish()
                continue
        _indexed_expression(part, table, seen)
    return tuple(plain), seen


def _indexed_expression(part: Cursor, table: str, seen: Seen) -> None:
    start = part.place
    if part.opens():
        part.group()
    else:
        part.parts()
        part.group()
    whole_expression(part.window(start, part.place), own_scope(table), seen)
    _order(part)
    part.finish()


def _order(part: Cursor) -> bool:
    """Take COLLATE, an operator class, ASC and NULLS FIRST behind an indexed column.

    Tell whether the column has another order than its own by that.
    """
    collated = part.take("COLLATE")
    if collated:
        part.parts()
    if part.peek().kind in ("word", "quoted") and part.word not in ("ASC", "DESC", "NULLS"):
        part.parts()
        if part.opens():
            storage(part.group())
    falls = part.take_any("ASC", "DESC") == "DESC"
    if part.take("NULLS"):
        part.need_any("FIRST", "LAST")
    return collated or falls


def constraint_effect(
    cursor: Cursor,
    table: str,
    name: str | None,
    kind: str,
    columns: tuple[str, ...],
    referred: Referred,
    uses: tuple[Use, ...],
) -> Effect:
    """Build the effect of a new constraint, with the name that PostgreSQL gives it unasked."""
    if name is None and "postgresql" in cursor.grammars and kind in _SUFFIX:
        middle = [] if kind == "primary" else list(columns)
        bare = table.rpartition(".")[2]
        uses = (*uses, Use("constraint", "_".join([bare, *middle, _SUFFIX[kind]]), table))
    if referred.table is not None:
        uses = (*uses, *(Use("column", column, referred.table) for column in referred.columns))
    return Effect(
        "create",
        "constraint",
        table,
        name,
        columns=columns,
        refers_to=referred.table,
        detail=kind + (f" ({', '.join(columns)})" if columns else ""),
        aspects=(kind,),
        uses=tuple(dict.fromkeys(uses)),
        terms=tuple(("refers", column) for column in referred.columns),
    )
