"""Runs revisions on an empty scratch database, and reads what the schema is after them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Dialect, Engine, make_url

from lback.core.lines import lines_of
from lback.core.plans import Step
from lback.core.schema_diff import Schema
from lback.db.beside.server import dispose
from lback.db.events import ignore
from lback.db.failures import line_in, reason
from lback.db.identity import version_table
from lback.db.own_tables import schemas
from lback.db.performing import Performer
from lback.db.schema import read_schema
from lback.db.session import Adjust
from lback.db.urls import shown_url
from lback.errors import LbackError, NoScratchError
from lback.secrets import KNOWN

if TYPE_CHECKING:
    from lback.db.runner import Database

_SCHEMA_IS_DATABASE = ("mysql", "mariadb")


@dataclass(frozen=True, slots=True)
class Broken:
    """Where a run broke: the revision ("" when none had begun), why, its line, the exception."""

    revision: str
    why: str
    line: int = 0
    kind: str = ""


@dataclass(frozen=True, slots=True)
class StagesRun:
    """The schema after each stage that was completed; `broken` says why the next one was not."""

    schemas: tuple[Schema, ...]
    broken: Broken | None = None


def run_stages(
    database: Database,
    stages: Sequence[Sequence[Step]],
    url: URL,
    options: Mapping[str, Any] | None = None,
    read: Callable[[Connection], Schema] = read_schema,
    arguments: Mapping[str, Any] = MappingProxyType({}),
    *,
    filled: bool = False,
) -> StagesRun:
    """Run each stage's steps, one stage after the other, and read the schema after each.

    env.py runs unchanged, and what it configures gets the scratch connection instead of its
    own. With `options` for configure(), and `arguments` for run_migrations(), it does not run at
    all. LbackError when the database that `url` names is not empty, unless it was `filled` for
    this, or does not answer.
    """
    schemas_read: list[Schema] = []
    with scratch_connection(url, filled=filled) as connection:

        def adjust(configured: dict[str, Any]) -> None:
            configured["connection"] = connection
            configured.pop("url", None)

        for stage in stages:
            broken = run_steps(database, stage, adjust, options, arguments)
            if connection.in_transaction():
                connection.commit() if broken is None else connection.rollback()
            if broken is not None:
                return StagesRun(tuple(schemas_read), broken)
            schemas_read.append(read(connection))
            connection.rollback()
    return StagesRun(tuple(schemas_read))


def run_steps(
    database: Database,
    steps: Sequence[Step],
    adjust: Adjust,
    replayed: Mapping[str, Any] | None = None,
    arguments: Mapping[str, Any] = MappingProxyType({}),
) -> Broken | None:
    """Run steps by env.py, or with `replayed` options instead; None when all went well.

    `adjust` may change the options of configure(). Who wants to hear of each version that is
    applied hears nothing of this.
    """
    if not steps:
        return None

    def adjusted(options: dict[str, Any]) -> None:
        options.pop("on_version_apply", None)
        adjust(options)

    performer = Performer(lambda _stamp: tuple(steps), ignore)
    try:
        with database.opened(lines_of(database.graph, steps)[0]) as session:
            if replayed is None:
                session.run_env(performer, adjust=adjusted)
            else:
                options = dict(replayed)
                adjusted(options)
                session.replay(performer, options, arguments)
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


def scratch_url(dialect: str, configured: str | None) -> URL | None:
    """Return where a database of this dialect may be run on; None where nothing is at hand."""
    url = parse_scratch_url(configured) if configured else None
    if url is not None and _family(url.get_backend_name()) == _family(dialect):
        return url
    return make_url("sqlite://") if dialect == "sqlite" else None


def parse_scratch_url(configured: str | None) -> URL:
    """Return the URL that the settings name, SQLite in memory without one."""
    try:
        return make_url(configured or "sqlite://")
    except sa.exc.ArgumentError as err:
        raise LbackError(
            "`[tool.lback] scratch_url` is not the URL of a database.",
            "Write it as in postgresql+psycopg://user@host/scratch.",
        ) from err


def is_in_memory(url: URL) -> bool:
    """Tell whether a URL names a database that exists only while it is connected to."""
    return url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:")


@contextmanager
def scratch_connection(url: URL, *, filled: bool = False) -> Iterator[Connection]:
    """Connect to a scratch database and empty it in the end; LbackError where it is not empty.

    One that was `filled` for this has what it is to have, and is dropped by whoever made it.
    """
    # A revision may ask the engine for a connection beside this one. Giving that back must not roll
    # back what this one is doing, as it would where both are the same.
    if is_in_memory(url):
        engine = sa.create_engine(url, poolclass=sa.StaticPool, pool_reset_on_return=None)
    else:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
    try:
        with _connect(engine, url) as connection:
            if not is_in_memory(url) and not filled:
                _refuse_filled(connection, url)
            try:
                yield connection
            finally:
                if not is_in_memory(url) and not filled:
                    connection.rollback()
                    empty(connection)
    except sa.exc.SQLAlchemyError as err:
        raise LbackError(
            KNOWN.redact(f"The scratch database {shown_url(url)} refused: {reason(err)}"),
            "Correct `[tool.lback] scratch_url`.",
        ) from err
    finally:
        engine.dispose()


def _connect(engine: Engine, url: URL) -> Connection:
    try:
        return engine.connect()
    except sa.exc.SQLAlchemyError as err:
        raise LbackError(
            f"The scratch database {shown_url(url)} does not answer.",
            "Correct `[tool.lback] scratch_url`.",
        ) from err


def _refuse_filled(connection: Connection, url: URL) -> None:
    """Refuse a database with tables or views in any schema that emptying would drop."""
    inspector = sa.inspect(connection)
    filled = [
        name
        for schema in schemas(connection, inspector)
        for name in (*inspector.get_table_names(schema), *inspector.get_view_names(schema))
    ]
    connection.rollback()
    if filled:
        raise LbackError(
            f"The scratch database {shown_url(url)} is not empty: it holds "
            f"{', '.join(filled[:3])}.",
            "Let `[tool.lback] scratch_url` name an empty database that may be emptied.",
        )


def empty(connection: Connection) -> None:
    """Drop all that was made here; the database was empty before."""
    inspector = sa.inspect(connection)
    quote = connection.dialect.identifier_preparer.quote
    if connection.dialect.name == "postgresql":
        for schema in filter(None, schemas(connection, inspector)):
            connection.exec_driver_sql(f"DROP SCHEMA {quote(schema)} CASCADE")
        connection.execute(sa.text("CREATE SCHEMA public"))
    else:
        for view in inspector.get_view_names():
            connection.exec_driver_sql(f"DROP VIEW {quote(view)}")
        if connection.dialect.name in ("mysql", "mariadb"):
            connection.execute(sa.text("SET FOREIGN_KEY_CHECKS = 0"))
        for table in inspector.get_table_names():
            connection.exec_driver_sql(f"DROP TABLE {quote(table)}")
    connection.commit()


class Redirect:
    """Leads the connections that the project's code opens to scratch databases."""

    def __init__(self, configured: str | None, folder: Path) -> None:
        self.configured = configured
        self.file = folder / "scratch.sqlite3"
        self._led: list[Any] = []
        self._engines: dict[Engine, str | None] = {}
        """Those that came by, and to which schema plain names went in each."""
        self.dialects: list[str] = []
        """The dialect of each database that env.py has configured so far."""
        self.version_tables: set[str] = set()

    def url_for(self, dialect: str) -> URL:
        """Return where a connection of this dialect goes; LbackError where nothing is at hand."""
        url = scratch_url(dialect, self.configured)
        if url is None:
            raise NoScratchError(
                f"The project connects to {dialect}, and no scratch database of that kind is at "
                "hand.",
                "Let `[tool.lback] scratch_url` name an empty one that may be emptied.",
            )
        # Every connection to a memory database would be one of its own.
        return URL.create("sqlite", database=str(self.file)) if is_in_memory(url) else url

    def connect(self, dialect: Dialect, _record: Any, _args: Any, _options: Any) -> Any:
        """Open a connection for an engine of the project's: SQLAlchemy's `do_connect`."""
        url = self.url_for(dialect.name)
        args, options = dialect.create_connect_args(url)
        connection = dialect.connect(*args, **options)
        self._lead(dialect, connection, url)
        return connection

    def _lead(self, dialect: Dialect, connection: Any, url: URL) -> None:
        """Note a connection; a dialect has kept the schema of the first one that it ever had."""
        self._led.append(connection)
        if dialect.name in _SCHEMA_IS_DATABASE and dialect.default_schema_name is not None:
            dialect.default_schema_name = url.database

    def see(self, engine: Engine) -> None:
        """Let an engine of the application's open its connections anew, when it first comes by."""
        if engine not in self._engines:
            dispose(engine)
            self._engines[engine] = engine.dialect.default_schema_name

    def end(self) -> None:
        """Let no engine keep a connection that was led here, nor the schema of one."""
        for engine, schema in self._engines.items():
            dispose(engine)
            if engine.dialect.name in _SCHEMA_IS_DATABASE:
                engine.dialect.default_schema_name = schema or engine.url.database
        for connection in self._led:
            with suppress(Exception):
                connection.close()

    def adjust(self, options: dict[str, Any]) -> None:
        """Note what env.py configures; refuse a connection that was not led here."""
        connection = options.get("connection")
        there = getattr(getattr(connection, "connection", None), "dbapi_connection", None)
        if not any(there is led for led in self._led):
            raise LbackError(
                "env.py connects in a way of its own, past SQLAlchemy's usual one, so that its "
                "connection could not be led to a scratch database. Nothing was run.",
                "Leave the `creator` out where a variable of the environment asks for it.",
            )
        self.dialects.append(connection.dialect.name)  # type: ignore[union-attr]
        self.version_tables.add(version_table(options))


@contextmanager
def redirected(configured: str | None) -> Iterator[Redirect]:
    """Lead all new connections to scratch databases, and to no other, while this lasts."""
    with tempfile.TemporaryDirectory(prefix="lback-") as folder:
        redirect = Redirect(configured, Path(folder))
        with at_work(redirect):
            yield redirect


@contextmanager
def at_work(redirect: Redirect) -> Iterator[None]:
    """Lead all new connections while this lasts."""
    raw_connection = Engine.raw_connection

    def seen(engine: Engine) -> Any:
        redirect.see(engine)
        return raw_connection(engine)

    # On the class, so that engines which the application has made already obey as well.
    Engine.raw_connection = seen  # type: ignore[method-assign, assignment]
    sa.event.listen(Engine, "do_connect", redirect.connect)
    try:
        yield
    finally:
        sa.event.remove(Engine, "do_connect", redirect.connect)
        Engine.raw_connection = raw_connection  # type: ignore[method-assign]
        redirect.end()


def _family(name: str) -> str:
    return "mysql" if name == "mariadb" else name
