"""What the reader says an expression is, Python says too, and of the same type."""

from __future__ import annotations

import collections
import random
from collections.abc import Callable

import pytest

from lback.core.dialects import EVERY_DIALECT
from lback.core.interpreter import reading
from lback.core.interpreter.machine import Machine, ReadingContext
from lback.core.interpreter.modules import find, load_revision
from lback.core.interpreter.sources import parsed
from lback.core.interpreter.values import CONSTANTS, NO, YES, Map, Seq, Test, Value

_SEVERAL: dict[str, Callable[[list[object]], object]] = {
    "list": list, "tuple": tuple, "set": set, "frozenset": frozenset, "deque": collections.deque,
    "range": lambda items: ("range", items), "view": lambda items: ("view", items),
    "iterator": lambda items: ("iterator", items),
}  # fmt: skip


class NotKnown(Exception):
    """The reader does not say."""


def _python(value: Value) -> object:
    if isinstance(value, CONSTANTS):
        return value
    if isinstance(value, Seq) and not value.content.open:
        try:
            return _SEVERAL[value.kind]([_python(item) for item in value.content.items])
        except TypeError:  # an iterator in a set is a list here
            raise NotKnown from None
    if isinstance(value, Map) and not value.content.open and value.kind == "dict":
        return {key: _python(item) for key, item in value.content.items.items()}
    if isinstance(value, Test) and value in (YES, NO):
        return value == YES
    raise NotKnown


def _told(value: object) -> object:
    """Return a value so that two of them are equal where Python tells no difference."""
    if isinstance(value, list | tuple):
        return type(value), [_told(item) for item in value]
    if isinstance(value, range):
        return _told(("range", list(value)))
    if isinstance(value, set | frozenset):
        return type(value), sorted(repr(item) for item in value)
    if isinstance(value, dict):
        return dict, [(_told(key), _told(item)) for key, item in value.items()]
    if type(value).__name__ in ("dict_keys", "dict_values", "dict_items"):
        return _told(("view", list(value)))  # type: ignore[call-overload]
    if hasattr(value, "__next__"):
        return _told(("iterator", list(value)))
    return type(value), repr(value)


def _read(source: str) -> tuple[Value, bool]:
    """Return what upgrade() returns, and whether the reader takes it to end."""
    project = ReadingContext(lambda _: None, {}, EVERY_DIALECT, "", lambda _: None)
    machine = Machine("upgrade", project, reading._PARTS)
    frame = load_revision(machine, parsed(source.encode()), b"yield" in source.encode())
    value = machine.call(find(machine, "upgrade", frame.scope))
    return value, not machine.dead and not machine.unknown


def _compare(body: str) -> str:
    """Return "said", "unknown" or "raises"; fails where the reader says what Python does not."""
    source = f"def upgrade():\n{body}\n"
    names: dict[str, Callable[[], object]] = {}
    try:
        exec(source, names)
        expected = _told(names["upgrade"]())
    except Exception:
        return "raises"
    value, ends = _read(source)
    if not ends:
        return "unknown"
    try:
        found = _python(value)
    except NotKnown:
        return "unknown"
    assert _told(found) == expected, body
    return "said"


