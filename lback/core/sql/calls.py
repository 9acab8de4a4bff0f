"""Calls of functions in SQL: pure ones, known ones, and those that may do anything."""

from __future__ import annotations

from collections.abc import Callable

from lback.core.effects import Effect
from lback.core.sql.cursor import Cursor
from lback.core.sql.functions import ONE_TABLE, is_pure
from lback.core.sql.outcome import CannotRead
from lback.core.sql.seen import Piece, QueryScope, Seen
from lback.core.sql.tokens import body_of
from lback.core.sql.types import type_of

# Settings that change neither schema, nor rows, nor what names and text mean.
_HARMLESS = frozenset(
    """lock_timeout statement_timeout idle_in_transaction_session_timeout client_min_messages
    client_encoding check_function_bodies xmloption row_security default_tablespace
    default_table_access_method default_with_oids maintenance_work_mem work_mem timezone
    application_name synchronous_commit deadlock_timeout enable_seqscan enable_indexscan
    enable_bitmapscan enable_hashjoin enable_mergejoin enable_nestloop statement_mem jit
    max_parallel_workers_per_gather max_parallel_maintenance_workers constraint_exclusion
    session_replication_role extra_float_digits datestyle intervalstyle bytea_output
    transaction_timeout idle_session_timeout log_statement log_min_duration_statement
    temp_buffers temp_file_limit transaction_isolation default_transaction_isolation
    foreign_key_checks unique_checks wait_timeout lock_wait_timeout innodb_lock_wait_timeout
    net_read_timeout net_write_timeout interactive_timeout max_execution_time max_statement_time
    group_concat_max_len time_zone character_set_client character_set_results
    character_set_connection collation_connection sql_log_bin innodb_strict_mode
    tx_isolation sql_require_primary_key innodb_force_primary_key
    sql_notes sql_safe_updates foreign_keys autocommit
    tmp_table_size max_heap_table_size bulk_insert_buffer_size sort_buffer_size
    """.split()  # noqa: SIM905
)


def is_harmless(setting: str) -> bool:
    """Tell whether a setting of the session leaves schema, rows and meanings alone."""
    return setting.lower().rpartition(".")[2] in _HARMLESS or "." in setting.strip("@.")


def call(cursor: Cursor, parts: list[str], scope: QueryScope, seen: Seen) -> None:
    """Read a call, of which the name has been taken."""
    name = parts[-1].lower()
    schema = ".".join(parts[:-1])
    arguments = cursor.group()
    special = _SPECIAL.get(name) if schema.lower() in ("", "pg_catalog") else None
    if special is not None and special(arguments, scope, seen):
        return
    if len(parts) > 3:
        raise CannotRead
    if not is_pure(name, schema, cursor.asked):
        _unknown(parts, arguments, seen)
    if name == "count" and arguments.take("*"):
        arguments.finish()
        return
    if name == "extract" and arguments.peek(1).upper == "FROM":
        arguments.next()
    kind: Piece = "query" if arguments.word in ("SELECT", "WITH") else "expression"
    seen.later(kind, _without_star(arguments), scope)


def _without_star(arguments: Cursor) -> Cursor:
    if arguments.place + 1 == arguments.end:
        arguments.take("*")
    return arguments


def _unknown(parts: list[str], arguments: Cursor, seen: Seen) -> None:
    """Remember a function that somebody has made, or one that changes something."""
    full = ".".join(parts[-2:])
    seen.use("function", full)
    tables: tuple[str, ...] = ()
    first = arguments.peek()
    if parts[-1].lower() in ONE_TABLE and first.kind == "string":
        named = plain_name(first.text)
        tables = (named,) if named else ()
    seen.doubt(f"calls the function {full}()", tables)


def named(text: str, seen: Seen) -> None:
    """Remember what a string names: a table, or a sequence that serves one."""
    name = plain_name(text)
    if name:
        seen.use("sequence" if name.endswith("_seq") else "table", name)


def plain_name(text: str) -> str:
    """Return the name that a string holds, "" where it is none."""
    inner = text.strip("'").replace('"', "")
    return inner if inner and all(c.isalnum() or c in "_.$" for c in inner) else ""


