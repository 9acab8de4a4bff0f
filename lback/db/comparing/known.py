"""Tables that were once compared and found the same are not compared again while both sides stay.

What was found is kept as marks of pairs: of the table that is there, and of the text that would
make the one of the models. Nothing is taken for the same because of a name or a time.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import __version__ as alembic_version
from alembic.runtime.migration import MigrationContext
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection
from sqlalchemy.schema import CreateIndex, CreateTable

from lback.db.alembic_compat import compared_by_others
from lback.db.command_lines import like
from lback.db.comparing.marks import Key, Marks, digest, read_marks
from lback.db.comparing.needs import domain_text
from lback.db.comparing.twins import own_enum
from lback.files import write_whole

_LEVEL = "2"
"""Goes up when more is compared than before."""
_MOST = 20_000


class KnownTables:
    """Which tables of the models are known to be what is there, and which were found to be so."""

    def __init__(self, place: Path | None = None) -> None:
        self.place = place
        self.same: set[Key] = set()
        self.marks: Marks | None = None
        self._hidden: set[Key] = set()
        self._pairs: dict[Key, str] = {}
        self._kept = _read(place)
        self._found: list[str] = []
        self._default: str | None = None

    def look(self, context: MigrationContext) -> None:
        """Find out which tables need no comparison; let autogenerate leave them out."""
        connection, options = context.connection, context.opts
        if connection is None or _compares_in_its_own_way(options):
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.marks = marks = read_marks(connection, [context.version_table])
        if marks is None:
            return
        self._default = default = connection.dialect.default_schema_name
        start = _surroundings(context, marks)
        kept = set(self._kept)
        for table in _tables(options["target_metadata"]):
            key = None if table.schema == default else table.schema, str(table.name)
            mark = marks.tables.get(key)
            text = mark and _text(table, connection)
            if not text:
                continue
            self._pairs[key] = digest([start, mark, text])
            if self._pairs[key] in kept:
                self.same.add(key)
        # Asked for no table at all, SQLAlchemy reflects all that there are.
        for schema in {schema for schema, _ in marks.tables}:
            there = {key for key in marks.tables if key[0] == schema}
            if there and there <= self.same:
                self.same.discard(min(there, key=str))
        self._filter(options, default)

    def _filter(self, options: dict[str, Any], default: str | None) -> None:
        theirs_name, theirs = options.get("include_name"), options.get("include_object")

        def include_name(name: str | None, kind: str, parents: Any) -> bool:
            schema = parents.get("schema_name")
            schema = None if schema == default else schema
            if kind == "table" and (schema, name) in self.same:
                return False
            kept = theirs_name is None or bool(theirs_name(name, kind, parents))
            if not kept and "table_name" in parents:
                self._hidden.add((schema, parents["table_name"]))
            return kept

        def include_object(thing: Any, name: Any, kind: str, reflected: bool, other: Any) -> bool:
            table = thing if kind == "table" else _table_of(thing)
            key = _key(table, default) if table is not None else None
            if kind == "table" and key in self.same:
                return False
            kept = theirs is None or bool(theirs(thing, name, kind, reflected, other))
            if not kept and kind != "table":
                # What env.py does not want to see says nothing of the rest of the table.
                self._hidden |= self._pairs.keys() if key is None else {key}
            return kept

        options["include_name"] = include_name
        options["include_object"] = (
            include_object if theirs is None else like(theirs, include_object)
        )

    def find(self, schema: str | None, name: str) -> None:
        """Note that a table was compared, and nothing was found to do."""
        key = None if schema == self._default else schema, name
        if key in self._pairs and key not in self._hidden:
            self._found.append(self._pairs[key])

    def unknown(self, tables: Iterable[sa.Table]) -> list[sa.Table]:
        """Return the tables that are to be compared."""
        return [table for table in tables if _key(table, self._default) not in self.same]

    def keep(self) -> None:
        """Write down what was found; where that cannot be, it is found again next time."""
        new = [pair for pair in dict.fromkeys(self._found) if pair not in set(self._kept)]
        if self.place is None or not new:
            return
        with suppress(OSError):
            self.place.parent.mkdir(parents=True, exist_ok=True)
            data = json.dumps([*self._kept, *new][-_MOST:]).encode()
            write_whole(self.place, data, durable=False)


def _table_of(thing: Any) -> sa.Table | None:
    try:
        table: sa.Table | None = getattr(thing, "table", None)
    except sa.exc.InvalidRequestError:  # a constraint that no table has yet
        return None
    return table


def _read(place: Path | None) -> list[str]:
    with suppress(OSError, ValueError):
        kept = json.loads(place.read_bytes()) if place is not None else []
        if isinstance(kept, list) and all(isinstance(pair, str) for pair in kept):
            return kept
    return []


def _compares_in_its_own_way(options: dict[str, Any]) -> bool:
    """Tell whether code of the project has a say in what differs, which no mark tells of."""
    ways = ("compare_type", "compare_server_default")
    return any(callable(options.get(way)) for way in ways) or compared_by_others(options)


def _surroundings(context: MigrationContext, marks: Marks) -> str:
    names = ("compare_type", "compare_server_default", "include_schemas")
    options = [f"{name}={context.opts.get(name)!r}" for name in names]
    dialect = context.dialect
    versions = [_LEVEL, alembic_version, sa.__version__, dialect.name, dialect.driver]
    return digest([*versions, *options, marks.types])


def _tables(given: Any) -> list[sa.Table]:
    several: Iterable[Any] = given if isinstance(given, Sequence) else [given]
    return [table for metadata in several for table in metadata.tables.values()]


def _key(table: sa.Table, default: str | None) -> Key:
    return None if table.schema == default else table.schema, str(table.name)


def _text(table: sa.Table, connection: Connection) -> str | None:
    """Return all that would be sent to make a table of the models; None where that is not known."""
    dialect = connection.dialect
    with suppress(Exception):  # what cannot be written is compared
        parts: list[Any] = [CreateTable(table)]
        parts += [
            CreateIndex(index) for index in sorted(table.indexes, key=lambda one: str(one.name))
        ]
        texts = [str(part.compile(dialect=dialect)) for part in parts]
        texts.append(repr(table.comment))
        for column in table.columns:
            texts.append(repr((column.name, column.comment)))
            if dialect.name == "postgresql":
                texts += _types_in(column.type, dialect)
        return digest(texts)
    return None


def _types_in(kind: Any, dialect: Any) -> list[str]:
    enum = own_enum(kind, dialect)
    if enum is not None:
        return [repr((enum.schema, enum.name, list(enum.enums)))]
    return [domain_text(kind, dialect)] if isinstance(kind, postgresql.DOMAIN) else []
