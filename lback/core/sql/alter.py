"""ALTER TABLE in the dialects of PostgreSQL, MySQL and SQLite: one effect an action."""

from __future__ import annotations

from lback.core.effects import Effect
from lback.core.sql.columns import definition, written
from lback.core.sql.constraints import column_type, constraint, inline_constraints
from lback.core.sql.reading import CannotRead, Reading
from lback.core.sql.tokens import Cursor, Token, plain_columns

# Actions that change neither columns nor constraints nor rows.
_SETTINGS = frozenset(
    """OWNER SET RESET CLUSTER ENABLE DISABLE FORCE REPLICA INHERIT NO NOT ENGINE
    AUTO_INCREMENT ROW_FORMAT CONVERT DEFAULT CHARACTER CHARSET COLLATE COMMENT ALGORITHM
    LOCK DETACH ATTACH PARTITION ORDER WITHOUT WITH DROP_PARTITION REORGANIZE ANALYZE OF
    VALIDATE STATS_PERSISTENT KEY_BLOCK_SIZE""".split()  # noqa: SIM905
)


def alter_table(reading: Reading, cursor: Cursor, shown: str) -> None:
    """Read what follows ALTER TABLE."""
    guarded = cursor.guard()
    cursor.take("ONLY")
    table = cursor.name()
    cursor.take("*")
    if table is None:
        raise CannotRead
    while not cursor.done:
        action = Cursor(cursor.until_comma(), cursor.text)
        cursor.take(",")
        found = Reading()
        if not _action(found, action, table):
            found.cannot_read(f"ALTER TABLE that is not understood: {shown}", (table,))
        reading.include(found, certain=not guarded)
        if found.effects and found.effects[-1].kind == "rename":
            last = found.effects[-1]
            table = last.to if last.object == "table" and last.to else table


def _action(reading: Reading, cursor: Cursor, table: str) -> bool:
    if cursor.take("ADD"):
        return _add(reading, cursor, table)
    if cursor.take("DROP"):
        return _drop(reading, cursor, table)
    if cursor.take("RENAME"):
        return _rename(reading, cursor, table)
    if cursor.take("MODIFY") or cursor.take("CHANGE"):
        return _redefine(reading, cursor, table)
    if cursor.take("ALTER"):
        return _alter(reading, cursor, table)
    if cursor.take("VALIDATE", "CONSTRAINT"):
        name = cursor.name()
        reading.add(Effect("alter", "constraint", table, name, detail="validate"))
        return True
    if cursor.take("SET", "SCHEMA"):
        bare = table.rpartition(".")[2]
        reading.add(Effect("rename", "table", table, table, to=f"{cursor.name()}.{bare}"))
        return True
    if cursor.peek().upper in _SETTINGS:
        reading.add(Effect("alter", "table", table, table, detail=text_of(cursor.rest())))
        return True
    return False


def text_of(found: list[Token]) -> str:
    """Return tokens as one line."""
    return " ".join(one.text for one in found)[:60]


def _add(reading: Reading, cursor: Cursor, table: str) -> bool:
    name = None
    if cursor.take("CONSTRAINT"):
        cursor.guard()
        if cursor.peek().upper not in ("PRIMARY", "UNIQUE", "FOREIGN", "CHECK"):
            name = cursor.name()
        return constraint(reading, cursor, table, name)
    if cursor.peek().upper in ("PRIMARY", "FOREIGN", "CHECK", "EXCLUDE"):
        return constraint(reading, cursor, table, name)
    if cursor.peek().upper in ("UNIQUE", "INDEX", "KEY", "FULLTEXT", "SPATIAL"):
        return _add_index(reading, cursor, table)
    if cursor.take("PARTITION"):
        reading.add(Effect("alter", "table", table, table, detail="partition"))
        return True
    cursor.take("COLUMN")
    guarded = cursor.guard()
    if cursor.peek().text == "(":
        inner = Cursor(cursor.group())
        while not inner.done:
            _column(reading, Cursor(inner.until_comma()), table, guarded)
            inner.take(",")
        return True
    return _column(reading, cursor, table, guarded)


def _add_index(reading: Reading, cursor: Cursor, table: str) -> bool:
    unique = cursor.take("UNIQUE")
    if unique and cursor.peek().text == "(":
        columns = plain_columns(cursor.group())
        reading.add(Effect("create", "constraint", table, columns=columns, aspects=("unique",)))
        return True
    cursor.take_any("FULLTEXT", "SPATIAL")
    cursor.take_any("INDEX", "KEY")
    guarded = cursor.guard()
    name = None if cursor.peek().text == "(" else cursor.name()
    columns = plain_columns(cursor.group())
    reading.add(
        Effect(
            "create",
            "index",
            table,
            name,
            certain=not guarded,
            columns=columns,
            aspects=("unique",) if unique else (),
        )
    )
    return True


