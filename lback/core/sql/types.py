"""The databases' own types; any other is one that somebody has made."""

from __future__ import annotations

from lback.core.effects import Use
from lback.core.sql.cursor import Cursor
from lback.core.sql.outcome import CannotRead

_PG = """
bigint bigserial bit bool boolean box bpchar bytea char character cidr circle date datemultirange
daterange decimal double float float4 float8 inet int int2 int2vector int4 int4multirange
int4range int8 int8multirange int8range integer interval json jsonb jsonpath line lseg macaddr
macaddr8 money name national nchar numeric nummultirange numrange oid oidvector path pg_lsn point
polygon real record refcursor regclass regcollation regconfig regdictionary regnamespace regoper
regoperator regproc regprocedure regrole regtype serial serial2 serial4 serial8 smallint
smallserial text tid time timestamp timestamptz timetz trigger tsmultirange tsquery tsrange
tstzmultirange tstzrange tsvector txid_snapshot unknown uuid varbit varchar void xid xid8 xml
anyelement anyarray event_trigger cstring internal
"""
_MYSQL = """
bigint binary bit blob bool boolean char character date datetime dec decimal double enum fixed
float geometry geometrycollection inet4 inet6 int integer json linestring long longblob longtext
mediumblob mediumint mediumtext middleint multilinestring multipoint multipolygon national nchar
numeric nvarchar point polygon real serial set smallint text time timestamp tinyblob tinyint
tinytext uuid varbinary varchar varcharacter year signed unsigned vector
"""
_SERIALS = frozenset("serial serial2 serial4 serial8 bigserial smallserial".split())  # noqa: SIM905
BUILT_IN = frozenset(f"{_PG} {_MYSQL}".split())

# Words that may follow the first one of a type.
_TAIL = frozenset(
    """PRECISION VARYING WITH WITHOUT TIME ZONE LOCAL UNSIGNED SIGNED ZEROFILL BINARY ARRAY YEAR
    MONTH DAY HOUR MINUTE SECOND TO VARCHAR CHAR CHARACTER LARGE OBJECT ASCII UNICODE BYTE
    INTEGER INT BIG VARBINARY VARCHARACTER""".split()  # noqa: SIM905
)


def type_of(cursor: Cursor) -> tuple[str, tuple[Use, ...]]:
    """Take a type; return it as written, with what it uses."""
    start = cursor.place
    cursor.take("SETOF")
    parts = cursor.parts()
    if len(parts) > 3:
        raise CannotRead
    _modifiers(cursor)
    while cursor.word in _TAIL and not _ends_here(cursor):
        cursor.next()
        _modifiers(cursor)
    if "sqlite" in cursor.grammars and len(cursor.grammars) == 1:
        while cursor.word and cursor.word not in _NO_TYPE:
            cursor.next()
            _modifiers(cursor)
    text = cursor.window(start, cursor.place).written()
    return _tidy(text), _uses(parts, cursor)


# What begins the next part of a column's definition, not a further word of its type.
_NO_TYPE = frozenset(
    """CONSTRAINT PRIMARY NOT NULL UNIQUE CHECK DEFAULT COLLATE REFERENCES GENERATED AS
    AUTOINCREMENT""".split()  # noqa: SIM905
)


def _modifiers(cursor: Cursor) -> None:
    """Take what stands in brackets behind a type: sizes, values of an ENUM, array bounds."""
    while cursor.peek().kind == "symbol" and cursor.peek().text in ("(", "["):
        inner = cursor.bracketed()
        while not inner.done:
            token = inner.next()
            plain = token.kind in ("number", "string", "word", "quoted", "parameter")
            if not plain and token.text not in (",", "-", "+"):
                raise CannotRead


def _ends_here(cursor: Cursor) -> bool:
    """Tell whether a word begins what follows the type: CHARACTER SET, WITH (options)."""
    if cursor.word == "CHARACTER":
        return cursor.peek(1).upper == "SET"
    if cursor.word == "WITH":
        return cursor.peek(1).upper not in ("TIME", "LOCAL")
    return False


def _tidy(text: str) -> str:
    """Write a type in one way: no space before a bracket, one behind a comma."""
    text = text.replace(" (", "(").replace("( ", "(").replace(" )", ")").replace(" [", "[")
    return ", ".join(name.strip() for name in text.split(",")) if "'" not in text else text


def _uses(parts: list[str], cursor: Cursor) -> tuple[Use, ...]:
    if cursor.grammars in (("mysql",), ("sqlite",)):
        return ()
    schema = parts[-2] if len(parts) > 1 else ""
    if schema.lower() in ("", "pg_catalog") and parts[-1].lower() in BUILT_IN:
        return ()
    return (Use("type", ".".join(parts[-2:])),)


def signature(cursor: Cursor) -> tuple[Use, ...]:
    """Return the types that a routine takes and gives; the cursor stands behind its name."""
    uses: list[Use] = []
    if cursor.opens():
        for part in cursor.group().commas():
            uses += _of_argument(part)
    if cursor.take("RETURNS"):
        if cursor.take("TABLE") and cursor.opens():
            for part in cursor.group().commas():
                uses += _of_argument(part)
        else:
            uses += _of_argument(cursor)
    return tuple(dict.fromkeys(uses))


_PASSED = ("IN", "OUT", "INOUT", "VARIADIC")


def _of_argument(part: Cursor) -> tuple[Use, ...]:
    """Return the type of an argument, whose name may stand before it."""
    try:
        part.take_any(*_PASSED)
        look = part.copy()
        first = look.parts()
        named = look.peek().kind in ("word", "quoted") and look.word not in _NO_NAME
        if named and first[-1].lower() not in BUILT_IN and first[-1].upper() != "SETOF":
            part.parts()
            part.take_any(*_PASSED)
        start = part.copy()
        uses = type_of(part)[1]
        if part.peek().text == "%":  # the type of a column
            *table, column = start.parts()
            return (Use("column", column, ".".join(table)),) if table else ()
    except CannotRead:
        return ()
    return uses


# What follows a type in a signature; what is before it is no name.
_NO_NAME = frozenset(
    """DEFAULT LANGUAGE AS IMMUTABLE STABLE VOLATILE STRICT CALLED RETURN BEGIN DETERMINISTIC NOT
    CONTAINS NO READS MODIFIES SQL COMMENT SECURITY PARALLEL COST WINDOW LEAKPROOF ROWS SUPPORT SET
    CHARSET CHARACTER COLLATE""".split()  # noqa: SIM905
)


def is_serial(type_text: str) -> bool:
    """Tell whether a type makes a sequence of its own."""
    return type_text.lower() in _SERIALS
