"""The house in figures: modules, who imports whom, circles, lines: `python -m bench.house`."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]


class Import(NamedTuple):
    """One import of a module of the house; `inside` a function."""

    importer: str
    imported: str
    line: int
    inside: bool


class House:
    """The package below a root, read as text."""

    def __init__(self, root: Path = ROOT) -> None:
        paths = sorted((root / "lback").rglob("*.py"))
        self.paths = {_name(path.relative_to(root)): path for path in paths}
        self.trees = {name: ast.parse(path.read_bytes()) for name, path in self.paths.items()}

    @property
    def modules(self) -> list[str]:
        """Return the names of all modules that hold something."""
        return [name for name, tree in self.trees.items() if tree.body]

    @cached_property
    def imports(self) -> list[Import]:
        """Return every import of one module of the house by another."""
        return [one for name in self.trees for one in self._imports_of(name)]

    def _imports_of(self, importer: str) -> Iterator[Import]:
        for node, inside in _statements(self.trees[importer]):
            for name in _named(node):
                module = name if name in self.trees else name.rpartition(".")[0]
                if module in self.trees and module != importer and self.trees[module].body:
                    yield Import(importer, module, node.lineno, inside)

    @cached_property
    def importers(self) -> Mapping[str, set[str]]:
        """Return who imports each module."""
        found: dict[str, set[str]] = {name: set() for name in self.modules}
        for one in self.imports:
            found[one.imported].add(one.importer)
        return found

    def circles(self) -> list[list[str]]:
        """Return the groups of modules that import each other, inside functions too."""
        down: dict[str, set[str]] = defaultdict(set)
        for one in self.imports:
            down[one.importer].add(one.imported)
        while leaves := [name for name in down if not down.keys() & down[name]]:
            for name in leaves:
                del down[name]
        reach = {name: _below(down, name) for name in down}
        groups = {
            tuple(sorted(other for other in reach[name] if name in reach.get(other, ())))
            for name in reach
            if name in reach[name]
        }
        return [list(group) for group in sorted(groups)]

    @property
    def inner_imports(self) -> int:
        """Return how many imports stand inside functions, of whatever module."""
        return sum(
            inside
            for tree in self.trees.values()
            for node, inside in _statements(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
        )

    def lines(self) -> list[int]:
        """Return the number of lines of each module, the smallest first."""
        return sorted(len(self.paths[name].read_bytes().splitlines()) for name in self.modules)

    def functions(self) -> list[int]:
        """Return the number of lines of each function, the smallest first."""
        return sorted(
            (node.end_lineno or 0) - node.lineno + 1
            for tree in self.trees.values()
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        )


def _name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _named(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
        return [f"{node.module}.{one.name}" for one in node.names]
    return [one.name for one in node.names] if isinstance(node, ast.Import) else []


def _statements(node: ast.AST, inside: bool = False) -> Iterator[tuple[ast.stmt, bool]]:
    """Yield each statement, and whether it stands inside of a function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            if isinstance(child, ast.stmt):
                yield child, inside
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _statements(child, inside or function)


def _below(down: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(down.get(start, ()))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(down.get(name, ()))
    return found


def _spread(numbers: list[int]) -> str:
    p90 = numbers[min(len(numbers) * 9 // 10, len(numbers) - 1)]
    return f"median {numbers[len(numbers) // 2]}, p90 {p90}, most {numbers[-1]}"


def report(house: House) -> Iterator[str]:
    """Yield the figures, one a line."""
    lines, functions = house.lines(), house.functions()
    single = [name for name, users in house.importers.items() if len(users) == 1]
    yield f"modules                   {len(house.modules)}"
    yield f"lines                     {sum(lines)}"
    yield f"lines of a module         {_spread(lines)}"
    yield f"lines of a function       {_spread(functions)}"
    yield f"imported by one module    {len(single)}"
    yield f"imports inside functions  {house.inner_imports}"
    yield f"import circles            {len(house.circles())}"


if __name__ == "__main__":
    print("\n".join(report(House(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT))))
