"""CREATE TABLE and CREATE VIEW in all their forms."""

from __future__ import annotations

from lback.core.effects import Effect, Kind
from lback.core.sql.columns import created, definition
from lback.core.sql.constraints import begins_constraint, constraint, own_scope, storage
from lback.core.sql.cursor import Cursor
from lback.core.sql.indexes import index_in_table
from lback.core.sql.outcome import CannotRead, Does, Impossible, Outcome
from lback.core.sql.queries import whole_expression, whole_query
from lback.core.sql.seen import Seen, new_name
from lback.core.sql.settings import table_option


def create_view(cursor: Cursor, *, materialized: bool) -> Outcome:
    """Read what follows CREATE VIEW; a view that is not understood may read any table."""
    guarded = cursor.guard()
    name = cursor.name()
    return define_view(cursor, name, "create", materialized=materialized, guarded=guarded)


_TAILS = (
    ("WITH", "NO", "DATA"),
    ("WITH", "DATA"),
    ("WITH", "CHECK", "OPTION"),
    ("WITH", "LOCAL", "CHECK", "OPTION"),
    ("WITH", "CASCADED", "CHECK", "OPTION"),
)


def _without_tail(text: Cursor) -> None:
    """Leave out what stands behind the query."""
    for tail in _TAILS:
        start = text.end - len(tail)
        if start > text.place and text.window(start, text.end).take(*tail):
            text.end = start
            return


def define_view(
    cursor: Cursor, name: str, kind: Kind, *, materialized: bool, guarded: bool
) -> Outcome:
    """Read a view's columns, options and query."""
    if cursor.opens():
        cursor.group().names()
    while cursor.word != "AS":
        if cursor.take("WITH"):
            storage(cursor.group())
        else:
            cursor.need_any("USING", "TABLESPACE")
            cursor.identifier()
    cursor.need("AS")
    text = cursor.rest()
    _without_tail(text)
    seen = Seen(running=materialized)
    reads: tuple[str, ...] = ()
    try:
        whole_query(text, seen)
        reads = tuple(sorted(table for table in seen.tables if table != name))
    except Impossible:
        raise
    except CannotRead:
        if materialized:
            raise
        reads = ("?",)
    seen.effects = [effect for effect in seen.effects if effect.object != "table"]
    uses = tuple(use for use in seen.uses if not (use.object == "table" and use.name == name))
    view = Effect(
        kind, "view", None, name, certain=not guarded, guarded=guarded, reads=reads, uses=uses
    )
    # Unlike a plain view it keeps rows: those that were there when it was made.
    return seen.does(view._replace(aspects=("materialized",)) if materialized else view)


def alter_view(cursor: Cursor) -> Outcome:
    """Read what follows ALTER VIEW."""
    guarded = cursor.guard()
    name = cursor.name()
    if cursor.take("RENAME", "TO"):
        made = Effect("rename", "view", None, name, to=new_name(cursor, name))
    elif cursor.take("SET", "SCHEMA"):
        bare = name.rpartition(".")[2]
        made = Effect("rename", "view", None, name, to=f"{cursor.identifier()}.{bare}")
    elif cursor.word == "AS" or cursor.opens():
        return define_view(cursor, name, "alter", materialized=False, guarded=False)
    else:
        detail = cursor.copy().written()[:60]
        if not cursor.take_any("RENAME", "OWNER", "SET", "RESET", "ALTER", "CLUSTER", "DEPENDS"):
            raise CannotRead
        cursor.rest()
        made = Effect("alter", "view", None, name, detail=detail)
    return Does((made._replace(certain=not guarded, guarded=guarded),))


_INDEXES = frozenset({"INDEX", "KEY", "FULLTEXT", "SPATIAL"})


def create_table(cursor: Cursor, *, temporary: bool) -> Outcome:
    """Read what follows CREATE TABLE."""
    guarded = cursor.guard()
    name = cursor.name()
    temporary = temporary or name.rpartition(".")[0].lower() in ("pg_temp", "temp")
    table = Effect("create", "table", name, name, certain=not guarded, guarded=guarded)
    seen = Seen()
    parts: list[Effect] = []
    if cursor.take("PARTITION", "OF"):
        parts = _partition(cursor, name, seen)
    elif cursor.take("LIKE"):
        _like(cursor, name, seen)
    elif cursor.take("OF"):
        seen.use("type", cursor.name())
        seen.doubt("columns of a table that has those of a type", (name,))
        if cursor.opens():
            cursor.group()
    elif cursor.opens() and cursor.peek(1).upper not in ("SELECT", "WITH"):
        parts = _elements(cursor.group(), name, seen)
    _options(cursor, name, seen)
    _query(cursor, name, seen, bool(parts))
    if temporary:
        seen.temporary.append(name)
        seen.doubts = {doubt: None for doubt in seen.doubts if doubt.tables != (name,)}
        return Does(tuple(seen.effects), seen.looks_at(), tuple(seen.doubts), (name,))
    reads = tuple(sorted(seen.tables))
    table = table._replace(reads=reads, uses=seen.used(apart=name))
    own = [part._replace(certain=part.certain and not guarded, guarded=guarded) for part in parts]
    return seen.does(table, *own)


def _elements(cursor: Cursor, table: str, seen: Seen) -> list[Effect]:
    """Read the columns, constraints and indexes between the brackets."""
    effects: list[Effect] = []
    if all(part.end - part.place == 1 for part in cursor.copy().commas()):
        look = cursor.copy()
        names = [comma.identifier() for comma in look.commas()]
        # Bare names: columns without types in SQLite, names for a query's columns elsewhere.
        return [Effect("create", "column", table, name) for name in names]
    for part in cursor.commas():
        if begins_constraint(part):
            effects.append(constraint(part, table))
        elif part.word in _INDEXES and _is_index(part):
            effects.append(index_in_table(part, table))
        elif part.take("LIKE"):
            _like(part, table, seen)
        elif part.take("PERIOD", "FOR"):
            part.identifier()
            part.group()
        else:
            effects += column(part, table, seen, guarded=False, running=False)
        part.finish()
    return effects


