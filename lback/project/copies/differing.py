"""Schemas to compare: what migrations build here or at a ref, the database's, the models'."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from lback.core.copies.names import COPY, new_name
from lback.core.messages import templates as messages
from lback.core.schema_diff import Schema
from lback.project.context import Context
from lback.project.copies.templates import beside_of, template_at
from lback.project.run import asked

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

    from lback.db.templates.building import Template
    from lback.db.view import View


class Described(NamedTuple):
    """A schema, what it is the schema of, and what of such a database was not read."""

    name: str
    schema: Schema
    not_read: tuple[str, ...]


class _Now(NamedTuple):
    """A database as it is."""

    name: str
    revisions: tuple[str, ...]
    schema: Schema
    dialect: str
    place: str


def built_here(ctx: Context, revisions: Sequence[str] | None = None) -> Described:
    """Return what the migrations of the work tree build, up to revisions if they are given."""
    template = template_at(ctx, "heads" if revisions is None else revisions)
    name = messages.CHECKOUT if revisions is None else messages.at(revisions)
    return _read(name, template)


def built_at(ctx: Context, ref: str) -> Described:
    """Return what the migrations of a ref build, which a person has named to be run."""
    if ctx.repository is None:
        raise messages.no_git(ref)
    commit = ctx.repository.commit(ref)
    graph = ctx.revisions.graph(commit)
    texts = ctx.revisions.texts(graph, commit)
    sources = {node.id: texts[node.blob] for node in graph}
    return _read(messages.on_ref(ref), template_at(ctx, graph=graph, sources=sources))


def drift_of(ctx: Context) -> tuple[Described, Described]:
    """Return what the stamp of the database promises, and the database as it is."""
    now = database_now(ctx)
    graph = ctx.revisions.graph()
    unknown = [revision for revision in now.revisions if revision not in graph]
    if unknown:
        raise messages.lost(unknown)
    from lback.db.schema import NOT_READ

    not_read = NOT_READ.get(now.dialect, ())
    if now.revisions:
        promised = built_here(ctx, now.revisions)
    else:
        promised = Described(messages.NOTHING, Schema(), not_read)
    return promised, Described(now.name, now.schema, not_read)


def database_now(ctx: Context) -> _Now:
    """Return the database as it is; LbackError where env.py has several, or is in one schema."""
    from lback.db.schema import read_whole

    def read(view: View) -> _Now:
        database = view.stamp.database
        schema = read_whole(view.connection)
        return _Now(
            str(database), view.stamp.revisions, schema, view.stamp.dialect, database.locked
        )

    answers = asked(ctx.database, read)
    if len(answers) != 1 or answers[0].value is None:
        raise messages.several()
    if answers[0].value.place:
        raise messages.of_a_schema(answers[0].value.place)
    return answers[0].value


def of_models(ctx: Context) -> Described:
    """Return what the models make in an empty database."""
    from lback.db.schema import NOT_READ
    from lback.db.templates.building import kept_for_a_while
    from lback.db.templates.schemas import schema_of_models

    beside = beside_of(ctx)
    name = new_name(COPY)
    beside.create(name)
    with kept_for_a_while(beside, name) as url:
        schema = schema_of_models(ctx.database, url)
    return Described(messages.MODELS, schema, NOT_READ.get(url.get_backend_name(), ()))


def _read(name: str, template: Template) -> Described:
    """Read a copy of a template: nobody connects to the template itself."""
    from lback.db.schema import NOT_READ
    from lback.db.templates.schemas import schema_at

    url: URL = template.copy()
    try:
        schema = schema_at(url)
    finally:
        template.drop(url)
    return Described(name, schema, NOT_READ.get(url.get_backend_name(), ()))
