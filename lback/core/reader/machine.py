"""The reader's state: where it is, how sure it is there, and what it has found so far."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from lback.core.dialects import EVERY_DIALECT, Dialects
from lback.core.effects import Direction, Effect, Resolve, Unknown
from lback.core.reader.scope import Scope, index, parsed
from lback.core.reader.values import (
    Module,
    Name,
    Opaque,
    Value,
)

# Bounds, so that any text is read in bounded time; beyond them it is declared unknown.
MOST_STEPS = 40_000
MOST_STEPS_OF_A_CALL = 8_000
DEEPEST_CALL = 14
DEEPEST_IMPORT = 5


class TooLong(Exception):
    """Stops the reading of a direction that takes too many steps."""


@dataclass(slots=True)
class Frame:
    """The names of one running function."""

    scope: Scope
    names: dict[str, Value] = field(default_factory=dict)
    closure: Frame | None = None
    returned: list[Value] = field(default_factory=list)
    on_yield: Callable[[Value], None] | None = None

    def find(self, name: str) -> Frame | None:
        """Return the frame, this or an enclosing one, that holds the name."""
        frame: Frame | None = self
        while frame is not None:
            if name in frame.names:
                return frame
            frame = frame.closure
        return None


class Machine:
    """Walks through one direction of a revision; collects effects and unknowns."""

    def __init__(
        self,
        direction: Direction,
        resolve: Resolve,
        wrappers: Mapping[str, str],
        project: Dialects = EVERY_DIALECT,
    ) -> None:
        self.direction = direction
        self.resolve = resolve
        self.wrappers = wrappers
        self.effects: list[Effect] = []
        self.unknown: dict[Unknown, None] = {}
        self.reads: dict[str, None] = {}
        self.certain = True
        self.dialects: Dialects = EVERY_DIALECT
        # Those that the project's database may have at all.
        self.project = project
        self.level = 0
        self.line = 0
        self.quiet = 0
        self.calls: list[ast.AST] = []
        self.steps = MOST_STEPS
        self.floor = 0
        self.again = 0
        self.modules: dict[str, Scope | None] = {}
        self.importing = 0

    # -- where we are --------------------------------------------------------------

    def step(self) -> None:
        """Count one step; raises TooLong when there were too many."""
        self.steps -= 1
        if self.steps < self.floor:
            raise TooLong

    def at(self, node: ast.AST, frame: Frame) -> None:
        """Remember the line; inside imported helpers the line of the call stays."""
        if frame.scope.is_revision:
            self.line = getattr(node, "lineno", self.line)

    @contextmanager
    def maybe(self, *, dialects: Dialects | None = None, certain: bool = False) -> Iterator[None]:
        """Walk through a branch that may not run, or runs on some dialects only."""
        before = (self.certain, self.dialects, self.level)
        if not certain:
            self.certain = False
            self.level += 1
        elif dialects is not None and not dialects.every:
            self.level += 1
        if dialects is not None:
            self.dialects = self.dialects & dialects
        try:
            yield
        finally:
            self.certain, self.dialects, self.level = before

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
        """Evaluate without recording: module level code is not part of a direction."""
        before = (self.certain, self.dialects, self.line)
        self.quiet += 1
        try:
            yield
        finally:
            self.quiet -= 1
            self.certain, self.dialects, self.line = before

    # -- what was found ------------------------------------------------------------

    def emit(self, effect: Effect) -> None:
        """Record an effect at the current place."""
        if self.quiet:
            return
        dialects = self.dialects
        if effect.dialect is not None:
            dialects = dialects & Dialects.of(effect.dialect)
            if dialects.empty:
                return
        found = Effect(
            effect.kind,
            effect.object,
            effect.table,
            effect.name,
            effect.to,
            effect.certain and self.certain,
            effect.line or self.line,
            effect.detail,
            dialects.text,
            effect.columns,
            effect.refers_to,
            effect.aspects,
            effect.reads,
            effect.restates,
            effect.uses,
            effect.sets,
            effect.guarded,
        )
        if not (self.again and found in self.effects):
            self.effects.append(found)

    def cannot_read(self, reason: str, tables: tuple[str, ...] = ()) -> None:
        """Record that something here may touch the database and could not be read."""
        if not self.quiet and not self.dialects.empty:
            found = Unknown(self.direction, self.line, reason, tuple(sorted(set(tables))))
            self.unknown[found] = None

    def has_read(self, tables: tuple[str, ...]) -> None:
        """Record tables that are queried."""
        if not self.quiet:
            for table in tables:
                self.reads[table] = None

    # -- modules -------------------------------------------------------------------

    def module(self, name: str) -> Scope | None:
        """Return another module of the project, or None when it is not the project's."""
        if name not in self.modules:
            self.modules[name] = None
            source = self.resolve(name) if self.importing < DEEPEST_IMPORT else None
            tree = parsed(source) if source is not None else None
            if tree is not None:
                self.modules[name] = scope_of(tree, name)
        return self.modules[name]

    def force(self, value: Value) -> Value:
        """Look behind an imported name where it is the project's own; else return it as it is."""
        seen = 0
        while isinstance(value, Name) and not is_foreign(value):
            found = self._behind(value)
            if found is None or seen > DEEPEST_IMPORT:
                return value
            value, seen = found, seen + 1
        return value

    def _behind(self, name: Name) -> Value | None:
        from lback.core.reader.attributes import attribute
        from lback.core.reader.names import lookup

        parts = name.path.split(".")
        for cut in range(len(parts), 0, -1):
            scope = self.module(".".join(parts[:cut]))
            if scope is None:
                continue
            value: Value = Module(scope)
            for part in parts[cut:]:
                if isinstance(value, Module):
                    self.importing += 1
                    try:
                        value = lookup(self, part, value.scope)
                    finally:
                        self.importing -= 1
                    if value is MISSING:
                        return None
                else:
                    value = attribute(self, value, part)
            return value
        return None


# What `lookup` gives where a module has no such name; None is a value of its own.
MISSING = Opaque()


def scope_of(tree: ast.Module, package: str, *, is_revision: bool = False) -> Scope:
    """Index a parsed module."""
    stars = tuple(
        one.module or ""
        for one in tree.body
        if isinstance(one, ast.ImportFrom) and one.names[0].name == "*"
    )
    return Scope(package, index(tree.body), is_revision=is_revision, stars=stars)


def is_foreign(name: Name) -> bool:
    """Tell whether a dotted name certainly belongs to a library that never needs looking into."""
    from lback.core.reader.foreign import LIBRARIES

    return not name.ours and name.root in LIBRARIES
