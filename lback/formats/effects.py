"""Effects of revisions as phrases, for a terminal and for a comment."""

from __future__ import annotations

from lback.core.effects import enclosed
from lback.core.rows import EffectRow, OperationRow, UnknownRow
from lback.formats.style import safe
from lback.formats.words import listing


def effect_text(effect: EffectRow) -> str:
    """Return one effect as a phrase, such as `create column users.age (Integer)`."""
    text = operation_text(effect)
    if effect.dialect:
        text += f" [on {safe(effect.dialect)}]"
    if effect.restates:
        text += f" [MySQL also sets {listing(effect.restates)} anew]"
    return text if effect.certain else f"{text} [maybe]"


def unknown_text(unknown: UnknownRow) -> str:
    """Return why something cannot be read, and which tables it touches as far as that is known."""
    tables = f" (touches {listing(unknown.tables)})" if unknown.tables else ""
    return f"cannot be read: {safe(unknown.reason)}{tables}"


def operation_text(operation: OperationRow) -> str:
    """Return what is done to which object, such as `create column users.age (Integer)`."""
    table, name = operation.table, operation.name
    if operation.object == "table" or not name:
        place = table or name or ""
    else:
        place = f"{table}.{name}" if table and operation.object == "column" else name
        if table and operation.object != "column":
            place += f" on {table}"
    text = f"{operation.kind} {operation.object} {place}"
    if operation.to:
        text += f" to {operation.to}"
    if operation.detail:
        text += f" {enclosed(operation.detail)}"
    return safe(text)
