"""The footprints of indexes and constraints."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lback.core.effects import Effect
from lback.core.merging.footprint_reads import looked_at
from lback.core.merging.surroundings import Surroundings
from lback.core.merging.touches import ANY, Touch, aspect, columns, folded, fragile, named, whole
from lback.core.naming import bare, beside, cut, key

_WORD = re.compile(r"'[^']*'|[A-Za-z_][\w$]*")
_FLAVOURS = ("unique", "primary", "foreignkey", "check", "exclude")


def index(effect: Effect, around: Surroundings) -> Iterable[Touch]:
    """Touch what an index is made of, hangs on, and is called."""
    table = effect.table or around.indexes.get(key(effect.name))
    effect = effect._replace(name=beside(table, effect.name), to=beside(table, effect.to))
    yield from named(table, "need")
    if effect.kind == "create":
        yield from _new_index(effect, table)
    elif effect.kind == "rename":
        yield from (*named(effect.name, "move"), *named(effect.to, "make"))
        yield from _hung(table, around.spans.get(("", key(effect.name))))
    elif effect.kind == "drop":
        span = around.spans.get(("", key(effect.name)))
        yield from named(effect.name, "drop")
        yield from _hung(table, span)
        if table is not None:
            yield from aspect("child keys", table, span, "loose")
        if table is not None and key(effect.name) not in around.plain:
            yield from aspect("keys", table, span, "loose")
        if table is None:
            # It may be on any table that goes, and be leaned on anywhere.
            yield Touch("somewhere", "", "index")
    else:
        yield from (*named(effect.name, "need"), Touch("setting", f"index {effect.name}", "set"))


def _new_index(effect: Effect, table: str | None) -> Iterable[Touch]:
    looked = looked_at(effect, table)
    names = (*effect.columns, *(looked or ())) or ANY
    yield from named(effect.name or _made_up(table, effect.columns, "idx"), "make")
    if effect.name is None:
        yield from whole("numbered", f"{table}.index", "make")
    yield from columns(table, names, "need")
    yield from aspect("type", table, names, "read")
    if looked is None:
        yield from columns(table, ANY, "need")
    if looked or not effect.columns:
        # Of an expression SQLite's copy knows nothing.
        yield from fragile(table)
    if "unique" in effect.aspects:
        yield from whole("rows", table, "check")
        yield from aspect("values", table, names, "read")


def _hung(table: str | None, span: tuple[str, ...] | None) -> Iterable[Touch]:
    if table is not None:
        yield from columns(table, span, "hang")


def constraint(effect: Effect, around: Surroundings) -> Iterable[Touch]:
    """Touch what a constraint is made of, demands of the rows, and is called."""
    table = effect.table
    yield from named(table, "need")
    yield from whole("copies", table, "copy")
    if effect.kind == "create":
        yield from _new_constraint(effect, around)
        return
    mode = {"drop": "drop", "rename": "move"}.get(effect.kind, "need")
    yield from _called(effect, effect.name, mode)
    if effect.kind == "rename":
        yield from _called(effect, effect.to, "make")
    elif effect.kind == "drop":
        yield from _dropped(effect, around)
    else:
        yield Touch("setting", f"constraint {key(table)} {effect.name}", "set")
        yield from whole("rows", table, "check")
        yield from aspect("values", table, ANY, "read")
    span = around.spans.get((key(table), key(effect.name))) if effect.name else None
    if effect.kind in ("drop", "rename"):
        yield from _hung(table, span)


def _called(effect: Effect, name: str | None, mode: str) -> Iterable[Touch]:
    """Touch a constraint's name: on its table, and where it is one of a whole schema."""
    if name is None:
        return
    yield Touch("constraint", key(effect.table), mode, frozenset({cut(name.casefold())}))
    flavours = set(effect.aspects) & set(_FLAVOURS)
    if not flavours or flavours & {"unique", "primary", "exclude"}:
        # PostgreSQL keeps an index of that name, in the schema of the table.
        yield from named(beside(effect.table, name), mode)
    if not flavours or flavours & {"foreignkey", "check"}:
        yield Touch("foreign key", key(beside(effect.table, name)), mode)  # MySQL


