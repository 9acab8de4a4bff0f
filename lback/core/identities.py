"""Which table is meant by a name at a revision: tables followed through their renames."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from lback.core.dialects import Dialects
from lback.core.effects import Effect, Partition, container, partition
from lback.core.naming import bare, bare_as_written, beside, key, same_name, schema_of
from lback.core.parts import TableParts

_TYPES = frozenset({"enum", "type", "domain"})
_SERVING = _TYPES | {"sequence", "view"}


class Ancestry(Protocol):
    """What is needed of a graph here."""

    def ancestors(self, ids: Iterable[str], /) -> frozenset[str]:
        """Return the given revisions and all they stand on."""


@dataclass(slots=True, eq=False)
class Identity:
    """One table, whatever it is called.

    `serving` are the enum types, sequences and views that serve it, as (object, name);
    `partitions` the tables that are parts of it.
    """

    called: list[str]
    exists: bool = True
    changes: dict[str, list[Effect]] = field(default_factory=dict)
    parts: TableParts = field(default_factory=TableParts)
    references: list[tuple[str, Effect]] = field(default_factory=list)
    serving: set[tuple[str, str]] = field(default_factory=set)
    partitions: list[Identity] = field(default_factory=list)

    def names(self) -> tuple[str, ...]:
        """Return all names, the present one first."""
        return tuple(dict.fromkeys(reversed(self.called)))

    def record(self, revision: str, effect: Effect) -> None:
        """Note a change of the table, once."""
        effects = self.changes.setdefault(revision, [])
        if effect not in effects:
            effects.append(effect)


@dataclass(slots=True)
class _Binding:
    """A name that stands for a table until a revision takes it away."""

    name: str
    identity: Identity
    ended_by: str | None = None


# What an effect must run on to change a table: databases that lback knows.
KNOWN = Dialects(frozenset({"sqlite", "postgresql", "mysql", "mariadb"}), but=False)


class Identities:
    """Follows effects revision by revision, parents first; those that `dialects` run."""

    def __init__(self, graph: Ancestry, dialects: Dialects = KNOWN) -> None:
        self._graph = graph
        self._dialects = dialects
        self._bindings: dict[str, list[_Binding]] = {}
        self._indexes: dict[str, Identity] = {}
        self._servants: dict[tuple[str, str], list[tuple[str, Effect]]] = {}
        self._touched: dict[int, Identity] = {}

    def follow(self, revision: str, effects: Iterable[Effect]) -> list[Identity]:
        """Follow what one revision does; return the tables that it changes."""
        self._touched = {}
        for effect in effects:
            self._serve(effect, revision)
            table = self._of(effect, revision)
            if table is not None:
                self._record(table, revision, effect)
                if self._runs(effect.dialect):
                    self._employ(table, effect)
                    self._apply(table, effect, revision)
            if (inside := container(effect)) is not None and self._runs(effect.dialect):
                self._empty(inside, effect, revision)
            for other in dict.fromkeys((effect.refers_to, *effect.reads)):
                if other and other != "?":
                    referred = self._find(other, revision)
                    if referred is not None and referred is not table:
                        referred.references.append((revision, effect))
        return list(self._touched.values())

    def _record(self, table: Identity, revision: str, effect: Effect) -> None:
        table.record(revision, effect)
        self._touched[id(table)] = table

    def called(self, name: str, revision: str) -> Identity | None:
        """Return the table that a revision means by a name, None where none is known."""
        return self._find(name, revision)

    def _runs(self, dialect: str | None) -> bool:
        """Tell whether an effect of these dialects happens on one that is meant."""
        return dialect is None or not (Dialects.of(dialect) & self._dialects).empty

    def meant(self, name: str) -> Identity | None:
        """Return the table that a user means by a name that some table has or had."""
        bindings = self._spelled(name)
        if not bindings:
            return None
        present = [binding for binding in bindings if binding.ended_by is None]
        living = [binding for binding in present if binding.identity.exists]
        return (living or present or bindings)[-1].identity

    def names(self) -> list[str]:
        """Return every name that a table ever had."""
        return sorted(
            {binding.name for bindings in self._bindings.values() for binding in bindings}
        )

    def tables(self) -> list[Identity]:
        """Return every table that was ever there."""
        every = {
            id(binding.identity): binding.identity
            for all_ in self._bindings.values()
            for binding in all_
        }
        return list(every.values())

    def served(self, revision: str) -> set[str]:
        """Return the tables that a revision changes by effects that name none."""
        return {
            table.called[-1]
            for table in self.tables()
            if any(effect.table is None for effect in table.changes.get(revision, ()))
        }

    # -- one effect ----------------------------------------------------------------

    def _of(self, effect: Effect, revision: str) -> Identity | None:
        """Return the table that an effect changes; made known where it is new."""
        if effect.table:
            identity = self._find(effect.table, revision)
            if identity is None or _is_another(identity, effect):
                identity = Identity([effect.table])
                self._bind(effect.table, identity)
            return identity
        if effect.object == "index" and effect.name:
            return self._indexes.get(key(effect.name))
        return None

    def _find(self, name: str, revision: str) -> Identity | None:
        bindings = self._spelled(name)
        for binding in reversed(bindings):
            # A rename on a parallel branch has not happened for this revision.
            if binding.ended_by is None or binding.ended_by not in self._graph.ancestors(
                [revision]
            ):
                return binding.identity
        return None

    def _spelled(self, name: str) -> list[_Binding]:
        """Return the bindings of a name: those of its very spelling, where there are any."""
        bindings = [
            binding
            for binding in self._bindings.get(bare(name), ())
            if same_name(binding.name, name)
        ]
        exact = [
            binding
            for binding in bindings
            if bare_as_written(binding.name) == bare_as_written(name)
        ]
        return exact or bindings

    def _bind(self, name: str, identity: Identity) -> None:
        self._bindings.setdefault(bare(name), []).append(_Binding(name, identity))

    def _apply(self, table: Identity, effect: Effect, revision: str) -> None:
        if effect.object == "table":
            self._table(table, effect, revision)
            return
        table.parts.apply(effect, revision)
        if effect.object == "index" and effect.name:
            name = effect.to if effect.kind == "rename" and effect.to else effect.name
            self._indexes[key(beside(effect.table, name))] = table

    def _table(self, table: Identity, effect: Effect, revision: str) -> None:
        if effect.kind == "create":
            table.exists = True
        elif effect.kind == "drop":
            self._drop(table, effect, revision)
        elif (part := partition(effect)) is not None:
            self._part(part, revision)
        elif effect.kind == "rename" and effect.to:
            self._rename(table, effect, revision)

    def _part(self, part: Partition, revision: str) -> None:
        child, parent = self._find(part.child, revision), self._find(part.parent, revision)
        if child is not None and parent is not None and child is not parent:
            parent.partitions = [item for item in parent.partitions if item is not child]
            parent.partitions += [child] if part.attached else []

    def _empty(self, schema: str, effect: Effect, revision: str) -> None:
        """Take away the tables of a schema that goes."""
        for table in self.tables():
            if table.exists and schema_of(table.called[-1]) == schema.casefold():
                self._record(table, revision, effect)
                self._drop(table, effect, revision)

    def _drop(self, table: Identity, effect: Effect, revision: str) -> None:
        """Take a table away with its partitions."""
        table.exists = False
        table.parts.drop_all(effect, revision)
        for child in table.partitions:
            if child.exists:
                self._record(child, revision, effect)
                self._drop(child, effect, revision)

    def _rename(self, table: Identity, effect: Effect, revision: str) -> None:
        for binding in self._bindings.get(bare(effect.table), ()):
            if binding.identity is table and binding.ended_by is None:
                binding.ended_by = revision
        target = self._find(effect.to or "", revision)
        if target is not None and target is not table and not target.exists:
            # A copy takes the place of the table that was dropped for it.
            self._merge(target, table, revision, effect)
            return
        table.called.append(effect.to or "")
        self._bind(effect.to or "", table)

    def _merge(self, kept: Identity, copy: Identity, revision: str, effect: Effect) -> None:
        for other, effects in copy.changes.items():
            kept.changes.setdefault(other, []).extend(effects)
        kept.parts.replace(copy.parts, revision, effect)
        kept.exists = True
        self._touched[id(kept)] = kept
        self._touched.pop(id(copy), None)
        kept.references.extend(copy.references)
        kept.serving |= copy.serving
        for bindings in self._bindings.values():
            for binding in bindings:
                if binding.identity is copy:
                    binding.identity = kept
        for index, identity in self._indexes.items():
            if identity is copy:
                self._indexes[index] = kept

    # -- types, sequences and views that serve a table -----------------------------

    def _serve(self, effect: Effect, revision: str) -> None:
        """Note what is done to a type, sequence or view, and tell the tables that it serves."""
        if effect.object not in _SERVING or not effect.name or effect.table:
            return
        servant = (_sort(effect.object), key(effect.name))
        deeds = self._servants.setdefault(servant, [])
        deeds.append((revision, effect))
        if effect.object == "view" and effect.kind == "create":
            tables = {
                id(identity): identity
                for name in effect.reads
                if (identity := self._find(name, revision))
            }
            if len(tables) == 1 and "?" not in effect.reads:
                self._hire(next(iter(tables.values())), servant)
            return
        for table in self._served(servant):
            self._record(table, revision, effect)
            table.parts.serve(servant, effect, revision)
        if effect.kind == "rename" and effect.to:
            self._servants[servant[0], key(effect.to)] = deeds
            for table in self._served(servant):
                table.serving.add((servant[0], key(effect.to)))

    def _served(self, servant: tuple[str, str]) -> list[Identity]:
        return [table for table in self.tables() if servant in table.serving]

    def _employ(self, table: Identity, effect: Effect) -> None:
        """Note the types and sequences that a column of the table has from now on."""
        if effect.object != "column" or effect.kind not in ("create", "alter"):
            return
        used = {(_sort(use.object), key(use.name)) for use in effect.uses}
        written = dict(effect.sets).get("type", "").rstrip("[]").strip('"`')
        used.add(("type", key(written)))
        for servant in used & self._servants.keys():
            self._hire(table, servant)

    def _hire(self, table: Identity, servant: tuple[str, str]) -> None:
        if servant in table.serving:
            return
        table.serving.add(servant)
        for revision, effect in self._servants[servant]:
            self._record(table, revision, effect)
            table.parts.serve(servant, effect, revision)


def _is_another(table: Identity, effect: Effect) -> bool:
    """Tell whether a table is made beside one whose name differs by its case alone."""
    made = effect.object == "table" and effect.kind == "create" and effect.certain
    written = bare_as_written(effect.table or "")
    return made and table.exists and bare_as_written(table.called[-1]) != written


def _sort(kind: str) -> str:
    return "type" if kind in _TYPES else kind
