"""What is saved of a table, and how it is read so that it can be told apart and put back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.core.messages.saved_rows import another_database
from lback.core.naming import meant
from lback.db.alembic_compat import commits_each_statement
from lback.db.identity import real_schema
from lback.db.keeping.row_sql import MYSQL, Shape, placed, run
from lback.db.own_tables import schemas

# How PostgreSQL writes values; and no row of a table may be hidden by a policy.
_PLAIN = {
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "row_security": "off",
}
_SPELLING = ("ANSI_QUOTES", "NO_BACKSLASH_ESCAPES")
Place = tuple[str, str | None]
"""A table ("schema.table" or "table") and None, or a column of one."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is saved of one table: `columns` with the `keys` that find the rows again.

    Without a key a row is found by all else that it holds, `match`. `sequences` is how far those
    of a whole table had come.
    """

    table: str
    schema: str | None
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    whole: bool
    match: tuple[str, ...] = ()
    sequences: tuple[tuple[str, int], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Return the columns of each row that is saved, those that find it first."""
        return tuple(dict.fromkeys((*self.keys, *self.match, *self.columns)))

    @property
    def full_name(self) -> str:
        """Return the table's name as people write it."""
        return f"{self.schema}.{self.table}" if self.schema else self.table

    def as_dict(self) -> dict[str, Any]:
        """Return the row of the file's head."""
        return {
            "table": self.table,
            "schema": self.schema,
            "columns": list(self.columns),
            "keys": list(self.keys),
            "whole": self.whole,
            **({"match": list(self.match)} if self.match else {}),
            **({"sequences": dict(self.sequences)} if self.sequences else {}),
        }

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Kept:
        """Return what `as_dict` was made of."""
        return cls(
            row["table"],
            row["schema"],
            tuple(row["columns"]),
            tuple(row["keys"]),
            row["whole"],
            tuple(row.get("match", ())),
            tuple(row.get("sequences", {}).items()),
        )


@contextmanager
def plain_session(connection: Connection) -> Iterator[None]:
    """Let the server write dates and numbers in the one way that can be read back."""
    if connection.dialect.name == "postgresql":
        local = not commits_each_statement(connection)
        before = [
            (name, run(connection, "SELECT current_setting(:name)", {"name": name}).scalar())
            for name in _PLAIN
        ]
        _set(connection, _PLAIN.items(), local=local)
        yield
        # Where something failed, the transaction takes them back.
        _set(connection, before, local=local)
    elif connection.dialect.name in MYSQL:
        ask = "SELECT @@session.time_zone, @@session.sql_mode, @@session.foreign_key_checks"
        zone, mode, checks = connection.exec_driver_sql(ask).one()
        # Rows come as they were: a zero in a counter, a date of zeros, a row before its parent.
        kept = [word for word in mode.split(",") if word in _SPELLING]
        plain = ",".join(["NO_AUTO_VALUE_ON_ZERO", "STRICT_ALL_TABLES", *kept])
        ours = "SET time_zone = :zone, sql_mode = :mode, foreign_key_checks = :checks"
        run(connection, ours, {"zone": "+00:00", "mode": plain, "checks": 0})
        try:
            yield
        finally:
            run(connection, ours, {"zone": zone, "mode": mode, "checks": checks})
    else:
        yield


def _set(connection: Connection, settings: Iterable[tuple[str, Any]], *, local: bool) -> None:
    for name, value in settings:
        values = {"name": name, "value": value, "local": local}
        run(connection, "SELECT set_config(:name, :value, :local)", values)


def hold(connection: Connection, kept: Kept) -> None:
    """Keep writers out between the saving and the drop."""
    if connection.dialect.name == "postgresql":
        at = placed(connection, kept.table, kept.schema)
        run(connection, f"LOCK TABLE {at} IN SHARE ROW EXCLUSIVE MODE")


def wanted(
    connection: Connection,
    places: Sequence[Place],
    *,
    dropped: Collection[Place] | None = None,
) -> list[Kept]:
    """Return what of these places is there, with what it takes to find the rows again.

    With what of them is `dropped`, what goes along from other tables is a part of it.
    """
    if dropped is not None:
        along = referring(connection, places, dropped)
        places = (*places, *(place for key in along for place in key.places))
        places = (*places, *_rewritten(connection, places, dropped))
    inspector = sa.inspect(connection)
    for full, _ in places:
        if full.endswith(".*.*") and connection.dialect.name not in MYSQL:
            raise another_database(full.removesuffix(".*.*"))
    grouped: dict[tuple[str, str | None], set[str | None]] = {}
    for full, column in places:
        for place in found(connection, inspector, full):
            grouped.setdefault(place, set()).add(column)
    kept = [
        _kept(connection, table, schema, columns) for (table, schema), columns in grouped.items()
    ]
    return [item for item in kept if item.columns or (item.whole and item.keys)]


def found(
    connection: Connection, inspector: sa.Inspector, full: str
) -> list[tuple[str, str | None]]:
    """Return the tables that a name may say, with their schema: a dot may be part of the table's.

    More than one where only the case of their letters tells them apart.
    """
    if full.endswith(".*"):
        return _inside(connection, inspector, full)
    named, _, table = full.rpartition(".")
    places = [(full, real_schema(connection, None))]
    if named:
        places.append((table, real_schema(connection, named)))
    for name, schema in places:
        there = meant(name, inspector.get_table_names(schema))
        if there or inspector.has_table(name, schema=schema):
            return [(spelled, schema) for spelled in there or [name]]
    return []


