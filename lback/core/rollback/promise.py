"""What a rollback leaves behind by the texts, and where a database shows something else.

Only what the texts say for certain is promised; the tables that they do not name stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from lback.core.dialects import Dialects
from lback.core.effects import Effect, Effects
from lback.core.graph.view import GraphView
from lback.core.identities import Identities, Identity
from lback.core.preflight.column_types import ColumnType, read_type
from lback.core.schema_diff import Column, Difference, Schema, Table

Definitions = Mapping[str, Mapping[str, str]]
_TYPES = frozenset({"enum", "type", "domain"})
# Types that every database writes in a way of its own.
_PLAIN = frozenset({"text", "integer", "number", "date", "timestamp"})


@dataclass(frozen=True, slots=True)
class TableFate:
    """One table: its names at present and afterwards, None where it is not there.

    `now` and `then` are what is known of its columns, `named` its indexes and constraints that
    were there before and are to be gone, or the other way round.
    """

    before: str | None
    after: str | None
    now: Definitions = field(default_factory=dict)
    then: Definitions = field(default_factory=dict)
    going: frozenset[str] = frozenset()
    coming: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Promise:
    """What is to come of a rollback.

    `own` are all names of the tables that it is about, `written` those whose rows it writes.
    `unread` says that what is undone holds code that may have done anything; `retyped` that a type
    of the schema's own changes, which other tables have as well; `renames` that names in other
    tables change.
    """

    fates: tuple[TableFate, ...]
    own: frozenset[str]
    written: frozenset[str] = frozenset()
    unread: bool = False
    retyped: bool = False
    renames: bool = False


def promise(
    graph: GraphView,
    effects: Mapping[str, Effects],
    applied: frozenset[str],
    going: Iterable[str],
    doing: Iterable[Effect],
    dialect: str,
    *,
    own: Iterable[str] | None = None,
    touched_later: Iterable[str] = (),
) -> Promise:
    """Return what `doing`, which undoes the revisions `going`, is to lead to.

    `own` are the tables that it is about, all that the revisions name without it;
    `touched_later` are those of them that later revisions, which stay, change as well.
    """
    gone, done = frozenset(going), tuple(doing)
    dialects = Dialects(frozenset({dialect}), but=False)
    names = set(own or ())
    if own is None:
        texts = [effect for revision in gone for effect in effects[revision].upgrade]
        names = {name for e in texts for name in (e.table, e.to, e.refers_to, *e.reads) if name}
    unread = [doubt for revision in gone for doubt in effects[revision].unknowns("upgrade")]
    names |= {name for doubt in unread for name in doubt.tables}
    present = _book(graph, effects, applied, dialects)
    left = _book(graph, effects, applied - gone, dialects)
    doubts = _doubts(effects, applied)
    later = {name.casefold() for name in touched_later}
    fates = [] if doubts is None else list(_fates(present, left, names, doubts | later))
    return Promise(
        tuple(fates),
        frozenset(names),
        frozenset(e.table for e in done if e.object == "data" and e.table),
        any(not doubt.tables for doubt in unread),
        any(effect.object in _TYPES for effect in done),
        any(effect.kind == "rename" or effect.object == "table" for effect in done),
    )


def _book(
    graph: GraphView, effects: Mapping[str, Effects], revisions: frozenset[str], dialects: Dialects
) -> Identities:
    book = Identities(graph, dialects)
    for revision in graph.order():
        if revision in revisions:
            book.follow(revision, effects[revision].upgrade)
    return book


def _doubts(effects: Mapping[str, Effects], applied: frozenset[str]) -> set[str] | None:
    """Return the tables that something unread may have changed; None where that is any table."""
    tables: set[str] = set()
    for revision in applied:
        for unknown in effects[revision].unknowns("upgrade"):
            if not unknown.tables:
                return None
            tables |= {name.casefold() for name in unknown.tables}
    return tables


def _fates(
    present: Identities, left: Identities, names: set[str], doubtful: set[str]
) -> Iterator[TableFate]:
    wanted = {name.casefold() for name in names}
    now = [table for table in present.tables() if table.exists]
    then = [table for table in left.tables() if table.exists]
    met: set[int] = set()
    for table in now:
        called = [name.casefold() for name in table.called]
        if not wanted & set(called) or doubtful & set(called) or not _is_made(table):
            continue
        others = [item for item in then if item.called == table.called[: len(item.called)]]
        if len(others) > 1:
            continue
        other = others[0] if others else None
        if other is not None:
            met.add(id(other))
        elif any(set(item.called) & set(table.called) for item in then):
            continue
        yield _fate(table, other)
    for table in then:
        called = [name.casefold() for name in table.called]
        fresh = id(table) not in met and wanted & set(called) and not doubtful & set(called)
        if fresh and _is_made(table) and not any(item.called[0] == table.called[0] for item in now):
            yield TableFate(None, table.called[-1], {}, _columns(table))


def _is_made(table: Identity) -> bool:
    """Tell whether a revision makes the table for certain, so that all of it is known."""
    every = [effect for effects in table.changes.values() for effect in effects]
    made = any(e.object == "table" and e.kind == "create" for e in every)
    return made and all(effect.certain for effect in every)


def _fate(table: Identity, other: Identity | None) -> TableFate:
    if other is None:
        return TableFate(table.called[-1], None, _columns(table))
    now, then = _named(table), _named(other)
    return TableFate(
        table.called[-1],
        other.called[-1],
        _columns(table),
        _columns(other),
        frozenset(now - then),
        frozenset(then - now),
    )


def _columns(table: Identity) -> Definitions:
    return {
        name: {**path.definition, "key": "yes" if _is_key(table, name) else ""}
        for name, path in table.parts.columns.items()
    }


def _is_key(table: Identity, column: str) -> bool:
    return any(
        "primary" in deed.effect.aspects and column in map(str.casefold, part.columns)
        for part in table.parts.others
        for deed in part.deeds
    )


def _named(table: Identity) -> set[str]:
    """Return the indexes and unique constraints whose names are the database's, too."""
    return {
        part.name.casefold()
        for part in table.parts.others
        if part.name and not part.gone and part.deeds
        if part.object == "index" or "unique" in part.deeds[0].effect.aspects
    }


