"""The end of a chain of cases: mypy refuses it where a case has been forgotten."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from itertools import count
from types import EllipsisType
from typing import Literal, NoReturn, TypeAlias

from lback.core.dialects import EVERY_DIALECT, NO_DIALECT, Dialects
from lback.core.interpreter.schema import Handle, Row, Rows, SchemaValue, TableV


def assert_never(value: NoReturn) -> NoReturn:
    """Say that no value is left over (typing.assert_never, which Python 3.10 lacks)."""
    raise AssertionError(f"a value of type {type(value).__name__} was not thought of")


Constant: TypeAlias = "str | bytes | int | float | complex | bool | EllipsisType | None"
Key: TypeAlias = "Constant | tuple[Constant, ...]"


class PathText(str):
    """A path: a text that is no str for Python, or whose beginning nobody knows."""

    __slots__ = ()


Flavour = Literal["", "property", "classmethod", "staticmethod", "cached", "manager", "memo"]
# Containers know when they were made, so that a loop can tell its own from those before it.
BIRTHS = count()


@dataclass(frozen=True, slots=True)
class Plain:
    """Data that is not known: a number, a row's column, a time. It cannot reach the database."""


@dataclass(slots=True, eq=False)
class Opaque:
    """Nothing is known; it may reach the database. `given`: by env.py, to upgrade()."""

    given: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A string with unknown pieces (None)."""

    parts: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values; on `on[i]` it is `options[i]`, else nothing tells which one."""

    options: tuple[Value, ...]
    on: tuple[Dialects, ...] = ()


@dataclass(frozen=True, slots=True)
class Test:
    """The outcome of a condition: surely true on `must`, possibly true on `may`."""

    __test__ = False

    must: Dialects
    may: Dialects


@dataclass(frozen=True, slots=True)
class Dialect:
    """The dialect in use, or its name (both compare to what tests ask)."""

    is_name: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """What a sequence holds; `open` when there may be others, or not all of these.

    `alike`: though open, every item is like one of those known.
    """

    items: tuple[Value, ...] = ()
    open: bool = False
    alike: bool = False


# A view is one of a dict's; an iterator is gone once it has been walked through.
Kind = Literal["list", "tuple", "set", "frozenset", "deque", "range", "view", "iterator"]
MUTABLE: tuple[Kind, ...] = ("list", "set", "deque")


@dataclass(slots=True, eq=False)
class Seq:
    """A list, tuple, set or other sequence."""

    content: Items
    kind: Kind = "list"
    born: int = field(default_factory=BIRTHS.__next__)


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """What a dict holds; `open` as in Items, `data` when all others are data.

    `fallback` is what makes a missing value (defaultdict).
    """

    items: dict[Key, Value] = field(default_factory=dict)
    open: bool = False
    fallback: Value = None
    data: bool = False


@dataclass(slots=True, eq=False)
class Map:
    """A dict."""

    content: Entries
    kind: Literal["dict", "mapping"] = "dict"
    views: dict[str, Seq] = field(default_factory=dict)
    born: int = field(default_factory=BIRTHS.__next__)


@dataclass(slots=True, eq=False)
class Names:
    """Names bound to values: of a running function, an object, a class or a module."""

    values: dict[str, Value] = field(default_factory=dict)
    born: int = field(default_factory=BIRTHS.__next__)


@dataclass(frozen=True, slots=True)
class Name:
    """Something imported whose code is not looked into, by its full dotted path."""

    path: str
    ours: bool = False  # a relative import: certainly the project's own

    @property
    def last(self) -> str:
        """Return the last component of the path."""
        return self.path.rpartition(".")[2]

    @property
    def root(self) -> str:
        """Return the first component of the path."""
        return self.path.partition(".")[0]