def _column(reading: Reading, cursor: Cursor, table: str, guarded: bool) -> bool:
    name = cursor.identifier()
    if name is None:
        return False
    type_text = column_type(cursor)
    words = {one.upper for one in cursor.rest()}
    text = " ".join(one.upper for one in cursor.rest())
    required = "NOT NULL" in text and "DEFAULT" not in words and "GENERATED" not in words
    detail = type_text + (", not null" if "NOT NULL" in text else "")
    reading.add(
        Effect(
            "create",
            "column",
            table,
            name,
            certain=not guarded,
            detail=detail,
            aspects=("not null",) if required else (),
            sets=definition(type_text, cursor),
        )
    )
    inline_constraints(reading, cursor, table, name)
    return True


def _drop(reading: Reading, cursor: Cursor, table: str) -> bool:
    if cursor.take("CONSTRAINT") or cursor.take("CHECK"):
        return _drop_one(reading, cursor, table, "constraint", ())
    if cursor.take("FOREIGN", "KEY"):
        return _drop_one(reading, cursor, table, "constraint", ("foreignkey",))
    if cursor.take("PRIMARY", "KEY"):
        reading.add(Effect("drop", "constraint", table, None, aspects=("primary",)))
        return True
    if cursor.take("INDEX") or cursor.take("KEY"):
        return _drop_one(reading, cursor, table, "index", ())
    if cursor.take("PARTITION"):
        return False
    cursor.take("COLUMN")
    return _drop_one(reading, cursor, table, "column", ())


def _drop_one(
    reading: Reading, cursor: Cursor, table: str, kind: str, aspects: tuple[str, ...]
) -> bool:
    guarded = cursor.guard()
    name = cursor.identifier()
    if name is None:
        return False
    cascade = ("cascade",) if cursor.take("CASCADE") else ()
    reading.add(Effect("drop", kind, table, name, certain=not guarded, aspects=aspects + cascade))
    return True


def _rename(reading: Reading, cursor: Cursor, table: str) -> bool:
    kind = "column"
    if cursor.take("TO") or cursor.take("AS"):
        kind = "table"
    elif cursor.take("CONSTRAINT"):
        kind = "constraint"
    elif cursor.take("INDEX") or cursor.take("KEY"):
        kind = "index"
    else:
        cursor.take("COLUMN")
    if kind == "table":
        to = cursor.name()
        schema = table.rpartition(".")[0]
        full = f"{schema}.{to}" if schema and to and "." not in to else to
        reading.add(Effect("rename", "table", table, table, to=full))
        return to is not None
    old = cursor.identifier()
    if old is None or not cursor.take("TO"):
        return False
    reading.add(Effect("rename", kind, table, old, to=cursor.identifier()))
    return True


def _redefine(reading: Reading, cursor: Cursor, table: str) -> bool:
    """Read MySQL's MODIFY name definition and CHANGE old new definition."""
    changes = cursor.tokens[cursor.place - 1].upper == "CHANGE"
    cursor.take("COLUMN")
    guarded = cursor.guard()
    old = cursor.identifier()
    new = cursor.identifier() if changes else old
    if old is None or new is None:
        return False
    detail = column_type(cursor)
    required = "NOT NULL" in " ".join(one.upper for one in cursor.rest())
    aspects = ("type", "nullable", *(("not null",) if required else ()), "default", "comment")
    reading.add(
        Effect(
            "alter",
            "column",
            table,
            old,
            certain=not guarded,
            detail=f"type {detail}",
            aspects=aspects,
            sets=definition(detail, cursor, whole=True),
        )
    )
    if new != old:
        reading.add(Effect("rename", "column", table, old, to=new))
    return True


def _alter(reading: Reading, cursor: Cursor, table: str) -> bool:
    if cursor.take("CONSTRAINT"):
        reading.add(Effect("alter", "constraint", table, cursor.name()))
        return True
    if cursor.take("INDEX"):
        reading.add(Effect("alter", "index", table, cursor.name()))
        return True
    cursor.take("COLUMN")
    name = cursor.identifier()
    if name is None:
        return False
    aspects: tuple[str, ...] = ()
    sets: tuple[str, str] | None = None
    detail = text_of(cursor.rest()).lower()
    if cursor.take("TYPE") or cursor.take("SET", "DATA", "TYPE"):
        sets = ("type", column_type(cursor))
        aspects, detail = ("type",), f"type {sets[1]}"
    elif cursor.take("SET", "NOT", "NULL"):
        aspects, detail, sets = ("nullable", "not null"), "nullable=false", ("nullable", "no")
    elif cursor.take("DROP", "NOT", "NULL"):
        aspects, detail, sets = ("nullable",), "nullable=true", ("nullable", "yes")
    elif cursor.take("SET", "DEFAULT"):
        aspects, sets = ("default",), ("default", written(cursor.rest(), cursor.text))
    elif cursor.take("DROP", "DEFAULT"):
        aspects, sets = ("default",), ("default", "")
    elif cursor.take("ADD", "GENERATED"):
        aspects, sets = ("default",), ("identity", "always or by default")
    elif cursor.take("DROP", "IDENTITY"):
        aspects, sets = ("default",), ("identity", "")
    elif not (cursor.take("SET") or cursor.take("RESET") or cursor.take("DROP")):
        return False
    reading.add(
        Effect(
            "alter",
            "column",
            table,
            name,
            detail=detail,
            aspects=aspects,
            sets=(sets,) if sets else (),
        )
    )
    return True
