"""The tables and functions that a routine, trigger or rule names in what it will run later."""

from __future__ import annotations

from lback.core.effects import Use
from lback.core.sql.cursor import Cursor
from lback.core.sql.outcome import CannotRead
from lback.core.sql.tokens import Token, body_of, cut

# A table stands behind these words.
_BEFORE_A_TABLE = frozenset({"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "USING", "ONLY"})
_NO_TABLE = frozenset(
    """SELECT SET OF LATERAL UNNEST VALUES STRICT ROWS OLD NEW EXISTS IF ONLY NOTHING TABLE FROM
    CONCURRENTLY INDEX OR DUAL WHERE""".split()  # noqa: SIM905
)
_LONGEST = 100_000


def names_in(cursor: Cursor) -> tuple[Use, ...]:
    """Return the tables that a text names, in strings of code too; takes all that is left."""
    found: dict[Use, None] = {}
    _gather(cursor.rest(), found)
    return tuple(found)


def _gather(cursor: Cursor, found: dict[Use, None]) -> None:
    while not cursor.done:
        token = cursor.next()
        if token.kind == "string" and len(token.text) > 20:
            _gather_code(token, cursor, found)
        elif token.upper in ("PERFORM", "CALL") and cursor.peek(1).text == "(":
            found[Use("function", cursor.peek().text)] = None
        elif token.upper in _BEFORE_A_TABLE and cursor.word not in _NO_TABLE:
            place = cursor.place
            try:
                cursor.guard()
                name = cursor.name()
            except CannotRead:
                cursor.place = place
                continue
            if not cursor.opens() or token.upper in ("INTO", "TABLE"):
                found[Use("table", name)] = None


def _gather_code(token: Token, cursor: Cursor, found: dict[Use, None]) -> None:
    """Look into a string that may be the code of a routine."""
    text = body_of(token)
    if len(text) > _LONGEST or not any(word in text.upper() for word in _BEFORE_A_TABLE):
        return
    try:
        inner = Cursor(cut(text, cursor.grammars[0]), text, cursor.grammars)
    except CannotRead:
        return
    _gather(inner, found)
