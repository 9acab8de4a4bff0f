"""Column and constraint definitions inside ALTER TABLE."""

from __future__ import annotations

from lback.core.effects import Effect
from lback.core.sql.reading import Reading
from lback.core.sql.tokens import Cursor, Token, plain_columns

_COLUMN_END = frozenset(
    """NOT NULL DEFAULT PRIMARY UNIQUE REFERENCES CHECK CONSTRAINT COLLATE GENERATED AFTER
    FIRST COMMENT AUTO_INCREMENT USING ON CHARACTER""".split()  # noqa: SIM905
)


def inline_constraints(reading: Reading, cursor: Cursor, table: str, column: str) -> None:
    """Record the constraints that a column's definition brings."""
    name = None
    while not cursor.done:
        if cursor.take("CONSTRAINT"):
            name = cursor.name()
            continue
        kind, refers = "", None
        if cursor.take("REFERENCES"):
            kind, refers = "foreignkey", cursor.name()
        elif cursor.take("PRIMARY", "KEY"):
            kind = "primary"
        elif cursor.take("UNIQUE"):
            kind = "unique"
        elif cursor.take("CHECK"):
            kind = "check"
        else:
            cursor.next()
            continue
        reading.add(
            Effect(
                "create",
                "constraint",
                table,
                name,
                columns=(column,),
                refers_to=refers,
                aspects=(kind,),
            )
        )
        name = None


def column_type(cursor: Cursor) -> str:
    """Take a column's type; return it as written."""
    found: list[Token] = []
    while not cursor.done and cursor.peek().upper not in _COLUMN_END:
        token = cursor.next()
        found.append(token)
        if token.text == "(":
            depth = 1
            while not cursor.done and depth:
                inner = cursor.next()
                found.append(inner)
                depth += (inner.text == "(") - (inner.text == ")")
    text = ""
    for one in found:
        tight = not text or one.text in ("(", ")", ",", "[", "]", ".") or text[-1] in "([."
        text += one.text if tight else f" {one.text}"
    return text


def constraint(reading: Reading, cursor: Cursor, table: str, name: str | None) -> bool:
    """Read the definition of a table constraint."""
    refers = None
    if cursor.take("PRIMARY", "KEY"):
        kind = "primary"
    elif cursor.take("UNIQUE"):
        kind = "unique"
        cursor.take_any("KEY", "INDEX")
        if cursor.take("NULLS"):
            cursor.take("NOT")
            cursor.take("DISTINCT")
        if name is None and cursor.peek().text != "(" and cursor.peek().upper != "USING":
            name = cursor.name()
    elif cursor.take("FOREIGN", "KEY"):
        kind = "foreignkey"
        if cursor.peek().text != "(":
            name = name or cursor.name()
    elif cursor.take("CHECK"):
        kind = "check"
    elif cursor.take("EXCLUDE"):
        kind = "exclude"
    elif cursor.take("NOT", "NULL"):
        kind = "check"
    else:
        return False
    columns = plain_columns(cursor.group()) if kind in ("primary", "unique", "foreignkey") else ()
    if kind == "foreignkey":
        if not cursor.take("REFERENCES"):
            return False
        refers = cursor.name()
    reading.add(
        Effect(
            "create",
            "constraint",
            table,
            name,
            columns=columns,
            refers_to=refers,
            detail=f"{kind}" + (f" ({', '.join(columns)})" if columns else ""),
            aspects=(kind,),
        )
    )
    return True
