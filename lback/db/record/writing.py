"""Writes the record while steps run: with the stamp where a step is one transaction, else around.

A row goes into the transaction that also moves the stamp, so that both are there or neither. A
step that keeps something before it is done (where DDL commits, in an autocommit block, by a COMMIT
of its own) has a row from that moment on, whose outcome is `started` until it is done.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import socket
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cached_property, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from lback.core.messages import record as messages
from lback.core.plans import Restamp, Step, Upgrade, is_only_written
from lback.core.record.operations import HalfRun, SentOperation
from lback.core.record.steps import GitFacts, Outcome
from lback.db.events import Event, OnEvent, Turn
from lback.db.failures import reason
from lback.db.locking.caller import user_name
from lback.db.record.half import half_run, settle
from lback.db.record.operations import Operations, make_operations
from lback.db.record.statements import Prepared, ending, insertion
from lback.db.record.table import (
    NoRecordError,
    RecordPlace,
    execute,
    make,
    place_of,
    sparing_transaction,
)
from lback.secrets import KNOWN

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext
    from alembic.script import Script
    from sqlalchemy.engine import Connection

    from lback.core.graph.view import GraphView
    from lback.db.view import View

T = TypeVar("T")

# Drivers whose cursors have the id of a row that was inserted.
_TELL_THE_ID = frozenset({"mysql", "mariadb", "sqlite"})
_SMALL = 16 * 1024
_LONGEST_NAME = 255
_LONGEST_MESSAGE = 4000


@dataclass
class RecordWriter:
    """Writes what one command does into the record of each database that it moves.

    `graph` and `git` are asked once there is something to write.
    """

    graph: Callable[[], GraphView]
    git: Callable[[], GitFacts]
    on_event: OnEvent
    told: set[str] = field(default_factory=set)
    """The keys of databases without a record of which that was said."""

    def begin(
        self,
        turn: Turn,
        context: MigrationContext,
        connection: Connection,
        asked: View | None = None,
    ) -> Recording:
        """Make sure of the record of a database that is about to be moved.

        `asked` is what it was looked at by since the lock was taken.
        """
        recording = Recording(self, turn, connection)
        recording.open(context, asked)
        return recording

    @cached_property
    def same(self) -> dict[str, Any]:
        """Return what all rows of this command have in common."""
        git = self.git()
        return {
            "run_id": os.urandom(16).hex(),
            "commit_sha": git.commit,
            "branch": _name(git.branch),
            "git_user": _name(git.user),
            "run_by": _name(user_name()),
            "host": _name(socket.gethostname()),
            "process": os.getpid(),
            "command": _text(command_line()),
            "lback": _version(),
        }

    @cached_property
    def nodes(self) -> GraphView:
        """Return the revisions of the files that run."""
        return self.graph()


class Recording:
    """The record of one database while its steps run."""

    def __init__(self, recorder: RecordWriter, turn: Turn, connection: Connection) -> None:
        self._recorder = recorder
        self._turn = turn
        self._connection = connection
        self._place: RecordPlace | None = None
        self._insert: Prepared
        self._end: Prepared
        self._waiting: list[dict[str, Any]] = []
        """Rows of done steps that go out with the transaction."""
        self._current: list[dict[str, Any]] = []
        self._ran: tuple[SentOperation, ...] = ()
        self._moves = 0
        self._began = 0.0
        self.row: int | None = None
        """The id of the row of the step at work, where it has one before it is done."""
        self._first = not turn.transactional
        self._swept = False
        self._operations: Operations | None = None
        self._has_operations = False
        self._blind: str | None = None
        """What a row says until its step is done, where its statements cannot be written down."""
        self.half: HalfRun | None = None
        """The step that was cut off here; to begin it is to go on with it."""

    def open(self, context: MigrationContext, asked: View | None = None) -> None:
        """Find the record, or make it; where that cannot be, say so once and go on."""
        try:
            known = asked.record if asked is not None else None
            place = asked.place if asked is not None else place_of(context, self._connection)
            if asked is not None and known is not None and known.is_whole:
                self.half = asked.half
            elif not make(
                self._connection, place, known.names if known and not known.why_not else None
            ):
                self.half = half_run(self._connection, place)
        except (NoRecordError, sa.exc.SQLAlchemyError) as err:
            self._give_up(err)
            return
        self._place = place
        self._insert = insertion(self._connection, place.table)
        self._end = ending(self._connection, place.table)
        self._operations = Operations(
            self._connection, place, self._started, self._leave_statements_out
        )
        if self._first:
            self._make_operations()

    def _make_operations(self) -> None:
        """Make the table of operations: before the first row of a step that is not done.

        Where a step is one transaction there is none, and no such table.
        """
        if self._operations is None or self._place is None or self._has_operations:
            return
        self._has_operations = True
        try:
            with self._operations.aside(), sparing_transaction(self._connection):
                make_operations(self._connection, self._place)
        except sa.exc.SQLAlchemyError as err:
            self._operations.leave()
            self._leave_statements_out(err)

    @property
    def writes(self) -> bool:
        """Tell whether there is a record that is written in."""
        return self._place is not None

    def start(
        self, steps: Sequence[Step], script_of: Callable[[Step], Script | None], moves: int
    ) -> None:
        """Take the steps that `moves` of Alembic's are about to do."""
        if self._place is None or not moves:
            return
        before: tuple[str, ...] | None = self._turn.after
        self._current, self._moves, self.row = [], moves, None
        self._began = time.perf_counter()
        for step in steps:
            self._current.append(self._row(step, script_of(step), before))
            before = None
        self._ran = ()
        if self._goes_on(steps[0]):
            assert self.half is not None
            self.row, self._ran = self.half.step.id, self.half.first_time
            settle(self._connection, self._place, self.half)
        elif self._first and not is_only_written(steps[0]):
            self._insert_started()

    def _goes_on(self, step: Step) -> bool:
        half = self.half
        return (
            half is not None
            and not isinstance(step, Restamp)
            and half.step.revision == step.revision
            and half.step.direction == _direction(step)
        )

    def listening(self) -> AbstractContextManager[None]:
        """Hear of what is sent while this lasts."""
        return self._operations.listening() if self._operations is not None else nullcontext()

    def watch(self, work: Callable[[], T]) -> T:
        """Write down what the code of a step sends."""
        if self._operations is None or self._place is None:
            return work()
        with self._operations.watching(self._ran):
            return work()

    def _started(self, doubted: bool) -> int | None:
        """Return the row of the step at work, which is made where there is none."""
        if doubted and self.row is not None and self._place is not None:
            table = self._place.table
            query = sa.select(table.c.id).where(table.c.id == self.row)
            self.row = execute(self._connection, query).scalar()
        if self.row is None and self._current:
            self._insert_started()
        return self.row

    def applied(self) -> None:
        """Write that the step is done, once the last of its moves has been stamped."""
        self._moves -= 1
        if self._moves or not self._current:
            return
        seconds, after = time.perf_counter() - self._began, _stamp(self._turn.after)
        for number, row in enumerate(self._current):
            row.update(outcome="done", seconds=seconds, stamp_after=after, message=None)
            if number:  # the first one has moved the stamp for all of them
                row["stamp_before"] = after
        if self.row is None:
            self._waiting += self._current
        else:
            self._update("done", seconds, stamp_after=after)
            if self._operations is not None:
                self._operations.forget(self.row)
                if not self._swept:
                    self._swept = True
                    self._write(partial(self._operations.forget_tries, self.row))
        self._current = []
        if not self._turn.transactional:
            self._flush(self._insert.execute)

    def committing(self) -> None:
        """Write what the transaction that is about to be committed has done."""
        if self._waiting:
            self._flush(self._insert.send)
        if self._current and self.row is None:
            self._insert_started()
        if self._operations is not None:
            self._operations.committing()

    def rolled_back(self) -> None:
        """Forget what was done in the transaction that is gone."""
        self._waiting.clear()
        if self._operations is not None:
            self._operations.rolled_back()

    def failed(self, reason: str) -> None:
        """Write why the step at work has ended, where it has a row that is still there."""
        if not self._current or self.row is None or self._turn.transactional:
            return
        if self._connection.invalidated:
            return
        seconds = time.perf_counter() - self._began
        blind = f"{self._blind}: " if self._blind else ""
        message = _text(blind + KNOWN.redact(reason))[:_LONGEST_MESSAGE]
        self._update("failed", seconds, message=message)
        self._current = []
        if not self._turn.outside and self._connection.in_transaction():
            try:
                self._connection.commit()
            except sa.exc.SQLAlchemyError as err:
                self._give_up(err)

    def _flush(self, insert: Callable[..., Any]) -> None:
        """Write the rows of the steps that are done."""
        rows, self._waiting = self._waiting, []
        if rows:
            self._write(lambda: insert(self._connection, *rows))

    # -- rows -------------------------------------------------------------------------

    def _row(
        self, step: Step, script: Script | None, before: tuple[str, ...] | None
    ) -> dict[str, Any]:
        assert self._place is not None
        row = {
            **self._recorder.same,
            "direction": _direction(step),
            "revision": "",
            "down_revisions": "",
            "depends_on": "",
            "path": "",
            "blob": "",
            "body": None,
            "started_at": datetime.now(timezone.utc).replace(tzinfo=None),
            "seconds": None,
            "outcome": "started",
            "message": self._blind,
            "version_table": self._place.version_table,
            "stamp_before": _stamp(before) if before is not None else None,
            "stamp_after": None,
        }
        if isinstance(step, Restamp):
            row["revision"] = step.revisions[0] if len(step.revisions) == 1 else ""
            return row
        row["revision"] = step.revision
        text = _source(script)
        if step.revision in self._recorder.nodes:
            node = self._recorder.nodes[step.revision]
            row["down_revisions"] = _stamp(node.parents)
            row["depends_on"] = _stamp(node.depends_on)
            row["path"], row["blob"] = _text(node.path), node.blob
        elif text is not None:
            row["blob"] = _blob(text)
        row["body"] = _compressed(text)
        return row

    # -- statements ---------------------------------------------------------------------

    def _insert_started(self) -> None:
        self._make_operations()
        self.row = self._write(self._insert_first)

    def _insert_first(self) -> int:
        """Insert the row of the step at work; return its id."""
        assert self._place is not None
        row = self._current[0]
        if self._turn.dialect in _TELL_THE_ID:
            return int(self._insert.execute(self._connection, row).lastrowid)
        result = execute(self._connection, self._place.table.insert().values(**row))
        return int(result.inserted_primary_key[0])

    def _update(
        self, outcome: Outcome, seconds: float, *, stamp_after: str | None = None, message: str = ""
    ) -> None:
        values = {
            "row_id": self.row,
            "outcome": outcome,
            "seconds": seconds,
            "message": message or None,
            "stamp_after": stamp_after,
        }
        self._write(lambda: self._end.execute(self._connection, values))

    def _write(self, action: Callable[[], T]) -> T | None:
        if self._place is None:
            return None
        try:
            aside = self._operations.aside() if self._operations is not None else nullcontext()
            with aside, sparing_transaction(self._connection):
                return action()
        except sa.exc.SQLAlchemyError as err:
            self._give_up(err)
            return None

    def _give_up(self, err: Exception) -> None:
        if self._connection.invalidated:  # no reason to go on without a record
            raise err
        self._place, self._current = None, []
        self._waiting.clear()
        self._tell(messages.unwritable, err)

    def _leave_statements_out(self, err: Exception) -> None:
        """Go on without the statements of the steps, and let their rows say so."""
        self._tell(messages.statements_unwritable, err)
        self._blind = messages.NOT_WRITTEN
        for row in self._current:
            row["message"] = self._blind
        if self.row is not None and self._place is not None:
            table = self._place.table
            change = table.update().where(table.c.id == self.row).values(message=self._blind)
            self._write(lambda: execute(self._connection, change))

    def _tell(self, said: Callable[[str, str], str], err: Exception) -> None:
        database = self._turn.database
        if database.key in self._recorder.told:
            return
        self._recorder.told.add(database.key)
        text = said(str(database), KNOWN.redact(reason(err)))
        self._recorder.on_event(Event("note", text=text, database=database))


