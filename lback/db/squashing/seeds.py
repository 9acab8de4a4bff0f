"""Reads the rows of a database, and writes what inserts them: typed where that gives the same."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.core.altering.made import quoted
from lback.core.squash.seeds import Seeds, SeedTable
from lback.db.session import less_talk
from lback.db.squashing.code import Writer
from lback.db.squashing.writing import Rendering, project_tables, shown_name

# Types that any driver takes as they are, where a column's own type would change the value.
_PLAIN: Mapping[type, str] = {
    bool: "sa.Boolean()",
    int: "sa.BigInteger()",
    float: "sa.Float()",
    str: "sa.Text()",
    bytes: "sa.LargeBinary()",
    Decimal: "sa.Numeric()",
    datetime: "sa.DateTime()",
    date: "sa.Date()",
    time: "sa.Time()",
}
_COUNTERS = """
    SELECT CAST(CAST(c.oid AS regclass) AS text) FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'S' AND n.nspname !~ '^pg_'
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = c.oid AND e.deptype = 'e') ORDER BY 1
"""


def read_seeds(connection: Connection) -> Seeds:
    """Return the rows of all tables, as the driver gives them."""
    found = {}
    for table in project_tables(connection):
        columns = _stored(table)
        rows = connection.exec_driver_sql(_select(connection, table, columns)).all()
        if rows:
            name = shown_name(table)
            own = [column.name for column in columns]
            found[name] = SeedTable(
                name, tuple(own), tuple(map(_row, rows)), _parents(table), _inner(table, own)
            )
    return Seeds(found, dict(_counters(connection)))


@less_talk()
def write_seeds(
    connection: Connection,
    seeds: Sequence[SeedTable],
    counters: Mapping[str, tuple[int, bool]],
) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the code that inserts these rows, which the database has, and what it imports."""
    writer = Writer()
    render = Rendering(connection)
    tables = {shown_name(table): table for table in project_tables(connection)}
    imports: set[str] = set()
    for seed in seeds:
        table = tables[seed.name]
        columns = [_Cells(render, table.columns[name]) for name in seed.columns]
        for place, cells in enumerate(columns):
            cells.take([row[place] for row in seed.rows])
        if connection.dialect.name == "postgresql" and any(one.odd for one in columns):
            _as_text(connection, writer, table, seed)
            continue
        writer.add(_bulk(table, columns, len(seed.rows)))
        imports.add("import sqlalchemy as sa")
        imports.update(*(one.imports for one in columns))
    for name, (value, given) in sorted(counters.items()):
        writer.sql(f"SELECT setval('{name.replace(chr(39), 2 * chr(39))}', {value}, {given})")
    return tuple(writer.up), frozenset({*imports, *render.context.imports})


class _Cells:
    """The values of one column, and the type by which they come back as they were."""

    def __init__(self, render: Rendering, column: sa.Column[Any]) -> None:
        self.name = column.name
        self.column = column
        self.render = render
        self.dialect = render.connection.dialect
        self.type = ""
        self.values: list[str] = []
        self.imports: set[str] = set()
        self.odd = bool(column.identity is not None and column.identity.always)
        """Whether only SQL of the server's own writes it."""

    def take(self, given: Sequence[Any]) -> None:
        """Take the values as the driver has them."""
        typed = self._typed(given)
        values = given if typed is None else typed
        if typed is not None:
            self.type = self.render.type(self.column.type)
        else:
            kinds = {type(value) for value in given if value is not None}
            self.type = _PLAIN.get(next(iter(kinds), str), "") if len(kinds) <= 1 else ""
            self.odd |= not self.type or self.dialect.name == "postgresql"
        for value in values:
            text, imported = literal(value)
            self.odd |= not text
            self.values.append(text)
            self.imports |= imported

    def _typed(self, given: Sequence[Any]) -> list[Any] | None:
        """Return what the column's type makes of the values; None where it loses something."""
        kind = self.column.type
        if isinstance(kind, sa.JSON | sa.types.NullType | sa.ARRAY):
            return None  # NULL and null are not told apart, or only SQL of its own makes it
        try:
            own = kind.dialect_impl(self.dialect)
            out = own.result_processor(self.dialect, None) or _same
            back = own.bind_processor(self.dialect) or _same
            found = [None if value is None else out(value) for value in given]
            same = all(
                value is None or _alike(back(made), value)
                for made, value in zip(found, given, strict=True)
            )
        except Exception:  # a type may refuse what a column of SQLite holds, in any way
            return None
        return found if same else None


def _same(value: Any) -> Any:
    return value


def _alike(one: Any, other: Any) -> bool:
    kinds = {type(one), type(other)}
    return bool(one == other) and (len(kinds) == 1 or kinds <= {bool, int})


