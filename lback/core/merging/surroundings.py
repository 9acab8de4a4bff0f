"""What is known of the schema around a fork: indexes, foreign keys, triggers, views, keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from lback.core.effects import Effect, Effects, Use
from lback.core.naming import beside, key

Columns = tuple[str, ...]
# How the effects of partitions begin: of the table, and of a table that becomes one.
_PART_OF = "partition of "
_PART = "partition "


class Link(NamedTuple):
    """A foreign key of one table to another; () where its columns are not known."""

    child: str
    parent: str
    columns: Columns
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Facts read from revisions, all names as `naming.key` gives them.

    `indexes` are names to their tables; `spans` the columns of an index, by its name, and of
    a constraint, by its table and name. `keys` are the columns in a primary or unique key of
    the tables whose creation was read, `views` the effects that made them, `partitions` those of
    a table. What was never read is simply not in here.
    """

    indexes: Mapping[str, str] = field(default_factory=dict)
    spans: Mapping[tuple[str, str], Columns] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    triggers: Mapping[str, tuple[Effect, ...]] = field(default_factory=dict)
    functions: Mapping[str, tuple[Use, ...]] = field(default_factory=dict)
    views: Mapping[str, Effect] = field(default_factory=dict)
    partitions: Mapping[str, Columns] = field(default_factory=dict)
    keys: Mapping[str, frozenset[str]] = field(default_factory=dict)
    plain: frozenset[str] = frozenset()
    columns: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)

    def children(self, table: str) -> tuple[Link, ...]:
        """Return the foreign keys that point at a table from others."""
        return tuple(link for link in self.links if link.parent == table and link.child != table)

    def parents(self, table: str) -> tuple[Link, ...]:
        """Return the foreign keys from a table to others."""
        return tuple(link for link in self.links if link.child == table and link.parent != table)

    def gone_with(self, table: str) -> Iterator[str]:
        """Yield the indexes of a table, and the sequences of its serial columns."""
        yield from (index for index, on in self.indexes.items() if key(on) == table)
        for (on, column), said in self.columns.items():
            if on == table and "serial" in said.get("type", "").casefold():
                yield f"{table}_{column}_seq"

    def after(self, effects: Iterable[Effects]) -> Surroundings:
        """Return what is known once some revisions have run."""
        gathered = _Gathered(self)
        for item in effects:
            for effect in item.upgrade:
                gathered.follow(effect)
        return gathered.result()


NOTHING_AROUND = Surroundings()


def surroundings(effects: Iterable[Effects]) -> Surroundings:
    """Gather the facts from the effects of revisions, in graph order.

    Foreign keys, triggers and views that were dropped later are kept: one too many only asks for
    care.
    """
    return NOTHING_AROUND.after(effects)


