"""Revisions on trial, on a database that begins with what lies below them, if that can be had."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from lback.core.copies.names import COPY, new_name
from lback.core.graph.view import GraphView
from lback.core.messages import proofs as messages
from lback.core.plans import tips
from lback.errors import LbackError, NoScratchError
from lback.project.context import Context
from lback.project.copies.templates import beside_of, empty_beside, is_begun, own_url, template_at

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

    from lback.db.beside.base import Databases
    from lback.db.templates.building import Template
    from lback.db.trials import Begun, Tried

_FEW = 20


class _Start(NamedTuple):
    """Where revisions are tried, None for a file of their own, and what is there already."""

    url: str | None
    begun: Begun


class Beginning(NamedTuple):
    """Databases for a proof that have run the first revisions, made `beside` the project's.

    Without `beside` there are none, and `why` says so where that is worth a word.
    """

    beside: Databases | None = None
    template: Template | None = None
    why: str = ""

    @contextmanager
    def copy(self) -> Iterator[URL]:
        """Give a new database, by a driver that can be read, and drop it in the end."""
        assert self.beside is not None
        name = new_name(COPY)
        self.beside.create(name, self.template.url if self.template is not None else None)
        url = self.beside.named(name)
        try:
            yield url.set(drivername="sqlite") if url.get_dialect().is_async else url
        finally:
            self.beside.drop(name)


@contextmanager
def begun_with(
    ctx: Context, graph: GraphView, below: tuple[str, ...], own: URL | None = None
) -> Iterator[Beginning]:
    """Give databases with the first revisions of the work tree, all below any of them included.

    They lie beside the database of env.py. Beside one that is at work, `own`, none is made unless
    `scratch_url` names its server or it has templates of these migrations: who rolls back may
    do so on the database that everybody uses. Few revisions are run quicker than that is found
    out, where a scratch database of the same kind is at hand.
    """
    made = Beginning()
    try:
        made = _beginning(ctx, graph, below, own)
    except LbackError as err:
        made = Beginning(why=err.message)
    try:
        yield made
    finally:
        if made.beside is not None:
            made.beside.close()


def _beginning(
    ctx: Context, graph: GraphView, below: tuple[str, ...], own: URL | None
) -> Beginning:
    from lback.db.scratch_run import scratch_url

    scratch = ctx.project.settings.lback.scratch_url
    url = own_url(ctx) if own is None else own
    kind = url.get_backend_name()
    at_hand = scratch_url(kind, scratch)
    named = scratch is not None and at_hand is not None
    if scratch is not None and (at_hand is None or at_hand.get_backend_name() == "sqlite"):
        return Beginning()
    if at_hand is not None and len(below) < _FEW:
        return Beginning()
    place = beside_of(ctx, url.render_as_string(hide_password=False))
    if kind != "sqlite":
        if place.url.get_dialect().is_async:
            return Beginning(why=messages.ASYNCHRONOUS)
        if own is not None and not named and not is_begun(ctx, place):
            return Beginning()
    made = template_at(ctx, tips(graph, below), place=place, told_from=_FEW) if below else None
    return Beginning(place, made)


def tried_out(ctx: Context, graph: GraphView, chosen: Collection[str]) -> Tried:
    """Try the chosen revisions on a scratch database, and compare the models with all of them.

    Without `scratch_url` it is a copy of the template of what lies below the first of them, where
    one can be built; what does not run is told by the trial. LbackError where nothing can be.
    """
    from lback.db.trials import try_out

    order, scratch = graph.order(), ctx.project.settings.lback.scratch_url
    below = tuple(takewhile(lambda revision: revision not in chosen, order))
    made = _template(ctx, graph, below) if scratch is None and below else None
    if made is not None:
        with _started(made, below) as start:
            return try_out(ctx.database, order, chosen, start.url, start.begun)
    try:
        return try_out(ctx.database, order, chosen, scratch)
    except NoScratchError as err:
        with empty_beside(ctx, err) as empty:
            url = empty.render_as_string(hide_password=False)
            return try_out(ctx.database, order, chosen, url)


def _template(ctx: Context, graph: GraphView, below: tuple[str, ...]) -> Template | None:
    """Return the template of revisions; None where there is none that a plain driver reads."""
    with suppress(LbackError):
        made = template_at(ctx, tips(graph, below))
        if made.url.get_backend_name() == "sqlite" or not made.url.get_dialect().is_async:
            return made
    return None


@contextmanager
def _started(made: Template, below: tuple[str, ...]) -> Iterator[_Start]:
    from lback.db.beside.sqlite import SqliteFiles
    from lback.db.trials import Begun

    place = made.beside
    if isinstance(place, SqliteFiles):
        yield _Start(None, Begun(below, lambda path: place.copy_to(path, made.url)))
        return
    url = made.copy()
    try:
        yield _Start(url.render_as_string(hide_password=False), Begun(below))
    finally:
        made.drop(url)
        place.close()
