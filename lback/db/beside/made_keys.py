"""Which indexes of a table MySQL or MariaDB has made for a foreign key by itself.

No catalog tells them from others, and they go by themselves once another index serves the key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy.engine import Connection

Send = Callable[[str], Any]
"""Sends a statement as it stands, and returns what comes back."""

_TICK = "\x60"
_FOREIGN = re.compile(r"^  CONSTRAINT `(?:[^`]|``)*` FOREIGN KEY ")
_INDEX = re.compile(r"^  KEY `(?P<name>(?:[^`]|``)*)` \((?P<columns>[^()]*)\),?\n", re.MULTILINE)
# Partitions may follow below; a comment with the same words comes behind it.
_COUNTER = re.compile(r"^(\) (?:(?! COMMENT=').)*) AUTO_INCREMENT=\d+", re.MULTILINE)
_TRIED = "lback_tried"


def sends(connection: Connection) -> Send:
    """Return how statements are sent by a connection that takes `%` for that of a parameter."""
    return lambda sql: connection.exec_driver_sql(sql.replace("%", "%%"))


def quoted(name: str) -> str:
    """Return a name as SQL has it."""
    return _TICK + name.replace(_TICK, 2 * _TICK) + _TICK


def without_counter(sql: str) -> str:
    """Return a table's text without the number that it counts on from."""
    return _COUNTER.sub(r"\1", sql, count=1)


def in_one_order(sql: str) -> list[str]:
    """Return the lines of a table's text: columns as they stand, all else in one order.

    An index that was made later comes later, and a copy may make it at another time.
    """
    first, *lines = (line.strip().rstrip(",") for line in sql.split("\n"))
    columns = [line for line in lines if line.startswith(_TICK)]
    return [first, *columns, *sorted(line for line in lines if not line.startswith(_TICK))]


def foreign_keys(sql: str) -> list[str]:
    """Return the lines of a table's text that are foreign keys."""
    return [line for line in sql.split("\n") if _FOREIGN.match(line)]


def made_anew(table: str, keys: Iterable[str]) -> list[str]:
    """Return foreign keys so that the server names and numbers them, and their indexes, again.

    An index is called as its key, or by its column where the server has named the key.
    """
    start, quote = re.escape(quoted(table)[:-1]), re.escape(quoted("")[0])
    own = re.compile(rf"CONSTRAINT {start}_ibfk_(\d+){quote} ")
    numbered: dict[int, str] = {}
    named: list[str] = []
    for line in keys:
        key = line.strip().rstrip(",")
        if found := own.match(key):
            numbered[int(found[1])] = key[found.end() :]
        else:
            named.append(key)
    return [*named, *(key for _, key in sorted(numbered.items()))]


def made_keys(send: Send, table: str, text: str, *, spare: bool = False) -> frozenset[str]:
    """Return which indexes of a table the server has made for a foreign key, by trying it.

    That is done on the table itself where it is to `spare`, about to go, and else on one like it.
    """
    needed = {key.partition(" FOREIGN KEY (")[2].partition(")")[0] for key in foreign_keys(text)}
    needed = {columns.replace("`, `", "`,`") for columns in needed}
    tried = {found["name"]: found["columns"] for found in _INDEX.finditer(text)}
    tried = {name: columns for name, columns in tried.items() if columns in needed}
    if not tried:
        return frozenset()
    more = ", ".join(
        f"ADD INDEX {quoted(f'{_TRIED}_{number}')} ({columns})"
        for number, columns in enumerate(tried.values())
    )
    if spare:
        return _gone(send, table, more, tried)
    send(f"CREATE TABLE {quoted(_TRIED)} LIKE {quoted(table)}")
    try:
        return _gone(send, _TRIED, more, tried)
    finally:
        send(f"DROP TABLE {quoted(_TRIED)}")


def _gone(send: Send, table: str, more: str, tried: Iterable[str]) -> frozenset[str]:
    """Return which of the indexes go where others are added to a table."""
    send(f"ALTER TABLE {quoted(table)} {more}")
    shown = str(send(f"SHOW CREATE TABLE {quoted(table)}").one()[1])
    return frozenset(tried) - {found["name"] for found in _INDEX.finditer(shown)}


def with_made_keys(send: Send, table: str, text: str, *, spare: bool = False) -> str:
    """Return the text of a table without the indexes that its foreign keys make."""
    made = made_keys(send, table, text, spare=spare)
    keys = foreign_keys(text)
    if not made:
        return text
    head, *lines = _INDEX.sub(lambda one: "" if one["name"] in made else one[0], text).split("\n")
    end = next(number for number, line in enumerate(lines) if line.startswith(")"))
    body = [line.rstrip(",") for line in lines[:end] if line not in keys]
    body += [f"  {key}" for key in made_anew(table, keys)]
    return "\n".join([head, ",\n".join(body), *lines[end:]])
