"""Writing items: `holder[key] = value`, `del holder[key]`."""

from __future__ import annotations

from lback.core.effects import Effect
from lback.core.interpreter.choices import choice, is_data, is_inert, key_of
from lback.core.interpreter.classes import special
from lback.core.interpreter.discharge import Discharge, effects, followed, pure, unknown
from lback.core.interpreter.flow import perhaps
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.modules import MISSING
from lback.core.interpreter.schema import (
    Row,
)  # fmt: skip
from lback.core.interpreter.values import (
    Choice,
    Globals,
    Instance,
    Map,
    Name,
    Plain,
    Seq,
    Text,
    Value,
)  # fmt: skip

# -- writing -----------------------------------------------------------------------


def set_item(machine: Machine, holder: Value, key: Value, value: Value) -> Discharge:  # noqa: PLR0912
    """Follow `holder[key] = value`."""
    known = key_of(key)
    state = machine.state
    if isinstance(holder, Map):
        content = holder.content
        if isinstance(known, Plain):
            either = {name: choice((one, value)) for name, one in content.items.items()}
            data = is_data(value) and (content.data or not content.open)
            state.absorb(value)
            state.fill_map(holder, either, open=True, data=data)
        else:
            items = {**content.items, known: value}
            state.fill_map(holder, items, open=content.open, data=content.data)
        return pure("a dict's item", None)
    if isinstance(holder, Seq):
        values = list(holder.content.items)
        exact = isinstance(known, int) and not holder.content.open
        if exact and isinstance(known, int) and -len(values) <= known < len(values):
            values[known] = value
            state.fill(holder, values, open=False)
        else:
            alike = holder.content.alike or not holder.content.open
            state.fill(holder, [*values, value], open=True, alike=alike)
        return pure("a list's item", None)
    if isinstance(holder, Choice):
        for one in holder.options:
            branch_of(machine, one, key, value)
        return followed(None)
    if isinstance(holder, Instance):
        setter = special(machine, holder, "__setitem__")
        if setter is not MISSING:
            return followed(machine.call(setter, key, value))
    if isinstance(holder, Globals) and isinstance(key, str):
        state.bind(holder.scope.names, key, value)
        return pure("a name of this module", None)
    if isinstance(holder, Row) and holder.whole:
        for table in holder.tables:
            machine.emit(Effect("update", "data", table, certain=False))
        if not holder.tables:
            return unknown(machine, "changes an object whose table is not in the text")
        return effects()
    if isinstance(holder, Plain | Name | Row | Text) and is_inert(value):
        return pure("an item of data", None)
    return unknown(machine, "sets an item of something that is not in the text")


def branch_of(machine: Machine, holder: Value, key: Value, value: Value) -> None:
    """Follow a change of what may be meant or not."""
    perhaps(machine, lambda: void(set_item(machine, holder, key, value)))


def void(_: Discharge) -> None:
    """Drop the value of what was discharged."""


def delete_item(machine: Machine, holder: Value, key: Value) -> Discharge:
    """Follow `del holder[key]`."""
    known = key_of(key)
    if isinstance(holder, Map):
        left = dict(holder.content.items)
        gone = not isinstance(known, Plain) and left.pop(known, MISSING) is not MISSING
        data = holder.content.data or not holder.content.open
        machine.state.fill_map(holder, left, open=holder.content.open or not gone, data=data)
        return pure("a dict's item", None)
    if isinstance(holder, Seq):
        content = holder.content
        items_left = list(content.items)
        if (
            isinstance(known, int)
            and not content.open
            and -len(items_left) <= known < len(items_left)
        ):
            del items_left[known]
            machine.state.fill(holder, items_left, open=False)
        else:
            machine.state.fill(holder, items_left, open=True, alike=True)
        return pure("a list's item", None)
    if isinstance(holder, Plain | Name | Globals):
        return pure("an item of data", None)
    if isinstance(holder, Row):
        return set_item(machine, holder, key, None)
    return unknown(machine, "deletes an item of something that is not in the text")