@dataclass(slots=True, eq=False)
class ModuleScope:
    """One module of the project; names not yet asked for are in `pending`, by what binds them."""

    package: str  # "" for the revision itself
    names: Names
    pending: dict[str, list[ast.stmt]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    is_revision: bool = False
    generators: bool = True  # a function of the module may yield
    changed: frozenset[str] = frozenset()  # names that functions of the module change in place
    looking: set[str] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class Frame:
    """The names of one running function, class body or module."""

    scope: ModuleScope
    names: Names
    closure: Frame | None = None
    elsewhere: dict[str, Names] = field(default_factory=dict)  # global and nonlocal names
    owner: Klass | None = None
    receiver: Value = None
    is_class: bool = False
    is_module: bool = False


@dataclass(slots=True, eq=False)
class Func:
    """A function of the project."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    frame: Frame
    defaults: tuple[Value, ...] = ()
    keyword_defaults: dict[str, Value] = field(default_factory=dict)
    owner: Klass | None = None
    flavour: Flavour = ""
    fields: Names = field(default_factory=Names)
    wrapped: Value = None  # by functools.wraps

    @property
    def name(self) -> str:
        """Return the function's name."""
        return "lambda" if isinstance(self.node, ast.Lambda) else self.node.name


@dataclass(slots=True, eq=False)
class Bound:
    """A callable with its first arguments given: a method of an object, a functools.partial."""

    function: Value
    positional: tuple[Value, ...] = ()
    keywords: dict[str, Value] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Lazy:
    """Work that does not run until somebody awaits, walks or enters it."""

    kind: Literal["coroutine", "generator", "manager", "expression", "map", "filter"]
    function: Value = None
    arguments: Arguments | None = None
    node: ast.GeneratorExp | None = None
    frame: Frame | None = None
    # Holds something once the walk has begun.
    spent: Seq = field(default_factory=lambda: Seq(Items()))


@dataclass(slots=True, eq=False)
class Klass:
    """A class of the project; its body is read when something of it is first asked for."""

    node: ast.ClassDef
    frame: Frame
    members: Names
    bases: tuple[Value, ...] = ()
    is_read: bool = False
    table: TableV | None = None
    has_table: bool | None = None


@dataclass(slots=True, eq=False)
class Instance:
    """An object of a class of the project."""

    of: Klass
    fields: Names


@dataclass(slots=True, eq=False)
class Super:
    """`super()` in a method of a class."""

    after: Klass
    receiver: Value


@dataclass(slots=True, eq=False)
class Module:
    """A module of the project."""

    scope: ModuleScope


@dataclass(frozen=True, slots=True, eq=False)
class Method:
    """An attribute of a value that is no code of the project, about to be called."""

    owner: Value
    name: str


@dataclass(slots=True, eq=False)
class Stack:
    """A contextlib.ExitStack; `callbacks` run when it is left."""

    callbacks: Seq


@dataclass(frozen=True, slots=True, eq=False)
class Globals:
    """`globals()`."""

    scope: ModuleScope


@dataclass(slots=True, eq=False)
class Arguments:
    """The arguments of a call; `open` when there may be more of them."""

    positional: list[Value] = field(default_factory=list)
    keywords: dict[str, Value] = field(default_factory=dict)
    open: bool = False

    def all(self) -> list[Value]:
        """Return every argument's value."""
        return [*self.positional, *self.keywords.values()]

    def get(self, position: int, name: str, default: Value = None) -> Value:
        """Return an argument by position or name."""
        if name in self.keywords:
            return self.keywords[name]
        if 0 <= position < len(self.positional):
            return self.positional[position]
        return default


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """An operation object of alembic.operations.ops, to be invoked."""

    directive: str
    arguments: Arguments


Value: TypeAlias = (
    "Constant | Plain | Opaque | Text | Choice | Test | Dialect | Seq | Map | Name | Func | Bound"
    " | Lazy | Klass | Instance | Super | Module | Method | Stack | Globals | Operation"
    " | Handle | Rows | Row | SchemaValue"
)

PLAIN = Plain()
UNKNOWN_TEXT = Text((None,))
ANY = Test(NO_DIALECT, EVERY_DIALECT)
YES = Test(EVERY_DIALECT, EVERY_DIALECT)
NO = Test(NO_DIALECT, NO_DIALECT)
CONSTANTS = (str, int, float, bytes, complex, type(None), type(...))
