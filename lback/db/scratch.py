"""A throw-away database on which a rollback is played through before it happens."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, make_url

from lback.core.plans import Step
from lback.db.events import ignore
from lback.db.failures import line_in, reason
from lback.db.performing import Performer
from lback.db.urls import shown_url
from lback.errors import LbackError
from lback.secrets import KNOWN

if TYPE_CHECKING:
    from lback.db.environment import Adjust
    from lback.db.runner import Database

Tables = dict[str, dict[str, Any]]

_NAME = re.compile(r"\('name', '([^']*)'\)")
_SINGULAR = {
    "foreign keys": "foreign key",
    "unique constraints": "unique constraint",
    "indexes": "index",
    "check constraints": "check constraint",
}


@dataclass(slots=True)
class Played:
    """What playing acts through has shown: the tables after each act that was reached.

    `failed` is the number of the act that broke, from 0, with the revision and the reason.
    """

    tables: list[Tables] = field(default_factory=list)
    failed: int | None = None
    revision: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Broken:
    """Where a run broke: the revision ("" when none had begun), why, its line, the exception."""

    revision: str
    why: str
    line: int = 0
    kind: str = ""


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


def play(
    database: Database,
    acts: Sequence[Sequence[Step]],
    url: URL,
    options: Mapping[str, Any] | None = None,
) -> Played:
    """Run each act's steps on an empty database as env.py would, and look at it after each.

    With the `options` that it has configured that needs no run of it; where they do not do,
    and without them, env.py runs unchanged, and what it configures gets the scratch connection
    instead of its own. LbackError when the database that `url` names is not empty or does
    not answer.
    """
    if options is not None:
        played = _play(database, acts, url, options)
        if played.failed is None:
            return played
    return _play(database, acts, url, None)


def _play(
    database: Database,
    acts: Sequence[Sequence[Step]],
    url: URL,
    replayed: Mapping[str, Any] | None,
) -> Played:
    played = Played()
    engine = sa.create_engine(url, poolclass=sa.pool.StaticPool)
    try:
        with connected(engine, url) as connection:

            def adjust(options: dict[str, Any]) -> None:
                options["connection"] = connection
                options.pop("url", None)

            for number, act in enumerate(acts):
                broken = perform(database, act, adjust, replayed) if act else None
                if connection.in_transaction():
                    connection.commit() if broken is None else connection.rollback()
                if broken is not None:
                    played.failed = number
                    played.revision, played.why = broken.revision, broken.why
                    return played
                played.tables.append(look(connection))
                connection.rollback()
    finally:
        engine.dispose()
    return played


def perform(
    database: Database,
    steps: Sequence[Step],
    adjust: Adjust,
    replayed: Mapping[str, Any] | None = None,
) -> Broken | None:
    """Run steps through env.py, or as it did with the `replayed` options; None: all went well.

    `adjust` may change the options.
    """
    performer = Performer(lambda _stamp: tuple(steps), ignore)
    try:
        with database.opened("upgrade", revision="heads") as session:
            if replayed is None:
                session.run_env(performer, adjust=adjust, destination_rev="heads")
            else:
                options = dict(replayed)
                adjust(options)
                session.replay(performer, options, destination_rev="heads")
        performer.require_finished()
    except (Exception, SystemExit) as err:
        turn = performer.turns[-1] if performer.turns else None
        script = turn.script if turn else None
        return Broken(
            getattr(turn.current if turn else None, "revision", ""),
            KNOWN.redact(err.message if isinstance(err, LbackError) else reason(err)),
            (line_in(err, script.path) or 0) if script else 0,
            type(err).__name__,
        )
    return None


@contextlib.contextmanager
def connected(engine: sa.Engine, url: URL) -> Iterator[Connection]:
    """Connect to an empty database and empty it again; LbackError where it is not."""
    named = url.get_backend_name() != "sqlite" or url.database not in (None, "", ":memory:")
    try:
        connection = engine.connect()
    except sa.exc.SQLAlchemyError as err:
        raise LbackError(
            f"The scratch database {shown_url(url)} does not answer.",
            "Correct `[tool.lback] scratch_url`.",
        ) from err
    with connection:
        if named:
            filled = _tables_there(connection)
            connection.rollback()
            if filled:
                raise LbackError(
                    f"The scratch database {shown_url(url)} is not empty: it holds "
                    f"{', '.join(filled[:3])}.",
                    "Let `[tool.lback] scratch_url` name an empty database that may be emptied.",
                )
        try:
            yield connection
        finally:
            if named:
                connection.rollback()
                empty(connection)


def _tables_there(connection: Connection) -> list[str]:
    """Return all tables and views, in every schema that emptying would drop."""
    inspector = sa.inspect(connection)
    return [
        name
        for schema in schemas(connection, inspector)
        for name in (*inspector.get_table_names(schema), *inspector.get_view_names(schema))
    ]


def empty(connection: Connection) -> None:
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


def is_projects(name: str) -> bool:
    """Tell whether a table is one of the project's, not Alembic's or ours."""
    return name not in ("alembic_version", "lback_ledger")


def look(connection: Connection) -> Tables:
    """Return every table as plain data that compares; the order of columns does not count."""
    inspector = sa.inspect(connection)
    found: Tables = {}
    default = inspector.default_schema_name
    for schema in schemas(connection, inspector):
        for name in inspector.get_table_names(schema):
            if not is_projects(name):
                continue
            shown = name if schema in (None, default) else f"{schema}.{name}"
            found[shown] = _table(connection, inspector, name, schema)
    return found


def look_at_all(connection: Connection) -> Tables:
    """Return tables, views and the values of enum types, each under its kind and name."""
    found = {f"table {name}": table for name, table in look(connection).items()}
    inspector: Any = sa.inspect(connection)
    for name in inspector.get_view_names():
        found[f"view {name}"] = {"definition": inspector.get_view_definition(name)}
    if connection.dialect.name == "postgresql":
        for enum in inspector.get_enums():
            found[f"enum {enum['name']}"] = {"values": list(enum["labels"])}
    return found


def schemas(connection: Connection, inspector: sa.Inspector) -> list[str | None]:
    """Return the schemas that hold tables of the project's; None where there is just one."""
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
    return apart(
        *(
            {f"table {name}": one for name, one in look.items() if tables is None or name in tables}
            for look in (before, after)
        )
    )


def apart(before: Tables, after: Tables) -> str:
    """Say where two looks at everything differ first; "" when nowhere."""
    for name in sorted(before.keys() | after.keys()):
        one, other = before.get(name), after.get(name)
        if one == other:
            continue
        if one is None or other is None:
            return f"{name} is {'there' if one is None else 'gone'}"
        if not name.startswith("table "):
            return f"{name} has become another"
        part = next(key for key in one if one[key] != other.get(key))
        return f"{name}: {_part(part, one[part], other.get(part))}"
    return ""


def _part(part: str, before: Any, after: Any) -> str:
    if isinstance(before, list) and isinstance(after, list):
        return _named(part, before, after)
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


def _named(part: str, before: list[str], after: list[str]) -> str:
    """Say which index, constraint or key is too many, missing, or another one."""
    old, new = (
        {found[1]: row for row in rows if (found := _NAME.search(row))} for rows in (before, after)
    )
    kind = _SINGULAR[part]
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            return f"its {kind} {name} would still be there"
        if name not in new:
            return f"its {kind} {name} would be missing"
        if old[name] != new[name]:
            return f"its {kind} {name} would be another one"
    return f"its {part} would be {', '.join(after) or 'none'}, not {', '.join(before) or 'none'}"


def _family(name: str) -> str:
    return "mysql" if name == "mariadb" else name