# -- what came of it ---------------------------------------------------------------


def departure(
    kept: Promise, before: Schema, after: Schema, listed: Callable[[str], str]
) -> Difference | None:
    """Return the first thing in which what came of it is not what was promised.

    `listed` gives the name that a table of the texts has in the schemas.
    """
    was = {name.casefold(): table for name, table in before.tables.items()}
    now = {name.casefold(): table for name, table in after.tables.items()}
    own = {listed(name).casefold() for name in kept.own}
    for fate in kept.fates:
        old = None if fate.before is None else listed(fate.before).casefold()
        new = None if fate.after is None else listed(fate.after).casefold()
        if old is not None and old not in was:
            continue  # the texts are not about this database
        apart = _table(fate, was.get(old or ""), new, now)
        if apart is None and old is not None and new != old and old in now:
            apart = Difference(f"table {fate.before}", "new")
        if apart is not None:
            return apart
    return None if kept.unread else _others(kept, own, before, after)


def _others(kept: Promise, own: set[str], before: Schema, after: Schema) -> Difference | None:
    names = {*before.tables, *after.tables}
    for name in sorted(name for name in names if name.casefold() not in own):
        if name not in after.tables:
            if _is_part(name, own, before) and before.tables[name].part_of not in after.tables:
                continue
            return Difference(f"table {name}", "missing")
        if name not in before.tables:
            return Difference(f"table {name}", "new")
        old, new = before.tables[name], after.tables[name]
        if old == new or (kept.retyped and old.columns.keys() == new.columns.keys()):
            continue
        if _is_part(name, own, before):
            continue
        if kept.renames and _without_keys(old) == _without_keys(new):
            continue
        return Difference(f"table {name}", "changed", *_part(old, new))
    return None


def _is_part(name: str, own: set[str], before: Schema) -> bool:
    """Tell whether a table is a partition, which changes and goes with one that it is about."""
    table = before.tables.get(name)
    if table is None or table.part_of is None:
        return False
    return table.part_of.casefold() in own or _is_part(table.part_of, own, before)


def _without_keys(table: Table) -> tuple[object, ...]:
    return table.columns, table.primary_key, table.indexes, table.unique_constraints


def _part(old: Table, new: Table) -> tuple[str, str]:
    for name in sorted({*old.columns, *new.columns}):
        if name not in new.columns:
            return "columns", f"column {name} is gone"
        if name not in old.columns:
            return "columns", f"column {name} is new"
        if old.columns[name] != new.columns[name]:
            return "columns", f"column {name} is another one"
    return "", ""


