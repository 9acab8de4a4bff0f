"""The record: each step that lback took on a database, kept in that database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import BigInteger, DateTime, Float, Integer, MetaData, String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

LEDGER_TABLE = "lback_ledger"

# Every constraint gets a name, so that each of them can be dropped on every database.
_NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of lback's own models."""

    metadata = MetaData(naming_convention=_NAMES)


# SQLite counts up by itself only in a column that is called INTEGER.
_Counter = BigInteger().with_variant(Integer(), "sqlite")
# MySQL's TEXT ends at 64 KiB; generated revisions are longer at times.
_LongText = Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")


class LedgerEntry(Base):
    """One step: what ran, in which version of its file, who asked for it, how it ended.

    `direction` is upgrade, downgrade or stamp. `outcome` is started, done or failed; a
    row that stays at started is a run that was killed. `source` is the file's text, so
    that a revision that never reached git can still be undone. Times are UTC.
    """

    __tablename__ = LEDGER_TABLE

    id: Mapped[int] = mapped_column(_Counter, primary_key=True, autoincrement=True)
    direction: Mapped[str] = mapped_column(String(16))
    revision: Mapped[str] = mapped_column(String(255), index=True)
    down_revisions: Mapped[str] = mapped_column(Text)
    path: Mapped[str] = mapped_column(Text)
    blob: Mapped[str] = mapped_column(String(64))
    source: Mapped[str | None] = mapped_column(_LongText)
    commit_sha: Mapped[str | None] = mapped_column(String(64))
    branch: Mapped[str | None] = mapped_column(String(255))
    run_by: Mapped[str] = mapped_column(String(255))
    run_id: Mapped[str] = mapped_column(String(36), index=True)
    started_at: Mapped[datetime] = mapped_column(DateTime)
    seconds: Mapped[float | None] = mapped_column(Float)
    outcome: Mapped[str] = mapped_column(String(16))
    message: Mapped[str | None] = mapped_column(Text)


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
