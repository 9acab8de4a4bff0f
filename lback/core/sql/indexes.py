"""CREATE, ALTER and DROP INDEX, and indexes inside the definition of a table."""

from __future__ import annotations

from lback.core.effects import Effect, Use
from lback.core.sql.constraints import (
    EXPRESSION,
    asked_of_rows,
    index_columns,
    index_options,
    own_scope,
    plain_columns,
    storage,
)
from lback.core.sql.cursor import Cursor
from lback.core.sql.outcome import CannotRead, Does, Outcome
from lback.core.sql.queries import whole_expression
from lback.core.sql.seen import Seen, new_name


def create_index(cursor: Cursor, *, unique: bool) -> Outcome:
    """Read what follows CREATE INDEX."""
    cursor.take("CONCURRENTLY")
    guarded = cursor.guard()
    name = None if cursor.word == "ON" else cursor.name()
    if cursor.take("USING"):
        cursor.identifier()
    cursor.need("ON")
    cursor.take("ONLY")
    table = cursor.name()
    if cursor.take("USING"):
        cursor.identifier()
    return Does(
        (_index(cursor, table, name, unique=unique)._replace(certain=not guarded, guarded=guarded),)
    )


def _index(cursor: Cursor, table: str, name: str | None, *, unique: bool) -> Effect:
    """Read an index from its columns to its end."""
    start = cursor.place
    listed = cursor.group()
    columns, seen = index_columns(listed.copy(), table)
    plain = plain_columns(listed, columns)
    included = list(index_options(cursor))
    if cursor.take("WHERE"):
        condition = cursor.rest()
        if condition.done:
            raise CannotRead
        whole_expression(condition.copy(), own_scope(table), seen)
    for text in included:
        seen.use("column", text, table)
    if name is None and "postgresql" in cursor.grammars:
        seen.use("index", "_".join([table.rpartition(".")[2], *columns, "idx"]), table)
    return Effect(
        "create",
        "index",
        table,
        name,
        detail=("unique " if unique else "") + f"({', '.join(columns)})",
        columns=columns,
        aspects=("unique",) if unique else (),
        uses=seen.used(),
        terms=() if not unique else asked_of_rows(cursor, start) if plain else EXPRESSION,
    )


def index_in_table(cursor: Cursor, table: str) -> Effect:
    """Read MySQL's [UNIQUE | FULLTEXT | SPATIAL] INDEX name (columns) in a table's definition."""
    unique = cursor.take("UNIQUE")
    cursor.take_any("FULLTEXT", "SPATIAL")
    cursor.take_any("INDEX", "KEY")
    guarded = cursor.guard()
    name = None if cursor.opens() or cursor.word == "USING" else cursor.identifier()
    if cursor.take("USING"):
        cursor.identifier()
    effect = _index(cursor, table, name, unique=unique)
    cursor.finish()
    return effect._replace(certain=not guarded, guarded=guarded)


def alter_index(cursor: Cursor) -> Outcome:
    """Read what follows ALTER INDEX."""
    guarded = cursor.guard()
    name = cursor.name()
    if cursor.take("RENAME", "TO"):
        renamed = Effect("rename", "index", None, name, to=new_name(cursor, name))
        return Does((renamed._replace(certain=not guarded, guarded=guarded),))
    uses: tuple[Use, ...] = ()
    detail = cursor.copy().written()[:60]
    if cursor.take("ATTACH", "PARTITION"):
        uses = (Use("index", cursor.name()),)
    elif cursor.take("SET", "TABLESPACE"):
        cursor.identifier()
        cursor.take("NOWAIT")
    elif cursor.take("ALTER"):
        cursor.take("COLUMN")
        cursor.literal()
        cursor.need("SET", "STATISTICS")
        cursor.literal()
    elif cursor.take_any("SET", "RESET"):
        storage(cursor.group())
    else:
        raise CannotRead
    effect = Effect("alter", "index", None, name, detail=detail, uses=uses)
    return Does((effect._replace(certain=not guarded, guarded=guarded),))


def drop_index(cursor: Cursor) -> Outcome:
    """Read what follows DROP INDEX."""
    cursor.take("CONCURRENTLY")
    guarded = cursor.guard()
    names = cursor.names()
    table = cursor.name() if cursor.take("ON") else None
    seen = Seen()
    index_options(cursor)
    cascades = cursor.take_any("CASCADE", "RESTRICT") == "CASCADE"
    if cascades:
        seen.doubt("DROP INDEX ... CASCADE drops the foreign keys that need it")
    return seen.does(
        *(
            Effect("drop", "index", table, name, certain=not guarded, guarded=guarded)
            for name in names
        )
    )
