"""Saves columns with their keys, or whole tables, to a file before they are dropped."""

from __future__ import annotations

import gzip
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from sqlalchemy.engine import Connection

from lback.core.lossless import encode
from lback.db.keeping.kept import Kept, hold, plain_session, sequences_of, wanted
from lback.db.keeping.row_sql import Shape, run
from lback.db.urls import shown_url
from lback.errors import LbackError
from lback.files import replacing, sweep, sync_folder

FORMAT = 1
_CHUNK = 2000
_STALE = 3600.0  # seconds; a save that goes on writes more often


def save(
    connection: Connection,
    path: Path,
    places: Sequence[tuple[str, str | None]],
    about: Mapping[str, Any],
    dropped: Collection[tuple[str, str | None]] = (),
) -> int:
    """Write what is at these places to a file, and return the number of rows.

    What they take along from other tables is saved as well; some of them are `dropped`.

    The file comes into being at once, complete and on the disk, or not at all. Writers
    are kept out until the connection's transaction ends, where the database can do that.
    """
    tables = wanted(connection, places, dropped=dropped)
    if not tables:
        return 0
    for kept in tables:
        hold(connection, kept)
    tables = [replace(kept, sequences=sequences_of(connection, kept)) for kept in tables]
    try:
        sweep(path.parent, older=_STALE)
        with replacing(path, 0o600) as file:
            rows = _write(connection, file, tables, about)
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
    tables: Sequence[Kept],
    about: Mapping[str, Any],
) -> int:
    head = {
        "lback-backup": FORMAT,
        "dialect": connection.dialect.name,
        "database": shown_url(connection.engine.url),
        **about,
        "tables": [kept.as_dict() for kept in tables],
    }
    counts: list[int] = []
    with gzip.GzipFile(fileobj=raw, mode="wb", filename="", compresslevel=6) as file:
        file.write(_line(head))
        with plain_session(connection):
            for number, kept in enumerate(tables):
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
    shape = Shape(connection, kept.table, kept.schema)
    columns = ", ".join(shape.reader(name, "kept") for name in kept.names)
    # With the table's name: else PostgreSQL would sort by the text that the cast gives.
    order = shape.names(kept.keys, "kept")
    text = f"SELECT {columns} FROM {shape.place} kept"
    rows = run(
        connection,
        text + (f" ORDER BY {order}" if order else ""),
        stream_results=True,
        max_row_buffer=_CHUNK,
    )
    with rows:
        for part in rows.partitions(_CHUNK):
            yield from part
    if connection.dialect.driver == "asyncpg":
        # It leaves its cursor to the end of the transaction, and no table that is read is altered.
        run(connection, "CLOSE ALL")
