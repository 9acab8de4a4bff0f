"""The verdict on two effects, one of each side of a fork."""

from __future__ import annotations

from lback.core.dialects import Dialects
from lback.core.effects import Effect
from lback.core.forks.commuting import COMMUTES, QUERIED, REFERRED, VIEWED, clash, unfilled
from lback.core.forks.sides import Done
from lback.core.naming import same_name

SEVERITY: dict[str, int] = {"conflict": 3, "order-matters": 2, "unknown": 1, "same": 0}

# Objects whose names are unique across a schema whatever table they belong to, at least
# on one of the databases: an index on PostgreSQL and SQLite, a foreign key on MySQL.
_SCHEMA_WIDE = frozenset({"index", "constraint"})
_TABLES_AND_THE_LIKE = frozenset({"table", "view", "sequence", "index"})
_ON_TABLES = frozenset(
    {"table", "column", "index", "constraint", "data", "comment", "trigger", "rule", "policy"}
    | {"privileges"}
)


def exclusive(left: str | None, right: str | None) -> bool:
    """Tell whether two effects never run on the same dialect."""
    return (Dialects.of(left) & Dialects.of(right)).empty


_WHY = {
    "conflict": "one of them cannot work after the other",
    "order-matters": "the outcome depends on which comes first",
    "same": "both do the same",
}


def on_one_table(mine: Done, theirs: Done) -> tuple[str, str, str] | None:
    """Judge two effects on one table by the table of commuting pairs."""
    left, right = mine.effect, theirs.effect
    if not _one_table(left, right):
        return None
    if mine.inside or theirs.inside:
        # The creation of the table is an effect too, and says it for all that is inside.
        return None
    worst: str | None = None
    for one in mine.deeds:
        for other in theirs.deeds:
            condition = COMMUTES.get((one, other))
            if condition is not None and condition(left, right):
                continue
            verdict = clash(one, other, left, right)
            if worst is None or SEVERITY[verdict] > SEVERITY[worst]:
                worst = verdict
    if worst is None:
        return None
    if worst == "conflict" and not left.certain and not right.certain:
        worst = "order-matters"
    if worst == "order-matters" and _identical(left, right):
        return _about(left, right), "same", _WHY["same"]
    return _about(left, right), worst, _reason(left, right, worst)


def _one_table(left: Effect, right: Effect) -> bool:
    if not (left.object in _ON_TABLES and right.object in _ON_TABLES):
        return False
    mine = [left.table, left.to if left.object == "table" else None]
    theirs = [right.table, right.to if right.object == "table" else None]
    return any(same_name(one, other) for one in mine for other in theirs)


def _identical(left: Effect, right: Effect) -> bool:
    """Tell whether two alterations set the same thing to the same value."""
    if left.object != "column" or left.kind != "alter" or right.kind != "alter":
        return False
    settled = {"type", "nullable", "not null"}
    return (
        left.name == right.name
        and bool(left.detail)
        and "?" not in left.detail
        and left.detail == right.detail
        and left.aspects == right.aspects
        and set(left.aspects) <= settled
    )


def _reason(left: Effect, right: Effect, verdict: str) -> str:
    if left.kind == right.kind == "create" and verdict == "conflict":
        if left.detail == right.detail:
            return "both would make it, and the second one fails"
        return "both would make it, each in its own way, and the second one fails"
    if unfilled(left, right) or unfilled(right, left):
        return "the rows do not fill a column that must be filled"
    if left.kind == right.kind == "drop" and verdict == "conflict":
        return "what one has dropped the other cannot drop"
    return _WHY[verdict]


def _about(left: Effect, right: Effect) -> str:
    """Name what two effects on one table are about."""
    table = left.table or right.table
    columns = [one.name for one in (left, right) if one.object == "column" and one.name]
    if {left.object, right.object} == {"column"} and len(set(columns)) == 1:
        return f"column {table}.{columns[0]}"
    if left.object == right.object and left.name and left.name == right.name:
        return f"{left.object} {left.name}"
    for column, other in ((left, right), (right, left)):
        if column.object == "column" and column.name in other.columns:
            return f"column {table}.{column.name}"
    return f"table {table}"


def by_name(mine: Done, theirs: Done) -> tuple[str, str, str] | None:
    """Judge two effects on things that share a name across the schema."""
    left, right = mine.effect, theirs.effect
    if left.object in ("column", "data", "query") or right.object in ("column", "data", "query"):
        return None
    if not _one_namespace(left, right):
        return None
    mine_names, their_names = (left.name, left.to), (right.name, right.to)
    if not any(same_name(one, other) for one in mine_names for other in their_names):
        return None
    about = f"{left.object} {left.name}"
    if left.object == right.object == "enum" and left.kind == right.kind == "alter":
        return _enum_values(left, right, about)
    guarded = not left.certain and not right.certain
    if guarded and left.kind == right.kind and left.detail == right.detail:
        return about, "same", "both do it only where it is still to be done"
    if left.kind == right.kind == "alter":
        return about, "order-matters", _WHY["order-matters"]
    return about, "conflict", _reason(left, right, "conflict")


def _one_namespace(left: Effect, right: Effect) -> bool:
    both = {left.object, right.object}
    if len(both) == 1:
        return left.object != "privileges" and (
            left.object not in _ON_TABLES or left.object in _SCHEMA_WIDE
        )
    return both <= _TABLES_AND_THE_LIKE or both == _SCHEMA_WIDE


def _enum_values(left: Effect, right: Effect, about: str) -> tuple[str, str, str]:
    if left.detail != right.detail:
        return about, "order-matters", "the values would be sorted differently"
    if left.certain or right.certain:
        return about, "conflict", "both add the value, and the second one fails"
    return about, "same", _WHY["same"]


def linked(first: Done, second: Done) -> tuple[str, str, str] | None:
    """Judge an effect that refers to, or queries, the table that another changes."""
    left, right = first.effect, second.effect
    if right.object not in _ON_TABLES or right.table is None:
        return None
    targets = [right.table, *([right.to] if right.object == "table" and right.to else [])]
    refers = any(same_name(left.refers_to, one) for one in targets)
    reads = any(same_name(table, one) for table in left.reads for one in targets)
    if not (refers or reads) or second.inside:
        return None
    if refers and all(one in REFERRED for one in second.deeds):
        return None
    allowed = VIEWED if left.object == "view" else QUERIED
    if reads and not refers and all(one in allowed for one in second.deeds):
        return None
    gone = right.object == "table" and right.kind in ("create", "drop", "rename")
    verb = "refers to" if refers else "reads"
    why = f"{first.revision} {verb} {right.table}"
    return f"table {right.table}", "conflict" if gone else "order-matters", why
