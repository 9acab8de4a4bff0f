"""Tells whether a failed step has left the tables as they were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import Connection

from lback.db.runner import explained
from lback.db.scratch import Tables, look

if TYPE_CHECKING:
    from lback.db.runner import Database

_ALL_OR_NOTHING = frozenset({"postgresql", "mssql"})


def look_if_needed(connection: Connection) -> Tables | None:
    """Return the tables as they are; None where a failed step is rolled back as a whole."""
    return None if connection.dialect.name in _ALL_OR_NOTHING else look(connection)


def same_tables(database: Database, before: Tables | None) -> bool:
    """Tell whether the tables are still what they were."""
    if before is None:
        return True
    found: list[Tables] = []

    def work(_stamp: Any, context: Any) -> Sequence[Any]:
        found.append(look(context.connection))
        return ()

    with database.opened("current") as session, explained(session.at):
        session.run_env(work)
    return found == [before]
