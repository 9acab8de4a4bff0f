"""What the models would be in this very database: made beside it for a moment, and read back.

A database writes down a default, a check, a predicate or a computed column in its own words.
Two texts of its own can be compared; one of its own and one of the models' cannot.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection
from sqlalchemy.engine.reflection import ObjectScope
from sqlalchemy.schema import CreateIndex, CreateTable

from lback.db.alembic_compat import named_alike, temporary
from lback.db.comparing.apart import as_called, made_apart
from lback.db.comparing.needs import domain_text, domain_there, domains_of, extensions_for
from lback.db.schema import inside, whole_computed
from lback.db.urls import OURS


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One table as its database shows it."""

    columns: Mapping[str, Mapping[str, Any]]
    checks: tuple[Mapping[str, Any], ...] = ()
    indexes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    excludes: Mapping[str, str] = field(default_factory=dict)
    """Exclude constraints of PostgreSQL by name, as it writes them."""

    def default(self, column: str) -> str | None:
        """Return the default of a column, None for none."""
        found = self.columns.get(column, {})
        text = None if found.get("computed") else found.get("default")
        return None if text is None or _SERIAL.match(text) else plain(text)

    def computed(self, column: str) -> tuple[str, bool] | None:
        """Return how a column is computed, and whether its values are kept."""
        found = self.columns.get(column, {}).get("computed")
        return found and (plain(found["sqltext"]), bool(found.get("persisted")))


_AT_ONCE = frozenset({"psycopg", "psycopg2"})
"""Drivers of PostgreSQL that send several statements in one text."""
_POSTGRESQL: Any = sa.make_url("postgresql://").get_dialect()()
_SERIAL = re.compile(r"nextval\('")
# Texts as they are, and all else without what is only layout.
_PIECES = re.compile(
    r"""('(?:[^']|'')*')|(?:"[^"]+"|`[^`]+`|\b[^\W\d]\w*)\.(?=["`\w])|[\s"`]+|(\w+|.)""", re.DOTALL
)


def plain(text: str) -> str:
    """Return an expression without spaces, quotes of names, schemas and parentheses around it."""
    text = _ARRAY.sub(_each_cast, str(text))
    pieces = (match[1] or (match[2] or "").lower() for match in _PIECES.finditer(text))
    shown = "".join(pieces)
    while shown[:1] == "(" and _closes(shown) == len(shown) - 1:
        shown = shown[1:-1]
    return shown


# PostgreSQL says so of what it has computed, and casts each value once it has read that.
_ARRAY = re.compile(
    r"""ARRAY\[((?:'(?:[^']|'')*'|[^\]'])*)\]::([a-z][a-z ]*(?:\([\d, ]+\))?)\[\]"""
)
_ITEM = re.compile(r"""((?:'(?:[^']|'')*'|\([^()]*\)|[^,'])+)""")


def _each_cast(match: re.Match[str]) -> str:
    items = (f"{item.strip()}::{match[2]}" for item in _ITEM.findall(match[1]))
    return f"ARRAY[{', '.join(items)}]"


def _closes(text: str) -> int:
    """Return where the first parenthesis is closed."""
    depth, quoted = 0, False
    for place, char in enumerate(text):
        quoted ^= char == "'"
        depth += 0 if quoted else {"(": 1, ")": -1}.get(char, 0)
        if depth == 0:
            return place
    return -1


def snapshot(connection: Connection, inspector: Any, name: str, schema: str | None) -> Snapshot:
    """Read one table."""
    sqlite = connection.dialect.name == "sqlite"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what SQLAlchemy does not reflect
        columns = {column["name"]: column for column in inspector.get_columns(name, schema)}
        if not sqlite:
            checks = tuple(inspector.get_check_constraints(name, schema))
            indexes = {row["name"]: row for row in inspector.get_indexes(name, schema)}
    if sqlite:
        renames = getattr(inspector, "renames", None)
        before = name if renames is None else renames.before(name, schema)
        made, found = _in_texts(connection, before)
        if renames is not None:
            made = inspector.seen("indexes", made, name, schema)
            found = inspector.seen("check_constraints", found, name, schema)
        indexes = {row["name"]: row for row in made}
        checks = tuple(found)
        for column in columns.values():
            whole_computed(column)
    key = inspector.get_pk_constraint(name, schema).get("constrained_columns") or ()
    excludes = {}
    if connection.dialect.name == "postgresql":
        excludes = {
            row["name"]: row["sqltext"] for row in _excludes(connection, inspector, name, schema)
        }
    return Snapshot(columns, checks, indexes, tuple(key), excludes)