def literal(value: Any) -> tuple[str, set[str]]:
    """Return the Python of a value, and what that imports; "" where it has none."""
    kind = type(value)
    if value is None or kind in (bool, int, str, bytes):
        return ascii(value), set()
    if kind is float:
        return (repr(value) if math.isfinite(value) else f'float("{value}")'), set()
    if kind is Decimal:
        return f'decimal.Decimal("{value}")', {"import decimal"}
    if kind is UUID:
        return f'uuid.UUID("{value}")', {"import uuid"}
    if kind is datetime and value.tzinfo is not None:
        return repr(value.astimezone(timezone.utc)), {"import datetime"}
    if kind in (datetime, date, timedelta) or (kind is time and value.tzinfo is None):
        return repr(value), {"import datetime"}
    return "", set()


def _bulk(table: sa.Table, columns: Sequence[_Cells], number: int) -> str:
    place = [f"    schema={str(table.schema)!r},"] if table.schema else []
    kinds = [
        f"        sa.column({one.name!r}{f', {one.type}' if one.type else ''})," for one in columns
    ]
    rows = [
        "        {" + ", ".join(f"{one.name!r}: {one.values[row]}" for one in columns) + "},"
        for row in range(number)
    ]
    head = [f"        {str(table.name)!r},", *kinds, *[f"    {line}" for line in place]]
    return "\n".join(
        ["op.bulk_insert(", "    sa.table(", *head, "    ),", "    [", *rows, "    ],", ")"]
    )


def _as_text(connection: Connection, writer: Writer, table: sa.Table, seed: SeedTable) -> None:
    """Write an INSERT whose values are text that PostgreSQL reads by each column's type."""
    columns = _stored(table)
    shown = ".".join(map(quoted, filter(None, (table.schema, table.name))))
    names = ", ".join(quoted(column.name) for column in columns)
    texts = ", ".join(f"CAST({quoted(column.name)} AS text)" for column in columns)
    # As text() they are run as they are, whatever the driver makes of percent signs.
    asked = f"SELECT {names} FROM {shown}", f"SELECT {texts} FROM {shown}"
    raw, said = (connection.execute(sa.text(sql.replace(":", "\\:"))).all() for sql in asked)
    by_row: dict[str, list[Any]] = {}
    for row, text in zip(raw, said, strict=True):
        by_row.setdefault(repr(_row(row)), []).append(text)
    wanted = [by_row[repr(row)].pop() for row in seed.rows]
    values = ",\n".join(f"({', '.join(map(_quoted, row))})" for row in wanted)
    always = any(column.identity is not None and column.identity.always for column in columns)
    word = " OVERRIDING SYSTEM VALUE" if always else ""
    writer.sql(f"INSERT INTO {shown} ({names}){word} VALUES\n{values}")


def _quoted(text: str | None) -> str:
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def _stored(table: sa.Table) -> list[sa.Column[Any]]:
    return [column for column in table.columns if column.computed is None]


def _select(connection: Connection, table: sa.Table, columns: Sequence[sa.Column[Any]]) -> str:
    prepare = connection.dialect.identifier_preparer
    names = ", ".join(prepare.quote(column.name) for column in columns)
    key = ", ".join(prepare.quote(column.name) for column in table.primary_key.columns)
    order = f" ORDER BY {key}" if key else ""
    return f"SELECT {names} FROM {prepare.format_table(table)}{order}"


def _row(row: Any) -> tuple[Any, ...]:
    return tuple(bytes(one) if isinstance(one, memoryview) else one for one in row)


def _parents(table: sa.Table) -> frozenset[str]:
    return frozenset(_target(key) for key in table.foreign_key_constraints)


def _target(key: sa.ForeignKeyConstraint) -> str:
    return key.elements[0].target_fullname.rsplit(".", 1)[0]


def _inner(
    table: sa.Table, columns: Sequence[str]
) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
    """Return the keys of a table to itself, by the places of their columns."""
    found = []
    for key in table.foreign_key_constraints:
        if _target(key) == shown_name(table):
            own = tuple(columns.index(name) for name in key.column_keys)
            others = [part.target_fullname.rsplit(".", 1)[1] for part in key.elements]
            found.append((own, tuple(columns.index(name) for name in others)))
    return tuple(found)


def _counters(connection: Connection) -> Iterator[tuple[str, tuple[int, bool]]]:
    """Yield the sequences of PostgreSQL: a row with a number of its own does not move them."""
    if connection.dialect.name != "postgresql":
        return
    for (name,) in connection.exec_driver_sql(_COUNTERS).all():
        place = name.replace(":", "\\:")
        found = connection.execute(sa.text(f"SELECT last_value, is_called FROM {place}"))
        value, called = found.one()
        yield name, (int(value), bool(called))
