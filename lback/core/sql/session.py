"""Statements that keep the house: transactions, locks, upkeep, cursors, prepared statements."""

from __future__ import annotations

from lback.core.effects import Effect
from lback.core.sql.cursor import Cursor
from lback.core.sql.outcome import CannotRead, Does, NotUnderstood, Outcome, Reads
from lback.core.sql.queries import whole_expression, whole_query
from lback.core.sql.seen import QueryScope, Seen


def begin(cursor: Cursor) -> Outcome:
    """Read BEGIN and START TRANSACTION."""
    if cursor.before().upper == "START":
        cursor.need("TRANSACTION")
    else:
        cursor.take_any("WORK", "TRANSACTION", "DEFERRED", "IMMEDIATE", "EXCLUSIVE")
        cursor.take("TRANSACTION")
    _modes(cursor)
    return Reads()


def _modes(cursor: Cursor) -> None:
    while not cursor.done:
        cursor.take(",")
        if cursor.take("ISOLATION", "LEVEL"):
            if not cursor.take("REPEATABLE", "READ") and not cursor.take("SERIALIZABLE"):
                cursor.need("READ")
                cursor.need_any("COMMITTED", "UNCOMMITTED")
        elif cursor.take("READ"):
            cursor.need_any("ONLY", "WRITE")
        else:
            cursor.take("NOT")
            cursor.take("WITH", "CONSISTENT")
            cursor.need_any("DEFERRABLE", "SNAPSHOT")


def commit(cursor: Cursor) -> Outcome:
    """Read COMMIT and END."""
    if cursor.word == "PREPARED":
        raise CannotRead
    cursor.take_any("WORK", "TRANSACTION")
    if cursor.take("AND"):
        cursor.take("NO")
        cursor.need("CHAIN")
    return Reads()


def rollback(cursor: Cursor) -> Outcome:
    """Read ROLLBACK: what was done before may be taken back."""
    cursor.rest()
    return NotUnderstood("takes back what was done before it")


def savepoint(cursor: Cursor) -> Outcome:
    """Read SAVEPOINT and RELEASE."""
    cursor.take("SAVEPOINT")
    cursor.identifier()
    return Reads()


def lock(cursor: Cursor) -> Outcome:
    """Read LOCK TABLE(S)."""
    cursor.take_any("TABLE", "TABLES")
    cursor.take("ONLY")
    names = []
    while True:
        names.append(cursor.name())
        cursor.take("*")
        if cursor.take("AS"):
            cursor.identifier()
        cursor.take("LOW_PRIORITY")
        if cursor.take("READ"):
            cursor.take("LOCAL")
        else:
            cursor.take("WRITE")
        if not cursor.take(","):
            break
    if cursor.take("IN"):
        while not cursor.take("MODE"):
            cursor.need_any("ACCESS", "ROW", "SHARE", "EXCLUSIVE", "UPDATE")
    cursor.take("NOWAIT")
    return _looked_at(names)


def unlock(cursor: Cursor) -> Outcome:
    """Read UNLOCK TABLES."""
    cursor.need_any("TABLE", "TABLES")
    return Reads()


def upkeep(cursor: Cursor) -> Outcome:
    """Read VACUUM, ANALYZE, REINDEX, OPTIMIZE, CHECKPOINT: neither schema nor rows change."""
    while cursor.take_any(
        "FULL", "FREEZE", "VERBOSE", "ANALYZE", "ANALYSE", "NO_WRITE_TO_BINLOG", "LOCAL",
        "CONCURRENTLY", "TABLE", "TABLES", "SKIP_LOCKED",
    ):  # fmt: skip
        pass
    if cursor.opens():
        cursor.group()
    kind = cursor.take_any("INDEX", "SCHEMA", "DATABASE", "SYSTEM", "TABLE")
    cursor.take("CONCURRENTLY")
    names = []
    while not cursor.done:
        names.append(cursor.name())
        if cursor.opens():
            cursor.group().names()
        if not cursor.take(","):
            break
    if cursor.take("INTO"):
        raise CannotRead
    return _looked_at([] if kind not in ("", "TABLE") else names)


def _looked_at(names: list[str]) -> Reads:
    seen = Seen()
    for name in names:
        seen.table(name)
        seen.use("table", name)
    return seen.looks_at()


def cluster(cursor: Cursor) -> Outcome:
    """Read CLUSTER: the table remembers the index that it is ordered by."""
    cursor.take("VERBOSE")
    if cursor.opens():
        cursor.group()
    if cursor.done:
        return Reads()
    table = cursor.name()
    seen = Seen()
    if cursor.take("USING"):
        seen.use("index", cursor.name(), table)
    elif cursor.take("ON"):
        seen.use("index", table, cursor.name())
        table = cursor.before().text
    uses = seen.used()
    return Does((Effect("alter", "table", table, table, detail="cluster", uses=uses),))


def discard(cursor: Cursor) -> Outcome:
    """Read DISCARD: settings, plans and temporary tables of the session are gone."""
    if cursor.need_any("ALL", "PLANS", "SEQUENCES", "TEMP", "TEMPORARY") == "ALL":
        return NotUnderstood("DISCARD ALL changes what names mean from here on")
    return Reads()


def message(cursor: Cursor) -> Outcome:
    """Read LISTEN, NOTIFY, UNLISTEN."""
    if not cursor.take("*"):
        cursor.identifier()
    if cursor.take(","):
        cursor.string()
    return Reads()