def _table(
    fate: TableFate, old: Table | None, new: str | None, now: Mapping[str, Table]
) -> Difference | None:
    if new is None:
        return None
    thing = f"table {fate.after}"
    if new not in now:
        return Difference(thing, "missing")
    table = now[new]
    columns = {name.casefold(): column for name, column in table.columns.items()}
    was = {name.casefold(): column for name, column in old.columns.items()} if old else {}
    wanted = (was.keys() - fate.now.keys()) | fate.then.keys()
    for name in sorted({*wanted, *columns}):
        if name not in columns:
            return Difference(thing, "changed", "columns", f"column {name} is missing")
        if name not in wanted:
            return Difference(thing, "changed", "columns", f"column {name} is still there")
        why = _column(fate, name, was.get(name), columns[name])
        if why is not None:
            return Difference(thing, "changed", "columns", f"column {name}: {why}")
    return _names(fate, thing, old, table)


def _names(fate: TableFate, thing: str, old: Table | None, table: Table) -> Difference | None:
    names, were = _names_of(table), _names_of(old) if old is not None else frozenset()
    for name in sorted(fate.going & were & names):
        return Difference(thing, "changed", "indexes", f"{name} is still there")
    for name in sorted(fate.coming - names):
        return Difference(thing, "changed", "indexes", f"{name} is missing")
    return None


def _names_of(table: Table) -> frozenset[str]:
    rows = (*table.indexes, *table.unique_constraints)
    return frozenset(row.name.casefold() for row in rows if row.name)


def _column(fate: TableFate, name: str, was: Column | None, column: Column) -> str | None:
    """Return why a column is not what the texts say that it is afterwards."""
    now, then = fate.now.get(name), fate.then.get(name)
    if then is None:
        return None if was is None or was == column else "it has changed"
    if now is not None and was is not None:
        return _changed(now, then, was, column)
    return _anew(then, column)


def _changed(
    now: Mapping[str, str], then: Mapping[str, str], was: Column, column: Column
) -> str | None:
    """Compare a column that was there: what the texts leave alone stays, what they change goes."""
    for aspect, old, new in (
        ("type", was.type, column.type),
        ("nullable", was.nullable, column.nullable),
        ("default", was.default, column.default),
    ):
        said, says = now.get(aspect, ""), then.get(aspect, "")
        if "?" in (said, says):
            continue
        if said == says:
            if old != new:
                return f"its {aspect} is {new}, not {old}"
        elif aspect == "type":
            if old == new and _differ(read_type(said), read_type(says)):
                return f"its type is still {new}"
        elif aspect == "nullable":
            if old == (said == "yes") and new != (says == "yes"):
                return f"it {'may' if new else 'must not'} be NULL"
        elif bool(said) != bool(says) and _has(was) == bool(said) and _has(column) != bool(says):
            return f"its default is {column.default}"
    return None


def _anew(then: Mapping[str, str], column: Column) -> str | None:
    """Compare a column that comes back with what it was before."""
    if then.get("nullable") in ("yes", "no") and not then.get("key"):
        wrong = column.nullable != (then["nullable"] == "yes")
        if wrong:
            return f"it {'may' if column.nullable else 'must not'} be NULL"
    made = any(then.get(aspect) for aspect in ("identity", "computed", "key"))
    wanted, kind = then.get("default", ""), read_type(then.get("type", "?"))
    if not made and wanted != "?" and kind.family in _PLAIN - {"timestamp"}:
        wrong = _has(column) != bool(wanted and wanted.casefold() != "null")
        if wrong:
            return f"its default is {column.default}, not {wanted or None}"
    if _differ(kind, read_type(column.type)):
        return f"its type is {column.type}"
    return None


def _has(column: Column) -> bool:
    return column.default is not None and column.default.casefold() != "null"


def _differ(one: ColumnType, other: ColumnType) -> bool:
    """Tell whether two types are others on every database, as far as both are known."""
    if not {one.family, other.family} <= _PLAIN:
        return False
    if one.family != other.family:
        return True
    if one.family == "text":
        return None not in (one.length, other.length) and one.length != other.length
    if one.family == "integer":
        return one.size != other.size
    return None not in (one.precision, other.precision) and (one.precision, one.scale or 0) != (
        other.precision,
        other.scale or 0,
    )
