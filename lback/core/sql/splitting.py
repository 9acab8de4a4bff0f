"""A text cut into statements."""

from __future__ import annotations

from collections.abc import Iterator

from lback.core.sql.grammar import Grammars
from lback.core.sql.outcome import CannotRead
from lback.core.sql.tokens import Token

_HAVE_BODIES = frozenset({"TRIGGER", "PROCEDURE", "FUNCTION", "EVENT"})
# END of these says which one it is the end of.
_INNER_ENDS = frozenset({"IF", "LOOP", "WHILE", "REPEAT"})


def split(found: list[Token], grammars: Grammars) -> Iterator[list[Token]]:
    """Split tokens into statements at semicolons outside of brackets and BEGIN ... END bodies."""
    current: list[Token] = []
    depth = brackets = 0
    body = False
    for place, token in enumerate(found):
        if token.kind == "symbol":
            if token.text == ";" and depth == 0 and brackets <= 0:
                if current:
                    yield current
                current, body, brackets = [], False, 0
                continue
            brackets += (token.text == "(") - (token.text == ")")
        elif token.upper:
            if len(current) < 12 and token.upper in _HAVE_BODIES and current:
                body = body or current[0].upper == "CREATE"
            if body:
                depth += _opens(found, place, grammars)
        current.append(token)
    if depth > 0:
        raise CannotRead("SQL with a body that does not end")
    if current:
        yield current


def _opens(found: list[Token], place: int, grammars: Grammars) -> int:
    """Return by how much a word of a routine's body deepens it."""
    word = found[place].upper
    before = found[place - 1].upper if place else ""
    after = found[place + 1].upper if place + 1 < len(found) else ""
    if word == "BEGIN":
        if grammars == ("postgresql",) and after != "ATOMIC":
            return 0
        return 1
    if word == "CASE":
        return 0 if before == "END" else 1
    if word == "END":
        return 0 if after in _INNER_ENDS else -1
    return 0
