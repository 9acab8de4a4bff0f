"""Reads the record of a database: what ran there, in which version of its file, who ran it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from lback.core.messages.record import NOT_OURS
from lback.core.record.steps import RecordedStep
from lback.db.record.statements import prepared
from lback.db.record.table import (
    RECORD,
    NoRecordError,
    RecordPlace,
    columns,
    execute,
    is_ours,
    sparing_transaction,
)

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_NEWEST = 10  # rows that may be of a step that was cut off
_LARGE = 500  # names in one IN (...)
_MINE = "of_version_table"


class Recorded:
    """The record of one database as it is read; empty where there is none, or none to read.

    `names` are the columns of the table that has its name; `why_not` says why that could not be
    read.
    """

    def __init__(self, connection: Connection, place: RecordPlace) -> None:
        self.why_not: str | None = None
        self._connection = connection
        self._place = place
        try:
            names = columns(connection, place)
        except (NoRecordError, sa.exc.SQLAlchemyError) as err:
            if connection.invalidated:  # it was cut off, and says nothing of the record
                raise
            names, self.why_not = frozenset(), str(err)
        self.names: frozenset[str] = names
        self.exists = is_ours(names) and "version_table" in names
        if names and not is_ours(names):
            self.why_not = NOT_OURS

    @property
    def is_whole(self) -> bool:
        """Tell whether it has all columns that are written."""
        return self.exists and {column.name for column in RECORD.columns} <= self.names

    def steps(self) -> tuple[RecordedStep, ...]:
        """Return the steps in the order in which they were taken."""
        dialect = self._connection.dialect
        as_time = RECORD.c.started_at.type.dialect_impl(dialect).result_processor(dialect, None)
        return tuple(_step(row, as_time) for row in self._known("steps", self._steps))

    def _steps(self) -> Any:
        return sa.select(*self._chosen()).where(self._mine).order_by(self._place.table.c.id)

    @property
    def _mine(self) -> sa.ColumnElement[bool]:
        return self._place.table.c.version_table == sa.bindparam(_MINE)

    def _chosen(self) -> list[sa.ColumnElement[Any]]:
        """Return what a step is read from; an older shape lacks some of it."""
        return [
            column if column.name in self.names else sa.null().label(column.name)
            for column in self._place.table.columns
            if column.name != "body"
        ]

    def newest(self) -> int:
        """Return the number of the step that was taken last, 0 where there is none."""
        return int(self._last[0] or 0)

    @cached_property
    def _last(self) -> Sequence[Any]:
        """Return the numbers of the last step, and of the last one that was not done."""
        rows = self._known("last", self._last_two)
        return rows[0] if rows else (None, None)

    def _last_two(self) -> Any:
        row = self._place.table.c.id
        return sa.select(sa.func.max(row), sa.func.max(sa.case((self._open, row)))).where(
            self._mine
        )

    @property
    def _open(self) -> sa.ColumnElement[bool]:
        columns = self._place.table.c
        moves = columns.direction.in_(_texts("upgrade", "downgrade"))
        return columns.outcome.in_(_texts("started", "failed")) & moves

    def open_ended(self) -> tuple[RecordedStep, ...]:
        """Return the newest steps that were not done, and nothing was said of since."""
        if self._last[1] is None:  # as nearly always
            return ()
        table = self._place.table
        query = sa.select(table.c.id).where(self._place.mine, self._open)
        ids = self._all(query.order_by(table.c.id.desc()).limit(_NEWEST))
        query = sa.select(*self._chosen()).where(table.c.id.in_([row.id for row in ids]))
        newest = self._all(query.order_by(table.c.id.desc()))
        return tuple(_step(row) for row in newest if not self._is_settled(row))

    def _is_settled(self, row: Any) -> bool:
        table = self._place.table
        said = (table.c.revision == row.revision) | (table.c.direction == "stamp")
        query = sa.select(table.c.id).where(self._place.mine, table.c.id > row.id, said)
        query = query.where(table.c.outcome.in_(("done", "undone")))
        return bool(self._all(query.limit(1)))

    def texts(self, revisions: Iterable[str]) -> dict[str, bytes]:
        """Return the text that each revision's upgrade() was run from; unrecorded are left out.

        One that was undone since, or only written down as applied, has none.
        """
        names, texts = list(revisions), {}
        table = self._place.table
        for start in range(0, len(names), _LARGE):
            part = names[start : start + _LARGE]
            query = (
                sa.select(table.c.revision, table.c.direction, table.c.body)
                .where(self._place.mine, table.c.revision.in_(part), table.c.outcome == "done")
                .where(table.c.direction != "stamp")
                .order_by(table.c.id)
            )
            for row in self._all(query):
                text = _text(row.body) if row.direction == "upgrade" else None
                texts[row.revision] = text
        return {revision: text for revision, text in texts.items() if text is not None}

    def last_texts(self, revisions: Iterable[str]) -> dict[str, tuple[RecordedStep, bytes]]:
        """Return the step and the text that each revision ran from last, undone since or not."""
        table, known = self._place.table, {}
        query = (
            sa.select(table)
            .where(self._place.mine, table.c.revision.in_(list(revisions)))
            .where(table.c.outcome == "done")
            .order_by(table.c.id)
        )
        for row in self._all(query):
            text = _text(row.body)
            if text is not None:
                known[row.revision] = (_step(row), text)
        return known

    def text(self, step: int) -> bytes | None:
        """Return the text that one step ran from, however it ended."""
        table = self._place.table
        rows = self._all(sa.select(table.c.body).where(table.c.id == step))
        return _text(rows[0].body) if rows else None

    def _known(self, name: str, build: Callable[[], Any]) -> Sequence[Any]:
        """Ask a question whose text is the same for all databases with such a record.

        The rows are as the driver has them.
        """
        place, connection = self._place, self._connection
        if not self.exists:
            return ()
        key = (name, place.schema, self.names)
        query = prepared(key, connection, place.table, build)
        return self._answer(lambda: query.execute(connection, {_MINE: place.version_table}))

    def _all(self, query: Any) -> Sequence[Any]:
        return self._answer(lambda: execute(self._connection, query)) if self.exists else ()

    def _answer(self, ask: Callable[[], Any]) -> Sequence[Any]:
        try:
            with sparing_transaction(self._connection):
                rows: Sequence[Any] = ask().all()
        except sa.exc.SQLAlchemyError as err:
            if self._connection.invalidated:
                raise
            self.exists, self.why_not = False, str(getattr(err, "orig", None) or err)
            return ()
        return rows


def _texts(*values: str) -> list[sa.ColumnElement[str]]:
    """Return plain words as part of the statement."""
    return [sa.literal_column(f"'{value}'") for value in values]


def _text(body: bytes | None) -> bytes | None:
    try:
        return zlib.decompress(body) if body is not None else None
    except zlib.error:
        return None


def _step(row: Any, as_time: Callable[[Any], Any] | None = None) -> RecordedStep:
    return RecordedStep(
        id=row.id,
        run=row.run_id,
        direction=row.direction,
        revision=row.revision,
        parents=_names(row.down_revisions) or (),
        depends_on=_names(row.depends_on) or (),
        path=row.path,
        blob=row.blob,
        commit=row.commit_sha,
        branch=row.branch,
        git_user=row.git_user,
        run_by=row.run_by,
        host=row.host or "",
        process=row.process,
        command=row.command or "",
        lback=row.lback or "",
        started_at=as_time(row.started_at) if as_time is not None else row.started_at,
        seconds=row.seconds,
        outcome=row.outcome,
        message=row.message,
        before=_names(row.stamp_before),
        after=_names(row.stamp_after),
    )


def _names(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(text.split("\n") if text else ())
