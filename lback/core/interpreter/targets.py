"""Assignments: names, attributes, items and patterns of `match`, and what they change."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from lback.core.effects import Effect
from lback.core.interpreter.choices import (
    both,
    choice,
    decide,
    either,
    is_data,
    is_inert,
    key_of,
    key_value,
    shuffled,
    unhashable,
)
from lback.core.interpreter.classes import member, special
from lback.core.interpreter.comparisons import compare
from lback.core.interpreter.discharge import Discharge, effects, followed, pure, unknown
from lback.core.interpreter.flow import branch, perhaps, throw
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.modules import MISSING, find
from lback.core.interpreter.objects import COMPARES, touched
from lback.core.interpreter.schema import (
    HIDDEN,
    SCHEMA_VALUES,
    ColumnV,
    ConstraintV,
    Handle,
    IndexV,
    MetaDataV,
    Row,
    Rows,
    SequenceV,
    TableV,
    TypeV,
)
from lback.core.interpreter.text import strings
from lback.core.interpreter.values import (
    ANY,
    MUTABLE,
    NO,
    PLAIN,
    YES,
    Choice,
    Entries,
    Frame,
    Func,
    Globals,
    Instance,
    Items,
    Klass,
    Map,
    Method,
    Module,
    Name,
    Opaque,
    Plain,
    Seq,
    Test,
    Text,
    Value,
)  # fmt: skip  # fmt: skip

# -- writing -----------------------------------------------------------------------


def set_item(machine: Machine, holder: Value, key: Value, value: Value) -> Discharge:  # noqa: PLR0912
    """Follow `holder[key] = value`."""
    known = key_of(key)
    state = machine.state
    if isinstance(holder, Map):
        if unhashable(key):
            throw(machine)
        content = holder.content
        if isinstance(known, Plain):
            either = {name: choice((item, value)) for name, item in content.items.items()}
            data = is_data(value) and (content.data or not content.open)
            state.absorb(value)
            state.fill_map(holder, either, open=True, data=data)
        else:
            items = {**content.items, known: value}
            state.fill_map(holder, items, open=content.open, data=content.data)
        return pure("a dict's item", None)
    if isinstance(holder, Seq):
        if holder.kind not in MUTABLE or _missing(machine, holder.content, key):
            throw(machine)
            return pure("no such item", None)
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
        for option in holder.options:
            branch_of(machine, option, key, value)
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
    if holder is None:
        throw(machine)
        return pure("no item", None)
    return unknown(machine, "sets an item of something that is not in the text")


def branch_of(machine: Machine, holder: Value, key: Value, value: Value) -> None:
    """Follow a change of what may be meant or not."""
    perhaps(machine, lambda: void(set_item(machine, holder, key, value)))


def void(_: Discharge) -> None:
    """Drop the value of what was discharged."""


def _missing(machine: Machine, content: Items | Entries, key: Value) -> bool:
    """Tell whether a key is surely not there; then the code after it never runs."""
    known = key_of(key)
    if content.open or isinstance(known, Plain):
        return False
    if isinstance(content, Entries):
        gone = known not in content.items
    else:
        gone = isinstance(known, int) and not -len(content.items) <= known < len(content.items)
    if gone:
        throw(machine)
    return gone


def delete_item(machine: Machine, holder: Value, key: Value) -> Discharge:
    """Follow `del holder[key]`."""
    known = key_of(key)
    if isinstance(holder, Seq | Map) and _missing(machine, holder.content, key):
        return pure("no such item", None)
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
            alike = content.alike or not content.open
            machine.state.fill(holder, items_left, open=True, alike=alike)
        return pure("a list's item", None)
    if isinstance(holder, Plain | Name | Globals):
        return pure("an item of data", None)
    if isinstance(holder, Row):
        return set_item(machine, holder, key, None)
    return unknown(machine, "deletes an item of something that is not in the text")


def assign(machine: Machine, target: ast.expr, value: Value, frame: Frame) -> None:
    """Bind a target to a value."""
    if isinstance(target, ast.Name):
        names = frame.elsewhere.get(target.id, frame.names)
        machine.state.bind(names, target.id, value)
    elif isinstance(target, ast.Tuple | ast.List):
        _unpack(machine, target.elts, value, frame)
    elif isinstance(target, ast.Starred):
        assign(machine, target.value, value, frame)
    elif isinstance(target, ast.Subscript):
        holder = machine.evaluate(target.value, frame)
        machine.at(target, frame)
        if isinstance(target.slice, ast.Slice) and isinstance(holder, Seq):
            machine.state.fill(holder, [], open=True)
        else:
            set_item(machine, holder, machine.evaluate(target.slice, frame), value)
    elif isinstance(target, ast.Attribute):
        holder = machine.evaluate(target.value, frame)
        machine.at(target, frame)
        set_attribute(machine, holder, target.attr, value)


def _unpack(machine: Machine, targets: list[ast.expr], value: Value, frame: Frame) -> None:
    starred = [i for i, target in enumerate(targets) if isinstance(target, ast.Starred)]
    values = unpacked(machine, value, len(targets), starred[0] if starred else -1)
    for target, inner in zip(targets, values, strict=True):
        assign(machine, target, inner, frame)


def unpacked(machine: Machine, value: Value, count: int, starred: int) -> list[Value]:
    """Return what each of several targets gets of a value."""
    if isinstance(value, Choice):
        rows = [unpacked(machine, option, count, starred) for option in value.options]
        columns = [choice([row[place] for row in rows]) for place in range(count)]
        if value.on:
            return [Choice(tuple(row[place] for row in rows), value.on) for place in range(count)]
        return columns
    if isinstance(value, Seq | Map) and not value.content.open:
        items = (
            list(value.content.items)
            if isinstance(value, Seq)
            else [key_value(item) for item in value.content.items]
        )
        if isinstance(value, Seq) and value.kind == "iterator":
            machine.state.fill(value, [], open=False)
        wrong = len(items) < count - 1 if starred >= 0 else len(items) != count
        if wrong:
            throw(machine)
        mixed = shuffled(value) and not wrong
        if not mixed:
            return _spread(items, count, starred)
        entry = choice(items)
        return [_rest(entry) if place == starred else entry for place in range(count)]
    if isinstance(value, Plain | Text | Row | str):
        inner: Value = Row((), True) if isinstance(value, Row) and value.whole else PLAIN
        return [_rest(inner) if place == starred else inner for place in range(count)]
    if isinstance(value, Rows):
        return [Row(value.tables, value.whole)] * count
    found: list[Value] = []
    start, shuffles, sure = machine.path, machine.shuffles, [True]

    def take(item: Value) -> None:
        found.append(item)
        sure[0] = sure[0] and machine.path == start

    machine.walk(value, take)
    if not found or any(isinstance(item, Opaque) for item in found):
        return [Opaque() for _ in range(count)]
    if sure[0] and machine.shuffles == shuffles:
        return _spread(found, count, starred)
    any_ = choice(found)
    return [_rest(any_) if place == starred else any_ for place in range(count)]


def _rest(element: Value) -> Value:
    return Seq(Items((element,), True, True))


def _spread(items: list[Value], count: int, starred: int) -> list[Value]:
    if starred < 0:
        return items if len(items) == count else [Opaque() for _ in range(count)]
    after = count - starred - 1
    if len(items) < count - 1:
        return [Opaque() for _ in range(count)]
    stop = len(items) - after
    middle = Seq(Items(tuple(items[starred:stop])))
    return [*items[:starred], middle, *items[stop:]]


def set_attribute(  # noqa: PLR0912
    machine: Machine, holder: Value, name: str, value: Value
) -> Discharge:
    """Follow `holder.name = value`."""
    if isinstance(holder, Choice):
        for option in holder.options:
            perhaps(machine, lambda item=option: void(set_attribute(machine, item, name, value)))  # type: ignore[misc]
        return followed(None)
    if isinstance(holder, Row):
        return _set_column(machine, holder, name)
    if isinstance(holder, Instance):
        return _set_field(machine, holder, name, value)
    if isinstance(holder, Klass):
        machine.read_class(holder)
        machine.state.bind(holder.members, name, value)
        return pure("a class's attribute", None)
    if isinstance(holder, Module):
        find(machine, name, holder.scope)
        machine.state.bind(holder.scope.names, name, value)
        return pure("a module's name", None)
    if isinstance(holder, Func):
        machine.state.bind(holder.fields, name, value)
        return pure("a function's attribute", None)
    if isinstance(holder, Handle | Plain | Text | Rows | MetaDataV) and is_inert(value):
        return pure("an attribute of data", None)
    if isinstance(holder, Name) and holder.path.partition(".")[0] in ("logging", "sys", "warnings"):
        return pure("an attribute of a library", None)
    if isinstance(holder, MetaDataV) and name == "bind":
        return pure("the connection of a MetaData", None)
    if isinstance(holder, TableV) and name in ("name", "schema") and holder.called is None:
        return _rename_table(machine, holder, name, value)
    if name == "name" and isinstance(holder, ColumnV | TypeV | IndexV | ConstraintV | SequenceV):
        machine.state.set(holder, name, None if value is None else strings(value) or HIDDEN)
        return pure("the name of a part of the schema", None)
    if isinstance(holder, SCHEMA_VALUES):
        return unknown(machine, f"sets {name} of a part of the schema")
    if isinstance(holder, Method) and isinstance(holder.owner, Plain):
        return pure("an attribute of data", None)
    return unknown(machine, f"sets {name} of something that is not in the text")


def _rename_table(machine: Machine, holder: TableV, name: str, value: Value) -> Discharge:
    given = ("",) if value is None and name == "schema" else strings(value) or HIDDEN
    parts = [text.rpartition(".") for text in holder.names]
    if name == "name":
        found = [f"{schema}{dot}{text}" for schema, dot, _ in parts for text in given]
    else:
        found = [f"{text}.{bare}" if text else bare for _, _, bare in parts for text in given]
    machine.state.set(holder, "names", tuple(dict.fromkeys(found)))
    return pure("the name of a table", None)


def _set_column(machine: Machine, holder: Row, name: str) -> Discharge:
    if not holder.whole:
        return pure("an attribute of data", None)
    if not holder.tables or holder.part:
        return unknown(machine, f"sets {name} of an object whose table is not in the text")
    for table in holder.tables:
        machine.emit(Effect("update", "data", table, certain=False, columns=(name,)))
    return effects()


def _set_field(machine: Machine, holder: Instance, name: str, value: Value) -> Discharge:
    held = member(machine, holder.of, name)
    if isinstance(held, Func) and held.flavour == "property":
        setter = member(machine, holder.of, f"{name} setter")
        if isinstance(setter, Func):
            return followed(machine.call(setter, holder, value))
        return unknown(machine, f"sets the property {name}, whose setter is not in the text")
    if isinstance(held, Instance):
        setter = special(machine, held, "__set__")
        if setter is not MISSING:
            return followed(machine.call(setter, holder, value))
    own = special(machine, holder, "__setattr__")
    if own is not MISSING and not isinstance(own, Opaque):
        return followed(machine.call(own, name, value))
    if name not in holder.fields.values and held is not MISSING:
        # What a class says is what an object has until it is changed.
        machine.state.bind(holder.fields, name, held)
    machine.state.bind(holder.fields, name, value)
    return pure("an object's attribute", None)


def delete(machine: Machine, target: ast.expr, frame: Frame) -> None:
    """Follow `del`."""
    if isinstance(target, ast.Name):
        names = frame.elsewhere.get(target.id, frame.names)
        machine.state.forget(names, target.id)
    elif isinstance(target, ast.Tuple | ast.List):
        for element in target.elts:
            delete(machine, element, frame)
    elif isinstance(target, ast.Subscript):
        holder = machine.evaluate(target.value, frame)
        delete_item(machine, holder, machine.evaluate(target.slice, frame))
    elif isinstance(target, ast.Attribute):
        holder = machine.evaluate(target.value, frame)
        machine.at(target, frame)
        delete_attribute(machine, holder, target.attr)


def delete_attribute(machine: Machine, holder: Value, name: str) -> Discharge:
    """Follow `del holder.name`."""
    held = member(machine, holder.of, name) if isinstance(holder, Instance) else None
    if isinstance(held, Func) and held.flavour == "property" and isinstance(holder, Instance):
        deleter = member(machine, holder.of, f"{name} deleter")
        if isinstance(deleter, Func):
            return followed(machine.call(deleter, holder))
        return unknown(machine, f"deletes the property {name}, whose deleter is not in the text")
    names = holder.fields if isinstance(holder, Instance | Func) else None
    if isinstance(holder, Klass):
        machine.read_class(holder)
        names = holder.members
    if names is None:
        return set_attribute(machine, holder, name, Opaque())
    machine.state.forget(names, name)
    return pure("an object's attribute", None)


def match(machine: Machine, node: ast.Match, frame: Frame) -> None:
    """Walk through the cases of a `match` as through if/elif."""
    subject = machine.evaluate(node.subject, frame)
    _cases(machine, node.cases, subject, frame)


def _cases(machine: Machine, cases: Sequence[ast.match_case], subject: Value, frame: Frame) -> None:
    if not cases:
        return
    first, rest = cases[0], cases[1:]
    machine.step()
    bound: list[tuple[str, Value]] = []
    test = _test(machine, first.pattern, subject, frame, bound)

    def body() -> None:
        for name, value in bound:
            machine.state.bind(frame.elsewhere.get(name, frame.names), name, value)
        if first.guard is None:
            machine.block(first.body, frame)
            return
        guard = machine.test(first.guard, frame)
        branch(
            machine,
            guard,
            lambda: machine.block(first.body, frame),
            lambda: _cases(machine, rest, subject, frame),
        )

    branch(machine, test, body, lambda: _cases(machine, rest, subject, frame))


Bound = list[tuple[str, Value]]


def _test(
    machine: Machine, pattern: ast.pattern, subject: Value, frame: Frame, bound: Bound
) -> Test:
    """Say when a pattern fits, and what it binds then."""
    if isinstance(pattern, ast.MatchAs):
        if pattern.name is not None:
            bound.append((pattern.name, subject))
        if pattern.pattern is None:
            return YES
        return _test(machine, pattern.pattern, subject, frame, bound)
    if isinstance(pattern, ast.MatchValue):
        asked = machine.evaluate(pattern.value, frame)
        touched(machine, [subject, asked], COMPARES)
        return decide(compare(machine, ast.Eq(), subject, asked))
    if isinstance(pattern, ast.MatchSingleton):
        return decide(compare(machine, ast.Is(), subject, pattern.value))
    if isinstance(pattern, ast.MatchOr):
        return _alternatives(machine, pattern, subject, frame, bound)
    if isinstance(pattern, ast.MatchSequence):
        apart = ("set", "frozenset", "view", "iterator")
        no_sequence = isinstance(subject, Seq) and subject.kind in apart
        if no_sequence or isinstance(subject, Map | Text | str | int | float | bytes | None):
            return NO
        return _sequence(machine, pattern, subject, frame, bound)
    _bind_all(pattern, subject, bound)
    return ANY


def _alternatives(
    machine: Machine, pattern: ast.MatchOr, subject: Value, frame: Frame, bound: Bound
) -> Test:
    found, values = NO, dict[str, Value]()
    for item in pattern.patterns:
        inner: Bound = []
        test = _test(machine, item, subject, frame, inner)
        for name, value in inner:
            if not test.may.empty:
                values[name] = choice([values[name], value]) if name in values else value
        found = either(found, test)
        if found == YES:
            break
    bound.extend(values.items())
    return found


def _sequence(
    machine: Machine, pattern: ast.MatchSequence, subject: Value, frame: Frame, bound: Bound
) -> Test:
    stars = [i for i, item in enumerate(pattern.patterns) if isinstance(item, ast.MatchStar)]
    known = isinstance(subject, Seq) and not subject.content.open
    if not known or stars or not isinstance(subject, Seq):
        _bind_all(pattern, subject, bound)
        return ANY
    if len(subject.content.items) != len(pattern.patterns):
        return NO
    values = unpacked(machine, subject, len(pattern.patterns), -1)
    fits = YES
    for item, value in zip(pattern.patterns, values, strict=True):
        fits = both(fits, _test(machine, item, value, frame, bound))
    return fits


def _bind_all(pattern: ast.pattern, subject: Value, bound: Bound) -> None:
    """Bind every name of a pattern to what is not known."""
    data = isinstance(subject, Plain | str)
    for node in ast.walk(pattern):
        name = getattr(node, "rest", None) if isinstance(node, ast.MatchMapping) else None
        if isinstance(node, ast.MatchAs | ast.MatchStar):
            name = node.name
        if isinstance(name, str):
            value: Value = Plain() if data else Opaque()
            bound.append((name, value))
