"""Writes what builds a schema: operations where those can be read back, else its own SQL."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import render_op_text
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy.engine import Connection
from sqlalchemy.types import NullType

from lback.core.squash.file import Built
from lback.db.alembic_compat import type_text
from lback.db.comparing.writing import rendering
from lback.db.definitions.sqlite import definitions
from lback.db.own_tables import is_projects, schemas
from lback.db.session import less_talk
from lback.db.squashing import mysql_text, postgresql_text, sqlite_text
from lback.db.squashing.code import Writer


@less_talk()
def write_building(
    connection: Connection, as_text: Collection[str]
) -> tuple[Built, frozenset[str]]:
    """Return the code that builds what is there from nothing, and what that imports.

    The tables `as_text`, by the names that `read_whole` gives them, are written as SQL.
    """
    writer = Writer()
    kind = connection.dialect.name
    if kind in ("mysql", "mariadb"):
        mysql_text.write(connection, writer, as_text)
        return Built(tuple(writer.up), tuple(writer.down)), frozenset({"from alembic import op"})
    render = Rendering(connection)
    tables = project_tables(connection)
    shown = {table: shown_name(table) for table in tables}
    texts = [table for table in tables if shown[table] in as_text or _not_read(table)]
    plain = [table for table in tables if table not in texts]
    if kind == "postgresql":
        _write_postgresql(connection, writer, render, plain, texts)
    else:
        _write_sqlite(connection, writer, render, tables, texts)
    imports = {*render.context.imports, "import sqlalchemy as sa", "from alembic import op"}
    return Built(tuple(writer.up), tuple(writer.down)), frozenset(imports)


def _write_postgresql(
    connection: Connection,
    writer: Writer,
    render: Rendering,
    plain: list[sa.Table],
    texts: list[sa.Table],
) -> None:
    things = postgresql_text.Things(connection, writer, texts)
    things.before()
    for table in texts:
        postgresql_text.write_table(connection, writer, table)
    for table in texts:
        things.of_table(table)
        postgresql_text.write_comments(connection, writer, table)
    ordered, later = _without_circles(plain, {*texts})
    for table in ordered:
        held = [key for key in later if key.table is table]
        render.table(writer, table, without=held)
    for key in later:
        render.key(writer, key)
    for table in texts:
        things.keys(table)
    things.after()


def _write_sqlite(
    connection: Connection,
    writer: Writer,
    render: Rendering,
    tables: list[sa.Table],
    texts: list[sa.Table],
) -> None:
    things = list(definitions(connection))
    for table in tables:  # a key may name a table that comes later
        if table in texts:
            sqlite_text.write_table(writer, table.name, things)
        else:
            render.table(writer, table)
    sqlite_text.write_others(writer, things)


class Rendering:
    """Writes operations as Alembic does."""

    def __init__(self, connection: Connection) -> None:
        options = {
            "sqlalchemy_module_prefix": "sa.",
            "alembic_module_prefix": "op.",
            "user_module_prefix": None,
            "render_item": rendering(None),
            "target_metadata": sa.MetaData(),
        }
        self.connection = connection
        migration = MigrationContext.configure(connection, opts=options)
        self.context = AutogenContext(migration, opts={**migration.opts, **options})

    def table(
        self, writer: Writer, table: sa.Table, without: Collection[sa.ForeignKeyConstraint] = ()
    ) -> None:
        """Write a table with its indexes."""
        made = ops.CreateTableOp.from_table(table)
        made.columns = [part for part in made.columns if not any(part is one for one in without)]
        writer.add(self._text(made), self._text(ops.DropTableOp.from_table(table)))
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            writer.add(
                self._text(ops.CreateIndexOp.from_index(index)),
                self._text(ops.DropIndexOp.from_index(index)),
            )

    def key(self, writer: Writer, key: sa.ForeignKeyConstraint) -> None:
        """Write a foreign key of its own."""
        writer.add(
            self._text(ops.CreateForeignKeyOp.from_constraint(key)),
            self._text(ops.DropConstraintOp.from_constraint(key)),
        )

    def type(self, kind: Any) -> str:
        """Return the Python of a column's type."""
        return type_text(kind, self.context)

    def _text(self, operation: Any) -> str:
        text = render_op_text(self.context, operation)
        return text if isinstance(text, str) else "\n".join(text)


