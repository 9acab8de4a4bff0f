"""What lback's own record in the database says of a revision, where there is one."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from lback.models.ledger import LedgerEntry


def texts_that_ran(connection: sa.Connection, revisions: Sequence[str]) -> dict[str, bytes]:
    """Return the text that each revision's upgrade() was run from; unrecorded ones are left out."""
    if not revisions or not sa.inspect(connection).has_table(LedgerEntry.__tablename__):
        return {}
    query = (
        sa.select(LedgerEntry.revision, LedgerEntry.source)
        .where(
            LedgerEntry.revision.in_(revisions),
            LedgerEntry.direction == "upgrade",
            LedgerEntry.outcome == "done",
        )
        .order_by(LedgerEntry.id)
    )
    return {
        revision: source.encode()
        for revision, source in connection.execute(query)
        if source is not None
    }
