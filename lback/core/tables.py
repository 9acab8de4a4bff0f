"""A table's life over a graph: its names, its changes, where its columns come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from lback.core.dialects import Dialects
from lback.core.effects import Effect, Effects, Unknown
from lback.core.identities import KNOWN, Identities, Identity
from lback.core.naming import bare, same_name
from lback.core.parts import ColumnPath, Deed, PartPath

if TYPE_CHECKING:
    from lback.core.graph.view import GraphView


# Named tuples: a frozen dataclass costs every start of the program a millisecond.
class TableChange(NamedTuple):
    """What one revision does to the table; `certain` when all of it surely happens."""

    revision: str
    effects: tuple[Effect, ...]
    certain: bool


class ColumnLife(NamedTuple):
    """A column's life: `added_by` is where it first came from, renames do not hide it.

    `names` are all its names, the last one first; `dropped_by` is None while it is there, and
    `added_by` where no revision adds it: it is older than the first migration that names it.
    `definition` is what it is now, by the aspects of Effect.sets; `deeds` are all changes of the
    column, its keys and indexes, and its type, oldest first.
    """

    name: str
    type: str
    added_by: str | None
    changed_by: str | None = None
    dropped_by: str | None = None
    names: tuple[str, ...] = ()
    certain: bool = True
    definition: Mapping[str, str] = MappingProxyType({})
    deeds: tuple[Deed, ...] = ()

    def last(self, word: str) -> Effect | None:
        """Return the last effect on the column itself that added, changed or dropped it."""
        words = ("changed", "renamed") if word == "changed" else (word,)
        own = (deed for deed in reversed(self.deeds) if deed.effect.object in ("column", "table"))
        return next((value.effect for value in own if value.word in words), None)


class Part(NamedTuple):
    """An index, constraint, trigger, type, sequence or view of the table; deeds oldest first."""

    object: str
    name: str | None
    columns: tuple[str, ...]
    gone: bool
    deeds: tuple[Deed, ...]


class Reference(NamedTuple):
    """A foreign key, view or statement of a revision that refers to the table."""

    revision: str
    effect: Effect


class Doubt(NamedTuple):
    """Something unread in a revision that may touch the table."""

    revision: str
    unknown: Unknown


class TableLife(NamedTuple):
    """Everything read about one table; `changes`, `references` and `doubts` newest first.

    `names` begin with the present one. `found` is False for a table that no revision
    names; `near` are then names like it.
    """

    table: str
    found: bool
    names: tuple[str, ...] = ()
    exists: bool = False
    changes: tuple[TableChange, ...] = ()
    columns: tuple[ColumnLife, ...] = ()
    gone: tuple[ColumnLife, ...] = ()
    parts: tuple[Part, ...] = ()
    references: tuple[Reference, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    near: tuple[str, ...] = ()


def life(
    table: str,
    graph: GraphView,
    effects: Mapping[str, Effects],
    within: frozenset[str] | None = None,
    dialects: Dialects = KNOWN,
) -> TableLife:
    """Tell a table's life; `within` limits it to some revisions, such as the applied ones.

    What happens on none of the `dialects` is told, and changes no column.

    The table may be given by any name that it ever had, with or without its schema; where
    two tables had the name, the one that has it now is meant.
    """
    order = [
        revision
        for revision in graph.order()
        if revision in effects and (within is None or revision in within)
    ]
    book = Identities(graph, dialects)
    for revision in order:
        book.follow(revision, effects[revision].upgrade)
    doubts = [
        Doubt(revision, unknown)
        for revision in reversed(order)
        for unknown in effects[revision].unknowns("upgrade")
    ]
    identity = book.meant(table)
    if identity is None:
        from difflib import get_close_matches

        names = book.names()
        # A table of that name in another schema is another one, and may be the one meant.
        alike = [name for name in names if bare(name) == bare(table)]
        near = dict.fromkeys([*alike, *get_close_matches(table, names, n=3, cutoff=0.6)])
        return TableLife(table, False, near=tuple(near), doubts=_about(doubts, (table,)))
    return TableLife(
        table,
        True,
        identity.names(),
        identity.exists,
        _changes(identity, order),
        tuple(_column(column) for column in identity.parts.columns.values()),
        tuple(_column(column_path) for column_path in identity.parts.gone),
        tuple(_part(other) for other in identity.parts.others),
        tuple(Reference(revision, effect) for revision, effect in reversed(identity.references)),
        _about(doubts, identity.names()),
    )


def latest_change(told: TableLife, graph: GraphView) -> tuple[str, ...]:
    """Return the revisions of a table's latest change: several where branches are parallel."""
    latest: list[str] = []
    covered: set[str] = set()
    for change in told.changes:
        if change.revision not in covered:
            latest.append(change.revision)
            covered |= graph.ancestors([change.revision])
    return tuple(latest)


def tables_of(
    graph: GraphView, effects: Mapping[str, Effects], revisions: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """Return by revision the sorted tables whose history it belongs to.

    An index that is dropped by its name alone, or a type, is its table's: that is known from
    the effects of the revisions below, which `effects` must hold, too.
    """
    wanted = list(revisions)
    names_of = {name: set(effects[name].tables) for name in wanted}
    lost = [name for name in wanted if effects[name].homeless]
    if lost:
        book = Identities(graph)
        for revision in graph.order():
            if revision in effects:
                book.follow(revision, effects[revision].upgrade)
        for revision in lost:
            names_of[revision].update(book.served(revision))
    return {name: tuple(sorted(names)) for name, names in names_of.items()}


def types_elsewhere(
    graph: GraphView, effects: Mapping[str, Effects], own: Iterable[str]
) -> frozenset[str]:
    """Return the bare names of types that a table other than `own` has columns of."""
    book = Identities(graph)
    for revision in graph.order():
        if revision in effects:
            book.follow(revision, effects[revision].upgrade)
    mine = {bare(text) for text in own}
    others = (
        table for table in book.tables() if table.exists and not mine & set(map(bare, table.called))
    )
    return frozenset(name for other in others for kind, name in other.serving if kind == "type")


def _changes(identity: Identity, order: list[str]) -> tuple[TableChange, ...]:
    """Return the changes newest first: a type may be older than the table that it serves."""
    return tuple(
        TableChange(revision, tuple(effects), all(effect.certain for effect in effects))
        for revision in reversed(order)
        if (effects := identity.changes.get(revision))
    )


def _column(path: ColumnPath) -> ColumnLife:
    return ColumnLife(
        path.names[-1],
        path.definition.get("type", ""),
        path.added_by,
        path.changed_by,
        path.dropped_by,
        tuple(reversed(path.names)),
        path.certain,
        MappingProxyType(path.definition),
        tuple(path.deeds),
    )


def _part(path: PartPath) -> Part:
    return Part(path.object, path.name, path.columns, path.gone, tuple(path.deeds))


def _about(doubts: Iterable[Doubt], names: tuple[str, ...]) -> tuple[Doubt, ...]:
    return tuple(
        doubt
        for doubt in doubts
        if not doubt.unknown.tables
        or any(same_name(table, name) for table in doubt.unknown.tables for name in names)
    )
