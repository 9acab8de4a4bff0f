"""What models are compared with: what the migrations build, or the project's database."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from lback.core.graph.view import GraphView
from lback.core.messages import makemigrations as messages
from lback.core.schema_diff import changes
from lback.errors import LbackError
from lback.files import write_whole
from lback.project.context import Context, folder_of
from lback.project.copies.differing import drift_of
from lback.project.copies.templates import (
    beside_of,
    copy_at_head,
    name_at_head,
    own_url,
)
from lback.project.run import refuse_skipped

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import URL

    from lback.core.preferences import Against
    from lback.db.beside.base import Databases
    from lback.db.view import View

    Count = Callable[[str, str | None, str | None], int | None]

T = TypeVar("T")
_TRIED_AGAIN = 24 * 3600.0
_MOST_ALIKE = 20
_TABLES = re.compile(rb"^[^#\n]*(?:\bTable\(|__tablename__|\btable=True)", re.MULTILINE)


class ComparedWith(NamedTuple):
    """How a comparison is told what it may look at, and who counts rows; None: it does itself."""

    refuse: Callable[[View], None]
    rows: Count | None


class _OtherSchemaError(LbackError):
    """Says that the database is not what the migrations build."""


def compare(
    ctx: Context, graph: GraphView, given: Against | None, work: Callable[[ComparedWith], T]
) -> T:
    """Do `work` with what the models are to be compared with; say where that is another one.

    Where nobody has chosen it is what the migrations build, and where that is not to be had the
    database, which is said. `work` may be begun more than once, and passes `refuse` first.
    """
    chosen = given or ctx.project.settings.lback.against
    if chosen == "database":
        return work(_database(ctx, graph))
    if chosen is None and _defines_tables(ctx):
        ctx.console.warn(messages.by_the_database(messages.DEFINES_TABLES))
        return work(_database(ctx, graph))
    comparison = _Comparison(ctx, graph)
    try:
        return comparison.run(work, again=chosen is not None)
    except _NoTemplateError as err:
        why = err.why
    if chosen is not None:
        raise LbackError(why.message, why.hint or messages.NO_TEMPLATE) from why
    return work(_database(ctx, graph, told=why.message))


def _defines_tables(ctx: Context) -> bool:
    """Tell whether env.py makes tables itself: it fails when it runs for a second time.

    Modules that it imports are there the next time, and nothing in them is made anew.
    """
    env = ctx.project.env_path()
    if env is None:
        return False
    with suppress(OSError):
        return _TABLES.search((ctx.project.root / env).read_bytes()) is not None
    return False


def _database(ctx: Context, graph: GraphView, *, told: str | None = None) -> ComparedWith:
    """Compare with the database; why is `told` once it answers, for else its error says more."""
    left = [told] if told is not None else []

    def refuse(view: View) -> None:
        refuse_skipped(ctx, graph, view)
        while left:
            ctx.console.warn(messages.by_the_database(left.pop()))

    return ComparedWith(refuse, None)


class _NoTemplateError(Exception):
    """Carries why the migrations could not be run on a template."""

    def __init__(self, why: LbackError) -> None:
        super().__init__(why.message)
        self.why = why


class _Own(NamedTuple):
    """What the project's own database is: its stamp, and a mark of its schema."""

    revisions: tuple[str, ...]
    mark: str
    filled: bool


