# ruff: noqa: E501
"""Python itself, a line at a time: what ran was read, and what was read for certain ran."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from lback.core.interpreter.reading import read_effects
from tests.core.interpreter import comparing

HEAD = """
from __future__ import annotations
import collections, copy, enum, functools, itertools, operator, os, re, string, sys
from dataclasses import dataclass, field
from alembic import op
import sqlalchemy as sa

revision = "a"
down_revision = None
NAMES = ["t", "u"]
ASKED = os.environ.get("NO_SUCH_NAME", "t u").split()  # read as any texts


def drop(*names):
    for one in names:
        op.drop_table(one)


class Box:
    kind = "box"

    def __init__(self, name="t", *more):
        self.name = name
        self.more = list(more)

    def __str__(self):
        return self.name

    def __bool__(self):
        return self.name != "no"

    def __len__(self):
        return len(self.more)

    def __iter__(self):
        return iter(self.more)

    def __getitem__(self, key):
        return self.more[key]

    def __setitem__(self, key, value):
        self.more.append(value)

    def __contains__(self, key):
        return key in self.more

    def __eq__(self, other):
        return self.name == other.name

    def __add__(self, other):
        return Box(self.name + str(other))

    def __call__(self):
        drop(self.name)

    def __enter__(self):
        drop(self.name)
        return self

    def __exit__(self, *problem):
        drop(self.name + "_left")

    @property
    def title(self):
        return self.name + "_title"

    @title.setter
    def title(self, value):
        drop(value)
        self.name = value

    @classmethod
    def made(cls, name):
        return cls(name)

    @staticmethod
    def plain(name):
        return name + "_plain"


class Other(Box):
    kind = "other"


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Point:
    name: str
    more: list = field(default_factory=list)
