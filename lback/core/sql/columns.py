"""What the definition of a column in SQL says that the column is."""

from __future__ import annotations

from collections.abc import Iterator

from lback.core.sql.tokens import Cursor, Token, body_of

# Words that begin another part of a definition; an expression ends before them.
_PART = frozenset(
    """NOT NULL DEFAULT PRIMARY UNIQUE REFERENCES CHECK CONSTRAINT COLLATE GENERATED AFTER
    FIRST COMMENT AUTO_INCREMENT AUTOINCREMENT USING ON STORED VIRTUAL INVISIBLE""".split()  # noqa: SIM905
)


def definition(
    type_text: str, cursor: Cursor, *, whole: bool = False
) -> tuple[tuple[str, str], ...]:
    """Return what an Effect `sets`: the type, and what stands behind it.

    `whole`: the definition takes the place of another one (MODIFY, CHANGE), so that what it
    leaves out is gone.
    """
    found = {"type": type_text or "?", "nullable": "yes"}
    if whole:
        found |= {"default": "", "comment": ""}
    found.update(_parts(Cursor(cursor.rest(), cursor.text)))
    return tuple(found.items())


def _parts(cursor: Cursor) -> Iterator[tuple[str, str]]:
    while not cursor.done:
        if cursor.take("NOT", "NULL") or cursor.take("PRIMARY", "KEY"):
            yield "nullable", "no"
        elif cursor.take("ON", "UPDATE") or cursor.take("ON", "DELETE"):
            cursor.next()
        elif cursor.take("DEFAULT"):
            yield "default", expression(cursor)
        elif cursor.take("COMMENT"):
            token = cursor.next()
            yield "comment", body_of(token) if token.kind == "string" else "?"
        elif cursor.take("GENERATED") or cursor.peek().upper == "AS":
            yield _generated(cursor)
        elif cursor.take("AUTO_INCREMENT") or cursor.take("AUTOINCREMENT"):
            yield "identity", "auto_increment"
        else:
            cursor.next()


def _generated(cursor: Cursor) -> tuple[str, str]:
    while not cursor.done and not cursor.take("AS"):
        cursor.next()
    if cursor.take("IDENTITY"):
        return "identity", "always or by default"
    inner = cursor.group()
    return "computed", written(inner, cursor.text) if inner else "?"


def expression(cursor: Cursor) -> str:
    """Take an expression, to the next part of the definition; return it as written."""
    taken: list[Token] = []
    depth = 0
    while not cursor.done:
        token = cursor.peek()
        starts = token.upper in _PART and not (not taken and token.upper == "NULL")
        if depth == 0 and starts:
            break
        depth += (token.text == "(") - (token.text == ")")
        taken.append(cursor.next())
    return written(taken, cursor.text)


def written(found: list[Token], text: str) -> str:
    """Return tokens as the text has them, on one line."""
    if not found:
        return "?"
    return " ".join(text[found[0].start : found[-1].end].split())
