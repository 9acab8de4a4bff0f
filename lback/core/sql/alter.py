"""What ALTER TABLE does to neither columns nor constraints nor rows of its own."""

from __future__ import annotations

from lback.core.effects import Effect, Use
from lback.core.sql.columns import alter_column, redefine
from lback.core.sql.constraints import begins_constraint, constraint, storage
from lback.core.sql.creating import bounds, column, partitioning
from lback.core.sql.cursor import Cursor, short
from lback.core.sql.indexes import index_in_table
from lback.core.sql.outcome import CannotRead, Impossible, NotUnderstood, Outcome
from lback.core.sql.seen import Seen
from lback.core.sql.settings import is_table_option, table_option


def setting(cursor: Cursor, table: str, seen: Seen) -> None:
    """Take an action that changes neither columns nor constraints nor rows."""
    if cursor.take_any("ENABLE", "DISABLE"):
        _enabling(cursor, table, seen)
    elif cursor.take("FORCE") or cursor.take("NO", "FORCE"):
        if not cursor.done:
            cursor.need("ROW", "LEVEL", "SECURITY")
    elif cursor.take("REPLICA", "IDENTITY"):
        if cursor.take("USING", "INDEX"):
            seen.use("index", cursor.name(), table)
        else:
            cursor.need_any("FULL", "NOTHING", "DEFAULT")
    elif cursor.take("CLUSTER", "ON"):
        seen.use("index", cursor.name(), table)
    elif cursor.take("SET"):
        _set(cursor)
    elif cursor.take("RESET"):
        storage(cursor.group())
    elif cursor.take("CONVERT", "TO"):
        _converted(cursor)
    else:
        _further_setting(cursor, table, seen)


def _converted(cursor: Cursor) -> None:
    cursor.need_any("CHARACTER", "CHARSET")
    cursor.take("SET")
    cursor.literal()
    if cursor.take("COLLATE"):
        cursor.literal()


def _enabling(cursor: Cursor, table: str, seen: Seen) -> None:
    if cursor.take("KEYS") or cursor.take("ROW", "LEVEL", "SECURITY"):
        return
    cursor.take_any("REPLICA", "ALWAYS")
    cursor.need_any("TRIGGER", "RULE")
    name = cursor.identifier()
    if name.upper() not in ("ALL", "USER"):
        seen.use("trigger", name, table)


def _set(cursor: Cursor) -> None:
    if cursor.take_any("LOGGED", "UNLOGGED"):
        return
    if cursor.take_any("TABLESPACE"):
        cursor.identifier()
        cursor.take("NOWAIT")
    elif cursor.take("WITHOUT"):
        cursor.need_any("OIDS", "CLUSTER")
    elif cursor.take("ACCESS", "METHOD"):
        cursor.identifier()
    else:
        storage(cursor.group())


def _further_setting(cursor: Cursor, table: str, seen: Seen) -> None:
    if cursor.take("OWNER", "TO"):
        cursor.identifier()
    elif cursor.take("NO", "INHERIT") or cursor.take("INHERIT"):
        parent = cursor.name()
        seen.table(parent)
        seen.use("column", "*", parent)
    elif cursor.take("ATTACH", "PARTITION"):
        child = cursor.name()
        seen.use("column", "*", child)
        seen.do(Effect("alter", "table", child, child, detail=f"partition of {table}"))
        bounds(cursor, table, seen)
    elif cursor.take("DETACH", "PARTITION"):
        child = cursor.name()
        seen.do(Effect("alter", "table", child, child, detail=f"no partition of {table}"))
        cursor.take_any("CONCURRENTLY", "FINALIZE")
    elif cursor.take("OF"):
        seen.use("type", cursor.name())
    elif not cursor.take("NOT", "OF"):
        _setting_of_mysql(cursor, table, seen)


def _setting_of_mysql(cursor: Cursor, table: str, seen: Seen) -> None:
    if cursor.take("PARTITION", "BY"):
        partitioning(cursor, table, seen)
    elif cursor.take("ORDER", "BY"):
        seen.use("column", cursor.identifier(), table)
    elif cursor.take_any("ALGORITHM", "LOCK"):
        cursor.take("=")
        cursor.literal()
    elif cursor.take("WITH", "VALIDATION") or cursor.take("WITHOUT", "VALIDATION"):
        pass
    elif cursor.take_any("ANALYZE", "CHECK", "OPTIMIZE", "REBUILD", "REPAIR"):
        cursor.need("PARTITION")
        cursor.names()
    elif is_table_option(cursor):
        while not cursor.done:
            table_option(cursor)
    else:
        raise CannotRead


