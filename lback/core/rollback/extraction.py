"""Picks the statements of a migration that are about one table, by their text."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lback.core.effects import Direction, Effect, Effects, Unknown
from lback.core.naming import same_name
from lback.core.rollback.picking import CannotUndo, Picker
from lback.core.rollback.pieces import Lines
from lback.core.rollback.scope import bound, loaded, only
from lback.core.scanner import UNPARSABLE, Undecodable, decode_text
from lback.core.shell import named

_HEADER = frozenset({"revision", "down_revision", "branch_labels", "depends_on"})


@dataclass(frozen=True, slots=True)
class Extract:
    """One direction's statements for some tables.

    `code` has no indentation of its own; `effects` are what it does; `unknown` is what in
    it cannot be read; `names` are the names it takes from the module around it.
    """

    code: str
    effects: tuple[Effect, ...]
    unknown: tuple[Unknown, ...]
    names: frozenset[str]
    whole: bool


Read = Callable[[bytes], Effects]


class Extractor:
    """One revision's text, of which the statements for some tables are wanted."""

    def __init__(self, source: bytes, path: str, own: Sequence[str], read: Read) -> None:
        try:
            self.text = decode_text(source)
            self.tree = ast.parse(self.text)
        except (Undecodable, *UNPARSABLE) as err:
            deep = isinstance(err, RecursionError | MemoryError)
            why = "it is nested too deep" if deep else err
            raise CannotUndo(
                getattr(err, "lineno", 1) or 1, f"{path} cannot be parsed: {why}"
            ) from None
        self.path = path
        self.own = tuple(own)
        self.read = read
        self.lines = Lines(self.text)
        self.effects = read(source)

    # -- the two directions --------------------------------------------------------

    def extract(self, direction: Direction) -> Extract:
        """Return the statements of upgrade() or downgrade() for the own tables.

        Raises CannotUndo, naming the line, where they cannot be told from the others.
        """
        function = self.function(direction)
        body = list(function.body)
        effects = self.effects.upgrade if direction == "upgrade" else self.effects.downgrade
        unknown = self.effects.unknowns(direction)
        if all(self.owner(effect) is not False for effect in effects) and self._alone:
            code = self.lines.block(body)
            return Extract(code, effects, unknown, self._free(body), True)
        picker = Picker(self, direction)
        pieces = picker.pick(body, lambda inner: inner)
        kept = [piece for piece in pieces if piece.keep]
        code = self.lines.pieces(pieces)
        nodes = [node for piece in kept for node in piece.nodes()]
        return Extract(code, tuple(picker.effects), tuple(picker.unknown), self._free(nodes), False)

    def function(self, direction: Direction) -> ast.FunctionDef:
        """Return the function of one direction; CannotUndo where there is no plain one."""
        functions = [
            statement
            for statement in self.tree.body
            if isinstance(statement, ast.FunctionDef) and statement.name == direction
        ]
        if len(functions) != 1:
            raise CannotUndo(1, f"{self.path} has no plain function {direction}() to take from")
        return functions[0]

    @property
    def _alone(self) -> bool:
        """Tell whether the whole revision is about the own tables only."""
        both = (*self.effects.upgrade, *self.effects.downgrade)
        tables = {value.table for value in both if value.table}
        return all(self.is_own(table) for table in tables)

    def is_own(self, table: str) -> bool:
        """Tell whether a table is one of those that are wanted."""
        return any(same_name(table, name) for name in self.own)

    def owner(self, effect: Effect) -> bool | None:
        """Tell whether an effect is about the own tables; None where that cannot be told."""
        if effect.table:
            return self.is_own(effect.table)
        if self._alone:
            return True
        tables = self._tables_named_with(effect)
        if not tables:
            return None
        own = {self.is_own(table) for table in tables}
        return own.pop() if len(own) == 1 else None

    def _tables_named_with(self, effect: Effect) -> set[str]:
        """Return the tables of upgrade() that an index, type or view without one goes with."""
        same = [item for item in self.effects.upgrade if item.name == effect.name and item.table]
        if effect.object == "index" and same:
            return {value.table for value in same if value.table}
        if not effect.name:
            return set()
        tables: set[str] = set()
        try:
            body = self.function("upgrade").body
        except CannotUndo:
            return set()
        before = 0
        for number, statement in enumerate(body, 1):
            effects = self.probe("upgrade", body[:number]).upgrade
            mentioned = any(
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and effect.name in node.value
                for node in ast.walk(statement)
            )
            if mentioned:
                tables |= {item.table for item in effects[before:] if item.table}
            before = len(effects)
        return tables

    # -- reading parts -------------------------------------------------------------

    def probe(self, direction: Direction, body: Sequence[ast.stmt]) -> Effects:
        """Read what the module does when the function has only these statements."""
        tree = copy.copy(self.tree)
        function = copy.copy(self.function(direction))
        function.body = list(body) or [ast.Pass()]
        tree.body = [
            function
            if isinstance(statement, ast.FunctionDef) and statement.name == direction
            else statement
            for statement in self.tree.body
        ]
        return self.read(ast.unparse(ast.fix_missing_locations(tree)).encode())

    # -- names ---------------------------------------------------------------------

    def _free(self, nodes: Sequence[ast.AST]) -> frozenset[str]:
        """Return the names that statements take from the module."""
        known = {name for statement in self.tree.body for name in bound(statement)}
        used = {name for node in nodes for name in loaded(node)}
        taken = used & known
        header = taken & _HEADER
        if header:
            line = nodes[0].lineno if nodes and isinstance(nodes[0], ast.stmt) else 1
            raise CannotUndo(line, f"the code uses {named(min(header))} of its own file")
        return frozenset(taken)

    def context(self, names: frozenset[str]) -> tuple[list[str], list[str]]:
        """Return the imports and the other module-level statements that give these names.

        What those need themselves comes along; texts in the order of the file.
        """
        wanted, todo = set(names), list(names)
        givers = {
            name: statement
            for statement in self.tree.body
            for name in bound(statement)
            if name not in _HEADER
        }
        while todo:
            giver = givers.get(todo.pop())
            for name in loaded(giver) if giver is not None else ():
                if name in givers and name not in wanted:
                    wanted.add(name)
                    todo.append(name)
        imports, helpers = [], []
        for statement in self.tree.body:
            if not any(name in wanted for name in bound(statement)) or _is_direction(statement):
                continue
            if isinstance(statement, ast.Import | ast.ImportFrom):
                if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
                    continue
                imports.append(only(statement, wanted))
            else:
                helpers.append(self.lines.with_lead(statement, self.tree.body))
        return imports, helpers


def _is_direction(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name in ("upgrade", "downgrade")
