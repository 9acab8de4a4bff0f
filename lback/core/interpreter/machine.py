"""The interpreter's state: where it is, how sure it is there, and what it has found so far."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from lback.core.dialects import Dialects
from lback.core.effects import IF_THERE, Direction, Effect, Resolve, ResolveFile, Unknown, Use
from lback.core.interpreter.discharge import Discharge
from lback.core.interpreter.state import (
    DEAD,
    START,
    Delta,
    MachineState,
    Path,
    certain,
    dialects,
    half,
    limited,
)
from lback.core.interpreter.values import Arguments, Frame, Klass, ModuleScope, Test, Value

# Bounds, so that any text is read in bounded time and memory; beyond them it is unknown.
MOST_STEPS = 60_000
MOST_STEPS_OF_A_CALL = 15_000
MOST_WORK = 3_000_000
MOST_CHARACTERS = 2_000_000
MOST_OF_A_VALUE = 400_000
MOST_ITEMS = 2_000
DEEPEST_CALL = 24
MOST_ACTIVE = 6
DEEPEST_IMPORT = 6
MOST_FOUND = 20_000


class Exhausted(Exception):
    """Stops the reading of what goes beyond a bound."""


class Exit(NamedTuple):
    """Control leaves: on which path, and what is changed by then."""

    path: Path
    delta: Delta
    value: Value = None


@dataclass(slots=True)
class LoopEnds:
    """How rounds of one loop end early."""

    mark: int
    round_mark: int
    breaks: list[Exit] = field(default_factory=list)
    continues: list[Exit] = field(default_factory=list)


@dataclass(slots=True)
class Ends:
    """How one running function ends, and what its loops do."""

    mark: int
    returns: list[Exit] = field(default_factory=list)
    loops: list[LoopEnds] = field(default_factory=list)
    on_yield: Callable[[Value], Value] | None = None


@dataclass(slots=True, eq=False)
class Catch:
    """Where an exception goes that is raised inside a `try`."""

    mark: int
    exits: list[Exit] = field(default_factory=list)


class Evaluators(NamedTuple):
    """The parts of the interpreter that call each other; `reading` puts them together."""

    evaluate: Callable[[Machine, ast.expr, Frame], Value]
    test: Callable[[Machine, ast.expr, Frame], Test]
    block: Callable[[Machine, Sequence[ast.stmt], Frame], None]
    call: Callable[[Machine, Value, Arguments], Discharge]
    attribute: Callable[[Machine, Value, str], Discharge]
    item: Callable[[Machine, Value, Value], Discharge]
    walk: Callable[[Machine, Value, Callable[[Value], None]], Discharge]
    read_class: Callable[[Machine, Klass], None]


class ReadingContext(NamedTuple):
    """What is around a revision: other modules and files, wrappers, dialects, its own path."""

    resolve: Resolve
    wrappers: Mapping[str, str]
    dialects: Dialects
    path: str
    resolve_file: ResolveFile


class Machine:
    """Walks through one direction of a revision; collects effects and unknowns."""

    def __init__(self, direction: Direction, project: ReadingContext, parts: Evaluators) -> None:
        self.direction, self.project = direction, project
        self.resolve, self.wrappers = project.resolve, project.wrappers
        self.parts = parts
        self.state = MachineState()
        self.path: Path = START
        self.effects: list[Effect] = []
        self.unknown: dict[Unknown, None] = {}
        self.reads: dict[str, None] = {}
        self.asked: dict[Use, None] = {}
        self.line = 0
        self.quiet = 0
        self.guarded = self.moved = False
        self.copied: tuple[str, ...] = ()  # by a batch, whatever the database
        self.acts_when_loaded = False
        self.again = 0
        self.steps = MOST_STEPS
        self.floor = 0
        self.characters = MOST_CHARACTERS
        self.exits = 0
        self.shuffles = 0  # sets walked through, in an order that nobody knows
        self.sql_read = 0
        self.ends: dict[Frame, Ends] = {}
        self.catches: list[Catch] = []
        self.calls: list[ast.AST] = []
        self.modules: dict[str, ModuleScope | None] = {}
        self.importing = 0
        self.loading = 0
        self.imported: dict[str, None] = {}
        self.registered: dict[str, tuple[Klass, str]] = {}
        self.implementations: dict[Klass, Value] = {}

    # -- bounds --------------------------------------------------------------------

    def step(self) -> None:
        """Count one step; raises Exhausted when there were too many."""
        self.steps -= 1
        if self.steps < self.floor or self.state.work > MOST_WORK:
            raise Exhausted("takes too many steps to follow")

    def spend(self, steps: int) -> None:
        """Count several steps."""
        self.steps -= steps
        if self.steps < self.floor:
            raise Exhausted("takes too many steps to follow")

    def room_for(self, characters: int) -> bool:
        """Tell whether a text of this length may be made, and count it."""
        if characters > MOST_OF_A_VALUE or characters > self.characters:
            return False
        self.characters -= characters
        return True

    # -- where we are --------------------------------------------------------------

    def at(self, node: ast.expr | ast.stmt, frame: Frame) -> None:
        """Remember the line; inside imported helpers the line of the call stays."""
        if frame.scope.is_revision:
            self.line = getattr(node, "lineno", self.line)

    @property
    def dead(self) -> bool:
        """Tell whether control never gets here."""
        return not self.path

    def die(self) -> None:
        """Say that control does not go on from here."""
        self.path = DEAD

    @contextmanager
    def unsure(self, doubt: bool = True, *, guarded: bool = False) -> Iterator[None]:
        """Record effects that happen in some cases only; nothing else may change inside.

        `guarded`: the statement itself looks whether it has to do anything.
        """
        before = (self.path, self.guarded)
        if doubt:
            self.path = half(self.path)
        self.guarded = self.guarded or guarded
        try:
            yield
        finally:
            self.path, self.guarded = before

    @contextmanager
    def repeating(self) -> Iterator[None]:
        """Walk through the same text once more: what was found there already is not new."""
        self.again += 1
        try:
            yield
        finally:
            self.again -= 1

    @contextmanager
    def silence(self) -> Iterator[None]:
        """Evaluate without recording: what a module does when it is loaded is no direction's."""
        before = (self.path, self.line, self.catches)
        self.quiet += 1
        self.path, self.catches = START, []
        try:
            yield
        finally:
            self.quiet -= 1
            self.path, self.line, self.catches = before

    # -- what was found ------------------------------------------------------------

    def emit(self, effect: Effect) -> None:
        """Record an effect at the current place."""
        path = self.path
        if effect.dialect is not None:
            path = limited(path, Dialects.of(effect.dialect))
        if not path:
            return
        if self.quiet:
            self.acts_when_loaded = True
            return
        sure = tuple(part for part in path if part[1] == 1.0)
        open_ = tuple(part for part in path if part[1] != 1.0)
        for group in (sure, open_):
            if group:
                self._add(effect, group)

    def _add(self, effect: Effect, path: Path) -> None:
        if effect.table in self.copied:
            effect = effect._replace(uses=(*effect.uses, Use("column", "*", effect.table)))
        added = effect._replace(
            certain=effect.certain and certain(path) and not self._is_moved(effect),
            line=effect.line or self.line,
            dialect=dialects(path).text,
            guarded=effect.guarded or self.guarded,
            terms=(*effect.terms, IF_THERE) if effect.guarded and certain(path) else effect.terms,
        )
        if self.again and added in self.effects:
            return
        if len(self.effects) >= MOST_FOUND:
            raise Exhausted("does too many things to follow")
        self.effects.append(added)

    def _is_moved(self, effect: Effect) -> bool:
        """Tell whether a name without a schema may mean another table by now."""
        return self.moved and bool(effect.table) and "." not in (effect.table or "")

    def cannot_read(self, reason: str, tables: tuple[str, ...] = ()) -> None:
        """Record that something here may touch the database and could not be read."""
        if not self.quiet and self.path:
            doubt = Unknown(self.direction, self.line, reason, tuple(sorted(set(tables))))
            self.unknown[doubt] = None

    def has_read(self, tables: Sequence[str]) -> None:
        """Record tables that are queried."""
        if not self.quiet and self.path:
            self.reads.update(dict.fromkeys(tables))

    def has_asked(self, *uses: Use) -> None:
        """Record what is asked of the schema."""
        if not self.quiet and self.path:
            self.asked.update(dict.fromkeys(uses))

    # -- the other parts -----------------------------------------------------------

    def evaluate(self, node: ast.expr, frame: Frame) -> Value:
        """Return what is known about an expression."""
        return self.parts.evaluate(self, node, frame)

    def test(self, node: ast.expr, frame: Frame) -> Test:
        """Say when an expression is true."""
        return self.parts.test(self, node, frame)

    def block(self, body: Sequence[ast.stmt], frame: Frame) -> None:
        """Walk through statements."""
        self.parts.block(self, body, frame)

    def call(self, callee: Value, *positional: Value) -> Value:
        """Call a value with these arguments."""
        return self.parts.call(self, callee, Arguments(list(positional))).value

    def call_with(self, callee: Value, arguments: Arguments) -> Discharge:
        """Call a value."""
        return self.parts.call(self, callee, arguments)

    def attribute(self, value: Value, name: str) -> Value:
        """Return `value.name`."""
        return self.parts.attribute(self, value, name).value

    def item(self, value: Value, key: Value) -> Value:
        """Return `value[key]`."""
        return self.parts.item(self, value, key).value

    def walk(self, value: Value, body: Callable[[Value], None]) -> Discharge:
        """Run `body` for each item that iterating a value gives."""
        return self.parts.walk(self, value, body)

    def read_class(self, klass: Klass) -> None:
        """Read the body of a class that nobody has read yet."""
        if not klass.is_read:
            self.parts.read_class(self, klass)

    def ends_of(self, frame: Frame) -> Ends:
        """Return how the function ends that a frame belongs to."""
        ends = self.ends.get(frame)
        if ends is None:
            ends = self.ends[frame] = Ends(self.state.mark())
        return ends
