"""The footprints of what works through views and partitions, and takes them along."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lback.core.effects import Effect, Use
from lback.core.merging import footprint_reads
from lback.core.merging.surroundings import Surroundings
from lback.core.merging.touches import ANY, Touch, aspect, columns, named, whole
from lback.core.naming import key

_REFRESH = "refresh"
# Of the schema itself a database tells as if it were rows.
_CATALOGUES = ("information_schema.", "pg_catalog.", "pg_", "sqlite_master", "sqlite_schema")
# What an effect does with the rows that it gets to see: it keeps them, or something made of them.
_KEEPS = frozenset({"data", "query", "table"})

# What a partition gets from its table.
_PASSED = frozenset(
    {"column", "type", "nullable", "default", "values", "rows", "firing", "keys", "child keys"}
)


def parts(effect: Effect, around: Surroundings) -> Iterator[Effect]:
    """Yield the same effect on each of the known partitions of what it is about, or reads."""
    if not around.partitions:
        return
    names = {key(effect.table), *map(key, effect.reads)}
    for parent in names & around.partitions.keys():
        for part in _below(parent, around):
            yield effect._replace(
                table=part if key(effect.table) == parent else effect.table,
                reads=tuple(part if key(name) == parent else name for name in effect.reads),
                uses=tuple(
                    use._replace(table=part) if key(use.table) == parent else use
                    for use in effect.uses
                ),
            )


def is_passed(touch: Touch, part: Effect) -> bool:
    """Tell whether a touch of a partition is one of what is done to its table."""
    if touch.kind == "name":
        gone = part.object == "table" and part.kind == "drop"
        return gone or (part.object == "data" and touch.mode == "need")
    return touch.kind in _PASSED


def _below(parent: str, around: Surroundings) -> list[str]:
    """Return the partitions of a table, and those of these."""
    found: dict[str, None] = {}
    left = [parent]
    while left:
        for part in around.partitions.get(left.pop(), ()):
            if part not in found and part != parent:
                found[part] = None
                left.append(part)
    return list(found)


def viewed(effect: Effect, around: Surroundings) -> Iterator[Touch]:
    """Touch what lies behind the views that an effect looks or writes through, or takes along."""
    if effect.object == "view" and effect.detail == _REFRESH:
        yield from _refreshed(effect, around)
    names = _looked_through(effect)
    if any(name.startswith(_CATALOGUES) for name in names):
        yield Touch("list", "schema", "ask")
    if not names.isdisjoint(around.views):
        keeps = effect.object in _KEEPS or "materialized" in effect.aspects
        yield from _behind(names, around, rows=keeps)
    if effect.object == "data" and key(effect.table) in around.views:
        yield from _written_through(effect, around)
    if effect.kind == "drop" and "cascade" in effect.aspects:
        yield from _taken_along(effect, around)


def _refreshed(effect: Effect, around: Surroundings) -> Iterator[Touch]:
    """Touch the rows of a materialized view that is filled anew, and those it is filled from."""
    yield from whole("rows", effect.name, "insert")
    yield from aspect("values", effect.name, ANY, "write")
    view = around.views.get(key(effect.name))
    if view is None:
        yield Touch("any rows", "", "gather")
        return
    yield from _through(view, rows=True)
    yield from _behind(frozenset(map(key, view.reads)), around, rows=True)


def _looked_through(effect: Effect) -> frozenset[str]:
    names = {key(name) for name in effect.reads}
    for use in effect.uses:
        if use.object in ("table", "view"):
            names.add(key(use.name))
        elif use.object == "column":
            names.add(key(use.table))
    if effect.object in ("data", "trigger", "rule"):
        names.add(key(effect.table))
    return frozenset(names)


def _views(names: Iterable[str], around: Surroundings) -> Iterator[Effect]:
    """Yield the views of these names, and the views that those are made of.

    What is behind a materialized one counts only when that is filled.
    """
    left, known = list(names), set()
    while left:
        name = left.pop()
        view = around.views.get(name)
        if name in known or view is None or "materialized" in view.aspects:
            continue
        known.add(name)
        left += map(key, view.reads)
        yield view


def _behind(names: Iterable[str], around: Surroundings, *, rows: bool) -> Iterator[Touch]:
    for view in _views(names, around):
        yield from _through(view, rows=rows)


def _through(view: Effect, *, rows: bool) -> Iterator[Touch]:
    for table in view.reads:
        looked = footprint_reads.looked_at(view, table)
        yield from named(table, "need")
        yield from columns(table, looked, "need")
        yield from aspect("type", table, looked, "read")
        if rows:
            yield from whole("rows", table, "read")
            yield from aspect("values", table, looked, "read")


def _written_through(effect: Effect, around: Surroundings) -> Iterator[Touch]:
    """Touch the tables that rows are written to by way of a view: any of their columns."""
    for view in _views((key(effect.table),), around):
        for table in view.reads:
            every = (Use("column", "*", table),)
            there = effect._replace(table=table, columns=(), reads=(), uses=every)
            for touch in footprint_reads.written(there, around):
                if touch.mode != "places":  # they have names in the view
                    yield touch


def _taken_along(effect: Effect, around: Surroundings) -> Iterator[Touch]:
    """Touch the views that go with what a CASCADE drops: all that stand on it."""
    gone = {key(effect.table or effect.name)}
    column = (effect.name or "").casefold() if effect.object == "column" else ""
    more = True
    while more:
        more = False
        for name, view in around.views.items():
            if name not in gone and _stands_on(view, gone, column):
                gone.add(name)
                more = True
                yield from named(name, "drop")
        column = ""


def _stands_on(view: Effect, gone: set[str], column: str) -> bool:
    for table in view.reads:
        if key(table) in gone:
            looked = footprint_reads.looked_at(view, table)
            if not column or not looked or column in {name.casefold() for name in looked}:
                return True
    return False
