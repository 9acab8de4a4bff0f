"""The schema that revisions build, and what each changes of it, from their effects alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

from lback.core.dialects import Dialects
from lback.core.effects import Effect, Effects
from lback.core.identities import KNOWN, Identities, Identity
from lback.core.naming import same_name
from lback.core.parts import ColumnPath, PartPath
from lback.core.tables import Doubt

if TYPE_CHECKING:
    from lback.core.graph.view import GraphView

KeyKind = Literal["primary key", "foreign key", "unique", "check", "index", "constraint"]
_KINDS: Mapping[str, KeyKind] = {
    "primary": "primary key",
    "foreignkey": "foreign key",
    "unique": "unique",
    "check": "check",
}


class ColumnShape(NamedTuple):
    """A column as it is; `text` is its type and what else is said of it, None: not in the text."""

    name: str
    text: str | None
    certain: bool


class KeyShape(NamedTuple):
    """A key, constraint or index; `refers_to` is the table of a foreign key as it is called now.

    `target` is the number of that table in `FoldedSchema.tables`, None where no revision names it.
    """

    kind: KeyKind
    name: str | None
    columns: tuple[str, ...]
    refers_to: str | None
    target: int | None
    referred: tuple[str, ...]
    unique: bool
    certain: bool


class TableShape(NamedTuple):
    """A table as it is; `certain` where it surely is there with these columns and no others."""

    name: str
    columns: tuple[ColumnShape, ...]
    keys: tuple[KeyShape, ...]
    certain: bool

    def keyed(self, kind: KeyKind) -> frozenset[str]:
        """Return the columns of the keys of one kind, in one case."""
        return frozenset(
            name.casefold() for key in self.keys if key.kind == kind for name in key.columns
        )


class FoldedTable(NamedTuple):
    """A table with its life: every name that it had, the present one first; None: it is gone.

    `doubts` are what could not be read and names it.
    """

    names: tuple[str, ...]
    shape: TableShape | None
    doubts: tuple[Doubt, ...] = ()


class Change(NamedTuple):
    """One thing of a table that a revision changes, as it was and as it is then.

    `table` is its number in `FoldedSchema.tables`. `kind` is "table", "column", or that of a key.
    What comes has no `before`, what goes no `after`; `was` is the former name of what is renamed.
    """

    table: int
    kind: str
    name: str
    before: str | None
    after: str | None
    certain: bool
    was: str | None = None


class FoldedSchema(NamedTuple):
    """All tables that ever were there, and the changes by revision.

    `doubts` are what could not be read and may be about any table.
    """

    tables: tuple[FoldedTable, ...]
    changes: Mapping[str, tuple[Change, ...]]
    doubts: tuple[Doubt, ...]

    @property
    def shapes(self) -> tuple[TableShape, ...]:
        """Return the tables that are there, by name."""
        there = (table.shape for table in self.tables if table.shape is not None)
        return tuple(sorted(there, key=lambda shape: shape.name))


class _Snapshot(NamedTuple):
    """A table at one moment; the paths tell a column that is renamed from another one."""

    name: str | None
    columns: tuple[tuple[ColumnPath, ColumnShape], ...] = ()
    keys: tuple[tuple[PartPath, KeyShape], ...] = ()


_NOTHING = _Snapshot(None)


def fold(
    graph: GraphView, effects: Mapping[str, Effects], dialects: Dialects = KNOWN
) -> FoldedSchema:
    """Return what the revisions of a graph build, those of `effects`; parents come first."""
    folder = _Folder(Identities(graph, dialects))
    order = [revision for revision in graph.order() if revision in effects]
    for revision in order:
        folder.take(revision, effects[revision].upgrade)
    doubts = [
        Doubt(revision, unknown)
        for revision in order
        for unknown in effects[revision].unknowns("upgrade")
    ]
    return folder.result(doubts)


def beside(folded: FoldedSchema, other: FoldedSchema, revisions: frozenset[str]) -> FoldedSchema:
    """Return a schema with what the other side does: its revisions, and tables of its own."""
    tables = list(folded.tables)
    numbers: dict[int, int] = {}
    for number, table in enumerate(other.tables):
        same = (at for at, own in enumerate(tables) if _is_one(own, table))
        at = next(same, len(tables))
        if at == len(tables):
            tables.append(table._replace(shape=None))
        numbers[number] = at
    for number, table in enumerate(other.tables):
        if numbers[number] >= len(folded.tables) and table.shape is not None:
            keys = tuple(
                key._replace(target=None if key.target is None else numbers[key.target])
                for key in table.shape.keys
            )
            shape = table.shape._replace(keys=keys)
            tables[numbers[number]] = table._replace(shape=shape)
    changes = {
        revision: tuple(change._replace(table=numbers[change.table]) for change in made)
        for revision, made in other.changes.items()
        if revision in revisions
    }
    doubts = tuple(doubt for doubt in other.doubts if doubt.revision in revisions)
    return FoldedSchema(tuple(tables), {**folded.changes, **changes}, (*folded.doubts, *doubts))


def _is_one(own: FoldedTable, other: FoldedTable) -> bool:
    """Tell whether two sides mean one table: the first name is older than the fork."""
    return own.names[-1] == other.names[-1]


class _Folder:
    """Goes through the revisions and compares each table that one touches with what it was."""

    def __init__(self, book: Identities) -> None:
        self._book = book
        self._numbers: dict[int, int] = {}
        self._tables: list[Identity] = []
        self._seen: dict[int, _Snapshot] = {}
        self._changes: dict[str, tuple[Change, ...]] = {}

    def take(self, revision: str, effects: Iterable[Effect]) -> None:
        """Follow one revision."""
        changes: list[Change] = []
        for table in self._book.follow(revision, effects):
            number = self._number(table)
            before, now = self._seen.get(number), self._snapshot(table)
            if before is None:  # older than the first revision, where none makes it
                before = _NOTHING if _is_made(table) else _Snapshot(table.called[0])
            self._seen[number] = now
            changes += _compared(number, before, now, _Doing(revision, table))
        if changes:
            self._changes[revision] = tuple(changes)

    def result(self, doubts: Iterable[Doubt]) -> FoldedSchema:
        """Return what was gathered."""
        own: dict[int, list[Doubt]] = {}
        other = []
        for doubt in doubts:
            numbers = self._meant_by(doubt)
            for number in numbers:
                own.setdefault(number, []).append(doubt)
            if not numbers:
                other.append(doubt)
        rows = tuple(
            FoldedTable(
                table.names(), self._shape(table, own.get(number, ())), tuple(own.get(number, ()))
            )
            for number, table in enumerate(self._tables)
        )
        return FoldedSchema(rows, self._changes, tuple(other))

    def _meant_by(self, doubt: Doubt) -> list[int]:
        return [
            number
            for number, table in enumerate(self._tables)
            for name in doubt.unknown.tables
            if any(same_name(name, own) for own in table.called)
        ]

    def _number(self, table: Identity) -> int:
        number = self._numbers.setdefault(id(table), len(self._tables))
        if number == len(self._tables):
            self._tables.append(table)
        return number

    def _shape(self, table: Identity, doubts: Iterable[Doubt]) -> TableShape | None:
        now = self._snapshot(table)
        if now.name is None:
            return None
        columns = tuple(column for _, column in now.columns)
        certain = not any(True for _ in doubts) and _is_whole(table) and table.exists
        certain = certain and all(column.certain for column in columns)
        return TableShape(now.name, columns, tuple(key for _, key in now.keys), certain)

    def _snapshot(self, table: Identity) -> _Snapshot:
        """Return a table as it is now; one whose drop is not certain is still there."""
        going = None if table.exists else _dropped_by(table)
        if going == "" or (going and not _is_made(table)):
            return _NOTHING
        columns = [
            (path, _column(path))
            for path in (*table.parts.columns.values(), *table.parts.gone)
            if _may_be_there(path, going)
        ]
        keys = [
            (part, self._key(part))
            for part in table.parts.others
            if not part.gone and part.object in ("constraint", "index")
        ]
        return _Snapshot(table.called[-1], tuple(columns), tuple(keys))

    def _key(self, part: PartPath) -> KeyShape:
        first = part.deeds[0]
        effect, aspects = first.effect, first.effect.aspects
        kind: KeyKind = "index" if part.object == "index" else "constraint"
        kind = next((_KINDS[one] for one in aspects if one in _KINDS), kind)
        kind = "index" if part.object == "index" else kind
        refers_to = effect.refers_to
        other = self._book.called(refers_to, first.revision) if refers_to else None
        return KeyShape(
            kind,
            part.name,
            part.columns,
            refers_to if other is None else other.called[-1],
            None if other is None else self._number(other),
            tuple(value for term, value in effect.terms if term == "refers"),
            "unique" in aspects,
            all(deed.effect.certain for deed in part.deeds),
        )


def _is_whole(table: Identity) -> bool:
    """Tell whether a revision surely makes the table, so that all of its columns are known."""
    made = [
        effect.certain
        for effects in table.changes.values()
        for effect in effects
        if effect.object == "table" and effect.kind in ("create", "rename", "drop")
    ]
    return _is_made(table) and all(made)


def _is_made(table: Identity) -> bool:
    """Tell whether a revision makes the table, for certain or not."""
    return any(
        effect.object == "table" and effect.kind == "create"
        for effects in table.changes.values()
        for effect in effects
    )


def _dropped_by(table: Identity) -> str:
    """Return the revision that may have dropped a table; "" where it surely has."""
    for revision, effects in reversed(table.changes.items()):
        for effect in reversed(effects):
            if effect.kind == "drop" and effect.object in ("table", "schema", "database"):
                return "" if effect.certain else revision
    return ""


def _may_be_there(path: ColumnPath, going: str | None) -> bool:
    if path.dropped_by is None:
        return True
    last = path.last("dropped")
    own = last is not None and last.effect.object == "column" and not last.effect.certain
    return own or (going is not None and path.dropped_by == going)


def _column(path: ColumnPath) -> ColumnShape:
    own = (deed.effect for deed in path.deeds if deed.effect.object in ("column", "table"))
    certain = path.certain and path.added_by is not None and all(effect.certain for effect in own)
    return ColumnShape(path.names[-1], described(path.definition), certain)


def described(definition: Mapping[str, str]) -> str | None:
    """Write a column's definition on one line; None where the text does not say its type."""
    kind = definition.get("type", "?")
    if kind == "?":
        return None
    parts = [kind]
    if definition.get("nullable") == "no":
        parts.append("not null")
    default = definition.get("default")
    if default:
        parts.append("default" if default == "?" else f"default {default}")
    if definition.get("computed"):
        parts.append("computed")
    if definition.get("identity"):
        parts.append("identity")
    return " ".join(" ".join(parts).split())


