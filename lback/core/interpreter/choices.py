"""Several values that one may be, and tests: where they are surely true, and where perhaps."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lback.core.dialects import NO_DIALECT, Dialects
from lback.core.interpreter.library.catalogue import is_pure
from lback.core.interpreter.schema import (
    SCHEMA_VALUES,
    BaseV,
    DefaultV,
    EntityV,
    Handle,
    IndexV,
    MetaDataV,
    Row,
    Rows,
    SequenceV,
    TypeV,
)  # fmt: skip
from lback.core.interpreter.values import (
    ANY,
    CONSTANTS,
    MUTABLE,
    NO,
    PLAIN,
    UNKNOWN_TEXT,
    YES,
    Bound,
    Choice,
    Dialect,
    Func,
    Globals,
    Instance,
    Items,
    Key,
    Klass,
    Lazy,
    Map,
    Module,
    Name,
    Opaque,
    Operation,
    Plain,
    Seq,
    Stack,
    Super,
    Test,
    Text,
    Value,
)  # fmt: skip  # fmt: skip

MOST_CHOICES = 16


def tuple_of(values: Iterable[Value]) -> Seq:
    """Return a tuple of these values."""
    return Seq(Items(tuple(values)), "tuple")


def list_of(values: Iterable[Value], *, open: bool = False, alike: bool = False) -> Seq:
    """Return a list of these values."""
    return Seq(Items(tuple(values), open, alike))


def options(value: Value) -> tuple[Value, ...]:
    """Return what a value may be."""
    return value.options if isinstance(value, Choice) else (value,)


def key_value(key: Key) -> Value:
    """Return a dict's key as a value."""
    return tuple_of(key) if isinstance(key, tuple) else key


def members(value: Seq | Map) -> list[Value]:
    """Return the known items of a sequence, or keys of a dict."""
    if isinstance(value, Seq):
        return list(value.content.items)
    return [key_value(item) for item in value.content.items]


def key_of(value: Value) -> Key | Plain:
    """Return a value as a dict's key, or PLAIN where it is not known."""
    if isinstance(value, CONSTANTS):
        return value
    if isinstance(value, Seq) and not value.content.open and value.kind == "tuple":
        keys = [item for item in value.content.items if isinstance(item, CONSTANTS)]
        return tuple(keys) if len(keys) == len(value.content.items) else PLAIN
    return PLAIN


def unhashable(value: Value) -> bool:
    """Tell whether a value is surely neither a key nor an item of a set."""
    if isinstance(value, Seq) and value.kind == "tuple":
        return any(unhashable(item) for item in value.content.items)
    return isinstance(value, Map) or (isinstance(value, Seq) and value.kind in MUTABLE)


def shuffled(value: Value) -> bool:
    """Tell whether a value gives several items in an order that nobody knows."""
    return (
        isinstance(value, Seq)
        and value.kind in ("set", "frozenset")
        and len(value.content.items) > 1
    )


def distinct(content: Items) -> Items:
    """Return what a set of these holds: each of them once."""
    found: list[Value] = []
    seen: set[Key] = set()
    sure = not content.open
    for item in content.items:
        key = key_of(item)
        if not isinstance(key, Plain):
            if key in seen:
                continue
            seen.add(key)
        elif any(same(item, other) for other in found) and not isinstance(item, _UNSURE):
            continue
        sure = sure and not isinstance(item, _UNSURE)
        found.append(item)
    if sure or (len(found) == 1 and not content.open):
        return Items(tuple(found))
    return Items(tuple(found), True, content.alike or not content.open)


def is_constant(value: Value) -> bool:
    """Tell whether a value is a plain Python constant."""
    return isinstance(value, CONSTANTS)


def same(left: Value, right: Value) -> bool:
    """Tell whether two values are certainly one; never looks into containers."""
    if left is right:
        return True
    return type(left) is type(right) and isinstance(left, _COMPARED) and left == right


_COMPARED = (*CONSTANTS, Plain, Text, Test, Dialect, Name, Handle, Rows, Row)


def choice(values: Iterable[Value]) -> Value:
    """Return the one value, a Choice of several, or what stands for too many."""
    flat: list[Value] = []
    for value in values:
        for option in options(value):
            if not any(same(option, seen) for seen in flat):
                flat.append(option)
                if len(flat) > MOST_CHOICES:
                    return wider(flat)
    if len(flat) == 1:
        return flat[0]
    return Choice(tuple(flat)) if flat else PLAIN


def wider(values: Iterable[Value]) -> Value:
    """Return what stands for any value like these."""
    if all(isinstance(value, str | Text) for value in values):
        return UNKNOWN_TEXT
    return PLAIN if all(is_data(value) for value in values) else Opaque()


