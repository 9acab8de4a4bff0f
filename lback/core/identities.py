"""Which table is meant by a name at a revision: tables followed through their renames."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from lback.core.effects import Effect
from lback.core.naming import bare, same_name


class Ancestry(Protocol):
    """What is needed of a graph here."""

    def ancestors(self, ids: Iterable[str], /) -> frozenset[str]:
        """Return the given revisions and all they stand on."""


@dataclass(slots=True)
class ColumnPath:
    """A column on its way through the revisions; `names` in the order it had them.

    `deeds` are the effects by which it was added, last changed and dropped, by these words.
    """

    names: list[str]
    type: str
    added_by: str | None
    changed_by: str | None = None
    dropped_by: str | None = None
    certain: bool = True
    deeds: dict[str, Effect] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Identity:
    """One table, whatever it is called."""

    called: list[str]
    exists: bool = True
    changes: dict[str, list[Effect]] = field(default_factory=dict)
    columns: dict[str, ColumnPath] = field(default_factory=dict)
    gone: list[ColumnPath] = field(default_factory=list)
    references: list[tuple[str, Effect]] = field(default_factory=list)

    def names(self) -> tuple[str, ...]:
        """Return all names, the present one first."""
        return tuple(dict.fromkeys(reversed(self.called)))


@dataclass(slots=True)
class _Binding:
    """A name that stands for a table until a revision takes it away."""

    name: str
    identity: Identity
    ended_by: str | None = None


class Identities:
    """Follows effects revision by revision, parents first."""

    def __init__(self, graph: Ancestry) -> None:
        self._graph = graph
        self._bindings: dict[str, list[_Binding]] = {}
        self._indexes: dict[str, Identity] = {}

    def follow(self, revision: str, effects: Iterable[Effect]) -> None:
        """Follow what one revision does."""
        for effect in effects:
            table = self._of(effect, revision)
            if table is not None:
                table.changes.setdefault(revision, []).append(effect)
                self._apply(table, effect, revision)
            for other in dict.fromkeys((effect.refers_to, *effect.reads)):
                if other and other != "?":
                    referred = self._find(other, revision)
                    if referred is not None and referred is not table:
                        referred.references.append((revision, effect))

    def meant(self, name: str) -> Identity | None:
        """Return the table that a user means by a name that some table has or had."""
        found = [one for one in self._bindings.get(bare(name), ()) if same_name(one.name, name)]
        if not found:
            return None
        present = [one for one in found if one.ended_by is None]
        living = [one for one in present if one.identity.exists]
        return (living or present or found)[-1].identity

    def names(self) -> list[str]:
        """Return every name that a table ever had."""
        return sorted({one.name for found in self._bindings.values() for one in found})

    # -- one effect ----------------------------------------------------------------

    def _of(self, effect: Effect, revision: str) -> Identity | None:
        """Return the table that an effect changes; made known where it is new."""
        if effect.table:
            found = self._find(effect.table, revision)
            if found is None:
                found = Identity([effect.table])
                self._bind(effect.table, found)
            return found
        if effect.object == "index" and effect.name:
            return self._indexes.get(bare(effect.name))
        return None

    def _find(self, name: str, revision: str) -> Identity | None:
        found = [one for one in self._bindings.get(bare(name), ()) if same_name(one.name, name)]
        for one in reversed(found):
            # A rename on a parallel branch has not happened for this revision.
            if one.ended_by is None or one.ended_by not in self._graph.ancestors([revision]):
                return one.identity
        return None

    def _bind(self, name: str, identity: Identity) -> None:
        self._bindings.setdefault(bare(name), []).append(_Binding(name, identity))

    def _apply(self, table: Identity, effect: Effect, revision: str) -> None:
        if effect.object == "table":
            self._table(table, effect, revision)
        elif effect.object == "column" and effect.name:
            _column(table, effect, revision)
        elif effect.object == "index" and effect.name:
            name = effect.to if effect.kind == "rename" and effect.to else effect.name
            self._indexes[bare(name)] = table

    def _table(self, table: Identity, effect: Effect, revision: str) -> None:
        if effect.kind == "create":
            table.exists = True
        elif effect.kind == "drop":
            table.exists = False
            for path in table.columns.values():
                path.dropped_by = revision
                path.deeds["dropped"] = effect
                table.gone.append(path)
            table.columns.clear()
        elif effect.kind == "rename" and effect.to:
            self._rename(table, effect, revision)

    def _rename(self, table: Identity, effect: Effect, revision: str) -> None:
        for one in self._bindings.get(bare(effect.table), ()):
            if one.identity is table and one.ended_by is None:
                one.ended_by = revision
        target = self._find(effect.to or "", revision)
        if target is not None and target is not table and not target.exists:
            # A copy takes the place of the table that was dropped for it.
            self._merge(target, table)
            return
        table.called.append(effect.to or "")
        self._bind(effect.to or "", table)

    def _merge(self, kept: Identity, copy: Identity) -> None:
        for revision, effects in copy.changes.items():
            kept.changes.setdefault(revision, []).extend(effects)
        before = {one.names[-1].casefold(): one for one in kept.gone}
        for name, path in copy.columns.items():
            old = before.get(name)
            if old is not None and old in kept.gone:
                kept.gone.remove(old)
                old.dropped_by = None
                old.deeds.pop("dropped", None)
                old.type = path.type or old.type
                kept.columns[name] = old
            else:
                kept.columns[name] = path
        kept.exists = True
        kept.references.extend(copy.references)
        for found in self._bindings.values():
            for one in found:
                if one.identity is copy:
                    one.identity = kept
        for index, identity in self._indexes.items():
            if identity is copy:
                self._indexes[index] = kept


def _column(table: Identity, effect: Effect, revision: str) -> None:
    name = effect.name or ""
    key = name.casefold()
    path = table.columns.get(key)
    if effect.kind == "create":
        if path is None or effect.certain:
            table.columns[key] = ColumnPath([name], effect.detail, revision, certain=effect.certain)
            table.columns[key].deeds["added"] = effect
        return
    if path is None:
        path = ColumnPath([name], "", None)
        table.columns[key] = path
    if effect.kind == "drop":
        path.dropped_by = revision
        path.deeds["dropped"] = effect
        table.gone.append(path)
        del table.columns[key]
        return
    path.changed_by = revision
    path.deeds["changed"] = effect
    if effect.kind == "rename" and effect.to:
        path.names.append(effect.to)
        table.columns = {
            (effect.to.casefold() if one == key else one): found
            for one, found in table.columns.items()
        }
    elif "type" in effect.aspects:
        path.type = effect.detail.removeprefix("type ").partition(", ")[0]