def _inside(
    connection: Connection, inspector: sa.Inspector, full: str
) -> list[tuple[str, str | None]]:
    """Return all tables of a schema, "s.*"; a database, "s.*.*", is one on MySQL alone."""
    named = full.removesuffix(".*")
    if named.endswith(".*"):
        named = named.removesuffix(".*")
        if connection.dialect.name not in MYSQL:
            return []
    schema = real_schema(connection, named) or named
    return [
        (table, there)
        for there in meant(schema, inspector.get_schema_names())
        for table in inspector.get_table_names(there)
    ]


@dataclass(frozen=True, slots=True)
class Referring:
    """Columns of a table that refer to rows of `to`: its rows go along, or these are emptied."""

    table: str
    columns: tuple[str, ...]
    go: bool
    to: str = ""

    @property
    def places(self) -> tuple[Place, ...]:
        """Return what is at stake when rows of `to` are deleted."""
        return ((self.table, None),) if self.go else tuple((self.table, c) for c in self.columns)


def referring(
    connection: Connection, places: Iterable[Place], dropped: Collection[Place]
) -> list[Referring]:
    """Return what keys with ON DELETE change in other tables when rows go from these places.

    Only SQLite deletes the rows of a table that is `dropped`, and only where it heeds keys at all.
    """
    lite, known = connection.dialect.name == "sqlite", set(places)
    going = [name for name, column in places if column is None]
    going = [name for name in going if lite or (name, None) not in dropped]
    if not going or (lite and not connection.exec_driver_sql("PRAGMA foreign_keys").scalar()):
        return []
    inspector = sa.inspect(connection)
    default = inspector.default_schema_name
    keys = _deleting_keys(connection, inspector)
    along: list[Referring] = []
    for name in going:  # which grows meanwhile
        for table, schema in found(connection, inspector, name):
            for key in keys.get((table, schema or default), ()):
                if (key.table, None) in known or known.issuperset(key.places):
                    continue
                along.append(replace(key, to=name))
                known.update(key.places)
                going += [key.table] if key.go else []
    return along


def _rewritten(
    connection: Connection, places: Iterable[Place], dropped: Collection[Place]
) -> list[Place]:
    """Return the columns that keys with ON UPDATE write when values of these places change."""
    written = [place for place in places if place not in dropped]
    lite = connection.dialect.name == "sqlite"
    if not written or (lite and not connection.exec_driver_sql("PRAGMA foreign_keys").scalar()):
        return []
    inspector = sa.inspect(connection)
    default = inspector.default_schema_name
    keys = _acting_keys(connection, inspector, "onupdate")
    along: dict[Place, None] = {}
    for full, column in written:  # which grows meanwhile
        for table, schema in found(connection, inspector, full):
            for name, row in keys.get((table, schema or default), ()):
                if column is not None and not meant(column, row["referred_columns"]):
                    continue
                new = {(name, own): None for own in row["constrained_columns"]}
                written += [place for place in new if place not in along]
                along |= new
    return list(along)


def _deleting_keys(
    connection: Connection, inspector: sa.Inspector
) -> dict[tuple[str, str | None], list[Referring]]:
    """Return the foreign keys that change rows when others are deleted, by what they refer to."""
    return {
        to: [
            Referring(name, tuple(row["constrained_columns"]), row["action"] == "CASCADE")
            for name, row in rows
        ]
        for to, rows in _acting_keys(connection, inspector, "ondelete").items()
    }


def _acting_keys(
    connection: Connection, inspector: sa.Inspector, when: str
) -> dict[tuple[str, str | None], list[tuple[str, dict[str, Any]]]]:
    """Return the foreign keys that write to their own table, by what they refer to.

    Each is there with the name of its table, and its `action`.
    """
    default = inspector.default_schema_name
    plain = real_schema(connection, None) or default
    keys: dict[tuple[str, str | None], list[tuple[str, dict[str, Any]]]] = {}
    for schema in schemas(connection, inspector):
        for (_, table), rows in inspector.get_multi_foreign_keys(schema=schema).items():
            name = table if (schema or default) == plain else f"{schema}.{table}"
            for row in rows:
                action = str(row.get("options", {}).get(when) or "").upper()
                if action in ("CASCADE", "SET NULL", "SET DEFAULT"):
                    to = row["referred_table"], row["referred_schema"] or default
                    keys.setdefault(to, []).append((name, {**row, "action": action}))
    return keys


def _kept(connection: Connection, table: str, schema: str | None, columns: set[str | None]) -> Kept:
    shape = Shape(connection, table, schema)
    stored, keys = shape.stored, shape.key
    if None in columns:
        return Kept(table, schema, tuple(name for name in stored if name not in keys), keys, True)
    named = {name for column in columns if column for name in meant(column, stored)}
    if named & set(keys):
        keys = ()  # it goes itself, and finds nothing afterwards
    going = tuple(name for name in stored if name in named)
    match = () if keys else tuple(name for name in stored if name not in named)
    return Kept(table, schema, going, keys, False, match)


def sequences_of(connection: Connection, kept: Kept) -> tuple[tuple[str, int], ...]:
    """Return how far the sequences of a table's columns have come, where it has such."""
    if connection.dialect.name != "postgresql" or not kept.whole:
        return ()
    at = placed(connection, kept.table, kept.schema)
    known = []
    for name in kept.names:
        sequence = run(
            connection,
            "SELECT pg_get_serial_sequence(:table, :column)",
            {"table": at.replace("\\:", ":"), "column": name},
        ).scalar()
        if sequence:
            asked = f"SELECT last_value FROM {sequence.replace(':', chr(92) + ':')} WHERE is_called"
            last = run(connection, asked).scalar()
            known += [(name, int(last))] if last is not None else []
    return tuple(known)
