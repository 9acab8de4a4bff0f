"""Two schemas beside each other: which tables, columns and keys came, went or changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from lback.core.naming import same_name
from lback.core.pictures.folding import ColumnShape, FoldedTable, KeyShape, TableShape

State = Literal["", "add", "del", "mod"]


@dataclass(frozen=True, slots=True)
class ComparedColumn:
    """A column of either schema; `past` is what it was where it is another one now."""

    column: ColumnShape
    state: State = ""
    past: str | None = None


@dataclass(frozen=True, slots=True)
class ComparedTable:
    """A table of either schema; `number` as in `FoldedSchema.tables`, None where it is gone.

    `keys` come with their state; of one that is gone the table is known by its name alone. The
    state of a table is "mod" where anything of it differs.
    """

    number: int | None
    names: tuple[str, ...]
    shape: TableShape
    columns: tuple[ComparedColumn, ...]
    keys: tuple[tuple[KeyShape, State], ...]
    state: State = ""


def compared(
    before: Sequence[TableShape] | None, after: Sequence[FoldedTable], focus: Sequence[str] = ()
) -> tuple[ComparedTable, ...]:
    """Return all tables of two schemas by name, those of `focus` only; None: compare nothing."""
    every = [*_there(before, after)]
    if focus:
        every = [table for table in every if _is_meant(table.names, focus)]
    return tuple(sorted(every, key=lambda table: table.names[0]))


def _is_meant(names: Sequence[str], focus: Sequence[str]) -> bool:
    return any(same_name(name, wanted) for name in names for wanted in focus)


def _there(
    before: Sequence[TableShape] | None, after: Sequence[FoldedTable]
) -> Iterator[ComparedTable]:
    old = {shape.name.casefold(): shape for shape in before or ()}
    for number, table in enumerate(after):
        shape = table.shape
        if shape is None:
            continue
        if before is None:
            columns = tuple(map(ComparedColumn, shape.columns))
            keys = tuple((key, _SAME) for key in shape.keys)
            yield ComparedTable(number, table.names, shape, columns, keys)
            continue
        names = [name.casefold() for name in table.names]
        past = next((old.pop(name) for name in names if name in old), None)
        yield _compared(number, table.names, shape, past)
    for shape in old.values():
        columns = tuple(map(ComparedColumn, shape.columns))
        keys = tuple((key._replace(target=None), _GONE) for key in shape.keys)
        yield ComparedTable(None, (shape.name,), shape, columns, keys, "del")


_SAME: State = ""
_GONE: State = "del"


def _compared(
    number: int, names: tuple[str, ...], shape: TableShape, past: TableShape | None
) -> ComparedTable:
    if past is None:
        columns = tuple(map(ComparedColumn, shape.columns))
        added: State = "add"
        keys = tuple((key, added) for key in shape.keys)
        return ComparedTable(number, names, shape, columns, keys, "add")
    columns = tuple(_columns(past.columns, shape.columns))
    keys = tuple(_keys(past.keys, shape.keys))
    differs = past.name != shape.name or any(column.state for column in columns)
    differs = differs or any(state for _, state in keys)
    return ComparedTable(number, names, shape, columns, keys, "mod" if differs else "")


def _columns(
    before: Iterable[ColumnShape], after: Iterable[ColumnShape]
) -> Iterator[ComparedColumn]:
    old = {column.name.casefold(): column for column in before}
    for column in after:
        past = old.pop(column.name.casefold(), None)
        if past is None:
            yield ComparedColumn(column, "add")
        elif past.text != column.text:
            yield ComparedColumn(column, "mod", past.text or "?")
        else:
            yield ComparedColumn(column)
    yield from (ComparedColumn(column, "del") for column in old.values())


def _keys(
    before: Sequence[KeyShape], after: Iterable[KeyShape]
) -> Iterator[tuple[KeyShape, State]]:
    left = [*before]
    for key in after:
        same = next((past for past in left if _word(past) == _word(key)), None)
        if same is not None:
            left.remove(same)
        yield key, "" if same is not None else "add"
    yield from ((key._replace(target=None), "del") for key in left)


def _word(key: KeyShape) -> tuple[object, ...]:
    columns = tuple(name.casefold() for name in key.columns)
    return key.kind, columns, (key.refers_to or "").casefold(), key.unique
