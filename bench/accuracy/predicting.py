"""The schema that lback's effects lead to, starting from the one that was really there.

Nothing here looks at what really came of it. A thing is there (True), is not (False), or
lback leaves it open (None): it said that it is not certain.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from bench.accuracy.picture import SCHEMA, Picture
from lback.core.dialects import Dialects
from lback.core.effects import Effect
from lback.core.naming import bare

Guess = bool | None
ATTRIBUTES = ("type", "nullable", "default")


@dataclass(slots=True)
class Column:
    """What is said of a column; `new` since the revision began, `altered` what of it.

    `rebuilt`: its table may be another one of the same name. `restated` is what MySQL sets
    again, to what the text says that it is. `keyed`: it became part of a primary key, which
    takes its NULL away.
    """

    there: Guess = True
    new: Guess = False
    altered: dict[str, Guess] = field(default_factory=dict)
    rebuilt: bool = False
    restated: set[str] = field(default_factory=set)
    keyed: Guess = False

    def said(self, attributes: Iterable[str]) -> Guess:
        """Tell whether lback said that these attributes change."""
        if self.new:
            return True
        guesses = [self._said(one) for one in attributes]
        return False if False in guesses else None if None in guesses else True

    def _said(self, attribute: str) -> Guess:
        if attribute in self.altered:
            return self.altered[attribute]
        if attribute == "nullable" and self.keyed is not False:
            return self.keyed
        return None if self.rebuilt or self.new is None else False


@dataclass(slots=True)
class Table:
    """What is said of a table."""

    there: Guess = True
    columns: dict[str, Column] = field(default_factory=dict)


@dataclass(slots=True)
class Prediction:
    """Tables by name, names in one case and without a schema."""

    dialect: str
    tables: dict[str, Table] = field(default_factory=dict)

    def table(self, name: str) -> Table:
        """Return a table; one that nobody has spoken of is not there."""
        return self.tables.setdefault(bare(name), Table(False))

    def column(self, table: str, name: str) -> Column:
        """Return a column; one that nobody has spoken of is not there."""
        return self.table(table).columns.setdefault(name.casefold(), Column(False))


def predict(before: Picture, effects: Iterable[Effect], dialect: str) -> Prediction:
    """Apply effects, in their order, to the schema as it was."""
    found = Prediction(dialect)
    for name, about in before.items():
        if name == SCHEMA:
            continue
        columns = {one.casefold(): Column() for one in about["columns"]}
        found.tables[bare(name)] = Table(True, columns)
    for effect in effects:
        if _happens_on(effect.dialect, dialect):
            _apply(found, effect)
    return found


def _happens_on(text: str | None, dialect: str) -> bool:
    wanted = Dialects.of(text)
    return (dialect in wanted.names) is not wanted.but


def _apply(found: Prediction, effect: Effect) -> None:
    if effect.table is None:
        return
    if effect.object == "table":
        _apply_to_table(found, effect, effect.table)
    elif effect.object == "column" and effect.name is not None:
        _apply_to_column(found, effect, effect.table, effect.name)
    elif effect.object == "constraint" and "primary" in effect.aspects:
        for name in effect.columns if effect.kind == "create" else ():
            column = found.column(effect.table, name)
            column.keyed = effect.certain or column.keyed or None


def _apply_to_table(found: Prediction, effect: Effect, name: str) -> None:
    table = found.table(name)
    if effect.kind == "create":
        table.there = _after(table.there, True, effect.certain)
    elif effect.kind == "drop":
        table.there = _after(table.there, False, effect.certain)
        if effect.certain:
            table.columns.clear()
        else:
            _may_be_another(table)
    elif effect.kind == "rename" and effect.to is not None:
        _rename_table(found, effect, table)


def _rename_table(found: Prediction, effect: Effect, table: Table) -> None:
    old, new = bare(effect.table), bare(effect.to)
    if effect.certain:
        found.tables[new] = Table(
            table.there, {name: replace(one, new=True) for name, one in table.columns.items()}
        )
        found.tables[old] = Table(False)
        return
    target = found.table(new)
    target.there = target.there or None
    for name in (*table.columns, *target.columns):
        known = target.columns.get(name)
        target.columns[name] = Column(None, None) if known is None else replace(known, there=None)
    table.there = None if table.there else table.there
    _may_be_another(table)


def _may_be_another(table: Table) -> None:
    """Leave the columns of a table open: it may go, and come again with others."""
    for column in table.columns.values():
        column.there = None if column.there else column.there
        column.rebuilt = True


def _apply_to_column(found: Prediction, effect: Effect, table: str, name: str) -> None:
    column = found.column(table, name)
    if effect.kind == "create":
        column.there = _after(column.there, True, effect.certain)
        column.new = effect.certain or column.new or None
    elif effect.kind == "drop":
        column.there = _after(column.there, False, effect.certain)
    elif effect.kind == "rename" and effect.to is not None:
        other = found.column(table, effect.to)
        other.there = _after(other.there, column.there, effect.certain)
        other.new = effect.certain or other.new or None
        column.there = _after(column.there, False, effect.certain)
    elif effect.kind == "alter":
        for aspect in effect.aspects:
            column.altered[aspect] = effect.certain or column.altered.get(aspect) or None
        if found.dialect == "mysql":
            column.restated.update(effect.restates)


def _after(before: Guess, wanted: Guess, certain: bool) -> Guess:
    """Return what is known after something was done for certain, or may have been."""
    return wanted if certain or before == wanted else None
