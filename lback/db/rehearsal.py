"""Runs revisions in several orders on a throw-away database and compares what comes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import RevisionStep

from lback.db.failures import reason, translate
from lback.db.scratch import Tables, connected, look_at_all
from lback.errors import LbackError

if TYPE_CHECKING:
    from lback.db.runner import Database
    from lback.db.session import Session


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What one order came to: a schema, or the revision that failed and why."""

    schema: Tables
    failed: str = ""
    why: str = ""


def rehearse(
    database: Database, orders: Sequence[Sequence[str]], url: str | None
) -> tuple[Rehearsed, ...]:
    """Run each order of revision ids from an empty database; SQLite in memory without a URL.

    env.py is left out, so that the project's own database is not even connected to. A
    database that `url` names has to be empty, and is emptied after each order. Raises
    LbackError when it is not, or cannot be reached.
    """
    try:
        place = sa.make_url(url or "sqlite://")
    except sa.exc.ArgumentError as err:
        raise LbackError(
            "`[tool.lback] scratch_url` is not the URL of a database.",
            "Write it as in postgresql+psycopg://user@host/scratch.",
        ) from err
    found = []
    with database.opened("upgrade") as session:
        for order in orders:
            engine = sa.create_engine(place, poolclass=sa.pool.StaticPool)
            try:
                with connected(engine, place) as connection:
                    found.append(_run(session, connection, order))
            except sa.exc.SQLAlchemyError as err:
                raise translate(err, session.at) from err
            finally:
                engine.dispose()
    return tuple(found)


def _run(session: Session, connection: sa.Connection, order: Sequence[str]) -> Rehearsed:
    at = [""]

    def steps(_heads: Any, _context: Any) -> Iterator[RevisionStep]:
        for one in order:
            at[0] = one
            yield RevisionStep(session.scripts.revision_map, session.scripts.script(one), True)

    environment = EnvironmentContext(
        session.config, session.scripts, fn=steps, destination_rev="heads"
    )
    try:
        with environment:
            environment.configure(connection=connection, transaction_per_migration=True)
            with environment.begin_transaction():
                environment.run_migrations()
    except (Exception, SystemExit) as err:
        return Rehearsed({}, at[0], session.at.hide(reason(err)))
    if connection.in_transaction():
        connection.commit()
    return Rehearsed(look_at_all(connection))


def difference(left: Tables, right: Tables) -> str:
    """Say where the schemas of two orders differ first; "" when they are equal."""
    for name in sorted(left.keys() | right.keys()):
        one, other = left.get(name), right.get(name)
        if one == other:
            continue
        if one is None or other is None:
            return f"{name} is there in one order only"
        part = next(key for key in one if one[key] != other.get(key))
        return f"{name}: its {part} differ"
    return ""
