"""Expressions: the columns, functions, types, sequences and queries that they use.

No tree is built: whatever the operators make of them, the names count. So every token has to
be one that may stand in an expression.
"""

from __future__ import annotations

from lback.core.effects import Effect
from lback.core.sql.calls import call, named
from lback.core.sql.cursor import Cursor
from lback.core.sql.outcome import HOLE, CannotRead
from lback.core.sql.seen import Piece, QueryScope, Seen
from lback.core.sql.tokens import Token
from lback.core.sql.types import BUILT_IN, type_of

# The operators of the databases themselves.
OPERATORS = frozenset(
    """+ - * / % %% ^ |/ ||/ @ & | # ~ << >> || && < > = <= >= <> != == <=> := => ! !! ~* !~ !~* ~~
    !~~ ~~* !~~* @> <@ -> ->> #> #>> #- @? @@ @@@ <-> -|- &< &> <<| |>> &<| |&> <^ >^ ?# ?- ?| ?& ~=
    <<= >>= ^@ <% %> <<% %>> <#> <=> <+> :: |""".split()  # noqa: SIM905
)
_APART = frozenset("()[],.;:")
_VALUES = frozenset({"string", "number", "parameter", "variable"})
# Words of expressions that are never a column without quotes.
_WORDS = frozenset(
    """AND OR NOT IS NULL IN LIKE ILIKE BETWEEN CASE WHEN THEN ELSE END TRUE FALSE EXISTS ANY ALL
    SOME DISTINCT FROM ISNULL NOTNULL SIMILAR TO ESCAPE COLLATE ASC DESC SYMMETRIC ASYMMETRIC
    BY ORDER GROUP WHERE AS USING FOR BOTH LEADING TRAILING XOR DIV REGEXP RLIKE GLOB BINARY
    ARRAY ROW INTERVAL DEFAULT UNION INTERSECT EXCEPT ON CURRENT_DATE CURRENT_TIME UNBOUNDED
    CURRENT_TIMESTAMP CURRENT_USER CURRENT_ROLE SESSION_USER USER LOCALTIME LOCALTIMESTAMP
    CURRENT_CATALOG RETURNING LIMIT HAVING LATERAL VARIADIC MATERIALIZED FETCH PRECEDING FOLLOWING
    CROSS JOIN INNER LEFT RIGHT FULL NATURAL OUTER OVERLAPS AGAINST""".split()  # noqa: SIM905
)
# Words that are of the language only before these; else they may be columns.
_BEFORE: dict[str, frozenset[str]] = {
    "OVER": frozenset("("),
    "FILTER": frozenset("("),
    "ROLLUP": frozenset("("),
    "CUBE": frozenset("("),
    "WITHIN": frozenset({"GROUP"}),
    "PARTITION": frozenset({"BY"}),
    "GROUPING": frozenset({"SETS"}),
    "ROWS": frozenset({"BETWEEN", "UNBOUNDED", "CURRENT"}),
    "RANGE": frozenset({"BETWEEN", "UNBOUNDED", "CURRENT"}),
    "GROUPS": frozenset({"BETWEEN", "UNBOUNDED", "CURRENT"}),
    "CURRENT": frozenset({"ROW"}),
    "AT": frozenset({"TIME", "LOCAL"}),
    "NULLS": frozenset({"FIRST", "LAST"}),
    "IGNORE": frozenset({"NULLS"}),
    "RESPECT": frozenset({"NULLS"}),
}
# Of these, the ones that may stand before a bracket and call nothing.
_BEFORE_A_GROUP = _WORDS - {"LEFT", "RIGHT", "USER"} | {"VALUES"}
_STAND_FOR_VALUES = frozenset(
    """NULL TRUE FALSE END DEFAULT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER
    CURRENT_ROLE SESSION_USER USER LOCALTIME LOCALTIMESTAMP CURRENT_CATALOG""".split()  # noqa: SIM905
)
# Words that stand between operands, or behind the last one.
_CONNECT = frozenset(
    """YEAR MONTH DAY HOUR MINUTE SECOND MICROSECOND WEEK QUARTER YEAR_MONTH DAY_HOUR DAY_MINUTE
    DAY_SECOND HOUR_MINUTE HOUR_SECOND MINUTE_SECOND SEPARATOR PLACING UESCAPE PASSING MEMBER OF
    SOUNDS MODE BOOLEAN LANGUAGE QUERY EXPANSION WITH WITHOUT JSON OBJECT SCALAR DOCUMENT
    NORMALIZED KEYS UNIQUE FORMAT ROWS""".split()  # noqa: SIM905
)
# Words that may be functions of somebody's where an operand is expected.
_MAY_BE_FUNCTIONS = frozenset(
    """XOR DIV REGEXP RLIKE GLOB BINARY AGAINST BY ESCAPE MATERIALIZED PRECEDING FOLLOWING UNBOUNDED
    OVERLAPS""".split()  # noqa: SIM905
)
_QUERY = frozenset({"SELECT", "WITH", "VALUES", "TABLE"})
_UNITS = frozenset("YEAR MONTH DAY HOUR MINUTE SECOND".split())  # noqa: SIM905


