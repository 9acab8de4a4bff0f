"""Saves what a run takes from a database on its way down, and brings it back on a way up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.core.messages import saved_rows as messages
from lback.core.plans import Downgrade, Step, Upgrade
from lback.core.rollback.stakes import Stakes
from lback.db.alembic_compat import commits_each_statement
from lback.db.failures import reason
from lback.db.keeping.kept import plain_session, wanted
from lback.db.keeping.putting_back import Made, PuttingBack, Restored, put_back_all
from lback.db.keeping.row_sql import Shape
from lback.db.keeping.saved import SavedRows, SavedTable, Saving
from lback.db.locking.waits import is_passing
from lback.db.view import View

if TYPE_CHECKING:
    from lback.core.record.operations import HalfRun

# What PostgreSQL, MySQL and MariaDB say where a role may not do something.
_NO_RIGHT = frozenset({"42501", 1044, 1142, 1143})


@dataclass(slots=True)
class Returning:
    """A saving some of whose revisions come in this run, and what that finds made by itself."""

    saving: Saving
    made: dict[str, Made] = field(default_factory=dict)
    here: tuple[str, ...] = ()
    """Those of its revisions that an earlier run has brought."""
    notes: dict[str, str] = field(default_factory=dict)
    """Where it is noted what a step has made of a table, while others are yet to come."""


@dataclass(slots=True)
class KeptByRun:
    """What one run has saved on one database, and what came back there."""

    saved: Saving | None = None
    returned: list[tuple[Saving, tuple[Restored, ...]]] = field(default_factory=list)


class Keeper:
    """Goes along with one run on the databases of one env.py.

    `stakes` tells what some revisions delete on their way down, `writes` in which tables they write
    rows on their way up, `blobs` which text each revision has, `applied` which revisions a stamp
    stands for. Not `keeps`: nothing is saved.
    """

    def __init__(
        self,
        stakes: Callable[[View, Sequence[str]], Stakes],
        writes: Callable[[View, Collection[str]], Sequence[str]],
        blobs: Mapping[str, str],
        applied: Callable[[Sequence[str]], Collection[str]],
        *,
        keeps: bool = True,
    ) -> None:
        self.stakes = stakes
        self.writes = writes
        self.blobs = blobs
        self.applied = applied
        self.keeps = keeps
        self.kept: dict[str, KeptByRun] = {}
        self._coming: dict[str, list[Returning]] = {}
        self._came: list[str] = []
        self._going: list[str] = []
        self._gone: list[SavedTable] = []

    def begin(self, view: View, steps: Sequence[Step]) -> None:
        """Save what the way down takes; settle before what an earlier run was cut off at."""
        at = view.stamp.database.key
        kept = self.kept[at] = KeptByRun()
        self._came, self._coming[at] = [], []
        rows = SavedRows(view.connection, view.stamp.database)
        self.settle(view, [step.revision for step in steps if isinstance(step, Upgrade)])
        self.tidy(view)
        going = [step.revision for step in steps if isinstance(step, Downgrade)]
        self._going = going
        cut_off = self._cut_off(view) if going else None
        if cut_off is not None:
            # The step goes on, and so does the saving: what is gone now is in no table.
            done = set(self.applied(view.stamp.revisions)) - set(going)
            away = {name: blob for name, blob in cut_off.revisions.items() if name not in done}
            kept.saved = replace(cut_off, revisions=away)
        elif going and self.keeps:
            told = self.stakes(view, going)
            revisions = {name: self.blobs.get(name, "") for name in going}
            try:
                kept.saved = rows.save(told.kept, told.lost, revisions)
            except sa.exc.DBAPIError as err:
                if _lacks_right(err.orig):
                    raise messages.not_saved(reason(err)) from err
                raise
        view.commit()

    def _cut_off(self, view: View) -> Saving | None:
        """Return what was saved for a step that was cut off, of which something stayed."""
        rows = SavedRows(view.connection, view.stamp.database)
        begun = [saving for saving in rows.all() if saving.state == "begun"]
        half = view.half if begun else None
        if half is None or half.step.direction != "downgrade":
            return None
        return next((saving for saving in begun if half.step.revision in saving.revisions), None)

    def turn(self, view: View, steps: Sequence[Step]) -> None:
        """Note what is there once all is down, before anything goes up."""
        at = view.stamp.database.key
        rows, saved = SavedRows(view.connection, view.stamp.database), self.kept[at].saved
        if saved is not None:
            _seal(rows, saved)
            if not saved.tables:
                self.kept[at].saved = None
        coming = {step.revision for step in steps if isinstance(step, Upgrade) and not step.fake}
        for saving in rows.all() if coming else ():
            if saving.state == "saved" and coming & saving.revisions.keys():
                half = view.half if view.half and view.half.step.revision in coming else None
                returning = _expected(rows, saving, half)
                _leave_touched(view, returning)
                done = set(self.applied(view.stamp.revisions)).difference(self._going)
                returning.here = tuple(name for name in saving.revisions if name in done)
                if len(coming & saving.revisions.keys()) > 1:
                    _make_notes(rows, returning)
                self._coming[at].append(returning)

    def stepped(self, view: View, step: Step, left: Sequence[Step]) -> None:
        """Put back what waited for a step, once the others that it waits for are done.

        That goes into the transaction of the step, so that a kill leaves both or neither.
        """
        if not isinstance(step, Upgrade):
            return
        at = view.stamp.database.key
        self._came.append(step.revision)
        waiting = self._coming[at]
        if not waiting:  # of thousands of steps, each would go through all that are left
            return
        later = [other.revision for other in left if isinstance(other, Upgrade)]
        for returning in list(waiting):
            revisions = returning.saving.revisions.keys()
            if revisions.isdisjoint(self._came):
                if later and later[0] in revisions:
                    _leave_touched(view, returning)
            elif revisions.isdisjoint(later):
                waiting.remove(returning)
                self._put_back(view, returning, [*returning.here, *self._came])
            elif step.revision in revisions:
                _note_made(SavedRows(view.connection, view.stamp.database), returning)

    def settle(self, view: View, coming: Collection[str] = ()) -> bool:
        """Finish what a kill has cut off; tell whether there was anything.

        What waits for revisions that are `coming` waits for them on.
        """
        rows = SavedRows(view.connection, view.stamp.database)
        savings = [saving for saving in rows.all() if saving.state != "left"]
        if not savings:
            return False
        applied = set(self.applied(view.stamp.revisions))
        waiting = self._cut_off(view)
        met = False
        self.kept.setdefault(view.stamp.database.key, KeptByRun())
        for saving in savings:
            here = [revision for revision in saving.revisions if revision in applied]
            if waiting is not None and saving.number == waiting.number:
                continue  # until it is known whether the step goes on or back
            if saving.state == "begun":
                met = True
                _settle_begun(rows, saving, here)
            elif here and not saving.revisions.keys() & set(coming):
                met = True
                noted = any(table.after and table.lost == () for table in saving.tables)
                returning = _expected(rows, saving, None) if noted else Returning(saving)
                if noted:
                    _leave_touched(view, returning)
                self._put_back(view, returning, here)
        return met

    def _put_back(self, view: View, returning: Returning, came: Sequence[str]) -> None:
        rows = SavedRows(view.connection, view.stamp.database)
        saving = returning.saving
        exact = set(came) <= saving.revisions.keys() and all(
            self.blobs.get(name, "") == saving.revisions[name]
            for name in came
            if name in saving.revisions
        )
        left = {name: blob for name, blob in saving.revisions.items() if name not in came}
        held = self._written(view, saving, left)
        now = replace(saving, tables=[table for table in saving.tables if table not in held])
        with plain_session(view.connection):
            for table in held:
                if not table.after:
                    rows.copy_after(table, noting=True, all_stay=True)
        # What others have written in the middle of the way is no less than what was saved.
        first = next(number for number, name in enumerate(came) if name in saving.revisions)
        others = [name for name in came[first:] if name not in saving.revisions]
        made = {table.source: Made(asks=True) for table in self._written(view, now, others)}
        made = returning.made | made
        done = put_back_saving(view.connection, rows, now, made, exact=exact)
        self.kept[view.stamp.database.key].returned.append((now, done))
        gone = _after_return(rows, now, done, left, held)
        view.commit()
        self._gone += gone

    def tidy(self, view: View) -> None:
        """Drop what is put back: a DROP commits on some databases."""
        gone, self._gone = self._gone, []
        if gone:
            SavedRows(view.connection, view.stamp.database).drop(gone)
            view.commit()

    def _written(self, view: View, saving: Saving, revisions: Collection[str]) -> list[SavedTable]:
        """Return the tables of a saving in which revisions write rows on their way up."""
        places = [(name, None) for name in self.writes(view, revisions)] if revisions else []
        there = {(kept.table, kept.schema) for kept in wanted(view.connection, places)}
        return [row for row in saving.tables if (row.kept.table, row.kept.schema) in there]


def _lacks_right(err: Any) -> bool:
    state = getattr(err, "sqlstate", None) or getattr(err, "pgcode", None)
    return (state or (*err.args, None)[0]) in _NO_RIGHT


def put_back_saving(
    connection: Connection,
    rows: SavedRows,
    saving: Saving,
    made: Mapping[str, Made],
    *,
    exact: bool = False,
    overwrite: bool = False,
    asking: bool = True,
) -> tuple[Restored, ...]:
    """Put back what a saving holds, all of it or, where a statement fails, nothing.

    `asking`: what may have been deleted on purpose since is left to a person.
    """
    ways = []
    for table in saving.tables:
        unsure = table.kept.whole and table.lost is not None and not overwrite
        known = made.get(table.source, Made(asks=unsure and asking))
        ways.append(
            PuttingBack(
                connection,
                table.kept,
                rows.place(table.source),
                made=known._replace(exact=exact and known.table and not known.earlier),
                overwrite=overwrite,
            )
        )
    try:
        with _apart(connection), plain_session(connection):
            return put_back_all(ways)
    except sa.exc.DBAPIError as err:
        if is_passing(err):  # another try of the step does it
            raise
        problem = str(err.orig).strip().split("\n")[0]
        return tuple(
            Restored(table.kept.full_name, table.kept.columns, problem=problem)
            for table in saving.tables
        )


@contextmanager
def _apart(connection: Connection) -> Iterator[None]:
    """Take back what a failing statement's companions have done, and nothing else."""
    if commits_each_statement(connection):
        yield
        return
    with connection.begin_nested():
        yield


