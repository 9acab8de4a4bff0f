"""SQL about saved rows: names as they are, values without loss, and when two are the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, CursorResult

MYSQL = ("mysql", "mariadb")
# A default that gives the same for each row: a word, a number or a text, perhaps with its type.
_CONSTANT = re.compile(
    r"\(*\s*(?:'(?:[^']|'')*'|-?\d+(?:\.\d+)?|true|false|null)\s*\)*(?:::[\w\s.\"\[\]()]+)?",
    re.IGNORECASE,
)
_TEXTS = ("CHAR", "VARCHAR", "TEXT", "TINYTEXT", "MEDIUMTEXT", "LONGTEXT", "NVARCHAR", "NCHAR")


def quoted(connection: Connection, name: str) -> str:
    """Return a name for `run`: always quoted, whatever it holds."""
    marks = connection.dialect.identifier_preparer
    text = name.replace(marks.final_quote, marks.final_quote * 2)
    return f"{marks.initial_quote}{text}{marks.final_quote}".replace(":", "\\:")


def placed(connection: Connection, table: str, schema: str | None) -> str:
    """Return a table's quoted name with its schema."""
    own = quoted(connection, table)
    return f"{quoted(connection, schema)}.{own}" if schema else own


def run(
    connection: Connection,
    text: str,
    values: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    **options: Any,
) -> CursorResult[Any]:
    """Run a statement made of quoted names; `:name` stands for a value."""
    return connection.execute(sa.text(text), values, execution_options=options)


def count(connection: Connection, text: str) -> int:
    """Return the number that a statement gives."""
    return int(run(connection, text).scalar_one())


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What has to be known of a column to write values into it, and to compare them.

    `written` is PostgreSQL's name of the type; `plain` that no type of the project's own is in
    it. `fresh` is what the column holds in rows that nobody has given a value: SQL, "" where
    that is NULL or not known.
    """

    name: str
    written: str = ""
    plain: bool = True
    text: bool = False
    single: bool = False
    computed: bool = False
    identity: bool = False
    always: bool = False
    moment: bool = False
    nullable: bool = True
    fresh: str = ""


class Shape:
    """A table as it is now: its columns, its key, and how SQL speaks of them."""

    def __init__(self, connection: Connection, table: str, schema: str | None) -> None:
        self.connection = connection
        self.family = connection.dialect.name
        self.place = placed(connection, table, schema)
        self.table, self.schema = table, schema
        inspector = sa.inspect(connection)
        self.there = inspector.has_table(table, schema=schema)
        self.columns = _columns(connection, inspector, table, schema) if self.there else {}
        self.key = key_of(inspector, table, schema) if self.there else ()
        if self.family == "sqlite" and self._lacks_key():
            self.key = ()

    def _lacks_key(self) -> bool:
        """Tell whether a row has NULL in its primary key, as only SQLite allows."""
        empty = " OR ".join(f"{self.name(key)} IS NULL" for key in self.key)
        there = f"SELECT EXISTS (SELECT 1 FROM {self.place} WHERE {empty})"
        return bool(empty) and bool(count(self.connection, there))

    @property
    def stored(self) -> tuple[str, ...]:
        """Return the names of the columns that hold what was written to them."""
        return tuple(name for name, facts in self.columns.items() if not facts.computed)

    def name(self, column: str, alias: str = "") -> str:
        """Return a quoted column, with the name that the table has in a statement."""
        own = quoted(self.connection, column)
        return f"{alias}.{own}" if alias else own

    def names(self, columns: Iterable[str], alias: str = "") -> str:
        """Return quoted columns with commas."""
        return ", ".join(self.name(column, alias) for column in columns)

    def value(self, column: str, alias: str = "s") -> str:
        """Return a saved value as what this column takes."""
        own = self.name(column, alias)
        written = self.columns[column].written
        return f"CAST({own} AS {written})" if written else own

    def same(self, column: str, left: str = "t", right: str = "s") -> str:
        """Return whether a column holds, to the byte, what was saved; NULL is NULL."""
        mine, saved = self.name(column, left), self.value(column, right)
        if self.family == "postgresql":
            return f"CAST({mine} AS text) IS NOT DISTINCT FROM CAST({saved} AS text)"
        if self.family in MYSQL:
            if self.columns[column].text:
                return f"CAST({mine} AS BINARY) <=> CAST({saved} AS BINARY)"
            return f"{mine} <=> {saved}"
        return f"({mine} COLLATE BINARY) IS {saved}"

    def all_same(self, columns: Iterable[str], left: str = "t", right: str = "s") -> str:
        """Return whether all of some columns hold what was saved."""
        return " AND ".join(self.same(column, left, right) for column in columns) or "1 = 1"

    def keyed(self, keys: Iterable[str], left: str = "t", right: str = "s") -> str:
        """Return whether two rows have one key, as the table itself sees it."""
        return " AND ".join(f"{self.name(key, left)} = {self.value(key, right)}" for key in keys)

    def fingerprint(self, columns: Sequence[str], alias: str) -> str:
        """Return a row's values as one text: two rows with the same text hold the same.

        Under the alias `t` of the table itself; under any other, of a table that holds saved rows.
        """
        saved = alias != "t"
        values = [
            self.value(column, alias) if saved else self.name(column, alias) for column in columns
        ]
        if self.family == "postgresql":
            return f"CAST(ROW({', '.join(values)}) AS text)"
        if self.family in MYSQL:
            wide = [
                f"({value} + 0e0)" if self.columns[column].single else value
                for column, value in zip(columns, values, strict=True)
            ]
            parts = [f"IFNULL(HEX(CAST({value} AS BINARY)), 'N')" for value in wide]
            return f"CONCAT_WS(',', {', '.join(parts)})"
        return " || ',' || ".join(f"quote({value})" for value in values)

    def untouched(self, column: str, alias: str = "t") -> str:
        """Return whether a column still holds what it came back with: its default, or NULL."""
        own = self.name(column, alias)
        if not self.columns[column].fresh:
            return f"{own} IS NULL"
        return f"({own} IS NULL OR {self._is_default(column, alias)})"

    def _is_default(self, column: str, alias: str) -> str:
        """Return whether a column holds its default, to the letter."""
        own, facts = self.name(column, alias), self.columns[column]
        if self.family == "postgresql":
            return f"CAST({own} AS text) = CAST(CAST({facts.fresh} AS {facts.written}) AS text)"
        if self.family in MYSQL and facts.text:
            sides = [f"CAST(CONVERT({it} USING utf8mb4) AS BINARY)" for it in (own, facts.fresh)]
            return " = ".join(sides)
        return f"{own}{' COLLATE BINARY' if self.family == 'sqlite' else ''} = {facts.fresh}"

    def fresh(self, column: str) -> str:
        """Return whether what was saved of a column is what a new row holds by itself."""
        saved = self.name(column, "s")
        if not self.columns[column].fresh:
            return f"{saved} IS NULL"
        return f"({saved} IS NOT NULL AND {self._is_default(column, 's')})"

    def reader(self, column: str, alias: str = "") -> str:
        """Return how a column is read so that nothing of its value gets lost on the way here."""
        own = self.name(column, alias)
        if self.family == "postgresql":
            return f"CAST({own} AS text)"
        if self.family in MYSQL and self.columns[column].single:
            return f"({own} + 0e0)"  # as shown, it would have six digits
        return own

    def copied(self, column: str, alias: str = "") -> str:
        """Return how a column is copied to a table that must not depend on the project's types."""
        own = self.name(column, alias)
        return own if self.columns[column].plain else f"CAST({own} AS text) AS {self.name(column)}"


