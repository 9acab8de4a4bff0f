"""Templates: databases that were built once by running migrations, and are copied since."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import URL

from lback.core.copies.names import COPY, HALF, age, new_name, template_names
from lback.core.plans import Upgrade
from lback.db.beside.base import Databases
from lback.db.beside.server import Server
from lback.db.failures import reason
from lback.db.scratch_run import run_steps
from lback.db.templates.leading import Leading, leading
from lback.errors import LbackError

if TYPE_CHECKING:
    from lback.db.runner import Database


class NotBuiltError(LbackError):
    """Says that the migrations do not build a schema from nothing."""


_DAY = 24 * 3600.0
_KEPT_FOR, _MOST = 14 * _DAY, 12
_LEFT_FOR = _DAY


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a schema is built of: revisions in order, each with its content, and all else."""

    database: Database
    surroundings: tuple[str, ...]
    revisions: tuple[tuple[str, str], ...]
    schema: str = ""
    """The schema of PostgreSQL in which env.py works; "" for the default one."""

    def names(self, beside: Databases) -> tuple[str, ...]:
        """Return the template's name after each revision, on this server."""
        return template_names((*self.surroundings, *beside.about()), self.revisions)


@dataclass(frozen=True, slots=True)
class Template:
    """A complete template; `built` is how many revisions were run for it just now.

    Copies are made `beside`, which is where it lies itself where it has no other `home`.
    """

    beside: Databases
    name: str
    built: int = 0
    home: Databases | None = None

    @property
    def url(self) -> URL:
        """Return its URL; nobody is to write to it."""
        return (self.home or self.beside).named(self.name)

    def copy(self, name: str | None = None) -> URL:
        """Return a new database with all that the template has."""
        given = name or new_name(COPY)
        self.beside.create(given, self.url)
        return self.beside.named(given)

    def drop(self, url: URL) -> None:
        """Drop a copy."""
        self.beside.drop(name_of(self.beside, url))


def name_of(beside: Databases, url: URL) -> str:
    """Return the name that a database has beside others."""
    start, _, end = beside.named("\0").database.partition("\0")  # type: ignore[union-attr]
    return (url.database or "").removeprefix(start).removesuffix(end)


def ready(recipe: Recipe, beside: Databases) -> Template | None:
    """Return the template, if it was built before."""
    name = recipe.names(beside)[-1]
    if name not in beside.templates():
        return None
    beside.use(name)
    return Template(beside, name)


def at(
    recipe: Recipe,
    beside: Databases,
    tell: Callable[[int], None] = lambda _: None,
    still: Callable[[], None] = lambda: None,
) -> Template:
    """Return the template, built from the nearest one below where it is not there yet.

    `tell` is called with the number of revisions that are about to run. env.py runs unchanged,
    and every connection that it opens is led to what is being built. What is half built has
    another name, and who dies over it leaves nothing that anybody takes for a template.
    `still` raises where the files are not as they were when the recipe was made.
    """
    found = ready(recipe, beside)
    if found is not None:
        return found
    names = recipe.names(beside)
    with beside.lock(names[-1]):
        found = ready(recipe, beside)
        if found is not None:
            return found
        there = beside.templates()
        done = next(
            (number for number in range(len(names) - 1, -1, -1) if names[number] in there), 0
        )
        nearest = beside.named(names[done]) if names[done] in there else None
        tell(len(recipe.revisions) - done)
        half = new_name(HALF)
        try:
            beside.create(half, nearest)
            if nearest is None and recipe.schema:
                _make_schema(beside.named(half), recipe.schema)
            _run(recipe, beside.named(half), done)
            still()
            beside.seal(half, names[-1], f"revisions: {len(recipe.revisions)}")
        except BaseException:
            beside.drop(half)
            raise
    prune(beside, keep=(names[-1],))
    return Template(beside, names[-1], len(recipe.revisions) - done)


def _run(recipe: Recipe, target: URL, done: int) -> None:
    """Run what is left of the revisions on a database that is half built."""
    steps = [Upgrade(revision) for revision, _ in recipe.revisions[done:]]
    if not steps:
        return
    with leading(lambda _url: None) as led:
        led.target = target
        broken = run_steps(recipe.database, steps, led.adjust)
    if broken is not None:
        if not broken.revision:
            raise NotBuiltError(
                f"The migrations do not build a schema from nothing: {broken.why}",
                "Look at env.py: it has to work on one database.",
            )
        where = f"at {broken.revision}, line {broken.line}" if broken.line else broken.revision
        raise NotBuiltError(
            f"The migrations do not build a schema from nothing: {where}: {broken.why}",
            "Correct that revision; `lback check --models all` tries each of them.",
        )
    _require_kept(led, target, recipe.schema)


def _make_schema(target: URL, schema: str) -> None:
    """Make the schema in which env.py works: it is there before any migration of a tenant."""
    server = Server(target)
    quoted = target.get_dialect()().identifier_preparer.quote_identifier(schema)
    try:
        server.call(lambda at: at.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {quoted}"))
    finally:
        server.close()


def _require_kept(led: Leading, target: URL, schema: str) -> None:
    """Raise LbackError where env.py has not committed what it did."""
    engine = sa.create_engine(target, poolclass=sa.NullPool) if not _is_async(target) else None
    if engine is None or len(led.version_tables) != 1:
        return
    (table,) = led.version_tables
    try:
        with engine.connect() as connection:
            quote = connection.dialect.identifier_preparer.quote
            place = table if "." in table or not schema else f"{schema}.{table}"
            name = ".".join(map(quote, place.split(".")))
            kept = connection.execute(sa.text(f"SELECT 1 FROM {name}")).first() is not None
    except sa.exc.SQLAlchemyError as err:
        raise LbackError(f"What env.py has built cannot be read: {reason(err)}") from err
    finally:
        engine.dispose()
    if not kept:
        raise NotBuiltError(
            "env.py ended without committing what the migrations did.",
            "Let it begin a transaction, as with context.begin_transaction().",
        )


def _is_async(url: URL) -> bool:
    return bool(url.get_dialect().is_async)


def prune(
    beside: Databases,
    *,
    keep: Sequence[str] = (),
    kept_for: float = _KEPT_FOR,
    most: int = _MOST,
    at_work: float = _DAY,
) -> tuple[str, ...]:
    """Drop the templates that nobody used for long, and what killed processes have left.

    At most so many stay, those that were used last; but one that was used in the last `at_work`
    seconds may be copied by somebody just now. Return the names of what went.
    """
    now = time.time()
    newest = sorted(beside.templates().values(), key=lambda made: made.used, reverse=True)
    old = [
        made.name
        for place, made in enumerate(newest)
        if made.name not in keep
        and now - made.used > (at_work if place >= most else max(at_work, kept_for))
    ]
    left = [
        made.name
        for made in beside.leftovers()
        if not made.busy and age(made.name, now) > _LEFT_FOR
    ]
    for name in (*old, *left):
        beside.drop(name)
    return (*old, *left)