def snapshots(connection: Connection, inspector: Any, schema: str | None) -> dict[str, Snapshot]:
    """Read all tables of a schema of PostgreSQL by a few questions."""

    def read(kind: str) -> dict[str, Any]:
        ask = getattr(inspector, f"get_multi_{kind}")
        return {name: found for (_, name), found in ask(schema, scope=ObjectScope.ANY).items()}

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        columns, checks = read("columns"), read("check_constraints")
        indexes, keys = read("indexes"), read("pk_constraint")
    excludes: dict[str, dict[str, str]] = {}
    place = schema or inspector.default_schema_name
    for table, name, text in connection.execute(sa.text(_EXCLUDES), {"schema": place}):
        excludes.setdefault(table, {})[name] = text
    return {
        name: Snapshot(
            {column["name"]: column for column in found},
            tuple(checks.get(name) or ()),
            {row["name"]: row for row in indexes.get(name) or ()},
            tuple((keys.get(name) or {}).get("constrained_columns") or ()),
            excludes.get(name, {}),
        )
        for name, found in columns.items()
    }


_EXCLUDES = """
    SELECT c.relname, con.conname, pg_get_constraintdef(con.oid)
    FROM pg_constraint AS con JOIN pg_class AS c ON c.oid = con.conrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE con.contype = 'x' AND n.nspname = :schema ORDER BY 1, 2
"""


def _excludes(
    connection: Connection, inspector: Any, name: str, schema: str | None
) -> list[dict[str, str]]:
    renames = getattr(inspector, "renames", None)
    before = name if renames is None else renames.before(name, schema)
    place = schema or inspector.default_schema_name
    found = connection.execute(sa.text(_EXCLUDES), {"schema": place})
    rows = [{"name": row[1], "sqltext": row[2]} for row in found if row[0] == before]
    return rows if renames is None else list(inspector.seen("excludes", rows, name, schema))


def table_text(connection: Connection, table: str) -> str:
    """Return how a table of SQLite was made."""
    text = sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name")
    return connection.scalar(text, {"name": table}) or ""


_CHECK = re.compile(
    r"""'(?:[^']|'')*'|(?:\bCONSTRAINT\s+("[^"]+"|`[^`]+`|\w+)\s+)?\bCHECK\s*(?=\()|"[^"]+"|`[^`]+`""",
    re.IGNORECASE,
)


def checks_in(text: str) -> list[dict[str, Any]]:
    """Return the checks of a CREATE TABLE of SQLite, of which SQLAlchemy reads lines alone."""
    checks = []
    for match in _CHECK.finditer(text):
        if match[0][-1] not in "'\"`":
            name = match[1] and match[1].strip('"`')
            checks.append({"name": name, "sqltext": inside(text, match.end())})
    return checks


def _texts_there(connection: Connection) -> dict[str, set[str]]:
    """Return the texts by which each table of SQLite and its indexes were made."""
    texts: dict[str, set[str]] = {}
    for table, text in connection.exec_driver_sql(
        "SELECT tbl_name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql NOTNULL"
    ):
        texts.setdefault(table, set()).add(text.strip())
    return texts


def _texts_of(table: sa.Table, dialect: Any) -> set[str]:
    """Return the texts by which a table of the models and its indexes would be made."""
    with contextlib.suppress(Exception):  # what cannot be written is compared in the other way
        parts: list[Any] = [CreateTable(table), *map(CreateIndex, table.indexes)]
        return {str(part.compile(dialect=dialect)).strip() for part in parts}
    return set()


