"""Templates of this project: what a schema is built of, and where the built ones lie."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from lback.core.copies.names import COPY, new_name, template_names
from lback.core.copies.protected import protecting
from lback.core.graph.revision import is_revision_file
from lback.core.messages import templates as messages
from lback.core.plans import refuse_problems
from lback.errors import LbackError
from lback.files import is_plain
from lback.project.context import Context, folder_of
from lback.project.copies.imports import Imports

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

    from lback.core.graph.view import GraphView
    from lback.db.beside.base import Databases
    from lback.db.templates.building import Recipe, Template

_MOST_FILES = 2000
_TAKES_LONG = 20
# Counted up whenever the same migrations come out as other templates than before.
_MAKING = 3
_PLACES = frozenset({"here", "script_location", "version_locations", "prepend_sys_path"})
_CONVENTION = frozenset({"ix", "uq", "ck", "fk", "pk"})


AS_GIVEN: ContextVar[bool] = ContextVar("as_given", default=False)


@contextmanager
def as_given() -> Iterator[None]:
    """Let `for_branch` leave URLs as they are while this lasts: to look makes no database."""
    token = AS_GIVEN.set(True)
    try:
        yield
    finally:
        AS_GIVEN.reset(token)


def template_at(
    ctx: Context,
    revision: str | Sequence[str] = "heads",
    *,
    url: str | None = None,
    place: Databases | None = None,
    graph: GraphView | None = None,
    sources: Mapping[str, bytes] | None = None,
    schema: str = "",
    told_from: int = 1,
) -> Template:
    """Return the template with what the migrations up to revisions build, built where needed.

    It lies in `place`, or beside the database of `url`, which env.py's own is without it.
    `schema` is the one in which env.py works on PostgreSQL, where that is not the default one.
    Only what the work tree has is run; whoever gives another `graph`, with the texts in `sources`,
    was told by a person to run what is in that. LbackError where that database is protected, its
    server does not answer, or the migrations do not run. That revisions run is told from so many.
    """
    from lback.db.templates.building import at

    place = place or beside_of(ctx, url)
    recipe = _recipe(ctx, graph or ctx.revisions.graph(), revision, sources, schema)

    def still() -> None:
        if graph is None:
            now = _recipe(ctx.fresh(), ctx.fresh().revisions.graph(), revision, None, schema)
            if (now.revisions, now.surroundings) != (recipe.revisions, recipe.surroundings):
                raise messages.changed()

    def tell(number: int) -> None:
        if number >= told_from:
            ctx.console.note(messages.building(number))

    with as_given():
        return at(recipe, place, tell, still)


def own_url(ctx: Context) -> URL:
    """Return what env.py connects to, without a connection, and before `for_branch` has a say."""
    from lback.db.templates.leading import project_url

    with as_given():
        return project_url(ctx.database)


def beside_of(ctx: Context, url: str | None = None) -> Databases:
    """Return what makes databases beside the project's own; LbackError for a protected one.

    Where `scratch_url` names a server of the same kind, they are made there.
    """
    from lback.db.beside.opening import beside, parsed

    own = parsed(url) if url is not None else own_url(ctx)
    refuse_protected(ctx, own)
    scratch = ctx.project.settings.lback.scratch_url
    given = parsed(scratch) if scratch is not None else None
    if given is not None and given.get_backend_name() == own.get_backend_name() != "sqlite":
        refuse_protected(ctx, given)
        own = given
    return beside(own, folder_of(ctx, "templates"), ctx.project.folder)


def name_at_head(ctx: Context, graph: GraphView, place: Databases) -> str:
    """Return the name of the template with what all migrations build, which need not be there."""
    if graph.ids:
        return _recipe(ctx, graph, "heads", None).names(place)[-1]
    return template_names((), [("", "\n".join(place.about()))])[-1]


def is_begun(ctx: Context, place: Databases) -> bool:
    """Tell whether there is a template of this history, up to whichever revision."""
    names = _recipe(ctx, ctx.revisions.graph(), "heads", None).names(place)
    return not place.templates().keys().isdisjoint(names)


@contextmanager
def copy_at_head(ctx: Context, graph: GraphView, place: Databases) -> Iterator[URL]:
    """Give a database with what all migrations of the work tree build, and drop it in the end."""
    if not graph.ids:
        with empty_beside(ctx, url=place.url.render_as_string(hide_password=False)) as url:
            yield url
        return
    made = template_at(ctx, place=place, told_from=_TAKES_LONG)
    url = made.copy()
    try:
        yield url
    finally:
        made.drop(url)


@contextmanager
def empty_beside(
    ctx: Context, without: LbackError | None = None, url: str | None = None
) -> Iterator[URL]:
    """Make an empty database beside the project's own, or that of `url`, and give its URL.

    With `without`, that is raised where none can be made (no server, no right to, a protected
    one), or where only an asynchronous driver leads to it.
    """
    name = new_name(COPY)
    try:
        place = beside_of(ctx, url)
        if without is not None and place.url.get_dialect().is_async:
            raise without
        place.create(name)
    except LbackError as err:
        raise without or err from err
    try:
        yield place.named(name)
    finally:
        place.drop(name)
        place.close()


def refuse_protected(ctx: Context, url: URL) -> None:
    """Raise LbackError for a database that the settings protect."""
    from lback.db.urls import shown_url

    patterns = ctx.project.settings.lback.protected
    host = url.query.get("host", url.host) or ""
    pattern = protecting(patterns, str(host), url.database or "")
    if pattern is not None:
        raise messages.protected(shown_url(url), pattern)


def _recipe(
    ctx: Context,
    graph: GraphView,
    revision: str | Sequence[str],
    sources: Mapping[str, bytes] | None,
    schema: str = "",
) -> Recipe:
    from lback.db.templates.building import Recipe

    refuse_problems(graph)
    if not graph.ids:
        raise messages.no_revisions()
    heads = graph.resolve(revision) if isinstance(revision, str) else revision
    wanted = graph.ancestors(heads)
    order = [name for name in graph.order() if name in wanted]
    nodes = [graph[name] for name in order]
    given = sources or {}
    texts = ctx.revisions.texts([node for node in nodes if node.id not in given])
    contents = [given[node.id] if node.id in given else texts[node.blob] for node in nodes]
    imports = Imports(ctx.project)
    database = ctx.database if sources is None else ctx.database_of(graph, sources)
    revisions = tuple(
        (name, _digest(text, imports)) for name, text in zip(order, contents, strict=True)
    )
    inside = (f"search_path={schema}",) if schema else ()
    return Recipe(database, (*_surroundings(ctx, imports), *inside), revisions, schema)


def _digest(text: bytes, imports: Imports) -> str:
    """Tell the content of a revision, and of what it imports, from any other."""
    parts = [sha256(text).hexdigest(), *_digests(imports.closure([text]))]
    return sha256("\n".join(parts).encode()).hexdigest()


def _surroundings(ctx: Context, imports: Imports) -> Iterator[str]:
    """Yield what a schema depends on beside the revisions and what they import."""
    yield f"templates {_MAKING}"
    yield from (f"{name} {version(name)}" for name in ("alembic", "sqlalchemy"))
    yield f"python {sys.version_info[0]}.{sys.version_info[1]}"
    yield from (f"-x {text}" for text in ctx.options.x)
    yield from (f"-x {text}" for text in (ctx.listed.x if ctx.listed is not None else ()))
    settings = ctx.project.settings
    yield f"section {settings.section} {settings.lback.app}"
    for key, value in sorted(settings.main_options.items()):
        # Where the project lies makes no difference: every work tree has the same templates.
        if key not in _PLACES and "://" not in value:
            yield f"{key} = {value}"
    yield from _digests(_beside_env(ctx))
    env = ctx.project.env_path()
    place = ctx.project.root / env if env is not None else None
    if place is not None and is_plain(place):
        yield from _conventions(imports.closure([place.read_bytes()]))


def _beside_env(ctx: Context) -> dict[str, bytes]:
    """Return the files of the folder of migrations that are no revisions: env.py, SQL, rows."""
    root = Path(ctx.project.settings.script_location)
    versions = [ctx.project.root / folder for folder in ctx.project.folders()]
    found: dict[str, bytes] = {}
    for path in sorted(root.rglob("*")):
        inside = any(path.is_relative_to(folder) for folder in versions)
        if path.suffix == ".pyc" or (inside and is_revision_file(path.name)):
            continue
        if is_plain(path) and len(found) < _MOST_FILES:
            found[path.relative_to(root).as_posix()] = path.read_bytes()
    return found


def _digests(files: Mapping[str, bytes]) -> Iterator[str]:
    return (f"{path} {sha256(files[path]).hexdigest()}" for path in sorted(files))


def _conventions(files: Mapping[str, bytes]) -> Iterator[str]:
    """Yield how the models have constraints named; of models a schema depends on nothing else."""
    for path, text in sorted(files.items()):
        if b"naming_convention" in text:
            found = list(map(ast.dump, filter(_is_convention, _nodes(text))))
            yield from found or _digests({path: text})


def _nodes(text: bytes) -> Iterator[ast.AST]:
    try:
        return ast.walk(ast.parse(text))
    except (SyntaxError, ValueError):
        return iter(())


def _is_convention(node: ast.AST) -> bool:
    return isinstance(node, ast.Dict) and any(
        isinstance(key, ast.Constant) and key.value in _CONVENTION for key in node.keys
    )
