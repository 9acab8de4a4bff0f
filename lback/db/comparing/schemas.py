"""What stands beside tables: schemas, extensions, domains, sequences; and exclude constraints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.schema import CreateSequence, DropSequence

from lback.db.alembic_compat import name_writer, sql_of
from lback.db.comparing.enums import Statements, users_of
from lback.db.comparing.needs import (
    domain_as_meant,
    domain_text,
    domain_there,
    domains_of,
    extensions_for,
    text_there,
)
from lback.db.comparing.twins import Snapshot, enums_of


def schemas_for(inspector: Any, tables: Sequence[sa.Table]) -> Iterator[Statements]:
    """Yield the schemas that the models need and nobody has made."""
    quote = name_writer(inspector.dialect)
    wanted = {table.schema for table in tables if table.schema}
    wanted |= {enum.schema for enum in enums_of(tables, inspector.dialect) if enum.schema}
    wanted |= {schema for schema, _ in domains_of(tables) if schema}
    for name in sorted(wanted - set(inspector.get_schema_names())):
        yield Statements(
            f"create schema {name}",
            [f"CREATE SCHEMA {quote(name)}"],
            f"drop schema {name}",
            [f"DROP SCHEMA {quote(name)}"],
        )


def extension_steps(connection: Connection, tables: Sequence[sa.Table]) -> Iterator[Statements]:
    """Yield the extensions that bring types of the models; they stay, for others may use them."""
    quote = name_writer(connection.dialect)
    for name in extensions_for(tables, connection):
        up = f"CREATE EXTENSION IF NOT EXISTS {quote(name)}"
        yield Statements(f"create extension {name}", [up], f"keep extension {name}", [])


def sequences_for(connection: Connection, tables: Sequence[sa.Table]) -> Iterator[Statements]:
    """Yield the sequences that columns of the models count by, and nobody has made."""
    dialect = connection.dialect
    given = {
        (default.schema or "", default.name): default
        for table in tables
        for column in table.columns
        if isinstance(default := column.default, sa.Sequence)
    }
    for (_, name), sequence in sorted(given.items()):
        needed = dialect.supports_sequences and not (
            dialect.sequences_optional and sequence.optional
        )
        if needed and not sa.inspect(connection).has_sequence(name, sequence.schema):
            make, drop = (
                sql_of(statement, dialect)
                for statement in (CreateSequence(sequence), DropSequence(sequence))
            )
            yield Statements(f"create sequence {name}", [make], f"drop sequence {name}", [drop])


class Domains(NamedTuple):
    """Domains that come before their columns, those that go after them, and what changed."""

    new: list[Statements]
    gone: list[Statements]
    changed: list[str]


def compare_domains(inspector: Any, connection: Connection, tables: Sequence[sa.Table]) -> Domains:
    """Compare the domains of the models' columns with those of the database."""
    default = str(inspector.default_schema_name)
    quote = name_writer(connection.dialect)
    models = domains_of(tables)
    found = Domains([], [], [])
    for (schema, name), domain in models.items():
        there = domain_there(connection, schema or default, name)
        shown = f"{schema}.{name}" if schema else name
        if there is None:
            drop = f"DROP DOMAIN {quote(schema) + '.' if schema else ''}{quote(name)}"
            up = domain_text(domain, connection.dialect)
            found.new.append(
                Statements(f"create domain {shown}", [up], f"drop domain {shown}", [drop])
            )
        elif there != (meant := domain_as_meant(connection, domain)):
            old, now = (" ".join(str(part) for part in each if part) for each in (there, meant))
            found.changed.append(f"domain {shown}: {old}, in the models {now}")
    known = {(schema or default, name) for schema, name in models}
    for schema in sorted({table.schema or default for table in tables}):
        for row in inspector.get_domains(None if schema == default else schema):
            key = schema, row["name"]
            was = domain_there(connection, *key)
            if key in known or was is None or not users_of(connection, key):
                continue  # one that no column has is not known to be this project's
            shown = row["name"] if schema == default else f"{schema}.{row['name']}"
            place = "" if schema == default else f"{quote(schema)}."
            name = place + quote(row["name"])
            up, down = f"DROP DOMAIN {name}", f"CREATE DOMAIN {name} AS {text_there(was)}"
            found.gone.append(
                Statements(f"drop domain {shown}", [up], f"create domain {shown}", [down])
            )
    return found


def exclude_constraints(
    now: Snapshot, twin: Snapshot, there: sa.Table, connection: Connection
) -> Iterator[Statements]:
    """Yield the exclude constraints that go and those that come."""
    quote = name_writer(connection.dialect)
    place = f"{quote(there.schema)}." if there.schema else ""
    alter = f"ALTER TABLE {place}{quote(there.name)}"
    for old, new, comes in ((now, twin, False), (twin, now, True)):
        for name, text in old.excludes.items():
            if new.excludes.get(name) == text:
                continue
            drop = f"{alter} DROP CONSTRAINT {quote(name)}"
            add = f"{alter} ADD CONSTRAINT {quote(name)} {text}"
            made = Statements(f"drop constraint {name}", [drop], f"add constraint {name}", [add])
            yield made.reverse() if comes else made
