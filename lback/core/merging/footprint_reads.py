"""The footprints of what reads and writes rows, and of what an effect uses beside its object."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lback.core.effects import Effect, Use
from lback.core.merging.surroundings import Link, Surroundings
from lback.core.merging.touches import ANY, Touch, aspect, columns, folded, named, whole
from lback.core.naming import bare, key

_ASPECTS = ("type", "nullable", "default")

_NAMED_USES = frozenset({"table", "view", "type", "sequence", "index"})


# -- rows --------------------------------------------------------------------------


def looked_at(effect: Effect, table: str | None) -> tuple[str, ...] | None:
    """Return the columns of a table that an effect looks at; None for all that there are.

    What reads migrations tells of every expression what it uses, or that it is unknown.
    """
    asked = [
        use.name for use in effect.uses if use.object == "column" and key(use.table) == key(table)
    ]
    return None if "*" in asked else tuple(asked)


def read(tables: Iterable[str], around: Surroundings, *, star: bool) -> Iterable[Touch]:
    """Touch what a query reads; `star`: its outcome has all columns that there are."""
    for table in tables:
        yield from named(table, "need")
        yield from columns(table, ANY, "all" if star else "need")
        yield from aspect("type", table, ANY, "read")
        if star:
            # A table made like another takes over what its columns must be.
            for name in ("nullable", "default"):
                yield from aspect(name, table, ANY, "read")
            for name in ("constraint", "index"):
                yield Touch("list", f"{name} {key(table)}", "ask")
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
        functions = [key(use.name) for use in uses if use.object == "function"]
        for name in functions:
            yield Touch("object", f"function {name}", "need")
            uses += around.functions.get(name, ())
        written = [use.name for use in uses if use.object == "table"]
        yield from aspect("values", table, ANY, "write")
        if not written:
            yield Touch("any rows", "", "write")
        for text in written:
            yield from whole("rows", text, "insert")
            yield from aspect("values", text, ANY, "write")


# -- what the text says that is used -----------------------------------------------


def used(effect: Effect) -> Iterable[Touch]:
    """Touch what the text says that an effect uses."""
    for use in effect.uses:
        yield from _use(use, "need")
        if use.object == "table" and effect.object == "function":
            yield from columns(use.name, ANY, "need")  # PostgreSQL reads SQL as it makes it
        if use.object == "column" and use.name != "*" and use.table:
            yield from aspect("type", use.table, (use.name,), "read")
        if use.object == "column" and use.name == "*" and use.table:
            if key(use.table) == key(effect.table) and effect.object != "data":
                yield from whole("rebuilt", use.table, "copy")
                yield from whole("copies", use.table, "copy")
            else:
                yield from columns(use.table, ANY, "all")


def _use(use: Use, mode: str) -> Iterable[Touch]:
    if use.object in _NAMED_USES:
        yield from named(use.name, mode)
    elif use.object == "column":
        yield from named(use.table, mode)
        if use.name != "*":
            yield from columns(use.table, (use.name,), mode)
    elif use.object == "constraint":
        yield Touch("constraint", key(use.table), mode, frozenset({bare(use.name)}))
    elif use.object == "trigger":
        yield Touch("trigger", bare(use.name), mode)
    else:
        yield Touch("object", f"{use.object} {key(use.name)}", mode)


def condition(effect: Effect, around: Surroundings) -> Iterable[Touch]:
    """Touch what a condition asks of the schema."""
    for use in effect.uses:
        if use.name != "*":
            yield from _use(use, "ask")
            continue
        if use.object == "column":
            yield from columns(use.table, ANY, "ask")
            for name in _ASPECTS:
                yield from aspect(name, use.table, ANY, "read")
        of = f"{use.object} {key(use.table)}" if use.table else use.object
        yield Touch("list", of, "ask")


# What the rights on all things of a kind are about; a type that SQL makes is any of them.
_GRANTED = {
    "table": "tables",
    "view": "tables",
    "sequence": "sequences",
    "function": "functions",
    "procedure": "functions",
    "aggregate": "functions",
    "enum": "types",
    "type": "types",
    "domain": "types",
    "schema": "schemas",
}


def privileges(effect: Effect, around: Surroundings) -> Iterable[Touch]:
    """Touch the rights on one thing, on all of a kind, or on those that will be made."""
    on = effect.table or effect.name
    yield from named(on, "need")
    yield Touch("setting", f"privileges {key(on) or effect.detail}", "set")
    which, _, kind = effect.detail.partition(" ")
    if kind:
        yield Touch("rights", kind, which)
    elif on:
        for kind in ("tables", "sequences", "functions"):
            yield Touch("rights", kind, "one")


def listed(effect: Effect) -> Iterable[Touch]:
    """Touch the lists of a catalogue that an effect changes."""
    if effect.object in ("data", "query", "condition"):
        return
    yield Touch("list", "schema", "change")
    if effect.kind == "create" and effect.object in _GRANTED:
        yield Touch("rights", _GRANTED[effect.object], "make")
    if effect.object in ("index", "constraint"):
        yield Touch("list", f"{effect.object} {key(effect.table)}", "change")
    elif effect.object != "column" and effect.kind != "alter":
        yield Touch("list", effect.object, "change")


# -- what only the text of a definition tells ------------------------------------------

_SQL_TYPE = re.compile(r'"?([a-z_][\w$]*)"?(?:\."?([a-z_][\w$]*)"?)?(?!\w)(?!\s*\()', re.I)
_SEQUENCE = re.compile(r"nextval\s*\(\s*'\"?([\w.$]+)", re.I)
_CALL = re.compile(r"([a-z_][\w.$]*)\s*\(", re.I)
_COLUMN = re.compile(r"[a-z_][\w$]*(?!\w)(?!\s*\()", re.I)
_QUOTED = re.compile(r"'[^']*'|::\s*\w+")
_BUILT_IN = frozenset(
    """int integer bigint smallint tinyint mediumint serial bigserial smallserial numeric decimal
    real double float boolean bool text varchar character char bytea blob longblob mediumblob
    longtext mediumtext tinytext date time timestamp timestamptz datetime interval uuid json jsonb
    xml inet cidr macaddr money bit tsvector tsquery oid point line box path polygon circle int2
    int4 int8 float4 float8 name year binary varbinary nvarchar nchar clob string any null
    unsigned""".split()  # noqa: SIM905
)


def is_of_type(written: str, name: str | None) -> bool:
    """Tell whether a column's type, as it is written, is the named one."""
    match = _SQL_TYPE.match(written)
    parts = [part for part in match.groups() if part] if match else []
    return bool(parts) and key(".".join(parts)) == key(name)


