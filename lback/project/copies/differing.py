"""Schemas to compare: what migrations build here or at a ref, the database's, the models'."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from lback.core.altering.made import SchemaSide, Source
from lback.core.messages import templates as messages
from lback.core.schema_diff import Schema
from lback.project.context import Context
from lback.project.copies.templates import empty_beside, template_at
from lback.project.run import asked

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from lback.db.templates.building import Template
    from lback.db.view import View


class Described(NamedTuple):
    """A schema, what it is the schema of, and what of such a database was not read."""

    name: str
    side: SchemaSide
    not_read: tuple[str, ...]
    dialect: str = ""

    @property
    def schema(self) -> Schema:
        """Return the schema."""
        return self.side.schema


class _Now(NamedTuple):
    """A database as it is; `home` is the schema of it that it is, "" for the whole."""

    name: str
    revisions: tuple[str, ...]
    side: SchemaSide
    dialect: str
    home: str
    path: str
    """Where its session looks for plain names."""


def built_here(
    ctx: Context, revisions: Sequence[str] | None = None, *, sql: bool = False
) -> Described:
    """Return what the migrations of the work tree build, up to revisions if they are given.

    With `sql`, here and below, it is read how all of it is made.
    """
    template = template_at(ctx, "heads" if revisions is None else revisions)
    name = messages.CHECKOUT if revisions is None else messages.at(revisions)
    return _read(name, template, _whole(sql=sql))


def built_at(ctx: Context, ref: str, *, sql: bool = False) -> Described:
    """Return what the migrations of a ref build, which a person has named to be run."""
    if ctx.repository is None:
        raise messages.no_git(ref)
    commit = ctx.repository.commit(ref)
    graph = ctx.revisions.graph(commit)
    texts = ctx.revisions.texts(graph, commit)
    sources = {node.id: texts[node.blob] for node in graph}
    template = template_at(ctx, graph=graph, sources=sources)
    return _read(messages.on_ref(ref), template, _whole(sql=sql))


def drift_of(ctx: Context, *, sql: bool = False) -> tuple[Described, Described]:
    """Return what the stamp of the database promises, and the database as it is.

    Of a database that is one schema, that schema is compared with the same of a template.
    """
    now = database_now(ctx, sql=sql)
    graph = ctx.revisions.graph()
    unknown = [revision for revision in now.revisions if revision not in graph]
    if unknown:
        raise messages.lost(unknown)
    from lback.db.schema import not_read

    left = not_read(now.dialect, now.home)
    if now.revisions:
        template = template_at(ctx, now.revisions, schema=now.home)
        read = _in_schema(now.home, now.path, sql=sql) if now.home else _whole(sql=sql)
        promised = _read(messages.at(now.revisions), template, read, now.home)
    else:
        nothing = SchemaSide(Schema(), Source())
        promised = Described(messages.NOTHING, nothing, left, now.dialect)
    return promised, Described(now.name, now.side, left, now.dialect)


def database_now(ctx: Context, *, sql: bool = False) -> _Now:
    """Return the database as it is; LbackError where env.py has several."""
    from lback.db.statements.reading import read_side, search_path

    def read(view: View) -> _Now:
        database, dialect = view.stamp.database, view.stamp.dialect
        home = database.locked
        if home and dialect != "postgresql":
            raise messages.of_a_schema(home)
        side = read_side(view.connection, home or None, sql=sql)
        path = search_path(view.connection) if home else ""
        return _Now(str(database), view.stamp.revisions, side, dialect, home, path)

    answers = asked(ctx.database, read)
    if len(answers) != 1 or answers[0].value is None:
        raise messages.several()
    return answers[0].value


def of_models(ctx: Context, *, sql: bool = False) -> Described:
    """Return what the models make in an empty database."""
    from lback.db.schema import not_read
    from lback.db.templates.schemas import read_models

    with empty_beside(ctx) as url:
        side = read_models(ctx.database, url, _whole(sql=sql))
    dialect = url.get_backend_name()
    return Described(messages.MODELS, side, not_read(dialect), dialect)


def _read(
    name: str, template: Template, read: Callable[[Connection], SchemaSide], home: str = ""
) -> Described:
    """Read a copy of a template: nobody connects to the template itself."""
    from lback.db.schema import not_read
    from lback.db.templates.schemas import read_at

    url = template.copy()
    try:
        side = read_at(url, read)
    finally:
        template.drop(url)
    dialect = url.get_backend_name()
    return Described(name, side, not_read(dialect, home), dialect)


def _whole(*, sql: bool) -> Callable[[Connection], SchemaSide]:
    from lback.db.statements.reading import read_side

    return partial(read_side, sql=sql)


def _in_schema(home: str, path: str, *, sql: bool) -> Callable[[Connection], SchemaSide]:
    from lback.db.statements.reading import read_side, set_search_path

    def read(connection: Connection) -> SchemaSide:
        set_search_path(connection, path)
        return read_side(connection, home, sql=sql)

    return read