class _Gathered:
    def __init__(self, before: Surroundings) -> None:
        self.indexes = dict(before.indexes)
        self.spans = dict(before.spans)
        self.links = dict.fromkeys(before.links)
        self.triggers = dict(before.triggers)
        self.functions = dict(before.functions)
        self.views = dict(before.views)
        self.partitions = dict(before.partitions)
        self.keys = dict(before.keys)
        self.plain = set(before.plain)
        self.columns = dict(before.columns)

    def result(self) -> Surroundings:
        return Surroundings(
            self.indexes,
            self.spans,
            tuple(self.links),
            self.triggers,
            self.functions,
            self.views,
            self.partitions,
            self.keys,
            frozenset(self.plain),
            self.columns,
        )

    def follow(self, effect: Effect) -> None:
        table = key(effect.table)
        if effect.object == "table":
            self._table(effect, table)
        elif effect.object == "column":
            self._column(effect, table)
        elif effect.kind == "create" and effect.object in ("index", "constraint"):
            self._key(effect, table)
        elif effect.object == "index" and effect.kind == "rename" and effect.to:
            self._index(effect)
        elif effect.object in ("trigger", "rule") and effect.kind == "create":
            self.triggers[table] = (*self.triggers.get(table, ()), effect)
        elif effect.object == "function" and effect.kind == "create":
            self.functions[key(effect.name)] = effect.uses
        elif effect.object == "view":
            self._view(effect)

    def _view(self, effect: Effect) -> None:
        if effect.kind == "create":
            self.views[key(effect.name)] = effect
        elif effect.kind == "rename" and effect.to:
            old, new = key(effect.name), key(effect.to)
            if old in self.views:
                self.views[new] = self.views[old]
            # What is made of it follows: the old name may become another view's.
            self._looks_at(old, new)

    def _looks_at(self, old: str, new: str) -> None:
        self.views = {name: _moved(view, old, new) for name, view in self.views.items()}

    def _part(self, detail: str, table: str) -> None:
        parent, part = table, ""
        if detail.startswith(_PART_OF):
            parent, part = key(detail.removeprefix(_PART_OF)), table
        elif detail.startswith(_PART):
            part = key(detail.removeprefix(_PART))
        if part:
            self.partitions[parent] = (*self.partitions.get(parent, ()), part)

    def _table(self, effect: Effect, table: str) -> None:
        if effect.kind == "alter":
            self._part(effect.detail, table)
        elif effect.kind == "create":
            self.keys[table] = frozenset()
            self.views.pop(table, None)
        elif effect.kind == "rename" and effect.to:
            new = key(effect.to)
            self.indexes = {k: new if v == table else v for k, v in self.indexes.items()}
            self.spans = {(new if t == table else t, n): v for (t, n), v in self.spans.items()}
            moved = [link for link in self.links if table in (link.child, link.parent)]
            for value in moved:
                child = new if value.child == table else value.child
                parent = new if value.parent == table else value.parent
                self.links[value._replace(child=child, parent=parent)] = None
            if table in self.triggers:
                self.triggers[new] = self.triggers.pop(table)
            if table in self.keys:
                self.keys[new] = self.keys.pop(table)
            self.columns = {(new if t == table else t, n): v for (t, n), v in self.columns.items()}
            self._looks_at(table, new)
            self.partitions = {
                new if name == table else name: tuple(new if p == table else p for p in parts)
                for name, parts in self.partitions.items()
            }

    def _column(self, effect: Effect, table: str) -> None:
        column = (table, (effect.name or "").casefold())
        if effect.kind == "rename":
            self._renamed(effect, table)
        elif effect.kind == "create" and effect.certain:
            self.columns[column] = {"default": "", **dict(effect.sets)}
        else:
            self.columns.pop(column, None)

    def _renamed(self, effect: Effect, table: str) -> None:
        old, new = (effect.name or "").casefold(), (effect.to or "").casefold()
        if (table, old) in self.columns:
            self.columns[table, new] = self.columns.pop((table, old))

        def renamed(names: Iterable[str]) -> Columns:
            return tuple(new if name.casefold() == old else name for name in names)

        for (on, name), names in list(self.spans.items()):
            if on == table or (on == "" and self.indexes.get(name) == table):
                self.spans[on, name] = renamed(names)
        for item in [link for link in self.links if link.child == table]:
            self.links[item._replace(columns=renamed(item.columns))] = None
        if table in self.keys:
            self.keys[table] = frozenset(renamed(self.keys[table]))
        for name, view in self.views.items():
            uses = tuple(
                use._replace(name=new)
                if use.object == "column" and key(use.table) == table and use.name.casefold() == old
                else use
                for use in view.uses
            )
            self.views[name] = view._replace(uses=uses)

    def _key(self, effect: Effect, table: str) -> None:
        names = tuple(column.casefold() for column in effect.columns)
        looked = [u.name.casefold() for u in effect.uses if u.object == "column"]
        span = (*names, *looked)
        if effect.object == "index" and effect.name:
            index = key(beside(effect.table, effect.name))
            self.indexes[index] = effect.table or ""
            if "unique" not in effect.aspects and effect.certain:
                self.plain.add(index)
            if span and "*" not in span:
                self.spans["", index] = span
        elif effect.name and names:
            self.spans[table, key(effect.name)] = names
        if effect.refers_to:
            name = key(effect.name) if effect.name else None
            self.links[Link(table, key(effect.refers_to), names, name)] = None
        if {"primary", "unique"} & set(effect.aspects) and table in self.keys:
            self.keys[table] |= frozenset(names)

    def _index(self, effect: Effect) -> None:
        old = key(beside(effect.table, effect.name))
        new = key(beside(effect.table, effect.to))
        if old in self.indexes:
            self.indexes[new] = self.indexes[old]
        if ("", old) in self.spans:
            self.spans["", new] = self.spans["", old]


def _moved(view: Effect, old: str, new: str) -> Effect:
    """Return a view of a table, or of a view, that has another name by now."""
    if old not in map(key, view.reads):
        return view
    uses = tuple(
        use._replace(table=new) if use.table and key(use.table) == old else use for use in view.uses
    )
    return view._replace(
        reads=tuple(new if key(name) == old else name for name in view.reads), uses=uses
    )
