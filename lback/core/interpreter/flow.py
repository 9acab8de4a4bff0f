"""Where control leaves, where paths meet again, and rounds whose number is not known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from lback.core.interpreter.choices import choice, is_data, same
from lback.core.interpreter.discharge import Discharge, followed
from lback.core.interpreter.machine import Catch, Exit, Machine
from lback.core.interpreter.state import (
    Absent,
    Content,
    FieldOf,
    Path,
    Write,
    differs,
    double,
    join,
    limited,
    split,
)
from lback.core.interpreter.values import (
    ANY,
    BIRTHS,
    PLAIN,
    UNKNOWN_TEXT,
    Arguments,
    Choice,
    Entries,
    Instance,
    Items,
    Map,
    Names,
    Opaque,
    Plain,
    Seq,
    Stack,
    Test,
    Text,
    Value,
)  # fmt: skip


def leave(machine: Machine, mark: int, value: Value = None) -> Exit:
    """Return the exit that control takes here; what follows is not reached."""
    left = Exit(machine.path, machine.state.changes(mark), value)
    machine.exits += 1
    machine.die()
    return left


def throw(machine: Machine) -> None:
    """Raise an exception: to the `try` around, or out of the migration, which undoes it all."""
    if machine.catches:
        catch = machine.catches[-1]
        catch.exits.append(leave(machine, catch.mark))
    machine.die()


def arrive(machine: Machine, mark: int, exits: Sequence[Exit]) -> None:
    """Let exits, whose changes are told from the mark on, meet the path that is here."""
    arriving = [exit_ for exit_ in exits if exit_.path]
    if not arriving:
        return
    deltas = [exit_.delta for exit_ in arriving]
    if machine.path:
        deltas.append(machine.state.changes(mark))
    machine.state.rewind(mark)
    machine.state.meet(deltas)
    machine.path = join([machine.path, *(exit_.path for exit_ in arriving)])


def nothing() -> None:
    """Do nothing: the other branch of a test that has one only."""


def branch(
    machine: Machine, test: Test, first: Callable[[], None], second: Callable[[], None] = nothing
) -> None:
    """Walk through both branches of a test and let them meet."""
    before = machine.path
    yes, no = split(before, test)
    if not no:
        first()
        return
    if not yes:
        second()
        return
    state = machine.state
    mark, exits = state.mark(), machine.exits
    machine.path = yes
    first()
    after, delta = machine.path, state.changes(mark)
    state.rewind(mark)
    # A branch that raises for good leaves the other one as the only way.
    machine.path = no if after or machine.exits != exits else limited(before, ~test.must)
    exits = machine.exits
    second()
    if not machine.path:
        state.rewind(mark)
        state.apply(delta)
        machine.path = after if machine.exits != exits else _whole(after, before, test)
    elif after:
        other = state.changes(mark)
        state.rewind(mark)
        state.meet([delta, other])
        machine.path = join([after, machine.path])


def _whole(after: Path, before: Path, test: Test) -> Path:
    """Return the path of a first branch whose other never goes on."""
    if after == split(before, test)[0]:
        return limited(before, test.may)
    return after if not test.must.empty else double(after)


def perhaps(machine: Machine, body: Callable[[], None]) -> None:
    """Walk through what may run or not."""
    branch(machine, ANY, body)


def each_option(machine: Machine, several: Choice, body: Callable[[Value], None]) -> None:
    """Walk through the options of a choice, each under what it stands on."""
    for place, option in enumerate(several.options):
        test = Test(several.on[place], several.on[place]) if several.on else ANY
        branch(machine, test, lambda option=option: body(option))  # type: ignore[misc]


def of_each(machine: Machine, value: Value, body: Callable[[Value], Value]) -> Value:
    """Return what comes of a value, whichever of several it is."""
    if not isinstance(value, Choice):
        return body(value)
    found: list[tuple[Value, bool]] = []
    each_option(machine, value, lambda option: found.append((body(option), machine.dead)))
    alive = [item for item, dead in found if not dead] or [item for item, _ in found]
    exact = value.on and len(alive) == len(value.options)
    if exact and not any(isinstance(item, Choice) for item in alive):
        return Choice(tuple(alive), value.on)
    return choice(alive)


def watching(machine: Machine, catch: Catch | None) -> AbstractContextManager[object]:
    """Let exceptions inside go to a `try`."""
    return _Watch(machine, catch) if catch is not None else nullcontext()


class _Watch:
    def __init__(self, machine: Machine, catch: Catch) -> None:
        self.machine = machine
        self.catch = catch

    def __enter__(self) -> None:
        self.machine.catches.append(self.catch)
        self.machine.state.watched += 1

    def __exit__(self, *_: object) -> None:
        self.machine.catches.remove(self.catch)
        self.machine.state.watched -= 1
        if not self.machine.state.watched:
            self.machine.state.seen.clear()


def leave_stack(machine: Machine, owner: Stack) -> Discharge:
    """Run what an ExitStack was told to run when it is left, the last first."""
    content = owner.callbacks.content
    machine.state.fill(owner.callbacks, [], open=False)
    for item in reversed(content.items):
        if content.open:
            perhaps(machine, lambda value=item: _void(machine.call_with(value, Arguments())))  # type: ignore[misc]
        else:
            machine.call_with(item, Arguments())
    return followed(None)


def _void(_: Discharge) -> None:
    pass


Body = Callable[[Value], None]
_MOST_TURNS = 6


# -- rounds over what is not known -------------------------------------------------


def rounds(machine: Machine, elements: Sequence[Value], body: Body) -> None:
    """Run rounds any number of times, each for any of the elements, until nothing new comes."""
    for turn in range(_MOST_TURNS):
        mark, birth = machine.state.mark(), next(BIRTHS)
        if turn:
            with machine.repeating():
                _once(machine, elements, body)
        else:
            _once(machine, elements, body)
        changed = _really_changed(machine, mark, birth)
        if not changed or machine.dead:
            return
        if turn:
            for change, before in changed:
                for held in _contents(change.content):
                    machine.state.absorb(held)
                content = widened(before, change.content)
                machine.state.write(change.store, change.key, content)
    machine.cannot_read("a loop whose rounds go on to change what they leave behind")


def _once(machine: Machine, elements: Sequence[Value], body: Body) -> None:
    for element in elements:
        perhaps(machine, lambda value=element: body(value))  # type: ignore[misc]


def _really_changed(machine: Machine, mark: int, birth: int) -> list[tuple[Write, Content]]:
    before: dict[tuple[int, str], Content] = {}
    for change in machine.state.log[mark:]:
        before.setdefault((id(change.store), change.key), change.content)
    changed = []
    for place, change in machine.state.changes(mark).items():
        if getattr(change.store, "born", 0) > birth:
            continue
        if not covers(before[place], change.content) and not _is_new(before[place], change):
            changed.append((change, before[place]))
    return changed


def _is_new(before: Content, change: Write) -> bool:
    """Tell whether a name was not bound before, and is bound anew in each round."""
    return isinstance(before, Absent) and isinstance(change.store, Names)


def _contents(content: Content) -> list[Value]:
    if isinstance(content, Items):
        return list(content.items)
    if isinstance(content, Entries):
        return list(content.items.values())
    return [content] if isinstance(content, Seq | Map) else []


def covers(before: Content, after: Content) -> bool:
    """Tell whether what was known before says all that may be now."""
    if isinstance(before, Items):
        top = before.open and not before.alike and not before.items
        return top or not differs(before, after) or _only_similar(before, after)
    if isinstance(before, Entries):
        top = before.open and not before.items
        fits = not before.data or (isinstance(after, Entries) and is_data(Map(after)))
        return (top and fits) or not differs(before, after)
    if isinstance(before, Opaque) or not differs(before, after):
        return True
    if isinstance(before, FieldOf):
        return before.open
    if isinstance(before, Plain):
        return _is_data(after)
    return before == UNKNOWN_TEXT and all(
        isinstance(option, str | Text) for option in _options(after)
    )


def _only_similar(before: Items, after: Content) -> bool:
    """Tell whether an open list got nothing but more of what it held."""
    if not isinstance(after, Items) or not before.open or not before.alike:
        return False
    if before.items == (PLAIN,):
        return is_data(Seq(after))
    new = after.items[len(before.items) :]
    return all(any(similar(value, other) for other in before.items) for value in new)


def widened(before: Content, after: Content) -> Content:
    """Return what stands for everything that more rounds may leave in a place."""
    if isinstance(after, Items):
        held = before.items if isinstance(before, Items) else ()
        if len(held) <= _MOST_ALIKE and len(after.items) <= 2 * _MOST_ALIKE:
            new = [item for item in after.items if not any(item is other for other in held)]
            if held and all(any(similar(value, other) for other in held) for value in new):
                return Items(held, True, True)
        data = is_data(Seq(after))
        return Items((PLAIN,) if data else (), True, data)
    if isinstance(after, Entries):
        return Entries({}, True, after.fallback, is_data(Map(after)))
    if isinstance(before, Items | Entries):
        return after
    if isinstance(after, FieldOf):
        return FieldOf((*(after.value or ()), None))
    grown = _grown(before, after)
    return grown if grown is not None else _any_like(after)


_MOST_ALIKE = 40


def _any_like(value: Content) -> Value:
    values = [PLAIN if isinstance(value, Items | Entries) else value]
    if all(isinstance(option, str | Text) for value in values for option in _options(value)):
        return UNKNOWN_TEXT
    return PLAIN if all(_is_data(value) for value in values) else Opaque()


def _options(value: Content) -> tuple[Content, ...]:
    return value.options if isinstance(value, Choice) else (value,)


def _is_data(value: Content) -> bool:
    if isinstance(value, Items | Entries | Absent | FieldOf):
        return False
    return is_data(value)


def _grown(before: Content, after: Content) -> Value:
    """Return a text that every round adds to, or None."""
    first = before.parts if isinstance(before, Text) else (before,)
    texts = [option for option in _options(after) if isinstance(option, str | Text)]
    if not all(isinstance(value, str | None) for value in first) or len(texts) != len(
        _options(after)
    ):
        return None
    head = first[0]
    starts = [text.parts[0] if isinstance(text, Text) else text for text in texts]
    if isinstance(head, str) and head and all(start and start.startswith(head) for start in starts):
        return Text((head, None))
    return None


def similar(left: Value, right: Value) -> bool:
    """Tell whether two items mean the same to whoever walks through a list of them."""
    if same(left, right):
        return True
    if isinstance(left, Instance) and isinstance(right, Instance):
        return left.of is right.of and bool(left.of.has_table)
    if isinstance(left, Seq) and isinstance(right, Seq):
        items, other = left.content, right.content
        if (
            items.open
            or other.open
            or len(items.items) != len(other.items)
            or left.kind != right.kind
        ):
            return is_data(left) and is_data(right)
        return all(similar(a, b) for a, b in zip(items.items, other.items, strict=True))
    if isinstance(left, Map) and isinstance(right, Map):
        known = not left.content.open and not right.content.open
        return known and left.content.items.keys() == right.content.items.keys()
    return is_data(left) and is_data(right) and not isinstance(left, str)
