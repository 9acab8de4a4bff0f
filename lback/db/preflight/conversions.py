"""Which values do not fit a column's new type, as each database converts them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from lback.core.preflight.column_types import ColumnType
from lback.core.preflight.rows import State

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect


class Probe(NamedTuple):
    """Rows to look for: those for which `given` is true, "" for all; and what they mean.

    With `group` it is more than one row with the same values of these columns. An `attempt` gives
    a conversion to try, where the database has no way to ask whether it can be done.
    """

    kind: str
    state: State
    given: str
    group: tuple[str, ...] = ()
    alias: str = ""
    reason: str = ""
    attempt: bool = False


TOO_LONG, UNFIT, RANGE, ROUNDED = "too long", "not convertible", "out of range", "rounded"
ENUM = "enum value"
_SHOWN = frozenset({"text", "integer", "number", "date", "uuid", "enum"})
# A cast and nothing else, over plain text where it takes a step between.
_CAST = re.compile(
    r"""\s*"?(?P<column>\w+)"?\s*(?:::\s*(?:text|varchar|character\s+varying)\s*)?"""
    r"""::\s*"?[A-Za-z_][\w ."]*(?:\(\s*\d+\s*(?:,\s*\d+\s*)?\))?\s*""",
    re.IGNORECASE,
)
_CAST_CALL = re.compile(
    r"""\s*CAST\s*\(\s*"?(?P<column>\w+)"?\s+AS\s+"""
    r"""[\w ."]+(?:\(\s*\d+\s*(?:,\s*\d+\s*)?\))?\s*\)\s*""",
    re.IGNORECASE,
)


def conversions(
    dialect: Dialect, old: ColumnType, new: ColumnType, column: str, using: str
) -> Iterator[Probe]:
    """Yield what to look for where a column, quoted, becomes of a new type."""
    if dialect.name == "postgresql":
        yield from _postgresql(dialect, old, new, column, using)
    elif dialect.name == "sqlite":
        yield from _sqlite(old, new, column)
    else:
        yield from _mysql(dialect, old, new, column)


# -- PostgreSQL --------------------------------------------------------------------


def is_cast(using: str, column: str) -> bool:
    """Tell whether an expression casts the column, and does nothing else."""
    bare = using.strip()
    while bare.startswith("(") and bare.endswith(")") and bare.count("(") == bare.count(")") == 1:
        bare = bare[1:-1].strip()
    match = _CAST.fullmatch(bare) or _CAST_CALL.fullmatch(bare)
    return match is not None and match["column"].casefold() == column.strip('"').casefold()


def _postgresql(
    dialect: Dialect, old: ColumnType, new: ColumnType, column: str, using: str
) -> Iterator[Probe]:
    if using and not is_cast(using, column):
        return
    text = f"CAST({column} AS text)"
    if new.family == "text":
        shorter = new.length is not None and (old.length is None or old.length > new.length)
        if shorter and old.family in _SHOWN | {"timestamp", "time", "boolean"}:
            # An explicit cast cuts what is too long; the spaces at the end always go.
            state: State = "loses" if using else "stops"
            yield Probe(TOO_LONG, state, f"char_length(rtrim({text})) > {new.length}")
    elif new.family == "enum":
        if new.values and old.family in ("text", "enum"):
            yield Probe(ENUM, "stops", f"{text} NOT IN ({_listed(new.values)})")
    elif old.family == "text":
        yield from _read(dialect, new, text)
    elif new.family == "integer" and old.family in ("integer", "number"):
        yield from _bounded(old, new, column)
    elif new.family == "number" and old.family in ("integer", "number") and new.precision:
        yield from _scaled(old, new, column, f"{text} <> 'NaN'")


def _read(dialect: Dialect, new: ColumnType, text: str) -> Iterator[Probe]:
    """Yield what cannot be read as a value of the new type."""
    name = _input_type(new)
    if name is None:
        return
    version: Any = getattr(dialect, "server_version_info", None) or (0,)
    if version >= (16,):
        yield Probe(UNFIT, "stops", f"NOT pg_input_is_valid({text}, '{name}')")
        return
    if new.family == "integer":
        yield Probe(UNFIT, "stops", rf"{text} !~ '^\s*[-+]?[0-9]+\s*$'")
    elif new.family == "uuid":
        yield Probe(UNFIT, "stops", f"translate({text}, '-{{}}', '') !~ '^[0-9A-Fa-f]{{32}}$'")
    yield Probe(UNFIT, "stops", f"CAST({text} AS {name})", attempt=True)


def _input_type(new: ColumnType) -> str | None:
    if new.family == "integer":
        return {2: "smallint", 4: "integer", 8: "bigint"}.get(new.size or 0)
    if new.family == "number":
        size = f"({new.precision},{new.scale or 0})" if new.precision else ""
        return f"numeric{size}"
    if new.family == "timestamp":
        return "timestamptz" if new.zoned else "timestamp"
    if new.family == "json":
        return new.name
    names = {"date": "date", "time": "time", "uuid": "uuid", "boolean": "boolean"}
    return "double precision" if new.family == "float" else names.get(new.family)


# -- what the databases have in common -----------------------------------------------


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)