def _is_index(part: Cursor) -> bool:
    """Tell an index from a column that is called `key` or `index`."""
    if part.word in ("FULLTEXT", "SPATIAL"):
        return True
    inner = part.copy()
    inner.next()
    if inner.opens():
        return True
    inner.next()
    return inner.opens() or inner.word == "USING"


def column(cursor: Cursor, table: str, seen: Seen, *, guarded: bool, running: bool) -> list[Effect]:
    """Read a column's name and definition; return its effects."""
    made, inner = definition(cursor, table, cursor.identifier(), running=running)
    seen.effects += inner.effects
    seen.doubts.update(inner.doubts)
    return created(made, guarded=guarded)


def _like(cursor: Cursor, table: str, seen: Seen) -> None:
    source = cursor.name()
    seen.table(source)
    seen.use("column", "*", source)
    seen.doubt("columns of a table made like another one", (table,))
    while cursor.take_any("INCLUDING", "EXCLUDING"):
        cursor.next()


def _partition(cursor: Cursor, table: str, seen: Seen) -> list[Effect]:
    parent = cursor.name()
    seen.use("column", "*", parent)
    effects = [Effect("alter", "table", parent, parent, detail=f"partition {table}")]
    if cursor.opens():
        for part in cursor.group().commas():
            if begins_constraint(part):
                effects.append(constraint(part, table))
            else:
                name = part.identifier()
                part.take("WITH", "OPTIONS")
                made, _ = definition(part, table, name, running=False)
                effects += made.constraints
    bounds(cursor, table, seen)
    return effects


def bounds(cursor: Cursor, table: str, seen: Seen) -> None:
    """Take the values of a partition: FOR VALUES ..., or DEFAULT."""
    if cursor.take("DEFAULT"):
        return
    cursor.need("FOR", "VALUES")
    word = cursor.need_any("IN", "FROM", "WITH")
    if word == "WITH":
        values = cursor.group()
        while not values.done:
            values.need_any("MODULUS", "REMAINDER")
            values.literal()
            values.take(",")
        return
    whole_expression(cursor.group(), own_scope(table), seen)
    if word == "FROM":
        cursor.need("TO")
        whole_expression(cursor.group(), own_scope(table), seen)


def _options(cursor: Cursor, table: str, seen: Seen) -> None:
    """Take what follows the columns, up to a query."""
    while not cursor.done and not (cursor.word in ("AS", "SELECT", "WITH") and _queries(cursor)):
        if cursor.take("INHERITS"):
            for parent in cursor.group().names():
                seen.table(parent)
                seen.use("column", "*", parent)
            seen.doubt("columns of a table that inherits those of another one", (table,))
        elif cursor.take("PARTITION", "BY"):
            partitioning(cursor, table, seen)
        elif cursor.take("WITH"):
            storage(cursor.group())
        elif cursor.take("WITHOUT"):
            cursor.need_any("OIDS", "ROWID")
        elif cursor.take("USING") or cursor.take("TABLESPACE") or cursor.take("SERVER"):
            cursor.identifier()
        elif cursor.take("OPTIONS"):
            cursor.group()
        elif cursor.take("ON", "COMMIT"):
            if not cursor.take("DROP"):
                cursor.need_any("PRESERVE", "DELETE")
                cursor.need("ROWS")
        elif not cursor.take("STRICT"):
            table_option(cursor)
        cursor.take(",")


def _queries(cursor: Cursor) -> bool:
    """Tell whether a query begins here; WITH may begin storage parameters as well."""
    return cursor.word != "WITH" or cursor.peek(1).text != "("


def partitioning(cursor: Cursor, table: str, seen: Seen) -> None:
    """Take what follows PARTITION BY."""
    cursor.take("LINEAR")
    cursor.need_any("RANGE", "LIST", "HASH", "KEY")
    cursor.take("COLUMNS")
    inner = Seen(running=False)
    whole_expression(cursor.group(), own_scope(table), inner)
    seen.uses.update(inner.uses)
    if cursor.take_any("PARTITIONS", "SUBPARTITIONS"):
        cursor.literal()
    if cursor.take("SUBPARTITION", "BY"):
        partitioning(cursor, table, seen)
    if cursor.opens() and cursor.peek(1).upper == "PARTITION":
        cursor.group()


def _query(cursor: Cursor, table: str, seen: Seen, has_columns: bool) -> None:
    """Read AS query, or MySQL's query without AS."""
    has_as = cursor.take("AS")
    if cursor.done:
        if has_as:
            raise CannotRead
        return
    if cursor.end - cursor.place > 2:
        for tail in (("WITH", "NO", "DATA"), ("WITH", "DATA")):
            if cursor.window(cursor.end - len(tail), cursor.end).take(*tail):
                cursor.end -= len(tail)
                break
    if cursor.take("EXECUTE"):
        raise CannotRead("CREATE TABLE ... AS EXECUTE runs a prepared statement")
    inner = Seen()
    whole_query(cursor.rest(), inner)
    for name in inner.tables:
        seen.table(name)
    seen.uses.update(inner.uses)
    seen.effects += inner.effects
    seen.doubts.update(inner.doubts)
    seen.doubt("columns of a table made from a query", (table,))
