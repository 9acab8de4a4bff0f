"""PL/pgSQL blocks (DO $$ ... $$): the statements between their control words."""

from __future__ import annotations

from collections.abc import Callable

from lback.core.sql.reading import Reading
from lback.core.sql.tokens import Token, tokens

ReadInner = Callable[[list[Token], str], Reading]

# After these words, up to THEN or LOOP, stands a condition and no statement.
_CONDITIONS = {"IF": "THEN", "ELSIF": "THEN", "ELSEIF": "THEN", "WHEN": "THEN", "WHILE": "LOOP"}
_ALONE = frozenset({"BEGIN", "ELSE", "LOOP", "EXCEPTION", "THEN", "DECLARE", "END"})
_NOTHING = frozenset(
    {"NULL", "RAISE", "RETURN", "EXIT", "CONTINUE", "ASSERT", "GET", "OPEN", "CLOSE", "FETCH"}
)


def read_block(reading: Reading, body: str, read_inner: ReadInner) -> None:
    """Read the statements of a block; each may or may not run, so none is certain."""
    declaring = False
    for piece in _pieces(tokens(body)):
        found, declaring = _strip(piece, declaring)
        if not found or declaring:
            continue
        word = found[0].upper
        if word in _NOTHING or _assigns(found):
            continue
        if word == "EXECUTE":
            reading.cannot_read("a DO block that runs SQL made at run time", ())
            continue
        if word == "PERFORM":
            found = [Token("word", "SELECT", "SELECT", found[0].start, found[0].end), *found[1:]]
        reading.include(read_inner(found, body), certain=False)


def _pieces(found: list[Token]) -> list[list[Token]]:
    pieces: list[list[Token]] = [[]]
    for token in found:
        if token.text == ";":
            pieces.append([])
        else:
            pieces[-1].append(token)
    return [piece for piece in pieces if piece]


def _strip(found: list[Token], declaring: bool) -> tuple[list[Token], bool]:
    """Take the control words off the front of a statement."""
    while found:
        word = found[0].upper
        if word == "DECLARE":
            declaring = True
            found = found[1:]
        elif word == "END":
            return [], False
        elif word in _ALONE:
            declaring = False
            found = found[1:]
        elif word in _CONDITIONS and not declaring:
            found = _after(found, _CONDITIONS[word])
        elif word in ("FOR", "FOREACH") and not declaring:
            # The query of the loop only reads; its variables are then used in what is inside.
            found = _after(found, "LOOP")
        else:
            break
    return found, declaring


def _after(found: list[Token], word: str) -> list[Token]:
    for place, token in enumerate(found):
        if token.upper == word:
            return found[place + 1 :]
    return []


def _assigns(found: list[Token]) -> bool:
    return any(one.text == ":=" for one in found[:4])
