"""DROP of whatever has a name of its own."""

from __future__ import annotations

from lback.core.effects import Effect
from lback.core.sql.cursor import Cursor
from lback.core.sql.outcome import Outcome
from lback.core.sql.seen import Seen

# Dropping one of these with CASCADE takes columns, defaults, triggers or tables along.
_REACH_TABLES = frozenset(
    """enum domain extension schema function sequence collation operator language server
    wrapper cast access""".split()  # noqa: SIM905
)


def cascades(cursor: Cursor) -> tuple[str, ...]:
    """Take CASCADE or RESTRICT at the end of a DROP."""
    return ("cascade",) if cursor.take_any("CASCADE", "RESTRICT") == "CASCADE" else ()


def drop_named(cursor: Cursor, kind: str) -> Outcome:
    """Read DROP of one or more objects that have names of their own."""
    guarded = cursor.guard()
    names = [routine(cursor)]
    while cursor.take(","):
        names.append(routine(cursor))
    aspects = cascades(cursor)
    seen = Seen()
    if aspects and kind in _REACH_TABLES:
        seen.doubt(f"DROP {kind.upper()} ... CASCADE drops whatever needs it")
    return seen.does(
        *(
            Effect("drop", kind, None, one, certain=not guarded, guarded=guarded, aspects=aspects)
            for one in names
        )
    )


def routine(cursor: Cursor) -> str:
    """Take a name, with the types of its arguments if it is a routine's."""
    name = cursor.name()
    if cursor.opens():
        cursor.group()
    return name
