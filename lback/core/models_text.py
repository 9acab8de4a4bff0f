"""Reads model classes from their text: tables, columns, and an attribute that is there twice.

Declarative classes, `mapped_column`, `Column`, SQLModel and `Table()`; nothing is imported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from lback.core.scanner import UNPARSABLE

# A file without one of these has no model in it; looked for before it is parsed.
_SIGNS = re.compile(
    rb"\b(?:Column|mapped_column|Mapped|SQLModel|Table|relationship|__tablename__)\b"
)
_COLUMNS = frozenset({"Column", "mapped_column", "Field"})
_OTHERS = frozenset({"relationship", "Relationship", "synonym", "association_proxy"})
# What only Python sees of a column: a change there needs no migration.
_PYTHON_ONLY = frozenset(
    {"default", "default_factory", "onupdate", "insert_default", "info", "doc", "key", "init"}
    | {"repr", "compare", "kw_only", "hash", "deferred", "description", "title", "alias"}
    | {"active_history", "use_existing_column", "schema_extra", "exclude", "include"}
)


class Twice(NamedTuple):
    """One attribute of a model, or one column of a table, that is declared twice."""

    owner: str
    name: str
    first: int
    second: int


@dataclass(frozen=True, slots=True)
class Models:
    """What one file declares: a spelling for each column of each table, and what is there twice."""

    tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    twice: tuple[Twice, ...] = ()

    def without(self, known: Container[tuple[str, str]]) -> Models:
        """Return the same without those attributes, by class and name, that are known twice."""
        twice = tuple(each for each in self.twice if (each.owner, each.name) not in known)
        return replace(self, twice=twice)


def read_models(source: bytes) -> Models:
    """Read the models of a file; one that has none, or cannot be parsed, gives no tables."""
    if not _SIGNS.search(source):
        return Models()
    try:
        tree = ast.parse(source)
    except UNPARSABLE:
        return Models()
    reading = _Reading()
    try:
        reading.visit(tree)
    except RecursionError:
        return Models()
    return Models(reading.tables, reading.lines, tuple(reading.twice))


def changed_tables(before: Models, after: Models) -> tuple[str, ...]:
    """Return the tables whose columns are not the same in both."""
    names = before.tables.keys() | after.tables.keys()
    return tuple(
        sorted(name for name in names if before.tables.get(name) != after.tables.get(name))
    )


@dataclass(slots=True)
class _Class:
    """What a class body says, as far as it matters to a table."""

    name: str
    line: int
    table: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    abstract: bool = False


class _Reading(ast.NodeVisitor):
    def __init__(self) -> None:
        self.tables: dict[str, dict[str, str]] = {}
        self.lines: dict[str, int] = {}
        self.twice: list[Twice] = []
        self.owners: dict[str, str] = {}  # class of this file -> its table

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Read one class as a model."""
        model = _sqlmodel(node)
        klass = _Class(node.name, node.lineno)
        seen: dict[str, int] = {}
        for name, line, spelling in _attributes(node, model):
            if name in seen:
                self.twice.append(Twice(node.name, name, seen[name], line))
            seen.setdefault(name, line)
            if spelling is not None:
                klass.columns[name] = spelling
        _read_names(node, klass)
        self._keep(node, klass, model)
        self.generic_visit(node)

    def _keep(self, node: ast.ClassDef, klass: _Class, model: bool) -> None:
        bases = [_last(base) for base in node.bases]
        inherited = next((self.owners[base] for base in bases if base in self.owners), None)
        table = klass.table or inherited
        if table is None and not klass.abstract and klass.columns:
            if model:
                table = node.name.lower()
            elif "Model" in bases:
                table = _snake(node.name)  # as Flask-SQLAlchemy names it
        if table is None or klass.abstract:
            return
        self.owners[node.name] = table
        self._add(table, klass.columns, klass.line)

    def visit_Call(self, node: ast.Call) -> None:
        """Read `Table("name", metadata, Column("name", ...), ...)`."""
        if _last(node.func) == "Table" and node.args:
            name = _text(node.args[0])
            if name is not None:
                self._table(name, node)
        self.generic_visit(node)

    def _table(self, table: str, node: ast.Call) -> None:
        columns: dict[str, str] = {}
        seen: dict[str, int] = {}
        for part in node.args[1:]:
            if not (isinstance(part, ast.Call) and _last(part.func) == "Column" and part.args):
                continue
            name = _text(part.args[0])
            if name is None:
                continue
            if name in seen:
                self.twice.append(Twice(f"Table {table}", name, seen[name], part.lineno))
            seen.setdefault(name, part.lineno)
            columns[name] = _spelling(part)
        self._add(table, columns, node.lineno)

    def _add(self, table: str, columns: Mapping[str, str], line: int) -> None:
        self.tables.setdefault(table, {}).update(columns)
        self.lines.setdefault(table, line)


def _attributes(node: ast.ClassDef, model: bool) -> Iterator[tuple[str, int, str | None]]:
    """Yield (name, line, spelling of the column or None) for what the mapper takes."""
    for statement in node.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as value):
                kind = _last(value.func)
                if kind in _COLUMNS:
                    yield name, statement.lineno, _spelling(value)
                elif kind in _OTHERS:
                    yield name, statement.lineno, None
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                kind = _last(value.func) if isinstance(value, ast.Call) else ""
                if kind in _OTHERS:
                    yield name, statement.lineno, None
                elif kind in _COLUMNS or _mapped(annotation, model):
                    call = _spelling(value) if isinstance(value, ast.Call) else ""
                    yield name, statement.lineno, f"{ast.unparse(annotation)} {call}"
            case _:
                continue


def _mapped(annotation: ast.expr, model: bool) -> bool:
    head = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    name = _last(head)
    return name == "Mapped" or (model and name != "ClassVar")


def _read_names(node: ast.ClassDef, klass: _Class) -> None:
    for statement in node.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="__tablename__")], value=value):
                klass.table = _text(value)
            case ast.AnnAssign(target=ast.Name(id="__tablename__"), value=ast.expr() as value):
                klass.table = _text(value)
            case ast.Assign(targets=[ast.Name(id="__abstract__")], value=ast.Constant(value=True)):
                klass.abstract = True
            case _:
                continue


def _sqlmodel(node: ast.ClassDef) -> bool:
    """Tell whether a class is a table of SQLModel's."""
    return any(
        keyword.arg == "table"
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is True
        for keyword in node.keywords
    )


def _spelling(call: ast.Call) -> str:
    """Return a column's declaration without what only Python sees of it."""
    keywords = sorted(
        (keyword for keyword in call.keywords if keyword.arg not in _PYTHON_ONLY),
        key=lambda item: item.arg or "",
    )
    args = [argument for argument in call.args if not _is_default(call, argument)]
    return ast.unparse(ast.Call(func=call.func, args=args, keywords=keywords))


def _is_default(call: ast.Call, argument: ast.expr) -> bool:
    """Tell whether an argument is SQLModel's positional default: `Field(None, ...)`."""
    return _last(call.func) == "Field" and argument is call.args[0]


def _last(node: ast.expr) -> str:
    """Return the last name of `a.b.c`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _snake(name: str) -> str:
    """Spell a class name as Flask-SQLAlchemy does."""
    name = re.sub(r"((?<=[a-z0-9])[A-Z]|(?!^)[A-Z](?=[a-z]))", r"_\1", name)
    return name.lower().lstrip("_")