class _Comparison:
    """A comparison with what the migrations build."""

    def __init__(self, ctx: Context, graph: GraphView) -> None:
        self.ctx = ctx
        self.graph = graph
        self.own: _Own | None = None
        self.place: Databases | None = None

    def run(self, work: Callable[[ComparedWith], T], *, again: bool) -> T:
        """Compare with the database where it is just that, or else with a copy of a template."""
        try:
            found = self._by_the_database(work)
            return self._by_a_copy(work, again=again) if found is None else found[0]
        finally:
            if self.place is not None:
                self.place.close()

    def _note_of(self, url: URL) -> _Note:
        """Return what is known of the template beside a database."""
        self.place = beside_of(self.ctx, url.render_as_string(hide_password=False))
        return _Note(self.ctx, name_at_head(self.ctx, self.graph, self.place))

    def _by_the_database(self, work: Callable[[ComparedWith], T]) -> tuple[T] | None:
        """Compare with the database, if its schema is the one that the migrations build."""
        reached = False

        def refuse(view: View) -> None:
            nonlocal reached
            self.own = _own(view)
            note = self._note_of(view.connection.engine.url)
            if self.own.mark != note.mark or not self._is_at_head():
                raise _OtherSchemaError("")
            refuse_skipped(self.ctx, self.graph, view)
            reached = True

        try:
            return (work(ComparedWith(refuse, None)),)
        except LbackError:
            if reached:
                raise
        return None  # whatever it is, a copy tells

    def _by_a_copy(self, work: Callable[[ComparedWith], T], *, again: bool) -> T:
        from lback.db.templates.building import NotBuiltError
        from lback.db.templates.rows_there import led_to

        try:
            note = self._note_of(own_url(self.ctx))
        except LbackError as err:
            raise _NoTemplateError(err) from err
        assert self.place is not None
        if note.why and not again:
            raise _NoTemplateError(LbackError(note.why))
        try:
            copy = copy_at_head(self.ctx, self.graph, self.place)
            url = copy.__enter__()
        except LbackError as err:
            if isinstance(err, NotBuiltError):
                note.broken(err.message)
            raise _NoTemplateError(err) from err
        reached = False
        try:
            with led_to(url) as led:

                def refuse(view: View) -> None:
                    nonlocal reached
                    led.refuse(view)
                    note.built(_own(view).mark)
                    reached = True

                try:
                    found = work(ComparedWith(refuse, led.rows))
                except LbackError as err:
                    if reached:
                        raise
                    raise _NoTemplateError(err) from err
        finally:
            copy.__exit__(None, None, None)
        self._tell_of_drift(note)
        return found

    def _is_at_head(self) -> bool:
        return self.own is not None and set(self.own.revisions) == set(self.graph.heads)

    def _tell_of_drift(self, note: _Note) -> None:
        """Say in how much the database differs from what its own stamp stands for."""
        own = self.own
        if own is None or not own.filled or own.mark in (note.mark, *note.alike):
            return
        if not self._is_at_head():
            return
        try:
            before, after = drift_of(self.ctx)
        except LbackError:
            return  # `lback diff` says why
        found = len(changes(before.schema, after.schema))
        if found:
            self.ctx.console.warn(messages.drifted(found, stamped=bool(own.revisions)))
        else:
            note.like(own.mark)


def _own(view: View) -> _Own:
    from lback.db.comparing.marks import digest, read_marks

    marks = read_marks(view.connection, [_version_table(view)])
    if marks is None:
        return _Own(view.stamp.revisions, "", filled=False)
    tables = sorted(marks.tables.items(), key=str)
    mark = digest([marks.types, marks.rest, *tables])
    return _Own(view.stamp.revisions, mark, filled=bool(tables))


def _version_table(view: View) -> str:
    return str((view.options or {}).get("version_table", "alembic_version"))


class _Note:
    """What is known of a template: a mark of its schema, or why it cannot be built."""

    def __init__(self, ctx: Context, name: str) -> None:
        self._place: Path = folder_of(ctx, "compared") / f"{name}.json"
        known = _read(self._place)
        self.mark = str(known.get("mark", ""))
        self.alike = [str(mark) for mark in known.get("alike", ())][-_MOST_ALIKE:]
        tried = known.get("tried")
        fresh = isinstance(tried, int | float) and 0 <= time.time() - tried < _TRIED_AGAIN
        self.why = str(known.get("why", "")) if fresh else ""

    def built(self, mark: str) -> None:
        """Note what it has."""
        if mark != self.mark:
            self.mark = mark
            self._write({"mark": mark})

    def like(self, mark: str) -> None:
        """Note a schema of another mark in which nothing differs."""
        self.alike.append(mark)
        self._write({"mark": self.mark, "alike": self.alike})

    def broken(self, why: str) -> None:
        """Note why it cannot be built, so that it is not tried each time."""
        self._write({"why": why, "tried": time.time()})

    def _write(self, known: Mapping[str, Any]) -> None:
        with suppress(OSError):
            self._place.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._place, json.dumps(known).encode(), durable=False)


def _read(place: Path) -> Mapping[str, Any]:
    with suppress(OSError, ValueError):
        known = json.loads(place.read_bytes())
        if isinstance(known, dict) and isinstance(known.get("alike", []), list):
            return known
    return {}
