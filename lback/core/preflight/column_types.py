"""Column types as people write them, in SQLAlchemy or in SQL: what a value must be to fit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Family = Literal[
    "text", "integer", "number", "float", "date", "timestamp", "time", "json", "uuid", "boolean",
    "enum", "other",
]  # fmt: skip

_COLLATED = re.compile(r"\s+(?:COLLATE|CHARACTER SET|CHARSET)\b.*", re.IGNORECASE | re.DOTALL)
_STRING = re.compile(r"'((?:[^']|'')*)'")
_NUMBER = re.compile(r"(?:(\w+)\s*=\s*)?(\d+)\s*\Z")
_INTEGERS = {
    "smallint": 2, "int2": 2, "smallinteger": 2, "integer": 4, "int": 4, "int4": 4, "mediumint": 3,
    "mediuminteger": 3, "bigint": 8, "int8": 8, "biginteger": 8, "tinyint": 1,
}  # fmt: skip
_FAMILIES: dict[str, Family] = {
    "string": "text", "unicode": "text", "varchar": "text", "nvarchar": "text", "char": "text",
    "nchar": "text", "bpchar": "text", "character": "text", "character varying": "text",
    "text": "text", "unicodetext": "text", "tinytext": "text", "mediumtext": "text",
    "longtext": "text", "numeric": "number", "decimal": "number", "dec": "number",
    "float": "float", "real": "float", "double": "float", "double precision": "float",
    "float8": "float", "float4": "float", "double_precision": "float",
    "date": "date", "datetime": "timestamp", "timestamp": "timestamp", "timestamptz": "timestamp",
    "timestamp with time zone": "timestamp", "timestamp without time zone": "timestamp",
    "time": "time", "json": "json", "jsonb": "json", "uuid": "uuid", "boolean": "boolean",
    "bool": "boolean", "enum": "enum",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A type, and its size where it says one.

    `length` is in letters, `size` of an integer in bytes; `precision` and `scale` are digits.
    `name` is the word it begins with, in lower case; `zoned` of a time with its zone.
    """

    family: Family
    name: str
    length: int | None = None
    size: int | None = None
    precision: int | None = None
    scale: int | None = None
    unsigned: bool = False
    zoned: bool = False
    values: tuple[str, ...] = ()

    @property
    def bounds(self) -> tuple[int, int] | None:
        """Return the least and the greatest integer, None for what is no integer."""
        if self.size is None:
            return None
        bits = 8 * self.size
        return (0, 2**bits - 1) if self.unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def read_type(text: str, values: tuple[str, ...] = ()) -> ColumnType:
    """Read a type; one that nobody has thought of is of the family "other"."""
    word, _, behind = _COLLATED.sub("", text).strip().partition("(")
    inside, _, rest = behind.rpartition(")")
    name = " ".join(f"{word} {rest}".lower().split())
    unsigned = "unsigned" in name or "unsigned=True" in inside
    name = name.removesuffix(" zerofill").removesuffix(" unsigned")
    if text.startswith("Uuid"):
        return ColumnType("uuid", "generic uuid")  # stored as each dialect can
    size = _INTEGERS.get(name)
    if size is not None:
        return ColumnType("integer", name, size=size, unsigned=unsigned)
    family = _FAMILIES.get(name, "other")
    numbers = _numbers(inside)
    if family == "text":
        return ColumnType(family, name, length=_of(numbers, "length", 0))
    if family == "number":
        precision, scale = _of(numbers, "precision", 0), _of(numbers, "scale", 1)
        return ColumnType(family, name, precision=precision, scale=scale, unsigned=unsigned)
    if family == "enum":
        known = values or tuple(part.replace("''", "'") for part in _STRING.findall(inside))
        return ColumnType(family, name, values=known)
    zoned = name in ("timestamptz", "timestamp with time zone") or "timezone=True" in inside
    return ColumnType(family, name, zoned=zoned)


def _numbers(inside: str) -> list[tuple[str, int]]:
    found = (_NUMBER.match(part.strip()) for part in inside.split(","))
    return [(match.group(1) or "", int(match.group(2))) for match in found if match]


def _of(numbers: list[tuple[str, int]], name: str, place: int) -> int | None:
    named = [value for key, value in numbers if key == name]
    plain = [value for key, value in numbers if not key]
    return named[0] if named else plain[place] if place < len(plain) else None