def _in_texts(
    connection: Connection, table: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the indexes and the checks of a table, as the texts say that made them.

    SQLAlchemy does not reflect the expressions of an index.
    """
    rows = connection.exec_driver_sql(
        "SELECT type, name, sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL", (table,)
    ).all()
    indexes = [_index_in(name, text) for kind, name, text in rows if kind == "index"]
    checks = next((checks_in(text) for kind, _, text in rows if kind == "table"), [])
    return indexes, checks


_INDEX = re.compile(r"\s*CREATE\s+(UNIQUE\s+)?INDEX\b[^(]*", re.IGNORECASE)
_WHERE = re.compile(r"\s*\)\s*WHERE\s+", re.IGNORECASE)


def _index_in(name: str, text: str) -> dict[str, Any]:
    head = _INDEX.match(text)
    assert head is not None, text
    items = inside(text, head.end())
    rest = text[head.end() + 1 + len(items) :]
    where = _WHERE.match(rest)
    return {
        "name": name,
        "unique": bool(head[1]),
        "items": items,
        "where": rest[where.end() :] if where else None,
    }


def meaning(index: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what an index is, but for its name, to be compared within one database."""
    if "items" in index:
        where = index["where"]
        return index["unique"], plain(index["items"]), where and plain(where)
    options = index.get("dialect_options") or {}
    return (
        bool(index.get("unique")),
        tuple(plain(item) for item in index.get("expressions") or index["column_names"]),
        tuple(sorted((key, plain(value)) for key, value in options.items() if value)),
        tuple(sorted((index.get("column_sorting") or {}).items())),
    )


def index_there(index: Mapping[str, Any], there: sa.Table) -> sa.Index:
    """Return an index as it is in the database."""
    if "items" not in index:
        # Alembic puts its own copy beside it, without options that say nothing.
        same = [one for one in there.indexes if one.name == index["name"]]
        return min(same, key=lambda one: len(one.dialect_kwargs))
    names = [part.strip(' "`') for part in index["items"].split(",")]
    known = all(name in there.columns for name in names)
    items = [there.columns[name] for name in names] if known else [sa.text(index["items"])]
    where = None if index["where"] is None else sa.text(index["where"])
    return sa.Index(index["name"], *items, unique=index["unique"], _table=there, sqlite_where=where)


@contextmanager
def in_memory() -> Iterator[Connection]:
    """Open an empty database of SQLite; what leads connections elsewhere does not lead this one."""
    engine = sa.create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(":memory:"), execution_options=OURS
    )
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


class TwinTables:
    """The models' tables as this database would show them."""

    def __init__(self, connection: Connection, tables: Iterable[sa.Table]) -> None:
        self.connection = connection
        self.made: dict[tuple[str | None, str], Snapshot] = {}
        self.failed: dict[str, str] = {}
        """Tables of which nothing could be made, and why."""
        self.same: set[tuple[str | None, str]] = set()
        """Tables that are there, made by the very text that the models would be made by."""
        by_dialect = {"sqlite": self._sqlite, "postgresql": self._postgresql}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            by_dialect.get(connection.dialect.name, self._temporary)(list(tables))

    def get(self, table: sa.Table) -> Snapshot | None:
        """Return what a table of the models would be; None where that is not known."""
        key = table.schema, table.name
        if key in self.same and key not in self.made:
            self._in_memory([table])
        return self.made.get(key)

    def _sqlite(self, tables: list[sa.Table]) -> None:
        there = _texts_there(self.connection)
        for table in tables:
            texts = there.get(table.name) if table.schema is None else None
            if texts and _texts_of(table, self.connection.dialect) == texts:
                self.same.add((None, table.name))
        self._in_memory([table for table in tables if (None, table.name) not in self.same])

    def _in_memory(self, tables: list[sa.Table]) -> None:
        with in_memory() as connection:
            self._one_by_one(connection, tables, beside=False)

    def _temporary(self, tables: list[sa.Table]) -> None:
        self._one_by_one(self.connection, tables, beside=True)

    def _one_by_one(self, connection: Connection, tables: list[sa.Table], *, beside: bool) -> None:
        for table in tables:
            word = "TEMPORARY " if beside else ""
            try:
                copy = copied(table, beside=beside)
                _create(connection, copy)
                inspector = sa.inspect(connection)
                self.made[table.schema, table.name] = snapshot(
                    connection, inspector, table.name, None
                )
                quoted = connection.dialect.identifier_preparer.quote(table.name)
                connection.exec_driver_sql(f"DROP {word}TABLE {quoted}")
            except (sa.exc.SQLAlchemyError, NotImplementedError) as err:
                self.failed[table.fullname] = _reason(err)

    def _postgresql(self, tables: list[sa.Table]) -> None:
        left = tables
        while left:  # of one name, from several schemas, there is one at a time
            now, left = _of_one_name_each(left)
            self._made_beside(now)

    def _made_beside(self, tables: list[sa.Table]) -> None:
        connection = self.connection
        try:
            with _undone(connection):
                self._make_ready(tables)
                types, called = made_apart(enums_of(tables, connection.dialect), "pg_temp")
                for type_ in types.values():
                    type_.create(connection, checkfirst=False)
                done = self._all_made(tables, types)
                schema = connection.scalar(
                    sa.text("SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema()")
                )
                inspector = sa.inspect(connection)
                found = snapshots(connection, inspector, schema) if done else {}
                self.made |= {
                    (table.schema, table.name): as_called(found[table.name], called)
                    for table in done
                }
        except sa.exc.SQLAlchemyError as err:
            self.failed |= {table.fullname: _reason(err) for table in tables}

    def _all_made(self, tables: list[sa.Table], types: Mapping[Any, Any]) -> list[sa.Table]:
        """Make the tables, all in one go where that can be; return those that were made."""
        dialect = self.connection.dialect
        names = [table.name for table in tables]
        if dialect.driver in _AT_ONCE and len(names) == len(set(names)):
            try:
                parts = [
                    str(part.compile(dialect=dialect))
                    for table in tables
                    for part in _parts(copied(table, beside=True, types=types))
                ]
                if not any("%" in part for part in parts):
                    with self.connection.begin_nested():
                        text = ";".join(parts)
                        plain: Any = {"no_parameters": True}
                        self.connection.exec_driver_sql(text, execution_options=plain)
                    return tables
            except (sa.exc.SQLAlchemyError, NotImplementedError):
                pass  # one by one it is known which
        return [table for table in tables if self._made_on_postgresql(table, types)]

    def _make_ready(self, tables: list[sa.Table]) -> None:
        """Make what types of the models need, where it may be made: it is undone with the rest."""
        dialect, default = self.connection.dialect, self.connection.dialect.default_schema_name
        quote = dialect.identifier_preparer.quote
        statements = [
            f"CREATE EXTENSION IF NOT EXISTS {quote(name)}"
            for name in extensions_for(tables, self.connection)
        ]
        statements += [
            domain_text(domain, dialect).replace("%", "%%")
            for (schema, name), domain in domains_of(tables).items()
            if domain_there(self.connection, schema or str(default), name) is None
        ]
        for statement in statements:
            with contextlib.suppress(sa.exc.SQLAlchemyError), self.connection.begin_nested():
                self.connection.exec_driver_sql(statement)

    def _made_on_postgresql(self, table: sa.Table, types: Mapping[Any, Any]) -> bool:
        try:
            with self.connection.begin_nested():
                _create(self.connection, copied(table, beside=True, types=types))
        except (sa.exc.SQLAlchemyError, NotImplementedError) as err:
            self.failed[table.fullname] = _reason(err)
            return False
        return True