def _dropped(effect: Effect, around: Surroundings) -> Iterable[Touch]:
    yield Touch("cascade", "", "part")
    flavours = set(effect.aspects) & set(_FLAVOURS)
    if not flavours & {"foreignkey", "check"}:
        span = around.spans.get((key(effect.table), key(effect.name)))
        yield from aspect("keys", effect.table, span, "loose")
        yield from aspect("child keys", effect.table, span, "loose")
    if "cascade" in effect.aspects:
        # The foreign keys that lean on it go along.
        for link in around.children(key(effect.table)):
            yield Touch("rows", link.parent, "rely")
            yield from aspect("values", link.parent, around.keys.get(link.parent), "read")
            if link.name:
                yield Touch("constraint", link.child, "drop", frozenset({link.name}))
    if not flavours or "foreignkey" in flavours:
        # What a deletion takes along, or is held up by, is another thing without it.
        for link in around.parents(key(effect.table)):
            if link.name is None or effect.name is None or link.name == key(effect.name):
                yield Touch("rows", link.parent, "rely")
                yield from aspect("values", link.parent, around.keys.get(link.parent), "read")
                # MySQL drops the index of a foreign key only once nothing leans on it.
                yield from aspect("child keys", link.child, link.columns or ANY, "lean")
    if "primary" in flavours:
        yield from aspect("nullable", effect.table, ANY, "set")


def _new_constraint(effect: Effect, around: Surroundings) -> Iterable[Touch]:
    table = effect.table
    flavours = set(effect.aspects) & set(_FLAVOURS)
    names = _columns_of(effect, flavours)
    made_up = _made_up(table, effect.columns, _SUFFIX.get(next(iter(flavours), ""), "key"))
    yield from _called(effect, effect.name or made_up, "make")
    yield from columns(table, names, "need")
    yield from aspect("type", table, names, "read")
    yield from whole("rows", table, "check")
    yield from aspect("values", table, names, "read")
    if effect.name is None:
        yield from whole("numbered", f"{table}.{'/'.join(sorted(flavours))}", "make")
    if flavours & {"unique", "primary"} or not flavours:
        alike = "/".join(sorted(folded(effect.columns)))
        yield Touch("single", f"{key(table)} key of {alike}", "make")
    if "primary" in flavours:
        yield Touch("single", f"{key(table)} primary key", "make")
        yield from aspect("nullable", table, names, "set")
    if "exclude" in flavours or not flavours or ("check" in flavours and effect.name is None):
        # Alembic's copy keeps a check that has a name.
        yield from fragile(table)
    if effect.refers_to:
        yield from _reference(effect, names, around)


_SUFFIX = {"primary": "pkey", "foreignkey": "fkey", "check": "check", "exclude": "excl"}


def _reference(
    effect: Effect, names: Iterable[str] | None, around: Surroundings
) -> Iterable[Touch]:
    """Touch the other end of a foreign key: its columns, their key, its rows."""
    parent = effect.refers_to
    # It can only be to columns with a key of their own.
    looked = looked_at(effect, parent) or around.keys.get(key(parent)) or ANY
    yield from named(parent, "need")
    yield from columns(parent, looked, "need")
    yield from aspect("type", parent, looked, "read")
    yield from aspect("keys", parent, looked, "lean")
    yield from aspect("child keys", effect.table, names, "lean")
    # MySQL makes one index for all foreign keys of a column, called by the first of them.
    of = "/".join(sorted(folded(effect.columns)))
    yield Touch("numbered", f"{key(effect.table)} foreign key of {of}", "make")
    yield Touch("somewhere", "", "table")
    yield from whole("rows", parent, "rely")
    yield from aspect("values", parent, looked, "read")


def _columns_of(effect: Effect, flavours: set[str]) -> Iterable[str] | None:
    looked = looked_at(effect, effect.table)
    if looked is None and flavours & {"check", "exclude"}:
        looked = _words(effect.detail)
    return (*effect.columns, *(looked or ())) or ANY


def _words(detail: str) -> tuple[str, ...]:
    """Return the words of a check that may be columns: all that are not in quotes."""
    inner = detail.partition("(")[2]
    return tuple(value for value in _WORD.findall(inner) if not value.startswith("'"))


def _made_up(table: str | None, names: Iterable[str], suffix: str) -> str | None:
    """Return the name that PostgreSQL gives what has none."""
    if not table:
        return None
    schema, dot, last = table.rpartition(".")
    middle = "" if suffix == "pkey" else "_".join(("", *names))
    return f"{schema}{dot}{bare(last)}{middle}_{suffix}"