def expression(cursor: Cursor, scope: QueryScope, seen: Seen) -> None:
    """Read all that is left as expressions, separated by commas."""
    # Two operands with nothing between them belong to a clause that is not known.
    operand = False
    while not cursor.done:
        token = cursor.peek()
        if token.kind in _VALUES:
            operand = _value(cursor, operand)
        elif token.kind in ("word", "quoted"):
            operand = _name(cursor, scope, seen, operand)
        elif token.text in ("(", "["):
            if operand and token.text == "(":
                raise CannotRead
            inside(cursor.bracketed(), scope, seen)
            operand = True
        elif token.text == "::":
            cursor.next()
            _cast(cursor, seen)
        else:
            _operator(cursor)
            operand = False


def _value(cursor: Cursor, operand: bool) -> bool:
    """Take a value; return whether an operand has been taken by it."""
    token, before = cursor.next(), cursor.tokens[cursor.place - 2].kind
    if not operand:
        return True
    if token.text == "?":
        # An operator of PostgreSQL's JSON.
        return False
    # Strings that follow each other are one, 1..10 is a range, [1:n] a slice.
    if token.kind != before and not token.text.startswith(":"):
        raise CannotRead
    return True


def _operator(cursor: Cursor) -> None:
    """Take an operator: its characters stand together; a longer one is somebody's function."""
    token = cursor.next()
    if token.text in (",", ".", ":", ";"):
        if token.text == ";":
            raise CannotRead
        return
    text, end = token.text, token.end
    while cursor.peek().kind == "symbol" and cursor.peek().start == end:
        following = cursor.peek().text
        if following in _APART or following == "::":
            break
        text, end = text + following, cursor.next().end
    if text not in OPERATORS and not _with_a_sign(text):
        raise CannotRead("SQL with an operator that is not the database's own")


def _with_a_sign(text: str) -> bool:
    """Tell whether an operator has but signs behind it: `=-1`, `5--1`."""
    bare = text.rstrip("+-!~")
    return (bare in OPERATORS or not bare) and (len(text) - len(bare)) <= 2


def inside(cursor: Cursor, scope: QueryScope, seen: Seen) -> None:
    """Have what stands in brackets read: a query or expressions."""
    kind: Piece = "query" if begins_query(cursor) else "expression"
    seen.later(kind, cursor, scope)


def begins_query(cursor: Cursor) -> bool:
    """Tell whether what stands in brackets is a query, however many brackets it has."""
    word = cursor.word
    return word in _QUERY and not (word == "VALUES" and cursor.peek(1).text == ")")


def _name(cursor: Cursor, scope: QueryScope, seen: Seen, operand: bool) -> bool:
    """Take what begins with a name; return whether it is an operand."""
    token, following = cursor.peek(), cursor.peek(1)
    word = token.upper
    if HOLE in token.text and _after_an_operand(cursor):
        raise CannotRead("SQL with a part that is not in the text")
    followed = _BEFORE.get(word)
    if followed is not None and (following.upper or following.text) in followed:
        _phrase(cursor)
        return False
    if word in _WORDS and following.text != ".":
        called = following.text == "(" and following.kind == "symbol"
        if not called or (word in _BEFORE_A_GROUP and not _is_function(cursor)):
            _word(cursor)
            return word in _STAND_FOR_VALUES
    if operand:
        if word in _CONNECT:
            cursor.next()
            return False
        raise CannotRead
    if word in ("OPERATOR", "SELECT", "INSERT", "DELETE", "UPDATE", "MERGE") and not (
        following.text == "(" and word != "OPERATOR"
    ):
        raise CannotRead
    if cursor.take("NEXT", "VALUE", "FOR"):
        name = cursor.name()
        seen.use("sequence", name)
        seen.do(Effect("alter", "sequence", None, name, aspects=("value",)))
        return True
    parts = cursor.parts_of_column()
    if parts[-1] == "*":
        _star(parts[:-1], scope, seen)
    elif cursor.opens():
        call(cursor, parts, scope, seen)
    elif len(parts) == 1 and cursor.peek().kind == "string":
        _typed_literal(parts[0], cursor, seen)
    else:
        _column(parts, scope, seen)
    return True


