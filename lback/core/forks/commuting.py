"""The table of commuting pairs: which two deeds on one table may come in either order.

Two effects on one object do not commute unless a row here says so. Each side of a
fork is taken to work where it was written, on the schema where both began; a row says
that doing the other side first then changes neither the outcome nor whether it works.
tests/core/test_overlap_truth.py runs every pair in both orders on real databases.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lback.core.effects import Effect

Condition = Callable[[Effect, Effect], bool]


def always(_: Effect, __: Effect) -> bool:
    """Hold for any two."""
    return True


def _columns(effect: Effect) -> frozenset[str]:
    """Return every column that an effect names, old and new."""
    named = set(effect.columns)
    if effect.object == "column":
        named |= {one for one in (effect.name, effect.to) if one}
    return frozenset(one.casefold() for one in named)


def other_column(left: Effect, right: Effect) -> bool:
    """Hold where the two name different columns, before and after a rename."""
    return bool(left.name and right.name) and not (_columns(left) & _columns(right))


def not_on_it(left: Effect, right: Effect) -> bool:
    """Hold where no column of one is named by the other; expressions are not looked into."""
    return not (_columns(left) & _columns(right))


def surely_not_on_it(left: Effect, right: Effect) -> bool:
    """Hold where both say which columns they are on, and share none."""
    return bool(_columns(left)) and bool(_columns(right)) and not_on_it(left, right)


def other_name(left: Effect, right: Effect) -> bool:
    """Hold where names differ, before and after a rename; unnamed ones by their columns."""
    if left.name is None or right.name is None:
        return surely_not_on_it(left, right)
    return not (_names(left) & _names(right))


def _names(effect: Effect) -> frozenset[str]:
    return frozenset(one.casefold() for one in (effect.name, effect.to) if one)


def other_key(left: Effect, right: Effect) -> bool:
    """Hold where names differ and so do the columns: SQLite keeps one of two alike."""
    return other_name(left, right) and _columns(left) != _columns(right)


def optional_column(left: Effect, right: Effect) -> bool:
    """Hold where a column that rows need not fill is added, and the rows do not name it."""
    column, rows = (left, right) if left.object == "column" else (right, left)
    if "not null" in column.aspects or not not_on_it(column, rows):
        return False
    return rows.kind != "insert" or bool(rows.columns)


def filled_by_rows(left: Effect, right: Effect) -> bool:
    """Hold where the inserted rows give the column a value themselves."""
    column, rows = (left, right) if left.object == "column" else (right, left)
    return bool(_columns(column) & _columns(rows))


def unfilled(column: Effect, rows: Effect) -> bool:
    """Hold where a new column must be filled, and the inserted rows name others only.

    A column that is only made required may have a default from earlier, which fills it.
    """
    fresh = column.object == "column" and column.kind == "create"
    given = rows.object == "data" and rows.kind == "insert" and bool(rows.columns)
    return fresh and given and "not null" in column.aspects and not_on_it(column, rows)


_ADD = "add column"
_GO = ("drop column", "rename column")
_ALTER = ("type", "nullable", "default", "comment", "change column")
_NEW_INDEX = ("create index", "create unique index")
_NEW_KEY = ("add unique", "add primary", "add foreignkey", "add check", "add exclude")
_OLD_KEY = ("drop index", "rename index", "drop constraint", "rename constraint")
_NOTES = ("comment table", "privileges")
_ROWS = ("insert", "update", "delete")
_ANYTHING = (_ADD, *_GO, *_ALTER, *_NEW_INDEX, *_NEW_KEY, *_OLD_KEY, *_ROWS, "set table", "trigger")

# deed, deeds that may come before or after it on the same table, and when.
_ROWS_OF_TABLE: tuple[tuple[str, tuple[str, ...], Condition], ...] = (
    (_ADD, (_ADD, *_GO, *_ALTER), other_column),
    (_ADD, (*_NEW_INDEX, *_NEW_KEY), not_on_it),
    (_ADD, _OLD_KEY, always),
    (_ADD, _ROWS, optional_column),
    ("drop column", (*_GO, *_ALTER), other_column),
    ("drop column", (*_NEW_INDEX, *_NEW_KEY), surely_not_on_it),
    ("rename column", ("rename column", *_ALTER), other_column),
    ("rename column", (*_NEW_INDEX, *_NEW_KEY), surely_not_on_it),
    ("rename column", _OLD_KEY, always),
    ("type", _ALTER, other_column),
    ("nullable", _ALTER, other_column),
    ("default", _ALTER, other_column),
    ("comment", _ALTER, other_column),
    ("type", (*_NEW_INDEX, *_NEW_KEY), surely_not_on_it),
    ("nullable", (*_NEW_INDEX, *_NEW_KEY), surely_not_on_it),
    ("default", (*_NEW_INDEX, *_NEW_KEY), surely_not_on_it),
    ("comment", (*_NEW_INDEX, *_NEW_KEY), surely_not_on_it),
    ("type", _OLD_KEY, always),
    ("nullable", _OLD_KEY, always),
    ("default", _OLD_KEY, always),
    ("comment", _OLD_KEY, always),
    ("nullable", ("update",), surely_not_on_it),
    ("default", ("update", "delete"), always),
    ("default", ("insert",), filled_by_rows),
    ("comment", _ROWS, always),
    ("create index", (*_NEW_INDEX, *_NEW_KEY, *_OLD_KEY), other_name),
    ("create index", _ROWS, always),
    ("create unique index", ("create unique index", *_NEW_KEY, *_OLD_KEY), other_name),
    ("create unique index", ("update",), surely_not_on_it),
    ("add unique", ("add unique", "add primary"), other_key),
    ("add unique", ("add foreignkey", "add check"), other_name),
    ("add primary", ("add foreignkey", "add check"), other_name),
    ("add foreignkey", ("add foreignkey", "add check"), other_name),
    ("add check", ("add check",), other_name),
    ("add unique", (*_OLD_KEY, "add exclude"), other_name),
    ("add check", (*_OLD_KEY, "add exclude"), other_name),
    ("add exclude", ("add foreignkey",), other_name),
    ("add unique", ("update",), surely_not_on_it),
    ("add foreignkey", ("update",), surely_not_on_it),
    ("drop index", ("drop index", "rename index"), other_name),
    ("drop index", ("update", "delete"), always),
    ("rename index", ("rename index", "drop constraint", "rename constraint"), other_name),
    ("rename index", _ROWS, always),
    ("drop constraint", ("drop constraint", "rename constraint"), other_name),
    ("drop constraint", ("update", "delete"), always),
    ("rename constraint", ("rename constraint",), other_name),
    ("rename constraint", _ROWS, always),
    ("comment table", (*_ANYTHING, "privileges"), always),
    ("privileges", _ANYTHING, always),
    ("trigger", ("trigger",), other_name),
    ("trigger", (_ADD, *_NEW_INDEX, "comment"), always),
)

# What may come in either order with a new foreign key that points at the table.
_REFERRED = (
    _ADD,
    "default",
    "comment",
    "nullable",
    *_NEW_INDEX,
    *_NEW_KEY,
    *_NOTES,
    "insert",
    "rename index",
    "rename constraint",
)

# What may come in either order with a query that reads the table.
_QUERIED = (
    _ADD,
    "default",
    "comment",
    "nullable",
    *_NEW_INDEX,
    *_NEW_KEY,
    *_OLD_KEY,
    *_NOTES,
    "trigger",
)
# A view stops SQLite from copying the table over, which is how most changes are made there.
_VIEWED = (*_NEW_INDEX, "drop index", "rename index", *_NOTES, *_ROWS)


def _table() -> Mapping[tuple[str, str], Condition]:
    found: dict[tuple[str, str], Condition] = {}
    for deed, others, condition in _ROWS_OF_TABLE:
        for other in others:
            found.setdefault((deed, other), condition)
            found.setdefault((other, deed), condition)
    return found


COMMUTES: Mapping[tuple[str, str], Condition] = _table()
REFERRED: frozenset[str] = frozenset(_REFERRED)
QUERIED: frozenset[str] = frozenset(_QUERIED)
VIEWED: frozenset[str] = frozenset(_VIEWED)

# Deeds after (or before) which the other side's statement fails, not only differs.
_BREAKS = frozenset({"create table", "drop table", "rename table"})
_ON_COLUMN = frozenset({_ADD, *_GO, *_ALTER})


def clash(left: str, right: str, left_effect: Effect, right_effect: Effect) -> str:
    """Return the verdict on two deeds on one table that do not commute."""
    if left in _BREAKS or right in _BREAKS:
        return "conflict"
    if unfilled(left_effect, right_effect) or unfilled(right_effect, left_effect):
        return "conflict"
    named = bool(_columns(left_effect) & _columns(right_effect))
    gone = left in (_ADD, *_GO) or right in (_ADD, *_GO)
    if named and gone:
        return "conflict"
    same_name = bool(_names(left_effect) & _names(right_effect))
    keys = {left_effect.object, right_effect.object} <= {"index", "constraint", "trigger"}
    if keys and same_name:
        return "conflict"
    if left == right == "add primary":
        return "conflict"
    return "order-matters"