def command_line() -> str:
    """Return what was typed, without passwords."""
    program, *arguments = sys.argv or [""]
    name = Path(program).name
    return KNOWN.redact(shlex.join(["lback" if name == "__main__.py" else name, *arguments]))


def _direction(step: Step) -> str:
    if isinstance(step, Restamp):
        return "stamp"
    name = "upgrade" if isinstance(step, Upgrade) else "downgrade"
    return f"fake {name}" if step.fake else name


def _source(script: Script | None) -> bytes | None:
    """Return the text that a script was loaded from; None where it has none."""
    text = getattr(script, "text", None)
    if text is not None or script is None:
        return text
    try:
        path = Path(script.path)
        return path.read_bytes() if path.suffix == ".py" else None
    except OSError:
        return None


def _compressed(text: bytes | None) -> bytes | None:
    """Return a text as the record keeps it; None where a password of this run is in it."""
    if text is None:
        return None
    shown = text.decode("utf-8", "replace")
    if KNOWN.redact_known(shown) != shown:
        return None
    # zlib takes 256 KiB of memory for each text where nobody says that it is small.
    small = len(text) <= _SMALL
    packer = zlib.compressobj(6, zlib.DEFLATED, 12, 5) if small else zlib.compressobj(1)
    return packer.compress(text) + packer.flush()


def _blob(text: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(text) + text, usedforsecurity=False).hexdigest()


def _stamp(revisions: Sequence[str]) -> str:
    return _text("\n".join(revisions))


def _name(text: str | None) -> str | None:
    return _text(text)[:_LONGEST_NAME] if text is not None else None


def _text(text: str) -> str:
    """Return a text that every database takes."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def _version() -> str:
    try:
        return version("lback")
    except PackageNotFoundError:
        return "unknown"