def project_tables(connection: Connection) -> list[sa.Table]:
    """Return the project's tables as they are there, in the order of their names."""
    inspector = sa.inspect(connection)
    metadata = sa.MetaData()
    found = []
    with warnings.catch_warnings():
        # What is not read is found when the schemas are compared.
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        for schema in schemas(connection, inspector):
            plain = schema in (None, inspector.default_schema_name)
            place = None if plain else schema
            for name in sorted(inspector.get_table_names(place)):
                if is_projects(name) and not _is_version_table(inspector, name, place):
                    found.append((name, place))
        if connection.dialect.name == "sqlite":
            hidden = sqlite_text.not_plain(connection)
            found = [one for one in found if one[0] not in hidden]
        wanted = {one: sa.Table(one[0], metadata, schema=one[1]) for one in found}
        for table in wanted.values():
            inspector.reflect_table(table, None, resolve_fks=False)
            _tidy(connection, table)
    return list(wanted.values())


def _is_version_table(inspector: Any, name: str, schema: str | None) -> bool:
    columns = inspector.get_columns(name, schema)
    return [column["name"] for column in columns] == ["version_num"]


def shown_name(table: sa.Table) -> str:
    """Return the name that `read_whole` gives a table."""
    return f"{table.schema}.{table.name}" if table.schema else str(table.name)


def _tidy(connection: Connection, table: sa.Table) -> None:
    """Leave out of a table what is only written down since it was read, not made."""
    if connection.dialect.name != "postgresql":
        return
    owned = postgresql_text.serial_columns(connection, table)
    for column in table.columns:
        if column.name in owned:
            column.server_default = None  # SERIAL makes it again
        if not column.primary_key:
            column.autoincrement = "auto"
    for index in table.indexes:
        if index.dialect_kwargs.get("postgresql_include") == []:
            del index.dialect_kwargs["postgresql_include"]


def _not_read(table: sa.Table) -> bool:
    return any(isinstance(column.type, NullType) for column in table.columns)


def _without_circles(
    tables: Iterable[sa.Table], made: Collection[sa.Table]
) -> tuple[list[sa.Table], list[sa.ForeignKeyConstraint]]:
    """Return tables so that each comes after what it refers to, and the keys that cannot be so."""
    left = list(tables)
    done = {(table.schema, table.name) for table in made}
    ordered: list[sa.Table] = []
    later: list[sa.ForeignKeyConstraint] = []
    held: set[sa.ForeignKeyConstraint] = set()
    while left:
        ready = next((table for table in left if not list(_waits(table, done, held))), None)
        if ready is None:
            ready = min(left, key=lambda table: len(list(_waits(table, done, held))))
            for key in _waits(ready, done, held):
                held.add(key)
                later.append(key)
        left.remove(ready)
        ordered.append(ready)
        done.add((ready.schema, ready.name))
    return ordered, later


def _waits(
    table: sa.Table, done: Collection[tuple[Any, Any]], held: Collection[sa.ForeignKeyConstraint]
) -> Iterator[sa.ForeignKeyConstraint]:
    """Yield the keys of a table to tables that are not there yet."""
    for key in sorted(table.foreign_key_constraints, key=lambda one: str(one.name)):
        target = key.elements[0].target_fullname.rsplit(".", 1)[0]
        schema, _, name = target.rpartition(".")
        place = (schema or None, name)
        if key not in held and place not in done and place != (table.schema, table.name):
            yield key