def _expected(rows: SavedRows, saving: Saving, half: HalfRun | None) -> Returning:
    """Learn what is not there before the steps that bring a saving's revisions.

    What the first of them has made when it was cut off, in `half`, is nobody's yet, either.
    """
    returning = Returning(saving)
    for table in saving.tables:
        shape = Shape(rows.connection, table.kept.table, table.kept.schema)
        if not shape.there:
            returning.made[table.source] = Made(table=table.lost is None)
            continue
        made = half.made(table.kept.table) if half is not None else frozenset()
        if None in made and table.lost is None:
            returning.made[table.source] = Made(table=True, earlier=True)
            continue
        absent = frozenset(
            name for name in table.lost or () if name not in shape.columns or name in made
        )
        after = rows.place(table.after) if table.after else ""
        asks = table.kept.whole and not after
        returning.made[table.source] = Made(columns=absent, after=after, asks=asks)
    return returning


def _leave_touched(view: View, returning: Returning) -> None:
    """Leave alone which rows have changed before the first of a saving's revisions comes."""
    rows = SavedRows(view.connection, view.stamp.database)
    for table in returning.saving.tables:
        rows.leave_touched(table)


def _make_notes(rows: SavedRows, returning: Returning) -> None:
    for table in returning.saving.tables:
        made = returning.made[table.source]
        if table.kept.keys and not table.after and (made.table or made.columns):
            returning.notes[table.source] = rows.make_after(table)


