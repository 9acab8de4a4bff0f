"""The parts of a table on their way through the revisions: columns, keys, indexes, types."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from lback.core import naming
from lback.core.effects import Effect

Word = Literal["added", "changed", "renamed", "dropped"]

_NAMED = frozenset({"index", "constraint", "trigger", "rule", "policy"})
_WORDS: dict[str, Word] = {"create": "added", "drop": "dropped", "rename": "renamed"}


class Deed(NamedTuple):
    """What one effect of a revision did to a part of the table."""

    revision: str
    word: Word
    effect: Effect


@dataclass(slots=True)
class ColumnPath:
    """A column on its way through the revisions; `names` in the order it had them.

    `definition` is what it is now, by the aspects of Effect.sets. `deeds` are all changes of
    it, of its keys and indexes and of its type, oldest first.
    """

    names: list[str]
    added_by: str | None
    dropped_by: str | None = None
    certain: bool = True
    definition: dict[str, str] = field(default_factory=dict)
    deeds: list[Deed] = field(default_factory=list)

    @property
    def changed_by(self) -> str | None:
        """Return the revision of the last change of the column itself."""
        last = self.last("changed", "renamed")
        return last.revision if last else None

    def last(self, *words: Word) -> Deed | None:
        """Return the last change of the column itself that is called by one of the words."""
        own = (deed for deed in reversed(self.deeds) if deed.effect.object in ("column", "table"))
        return next((value for value in own if value.word in words), None)

    def note(self, revision: str, word: Word, effect: Effect) -> None:
        """Append a deed, once."""
        deed = Deed(revision, word, effect)
        if deed not in self.deeds:
            self.deeds.append(deed)


@dataclass(slots=True)
class PartPath:
    """An index, constraint, trigger, type, sequence or view of the table, with all its deeds."""

    object: str
    name: str | None
    columns: tuple[str, ...] = ()
    gone: bool = False
    deeds: list[Deed] = field(default_factory=list)


@dataclass(slots=True)
class TableParts:
    """All parts of one table."""

    columns: dict[str, ColumnPath] = field(default_factory=dict)
    gone: list[ColumnPath] = field(default_factory=list)
    others: list[PartPath] = field(default_factory=list)

    def apply(self, effect: Effect, revision: str) -> None:
        """Follow one effect on a part of the table."""
        if effect.object == "column" and effect.name:
            self._column(effect, revision)
        elif effect.object in _NAMED:
            self._other(effect, revision)

    def serve(self, servant: tuple[str, str], effect: Effect, revision: str) -> None:
        """Follow what happens to a type, sequence or view that serves the table."""
        part = self._part(servant[0], servant[1])
        if part is None:
            part = PartPath(servant[0], effect.name)
            self.others.append(part)
        word = _word(effect)
        part.gone = word == "dropped"
        part.deeds.append(Deed(revision, word, effect))
        if word == "renamed" and effect.to:
            part.name = effect.to
        if word != "added" and servant[0] == "type":
            for column in self.columns.values():
                if _has_type(column, servant[1]):
                    column.note(revision, word, effect)

    def drop_all(self, effect: Effect, revision: str) -> None:
        """Take every part away with the table."""
        for path in self.columns.values():
            path.dropped_by = revision
            path.note(revision, "dropped", effect)
            self.gone.append(path)
        self.columns.clear()
        for part in self.others:
            if part.object in _NAMED and not part.gone:
                part.gone = True
                part.deeds.append(Deed(revision, "dropped", effect))

    def replace(self, copy: TableParts, revision: str, effect: Effect) -> None:
        """Take over the parts of a copy that was put into this table's place."""
        before = {column_path.names[-1].casefold(): column_path for column_path in self.gone}
        for name, path in copy.columns.items():
            old = before.get(name)
            if old is None or old not in self.gone:
                self.columns[name] = path
                continue
            self.gone.remove(old)
            old.dropped_by = None
            old.deeds = [deed for deed in old.deeds if deed.word != "dropped"]
            if path.definition and path.definition != old.definition:
                first = path.last("added")
                old.note(revision, "changed", first.effect if first else effect)
                old.definition = path.definition
            self.columns[name] = old
        self.others.extend(copy.others)

    # -- columns -------------------------------------------------------------------

    def _column(self, effect: Effect, revision: str) -> None:
        name = effect.name or ""
        key = name.casefold()
        path = self.columns.get(key)
        if effect.kind == "create":
            if path is None or effect.certain:
                made = ColumnPath([name], revision, certain=effect.certain)
                made.definition = dict(effect.sets)
                made.note(revision, "added", effect)
                self.columns[key] = made
            return
        if path is None:
            path = ColumnPath([name], None)
            self.columns[key] = path
        word = _word(effect)
        path.note(revision, word, effect)
        if word == "dropped":
            path.dropped_by = revision
            self.gone.append(path)
            del self.columns[key]
        elif word == "renamed" and effect.to:
            path.names.append(effect.to)
            self.columns = {
                (effect.to.casefold() if text == key else text): held
                for text, held in self.columns.items()
            }
            self._renamed(name, effect.to)
        else:
            _redefine(path, effect)

    def _renamed(self, old: str, new: str) -> None:
        for part in self.others:
            part.columns = tuple(
                new if column.casefold() == old.casefold() else column for column in part.columns
            )

    # -- indexes, constraints, triggers --------------------------------------------

    def _other(self, effect: Effect, revision: str) -> None:
        word = _word(effect)
        part = self._part(effect.object, effect.name, effect.columns)
        if part is None or (word == "added" and part.gone):
            part = PartPath(effect.object, effect.name, effect.columns)
            self.others.append(part)
        part.deeds.append(Deed(revision, word, effect))
        part.gone = word == "dropped"
        part.columns = part.columns or effect.columns
        if word == "renamed" and effect.to:
            part.name = effect.to
        for name in part.columns:
            column = self.columns.get(name.casefold())
            if column is not None:
                column.note(revision, word, effect)
                if word == "added" and "primary" in effect.aspects:
                    column.definition["nullable"] = "no"

    def _part(self, kind: str, name: str | None, columns: Iterable[str] = ()) -> PartPath | None:
        wanted = frozenset(column.casefold() for column in columns)
        for part in reversed(self.others):
            if part.object != kind or part.gone:
                continue
            if name is not None and part.name is not None:
                if naming.same_name(part.name, name):
                    return part
            elif (
                name is None
                and part.name is None
                and wanted == {c.casefold() for c in part.columns}
            ):
                return part
        return None


def _word(effect: Effect) -> Word:
    return _WORDS.get(effect.kind, "changed")


def _redefine(path: ColumnPath, effect: Effect) -> None:
    """Apply what an alteration sets; what it does not say is not known any more."""
    said = dict(effect.sets)
    for aspect in effect.aspects:
        if aspect in ("type", "nullable", "default", "comment") and aspect not in said:
            said[aspect] = "?"
    if "identity" in said and "default" not in dict(effect.sets):
        said.pop("default", None)
    path.definition.update(said)


def _has_type(column: ColumnPath, name: str) -> bool:
    """Tell whether a column was last given the named type."""
    for deed in reversed(column.deeds):
        if deed.effect.object == "column" and deed.word in ("added", "changed"):
            if any(
                use.object == "type" and naming.key(use.name) == name for use in deed.effect.uses
            ):
                return True
            if "type" in dict(deed.effect.sets):
                break
    written = column.definition.get("type", "")
    return naming.key(written.rstrip("[]").strip('"`')) == name