KNOWN = r"""
[1] == (1,)
{1, 2} == {2, 1}
len({"a", "a", 1, True})
{"a": 1} == {"a": True}
[1, 2] < [1, 3]
(1, "a") in [(1, "a")]
isinstance(range(3), list), isinstance({}.items(), list), isinstance(reversed([]), list)
isinstance(frozenset(), set), isinstance(enumerate([]), list), isinstance(True, int)
1 < 2 < 2
1 == True == 1.0
"axbxc".replace("x", "y", 1)
"a,b,c".split(sep=",", maxsplit=1)
"a,b,c".rsplit(",", 1)
"a\nb\n".splitlines(True), "a\nb\n".splitlines(keepends=True)
"xxaxx".strip("x"), "xxaxx".lstrip("x"), "t".center(5, "*"), "7".zfill(3), "-7".zfill(4)
"a.b.c".partition("."), "a.b.c".rpartition("."), "{:>4}".format("a"), "{!r}".format("a")
"{a}".format_map({"a": 1}), "{0[1]}".format([1, 2]), "abc".translate({97: "x"})
"abc".translate(str.maketrans("ab", "xy")), "ß".casefold(), "ß".upper(), "a".encode()
"t_old".removesuffix("_old"), "old_t".removeprefix("old_"), "a b".title(), "a\tb".expandtabs(4)
"aXbX".count("X", 2), "aXbX".find("X", 2), "aXbX".rfind("X", 0, 2), "ab".startswith("b", 1)
"ab".endswith(("x", "b")), ",".join("abc"), "-".join({"a": 1, "b": 2}), "%s" % ["t"], "%d" % 1.5
"%i" % True, f"{+True}", "%5s|%-5s|%05d" % ("a", "b", 3), "%(a)s" % {"a": 1}, "%r" % "a", "%%" % ()
f"{1.5:.2f}", f"{'a'!r}", f"{'a':>4}", f"{True}", f"{None}", f"{[1, 'a']}", f"{1:{3}}", f"{3:x}"
sorted([3, 1, 2], reverse=1), sorted(["b", "A"], key=str.lower), sorted({3, 1}), max("ab", "b")
min([3, 1], key=lambda v: -v), max([], default="t"), min({2, 1}), sum([1, 2], start=3), sum([1.5])
list(enumerate("ab", start=1)), list(enumerate("ab", 1)), list(zip("ab", [1, 2], strict=True))
dict.fromkeys("ab", 0), list(range(5, 0, -2)), "abc"[::-1], [1, 2, 3][::-2], (1, 2, 3)[-2:]
list(reversed([1, 2])), bool(zip([], [])), bool(range(0)), bool({}.items()), len(range(3))
-True, ~5, +1.5, 7 // 2, 7 / 2, -7 % 3, 2 ** 8, 1 << 3, 1.5 + 1, [1] * 2, [1] + [2], {1} | {2}
{1, 2} - {1}, {1, 2} & {2, 3}, {1, 2} ^ {2, 3}, {"a": 1} | {"b": 2}
int("12", 8), int(x) if (x := "3") else 0, int(1.5), float("1.5"), str(1.0), repr("a"), round(2.5)
chr(97), ord("a"), hex(255), divmod(7, 2), abs(-3), bin(5), format(5, "03d"), ascii("é"), (0).real
"a" in (v for v in "ab"), 3 in iter([1, 2]), any([0, "", "a"]), all([]), 1 in {1: 2}, "a" not in "b"
[1, 2].index(2), (1, 1).count(1), {1}.issubset([1, 2]), {1}.union([2]), b"ab".decode(), b"a" + b"b"
None is None, (True and "a"), (0 or "b"), ("a" and 0), not [], ("x" if {} else "y")
""".strip().splitlines()


@pytest.mark.parametrize("expression", KNOWN)
def test_a_value_is_the_one_that_python_gives(expression: str) -> None:
    assert _compare(f"    return ({expression})") == "said"


BLOCKS = r"""
x = iter([1, 2, 3])
y = next(x)
return y, list(x), list(x)
===
z = zip("ab", [1, 2])
return list(z), list(z)
===
i = iter([1, 2, 3, 4])
return list(zip(i, i))
===
a = b = [1]
a *= 2
a += "xy"
return a, b
===
d = {"a": 1}
view = d.items()
d["b"] = 2
return len(view) == 2
===
x = "a"
match ["t", 1]:
    case [x, 2]:
        pass
    case _:
        x += "b"
return x
===
match {"t"}:
    case [x]:
        found = "sequence"
    case _:
        found = "none"
return found
===
match "t":
    case [x]:
        found = "sequence"
    case _:
        found = "none"
return found
===
names = ["a", "b"]
g = (n for n in names)
names = []
return list(g)
===
for x in {"a", "b"}:
    pass
return x in ("a", "b")
===
x = ["b", "c", "a"]
x.sort(reverse=True)
x.insert(1, "q")
x.remove("a")
return x, x.pop(0), x
===
x = [1, 2, 3]
x[0:2] = ["a"]
return x
===
a, *b = (v for v in "abc")
return a, b
===
x = {1, 2}
x -= {1}
x.add(2)
x.discard(9)
return x, len(x), x.pop()
===
d = {"a": 1, "b": 2}
return d.popitem(), d.pop("a"), d.pop("a", 3), d
===
x = [1]
for one in x:
    if len(x) < 3:
        x.append(one)
return x
===
from textwrap import dedent, indent
from inspect import cleandoc
return dedent("\n  a\n   b\n"), cleandoc(" a\n   b\n   c"), indent("a\nb", "> ")
===
import os
from pathlib import Path
p = Path("a")
return p == "a", isinstance(p, str), os.path.basename("/a/b"), os.path.abspath("a") == "a"
===
import collections
return collections.deque([1, 2]) == [1, 2], isinstance(collections.deque(), list)
===
seen = []
def note(v):
    seen.append(v)
    return v
x = 1 > note(0) < note(-1) < note(5)
y = 2 in (note(v) for v in (1, 2, 3))
return x, y, seen
===
def both(first, *rest, **named):
    return first, rest, named
return both(*"abc", **{"x": 1})
""".strip().split("\n===\n")


@pytest.mark.parametrize("block", BLOCKS)
def test_what_statements_leave_is_what_python_leaves(block: str) -> None:
    assert _compare("\n".join(f"    {line}" for line in block.splitlines())) != "raises"


