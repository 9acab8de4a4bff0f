"""A throw-away database on which a rollback is played through before it happens."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, make_url

from lback.core.plans import Step
from lback.db.events import ignore
from lback.db.failures import reason
from lback.db.performing import Performer
from lback.errors import LbackError

if TYPE_CHECKING:
    from lback.db.runner import Database

Tables = dict[str, dict[str, Any]]


@dataclass(slots=True)
class Played:
    """What playing acts through has shown: the tables after each act that was reached.

    `failed` is the number of the act that broke, from 0, with the revision and the reason.
    """

    tables: list[Tables] = field(default_factory=list)
    failed: int | None = None
    revision: str = ""
    why: str = ""


def scratch_url(dialect: str, configured: str | None) -> URL | None:
    """Return where a database of this dialect may be played on; None where nothing is at hand."""
    if configured:
        try:
            url = make_url(configured)
        except sa.exc.ArgumentError as err:
            raise LbackError(
                "`[tool.lback] scratch_url` is not the URL of a database.",
                "Write it as in postgresql+psycopg://user@host/scratch.",
            ) from err
        if _family(url.get_backend_name()) == _family(dialect):
            return url
    return make_url("sqlite://") if dialect == "sqlite" else None


def play(database: Database, acts: Sequence[Sequence[Step]], url: URL) -> Played:
    """Run each act's steps on an empty database through env.py, and look at it after each.

    env.py runs unchanged; what it configures gets the scratch connection instead of its
    own. LbackError when the database that `url` names is not empty or does not answer.
    """
    played = Played()
    engine = sa.create_engine(url, poolclass=sa.pool.StaticPool)
    try:
        with connected(engine, url) as connection:
            for number, act in enumerate(acts):
                if act and not _act(database, act, connection, played, number):
                    return played
                played.tables.append(look(connection))
                connection.rollback()
    finally:
        engine.dispose()
    return played


def _act(
    database: Database, act: Sequence[Step], connection: Connection, played: Played, number: int
) -> bool:
    performer = Performer(lambda _stamp: tuple(act), ignore)

    def adjust(options: dict[str, Any]) -> None:
        options["connection"] = connection
        options.pop("url", None)

    try:
        with database.opened("upgrade", revision="heads") as session:
            session.run_env(performer, adjust=adjust, destination_rev="heads")
    except (Exception, SystemExit) as err:
        turn = performer.turns[-1] if performer.turns else None
        step = turn.current if turn else None
        played.failed = number
        played.revision = getattr(step, "revision", "")
        played.why = err.message if isinstance(err, LbackError) else reason(err)
        return False
    finally:
        if connection.in_transaction():
            connection.commit() if played.failed is None else connection.rollback()
    return True


@contextlib.contextmanager
def connected(engine: sa.Engine, url: URL) -> Iterator[Connection]:
    """Connect to an empty database and empty it again; LbackError where it is not."""
    named = url.get_backend_name() != "sqlite" or url.database not in (None, "", ":memory:")
    try:
        connection = engine.connect()
    except sa.exc.SQLAlchemyError as err:
        raise LbackError(
            f"The scratch database {url.render_as_string()} does not answer.",
            "Correct `[tool.lback] scratch_url`.",
        ) from err
    with connection:
        if named:
            filled = sa.inspect(connection).get_table_names()
            connection.rollback()
            if filled:
                raise LbackError(
                    f"The scratch database {url.render_as_string()} is not empty: it holds "
                    f"{', '.join(filled[:3])}.",
                    "Let `[tool.lback] scratch_url` name an empty database that may be emptied.",
                )
        try:
            yield connection
        finally:
            if named:
                connection.rollback()
                _clear(connection)


def _clear(connection: Connection) -> None:
    """Drop all that was made here; the database was empty before."""
    inspector = sa.inspect(connection)
    quote = connection.dialect.identifier_preparer.quote
    if connection.dialect.name == "postgresql":
        for schema in inspector.get_schema_names():
            if schema != "information_schema" and not schema.startswith("pg_"):
                connection.execute(sa.text(f"DROP SCHEMA {quote(schema)} CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    else:
        for view in inspector.get_view_names():
            connection.execute(sa.text(f"DROP VIEW {quote(view)}"))
        if connection.dialect.name in ("mysql", "mariadb"):
            connection.execute(sa.text("SET FOREIGN_KEY_CHECKS = 0"))
        for table in inspector.get_table_names():
            connection.execute(sa.text(f"DROP TABLE {quote(table)}"))
    connection.commit()


def look(connection: Connection) -> Tables:
    """Return every table as plain data that compares; the order of columns does not count."""
    inspector = sa.inspect(connection)
    found: Tables = {}
    default = inspector.default_schema_name
    for schema in _schemas(connection, inspector):
        for name in inspector.get_table_names(schema):
            if name in ("alembic_version", "lback_ledger"):
                continue
            shown = name if schema in (None, default) else f"{schema}.{name}"
            found[shown] = _table(connection, inspector, name, schema)
    return found


def _schemas(connection: Connection, inspector: sa.Inspector) -> list[str | None]:
    if connection.dialect.name != "postgresql":
        return [None]
    return [
        one
        for one in inspector.get_schema_names()
        if one != "information_schema" and not one.startswith("pg_")
    ]


def _table(
    connection: Connection, inspector: sa.Inspector, name: str, schema: str | None
) -> dict[str, Any]:
    columns = {
        one["name"]: {
            "type": _type(one["type"], connection),
            "nullable": one["nullable"],
            "default": one.get("default"),
            "comment": one.get("comment"),
        }
        for one in inspector.get_columns(name, schema)
    }
    key = inspector.get_pk_constraint(name, schema)
    found: dict[str, Any] = {
        "columns": columns,
        "primary key": tuple(key.get("constrained_columns") or ()),
        "foreign keys": _rows(inspector.get_foreign_keys(name, schema)),
        "unique constraints": _rows(inspector.get_unique_constraints(name, schema)),
        "indexes": _rows(inspector.get_indexes(name, schema)),
        "check constraints": _rows(inspector.get_check_constraints(name, schema)),
    }
    with contextlib.suppress(NotImplementedError):
        found["comment"] = inspector.get_table_comment(name, schema).get("text")
    return found


def _type(value: Any, connection: Connection) -> str:
    try:
        return str(value.compile(dialect=connection.dialect))
    except sa.exc.CompileError:
        return repr(value)


def _rows(rows: Sequence[Any]) -> list[str]:
    return sorted(repr(sorted(row.items(), key=lambda item: str(item[0]))) for row in rows)


def difference(before: Tables, after: Tables, tables: Sequence[str] | None = None) -> str:
    """Say where two looks differ first, for these tables or for all; "" when nowhere."""
    for name in sorted(before.keys() | after.keys()):
        if tables is not None and name not in tables:
            continue
        one, other = before.get(name), after.get(name)
        if one == other:
            continue
        if one is None or other is None:
            return f"table {name} is {'there' if one is None else 'gone'}"
        part = next(key for key in one if one[key] != other.get(key))
        return f"table {name}: {_part(part, one[part], other.get(part))}"
    return ""


def _part(part: str, before: Any, after: Any) -> str:
    if part != "columns":
        return f"its {part} would be {after or 'none'}, not {before or 'none'}"
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            return f"column {name} would be missing"
        if name not in before:
            return f"column {name} would still be there"
        for key, value in before[name].items():
            if value != after[name][key]:
                return f"column {name}: its {key} would be {after[name][key]}, not {value}"
    return "its columns would differ"


def _family(name: str) -> str:
    return "mysql" if name == "mariadb" else name
