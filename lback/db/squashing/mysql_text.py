"""The SQL of everything in a database of MySQL or MariaDB, as its server shows it."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.engine import Connection

from lback.core.altering.made import ranks
from lback.db.beside.made_keys import quoted, sends, with_made_keys
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
            make = with_made_keys(sends(connection), one.name, one.make) if made_so else one.make
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


_KEYS_OFF = 'op.execute("SET FOREIGN_KEY_CHECKS = 0")'
_KEYS_ON = 'op.execute("SET FOREIGN_KEY_CHECKS = 1")'


def _is_theirs(connection: Connection, name: str) -> bool:
    """Tell whether a table is the project's own, and no version table."""
    if not is_projects(name):
        return False
    rows = connection.exec_driver_sql(f"SHOW COLUMNS FROM {quoted(name).replace('%', '%%')}").all()
    return [row[0] for row in rows] != ["version_num"]