def is_data(value: Value, depth: int = 4) -> bool:
    """Tell whether a value is proved unable to reach the database."""
    if isinstance(value, Choice):
        return all(is_data(option, depth) for option in value.options)
    if isinstance(value, Seq):
        content = value.content
        few = depth > 0 and len(content.items) <= _MOST_LOOKED_AT
        known = not content.open or content.alike
        return few and known and all(is_data(item, depth - 1) for item in content.items)
    if isinstance(value, Map):
        entries = value.content
        few = depth > 0 and len(entries.items) <= _MOST_LOOKED_AT
        known = not entries.open or entries.data
        return few and known and all(is_data(item, depth - 1) for item in entries.items.values())
    return isinstance(value, _DATA) or (isinstance(value, Row | Rows) and not value.whole)


_MOST_LOOKED_AT = 60
# Of these, two may be equal or not.
_UNSURE = (Plain, Text, Choice, Test, Dialect, Instance, Row, Rows, Opaque, Seq)


def is_inert(value: Value) -> bool:
    """Tell whether a value, kept by a library's object, can do no harm there."""
    if isinstance(value, Name):
        return is_pure(value.path)
    return is_data(value) or isinstance(value, SCHEMA_VALUES)


_DATA = (*CONSTANTS, Plain, Text, Test, Dialect)


# What drivers and people call the dialects that Alembic names otherwise.
ALIASES = {"postgres": "postgresql", "psycopg2": "postgresql", "asyncpg": "postgresql"}


def decide(value: Value) -> Test:
    """Say when a value is true."""
    if isinstance(value, Test):
        return value
    if isinstance(value, Choice):
        tests = [decide(option) for option in value.options]
        must, may = tests[0].must, tests[0].may
        for test in tests[1:]:
            must, may = must & test.must, may | test.may
        return Test(must, may)
    if isinstance(value, Seq | Map):
        if isinstance(value, Seq) and value.kind == "iterator":
            return YES
        if value.content.open:
            return ANY
        return YES if value.content.items else NO
    if isinstance(value, Text):
        return YES if any(value.parts) else ANY
    if isinstance(value, Name) and value.path.endswith("typing.TYPE_CHECKING"):
        return NO
    if is_constant(value):
        return YES if value else NO
    # The rest is unknown: an attribute without a rule, an element of SQL, which raises.
    return YES if isinstance(value, _TRUE) or _leads_on(value) else ANY


def is_object(value: Value) -> bool:
    """Tell whether a value is surely neither None nor something empty."""
    return isinstance(value, (*_TRUE, *SCHEMA_VALUES)) or _leads_on(value)


def _leads_on(value: Value) -> bool:
    return isinstance(value, Handle) and value.kind != "query"


# Kinds of objects that have neither `__bool__` nor `__len__`.
_TRUE = (
    Func, Bound, Klass, Module, Lazy, Stack, Super, Globals, Operation, Dialect, TypeV, MetaDataV,
    BaseV, IndexV, SequenceV, DefaultV, EntityV,
)  # fmt: skip


def invert(test: Test) -> Test:
    """Return `not test`."""
    return Test(~test.may, ~test.must)


def both(left: Test, right: Test) -> Test:
    """Return `left and right`."""
    return Test(left.must & right.must, left.may & right.may)


def either(left: Test, right: Test) -> Test:
    """Return `left or right`."""
    return Test(left.must | right.must, left.may | right.may)


def negate(value: Value) -> Value:
    """Return `not value`."""
    test = invert(decide(value))
    if test in (YES, NO):
        return test == YES
    return test


# Those that Alembic knows; another one may have any name.
KNOWN = frozenset({"postgresql", "mysql", "mariadb", "sqlite", "mssql", "oracle"})


def dialects_whose(fits: Callable[[str], bool]) -> Test:
    """Return the test for dialects whose name has some quality."""
    fitting = Dialects(frozenset(name for name in KNOWN if fits(name)), but=False)
    return Test(fitting, fitting | Dialects(KNOWN))


def dialect_named(name: str) -> Test:
    """Return the test for one dialect."""
    on = Dialects(frozenset({ALIASES.get(name, name)}), but=False)
    return Test(on, on)


def dialects_named(value: Value) -> Dialects | None:
    """Return the dialects that a name may mean."""
    found = NO_DIALECT
    for option in options(value):
        if not isinstance(option, str):
            return None
        name = option.partition("+")[0]
        found = found | Dialects(frozenset({ALIASES.get(name, name)}), but=False)
    return found if not isinstance(value, Choice) else None