def _of_one_name_each(tables: list[sa.Table]) -> tuple[list[sa.Table], list[sa.Table]]:
    """Return tables that can be in one schema, and the others."""
    chosen: dict[str, sa.Table] = {}
    left = [table for table in tables if chosen.setdefault(table.name, table) is not table]
    return list(chosen.values()), left


def _reason(err: Exception) -> str:
    return str(getattr(err, "orig", None) or err).strip().partition("\n")[0]


def _create(connection: Connection, copy: sa.Table) -> None:
    for part in _parts(copy):
        connection.execute(part)


def _parts(copy: sa.Table) -> list[Any]:
    indexes = map(CreateIndex, copy.indexes)
    return [CreateTable(copy, include_foreign_key_constraints=[]), *indexes]


@contextmanager
def _undone(connection: Connection) -> Iterator[None]:
    """Take back whatever is made within."""
    savepoint = connection.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()


def copied(table: sa.Table, *, beside: bool, types: Mapping[Any, Any] | None = None) -> sa.Table:
    """Return a copy of a table of the models, which stands alone."""
    metadata = sa.MetaData(naming_convention=table.metadata.naming_convention)
    copy = table.to_metadata(metadata, schema=None)  # type: ignore[arg-type]
    named_alike(copy, table)
    if beside:
        temporary(copy)
    for column, meant in zip(copy.columns, table.columns, strict=True):
        # A type of the copy has lost its own schema.
        type_ = _with_types(meant.type, types or {})
        column.type = column.type if type_ is meant.type else type_
    return copy


def _with_types(type_: Any, types: Mapping[Any, Any]) -> Any:
    if not types:
        return type_
    if isinstance(type_, sa.ARRAY):
        made: Any = type_.copy()
        made.item_type = _with_types(type_.item_type, types)
        return made
    found = own_enum(type_, _POSTGRESQL)
    return type_ if found is None else types.get((found.schema, found.name), type_)


def own_enum(type_: Any, dialect: Any) -> Any:
    """Return the type of the server's own that a type of the models is there; None for none."""
    if isinstance(type_, sa.types.TypeDecorator):
        type_ = type_.load_dialect_impl(dialect)
    meant = type_.dialect_impl(dialect)
    if isinstance(meant, sa.types.TypeDecorator):
        return None
    if isinstance(meant, sa.ARRAY):
        return own_enum(meant.item_type, dialect)
    if isinstance(meant, postgresql.ENUM) and meant.name:
        return meant
    return None


def enums_of(tables: Iterable[sa.Table], dialect: Any) -> list[Any]:
    """Return the enum types that columns of tables have on PostgreSQL, each once, by name."""
    found = {}
    for table in tables:
        for column in table.columns:
            enum = own_enum(column.type, dialect)
            if enum is not None:
                found[enum.schema or "", enum.name] = enum
    return [found[key] for key in sorted(found)]
