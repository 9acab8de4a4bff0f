"""Options of tables and settings of sessions."""

from __future__ import annotations

from lback.core.sql.calls import is_default_path, is_harmless
from lback.core.sql.cursor import Cursor
from lback.core.sql.outcome import CannotRead, NotUnderstood, Outcome, Reads
from lback.core.sql.queries import whole_expression
from lback.core.sql.seen import QueryScope, Seen

_TABLE_OPTIONS = frozenset(
    """ENGINE TYPE AUTO_INCREMENT AVG_ROW_LENGTH CHECKSUM COMMENT CHARSET COLLATE COMPRESSION
    DELAY_KEY_WRITE ENCRYPTION INSERT_METHOD KEY_BLOCK_SIZE MAX_ROWS MIN_ROWS PACK_KEYS PASSWORD
    ROW_FORMAT STATS_AUTO_RECALC STATS_PERSISTENT STATS_SAMPLE_PAGES TRANSACTIONAL PAGE_CHECKSUM
    PAGE_COMPRESSED PAGE_COMPRESSION_LEVEL ENCRYPTED ENCRYPTION_KEY_ID""".split()  # noqa: SIM905
)
_NAMES = "changes what names mean from here on"


def is_table_option(cursor: Cursor) -> bool:
    """Tell whether an option of MySQL's tables comes next."""
    word = cursor.peek(1).upper if cursor.word == "DEFAULT" else cursor.word
    return word in _TABLE_OPTIONS or word == "CHARACTER"


def table_option(cursor: Cursor) -> None:
    """Take one option of a table in MySQL: name [=] value."""
    cursor.take("DEFAULT")
    if cursor.take("CHARACTER"):
        cursor.need("SET")
    elif cursor.word in _TABLE_OPTIONS:
        cursor.next()
    else:
        raise CannotRead
    cursor.take("=")
    cursor.literal()


def read_set(cursor: Cursor) -> Outcome:
    """Read SET: what changes the meaning of names, or of text, is not understood."""
    if cursor.take("TRANSACTION") or cursor.take("CONSTRAINTS"):
        cursor.rest()
        return Reads()
    scope = cursor.take_any("SESSION", "LOCAL", "GLOBAL", "PERSIST")
    if scope == "SESSION" and cursor.take("AUTHORIZATION"):
        cursor.rest()
        return NotUnderstood(f"SET SESSION AUTHORIZATION {_NAMES}")
    if scope == "SESSION" and cursor.take_any("TRANSACTION", "CHARACTERISTICS"):
        cursor.rest()
        return Reads()
    if cursor.take("ROLE"):
        cursor.rest()
        return NotUnderstood(f"SET ROLE {_NAMES}")
    if cursor.take("TIME"):
        cursor.need("ZONE")
        cursor.rest()
        return Reads()
    if cursor.take("NAMES"):
        cursor.literal()
        if cursor.take("COLLATE"):
            cursor.literal()
        return Reads()
    seen = Seen()
    while True:
        _setting(cursor, seen)
        if not cursor.take(","):
            return seen.outcome()


def _setting(cursor: Cursor, seen: Seen) -> None:
    cursor.take_any("SESSION", "LOCAL", "GLOBAL", "PERSIST")
    own = cursor.peek().kind == "variable" and not cursor.peek().text.startswith("@@")
    if cursor.peek().kind == "variable":
        name = cursor.next().text.strip("@").rpartition(".")[2]
    else:
        name = ".".join(cursor.parts())
    if not (cursor.take("=") or cursor.take("TO")):
        cursor.need(":=")
    if name.lower() in ("search_path", "schema"):
        _path(cursor, seen)
        return
    value = cursor.until(",")
    if value.done:
        raise CannotRead
    text = value.written().strip("'\"").lower()
    whole_expression(value, QueryScope(), seen)
    while cursor.peek(1).kind != "variable" and _goes_on(cursor) and cursor.take(","):
        cursor.literal()
    if not own and not is_harmless(name) and (name.lower(), text) not in _HARMLESS_VALUES:
        seen.doubt(f"changes the setting {name}")


def _goes_on(cursor: Cursor) -> bool:
    """Tell whether a comma continues the value, and does not begin another setting."""
    return cursor.peek(2).text not in ("=", ":=", ".") and cursor.peek(1).upper not in _SCOPES


_SCOPES = frozenset({"SESSION", "LOCAL", "GLOBAL", "PERSIST"})
_HARMLESS_VALUES = frozenset(
    {("standard_conforming_strings", "on"), ("backslash_quote", "safe_encoding"),
     ("quote_all_identifiers", "off"), ("quote_all_identifiers", "on")}
)  # fmt: skip


def _path(cursor: Cursor, seen: Seen) -> None:
    start = cursor.place
    while not cursor.done:
        cursor.literal()
        if not cursor.take(","):
            break
    text = cursor.window(start, cursor.place).written()
    if not is_default_path(text):
        seen.doubt(f"SET search_path {_NAMES}")


def read_reset(cursor: Cursor) -> Outcome:
    """Read RESET: the database's own settings count again."""
    name = cursor.identifier().lower()
    cursor.rest()
    if name in ("search_path", "role", "all", "session") or not is_harmless(name):
        return NotUnderstood(f"RESET {name} {_NAMES}")
    return Reads()
