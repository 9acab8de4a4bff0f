"""Pieces of PL/pgSQL made into the SQL that they stand for."""

from __future__ import annotations

from lback.core.sql.cursor import Cursor

_CLAUSES = frozenset({"FROM", "WHERE", "ORDER", "LIMIT", "USING", "GROUP", "SELECT", "RETURNING"})


def as_select(part: Cursor) -> Cursor:
    """Return `SELECT` with all that is left behind it: what PERFORM and expressions stand for."""
    word = part.peek()
    select = word._replace(kind="word", text="SELECT", upper="SELECT")
    tokens = [select, *part.tokens[part.place : part.end]]
    part.rest()
    return Cursor(tokens, part.text, part.grammars)


def without_variables(part: Cursor) -> Cursor:
    """Leave out INTO variables, which PL/pgSQL puts into queries."""
    place = part.place
    if part.word in ("INSERT", "MERGE"):
        place += 2
    while place < part.end:
        token = part.tokens[place]
        if token.text in ("(", "[") and token.kind == "symbol":
            place = part.closing[place]
        elif token.upper == "INTO":
            end = place + 1
            end += part.tokens[end].upper == "STRICT" if end < part.end else 0
            while end < part.end and (
                part.tokens[end].kind in ("quoted",)
                or (part.tokens[end].kind == "word" and part.tokens[end].upper not in _CLAUSES)
                or part.tokens[end].text in (".", ",")
            ):
                end += 1
            tokens = part.tokens[part.place : place] + part.tokens[end : part.end]
            return Cursor(tokens, part.text, part.grammars)
        place += 1
    return part
