"""A value as people write it, checked against the type of its column."""

from __future__ import annotations

import datetime
import json
import re
import uuid
from collections.abc import Callable, Collection
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, types
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.engine import Connection

from lback.core.messages import makemigrations as messages
from lback.db.directives import Filled
from lback.db.failures import reason

_NOW = {"now", "now()", "current_timestamp", "current_timestamp()"}
_TRUE, _FALSE = {"true", "t", "yes", "1"}, {"false", "f", "no", "0"}
_BITS = {"TINYINT": 8, "SmallInteger": 16, "MEDIUMINT": 24, "Integer": 32, "BigInteger": 64}


class Value(NamedTuple):
    """What was read of an answer."""

    default: str | None
    """As a constant DEFAULT of the column; None where the database takes none."""
    filled: Filled
    """As what an UPDATE sets."""


def read_value(text: str, type_: Any, name: str, shown: str, context: MigrationContext) -> Value:
    """Read a value; UsageError says why it cannot be of the type."""
    if text.startswith("sql:"):
        if not text[4:].strip():
            raise messages.wrong_value(name, shown, text, "no expression follows sql:")
        return Value(None, Filled("text", text[4:].strip()))
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    plain = text[1:-1] if quoted else text
    try:
        return _read(plain, type_, context)
    except (ValueError, InvalidOperation, OverflowError) as err:
        why = str(err) if str(err) and not isinstance(err, InvalidOperation) else "no number"
        raise messages.wrong_value(name, shown, text, why) from None


def why_not(
    connection: Connection, source: sa.TableClause, now: str, new: Collection[str], text: str
) -> str | None:
    """Return why a database takes no such expression of a row of a table; None where it does.

    The table is called `now` in it, and none of its rows is looked at. Nothing is said of what
    speaks of columns that are `new`, or cannot be told to be one expression from its text.
    """
    if _ODD.search(text):
        return None
    outside = _QUOTED.sub(" ", text)
    if re.search(r"['\"`]", outside):
        return "a quote is not closed"
    if ";" in outside:
        return "it is one expression, without a semicolon"
    if not _are_closed(outside):
        return "the parentheses do not match"
    if {name.casefold() for name in new} & set(re.findall(r"\w+", text.casefold())):
        return None
    given: sa.ColumnElement[Any] = sa.literal_column(f"({text})")
    asked = sa.select(given).select_from(source.alias(now))
    try:
        with connection.begin_nested() as aside:
            connection.execute(asked.where(sa.false()))
            aside.rollback()
    except sa.exc.SQLAlchemyError as err:
        return reason(err)
    return None