def key_text(key: KeyShape) -> str:
    """Write a key or an index on one line."""
    columns = ", ".join(key.columns) or "?"
    text = f"({columns})"
    if key.refers_to:
        referred = f" ({', '.join(key.referred)})" if key.referred else ""
        text += f" -> {key.refers_to}{referred}"
    return f"unique {text}" if key.unique and key.kind == "index" else text


class _Doing(NamedTuple):
    """What one revision does to one table: how certain each part of it is."""

    revision: str
    table: Identity

    def whole(self) -> bool:
        """Tell whether what becomes of the table itself is certain."""
        effects = self.table.changes.get(self.revision, ())
        return all(effect.certain for effect in effects if effect.object == "table")

    def part(self, path: ColumnPath | PartPath) -> bool:
        """Tell whether what becomes of a part is certain."""
        return all(deed.effect.certain for deed in path.deeds if deed.revision == self.revision)

    def may_drop(self, path: ColumnPath) -> bool:
        """Tell whether the revision may drop a column, and may not."""
        return path.dropped_by == self.revision


def _compared(number: int, before: _Snapshot, now: _Snapshot, doing: _Doing) -> Iterator[Change]:
    """Yield what of a table is another one; a table that goes says nothing of its parts."""
    if before.name != now.name:
        name = now.name or before.name or ""
        renamed = before.name if before.name and now.name else None
        yield Change(number, "table", name, before.name, now.name, doing.whole(), renamed)
        if now.name is None:
            return
    elif now.name and not doing.table.exists and doing.whole() is False:
        yield Change(number, "table", now.name, now.name, None, False)
        return
    old = {id(path): shape for path, shape in before.columns}
    for path, column in now.columns:
        past, text = old.pop(id(path), None), column.text or "?"
        if past is None:
            yield Change(number, "column", column.name, None, text, column.certain)
        elif past[:2] != column[:2]:
            was = past.name if past.name != column.name else None
            sure = doing.part(path)
            yield Change(number, "column", column.name, past.text or "?", text, sure, was)
        elif doing.may_drop(path):
            yield Change(number, "column", column.name, text, None, False)
    for path, column in before.columns:
        if id(path) in old:
            sure = doing.part(path)
            yield Change(number, "column", column.name, column.text or "?", None, sure)
    yield from _compared_keys(number, before, now, doing)


def _compared_keys(
    number: int, before: _Snapshot, now: _Snapshot, doing: _Doing
) -> Iterator[Change]:
    old = {id(part): key for part, key in before.keys}
    for part, key in now.keys:
        past, text, name = old.pop(id(part), None), key_text(key), key.name or ""
        if past is None:
            yield Change(number, key.kind, name, None, text, key.certain)
        elif past.name != key.name:
            yield Change(number, key.kind, name, text, text, doing.part(part), past.name)
    for part, key in before.keys:
        if id(part) in old:
            sure = doing.part(part)
            yield Change(number, key.kind, key.name or "", key_text(key), None, sure)
