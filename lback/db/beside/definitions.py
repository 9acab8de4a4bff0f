"""What a database of MySQL or MariaDB is made of, as statements that make it again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.core.copies.names import is_template
from lback.db.beside.made_keys import (
    foreign_keys,
    in_one_order,
    made_anew,
    quoted,
    with_made_keys,
)
from lback.errors import LbackError

_COUNTER = re.compile(r"\bAUTO_INCREMENT=\d+")
_TABLES = """
    SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = {} ORDER BY 1
"""
_COLUMNS = """
    SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = {} AND coalesce(GENERATION_EXPRESSION, '') = ''
    ORDER BY TABLE_NAME, ORDINAL_POSITION
"""


@dataclass(frozen=True, slots=True)
class Definitions:
    """The statements of a database, each kind in the order in which it is made.

    `rows` are the tables that have any, each with its columns; a sequence comes with what sets
    its next value, a table with its name, and what has code in it with the SQL mode of that.
    """

    database: str
    sequences: tuple[tuple[str, str], ...]
    tables: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    routines: tuple[tuple[str, str], ...]
    views: tuple[str, ...]
    triggers: tuple[tuple[str, str], ...]
    alone: tuple[tuple[str, str], ...] = ()
    """By table, a statement that makes the same one, with the indexes that its keys make."""

    def text(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str) -> Definitions:
        """Return what `text` made."""
        kept = json.loads(text)
        return cls(
            kept["database"],
            _pairs(kept["sequences"]),
            _pairs(kept["tables"]),
            tuple((table, tuple(columns)) for table, columns in kept["rows"]),
            _pairs(kept["routines"]),
            tuple(kept["views"]),
            _pairs(kept["triggers"]),
            _pairs(kept["alone"]),
        )

    def of(self, database: str) -> Definitions:
        """Return the same as a database of another name has it."""
        old, new = f"{quoted(self.database)}.", f"{quoted(database)}."
        views = tuple(sql.replace(old, new) for sql in self.views)
        return replace(self, database=database, views=views)

    @property
    def stored(self) -> Definitions:
        """Return the tables with their rows, and nothing else."""
        return replace(self, sequences=(), routines=(), views=(), triggers=())


def _pairs(values: Any) -> tuple[tuple[str, str], ...]:
    return tuple((first, second) for first, second in values)


def read_definitions(at: Connection, database: str) -> Definitions:
    """Read what a database is made of; LbackError for what cannot be made again."""
    kinds = [(str(name), str(kind)) for name, kind in _ask(at, _TABLES.format(_text(database)))]
    tables = [name for name, kind in kinds if kind in ("BASE TABLE", "SYSTEM VERSIONED")]
    views = [name for name, kind in kinds if kind == "VIEW"]
    sequences = [name for name, kind in kinds if kind == "SEQUENCE"]
    _refuse_others(kinds)
    columns: dict[str, list[str]] = {}
    for table, column in _ask(at, _COLUMNS.format(_text(database))):
        columns.setdefault(str(table), []).append(str(column))
    home = quoted(database)

    def shown(kind: str, name: str, place: int = 1) -> Any:
        return _ask(at, f"SHOW CREATE {kind} {home}.{quoted(name)}")[0]

    filled = _filled(at, home, tables)
    routines = [
        (str(row[1]), str(row[2]))
        for kind in ("FUNCTION", "PROCEDURE")
        for name in _names(at, f"SHOW {kind} STATUS WHERE Db = {_text(database)}", 1)
        for row in [shown(kind, name)]
    ]
    triggers = [
        (str(row[1]), str(row[2]))
        for name in _names(at, f"SHOW TRIGGERS FROM {home}", 0)
        for row in [shown("TRIGGER", name)]
    ]
    if _names(at, f"SHOW EVENTS FROM {home}", 1):
        raise LbackError(
            f"{database} has events, which a copy would run as well.",
            "Leave events out of the migrations, or make this database by hand.",
        )
    return Definitions(
        database,
        tuple(_sequence(at, home, name) for name in sequences),
        tuple((name, str(shown("TABLE", name)[1])) for name in tables),
        tuple((name, tuple(columns[name])) for name in tables if name in filled),
        tuple(routines),
        tuple(str(shown("VIEW", name)[1]) for name in views),
        tuple(triggers),
    )


def _refuse_others(kinds: Iterable[tuple[str, str]]) -> None:
    known = ("BASE TABLE", "SYSTEM VERSIONED", "VIEW", "SEQUENCE")
    others = [f"{name} ({kind})" for name, kind in kinds if kind not in known]
    if others:
        raise LbackError(
            f"It is not known how to copy {', '.join(others)}.",
            "Make this database by hand, or leave these out of the migrations.",
        )


def _filled(at: Connection, home: str, tables: Sequence[str]) -> frozenset[str]:
    """Return the tables that have rows."""
    found: set[str] = set()
    for start in range(0, len(tables), 50):
        asked = [
            f"SELECT {_text(name)} FROM DUAL WHERE EXISTS (SELECT 1 FROM {home}.{quoted(name)})"
            for name in tables[start : start + 50]
        ]
        found.update(str(row[0]) for row in _ask(at, " UNION ALL ".join(asked)))
    return frozenset(found)


def _sequence(at: Connection, home: str, name: str) -> tuple[str, str]:
    made = str(_ask(at, f"SHOW CREATE SEQUENCE {home}.{quoted(name)}")[0][1])
    value = _ask(at, f"SELECT next_not_cached_value FROM {home}.{quoted(name)}")[0][0]
    # What a sequence gave once it does not give again.
    return made, f"SELECT SETVAL({quoted(name)}, {value}, 0)"


def with_keys_made(at: Connection, definitions: Definitions) -> Definitions:
    """Add what makes each table that has foreign keys; the database is about to go."""
    at.exec_driver_sql(f"USE {quoted(definitions.database)}")
    alone = tuple(
        (name, with_made_keys(at.exec_driver_sql, name, sql, spare=True))
        for name, sql in definitions.tables
        if foreign_keys(sql)
    )
    return replace(definitions, alone=alone)


def replay(at: Connection, definitions: Definitions, database: str) -> None:
    """Make all of it in an empty database; rows come from the old one, as they are there."""
    old, new = quoted(definitions.database), quoted(database)
    at.exec_driver_sql(f"USE {new}")
    at.exec_driver_sql(
        "SET SESSION foreign_key_checks = 0, unique_checks = 0, "
        "sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')"
    )
    for made, value in definitions.sequences:
        at.exec_driver_sql(made)
        at.exec_driver_sql(value).all()
    alone = dict(definitions.alone)
    for name, sql in definitions.tables:
        text = alone.get(name) if foreign_keys(sql) else sql
        if text is None or not _is_made(at, name, (text,), sql):
            _make_table(at, old, name, sql)
    _copy_rows(at, definitions, old, new)
    for mode, sql in definitions.routines:
        _in_mode(at, mode, sql)
    _views(at, [sql.replace(f"{old}.", "") for sql in definitions.views])
    for mode, sql in definitions.triggers:
        _in_mode(at, mode, sql)


def _make_table(at: Connection, old: str, name: str, sql: str) -> None:
    """Make a table like the old one, for its text does not say which indexes the server has made.

    Such an index goes by itself once another one serves its foreign key. Where what comes out is
    another table than the text says, the text makes it.
    """
    place = quoted(name)
    more = [f"ADD {line}" for line in made_anew(name, foreign_keys(sql))]
    more += _COUNTER.findall(sql.rpartition("\n")[2])
    ways = [f"CREATE TABLE {place} LIKE {old}.{place}"]
    ways += [f"ALTER TABLE {place} {', '.join(more)}"] if more else []
    if not _is_made(at, name, ways, sql):
        at.exec_driver_sql(sql)


def _is_made(at: Connection, name: str, ways: Iterable[str], sql: str) -> bool:
    """Make a table, and tell whether its text is `sql` then; else there is none."""
    place = quoted(name)
    try:
        for statement in ways:
            at.exec_driver_sql(statement)
        if in_one_order(_ask(at, f"SHOW CREATE TABLE {place}")[0][1]) == in_one_order(sql):
            return True
    except sa.exc.DBAPIError:
        pass
    at.exec_driver_sql(f"DROP TABLE IF EXISTS {place}")
    return False


def _copy_rows(at: Connection, definitions: Definitions, old: str, new: str) -> None:
    """Copy all rows at one moment, in one transaction: what a row refers to is there, too."""
    if not definitions.rows:
        return
    at.exec_driver_sql("SET SESSION autocommit = 0")
    if not is_template(definitions.database):  # somebody may be writing
        locks = [f"{old}.{quoted(table)} READ" for table, _ in definitions.rows]
        locks += [f"{new}.{quoted(table)} WRITE" for table, _ in definitions.rows]
        at.exec_driver_sql(f"LOCK TABLES {', '.join(locks)}")
    for table, columns in definitions.rows:
        names, place = ", ".join(map(quoted, columns)), quoted(table)
        at.exec_driver_sql(f"INSERT INTO {new}.{place} ({names}) SELECT {names} FROM {old}.{place}")
    at.exec_driver_sql("COMMIT")
    at.exec_driver_sql("UNLOCK TABLES")
    at.exec_driver_sql("SET SESSION autocommit = 1")


def _views(at: Connection, views: Sequence[str]) -> None:
    """Make views, each after those that it reads."""
    left = list(views)
    while left:
        failed: list[str] = []
        for sql in left:
            try:
                at.exec_driver_sql(sql)
            except sa.exc.DBAPIError as err:
                failed.append(sql)
                why = err
        if len(failed) == len(left):
            raise why
        left = failed


def _in_mode(at: Connection, mode: str, sql: str) -> None:
    at.exec_driver_sql(f"SET SESSION sql_mode = {_text(mode)}")
    at.exec_driver_sql(sql)


def _names(at: Connection, sql: str, place: int) -> list[str]:
    return [str(row[place]) for row in _ask(at, sql)]


def _ask(at: Connection, sql: str) -> Sequence[Any]:
    return at.exec_driver_sql(sql).all()


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
