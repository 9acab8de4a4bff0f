"""CREATE and ALTER VIEW."""

from __future__ import annotations

from lback.core.effects import Effect, Kind
from lback.core.sql.constraints import storage
from lback.core.sql.cursor import Cursor
from lback.core.sql.nested import whole_query
from lback.core.sql.outcome import CannotRead, Does, Impossible, Outcome
from lback.core.sql.seen import Seen


def create_view(cursor: Cursor, *, materialized: bool) -> Outcome:
    """Read what follows CREATE VIEW; a view that is not understood may read any table."""
    guarded = cursor.guard()
    name = cursor.name()
    return define_view(cursor, name, "create", materialized=materialized, guarded=guarded)


_TAILS = (
    ("WITH", "NO", "DATA"),
    ("WITH", "DATA"),
    ("WITH", "CHECK", "OPTION"),
    ("WITH", "LOCAL", "CHECK", "OPTION"),
    ("WITH", "CASCADED", "CHECK", "OPTION"),
)


def _without_tail(text: Cursor) -> None:
    """Leave out what stands behind the query."""
    for tail in _TAILS:
        start = text.end - len(tail)
        if start > text.place and text.window(start, text.end).take(*tail):
            text.end = start
            return


def define_view(
    cursor: Cursor, name: str, kind: Kind, *, materialized: bool, guarded: bool
) -> Outcome:
    """Read a view's columns, options and query."""
    if cursor.opens():
        cursor.group().names()
    while cursor.word != "AS":
        if cursor.take("WITH"):
            storage(cursor.group())
        else:
            cursor.need_any("USING", "TABLESPACE")
            cursor.identifier()
    cursor.need("AS")
    text = cursor.rest()
    _without_tail(text)
    seen = Seen(running=materialized)
    reads: tuple[str, ...] = ()
    try:
        whole_query(text, seen)
        reads = tuple(sorted(one for one in seen.tables if one != name))
    except Impossible:
        raise
    except CannotRead:
        if materialized:
            raise
        reads = ("?",)
    seen.effects = [one for one in seen.effects if one.object != "table"]
    uses = tuple(one for one in seen.uses if not (one.object == "table" and one.name == name))
    view = Effect(
        kind, "view", None, name, certain=not guarded, guarded=guarded, reads=reads, uses=uses
    )
    # Unlike a plain view it keeps rows: those that were there when it was made.
    return seen.does(view._replace(aspects=("materialized",)) if materialized else view)


def alter_view(cursor: Cursor) -> Outcome:
    """Read what follows ALTER VIEW."""
    guarded = cursor.guard()
    name = cursor.name()
    if cursor.take("RENAME", "TO"):
        made = Effect("rename", "view", None, name, to=cursor.identifier())
    elif cursor.take("SET", "SCHEMA"):
        bare = name.rpartition(".")[2]
        made = Effect("rename", "view", None, name, to=f"{cursor.identifier()}.{bare}")
    elif cursor.word == "AS" or cursor.opens():
        return define_view(cursor, name, "alter", materialized=False, guarded=False)
    else:
        detail = cursor.copy().written()[:60]
        if not cursor.take_any("RENAME", "OWNER", "SET", "RESET", "ALTER", "CLUSTER", "DEPENDS"):
            raise CannotRead
        cursor.rest()
        made = Effect("alter", "view", None, name, detail=detail)
    return Does((made._replace(certain=not guarded, guarded=guarded),))
