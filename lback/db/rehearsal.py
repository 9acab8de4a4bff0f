"""Runs revisions in several orders on a throw-away database and compares what comes out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import RevisionStep

from lback.db.failures import reason, translate
from lback.db.redact import redact
from lback.db.session import Session
from lback.errors import LbackError

if TYPE_CHECKING:
    from lback.db.runner import Database

Snapshot = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What one order came to: a schema, or the revision that failed and why."""

    schema: Snapshot
    failed: str = ""
    why: str = ""


def rehearse(
    database: Database, orders: Sequence[Sequence[str]], url: str | None
) -> tuple[Rehearsed, ...]:
    """Run each order of revision ids from an empty database; SQLite in memory without a URL.

    A database that `url` names has to be empty, and is emptied after each order.
    Raises LbackError when it is not, or cannot be reached.
    """
    found = []
    with database.opened("upgrade") as session:
        for order in orders:
            try:
                with _empty_database(url) as connection:
                    found.append(_run(session, connection, order))
            except sa.exc.SQLAlchemyError as err:
                raise translate(err, session.at) from err
    return tuple(found)


def _run(session: Session, connection: sa.Connection, order: Sequence[str]) -> Rehearsed:
    """Run one order; the proper env.py is left out, for it knows another database."""
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
    return Rehearsed(schema_of(connection))


@contextlib.contextmanager
def _empty_database(url: str | None) -> Iterator[sa.Connection]:
    engine = sa.create_engine(
        url or "sqlite://", poolclass=None if url is None else sa.pool.NullPool
    )
    try:
        with engine.connect() as connection:
            if url is not None:
                _refuse_filled(connection)
            try:
                yield connection
            finally:
                if url is not None:
                    connection.rollback()
                    _clear(connection)
    finally:
        engine.dispose()


def _refuse_filled(connection: sa.Connection) -> None:
    tables = sa.inspect(connection).get_table_names()
    if tables:
        raise LbackError(
            f"The scratch database {redact(str(connection.engine.url))} is not empty: it holds "
            f"{', '.join(tables[:3])}.",
            "Let `[tool.lback] scratch_url` name an empty database that may be emptied again.",
        )


def _clear(connection: sa.Connection) -> None:
    """Drop all that a rehearsal has made."""
    inspector = sa.inspect(connection)
    for view in inspector.get_view_names():
        connection.execute(sa.text(f"DROP VIEW {_quoted(connection, view)}"))
    metadata = sa.MetaData()
    metadata.reflect(connection)
    metadata.drop_all(connection)
    if connection.dialect.name == "postgresql":
        for enum in _enums(connection):
            connection.execute(sa.text(f"DROP TYPE {_quoted(connection, enum['name'])} CASCADE"))
        for name in sa.inspect(connection).get_sequence_names():
            connection.execute(sa.text(f"DROP SEQUENCE {_quoted(connection, name)} CASCADE"))
    connection.commit()


def _enums(connection: sa.Connection) -> list[Any]:
    inspector: Any = sa.inspect(connection)  # only PostgreSQL's has them
    return list(inspector.get_enums())


def _quoted(connection: sa.Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)


def schema_of(connection: sa.Connection) -> Snapshot:
    """Return a schema as plain data that compares; the order of columns does not count."""
    inspector = sa.inspect(connection)
    found: Snapshot = {
        f"table {name}": _table(inspector, name)
        for name in inspector.get_table_names()
        if name != "alembic_version"
    }
    for name in inspector.get_view_names():
        found[f"view {name}"] = inspector.get_view_definition(name)
    if connection.dialect.name == "postgresql":
        for enum in _enums(connection):
            found[f"enum {enum['name']}"] = list(enum["labels"])
    return found


def _table(inspector: sa.Inspector, name: str) -> Snapshot:
    columns = {
        one["name"]: [str(one["type"]), one["nullable"], str(one.get("default"))]
        for one in inspector.get_columns(name)
    }
    return {
        "columns": columns,
        "primary key": inspector.get_pk_constraint(name).get("constrained_columns"),
        "foreign keys": _sorted(inspector.get_foreign_keys(name)),
        "unique": _sorted(inspector.get_unique_constraints(name)),
        "indexes": _sorted(inspector.get_indexes(name)),
        "checks": _sorted(inspector.get_check_constraints(name)),
    }


def _sorted(rows: Sequence[Any]) -> list[str]:
    return sorted(repr(sorted(row.items(), key=lambda item: str(item[0]))) for row in rows)


def difference(left: Snapshot, right: Snapshot) -> str:
    """Say where two schemas differ first; "" when they are equal."""
    for name in sorted(left.keys() | right.keys()):
        one, other = left.get(name), right.get(name)
        if one == other:
            continue
        if isinstance(one, dict) and isinstance(other, dict):
            part = next(key for key in one if one[key] != other.get(key))
            return f"{name}: its {part} differ"
        return f"{name} is there in one order only" if None in (one, other) else f"{name} differs"
    return ""
