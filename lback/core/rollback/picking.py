"""Goes through a function's statements and tells those about some tables from the others."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Sequence
from typing import Protocol

from lback.core.effects import Direction, Effect, Effects, Unknown
from lback.core.rollback.pieces import Lines, Piece, blocks_of
from lback.core.rollback.scope import bound, loaded
from lback.errors import LbackError

_CONTROL = (ast.Return, ast.Raise, ast.Break, ast.Continue)


class CannotUndo(LbackError):
    """Says which line keeps a statement from being taken; `line` counts from 1."""

    def __init__(self, line: int, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.line = line


class PickedRevision(Protocol):
    """What is needed of the revision whose statements are picked."""

    @property
    def lines(self) -> Lines:
        """Return the text by lines."""

    def probe(self, direction: Direction, body: Sequence[ast.stmt]) -> Effects:
        """Read what the module does when the function has only these statements."""

    def is_own(self, table: str) -> bool:
        """Tell whether a table is one of those that are wanted."""

    def owner(self, effect: Effect) -> bool | None:
        """Tell whether an effect is about the own tables; None where that cannot be told."""


class Picker:
    """Goes through a body, statement by statement, and keeps what is about the own tables."""

    def __init__(self, revision: PickedRevision, direction: Direction) -> None:
        self.revision = revision
        self.direction = direction
        self.effects: list[Effect] = []
        self.unknown: list[Unknown] = []

    def pick(
        self, body: list[ast.stmt], wrap: Callable[[list[ast.stmt]], list[ast.stmt]]
    ) -> list[Piece]:
        """Return a piece for each statement; `wrap` puts a part of the body in its place."""
        pieces = []
        before = self._read(wrap([]))
        for number, statement in enumerate(body, 1):
            after = self._read(wrap(body[:number]))
            pieces.append(self._piece(body, number - 1, wrap, before, after, statement))
            before = after
        keep_needed(pieces)
        return pieces

    def _read(self, body: list[ast.stmt]) -> tuple[tuple[Effect, ...], tuple[Unknown, ...]]:
        reading = self.revision.probe(self.direction, body)
        effects = reading.upgrade if self.direction == "upgrade" else reading.downgrade
        return effects, reading.unknowns(self.direction)

    def _piece(
        self,
        body: list[ast.stmt],
        index: int,
        wrap: Callable[[list[ast.stmt]], list[ast.stmt]],
        before: tuple[tuple[Effect, ...], tuple[Unknown, ...]],
        after: tuple[tuple[Effect, ...], tuple[Unknown, ...]],
        statement: ast.stmt,
    ) -> Piece:
        effects = after[0][len(before[0]) :]
        known = {(doubt.reason, doubt.tables) for doubt in before[1]}
        unknown = [doubt for doubt in after[1] if (doubt.reason, doubt.tables) not in known]
        owners = {self._owner(effect, statement) for effect in effects}
        owners |= {self._unknown_owner(value, statement) for value in unknown}
        if not owners:
            # It may end the function early.
            keep = any(isinstance(node, _CONTROL) for node in ast.walk(statement))
            return Piece(statement, keep=keep, silent=True)
        if owners == {False}:
            return Piece(statement, keep=False)
        if owners == {True}:
            self.effects += effects
            self.unknown += [value._replace(line=statement.lineno) for value in unknown]
            return Piece(statement, keep=True)
        return self._split(body, index, wrap, statement)

    def _split(
        self,
        body: list[ast.stmt],
        index: int,
        wrap: Callable[[list[ast.stmt]], list[ast.stmt]],
        statement: ast.stmt,
    ) -> Piece:
        """Take a part of a block that is about several tables."""
        fields = blocks_of(statement)
        if not fields or self.revision.lines.on_one_line(statement):
            raise CannotUndo(
                statement.lineno,
                "this statement is about several tables at once, and cannot be taken apart",
            )
        blocks: dict[str, list[Piece]] = {}
        for name in fields:

            def inside(inner: list[ast.stmt], name: str = name) -> list[ast.stmt]:
                part = copy.copy(statement)
                for other in fields:
                    setattr(part, other, [ast.Pass()] if other == "body" else [])
                setattr(part, name, inner or [ast.Pass()])
                return wrap([*body[:index], part])

            blocks[name] = self.pick(list(getattr(statement, name)), inside)
        return Piece(statement, keep=True, blocks=blocks)

    def _owner(self, effect: Effect, statement: ast.stmt) -> bool:
        owner = self.revision.owner(effect)
        if owner is None:
            what = f"{effect.kind} {effect.object} {effect.name or ''}".strip()
            raise CannotUndo(
                statement.lineno, f"{what}: it cannot be told which table it belongs to"
            )
        return owner

    def _unknown_owner(self, unknown: Unknown, statement: ast.stmt) -> bool:
        owners = {self.revision.is_own(table) for table in unknown.tables}
        if len(owners) != 1:
            raise CannotUndo(
                statement.lineno,
                f"this cannot be read ({unknown.reason}), so that it cannot be told which table "
                "it is about",
            )
        return owners.pop()


def keep_needed(pieces: list[Piece]) -> None:
    """Keep what has no effect of its own but gives a name that a kept statement uses."""
    needed: set[str] = set()
    for piece in reversed(pieces):
        if piece.silent and not piece.keep:
            piece.keep = bool(needed & set(bound(piece.node)))
        if piece.keep:
            needed |= {name for node in piece.nodes() for name in loaded(node)}
