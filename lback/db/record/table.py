"""The record: lback's own table of what ran on a database, where it is and how it is made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, DateTime, Float, Integer, LargeBinary, String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.schema import CreateTable

from lback.core.messages.record import NOT_OURS
from lback.core.record.steps import RECORD_TABLE
from lback.db.alembic_compat import commits_each_statement
from lback.db.failures import reason
from lback.db.identity import real_schema

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy.engine import Connection

# Every constraint gets a name, so that each of them can be dropped on every database.
_NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
METADATA = sa.MetaData(naming_convention=_NAMES)

# SQLite counts up by itself only in a column that is called INTEGER.
_Counter = BigInteger().with_variant(Integer(), "sqlite")
# MySQL's TEXT and BLOB end at 64 KiB, and its DATETIME rounds to seconds.
_LongText = Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
_Bytes = LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb")
_Time = DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")

# Without indexes: each step would pay for them, and who reads it reads all of it.
RECORD = sa.Table(
    RECORD_TABLE,
    METADATA,
    Column("id", _Counter, primary_key=True, autoincrement=True),
    Column("direction", String(16), nullable=False),
    Column("revision", String(255), nullable=False),
    Column("down_revisions", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("blob", String(64), nullable=False),
    Column("commit_sha", String(64)),
    Column("branch", String(255)),
    Column("run_by", String(255), nullable=False),
    Column("run_id", String(36), nullable=False),
    Column("started_at", _Time, nullable=False),
    Column("seconds", Float),
    Column("outcome", String(16), nullable=False),
    Column("message", Text),
    # Those that came later: a table that lacks them is given them, so they may be NULL.
    Column("depends_on", Text),
    Column("body", _Bytes),
    Column("git_user", String(255)),
    Column("host", String(255)),
    Column("process", Integer),
    Column("command", _LongText),
    Column("lback", String(64)),
    Column("version_table", String(255)),
    Column("stamp_before", _LongText),
    Column("stamp_after", _LongText),
    mysql_engine="InnoDB",
    mysql_default_charset="utf8mb4",
    mariadb_engine="InnoDB",
    mariadb_default_charset="utf8mb4",
)
_LATER = tuple(RECORD.columns.keys())[list(RECORD.columns.keys()).index("depends_on") :]
_AS_NAMED: dict[str, Any] = {"schema_translate_map": None}
"""For statements whose schema is the real one already."""

_BESIDE = sa.text(
    "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.oid = to_regclass(CAST(:name AS text))"
)

_COLUMNS = sa.text(
    "SELECT a.attname, has_table_privilege(c.oid, 'SELECT') AS readable FROM pg_attribute a"
    " JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = :schema AND c.relname = :name AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
    " AND a.attnum > 0 AND NOT a.attisdropped"
)


class NoRecordError(Exception):
    """Says why there is none to write in or to read."""


@lru_cache(maxsize=64)
def _table_in(schema: str | None) -> sa.Table:
    """Return the table of a schema, made once for many databases."""
    metadata = sa.MetaData(naming_convention=_NAMES)
    if schema is None:
        return RECORD.to_metadata(metadata)
    return RECORD.to_metadata(metadata, schema=schema)


@dataclass(frozen=True)
class RecordPlace:
    """Where the record of one version table is: beside it, in the `schema` as the server calls it.

    Several version tables may share one record.
    """

    schema: str | None
    version_table: str

    @cached_property
    def table(self) -> sa.Table:
        """Return the table there."""
        return _table_in(self.schema)

    @property
    def mine(self) -> sa.ColumnElement[bool]:
        """Select the rows of this version table."""
        return self.table.c.version_table == self.version_table


def place_of(context: MigrationContext, connection: Connection) -> RecordPlace:
    """Return where the record of what a context stamps is, or would be."""
    schema = real_schema(connection, context.version_table_schema)
    if schema is None and connection.dialect.name == "postgresql":
        # By the search path, another schema's record may be seen from here.
        quoted = connection.dialect.identifier_preparer.quote_identifier(context.version_table)
        schema = connection.scalar(_BESIDE, {"name": quoted})
        schema = schema or connection.scalar(sa.text("SELECT current_schema()"))
    return RecordPlace(schema, context.version_table)


@contextmanager
def sparing_transaction(connection: Connection) -> Iterator[None]:
    """Let a statement fail without taking the transaction along that it is in."""
    breaks = connection.dialect.name == "postgresql" and not commits_each_statement(connection)
    if not breaks:
        yield
        return
    with connection.begin_nested():
        yield


def execute(connection: Connection, statement: Any, rows: Any = None) -> Any:
    """Execute a statement about the table of a place."""
    return connection.execute(statement, rows, execution_options=_AS_NAMED)


def columns(connection: Connection, place: RecordPlace) -> frozenset[str]:
    """Return the columns that a table of the record's name has, none where there is no table.

    NoRecordError where it cannot be read.
    """
    if connection.dialect.name == "postgresql" and place.schema is not None:
        return _columns_on_postgresql(connection, place.schema)
    if connection.dialect.name == "sqlite":
        schema = connection.dialect.identifier_preparer.quote_identifier(place.schema or "main")
        rows = connection.exec_driver_sql(f"PRAGMA {schema}.table_info({RECORD_TABLE})").all()
        return frozenset(row[1] for row in rows)
    if not sa.inspect(connection).has_table(RECORD_TABLE, schema=place.schema):
        return frozenset()
    everything = sa.select(sa.text("*")).select_from(place.table).where(sa.false())
    try:
        with sparing_transaction(connection):
            return frozenset(execute(connection, everything).keys())
    except sa.exc.DBAPIError as err:
        if err.connection_invalidated:
            raise
        raise NoRecordError(reason(err)) from err


def _columns_on_postgresql(connection: Connection, schema: str) -> frozenset[str]:
    """Ask the catalog, which takes no transaction along where the table may not be read."""
    rows = connection.execute(_COLUMNS, {"schema": schema, "name": RECORD_TABLE}).all()
    if rows and not rows[0].readable:
        raise NoRecordError(f"permission denied for table {RECORD_TABLE}")
    return frozenset(row.attname for row in rows)


def is_ours(names: frozenset[str]) -> bool:
    """Tell whether a table with these columns is the record, in this shape or an older one."""
    return {column.name for column in RECORD.columns if column.name not in _LATER} <= names


def make(connection: Connection, place: RecordPlace, known: frozenset[str] | None = None) -> bool:
    """Create the record where there is none, and add the columns that an older one lacks.

    `known` are the columns that it was seen to have.

    True where it is new. NoRecordError where that cannot be; the connection's transaction is as
    good as before.
    """
    names = known if known is not None else columns(connection, place)
    if not names:
        try:
            _create(connection, place)
        except NoRecordError:
            names = columns(connection, place)  # of another process, in this very moment
            if not names:
                raise
        else:
            return True
    if not is_ours(names):
        raise NoRecordError(NOT_OURS)
    for name in _LATER:
        if name not in names:
            _add(connection, place, name)
    return False


def _create(connection: Connection, place: RecordPlace) -> None:
    try:
        with sparing_transaction(connection):
            execute(connection, CreateTable(place.table))
    except sa.exc.DBAPIError as err:
        raise NoRecordError(reason(err)) from err


def _add(connection: Connection, place: RecordPlace, name: str) -> None:
    dialect = connection.dialect
    table = dialect.identifier_preparer.format_table(place.table)
    compiler = dialect.ddl_compiler(dialect, CreateTable(place.table))
    column = compiler.get_column_specification(place.table.c[name])
    try:
        with sparing_transaction(connection):
            connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN {column}")
    except sa.exc.DBAPIError as err:
        if name not in columns(connection, place):
            raise NoRecordError(reason(err)) from err