def _cast(arguments: Cursor, scope: QueryScope, seen: Seen) -> bool:
    """Read CAST(value AS type); other forms of CONVERT are calls like any other."""
    look = arguments.copy()
    look.until("AS")
    if look.done:
        return False
    value = arguments.until("AS")
    literal = value.peek() if value.place + 1 == value.end else None
    seen.later("expression", value, scope)
    arguments.need("AS")
    if arguments.word == "REGCLASS" and literal is not None and literal.kind == "string":
        named(literal.text, seen)
    _, uses = type_of(arguments)
    for use in uses:
        seen.uses[use] = None
    if arguments.take("CHARACTER", "SET") or arguments.take("CHARSET"):
        arguments.identifier()
    arguments.finish()
    return True


def _sequence(arguments: Cursor, scope: QueryScope, seen: Seen) -> bool:
    """Read nextval and setval, which move a sequence; currval only looks at it."""
    called = arguments.tokens[arguments.place - 2].text.lower().strip('"')
    moves = called != "currval"
    name, table, column = "", None, None
    first = arguments.until(",")
    if first.peek().kind == "string" and _alone(first):
        name = plain_name(first.peek().text)
    elif first.word == "PG_GET_SERIAL_SEQUENCE":
        inner = first.window(first.place + 1, first.end).group()
        strings = [token.text for token in inner.tokens[inner.place : inner.end]]
        if len(strings) == 3:
            table, column = plain_name(strings[0]), plain_name(strings[2])
    if not name:
        seen.later("expression", first.copy(), scope)
    seen.later("expression", arguments.rest(), scope)
    if name:
        seen.use("sequence", name)
        if moves:
            seen.do(Effect("alter", "sequence", None, name, aspects=("value",)))
    elif table and column:
        seen.use("column", column, table)
        if moves:
            seen.do(Effect("alter", "sequence", table, None, columns=(column,), aspects=("value",)))
    elif moves:
        seen.doubt("moves a sequence whose name is not in the text")
    return True


def _alone(first: Cursor) -> bool:
    """Tell whether a string is all there is, with `::regclass` at most."""
    rest = first.window(first.place + 1, first.end)
    return rest.done or (rest.take("::", "REGCLASS") and rest.done)


def _serial_sequence(arguments: Cursor, scope: QueryScope, seen: Seen) -> bool:
    strings = [
        plain_name(token.text) for token in arguments.tokens[arguments.place : arguments.end]
    ]
    if len(strings) == 3 and strings[0] and strings[2]:
        seen.use("column", strings[2], strings[0])
        return True
    return False


def _set_config(arguments: Cursor, scope: QueryScope, seen: Seen) -> bool:
    """Read set_config(name, value, local): what changes the meaning of names is not known."""
    parts = [comma.copy() for comma in arguments.copy().commas()]
    texts = [body_of(part.peek()) if part.peek().kind == "string" else None for part in parts]
    name = texts[0] if texts else None
    if name is None or len(parts) != 3:
        seen.doubt("changes a setting whose name is not in the text")
    elif name.lower() == "search_path":
        if texts[1] is None or not is_default_path(texts[1]):
            seen.doubt("changes the search path, and so what names mean")
    elif not is_harmless(name):
        seen.doubt(f"changes the setting {name}")
    seen.later("expression", arguments, scope)
    return True


def is_default_path(text: str) -> bool:
    """Tell whether a search path means the default schema; an empty one finds no bare name."""
    names = [word.strip().strip("\"'").lower() for word in text.split(",")]
    if names == [""]:
        return True
    names = [name for name in names if name not in ("$user", "pg_catalog")]
    return bool(names) and names[0] in ("public", "default")


Special = Callable[[Cursor, QueryScope, Seen], bool]
_SPECIAL: dict[str, Special] = {
    "cast": _cast,
    "try_cast": _cast,
    "nextval": _sequence,
    "setval": _sequence,
    "currval": _sequence,
    "pg_get_serial_sequence": _serial_sequence,
    "set_config": _set_config,
}
