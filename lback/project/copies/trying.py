"""Revisions on trial, on a database that begins with what lies below them, if that can be had."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from lback.core.graph.view import GraphView
from lback.core.plans import tips
from lback.errors import LbackError, NoScratchError
from lback.project.context import Context
from lback.project.copies.templates import empty_beside, template_at

if TYPE_CHECKING:
    from lback.db.templates.building import Template
    from lback.db.trials import Begun, Tried


class _Start(NamedTuple):
    """Where revisions are tried, None for a file of their own, and what is there already."""

    url: str | None
    begun: Begun


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
