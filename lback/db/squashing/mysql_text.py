"""The SQL of everything in a database of MySQL or MariaDB, as its server shows it."""

from __future__ import annotations

import re
from collections.abc import Collection

from sqlalchemy.engine import Connection

from lback.core.altering.made import ranks
from lback.db.beside.definitions import foreign_keys, made_anew, quoted
from lback.db.definitions.mysql import definitions
from lback.db.own_tables import is_projects
from lback.db.squashing.code import Writer
from lback.errors import LbackError


def write(connection: Connection, writer: Writer, as_text: Collection[str]) -> None:
    """Write tables, routines, views and triggers; a key may name a table that comes later.

    Indexes that the server has made for a foreign key it makes again, but for tables `as_text`.
    """
    if connection.exec_driver_sql("SHOW EVENTS").all():
        raise LbackError(
            "The migrations make events, which a squash does not write.",
            "Give `--fold` to move the old statements into one file instead.",
        )
    made = list(definitions(connection))
    # The ways back run in the other order: this one comes last of them.
    writer.add(_KEYS_OFF, _KEYS_ON)
    for one in made:
        if one.kind == "sequence":
            writer.sql(one.make, one.drop)
        elif one.kind == "table" and _is_theirs(connection, one.name):
            made_so = one.name not in as_text
            make = _with_made_keys(connection, one.name, one.make) if made_so else one.make
            writer.sql(make, one.drop)
    writer.add(_KEYS_ON, _KEYS_OFF)
    for one in made:
        if one.kind == "function":
            writer.sql(one.make, one.drop)
    views = {one.name: one for one in made if one.kind == "view"}
    ranked = ranks({name: one.make for name, one in views.items()})
    for name in sorted(views, key=lambda view: (ranked[view], view)):
        writer.sql(views[name].make, views[name].drop)
    for one in made:
        if one.kind == "trigger":  # which goes with its table
            writer.sql(one.make)


def made_keys(connection: Connection, table: str, text: str) -> frozenset[str]:
    """Return which indexes of a table the server has made for a foreign key, by trying it.

    No catalog tells them from others: they go by themselves once another index serves the key.
    """
    needed = {key.partition(" FOREIGN KEY (")[2].partition(")")[0] for key in foreign_keys(text)}
    needed = {columns.replace("`, `", "`,`") for columns in needed}
    tried = {found["name"]: found["columns"] for found in _INDEX.finditer(text)}
    tried = {name: columns for name, columns in tried.items() if columns in needed}
    if not tried:
        return frozenset()
    place, like = (quoted(name).replace("%", "%%") for name in (_TRIED, table))
    more = [
        f"ADD INDEX {quoted(f'{_TRIED}_{number}')} ({columns})".replace("%", "%%")
        for number, columns in enumerate(tried.values())
    ]
    connection.exec_driver_sql(f"CREATE TABLE {place} LIKE {like}")
    try:
        connection.exec_driver_sql(f"ALTER TABLE {place} {', '.join(more)}")
        shown = str(connection.exec_driver_sql(f"SHOW CREATE TABLE {place}").one()[1])
    finally:
        connection.exec_driver_sql(f"DROP TABLE {place}")
    return frozenset(tried) - {found["name"] for found in _INDEX.finditer(shown)}


_TRIED = "lback_tried"
_INDEX = re.compile(r"^  KEY `(?P<name>(?:[^`]|``)*)` \((?P<columns>[^()]*)\),?\n", re.MULTILINE)


def _with_made_keys(connection: Connection, table: str, text: str) -> str:
    """Return the text of a table without the indexes that its foreign keys make."""
    made = made_keys(connection, table, text)
    keys = foreign_keys(text)
    if not made:
        return text
    head, *lines = _INDEX.sub(lambda one: "" if one["name"] in made else one[0], text).split("\n")
    end = next(number for number, line in enumerate(lines) if line.startswith(")"))
    body = [line.rstrip(",") for line in lines[:end] if line not in keys]
    body += [f"  {key}" for key in made_anew(table, keys)]
    return "\n".join([head, ",\n".join(body), *lines[end:]])


_KEYS_OFF = 'op.execute("SET FOREIGN_KEY_CHECKS = 0")'
_KEYS_ON = 'op.execute("SET FOREIGN_KEY_CHECKS = 1")'


def _is_theirs(connection: Connection, name: str) -> bool:
    """Tell whether a table is the project's own, and no version table."""
    if not is_projects(name):
        return False
    rows = connection.exec_driver_sql(f"SHOW COLUMNS FROM {quoted(name).replace('%', '%%')}").all()
    return [row[0] for row in rows] != ["version_num"]