def defined(effect: Effect) -> Iterable[Touch]:
    """Touch what the definition of a column names: its type, what a default calls."""
    yield from _types(effect)
    yield from _default(effect)
    if effect.kind == "create" and "create_constraint=True" in dict(effect.sets).get("type", ""):
        yield from whole("copies", effect.table, "copy")  # for a check beside the column
    if effect.kind == "alter" and "computed" in dict(effect.sets):
        yield from aspect("values", effect.table, ANY, "read")


def _types(effect: Effect) -> Iterable[Touch]:
    """Touch the type that a column's definition in SQL names."""
    written = dict(effect.sets).get("type", "")
    match = _SQL_TYPE.match(written)
    if match and match.group(1).casefold() not in _BUILT_IN:
        yield from named(".".join(part for part in match.groups() if part), "need")


def _default(effect: Effect) -> Iterable[Touch]:
    """Touch what a default or a computed column calls, where the text of it is all there is."""
    said = dict(effect.sets)
    text = f"{said.get('default', '')} {said.get('computed', '')}"
    for name in _SEQUENCE.findall(text):
        yield from named(name, "need")
    for name in _CALL.findall(text):
        yield Touch("object", f"function {key(name)}", "need")
    for name in _COLUMN.findall(_QUOTED.sub("", said.get("computed", ""))):
        yield from columns(effect.table, (name,), "need")
        yield from aspect("type", effect.table, (name,), "read")
