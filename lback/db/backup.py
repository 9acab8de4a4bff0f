"""Saves columns with their keys, or whole tables, to a file before they are dropped."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.core.lossless import encode
from lback.db.identity import real_schema
from lback.db.urls import shown_url
from lback.errors import LbackError
from lback.files import replacing, sync_folder

FORMAT = 1
_CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Kept:
    """What is saved of one table: `columns` with the `keys` that find the rows again."""

    table: str
    schema: str | None
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    whole: bool

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
        }


def save(
    connection: Connection,
    path: Path,
    places: Sequence[tuple[str, str | None]],
    about: Mapping[str, Any],
) -> int:
    """Write what is at these places to a file, and return the number of rows.

    The file comes into being at once, complete and on the disk, or not at all. Writers
    are kept out until the connection's transaction ends, where the database can do that.
    """
    wanted = _wanted(connection, places)
    if not wanted:
        return 0
    try:
        with replacing(path, 0o600) as file:
            rows = _write(connection, file, wanted, about)
        sync_folder(path.parent)
    except (OSError, TypeError) as err:
        raise LbackError(
            f"The rows could not be saved to {path}: {err}",
            "Nothing was changed. Make room there, or leave the backup out with `--no-backup`.",
        ) from err
    return rows


def _write(
    connection: Connection,
    raw: IO[bytes],
    wanted: Sequence[Kept],
    about: Mapping[str, Any],
) -> int:
    head = {
        "lback-backup": FORMAT,
        "dialect": connection.dialect.name,
        "database": shown_url(connection.engine.url),
        **about,
        "tables": [kept.as_dict() for kept in wanted],
    }
    counts: list[int] = []
    with gzip.GzipFile(fileobj=raw, mode="wb", filename="", compresslevel=6) as file:
        file.write(_line(head))
        with plain_session(connection):
            for number, kept in enumerate(wanted):
                _hold(connection, kept)
                count = 0
                for row in _rows(connection, kept):
                    file.write(_line([number, *(encode(value) for value in row)]))
                    count += 1
                counts.append(count)
        file.write(_line({"end": True, "rows": counts}))
    return sum(counts)


def _line(data: Any) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode("ascii") + b"\n"


def _rows(connection: Connection, kept: Kept) -> Iterator[Any]:
    quote = connection.dialect.identifier_preparer.quote
    reading = readers(connection, kept)
    columns = ", ".join(reading[name] for name in (*kept.keys, *kept.columns))
    # With the table's name: else PostgreSQL would sort by the text that the cast gives.
    order = ", ".join(f"kept.{quote(name)}" for name in kept.keys)
    text = f"SELECT {columns} FROM {place(connection, kept)} kept"
    statement = sa.text((text + (f" ORDER BY {order}" if order else "")).replace(":", "\\:"))
    rows = connection.execute(
        statement, execution_options={"stream_results": True, "max_row_buffer": _CHUNK}
    )
    with rows:
        for part in rows.partitions(_CHUNK):
            yield from part


def readers(connection: Connection, kept: Kept) -> dict[str, str]:
    """Return how each column is read so that nothing of its value gets lost."""
    quote = connection.dialect.identifier_preparer.quote
    family = connection.dialect.name
    types = {
        column["name"]: column["type"]
        for column in sa.inspect(connection).get_columns(kept.table, kept.schema)
    }
    read = {}
    for name in (*kept.keys, *kept.columns):
        if family == "postgresql":
            read[name] = f"CAST({quote(name)} AS text)"
        elif family in ("mysql", "mariadb") and type(types[name]).__name__.upper() == "FLOAT":
            read[name] = f"({quote(name)} + 0e0)"  # as shown, it would have six digits
        else:
            read[name] = quote(name)
    return read


def place(connection: Connection, kept: Kept) -> str:
    """Return the table's quoted name."""
    quote = connection.dialect.identifier_preparer.quote
    return f"{quote(kept.schema)}.{quote(kept.table)}" if kept.schema else quote(kept.table)


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
    elif connection.dialect.name in ("mysql", "mariadb"):
        before = connection.exec_driver_sql("SELECT @@session.time_zone").scalar_one()
        connection.exec_driver_sql("SET time_zone = '+00:00'")
        try:
            yield
        finally:
            connection.execute(sa.text("SET time_zone = :zone"), {"zone": before})
    else:
        yield


def _hold(connection: Connection, kept: Kept) -> None:
    """Keep writers out between the saving and the drop."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            f"LOCK TABLE {place(connection, kept)} IN SHARE ROW EXCLUSIVE MODE"
        )


def _wanted(connection: Connection, places: Sequence[tuple[str, str | None]]) -> list[Kept]:
    inspector = sa.inspect(connection)
    grouped: dict[str, set[str | None]] = {}
    for table, column in places:
        grouped.setdefault(table, set()).add(column)
    wanted = []
    for full, columns in grouped.items():
        named, _, table = full.rpartition(".")
        schema = real_schema(connection, named or None)
        if not inspector.has_table(table, schema=schema):
            continue
        wanted.append(_kept(inspector, table, schema, columns))
    return [kept for kept in wanted if kept.columns or (kept.whole and kept.keys)]


def _kept(
    inspector: sa.Inspector, table: str, schema: str | None, columns: set[str | None]
) -> Kept:
    present = [
        column["name"]
        for column in inspector.get_columns(table, schema)
        if not column.get("computed")
    ]
    keys = key_of(inspector, table, schema)
    whole = None in columns or not keys
    wanted = [name for name in present if (whole or name in columns) and name not in keys]
    return Kept(table, schema, tuple(wanted), keys, None in columns)


def key_of(inspector: sa.Inspector, table: str, schema: str | None) -> tuple[str, ...]:
    """Return the columns that tell the rows of a table apart; () where there are none."""
    key = inspector.get_pk_constraint(table, schema).get("constrained_columns")
    if key:
        return tuple(key)
    required = {
        column["name"] for column in inspector.get_columns(table, schema) if not column["nullable"]
    }
    for unique in inspector.get_unique_constraints(table, schema):
        if unique["column_names"] and set(unique["column_names"]) <= required:
            return tuple(name for name in unique["column_names"] if name)
    return ()