def _columns(
    connection: Connection, inspector: sa.Inspector, table: str, schema: str | None
) -> dict[str, ColumnFacts]:
    types = _postgres_types(connection, table, schema)
    facts = {}
    for column in inspector.get_columns(table, schema):
        name, kind = column["name"], type(column["type"]).__name__.upper()
        written, plain = types.get(name, ("", True))
        identity: Any = column.get("identity") or {}
        facts[name] = ColumnFacts(
            name,
            written,
            plain,
            kind in _TEXTS,
            kind == "FLOAT",
            bool(column.get("computed")),
            bool(identity),
            bool(identity.get("always")),
            kind in ("TIMESTAMP", "DATETIME"),
            bool(column.get("nullable", True)),
            _fresh(column.get("default")),
        )
    return facts


def _fresh(default: Any) -> str:
    """Return a default that is the same for each row, as SQL; "" for any other."""
    text = str(default or "").strip()
    if not _CONSTANT.fullmatch(text) or text.strip("() ").casefold() == "null":
        return ""
    return text.replace(":", "\\:")


def _postgres_types(
    connection: Connection, table: str, schema: str | None
) -> dict[str, tuple[str, bool]]:
    """Return each column's type without its length, and whether it is one of PostgreSQL's own.

    Without the length: a cast to varchar(5) would cut a text off, and say nothing.
    """
    if connection.dialect.name != "postgresql":
        return {}
    rows: Any = run(
        connection,
        "SELECT a.attname, format_type(a.atttypid, -1), n.nspname = 'pg_catalog' "
        "FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid "
        "JOIN pg_namespace n ON n.oid = y.typnamespace "
        "WHERE a.attrelid = to_regclass(:place) AND a.attnum > 0 AND NOT a.attisdropped",
        {"place": placed(connection, table, schema).replace("\\:", ":")},
    )
    return {row[0]: (str(row[1]).replace(":", "\\:"), bool(row[2])) for row in rows}


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