def _bounded(old: ColumnType, new: ColumnType, column: str) -> Iterator[Probe]:
    if new.bounds is None:
        return
    low, high = new.bounds
    if old.bounds is not None and low <= old.bounds[0] and old.bounds[1] <= high:
        return
    # A fraction is rounded, in whichever way.
    margin = 0 if old.family == "integer" else 1
    yield Probe(RANGE, "stops", f"({column} > {high + margin} OR {column} < {low - margin})")


def _scaled(old: ColumnType, new: ColumnType, column: str, given: str = "") -> Iterator[Probe]:
    precision, scale = new.precision or 10, new.scale or 0
    also = f" AND {given}" if given else ""
    rounded = f"ROUND({column}, {scale})"
    limit = 10 ** (precision - scale) if precision >= scale else 1
    yield Probe(RANGE, "stops", f"ABS({rounded}) >= {limit}{also}")
    if old.family == "number" and (old.scale is None or old.scale > scale):
        yield Probe(ROUNDED, "told", f"{rounded} <> {column}{also}")


# -- MySQL and MariaDB ---------------------------------------------------------------

_A_NUMBER = "'^[[:space:]]*[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?[[:space:]]*$'"


def _mysql(dialect: Dialect, old: ColumnType, new: ColumnType, column: str) -> Iterator[Probe]:
    if new.family == "boolean":
        new = ColumnType("integer", "tinyint", size=1)
    if new.family == "text":
        shorter = new.length is not None and (old.length is None or old.length > new.length)
        if shorter and old.family in _SHOWN | {"timestamp", "time"}:
            text = column if old.family == "text" else f"CAST({column} AS CHAR)"
            yield Probe(
                TOO_LONG, "stops", f"CHAR_LENGTH(TRIM(TRAILING ' ' FROM {text})) > {new.length}"
            )
    elif new.family == "enum":
        if new.values and old.family in ("text", "enum"):
            yield Probe(ENUM, "stops", f"{column} NOT IN ({_listed(new.values)})")
    elif old.family == "text":
        yield from _read_by_mysql(dialect, new, column)
    elif new.family == "integer" and old.family in ("integer", "number"):
        yield from _bounded(old, new, column)
    elif new.family == "number" and old.family in ("integer", "number"):
        yield from _scaled(old, new, column)


def _read_by_mysql(dialect: Any, new: ColumnType, column: str) -> Iterator[Probe]:
    if new.family in ("integer", "number", "float"):
        yield Probe(UNFIT, "stops", f"{column} NOT REGEXP {_A_NUMBER}")
    elif new.family in ("date", "timestamp"):
        kind = "DATE" if new.family == "date" else "DATETIME"
        yield Probe(UNFIT, "stops", f"{column} IS NOT NULL AND CAST({column} AS {kind}) IS NULL")
    elif new.family == "json":
        yield Probe(UNFIT, "stops", f"NOT JSON_VALID({column})")
    elif new.family == "uuid" and dialect.is_mariadb and new.name == "uuid":
        bare = f"REPLACE({column}, '-', '')"
        yield Probe(UNFIT, "stops", f"{bare} NOT REGEXP '^[{{]?[0-9A-Fa-f]{{32}}[}}]?$'")


# -- SQLite --------------------------------------------------------------------------

_KEPT = "SQLite keeps such values as they are"
_CAST_BY_COPY = "the copy of the table turns them into numbers"


def _sqlite(old: ColumnType, new: ColumnType, column: str) -> Iterator[Probe]:
    if new.family == "text" and new.length is not None and old.family in _SHOWN:
        yield Probe(TOO_LONG, "told", f"LENGTH({column}) > {new.length}", reason=_KEPT)
    elif new.family == "enum" and new.values:
        yield Probe(ENUM, "told", f"{column} NOT IN ({_listed(new.values)})", reason=_KEPT)
    elif old.family == "text" and new.family in ("integer", "number", "float", "boolean"):
        bare = f"TRIM({column})"
        wrong = f"{bare} GLOB '*[^0-9.eE+-]*' OR {bare} NOT GLOB '*[0-9]*'"
        yield Probe(
            UNFIT, "loses", f"typeof({column}) = 'text' AND ({wrong})", reason=_CAST_BY_COPY
        )
    elif old.family == "text" and new.family in ("date", "timestamp", "time"):
        changed = f"CAST(CAST({column} AS NUMERIC) AS TEXT) <> {column}"
        yield Probe(
            UNFIT, "loses", f"typeof({column}) = 'text' AND {changed}", reason=_CAST_BY_COPY
        )
    elif old.family == "text" and new.family == "json":
        yield Probe(UNFIT, "told", f"NOT json_valid({column})", reason=_KEPT)
    elif new.family == "integer" and old.family in ("integer", "number"):
        yield from (
            probe._replace(state="told", reason=_KEPT) for probe in _bounded(old, new, column)
        )
    elif new.family == "number" and old.family in ("integer", "number") and new.precision:
        yield from (
            probe._replace(state="told", reason=_KEPT) for probe in _scaled(old, new, column)
        )