_INDEXES = frozenset({"UNIQUE", "INDEX", "KEY", "FULLTEXT", "SPATIAL"})
# An action that nobody knows and that says one of these may reach other tables.
_REACHES_FURTHER = frozenset({"TABLE", "PARTITION", "REFERENCES", "INHERIT", "CASCADE", "LIKE"})


def alter_table(cursor: Cursor, piece: str) -> Outcome:
    """Read what follows ALTER TABLE."""
    if cursor.take("ALL"):
        raise CannotRead
    guarded = cursor.guard()
    cursor.take("ONLY")
    table = cursor.name()
    cursor.take("*")
    if cursor.take_any("NOWAIT", "WAIT") == "WAIT":
        cursor.literal()
    seen = Seen()
    if cursor.done:
        raise CannotRead
    for action in cursor.commas():
        effects = _one(action, table, seen, piece)
        seen.effects += [
            effect._replace(
                certain=effect.certain and not guarded, guarded=effect.guarded or guarded
            )
            for effect in effects
        ]
        last = effects[-1] if effects else None
        if last is not None and last.kind == "rename" and last.object == "table" and last.to:
            table = last.to
    return seen.outcome() if seen.effects or seen.doubts else NotUnderstood(short(piece), (table,))


def _one(action: Cursor, table: str, seen: Seen, piece: str) -> list[Effect]:
    """Read one action; one that is not understood leaves a doubt about the table."""
    inner = Seen()
    try:
        start = action.copy()
        effects = _action(action, table, inner)
        action.finish()
    except Impossible:
        raise
    except CannotRead as problem:
        words = start.tokens[start.place : start.end]
        far = any(word.upper in _REACHES_FURTHER or word.text == "(" for word in words)
        reason = problem.reason or f"ALTER TABLE that is not understood: {short(piece)}"
        seen.doubt(reason, () if far else (table,))
        return []
    for effect in effects:
        if effect.kind == "create" and effect.object == "constraint" and "check" in effect.aspects:
            # It is checked for the rows that are there.
            for use in (use for use in effect.uses if use.object == "function"):
                inner.doubt(f"calls the function {use.name}()")
    seen.doubts.update(inner.doubts)
    seen.tables.update(inner.tables)
    seen.uses.update(inner.uses)
    uses = tuple(use for use in inner.uses if use != Use("table", table))
    return [
        *inner.effects,
        *(effect._replace(uses=tuple(dict.fromkeys((*effect.uses, *uses)))) for effect in effects),
    ]


def _action(cursor: Cursor, table: str, seen: Seen) -> list[Effect]:
    word = cursor.word
    if cursor.take("ADD"):
        return _add(cursor, table, seen)
    if cursor.take("DROP"):
        return _drop(cursor, table)
    if cursor.take("RENAME"):
        return [_rename(cursor, table)]
    if word in ("MODIFY", "CHANGE"):
        return redefine(cursor, table, seen)
    if cursor.take("ALTER"):
        return [_alter(cursor, table, seen)]
    if cursor.take("VALIDATE", "CONSTRAINT"):
        return [Effect("alter", "constraint", table, cursor.identifier(), detail="validate")]
    if cursor.take("SET", "SCHEMA"):
        bare = table.rpartition(".")[2]
        return [Effect("rename", "table", table, table, to=f"{cursor.identifier()}.{bare}")]
    detail = cursor.copy().written()[:60]
    setting(cursor, table, seen)
    return [Effect("alter", "table", table, table, detail=detail)]


# -- ADD ---------------------------------------------------------------------------


def _add(cursor: Cursor, table: str, seen: Seen) -> list[Effect]:
    if begins_constraint(cursor) and not _unique_index(cursor):
        return [constraint(cursor, table)]
    if cursor.word in _INDEXES and _names_index(cursor):
        return [index_in_table(cursor, table)]
    if cursor.take("PARTITION"):
        cursor.guard()
        if cursor.take("PARTITIONS"):
            cursor.literal()
        elif cursor.opens():
            cursor.group()
        return [Effect("alter", "table", table, table, detail="partition")]
    cursor.take("COLUMN")
    guarded = cursor.guard()
    if not cursor.opens():
        return column(cursor.rest(), table, seen, guarded=guarded, running=True)
    effects: list[Effect] = []
    for part in cursor.group().commas():
        if begins_constraint(part):
            effects.append(constraint(part, table))
        elif part.word in _INDEXES and _names_index(part):
            effects.append(index_in_table(part, table))
        else:
            effects += column(part, table, seen, guarded=guarded, running=True)
        part.finish()
    return effects