"""

LISTS = """
x = ["t"]; x.append("u"); drop(*x)
x = ["u"]; x.insert(0, "t"); drop(x[0])
x = ["t"]; x.extend(["u", "v"]); drop(*x)
x = ["t"]; x += ["u"]; drop(*x)
x = ["t"] + ["u"]; drop(*x)
x = ["t"] * 2; drop(*x)
x = ["t", "u"]; drop(x.pop())
x = ["t", "u"]; drop(x.pop(0)); drop(*x)
x = ["t", "u", "v"]; x.remove("u"); drop(*x)
x = ["t", "u"]; x.reverse(); drop(*x)
x = ["u", "t"]; x.sort(); drop(*x)
x = ["uu", "t"]; x.sort(key=len); drop(*x)
x = ["t"]; y = x.copy(); y.append("u"); drop(*x); drop(*y)
x = ["t"]; y = x; y.append("u"); drop(*x)
x = ["t"]; x.clear(); drop(*x)
x = ["t", "u"]; x[0] = "v"; drop(*x)
x = ["t", "u"]; x[-1] = "v"; drop(*x)
x = ["t", "u"]; del x[0]; drop(*x)
x = ["t", "u", "v"]; drop(*x[1:])
x = ["t", "u", "v"]; drop(*x[:-1]); drop(*x[::2])
x = ["t", "u"]; x[0:1] = ["v", "w"]; drop(*x)
x = ["t", "u"]; drop(*reversed(x))
x = ["t", "u"]; drop(x[x.index("u")])
x = ["t", "u"]; drop(*(one for one in x if x.count(one) == 1))
x, y = ["t", "u"]; drop(y)
x, *y = ["t", "u", "v"]; drop(*y)
*x, y = ["t", "u", "v"]; drop(*x); drop(y)
(x, y), z = ["t", "u"], "v"; drop(x, y, z)
x = y = "t"; drop(x, y)
x: str = "t"; drop(x)
x = ["t"]; drop(*x) if x else drop("u")
x = []; drop(*x) if x else drop("u")
x = [*NAMES, "v"]; drop(*x)
x = list(NAMES); x.append("v"); drop(*x); drop(*NAMES)
x = tuple(NAMES); drop(*x)
x = ("t",) + ("u",); drop(*x)
x = {"t"}; x.add("u"); [op.drop_table(one) for one in sorted(x)]
x = {"t"} | {"u"}; [op.drop_table(one) for one in sorted(x)]
x = {"t", "u"} - {"u"}; [op.drop_table(one) for one in sorted(x)]
x = {"t", "u"} & {"u"}; [op.drop_table(one) for one in sorted(x)]
x = {"t"}; x.update({"u"}, ["v"]); [op.drop_table(one) for one in sorted(x)]
x = {"t", "u"}; x.discard("u"); drop(*x)
x = {"t"}.union({"u"}); [op.drop_table(one) for one in sorted(x)]
x = {"t", "u"}.difference({"u"}); drop(*x)
x = {"t", "u"}.intersection({"u"}); drop(*x)
x = {"t"}; x.difference_update({"t"}); drop(*x)
x = frozenset(["t"]); drop(*x)
x = {"t"}; drop("u") if x.issubset({"t"}) else drop("v")
x = {"t"}; drop("u") if x.isdisjoint({"t"}) else drop("v")
x = collections.deque(["t"]); x.appendleft("u"); drop(x.popleft())
x = collections.deque(["t"]); x.extendleft(["u", "v"]); drop(x[0], x.popleft(), x.pop())
x = collections.deque(["t", "u", "v"], maxlen=2); drop(*x); drop(x[0])
x = collections.deque(["t", "u"], 2); x.append("v"); drop(*x); drop(x[0])
x = collections.deque(["t", "u", "v"]); x.rotate(1); drop(x[0])
x = collections.deque(["t", "u"]); x.insert(1, "v"); x.remove("t"); drop(x[0]); x.reverse(); drop(x[0])
x = ["t", "u", "t"]; x.remove("t"); drop(*x)
x = [3, 1, 2]; x.sort(); drop(f"t_{x[0]}")
x = ["t", "u"]; drop(x.pop(-2)); x.insert(-1, "v"); drop(x[0])
x = ["t", "u"]; x.insert(5, "v"); drop(x[-1]); x.extend("wx"); drop(*x)
x = [*"tu"]; del x[:1]; drop(*x); x *= 2; drop(*x)
x = ["t", "u"]; x[:] = reversed(x); drop(x[0])
x = ["t"]; x.append(x[0] + "_2"); x.append(x[-1] + "_3"); drop(*x)
x = {"t", "u"}; x -= {"t"}; drop(*x); x |= {"v"}; drop(*sorted(x)); x &= {"v"}; drop(*x); x ^= {"w"}; drop(*sorted(x))
x = {"t"}; drop(x.pop()); x.add("u"); x.remove("u"); drop(*x)
x = {"t", "u"}.symmetric_difference({"u", "v"}); drop(*sorted(x))
x = ["t", "u"]; drop(*map(str.lower, x))
x = list(ASKED); x.append("v"); drop(*x)
x = ASKED; drop(x[0])
x = ASKED[:]; x.sort(); drop(*x)
x = ["t"]; x.extend(ASKED); drop(*x)
x = ASKED + ["v"]; x.remove("v"); drop(*x)
x = list(ASKED); x.pop(); drop(*x)
x = list(ASKED); x[0] = "v"; drop(*x)
x = list(ASKED); del x[0]; drop(*x)
a, b = ASKED; drop(a, b)
a, *b = ASKED; drop(a, *b)
x = [["t"], ["u"]]; x[0].append("v"); drop(*x[0], *x[1])
x = [["t"]] * 2; x[0].append("v"); drop(*x[1])
x = copy.copy(NAMES); x.append("v"); drop(*x)
y = [["t", "u"]]; x = copy.deepcopy(y); x[0].pop(); drop(*y[0]); z = copy.copy(y); z[0].pop(); drop(*y[0])
y = {"a": ["t"]}; x = copy.deepcopy(y); x["a"].clear(); drop(*y["a"]); y["b"] = y; z = copy.deepcopy(y); drop(*z["b"]["a"])
x = copy.copy(Box("t") if ASKED else Box("u")); x.name = "v"; drop(x.name)
x = copy.deepcopy([["t"]]); x[0].append("v"); drop(*x[0])
"""

DICTS = """
x = {"a": "t"}; drop(x["a"])
x = {"a": "t"}; x["b"] = "u"; drop(*x.values())
x = {"a": "t"}; drop(x.get("a")); drop(x.get("b", "u"))
x = {"a": "t", "b": "u"}; drop(x.pop("a")); drop(*x.values())
x = {"a": "t"}; drop(x.pop("b", "u"))
x = {"a": "t"}; drop(x.setdefault("a", "u")); drop(x.setdefault("b", "u")); drop(*x.values())
x = {"a": "t"}; x.update({"b": "u"}); drop(*x.values())
x = {"a": "t"}; x.update(b="u"); drop(*x.values())
x = {"a": "t"}; x.update([("b", "u")]); drop(*x.values())
x = {"a": "t"} | {"b": "u"}; drop(*x.values())
x = {"a": "t"}; x |= {"b": "u"}; drop(*x.values())
x = {**{"a": "t"}, "b": "u"}; drop(*x.values())
x = {"t": 1, "u": 2}; drop(*x)
x = {"t": 1, "u": 2}; drop(*x.keys())
x = {"t": "a", "u": "b"}; [op.drop_column(k, v) for k, v in x.items()]
x = {"a": "t", "b": "u"}; del x["a"]; drop(*x.values())
x = {"a": "t"}; x.clear(); drop(*x.values())
x = {"a": "t"}; y = x.copy(); y["b"] = "u"; drop(*x.values()); drop(*y.values())
x = {"a": "t"}; drop(x.popitem()[1])
x = {"a": "t", "b": "u"}; drop(x.popitem()[1]); drop(*x.values())
x = collections.OrderedDict(a="t", b="u"); x.move_to_end("a"); drop(*x.values()); drop(x.popitem(last=False)[1])
x = {"a": "t", **{"a": "u"}}; drop(*x.values()); x = dict({"a": "v"}, a="w"); drop(x["a"])
x = collections.Counter(a=2); x["b"] += 1; drop(*(f"{k}_{v}" for k, v in sorted(x.items())))
x = collections.defaultdict(lambda: "t"); drop(x["a"]); x = collections.defaultdict(str, a="u"); drop(x["a"])
x = dict(a="t", b="u"); drop(*x.values())
x = dict([("a", "t")]); drop(x["a"])
x = dict(zip(["a", "b"], NAMES)); drop(x["b"])
x = {one: one + "_2" for one in NAMES}; drop(*x.values())
x = dict.fromkeys(NAMES, "v"); drop(*x); drop(*x.values())
x = collections.defaultdict(list); x["a"].append("t"); drop(*x["a"])
x = collections.defaultdict(list); [x[one].append(one) for one in NAMES]; drop(*x["u"])
x = collections.OrderedDict(a="t"); drop(x["a"])
x = collections.Counter(NAMES); drop(*x)
x = {"a": {"b": "t"}}; x["a"]["c"] = "u"; drop(*x["a"].values())
x = {"a": "t"}; drop("u") if "a" in x else drop("v")
x = {"a": "t"}; drop("u") if "b" not in x else drop("v")
x = {}; x[ASKED[0]] = "t"; drop(*x.values())
x = {"a": "t"}; drop(x.get(ASKED[0], "u"))
x = {"t": "a"}; drop(*(k for k in x if k in ASKED))
x = {one: "v" for one in ASKED}; drop(*x)
x = {ASKED[0]: "t", "b": "u"}; drop(x["b"])
x = {1: "t", 2: "u"}; drop(x[1])
x = {("a", 1): "t"}; drop(x["a", 1])
x = {None: "t", True: "u"}; drop(x[None], x[True])
x = collections.ChainMap({"a": "t"}, {"a": "u"}); drop(x["a"])
Pair = collections.namedtuple("Pair", "one two"); x = Pair("t", "u"); drop(x.one, x[1])
"""

TEXTS = """
drop("t" + "u")
drop("t" * 2)
drop("T".lower()); drop("t".upper())
drop(f"t_{1}"); drop(f"{'t'}_u"); drop(f"{'t'!s}_{2:d}")
drop("%s_u" % "t"); drop("%s_%d" % ("t", 2)); drop("%(a)s_u" % {"a": "t"}); drop("100%%")
drop("{}_u".format("t")); drop("{0}_{1}".format("t", "u")); drop("{a}_u".format(a="t"))
drop("{a}_u".format_map({"a": "t"}))
drop("_".join(["t", "u"])); drop("_".join(NAMES))
drop(*"t,u".split(",")); drop(*"t u".split()); drop(*"t\\nu".splitlines())
drop(" t ".strip()); drop("xt".lstrip("x")); drop("tx".rstrip("x"))
drop("t_x".replace("x", "y")); drop("t_x".removesuffix("_x")); drop("x_t".removeprefix("x_"))
drop("tu"[0]); drop("tuv"[1:]); drop("tuv"[-1]); drop("tuv"[::-1])
drop("t".ljust(3, "_")); drop("t".center(3, "_")); drop("7".zfill(3))
drop("t_u".partition("_")[0]); drop("t_u".rpartition("_")[2]); drop("t_u_v".rsplit("_", 1)[0])
drop("tU".swapcase()); drop("t u".title()); drop("t".capitalize()); drop("T".casefold())
drop("t") if "tu".startswith("t") else drop("u")
drop("t") if "tu".endswith("t") else drop("u")
drop("t") if "u" in "tu" else drop("u")
drop("t") if "t".isalpha() else drop("u")
drop("t") if "t" < "u" else drop("u")
drop("t") if len("tu") == 2 else drop("u")
drop(str(1)); drop(str(Box())); drop(repr("t")); drop(str(True)); drop(str(1.5)); drop(str(None))
drop(chr(116)); drop(hex(255)); drop(format(7, "03d")); drop(format("t"))
drop(string.Template("${a}_u").substitute(a="t"))
drop(re.sub("x", "y", "t_x")); drop(re.split("_", "t_u")[0])
drop("t".encode().decode())
drop("t".translate({116: "u"})); drop("t_u".expandtabs())
drop(ASKED[0] + "_u"); drop(f"{ASKED[0]}_u"); drop("%s_u" % ASKED[0]); drop("_".join(ASKED))
drop(ASKED[0].upper()); drop(*"_".join(ASKED).split("_"))
op.execute("DELETE FROM " + "t"); op.execute(f"DELETE FROM {NAMES[1]}"); op.execute("UPDATE %s SET a = 1" % "t")
op.execute("DELETE FROM {}".format("t")); op.execute(" ".join(["DELETE", "FROM", "t"]))
op.execute(sa.text("DELETE FROM t")); op.execute(sa.text(f"UPDATE {'t'} SET a = 1"))
x = "DELETE"; x += " FROM t"; op.execute(x)
x = 'DELETE FROM "{0}"'.format("t").replace('"', ""); op.execute(x)
"""

VALUES = """
drop("t") if any([1 == 2, "x" == "x"]) else drop("u"); drop("t") if all([1, 0]) else drop("u"); drop("v") if any([]) else drop("w")
x = ["t", "u"] if ASKED else ["v", "w"]; a, b = x; drop(a, b); c, *d = x; drop(c, *d); drop(x[0])
x = {"a": "t"} if ASKED else {"a": "u"}; drop(x["a"]); x["b"] = "v"; drop(*x.values()); del x["a"]; drop(*x)
x = Box("t") if ASKED else Box("u"); x.name = "v"; drop(x.name); drop(*[one for one in (x.title,)])
x = "t" if ASKED else "u"; drop(x); drop(x + "_2"); drop(f"{x}_3"); drop({"t": "a", "u": "b"}[x]); drop(x.upper())
x = None if ASKED else "u"; drop(x or "t"); drop("v") if x is None else drop(x)
x = slice(0, 1); drop(*NAMES[x]); drop(*NAMES[-1:]); drop(*NAMES[:0]); drop("abc"[1:][0]); drop(*"tu"[::-1])
x = (n for n in NAMES); drop(*x); y = map(str.upper, NAMES); drop(*y); z = zip(NAMES, NAMES); [drop(a) for a, b in z]
x = map(lambda a, b: a + b, NAMES, ["x", "y"]); drop(*x); list(map(lambda a, b: drop(a + b), NAMES, ASKED))
x = enumerate(NAMES, 1); [drop(f"{n}_{one}") for n, one in x]; x = reversed(NAMES); drop(next(x), next(x, "v"))
x = sorted(ASKED); drop(*x); y = sorted(NAMES, key=str.lower, reverse=True); drop(y[0]); drop(*set(NAMES))
x = type("Made", (Box,), {"kind": "t"}); drop(x.kind, x("u").name); drop(type("t").__name__, Box.__name__, drop.__name__)
x = Box; drop(x.made("t").name); y = [Box.made, Box]; drop(*[make("u").name for make in y]); z = Box("t").__call__; z()
drop(*[getattr(Box(one), "name") for one in NAMES]); [setattr(Box(one), "title", one) for one in NAMES]; drop(getattr(Box("t"), ASKED[0], "u"))
x = Box("t"); y = copy.copy(x); y.name = "v"; drop(x.name, y.name); z = copy.deepcopy(y); z.name = "w"; drop(y.name)
x = lambda *a, k="u", **kw: [*a, k, *kw.values()]; drop(*x("t")); drop(*x("t", k="v", z="w")); drop(*x(*NAMES, **{"k": "x"}))
x = functools.lru_cache(maxsize=None)(lambda one: one + "_2"); drop(x("t")); y = functools.partial(x, "u"); drop(y())
x = operator.add("t", "u"); drop(x); drop(operator.getitem(NAMES, 0)); drop(operator.itemgetter("a")({"a": "t"})); drop(*map(operator.itemgetter(0), NAMES))
drop("t") if Box("t") in [Box("t")] else drop("u"); drop("v") if ("t", 1) == ("t", 1) else drop("w"); drop("x") if [1] != [1] else drop("y")
drop("t") if not ASKED else drop("u"); drop("t") if len(ASKED) > 1 and ASKED[0] == "t" else drop("v"); drop("w") if "t" in ASKED or "u" not in ASKED else drop("x")
drop("t") if 1 < len(NAMES) < 3 else drop("u"); drop("t") if NAMES[0] <= "t" >= "a" else drop("u"); drop("t") if {1} <= {1, 2} else drop("u")
x = {**dict.fromkeys(ASKED, "t"), "z": "u"}; drop(*x.values()); drop(x.get("z", "v")); drop(x.pop("z")); [drop(k) for k, v in x.items() if v == "t"]
x = {n: one for n, one in enumerate(NAMES)}; drop(x[0], x.get(5, "v")); x[1] += "_2"; drop(x[1]); x.setdefault(7, []).append("w"); drop(*x[7])
x = [["t", ["u"]], "v"]; [[a, [b]], c] = x; drop(a, b, c); (a, b), *c = [("t", "u"), "v"]; drop(a, b, *c); for_all = [a for a, in [["w"]]]; drop(*for_all)
x = b"t".decode(); drop(x); y = bytes("u", "utf-8").decode("utf-8"); drop(y); drop(str(b"v", "ascii")); drop("%c" % 116); drop("%05d" % 3); drop("%.1f" % 1.25); drop("%-3s|" % "t")
drop("{:>3}".format("t").strip()); drop("{0!r}".format("t")); drop("{0[a]}".format({"a": "t"})); drop("{x.name}".format(x=Box("u"))); drop(f"{Box('v').name:>3}".strip()); drop(f"{1.5:.2f}"); drop(f"{'t'=}")
drop("t" if re.match("t", "tu") else "u"); drop(re.match("(t)", "tu").group(1)); drop(re.sub("x", lambda m: "t", "x")); drop(*re.findall("[tu]", "t-u")); drop(re.compile("x").sub("t", "x"))
drop(os.path.basename("/a/t")); drop(os.environ.get("NO_SUCH_NAME") or "t"); drop(os.path.join("a", "t")); drop(sys.argv[0]) if False else drop("u"); drop(os.getenv("NO_SUCH_NAME", "v"))
try: x = {"a": "t"}["b"]; drop(x)\nexcept KeyError as err: drop("u")
while True: drop("t"); break
for n in range(2): drop(f"t_{n}"); NAMES and None
"""

NUMBERS = """
drop(f"t_{1 + 2}"); drop(f"t_{7 // 2}"); drop(f"t_{7 % 2}"); drop(f"t_{2 ** 3}"); drop(f"t_{-3}"); drop(f"t_{6 / 2}")
drop(f"t_{1 << 2}"); drop(f"t_{5 & 4}"); drop(f"t_{5 | 2}"); drop(f"t_{5 ^ 1}"); drop(f"t_{~1}"); drop(f"t_{+1}")
x = 1; x += 1; drop(f"t_{x}"); x -= 1; x *= 5; drop(f"t_{x}"); x //= 2; drop(f"t_{x}")
drop(f"t_{int('3')}"); drop(f"t_{abs(-3)}"); drop(f"t_{max(1, 3)}"); drop(f"t_{min([2, 1])}"); drop(f"t_{sum([1, 2])}")
drop(f"t_{round(1.6)}"); drop(f"t_{divmod(7, 2)[0]}"); drop(f"t_{pow(2, 3)}"); drop(f"t_{len(NAMES)}")
drop("t") if 1 < 2 <= 2 else drop("u")
drop("t") if 1 == 1.0 and not 2 > 3 else drop("u")
drop("t") if None is None else drop("u")
drop("t") if 3 in range(2, 5) else drop("u")
drop("t") if bool([]) or 0 or "" else drop("u")
drop("t" or "u"); drop("" or "u"); drop("t" and "u"); drop(None or "t")
[drop(f"t_{n}") for n in range(3)]
[drop(f"t_{n}") for n in range(4, 0, -2)]
"""

LOOPS = """
[op.drop_table(one) for one in NAMES if one != "t"]
{op.drop_table(one) for one in NAMES}
{one: op.drop_table(one) for one in NAMES}
list(op.drop_table(one) for one in NAMES)
[op.drop_table(a + b) for a in NAMES for b in NAMES]
[op.drop_table(f"{n}_{one}") for n, one in enumerate(NAMES)]
[op.drop_table(f"{n}_{one}") for n, one in enumerate(NAMES, start=1)]
[op.drop_column(a, b) for a, b in zip(NAMES, ["c", "d"])]
[op.drop_table(one) for one in sorted(NAMES, reverse=True)]
[op.drop_table(one) for one in sorted(NAMES, key=lambda one: -ord(one))]
[op.drop_table(one) for one in filter(None, ["t", ""])]
[op.drop_table(one) for one in filter(lambda one: one == "t", NAMES)]
[op.drop_table(one) for one in map(lambda one: one + "_2", NAMES)]
[op.drop_table(one) for one in reversed(NAMES)]
[op.drop_table(one) for one in itertools.chain(NAMES, ["v"])]
[op.drop_table(one) for one in itertools.chain.from_iterable([NAMES, ["v"]])]
[op.drop_table(a + b) for a, b in itertools.product(NAMES, NAMES)]
[op.drop_table(a + b) for a, b in itertools.combinations(NAMES, 2)]
[op.drop_table(one) for one in itertools.islice(NAMES, 1)]
[op.drop_table(one) for one in itertools.repeat("t", 2)]
[op.drop_table(key) for key, group in itertools.groupby(NAMES)]
[op.drop_table(one) for one in itertools.accumulate(NAMES)]
drop(next(iter(NAMES))); drop(next((one for one in NAMES if one == "u"), "v"))
x = iter(NAMES); drop(next(x)); drop(next(x))
drop(max(NAMES)); drop(min(NAMES, key=len)); drop(max(NAMES, default="v"))
drop("t") if any(one == "t" for one in NAMES) else drop("u")
drop("t") if all(one == "t" for one in NAMES) else drop("u")
drop(functools.reduce(lambda a, b: a + b, NAMES)); drop(functools.partial(str.upper, "t")())
functools.partial(op.drop_table)("t"); functools.partial(op.drop_column, "t")("c")
list(map(op.drop_table, NAMES)); collections.deque(map(op.drop_table, NAMES), maxlen=0)
operator.methodcaller("drop_table", "t")(op); drop(operator.itemgetter(1)(NAMES)); drop(operator.attrgetter("name")(Box("u")))
getattr(op, "drop_table")("t"); getattr(op, "no_such", op.drop_table)("t")
(lambda *names, **more: drop(*names, *more.values()))("t", a="u")
"""

OBJECTS = """
drop(Box("t").name); x = Box("t"); x.name = "u"; drop(x.name)
drop(Box().title); x = Box(); x.title = "v"; drop(x.name)
drop(Box.made("v").name); drop(Box.plain("t")); drop(Box().plain("u"))
Box("t")(); drop(str(Box("u"))); drop(f"{Box('v')}")
drop((Box("t") + "_u").name); drop("t") if Box("no") else drop("u")
drop(*Box("t", "u", "v")); drop(Box("t", "u")[0]); x = Box("t"); x["k"] = "w"; drop(*x)
drop("t") if "u" in Box("t", "u") else drop("v")
drop("t") if Box("a") == Box("a") else drop("u")
drop("t") if len(Box("t")) == 0 else drop("u")
drop(f"t_{len(Box('t', 'u'))}")
drop("t") if isinstance(Box(), Box) else drop("u")
drop("t") if isinstance(Other(), Box) else drop("u")
drop("t") if isinstance(Box(), Other) else drop("u")
drop("t") if isinstance("x", str) else drop("u")
drop("t") if isinstance("x", (int, list)) else drop("u")
drop("t") if isinstance([], list) else drop("u")
drop("t") if isinstance({}, dict) else drop("u")
drop("t") if isinstance(1, bool) else drop("u")
drop("t") if issubclass(Other, Box) else drop("u")
drop("t") if hasattr(Box(), "name") else drop("u")
drop("t") if hasattr(Box(), "nothing") else drop("u")
drop("t") if callable(drop) else drop("u")
drop(getattr(Box("t"), "name")); drop(getattr(Box("t"), "nothing", "u"))
x = Box("t"); setattr(x, "name", "u"); drop(x.name)
x = Box("t"); delattr(x, "name") if False else drop(x.name)
x = Box("t"); del x.name; drop(Box("u").name)
drop(Box.kind, Other.kind, type(Other()).kind); Box.kind = "v"; drop(Box.kind)
drop(Colour.RED.value, Colour("blue").value, Colour["RED"].name); [drop(one.value) for one in Colour]
drop(Point("t").name); x = Point("t"); x.more.append("u"); drop(*x.more); drop(*Point("v").more)
drop(vars(Box("t"))["name"]); drop(Box("t").__dict__["name"]); drop(Box.__name__)
with Box("t") as x: drop(x.name + "_in")
x = [Box("t"), Box("u")]; [drop(one.name) for one in x]; drop(*[one.name for one in sorted(x, key=str)])
x = object(); drop("t")
globals()["MADE"] = "t"; drop(globals()["MADE"])
global SHARED; SHARED = "t"; drop(SHARED)
x = NAMES; y = [*x]; y[0] = "v"; drop(*x)
"""

BLOCKS = {
    "match a value": 'match "a":\n    case "b":\n        drop("t")\n    case "a" | "c":\n        drop("u")\n    case _:\n        drop("v")',
    "match a sequence": 'match ["t", "u"]:\n    case [x]:\n        drop(x)\n    case [x, y]:\n        drop(y)',
    "match with a star": 'match ["t", "u"]:\n    case [x, *y]:\n        drop(x, *y)',
    "match a mapping": 'match {"a": "t"}:\n    case {"a": x, **rest}:\n        drop(x)',
    "match a class": 'match Box("t"):\n    case Box(name=x):\n        drop(x)',
    "match None": 'match None:\n    case True:\n        drop("t")\n    case None:\n        drop("u")',
    "match a guard": 'match "t":\n    case x if x == "u":\n        drop("u")\n    case x:\n        drop(x)',
    "match what is not known": 'match ASKED[0]:\n    case "t":\n        drop("t")\n    case x:\n        drop(x)',
    "while": 'n = 0\nwhile n < 3:\n    n += 1\n    if n == 2:\n        continue\n    drop(f"t_{n}")\nelse:\n    drop("u")',
    "walrus": 'if (x := "t") and (y := "u"):\n    drop(x, y)',
    "try": 'try:\n    drop({"a": "t"}["b"])\nexcept KeyError:\n    drop("u")\nelse:\n    drop("v")\nfinally:\n    drop("w")',
    "raise and catch": 'try:\n    raise ValueError("t")\nexcept (KeyError, ValueError) as err:\n    drop(str(err))',
    "generator": 'def each():\n    yield "t"\n    yield from NAMES\n\ndrop(*each())',
    "closure": 'def make(name):\n    def inner():\n        nonlocal name\n        name += "_2"\n        drop(name)\n    return inner\n\nmake("t")()',
    "defaults": 'def f(a, b="u", *c, d="v", **e):\n    drop(a, b, *c, d, *e.values())\n\nf("t")\nf("t", "x", "y", d="z", e="w")\nf(*NAMES, **{"d": "v"})',
    "decorator": 'def twice(f):\n    @functools.wraps(f)\n    def inner(*a):\n        f(*a)\n        f(*a)\n    return inner\n\n@twice\ndef g(name):\n    drop(name)\n\ng("t")',
    "recursion": 'def walk(tree):\n    for name, below in tree.items():\n        drop(name)\n        walk(below)\n\nwalk({"t": {"u": {}}, "v": {}})',
    "class inside": 'class Step:\n    def __init__(self, name):\n        self.name = name\n\n    def run(self):\n        drop(self.name)\n\nclass More(Step):\n    def run(self):\n        super().run()\n        drop(self.name + "_2")\n\nfor step in (Step("t"), More("u")):\n    step.run()',
    "attributes made on the way": 'class Bag:\n    pass\n\nbag = Bag()\nbag.names = ["t"]\nbag.names.append("u")\ndrop(*bag.names)',
    "__getattr__": "class Any_:\n    def __getattr__(self, name):\n        return name\n\ndrop(Any_().anything)",
    "__setattr__": 'class Loud:\n    def __setattr__(self, name, value):\n        drop(value)\n\nx = Loud()\nx.anything = "t"',
    "__delitem__": 'class Held:\n    def __delitem__(self, key):\n        drop(key)\n\nx = Held()\ndel x["t"]',
    "descriptor": 'class Field:\n    def __get__(self, owner, kind):\n        return "t"\n\n    def __set__(self, owner, value):\n        drop(value)\n\nclass Row:\n    name = Field()\n\nx = Row()\nx.name = "u"\ndrop(x.name)',
    "operators of an object": 'class N:\n    def __init__(self, n):\n        self.n = n\n    def __radd__(self, other):\n        return other + self.n\n    def __lt__(self, other):\n        return self.n < other.n\n    def __mul__(self, by):\n        return self.n * by\n    def __neg__(self):\n        return self.n + "_neg"\n    def __iadd__(self, other):\n        self.n += other\n        return self\n\ndrop("t" + N("u"), N("t") * 2, -N("v"))\nx = N("w")\nx += "_2"\ndrop(x.n)\ndrop(*[one.n for one in sorted([N("u"), N("t")])])',
    "iterator of its own": 'class Count:\n    def __init__(self):\n        self.n = 0\n    def __iter__(self):\n        return self\n    def __next__(self):\n        self.n += 1\n        if self.n > 2:\n            raise StopIteration\n        return f"t_{self.n}"\n\nfor one in Count():\n    drop(one)',
    "delete names": 'x = "t"\ndrop(x)\ndel x\nx = "u"\ndrop(x)',
    "assert": 'assert NAMES, "none"\ndrop("t")',
    "nested loops with else": "for a in NAMES:\n    for b in NAMES:\n        if a == b:\n            break\n        drop(a + b)\n    else:\n        drop(a)",
    "exec": "exec(\"drop('t')\")",
    "eval": "drop(eval(\"'t'\"))",
}
LINES = [
    line
    for text in (LISTS, DICTS, TEXTS, VALUES, NUMBERS, LOOPS, OBJECTS)
    for line in text.strip().splitlines()
]


def checked(body: str) -> None:
    comparing.checked(HEAD, dedent(body))


@pytest.mark.parametrize("line", LINES)
def test_a_line(line: str) -> None:
    checked(line.replace("\\n", "\n") if line.startswith("try") else line)


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block(name: str) -> None:
    checked(BLOCKS[name])


def test_most_lines_are_read_and_not_only_unknown() -> None:
    known = 0
    for body in (*LINES, *BLOCKS.values()):
        text = f"{HEAD}\n\ndef upgrade():\n{indent(dedent(body), '    ')}\n"
        known += not read_effects(text.encode()).unknown
    assert known > 0.6 * (len(LINES) + len(BLOCKS))