def show(cursor: Cursor) -> Outcome:
    """Read SHOW and DESCRIBE."""
    for token in cursor.tokens[cursor.place : cursor.end]:
        if token.text == "(" and token.kind == "symbol":
            raise CannotRead
    cursor.rest()
    return Reads()


def deallocate(cursor: Cursor) -> Outcome:
    """Read DEALLOCATE, CLOSE."""
    cursor.take("PREPARE")
    if not cursor.take("ALL"):
        cursor.identifier()
    return Reads()


def declare(cursor: Cursor) -> Outcome:
    """Read DECLARE name CURSOR FOR query: the query runs as far as rows are fetched."""
    cursor.identifier()
    while cursor.take_any("BINARY", "INSENSITIVE", "ASENSITIVE", "NO", "SCROLL"):
        pass
    cursor.need("CURSOR")
    if cursor.take_any("WITH", "WITHOUT"):
        cursor.need("HOLD")
    cursor.need("FOR")
    seen = Seen()
    whole_query(cursor.rest(), seen)
    return seen.outcome()


def fetch(cursor: Cursor) -> Outcome:
    """Read FETCH and MOVE."""
    for token in cursor.rest().tokens:
        if token.kind not in ("word", "quoted", "number", "symbol"):
            raise CannotRead
    return Reads()


def prepare(cursor: Cursor) -> Outcome:
    """Read PREPARE name AS statement: nothing runs before EXECUTE, which is not understood."""
    if cursor.word == "TRANSACTION":
        raise CannotRead
    cursor.identifier()
    cursor.rest()
    return Reads()


def refresh(cursor: Cursor) -> Outcome:
    """Read REFRESH MATERIALIZED VIEW."""
    cursor.need("MATERIALIZED", "VIEW")
    cursor.take("CONCURRENTLY")
    name = cursor.name()
    if cursor.take("WITH"):
        cursor.take("NO")
        cursor.need("DATA")
    return Does((Effect("alter", "view", None, name, detail="refresh"),))


def truncate(cursor: Cursor) -> Outcome:
    """Read TRUNCATE."""
    cursor.take("TABLE")
    names = []
    while True:
        cursor.take("ONLY")
        names.append(cursor.name())
        cursor.take("*")
        if not cursor.take(","):
            break
    if cursor.take_any("RESTART", "CONTINUE"):
        cursor.need("IDENTITY")
    cascades = cursor.take_any("CASCADE", "RESTRICT") == "CASCADE"
    seen = Seen()
    if cascades:
        seen.doubt("TRUNCATE ... CASCADE empties the tables that refer to it")
    aspects = ("cascade",) if cascades else ()
    return seen.does(
        *(Effect("delete", "data", name, detail="truncate", aspects=aspects) for name in names)
    )


def copy(cursor: Cursor) -> Outcome:
    """Read COPY."""
    seen = Seen()
    if cursor.opens():
        whole_query(cursor.group(), seen)
        cursor.need("TO")
        _copied(cursor)
        return seen.outcome()
    cursor.take("BINARY")
    table = cursor.name()
    columns: tuple[str, ...] = ()
    if cursor.opens():
        inner = cursor.group()
        columns = tuple(inner.names())
        inner.finish()
    else:
        seen.use("column", "*", table)
    writes = cursor.need_any("FROM", "TO") == "FROM"
    _copied(cursor)
    if cursor.take("WHERE"):
        whole_expression(cursor.rest(), QueryScope({table: table}), seen)
    if not writes:
        seen.table(table)
        return seen.outcome()
    uses = seen.used(apart=table)
    return seen.does(Effect("insert", "data", table, columns=columns, uses=uses))


def _copied(cursor: Cursor) -> None:
    if cursor.take("PROGRAM"):
        raise CannotRead("COPY ... PROGRAM runs a program")
    if not cursor.take_any("STDIN", "STDOUT"):
        cursor.string()
    cursor.take("WITH")
    if cursor.opens():
        cursor.group()
    while not cursor.done and cursor.word != "WHERE":
        token = cursor.next()
        if token.kind == "symbol" and token.text not in (",", "*"):
            raise CannotRead


_PRAGMAS = frozenset(
    """application_id auto_vacuum automatic_index busy_timeout cache_size cell_size_check
    checkpoint_fullfsync compile_options database_list defer_foreign_keys encoding
    foreign_key_check foreign_key_list foreign_keys freelist_count fullfsync function_list
    ignore_check_constraints incremental_vacuum index_info index_list index_xinfo integrity_check
    journal_mode journal_size_limit legacy_alter_table locking_mode max_page_count mmap_size
    optimize page_count page_size query_only quick_check read_uncommitted recursive_triggers
    secure_delete shrink_memory synchronous table_info table_list table_xinfo temp_store threads
    trusted_schema user_version wal_autocheckpoint wal_checkpoint""".split()  # noqa: SIM905
)


def pragma(cursor: Cursor) -> Outcome:
    """Read SQLite's PRAGMA."""
    name = cursor.parts()[-1].lower()
    if name not in _PRAGMAS:
        raise CannotRead(f"PRAGMA {name} may change anything")
    if cursor.take("="):
        cursor.literal()
    elif cursor.opens():
        inner = cursor.group()
        inner.literal()
        inner.finish()
    return Reads()