def _is_function(cursor: Cursor) -> bool:
    """Tell whether a word before a bracket is called: there is no operand for it to work on."""
    if cursor.word not in _MAY_BE_FUNCTIONS or _after_an_operand(cursor):
        return False
    return not (cursor.word == "BY" and cursor.before().upper in ("ORDER", "GROUP", "PARTITION"))


def _phrase(cursor: Cursor) -> None:
    """Take words of the language that belong together."""
    word = cursor.next().upper
    if word == "AT" and cursor.take("TIME"):
        cursor.need("ZONE")
    elif word not in ("OVER", "FILTER", "ROLLUP", "CUBE", "ROWS", "RANGE", "GROUPS"):
        cursor.next()
    if word == "OVER" and not cursor.opens():
        cursor.identifier()


def _word(cursor: Cursor) -> None:
    """Take a word of expressions, with the name that belongs to it."""
    token = cursor.next()
    if token.upper == "COLLATE":
        if cursor.peek().kind == "string":
            cursor.next()
        else:
            cursor.parts()
    elif token.upper == "AS" and cursor.peek().kind in ("word", "quoted", "string"):
        # An alias; CAST takes its own AS away.
        cursor.next()
    elif token.upper == "INTERVAL" and cursor.peek().kind in ("string", "number", "parameter"):
        cursor.next()
        while cursor.word in _UNITS or cursor.word == "TO":
            cursor.next()


def _cast(cursor: Cursor, seen: Seen) -> None:
    literal = cursor.tokens[cursor.place - 2] if cursor.place > 1 else None
    start = cursor.place
    _, uses = type_of(cursor)
    for use in uses:
        seen.uses[use] = None
    # What 'users'::regclass names.
    word = cursor.tokens[start].text.lower()
    if word == "regclass" and literal is not None and literal.kind == "string":
        named(literal.text, seen)


def _typed_literal(name: str, cursor: Cursor, seen: Seen) -> None:
    """Take the string of `date '2024-01-01'`: the word before it is a type."""
    cursor.next()
    own = name.startswith("_") or name.lower() in BUILT_IN or cursor.grammars == ("mysql",)
    if not own:
        seen.use("type", name)


def _star(qualifier: list[str], scope: QueryScope, seen: Seen) -> None:
    known, table = scope.named(qualifier[-1]) if qualifier else (False, None)
    if known:
        if table is not None:
            seen.use("column", "*", table)
        return
    if qualifier:
        seen.use("column", "*", ".".join(qualifier[-2:]))
        return
    seen.column(scope, "*")


def _column(parts: list[str], scope: QueryScope, seen: Seen) -> None:
    if len(parts) == 1:
        known, table = scope.named(parts[0])
        if known and table is not None:
            # The whole row as a value; or a column of that name.
            seen.use("column", "*", table)
        seen.column(scope, parts[0])
        return
    if len(parts) > 4:
        raise CannotRead
    known, table = scope.named(parts[0]) if len(parts) == 2 else (False, None)
    if known:
        if table is not None:
            seen.use("column", parts[1], table)
        return
    seen.use("column", parts[-1], ".".join(parts[-3:-1]))


def _after_an_operand(cursor: Cursor) -> bool:
    """Tell whether a piece that is not known stands where only a further clause may stand."""
    before = cursor.before()
    if before.kind in _VALUES or before.kind == "quoted":
        return True
    if before.kind == "word":
        return before.upper not in _WORDS and before.upper not in _TAKES_A_VALUE
    return before.text in (")", "]")


_TAKES_A_VALUE = frozenset(
    """SELECT SET VALUES WHERE HAVING ON LIMIT OFFSET BY RETURNING WHEN AND OR DEFAULT VALUE
    CHECK""".split()  # noqa: SIM905
)


def without_alias(item: Cursor) -> None:
    """Leave out the name that a result is given: `expr AS name`, `expr name`."""
    if item.end - item.place < 2:
        return
    last, before = item.tokens[item.end - 1], item.tokens[item.end - 2]
    if last.kind not in ("word", "quoted", "string"):
        return
    if before.upper == "AS":
        item.end -= 2
    elif last.kind in ("quoted", "word") and last.upper not in _WORDS and _ends_operand(before):
        item.end -= 1


def _ends_operand(token: Token) -> bool:
    if token.kind in ("word", "quoted"):
        word = token.upper
        return word in _STAND_FOR_VALUES or (word not in _WORDS and word != "ZONE")
    return token.kind in _VALUES or token.text in (")", "]")
