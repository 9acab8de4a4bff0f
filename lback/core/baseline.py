"""Up to which revision a schema fits that has tables and no stamp; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from lback.core.dialects import Dialects
from lback.core.effects import Effect, Effects
from lback.core.identities import Identities
from lback.core.naming import key

if TYPE_CHECKING:
    from lback.core.graph.view import GraphView

Columns = Mapping[str, frozenset[str]]
"""The tables that are there, as `key` spells them, with the names of their columns in one case."""

_SEEN = frozenset(("table", "column"))
_CHANGES = frozenset(("create", "drop", "rename"))


class Baseline(NamedTuple):
    """What a schema without a stamp is: `tables` are there that `first` would create again.

    `fits` are the heads of what has been done, as far as tables and columns tell; () where they
    fit no revision. `unseen` are the revisions after it that change neither.
    """

    first: str
    tables: tuple[str, ...]
    fits: tuple[str, ...]
    unseen: tuple[str, ...] = ()


def names_in(effects: Iterable[Effects]) -> frozenset[str]:
    """Return every name that a table has in what revisions do."""
    every = (effect for does in effects for effect in does.upgrade)
    return frozenset(name for effect in every for name in _names(effect) if name)


def _names(effect: Effect) -> tuple[str | None, ...]:
    return (effect.table, effect.to if effect.object == "table" else None)


def baseline(
    graph: GraphView, effects: Mapping[str, Effects], there: Columns, dialect: str
) -> Baseline | None:
    """Return what a schema is that no revision is noted for; None where nothing is in the way."""
    here = Dialects(frozenset({dialect}), but=False)
    order = [revision for revision in graph.order() if revision in effects]
    clash = _clash(order, effects, there, here, dialect)
    if clash is None:
        return None
    book, made = Identities(graph, here), _Made.by(effects.values(), dialect)
    fitting = -1
    for at, revision in enumerate(order):
        book.follow(revision, effects[revision].upgrade)
        if _shows(effects[revision]) and _fits(book, there, made, dialect):
            fitting = at
    done = frozenset(order[: fitting + 1])
    above = {
        parent for name in done for parent in (*graph[name].parents, *graph.dependencies(name))
    }
    fits = tuple(revision for revision in order if revision in done - above)
    rest = order[fitting + 1 :] if fits else ()
    unseen = tuple(takewhile(lambda revision: not _shows(effects[revision]), rest))
    return Baseline(*clash, fits, unseen)


def unexplained(
    effects: Iterable[Effects], there: Columns, tables: Iterable[str], dialect: str
) -> tuple[str, ...]:
    """Return the tables, and the columns of others, that no revision makes."""
    made = _Made.by(effects, dialect)
    unknown = [name for name in tables if key(name, dialect) not in made.tables]
    columns = [
        f"{table}.{name}"
        for table in sorted(there.keys() & made.columns.keys())
        for name in sorted(there[table] - made.columns[table])
    ]
    return (*sorted(unknown), *columns)


def _shows(does: Effects) -> bool:
    """Tell whether a revision changes which tables and columns there are."""
    return any(effect.kind in _CHANGES and effect.object in _SEEN for effect in does.upgrade)


def _clash(
    order: Iterable[str],
    effects: Mapping[str, Effects],
    there: Columns,
    here: Dialects,
    dialect: str,
) -> tuple[str, tuple[str, ...]] | None:
    """Return the first revision that would create what is there, and all such tables."""
    found: dict[str, str] = {}
    gone: set[str] = set()
    for revision in order:
        for effect in effects[revision].upgrade:
            name = key(effect.table, dialect)
            if effect.object != "table" or (Dialects.of(effect.dialect) & here).empty:
                continue
            if effect.kind != "create":
                gone.add(name)
            elif effect.certain and not effect.guarded and name in there and name not in gone:
                found.setdefault(name, revision)
    return (next(iter(found.values())), tuple(found)) if found else None


class _Made(NamedTuple):
    """What revisions make: tables, and columns by table; all by `key`, or in one case."""

    tables: frozenset[str]
    columns: dict[str, set[str]]

    @classmethod
    def by(cls, effects: Iterable[Effects], dialect: str) -> _Made:
        tables: set[str] = set()
        columns: dict[str, set[str]] = {}
        for effect in (effect for does in effects for effect in does.upgrade):
            name = effect.to if effect.kind == "rename" else effect.name
            if effect.kind not in ("create", "rename"):
                continue
            if effect.object == "table":
                tables.add(key(effect.to or effect.table, dialect))
            elif effect.object == "column" and name:
                columns.setdefault(key(effect.table, dialect), set()).add(name.casefold())
        return cls(frozenset(tables), columns)


def _fits(book: Identities, there: Columns, made: _Made, dialect: str) -> bool:
    """Tell whether what there is at a moment is there, and nothing that is made later or gone."""
    living = {
        key(identity.called[-1], dialect): identity for identity in book.tables() if identity.exists
    }
    if not living.keys() <= there.keys() or not made.tables & there.keys() <= living.keys():
        return False
    for name, table in living.items():
        columns = table.parts.columns.values()
        names = {column_path.names[-1].casefold() for column_path in columns}
        sure = {column_path.names[-1].casefold() for column_path in columns if column_path.certain}
        known = made.columns.get(name, set()) | {
            text.casefold() for gone in table.parts.gone for text in gone.names
        }
        if not sure <= there[name] or not known & there[name] <= names:
            return False
    return True
