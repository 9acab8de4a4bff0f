"""The footprint of an effect: every resource that it touches, and in which mode.

What a statement says is touched, and what it brings along unsaid: the names that a database
makes up for keys and sequences, the indexes that go with a column, the table that SQLite
copies over. All databases are thought of at once, except those on which it does not run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lback.core.dialects import Dialects
from lback.core.effects import Effect
from lback.core.merging import footprint_keys, footprint_reads, footprint_views
from lback.core.merging.surroundings import Surroundings
from lback.core.merging.touches import ANY, Touch, aspect, columns, fragile, named, whole
from lback.core.naming import bare, key, schema_of

_ASPECTS = ("type", "nullable", "default", "comment")
_ON_TABLE = frozenset({"trigger", "rule", "policy"})
# Objects that share one namespace with tables, at least on PostgreSQL.
_RELATIONS = frozenset({"view", "sequence", "enum", "domain", "type", "materialized view"})
_MODES = {"create": "make", "drop": "drop"}  # all else sets
# What ALTER TABLE may set without a column, a key or a row being concerned.
_PLAIN_SETTINGS = (
    "owner", "set (", "set(", "set logged", "set unlogged", "reset", "cluster", "replica",
    "comment", "engine", "enable row", "disable row", "force row", "no force row",
)  # fmt: skip


def footprint(effect: Effect, around: Surroundings) -> tuple[Touch, ...]:
    """Return what an effect touches; `around` is what is known of the schema at its side."""
    touches = _own(effect, around)
    for part in footprint_views.parts(effect, around):
        touches += [each for each in _own(part, around) if footprint_views.is_passed(each, part)]
    return tuple(dict.fromkeys(touches))


def _own(effect: Effect, around: Surroundings) -> list[Touch]:
    touches = list(_HANDLERS.get(effect.object, _other)(effect, around))
    touches += footprint_reads.used(effect)
    touches += footprint_views.viewed(effect, around)
    schemas = dict.fromkeys(map(schema_of, (effect.table, effect.name, effect.to)))
    if effect.object not in ("column", "data", "condition", "query"):
        touches += [Touch("object", f"schema {schema}", "need") for schema in schemas if schema]
    touches += footprint_reads.listed(effect)
    if "cascade" in effect.aspects:
        touches.append(Touch("cascade", "", "take"))
    if not _runs_on(effect, "sqlite"):
        touches = [touch for touch in touches if touch.kind != "copies"]
    return touches


def _runs_on(effect: Effect, dialect: str) -> bool:
    here = Dialects(frozenset({dialect}), but=False)
    return effect.dialect is None or not (Dialects.of(effect.dialect) & here).empty


# -- tables ------------------------------------------------------------------------


def _table(effect: Effect, around: Surroundings) -> Iterable[Touch]:
    table = effect.table or effect.name
    if effect.kind == "alter":
        yield from _settings(effect)
    elif effect.kind == "rename":
        yield from (*named(table, "move"), *named(effect.to, "make"))
        yield from fragile(table)
    else:
        yield from named(table, _MODES[effect.kind])
    if effect.kind == "drop":
        # Its key has that name on PostgreSQL, where it was given none.
        yield from named(f"{table}_pkey", "drop")
        for name in around.gone_with(key(table)):
            yield Touch("name", name, "drop")
        yield from _parted(effect)
    if effect.kind in ("drop", "rename"):
        yield Touch("somewhere", "", "table")
    yield from footprint_reads.read(effect.reads, around, star=True)


def _settings(effect: Effect) -> Iterable[Touch]:
    """Touch what a setting of a table may change: everything where it is not a plain one."""
    yield from (*named(effect.table, "need"), *whole("setting", effect.table, "set"))
    if effect.detail.casefold().startswith(_PLAIN_SETTINGS):
        return
    yield from columns(effect.table, ANY, "all")
    yield from columns(effect.table, ANY, "need")
    for name in _ASPECTS[:3]:
        yield from aspect(name, effect.table, ANY, "set")
    yield from aspect("values", effect.table, ANY, "write")
    yield from whole("keys", effect.table, "loose")
    yield from whole("child keys", effect.table, "loose")
    yield from whole("firing", effect.table, "set")
    yield from fragile(effect.table)


def _parted(effect: Effect) -> list[Touch]:
    """Touch what a CASCADE of the other side may take along."""
    return [Touch("cascade", "", "part")] if "cascade" not in effect.aspects else []


# -- columns -----------------------------------------------------------------------


def _column(effect: Effect, around: Surroundings) -> Iterable[Touch]:
    table, name = effect.table, effect.name
    names = (name,) if name else ANY
    yield from named(table, "need")
    if effect.kind == "create":
        yield from columns(table, names, "make")
        if "not null" in effect.aspects:
            yield from whole("rows", table, "demand")
        if any(
            use.object == "column" and use.name != "*" for use in effect.uses
        ) or "computed" in dict(effect.sets):
            yield from fragile(table)
        for sequence in _sequences(effect):
            yield from (*named(sequence, "make"), Touch("rights", "sequences", "make"))
    elif effect.kind == "drop":
        yield from columns(table, names, "drop")
        yield from whole("copies", table, "copy")
        yield Touch("somewhere", "", "table")
        for sequence in _sequences(effect):
            yield from named(sequence, "drop")
    elif effect.kind == "rename":
        yield from columns(table, names, "move")
        yield from columns(table, (effect.to,) if effect.to else ANY, "make")
        yield Touch("somewhere", "", "table")
        yield from whole("copies", table, "copy")
        yield from _said_again(effect, names, around)
    else:
        said = tuple(text for text in _ASPECTS if text in effect.aspects) or _ASPECTS
        yield from columns(table, names, "need")
        yield from _altered(effect, names, said)
        yield from _said_again(effect, names, around)
        if set(said) != {"comment"}:
            yield from whole("copies", table, "copy")
    yield from footprint_reads.defined(effect)


def _altered(
    effect: Effect, names: tuple[str, ...] | None, aspects: Iterable[str]
) -> Iterable[Touch]:
    for name in dict.fromkeys(aspects):
        if name in _ASPECTS:
            yield from aspect(name, effect.table, names, "set")
    if effect.kind == "alter" and ("type" in effect.aspects or not effect.aspects):
        yield from aspect("values", effect.table, names, "write")
    if "not null" in effect.aspects:
        yield from whole("rows", effect.table, "check")
        yield from aspect("values", effect.table, names, "read")


def _said_again(
    effect: Effect, names: tuple[str, ...] | None, around: Surroundings
) -> Iterable[Touch]:
    """Touch what MySQL sets anew beside: where nothing is said of it, to nothing."""
    column = (key(effect.table), (effect.name or "").casefold())
    known = around.columns.get(column, {})
    nothing = {"default": "", "nullable": "yes"}
    for restate in effect.restates:
        again = restate == "type" or (restate in known and known[restate] == nothing.get(restate))
        yield from aspect(restate, effect.table, names, "again" if again else "set")


def _sequences(effect: Effect) -> list[str]:
    """Return the sequence that PostgreSQL makes for a serial or identity column."""
    said = dict(effect.sets)
    plain = effect.kind == "create" and "serial" not in said.get("type", "").casefold()
    if plain and "identity" not in said and "primary key" not in effect.detail:
        return []
    return [f"{effect.table}_{effect.name}_seq"]


# -- what stands beside tables -----------------------------------------------------


def _relation(effect: Effect, around: Surroundings) -> Iterable[Touch]:
    if effect.kind == "rename":
        yield from (*named(effect.name, "move"), *named(effect.to, "make"))
    elif effect.kind == "alter" and effect.object in ("enum", "domain", "type"):
        yield from named(effect.name, "need")
        yield from _relabelled(effect, around)
    elif effect.kind == "alter":
        yield from named(effect.name, "set")
    else:
        yield from named(effect.name, _MODES.get(effect.kind, "set"))
    if effect.object == "sequence" and effect.kind != "create":
        yield Touch("counter", key(effect.name), "set")
        for owner in _owners(effect.name):
            yield Touch("counter", owner, "set")
    if effect.kind == "drop":
        yield from _parted(effect)
    if effect.object.endswith("view") and effect.kind != "drop":
        yield from _viewed(effect, around)


def _relabelled(effect: Effect, around: Surroundings) -> Iterable[Touch]:
    """Touch the values of a type; where they are renamed, all that may hold one of them."""
    adds = "add value" in effect.aspects
    yield Touch("labels", key(effect.name), "add" if adds else "set")
    if adds:
        return
    yield Touch("any rows", "", "write")
    for (table, column), said in around.columns.items():
        if footprint_reads.is_of_type(said.get("type", ""), effect.name):
            yield from aspect("default", table, (column,), "set")


def _owners(sequence: str | None) -> Iterable[str]:
    """Return the keys of the tables whose sequence this may be by its name: table_column_seq."""
    name = key(sequence)
    if name.endswith("_seq"):
        parts = name.removesuffix("_seq").split("_")
        for count in range(1, len(parts)):
            yield f"table {'_'.join(parts[:count])}"


def _viewed(effect: Effect, around: Surroundings) -> Iterable[Touch]:
    for table in effect.reads:
        looked = footprint_reads.looked_at(effect, table)
        yield from named(table, "need")
        yield from columns(table, ANY, "all") if looked is None else columns(table, looked, "need")
        yield from aspect("type", table, looked, "read")
        yield from fragile(table)
        if "materialized" in effect.aspects:
            yield from whole("rows", table, "read")
            yield from aspect("values", table, looked, "read")
        if table == "?":
            yield Touch("list", "schema", "ask")


def _on_table(effect: Effect, around: Surroundings) -> Iterable[Touch]:
    """Touch what a trigger, a rule or a policy does: it works on the rows of its table."""
    name = effect.name or "?"
    mode = _MODES.get(effect.kind, "set")
    if effect.kind == "rename":
        mode = "move"
        yield Touch("trigger", bare(effect.to), "make")
    yield Touch("trigger", bare(name), mode)
    if effect.table:
        yield from named(effect.table, "need")
        if effect.kind == "create":
            yield from columns(
                effect.table, footprint_reads.looked_at(effect, effect.table), "need"
            )
            yield from fragile(effect.table)
    # A drop that does not name its table may be of any: "firing" of all tables.
    fires = "set" if effect.kind != "drop" else "unset"
    yield Touch("firing", key(effect.table) if effect.table else "*", fires)
    for table in effect.reads:
        yield from (*named(table, "need"), *fragile(table))
    for use in effect.uses:
        if use.object == "table":
            yield from (*fragile(use.name), *columns(use.name, ANY, "need"))


def _comment(effect: Effect, around: Surroundings) -> Iterable[Touch]:
    if effect.table:
        yield from named(effect.table, "need")
    on = effect.name or ""
    if on and effect.table:
        yield Touch("constraint", key(effect.table), "need", frozenset({bare(on)}))
    elif on:
        yield from named(on, "need")
        yield Touch("object", f"function {key(on.partition('(')[0])}", "need")
    yield Touch("setting", f"comment {key(effect.table)} {key(on)}", "set")


def _other(effect: Effect, around: Surroundings) -> Iterable[Touch]:
    """Touch an object by its kind and name: functions, schemas, extensions, roles."""
    of = f"{effect.object} {key(effect.name)}"
    if effect.kind == "rename":
        yield Touch("object", of, "move")
        yield Touch("object", f"{effect.object} {key(effect.to)}", "make")
    else:
        yield Touch("object", of, _MODES.get(effect.kind, "set"))
    if effect.kind == "drop":
        yield from _parted(effect)


def _query(effect: Effect, around: Surroundings) -> Iterable[Touch]:
    yield from footprint_reads.read(effect.reads, around, star=False)


_Handler = Callable[[Effect, Surroundings], Iterable[Touch]]
_HANDLERS: dict[str, _Handler] = {
    "table": _table,
    "column": _column,
    "index": footprint_keys.index,
    "constraint": footprint_keys.constraint,
    "data": footprint_reads.written,
    "query": _query,
    "condition": footprint_reads.condition,
    "comment": _comment,
    "privileges": footprint_reads.privileges,
    **dict.fromkeys(_RELATIONS, _relation),
    **dict.fromkeys(_ON_TABLE, _on_table),
}