RAISES = r"""
{"a": 1}["b"]
[1, 2][2]
"ab"[5]
(1, 2)["a"]
{1, 2}[0]
1 + "a"
"a" + 1
[1] + (2,)
1 < "a"
1 in "abc"
[1].index(2)
[].pop()
{}.popitem()
{}.pop("a")
{1}.remove(2)
next(iter([]))
min([])
"%d" % "a"
"%s %s" % "a"
"{} {}".format("a")
int("a")
"a".index("b")
{[1]: 2}
{[1], 2}
1 // 0
len(zip())
reversed({1})
""".strip().splitlines()


@pytest.mark.parametrize("expression", RAISES)
def test_what_raises_is_never_gone_past(expression: str) -> None:
    source = f"def upgrade():\n    x = {expression}\n    return x\n"
    with pytest.raises(Exception):  # noqa: B017
        eval(expression)
    assert not _read(source)[1]


HUGE = ['"x" * 10**9', '"x".zfill(10**9)', '"{:>999999999}".format(1)', '"%999999999d" % 1',
        'f"{1:999999999}"', '"x".center(10**9)', "10 ** 10 ** 6", "[1] * 10**9", "1 << 10**9",
        '"a\\t".expandtabs(10**9)', '"%*d" % (10**9, 1)', '"{:{}}".format(1, 10**9)',
        '"a" * 100_000 + "b" * 100_000', '("a" * 1000).replace("", "b" * 100_000)',
        "(1).to_bytes(10**9, 'big')", "list(range(10**9))", "b'x' * 10**9"]  # fmt: skip


@pytest.mark.parametrize("expression", HUGE)
def test_what_is_huge_is_not_worked_out(expression: str) -> None:
    value, _ = _read(f"def upgrade():\n    return {expression}\n")
    assert not isinstance(value, str | bytes) or len(value) <= 400_000


# -- expressions that nobody wrote -------------------------------------------------

_ATOMS = [
    '"a"',
    '"ab,c"',
    '"aXbX"',
    '""',
    '"%s"',
    '"{}"',
    '"Ab"',
    'b"ab"',
    "0",
    "1",
    "2",
    "-1",
    "3",
    "True",
    "False",
    "None",
    "1.5",
    "0.0",
    "-0.0",
    "[]",
    "()",
    "{}",
    "set()",
]
_METHODS = [
    name
    for kind in (str, str, str, list, tuple, set, dict, bytes, int, float)
    for name in dir(kind)
    if name[0] != "_"
]
_FUNCTIONS = [
    "sorted",
    "reversed",
    "list",
    "tuple",
    "set",
    "frozenset",
    "dict",
    "len",
    "str",
    "repr",
    "int",
    "float",
    "bool",
    "sum",
    "min",
    "max",
    "any",
    "all",
    "enumerate",
    "zip",
    "range",
    "abs",
    "divmod",
    "round",
    "chr",
    "ord",
    "hex",
    "format",
    "isinstance",
    "next",
    "iter",
    "dict.fromkeys",
]
_OPERATORS = [
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "|",
    "&",
    "^",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "in",
    "is",
    "and",
    "or",
]
_KEYWORDS = ["maxsplit", "sep", "keepends", "key", "reverse", "default", "start", "strict", "base"]


def _expression(pick: random.Random, depth: int) -> str:
    if depth == 0 or pick.random() < 0.1:
        return pick.choice(_ATOMS)

    def inner() -> str:
        return _expression(pick, depth - 1)

    several = ", ".join(inner() for _ in range(pick.randrange(1, 4)))
    comprehension = f"x for x in {inner()}{pick.choice(['', f' if x != {inner()}'])}"
    named = f", {pick.choice(_KEYWORDS)}={inner()}" if pick.random() < 0.2 else ""
    bounds = ":".join(pick.choice(["", "1", "-1", "2"]) for _ in range(3))
    return pick.choice(
        [
            f"[{several}]",
            f"({several},)",
            f"{{{several}}}",
            f"{{{inner()}: {inner()}, {inner()}: {inner()}}}",
            *[f"({inner()} {pick.choice(_OPERATORS)} {inner()})"] * 3,
            f"({inner()} {pick.choice(['<', '==', 'in'])} {inner()} == {inner()})",
            f"({pick.choice(['not ', '-', '+', '~'])}{inner()})",
            f"({inner()} if {inner()} else {inner()})",
            f"{inner()}[{inner()}]",
            f"{inner()}[{bounds}]",
            *[f"({inner()}).{pick.choice(_METHODS)}({several}{named})"] * 4,
            *[f"{pick.choice(_FUNCTIONS)}({several}{named})"] * 4,
            f"[{comprehension}]",
            f"{{{comprehension}}}",
            f"{pick.choice(_FUNCTIONS)}({comprehension})",
        ]
    )


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@pytest.mark.parametrize("seed", range(4))
def test_an_expression_that_nobody_wrote_is_what_python_says(seed: int) -> None:
    pick = random.Random(seed)
    tally = collections.Counter(
        _compare(f"    return ({_expression(pick, pick.choice([1, 2, 2]))})") for _ in range(400)
    )
    assert tally["said"] > 60
