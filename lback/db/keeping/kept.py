"""What is saved of a table, and how it is read so that it can be told apart and put back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.db.identity import real_schema
from lback.db.keeping.row_sql import MYSQL, Shape, placed, run

_SPELLING = ("ANSI_QUOTES", "NO_BACKSLASH_ESCAPES")


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
        for setting in (
            "datestyle = 'ISO, YMD'",
            "intervalstyle = 'postgres'",
            "extra_float_digits = 3",
            "bytea_output = 'hex'",
        ):
            connection.exec_driver_sql(f"SET LOCAL {setting}")
        yield
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


def hold(connection: Connection, kept: Kept) -> None:
    """Keep writers out between the saving and the drop."""
    if connection.dialect.name == "postgresql":
        at = placed(connection, kept.table, kept.schema)
        run(connection, f"LOCK TABLE {at} IN SHARE ROW EXCLUSIVE MODE")


def wanted(connection: Connection, places: Sequence[tuple[str, str | None]]) -> list[Kept]:
    """Return what of these places is there, with what it takes to find the rows again."""
    inspector = sa.inspect(connection)
    grouped: dict[tuple[str, str | None], set[str | None]] = {}
    for full, column in places:
        grouped.setdefault(_there(connection, inspector, full), set()).add(column)
    kept = [
        _kept(connection, table, schema, columns)
        for (table, schema), columns in grouped.items()
        if inspector.has_table(table, schema=schema)
    ]
    return [item for item in kept if item.columns or (item.whole and item.keys)]


def _there(connection: Connection, inspector: sa.Inspector, full: str) -> tuple[str, str | None]:
    """Return the table and the schema that a name says: a dot may be part of the table's."""
    plain = real_schema(connection, None)
    named, _, table = full.rpartition(".")
    if named and inspector.has_table(full, schema=plain):
        return full, plain
    return table, real_schema(connection, named or None)


def _kept(connection: Connection, table: str, schema: str | None, columns: set[str | None]) -> Kept:
    shape = Shape(connection, table, schema)
    stored, keys = shape.stored, shape.key
    if None in columns:
        return Kept(table, schema, tuple(name for name in stored if name not in keys), keys, True)
    if columns & set(keys):
        keys = ()  # it goes itself, and finds nothing afterwards
    going = tuple(name for name in stored if name in columns)
    match = () if keys else tuple(name for name in stored if name not in columns)
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
