"""What ALTER TABLE does to neither columns nor constraints nor rows of its own."""

from __future__ import annotations

from lback.core.effects import Effect
from lback.core.sql.constraints import storage
from lback.core.sql.creating import bounds, partitioning
from lback.core.sql.cursor import Cursor
from lback.core.sql.outcome import CannotRead
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
