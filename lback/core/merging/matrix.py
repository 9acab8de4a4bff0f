"""The matrix of modes: which two touches of one resource may come in either order.

A resource is a thing of the schema or of the rows (a table's name, a column, its type, the
values in it); an effect touches several, each in one mode. As in the serialisability of
transactions, two effects commute when no two of their touches clash, and what is not listed
here for a kind of resource does not clash. tests/core/test_overlap_truth.py runs every pair
of its kinds of change in both orders on three databases.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

SEVERITY: dict[str, int] = {"conflict": 3, "order-matters": 2, "unknown": 1, "same": 0}


class Clash(NamedTuple):
    """Why two touches of one resource may not come in either order."""

    verdict: str
    why: str


Modes = Mapping[tuple[str, str], Clash]

_DEPENDS = "the outcome depends on which comes first"
_GONE = Clash("conflict", "one needs what the other drops")
_MOVED = Clash("conflict", "one uses the name that the other takes away")
_BOTH_MAKE = Clash("conflict", "both would make it, and the second one fails")
_BOTH_DROP = Clash("conflict", "what one has dropped the other cannot drop")
_BOTH_MOVE = Clash("conflict", "once one has given it another name, the other cannot find it")
_MAKE_DROP = Clash("conflict", "one makes what the other drops")
_TAKEN = Clash("conflict", "one needs it, and the other makes it")
_ASKED = Clash("order-matters", "a condition of one asks for what the other changes")
_SET = Clash("order-matters", _DEPENDS)


def _both_ways(clashes: dict[tuple[str, str], Clash]) -> Modes:
    return {**clashes, **{(right, left): clash for (left, right), clash in clashes.items()}}


# Something with a name: needed, made, dropped, moved to another name, asked for.
_NAMED: dict[tuple[str, str], Clash] = {
    ("need", "make"): _TAKEN,
    ("need", "drop"): _GONE,
    ("need", "move"): _MOVED,
    ("make", "make"): _BOTH_MAKE,
    ("make", "drop"): _MAKE_DROP,
    ("make", "move"): Clash("conflict", "one makes what the other gives another name"),
    ("drop", "drop"): _BOTH_DROP,
    ("drop", "move"): _MOVED,
    ("move", "move"): _BOTH_MOVE,
    ("ask", "make"): _ASKED,
    ("ask", "drop"): _ASKED,
    ("ask", "move"): _ASKED,
    ("set", "set"): _SET,
    ("set", "make"): _TAKEN,
    ("set", "drop"): _GONE,
    ("set", "move"): _MOVED,
}
_STAR = Clash("order-matters", "one takes all columns that are there, and the other changes them")
_COLUMN = {
    **_NAMED,
    # What hangs on a column goes with it, and follows it to another name.
    ("hang", "drop"): Clash("order-matters", "what is on a column goes with the column"),
    # A column that is used, and which one is not known.
    ("some", "drop"): Clash("order-matters", "one may use the column that the other drops"),
    ("some", "move"): Clash("order-matters", "one may use the column that the other renames"),
    ("all", "make"): _STAR,
    ("all", "drop"): _STAR,
    ("all", "move"): _STAR,
    # Values by position: what the columns are called does not count.
    ("places", "make"): _STAR,
    ("places", "drop"): _STAR,
}
# MySQL says a type again whenever it changes anything of a column.
_SETTABLE = {("set", "set"): _SET, ("set", "read"): _SET, ("set", "again"): _SET}
_VALUES = {
    ("write", "write"): _SET,
    ("write", "read"): _SET,
    ("write", "fill"): _SET,
}
_CHECKED = Clash("order-matters", "what one demands of the rows the rows of the other may not meet")
_ROWS = {
    ("insert", "insert"): _SET,
    ("insert", "delete"): _SET,
    ("insert", "update"): _SET,
    ("insert", "read"): _SET,
    ("insert", "check"): _CHECKED,
    ("insert", "demand"): Clash("conflict", "the rows do not fill a column that must be filled"),
    ("delete", "delete"): _SET,
    ("delete", "update"): _SET,
    ("delete", "read"): _SET,
    ("delete", "rely"): Clash("order-matters", "a foreign key joins them"),
}
_COPIED = Clash(
    "order-matters", "SQLite copies the table over, and not everything outlives the copy"
)
_REBUILT = Clash("order-matters", "one copies the table over, and not everything outlives the copy")
_FIRES = Clash("order-matters", "what one makes on the table works on the rows of the other")
_GRANTED = Clash("order-matters", "the rights on what one makes depend on which comes first")
_GATHERS = Clash("order-matters", "what the view is filled from is not known")
_KEY = Clash("order-matters", "one leans on a key or an index, and the other drops one")

MATRIX: Mapping[str, Modes] = {
    "name": _both_ways(_NAMED),
    "constraint": _both_ways(_NAMED),
    "foreign key": _both_ways(_NAMED),
    "trigger": _both_ways(_NAMED),
    "object": _both_ways(_NAMED),
    "column": _both_ways(_COLUMN),
    "type": _both_ways(_SETTABLE),
    "nullable": _both_ways(_SETTABLE),
    "default": _both_ways(_SETTABLE),
    "comment": _both_ways(_SETTABLE),
    "setting": _both_ways(_SETTABLE),
    "labels": _both_ways({**_SETTABLE, ("add", "add"): _SET, ("add", "set"): _SET}),
    "counter": _both_ways(_SETTABLE),
    "values": _both_ways(_VALUES),
    "rows": _both_ways(_ROWS),
    "keys": _both_ways({("lean", "loose"): _KEY}),
    "child keys": _both_ways({("lean", "loose"): _KEY}),
    "copies": _both_ways({("copy", "fragile"): _COPIED}),
    "rebuilt": _both_ways({("copy", "fragile"): _REBUILT}),
    "firing": _both_ways(
        {
            ("fire", "set"): _FIRES,
            ("fire", "unset"): _FIRES,
            ("set", "set"): Clash("order-matters", "which of them fires first is by their order"),
        }
    ),
    # Things of which one table has one only, or numbers those without a name.
    "single": _both_ways(
        {("make", "make"): Clash("conflict", "the table can have one only, and both make it")}
    ),
    "numbered": _both_ways(
        {
            ("make", "make"): Clash(
                "order-matters", "without a name of its own, each gets one by its order"
            )
        }
    ),
    "cascade": _both_ways(
        {("take", "part"): Clash("order-matters", "CASCADE takes along what depends on it")}
    ),
    # An index whose table nobody knows.
    "somewhere": _both_ways(
        {("index", "table"): Clash("order-matters", "the index may be on that table")}
    ),
    # Rights on all that there is of a kind, or that there will be.
    "rights": _both_ways(
        {
            ("all", "make"): _GRANTED,
            ("new", "make"): _GRANTED,
            ("all", "one"): Clash("order-matters", "one sets rights on all, the other on some"),
        }
    ),
    # What there is of a kind, as a condition lists it.
    "list": _both_ways({("ask", "change"): _ASKED}),
    "any rows": _both_ways(
        {
            ("write", "touch"): Clash("order-matters", "a trigger may write any rows"),
            ("write", "write"): Clash("order-matters", "a trigger may write any rows"),
            ("gather", "touch"): _GATHERS,
            ("gather", "write"): _GATHERS,
        }
    ),
}

# For each kind and mode: the modes of the other side that it clashes with.
PARTNERS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    kind: {
        mode: tuple(dict.fromkeys(other for name, other in modes if name == mode))
        for mode in dict.fromkeys(name for name, _ in modes)
    }
    for kind, modes in MATRIX.items()
}