def _note_made(rows: SavedRows, returning: Returning) -> None:
    """Note what a step has made of tables, so that another run knows what nobody has touched."""
    saving = returning.saving
    if not returning.notes:
        return
    with suppress(sa.exc.DBAPIError), _apart(rows.connection), plain_session(rows.connection):
        for place, table in enumerate(saving.tables):
            name = returning.notes.get(table.source)
            made = rows.note_made(table, name) if name is not None else None
            if made is not None:
                saving.tables[place] = made
        rows.note(saving)


def _seal(rows: SavedRows, saving: Saving, *, noting: bool = True) -> None:
    """Keep of a saving what is not in the tables any more."""
    with plain_session(rows.connection):
        for table in saving.tables:
            rows.copy_after(table, noting=noting)
    empty = [table for table in saving.tables if not table.rows]
    saving.tables = [table for table in saving.tables if table.rows]
    saving.state = "saved"
    if saving.tables:
        rows.note(saving)
    else:
        rows.forget(saving)
    rows.drop(empty)


def _settle_begun(rows: SavedRows, saving: Saving, here: Sequence[str]) -> None:
    """Keep of a saving whose run was cut off what has gone down; the rest is where it was."""
    _seal(rows, saving, noting=False)
    there = [table for table in saving.tables if _is_there(rows, table)]
    saving.tables = [table for table in saving.tables if table not in there]
    away = {name: blob for name, blob in saving.revisions.items() if name not in here}
    if not saving.tables:
        rows.forget(saving)
    elif away:
        rows.note(replace(saving, revisions=away, state="saved"))
    elif any(table.lost != () for table in saving.tables):
        # A step that was cut off half way: it is still to go down in full, or to be undone.
        rows.note(replace(saving, state="begun"))
    else:
        rows.note(replace(saving, state="left"))
    rows.drop(there)