def _unique_index(cursor: Cursor) -> bool:
    """Tell MySQL's ADD UNIQUE KEY name (...) from the constraint of the standard."""
    if cursor.word != "UNIQUE":
        return False
    following = cursor.peek(1)
    return following.upper in ("KEY", "INDEX") or (
        following.kind in ("word", "quoted") and cursor.peek(2).text == "("
        and following.upper not in ("NULLS", "USING")
    )  # fmt: skip


def _names_index(cursor: Cursor) -> bool:
    """Tell an index from a column that is called `key` or `index`."""
    if cursor.word in ("UNIQUE", "FULLTEXT", "SPATIAL"):
        return True
    inner = cursor.copy()
    inner.next()
    if inner.opens() or inner.word in ("IF", "USING"):
        return True
    if inner.peek().kind not in ("word", "quoted"):
        return False
    inner.next()
    return inner.opens() or inner.word == "USING"


# -- DROP --------------------------------------------------------------------------


def _drop(cursor: Cursor, table: str) -> list[Effect]:
    if cursor.take("PRIMARY", "KEY"):
        return [Effect("drop", "constraint", table, None, aspects=("primary",))]
    kind, aspects = "column", ()
    if cursor.take("CONSTRAINT") or cursor.take("CHECK"):
        kind = "constraint"
    elif cursor.take("FOREIGN", "KEY"):
        kind, aspects = "constraint", ("foreignkey",)  # type: ignore[assignment]
    elif cursor.word in ("INDEX", "KEY") and cursor.peek(1).kind in ("word", "quoted"):
        cursor.next()
        kind = "index"
    elif cursor.take("PARTITION"):
        raise CannotRead("ALTER TABLE ... DROP PARTITION deletes rows", (table,))
    elif cursor.peek(1).kind in ("word", "quoted", "string") and cursor.word == "COLUMN":
        cursor.next()
    guarded = cursor.guard()
    if cursor.opens():
        # Several columns in brackets.
        inner = cursor.group()
        names = inner.names()
        inner.finish()
    else:
        names = [cursor.identifier()]
    cascade = ("cascade",) if cursor.take_any("CASCADE", "RESTRICT") == "CASCADE" else ()
    return [
        Effect(
            "drop",
            kind,
            table,
            name,
            certain=not guarded,
            guarded=guarded,
            aspects=aspects + cascade,
        )
        for name in names
    ]


# -- RENAME ------------------------------------------------------------------------


def _rename(cursor: Cursor, table: str) -> Effect:
    to_table = cursor.take("TO") or cursor.take("AS")
    if not to_table and cursor.end - cursor.place == 1:
        # MySQL's RENAME new_name.
        to_table = True
    if to_table:
        to = cursor.name()
        schema = table.rpartition(".")[0]
        full = f"{schema}.{to}" if schema and "." not in to else to
        return Effect("rename", "table", table, table, to=full)
    kind = "column"
    if cursor.take("CONSTRAINT"):
        kind = "constraint"
    elif cursor.word in ("INDEX", "KEY") and cursor.peek(1).upper != "TO":
        cursor.next()
        kind = "index"
    elif cursor.peek(1).upper != "TO":
        cursor.need("COLUMN")
    guarded = cursor.guard()
    old = cursor.identifier()
    cursor.need("TO")
    return Effect(
        "rename", kind, table, old, to=cursor.identifier(), certain=not guarded, guarded=guarded
    )


# -- ALTER -------------------------------------------------------------------------


def _alter(cursor: Cursor, table: str, seen: Seen) -> Effect:
    if cursor.take("CONSTRAINT") or cursor.take("CHECK"):
        name = cursor.identifier()
        cursor.take("NOT")
        if not cursor.take_any("DEFERRABLE", "ENFORCED", "VALID"):
            cursor.need("INITIALLY")
            cursor.need_any("DEFERRED", "IMMEDIATE")
        elif cursor.take("INITIALLY"):
            cursor.need_any("DEFERRED", "IMMEDIATE")
        return Effect("alter", "constraint", table, name)
    if cursor.take("INDEX"):
        guarded = cursor.guard()
        name = cursor.identifier()
        cursor.take("NOT")
        cursor.need_any("VISIBLE", "INVISIBLE", "IGNORED")
        return Effect("alter", "index", table, name, certain=not guarded, guarded=guarded)
    cursor.take("COLUMN")
    guarded = cursor.guard()
    altered = alter_column(cursor, table, cursor.identifier(), seen)
    return altered._replace(certain=not guarded, guarded=guarded)