# A remark, and what may be within a quote or end one, by the dialect.
_ODD = re.compile(r"--|/\*|#|\\|\$")
_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`""")


def _are_closed(text: str) -> bool:
    depth = 0
    for char in text:
        depth += {"(": 1, ")": -1}.get(char, 0)
        if depth < 0:
            return False
    return depth == 0


def _read(text: str, type_: Any, context: MigrationContext) -> Value:
    word = text.strip().lower()
    if isinstance(type_, (types.Interval, postgresql.INTERVAL)):
        return _plain(_span(word, type_, context))
    if isinstance(type_, types.TypeDecorator):
        type_ = type_.load_dialect_impl(context.dialect)
    if isinstance(type_, types.Boolean):
        if word not in _TRUE | _FALSE:
            raise ValueError("write true or false")
        return Value("1" if word in _TRUE else "0", Filled("value", word in _TRUE, "Boolean"))
    if isinstance(type_, (types.Integer, types.Numeric, types.Float)):
        whole = isinstance(type_, types.Integer)
        return _plain(str(_whole(word, type_, context)) if whole else _number(word, type_))
    for kind, read in _READ.items():
        if isinstance(type_, kind):
            if word in _NOW and kind in (types.DateTime, types.Date, types.Time):
                return Value(None, Filled("text", f"CURRENT_{_CURRENT[kind]}"))
            made = read(text.strip())
            if _has_zone(made, kind) and not _keeps_zone(type_, context):
                raise ValueError("the column keeps no time zone: write it without one")
            return _plain(made if _has_dashes(type_, context) else made.replace("-", ""))
    if isinstance(type_, types.Enum):
        if text not in type_.enums:
            raise ValueError(f"it is one of {', '.join(type_.enums)}")
        return _plain(text)
    if isinstance(type_, (types.JSON, types.LargeBinary)):
        is_json = isinstance(type_, types.JSON)
        value = Filled("value", _json(text), "JSON") if is_json else None
        return Value(None, value or Filled("value", text.encode(), "LargeBinary"))
    return _read_text(text, type_, context)


def _read_text(text: str, type_: Any, context: MigrationContext) -> Value:
    if isinstance(type_, mysql.SET):
        if text and not {*text.split(",")} <= {*type_.values}:
            raise ValueError(f"it is some of {','.join(type_.values)}, with commas between them")
        return _plain(text)
    if isinstance(type_, types.String):
        if type_.length is not None and len(text) > type_.length:
            raise ValueError(f"it has {len(text)} characters, and {type_.length} fit")
        long = isinstance(type_, types.Text) and context.dialect.name in ("mysql", "mariadb")
        return Value(None if long else text, Filled("value", text, "Text"))
    return _plain(text)


_SPAN = re.compile(
    r"(?:(?P<days>-?\d+) days?,?)? ?(?:(?P<hours>\d+):(?P<minutes>\d\d)(?::(?P<seconds>\d\d))?)?"
)


def _span(word: str, type_: Any, context: MigrationContext) -> str:
    """Return a length of time: as such where the server has these, else as SQLAlchemy keeps it."""
    found = _SPAN.fullmatch(word)
    if not word or found is None:
        raise ValueError("write it as 1 day 12:30:00")
    span = datetime.timedelta(**{name: int(text or 0) for name, text in found.groupdict().items()})
    if context.dialect.name == "postgresql" and getattr(type_, "native", True):
        return f"{span.days} days {span.seconds} seconds"
    return (datetime.datetime(1970, 1, 1) + span).isoformat(" ")


def _has_zone(text: str, kind: type[Any]) -> bool:
    if kind is types.DateTime:
        return datetime.datetime.fromisoformat(text).tzinfo is not None
    return kind is types.Time and datetime.time.fromisoformat(text).tzinfo is not None


def _keeps_zone(type_: Any, context: MigrationContext) -> bool:
    return context.dialect.name == "postgresql" and bool(type_.timezone)


def _has_dashes(type_: Any, context: MigrationContext) -> bool:
    """Tell whether the database is given it with dashes; a UUID as CHAR(32) has none."""
    own = context.dialect.supports_native_uuid and getattr(type_, "native_uuid", True)
    return not isinstance(type_, types.Uuid) or own


def _plain(text: str) -> Value:
    escaped = text.replace("'", "''")
    return Value(text, Filled("text", f"'{escaped}'"))


def _whole(word: str, type_: Any, context: MigrationContext) -> int:
    number = Decimal(word)
    if number != number.to_integral_value():
        raise ValueError("no whole number")
    bits = _bits(type_, context)
    signed = not getattr(type_, "unsigned", False)
    least, most = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    if not least <= number <= most:
        raise ValueError(f"it is beyond {least} to {most}")
    return int(number)


def _bits(type_: Any, context: MigrationContext) -> int:
    names = [kind.__name__ for kind in type(type_).__mro__]
    bits = next((_BITS[name] for name in names if name in _BITS), 64)
    return 64 if context.dialect.name == "sqlite" else bits


def _number(word: str, type_: Any) -> str:
    number = Decimal(word)
    if not number.is_finite():
        raise ValueError("no number")
    precision, scale = getattr(type_, "precision", None), getattr(type_, "scale", None)
    if isinstance(type_, types.Float) or precision is None:
        return word
    if number.adjusted() + 1 > precision - (scale or 0) and number:
        raise ValueError(f"{precision - (scale or 0)} digits fit before the point")
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > (scale or 0):
        raise ValueError(f"{scale or 0} digits fit behind the point")
    return word


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as err:
        raise ValueError(f"no JSON: {err}") from None


def _moment(text: str) -> str:
    try:
        return datetime.datetime.fromisoformat(text).isoformat(" ")
    except ValueError:
        raise ValueError("write it as 2024-01-31 12:30:00, or now") from None


def _day(text: str) -> str:
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("write it as 2024-01-31, or now") from None


def _time(text: str) -> str:
    try:
        return datetime.time.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("write it as 12:30:00, or now") from None


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise ValueError("write it as 00000000-0000-0000-0000-000000000000") from None


_READ: dict[type[Any], Callable[[str], str]] = {
    types.DateTime: _moment,
    types.Date: _day,
    types.Time: _time,
    types.Uuid: _uuid,
}
_ENOUGH = 8
"""Digits of a number in a key; a table with more rows than that is none for a text so short."""
_CURRENT: dict[type[Any], str] = {
    types.DateTime: "TIMESTAMP",
    types.Date: "DATE",
    types.Time: "TIME",
}


# By what SQLAlchemy calls a type of a server's own.
_STAND_INS = {
    "ARRAY": "{}",
    "CIDR": "0.0.0.0/0",
    "HSTORE": "",
    "INET": "0.0.0.0",
    "INTERVAL": "0",
    "LTREE": "",
    "MACADDR": "00:00:00:00:00:00",
    "MACADDR8": "00:00:00:00:00:00:00:00",
    "MONEY": "0",
    "OID": "0",
    "REGCLASS": "0",
    "TIMESTAMP": "2000-01-01 00:00:00",  # MySQL's own begin in 1970, in UTC
    "TSVECTOR": "",
    "YEAR": "2000",
    **{f"{kind}RANGE": "empty" for kind in ("INT4", "INT8", "NUM", "DATE", "TS", "TSTZ")},
    **{f"{kind}MULTIRANGE": "{}" for kind in ("INT4", "INT8", "NUM", "DATE", "TS", "TSTZ")},
}


def stand_in(type_: Any, context: MigrationContext) -> str | None:
    """Return a constant that any column of the type takes; None where there is none."""
    if isinstance(type_, types.Interval):
        return _span("0:00", type_, context)
    if isinstance(type_, types.TypeDecorator):
        type_ = type_.load_dialect_impl(context.dialect)
    if isinstance(type_, types.Enum):
        return type_.enums[0] if type_.enums else None
    if type_.__visit_name__ in _STAND_INS:
        return _STAND_INS[type_.__visit_name__]
    values: dict[type[Any], str] = {
        types.Boolean: "0",
        types.Integer: "0",
        types.Numeric: "0",
        types.Float: "0",
        types.DateTime: "1970-01-01 00:00:00",
        types.Date: "1970-01-01",
        types.Time: "00:00:00",
        types.Uuid: str(uuid.UUID(int=0)) if _has_dashes(type_, context) else "0" * 32,
        types.JSON: "null",
        types.LargeBinary: "",
        # What the models read from one of these may be a UUID.
        types.CHAR: {32: "0" * 32, 36: str(uuid.UUID(int=0))}.get(_length(type_), ""),
        types.String: "",
    }
    return next((value for kind, value in values.items() if isinstance(type_, kind)), None)


def _length(type_: Any) -> int:
    return getattr(type_, "length", None) or 0


def own_value(type_: Any, key: Column[Any], context: MigrationContext) -> str | None:
    """Return SQL for a value that no other row has, of a primary key of one column.

    None where none is known that a column of the type surely takes.
    """
    if isinstance(type_, types.TypeDecorator):
        type_ = type_.load_dialect_impl(context.dialect)
    name = context.dialect.name
    column = context.dialect.identifier_preparer.quote(key.name).replace("%%", "%")
    whole = isinstance(key.type, types.Integer)
    digits = len(str(2 ** (_bits(key.type, context) - 1)))
    text = f"CAST({column} AS {'CHAR' if name in ('mysql', 'mariadb') else 'VARCHAR'})"
    if isinstance(type_, types.Integer):
        fits = whole and _bits(type_, context) >= _bits(key.type, context)
        return column if fits else None
    if isinstance(type_, types.Numeric) and not isinstance(type_, types.Float):
        room = (type_.precision or 99) - (type_.scale or 0)
        return column if whole and (room >= digits or name == "sqlite") else None
    padded = (
        f"substr('{'0' * 32}' || {text}, -32)" if name == "sqlite" else f"lpad({text}, 32, '0')"
    )
    if isinstance(type_, types.Uuid):
        cast = f"CAST({padded} AS UUID)" if name == "postgresql" else padded
        return (cast if type_.native_uuid else padded) if whole else None
    if not isinstance(type_, types.String) or isinstance(type_, types.Enum):
        return None
    if isinstance(type_, types.CHAR) and _length(type_) == 32:  # as it may be for a UUID
        return padded if whole else None
    needed = _ENOUGH if whole else _length(key.type)
    room = 10**9 if name == "sqlite" else type_.length or 10**9
    return text if needed and room >= needed else None