def _is_there(rows: SavedRows, table: SavedTable) -> bool:
    """Tell whether nothing of a table has gone: it and all of its columns are there."""
    shape = Shape(rows.connection, table.kept.table, table.kept.schema)
    return shape.there and table.lost != () and set(table.kept.names) <= shape.columns.keys()


def _after_return(
    rows: SavedRows,
    saving: Saving,
    done: Sequence[Restored],
    left: dict[str, str],
    held: Sequence[SavedTable],
) -> list[SavedTable]:
    """Note what of a saving still waits, for revisions or for a person; return what is done.

    What is `held` has not been tried: rows of those tables come with the revisions.
    """
    waiting = list(held)
    asking: list[SavedTable] = []
    gone: list[SavedTable] = []
    for table, result in zip(saving.tables, done, strict=True):
        if left and (result.table_gone or result.lacking):
            if result.other or result.blocked or result.unsure:
                asking.append(table)
            waiting.append(_rest(table, result))
        elif held and result.blocked:  # what it refers to may be held
            waiting.append(table)
        elif result.leaves_rows:
            asking.append(table)
        else:
            gone.append(table)
    if waiting:
        if asking:
            other = Saving(rows.next(), dict(saving.revisions), [], "left", saving.created)
            other.tables = [
                rows.copy_left(table, other.number, position)
                for position, table in enumerate(asking)
            ]
            leave(rows, other)
        rows.note(replace(saving, tables=waiting, revisions=left))
        return [*gone, *(table for table in asking if table.source not in _sources(waiting))]
    if asking:
        leave(rows, replace(saving, tables=asking, state="left"))
    else:
        rows.forget(saving)
    return gone


def leave(rows: SavedRows, saving: Saving) -> None:
    """Note what is left to a person, without what came back: that may change from now on."""
    with plain_session(rows.connection):
        for table in saving.tables:
            rows.drop_present(table)
    rows.note(saving)


def _sources(tables: Sequence[SavedTable]) -> set[str]:
    return {table.source for table in tables}


def _rest(table: SavedTable, result: Restored) -> SavedTable:
    """Return what of a table waits on: all of it, or columns that are not there yet."""
    if result.table_gone:
        return table
    kept = replace(table.kept, columns=result.lacking, whole=False)
    return replace(table, kept=kept, lost=result.lacking, after="")
