"""Looks in a database for what a revision makes: it is there where the revision has run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from lback.core.effects import Effect

_LOOKED_FOR = frozenset({"table", "column", "index"})


def traces(connection: sa.Connection, effects: Iterable[Effect]) -> bool | None:
    """Tell whether all (True) or none (False) of what effects make and drop is so.

    None where some of it is and some is not, and where nothing can be looked for.
    """
    inspector = sa.inspect(connection)
    seen = {
        _is_there(inspector, one) == (one.kind == "create") for one in effects if _can_be_seen(one)
    }
    return seen.pop() if len(seen) == 1 else None


def _can_be_seen(one: Effect) -> bool:
    named = one.table is not None and (one.object == "table" or one.name is not None)
    plain = one.certain and one.dialect is None
    return one.kind in ("create", "drop") and one.object in _LOOKED_FOR and named and plain


def _is_there(inspector: Any, one: Effect) -> bool:
    schema, _, table = (one.table or "").rpartition(".")
    if not inspector.has_table(table, schema=schema or None):
        return False
    if one.object == "table":
        return True
    ask = inspector.get_columns if one.object == "column" else inspector.get_indexes
    return any(row["name"] == one.name for row in ask(table, schema=schema or None))
