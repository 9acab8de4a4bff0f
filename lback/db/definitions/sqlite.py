"""What makes each thing of a database of SQLite, by the text that SQLite has kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy.engine import Connection

from lback.core.altering.made import quoted

_MASTER = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"


class KeptText(NamedTuple):
    """A table, index, view or trigger: `table` is what it is of, a table itself being its own."""

    kind: str
    name: str
    table: str
    make: str
    drop: str


def definitions(connection: Connection) -> Iterator[KeptText]:
    """Yield all that there is, in the order in which it was made."""
    for kind, name, table, sql in connection.exec_driver_sql(_MASTER).all():
        yield KeptText(kind, name, table, sql, f"DROP {kind.upper()} {quoted(name)}")
