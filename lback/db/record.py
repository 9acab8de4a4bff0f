"""What lback's own record in the database says of a revision, where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from lback.db.runner import explained
from lback.models.ledger import LedgerEntry

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext

    from lback.db.runner import Database


def texts_that_ran(database: Database, revisions: Sequence[str]) -> dict[str, bytes]:
    """Return the text that each revision's upgrade() was run from; unrecorded ones are left out."""
    found: dict[str, bytes] = {}

    def work(_stamp: Any, context: MigrationContext) -> Sequence[Any]:
        connection = context.connection
        if connection is not None and sa.inspect(connection).has_table(LedgerEntry.__tablename__):
            query = (
                sa.select(LedgerEntry.revision, LedgerEntry.source)
                .where(
                    LedgerEntry.revision.in_(revisions),
                    LedgerEntry.direction == "upgrade",
                    LedgerEntry.outcome == "done",
                )
                .order_by(LedgerEntry.id)
            )
            for revision, source in connection.execute(query):
                if source is not None:
                    found[revision] = source.encode()
        return ()

    if revisions:
        with database.opened("current") as session, explained(session.at):
            session.run_env(work)
    return found
