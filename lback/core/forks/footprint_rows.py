"""The footprints of what reads and writes rows."""

from __future__ import annotations

from collections.abc import Iterable

from lback.core.effects import Effect
from lback.core.forks.surroundings import Link, Surroundings
from lback.core.forks.touches import ANY, Touch, aspect, columns, folded, named, whole
from lback.core.naming import key


def looked_at(effect: Effect, table: str | None) -> tuple[str, ...] | None:
    """Return the columns of a table that an effect looks at; None for all that there are.

    What reads migrations tells of every expression what it uses, or that it is unknown.
    """
    found = [
        use.name for use in effect.uses if use.object == "column" and key(use.table) == key(table)
    ]
    return None if "*" in found else tuple(found)


def read(tables: Iterable[str], around: Surroundings, *, star: bool) -> Iterable[Touch]:
    """Touch what a query reads; `star`: its outcome has all columns that there are."""
    for table in tables:
        yield from named(table, "need")
        yield from columns(table, ANY, "all" if star else "need")
        yield from aspect("type", table, ANY, "read")
        if star:
            # A table made like another takes over what its columns must be.
            for one in ("nullable", "default"):
                yield from aspect(one, table, ANY, "read")
            for one in ("constraint", "index"):
                yield Touch("list", f"{one} {key(table)}", "ask")
        yield from whole("rows", table, "read")
        yield from aspect("values", table, ANY, "read")
        yield Touch("any rows", "", "touch")


def written(effect: Effect, around: Surroundings) -> Iterable[Touch]:
    """Touch what an INSERT, UPDATE or DELETE works on, along foreign keys and triggers too."""
    table = effect.table
    yield from named(table, "need")
    yield from whole("rows", table, effect.kind)
    yield from whole("firing", table, "fire")
    yield Touch("firing", "*", "fire")
    yield Touch("any rows", "", "touch")
    own = {"insert": _inserted, "update": _updated, "delete": _deleted}[effect.kind]
    yield from own(effect, around)
    for other in effect.reads:
        if key(other) != key(table):
            yield from _queried(effect, other)
    yield from _fired(key(table), around)


def _queried(effect: Effect, table: str) -> Iterable[Touch]:
    looked = looked_at(effect, table)
    star = any(u.name == "*" and key(u.table) == key(table) for u in effect.uses)
    yield from named(table, "need")
    yield from columns(table, looked, "all" if star else "need")
    yield from aspect("type", table, looked, "read")
    yield from whole("rows", table, "read")
    yield from aspect("values", table, looked, "read")


def _inserted(effect: Effect, around: Surroundings) -> Iterable[Touch]:
    table = effect.table
    if effect.columns:
        given = folded(effect.columns)
        yield from columns(table, given, "need")
        yield from aspect("values", table, given, "fill")
        yield Touch("default", key(table), "read", None, given)
    else:
        # By position: what the columns are, and how many, counts.
        yield from columns(table, ANY, "places")
        yield from aspect("values", table, ANY, "fill")
        yield from aspect("default", table, ANY, "read")
    # An upsert needs its unique key; the sequence of a serial column goes on.
    yield from whole("keys", table, "lean")
    yield Touch("counter", f"table {key(table)}", "read")
    for link in around.parents(key(table)):
        yield from _relied(link, around)


def _updated(effect: Effect, around: Surroundings) -> Iterable[Touch]:
    table = effect.table
    given = folded(effect.columns) or ANY
    looked = looked_at(effect, table)
    yield from columns(table, given, "need")
    yield from columns(table, looked, "need")
    yield from aspect("values", table, given, "write")
    yield from aspect("values", table, looked, "read")
    yield from aspect("type", table, looked, "read")
    for link in around.parents(key(table)):
        if given is None or not link.columns or given & folded(link.columns):
            yield from _relied(link, around)
    for link in around.children(key(table)):
        known = around.keys.get(key(table))
        if given is None or not known or given & known:
            yield from _along(link, "update", around)


def _deleted(effect: Effect, around: Surroundings) -> Iterable[Touch]:
    looked = looked_at(effect, effect.table)
    yield from columns(effect.table, looked, "need")
    yield from aspect("type", effect.table, looked, "read")
    yield from aspect("values", effect.table, looked, "read")
    for link in around.children(key(effect.table)):
        yield from _along(link, "delete", around)


def _relied(link: Link, around: Surroundings) -> Iterable[Touch]:
    """Touch the rows that a foreign key must find."""
    yield Touch("rows", link.parent, "rely")
    yield Touch("values", link.parent, "read", around.keys.get(link.parent) or ANY)


def _along(
    link: Link, kind: str, around: Surroundings, seen: frozenset[str] = frozenset()
) -> Iterable[Touch]:
    """Touch the rows that an action of a foreign key may change, or that hold it up."""
    yield Touch("rows", link.child, kind)
    yield from aspect("values", link.child, link.columns or ANY, "write")
    yield from _fired(link.child, around)
    for further in around.children(link.child):
        if further.child not in seen:
            yield from _along(further, kind, around, seen | {link.child})


def _fired(table: str, around: Surroundings) -> Iterable[Touch]:
    """Touch what the triggers of a table write: any rows, where that is not known."""
    for trigger in around.triggers.get(table, ()):
        uses = list(trigger.uses)
        functions = [key(one.name) for one in uses if one.object == "function"]
        for name in functions:
            yield Touch("object", f"function {name}", "need")
            uses += around.functions.get(name, ())
        written = [one.name for one in uses if one.object == "table"]
        yield from aspect("values", table, ANY, "write")
        if not written:
            yield Touch("any rows", "", "write")
        for one in written:
            yield from whole("rows", one, "insert")
            yield from aspect("values", one, ANY, "write")
