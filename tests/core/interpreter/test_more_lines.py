# ruff: noqa: E501
"""More of Python, a few lines at a time: what ran was read, and what was read for certain ran."""

from __future__ import annotations

import pytest

from tests.core.interpreter.test_python import checked

DIALECTS = """
d = op.get_bind().dialect.name; drop({"sqlite": "t", "postgresql": "u"}[d])
d = op.get_bind().dialect.name; drop({"sqlite": "t"}.get(d, "u")); drop({"mysql": "t"}.get(d, "u"))
d = op.get_bind().dialect.name; drop("t") if d in ("sqlite", "mysql") else drop("u")
d = op.get_bind().dialect.name; drop("t") if d not in ["sqlite"] else drop("u")
d = op.get_bind().dialect.name; drop("t") if d in ASKED else drop("u")
d = op.get_bind().dialect.name; drop("t") if d in (*ASKED, "sqlite") else drop("u")
d = op.get_bind().dialect.name; drop("t") if "sqlite" in d else drop("u"); drop("v") if "lite" in d else drop("w"); drop("x") if "sql" not in d else drop("y")
d = op.get_bind().dialect.name; drop("t") if ASKED[0] in d else drop("u")
d = op.get_bind().dialect.name; drop("t") if d > "a" else drop("u"); drop("v") if d != "sqlite" else drop("w")
d = op.get_bind().dialect.name; drop("t") if d == d else drop("u"); drop("v") if d == ASKED[0] else drop("w")
d = op.get_bind().dialect.name; drop("t") if d == ("sqlite" if ASKED else "mysql") else drop("u")
d = op.get_bind().dialect; drop("t") if d.name.startswith("sqlite") else drop("u"); drop("v") if d.driver == "pysqlite" else drop("w")
d = op.get_context().dialect.name; drop("t") if "postgres" == d or d == "sqlite" else drop("u"); drop("v") if not d else drop("w")
d = op.get_context().impl.dialect.name; drop("t") if d.lower() == "sqlite" else drop("u")
d = op.get_bind().engine.name; drop("t") if d == "sqlite" else drop("u"); drop("v") if d is None else drop("w")
d = op.get_bind().dialect.name; drop("t") if {"sqlite": True, "mysql": False}[d] else drop("u")
d = op.get_bind().dialect.name; drop("t") if {1: True, "sqlite": False}[d] else drop("u")
d = op.get_bind().dialect.name; x = {"sqlite": Box("t"), "mysql": Box("u")}[d]; drop(x.name); x()
d = op.get_bind().dialect.name; a, b = ("t", "u") if d == "sqlite" else ("v", "w"); drop(a, b)
d = op.get_bind().dialect.name; [drop(one) for one in (["t"] if d == "sqlite" else ["u", "v"])]
d = op.get_bind().dialect.name; f = drop if d == "sqlite" else print; f("t")
d = op.get_bind().dialect.name; drop(f"t_{d}"); drop("t_" + d); drop("t_%s" % d); drop("t_{}".format(d))
"""

COMPARED = """
drop("t") if [1] == [1, 2] else drop("u"); drop("v") if [1] == ASKED else drop("w")
drop("t") if [[1]] == [[1]] else drop("u"); drop("v") if {"a": 1} == {"a": 1} else drop("w")
drop("t") if 1 < 2.5 else drop("u"); drop("v") if 2 >= 3 else drop("w"); drop("x") if 2 <= 2 else drop("y")
drop("t") if "t" > "u" else drop("v"); drop("w") if "a" >= "a" else drop("x"); drop("y") if b"a" < b"b" else drop("z")
drop("t") if True is True else drop("u"); drop("v") if True is not False else drop("w"); drop("x") if NAMES is NAMES else drop("y")
x = NAMES; drop("t") if x is NAMES else drop("u"); drop("v") if x is not NAMES else drop("w"); drop("x") if Box is Box else drop("y")
drop("t") if NAMES is None else drop("u"); drop("v") if None is not Box("t") else drop("w"); drop("x") if {} is None else drop("y")
drop("t") if "x" in [] else drop("u"); drop("v") if ASKED[0] in [] else drop("w"); drop("x") if ASKED[0] not in {} else drop("y")
drop("t") if ("a", 1) in {("a", 1): 2} else drop("u"); drop("v") if 1 in [1.0] else drop("w"); drop("x") if True in [1] else drop("y")
drop("t") if b"a" in b"abc" else drop("u"); drop("v") if "z" in ["a", ASKED[0]] else drop("w")
x = "t" if ASKED else "u"; drop("v") if x == "t" else drop("w"); drop("y") if "t" == x else drop("z"); drop("a") if x in ("t", "u") else drop("b")
x = "t" if ASKED else "u"; y = "t" if NAMES[0] in ASKED else "u"; drop("v") if x == y else drop("w")
drop("t") if 1 < 2 < 3 > 2 else drop("u"); drop("v") if 1 < 2 > 3 else drop("w"); drop("x") if 1 < len(ASKED) < 3 else drop("y")
drop("t") if Colour.RED == Colour.RED else drop("u"); drop("v") if Colour.RED != Colour.BLUE else drop("w"); drop("x") if Colour.RED is Colour.BLUE else drop("y")
drop("t") if Colour.RED in (Colour.RED, Colour.BLUE) else drop("u"); drop("v") if Colour("red") == Colour.RED else drop("w"); drop(Colour["BLUE"].value, Colour.RED.name)
[drop(one.value) for one in Colour]; drop(*(one.name for one in Colour)); drop(f"t_{len(Colour)}"); drop("t") if "red" in [one.value for one in Colour] else drop("u")
x = Colour[ASKED[0]] if not ASKED else Colour.RED; drop(x.value)
drop("t") if Point("t") == Point("t") else drop("u"); drop("v") if Point("t") != Point("u") else drop("w"); x = Point("x"); drop("y") if x == x else drop("z")
drop("t") if not Box("no") else drop("u"); drop("v") if Box("t") and Box("no") else drop("w"); x = Box("no") or Box("u"); drop(x.name)
drop("t") if (lambda: 1) else drop("u"); drop("v") if Box else drop("w"); drop("x") if op else drop("y"); drop("z") if os else drop("a")
drop("t") if f"x{ASKED[0]}" else drop("u"); drop("v") if ASKED[0] else drop("w"); drop("x") if [ASKED[0]] else drop("y"); drop("z") if {**{}} else drop("a")
x = not (ASKED and NAMES); drop("t") if x else drop("u"); y = ASKED and []; drop(*y); z = ASKED or ["v"]; drop(*z); drop(*(NAMES and ASKED or []))
x = 0 or ASKED or "z"; drop(*x); y = 1 and ASKED and "t"; drop(y); z = None and drop("w"); drop("v" if z is None else "x")
x = (ASKED and Box("t")) or Box("u"); drop(x.name); y = NAMES[0] == ASKED[0] and "v" == "v"; drop("w") if y else drop("x")
from typing import TYPE_CHECKING; drop("t") if TYPE_CHECKING else drop("u")
x = (1 if ASKED else 2) + (3 if NAMES[0] in ASKED else 4); drop(f"t_{x}"); drop("u") if x > 3 else drop("v")
x = [NAMES, ["v"]][0 if ASKED else 1]; drop(*x); x.append("w"); drop(*NAMES)
"""

TEXTS = """
drop(*"t u v".split(" ", 1))
drop("%s_%s" % (ASKED[0], "u")); drop("%*d" % (3, 1)); drop("%s" % ("t",)); drop("%(a)s_%(b)s" % {"a": "t", "b": ASKED[0]}); drop((ASKED[0] + "_%s") % "u")
drop("{".join(["t", "u"])); drop("{{}}_{}".format("t")); drop(("{}_" + ASKED[0]).format("t")); drop("{a}".format(**{"a": "t"})); drop("{0}{0}".format("t"))
drop("t".replace("", "x")); drop("t_x".replace("x", ASKED[0])); drop("t_x".replace(ASKED[0], "y")); drop("t_x_x".replace("x", ""))
drop("t".join("uvw")); drop("_".join(ASKED + ["v"])); drop("_".join(one for one in NAMES)); drop("_".join(["t", ASKED[0]])); drop("_".join([])); drop(ASKED[0].join(NAMES))
x = "t" if ASKED else "u"; drop("_".join([x, "v"])); drop("_".join({"t"})); drop("_".join(("t", "u"))); drop("_".join({"t": 1}))
x = f"t_{ASKED[0]}_U"; drop(x.lower()); drop(x.upper()); drop(x.strip()); drop(x.strip("_")); drop(x.title()); drop(x.ljust(20)); drop(*x.split("_")); drop("v") if x.startswith("t") else drop("w")
x = f"t_{ASKED[0]}"; drop(x[:3]); drop(x[1:]); drop(x[0]); drop(x * 2); drop(x + "_v"); drop("v_" + x); drop(x[::-1]); drop(f"{x}"); drop(f"{x:>9}"); drop(*[c for c in x]); drop(x.format("a"))
op.execute(f"UPDATE t SET a = 1; DELETE FROM u WHERE a = '{ASKED[0]}'"[:19])
op.execute(f"DELETE FROM t WHERE a = '{ASKED[0]}'"[:]); op.execute(f"DELETE FROM {NAMES[0]} WHERE a IN ({', '.join(ASKED)})"); op.execute("DELETE FROM t " + f"WHERE a = {ASKED[0]!r}")
drop("tuv"[ASKED.count("t"):]); drop("tuv"[0:2:1]); drop("t"[:0] + "u"); drop("tuv"[-2:]); drop("tu"[True]); x = "t" if ASKED else "uv"; drop(x[0], x[:1]); drop("a" "t")
try: drop("t"[5])\\nexcept IndexError: drop("u")
try: drop(NAMES[5])\\nexcept IndexError: drop("v")
try: x = ["t"]; drop(x[5])\\nexcept IndexError: drop("v")
drop("t".zfill(300)[:3]); drop("t".isdigit() or "u"); drop("t".find("t") == 0 and "u"); drop("v") if "t".startswith(("t", "u")) else drop("w"); drop("a".index("a") or "x"); drop("ab".count("a") and "y")
try: drop("abc".index("z"))\\nexcept ValueError: drop("t")
drop("t\\tu".expandtabs(2)); drop("t".encode().hex()); drop(str("t" == "t")); drop("t" "u" + 'v' * 1); drop(2 * "t"); drop("t" * -1 + "u"); drop("t" * len(ASKED)); drop(b"t".decode() * 2)
drop(f"{ASKED[0]!r:>5}"); drop(f"{'t':{3}}".strip()); drop(f"{NAMES[0]}{NAMES[1]}"); drop(f"{1:{2}d}".strip()); drop(f"{'t'!a}"); drop(f""); drop(f"{{}}t"); drop(f"{None}_{True}_{1.5}")
drop(" ".join(f"{one}_2" for one in NAMES)); drop(*(f"{a}{b}" for a in "tu" for b in "vw")); drop(*[one.strip() for one in "t, u".split(",")]); drop(*["t_" + str(n) for n in range(2)])
drop("t" + str(ASKED)); drop("t" + str(NAMES)); drop(str(["t"])); drop(str({"a": 1})); drop(str(("t",))); drop(repr(1)); drop(str(Colour.RED)); drop(str(Point("t"))); drop(str(len)); drop(str())
"""

ITEMS = """
x = {"a": "t"}; x[ASKED[0]] = "u"; drop(x["a"]); drop(*x.values()); del x[ASKED[0]]; drop(*x)
x = {"a": "t", "b": "u"}; drop(x["a" if ASKED else "b"]); x["a" if ASKED else "b"] = "v"; drop(*x.values())
x = {("a", "b"): "t", ("c", "d"): "u"}; drop(*x.values()); [drop(a + b) for a, b in x]; drop(x["a", "b"])
x = collections.defaultdict(list); x[ASKED[0]].append("t"); drop(*x[ASKED[0]]); drop(*[one for row in x.values() for one in row])
x = collections.defaultdict(lambda: Box("t")); drop(x["a"].name); drop(x[ASKED[0]].name); drop(*(one.name for one in x.values()))
x = {one: Box(one) for one in NAMES}; drop(x[ASKED[0]].name); x["u"](); [one() for one in x.values()]
x = {one: drop for one in ASKED}; x[ASKED[0]]("t"); [f("u") for f in x.values()]
x = {**{"a": "t"}, **({"b": "u"} if ASKED else {})}; drop(*x.values()); drop(x["a"]); y = {**x, "a": "v"}; drop(y["a"])
x = {"a": "t"} | ({"b": "u"} if ASKED else {"b": "v"}); drop(x["a"], x["b"]); x |= {ASKED[0]: "w"}; drop(x["a"]); y = {} | x; drop(*y.values())
x = ["t"] + ASKED; drop(x[0]); drop(x[-1]); drop(*x[1:]); drop(*x[:1]); x[0] = "v"; drop(x[0]); drop(*(x + ["w"])); drop(*(x * 2)); del x[0]; drop(*x)
x = [Box("t"), *[Box(one) for one in ASKED]]; drop(x[0].name); [one() for one in x]; drop(*(one.name for one in x[1:]))
x = ["t", "u"]; drop(x[ASKED.index("t")]); x[ASKED.index("u")] = "v"; drop(*x); del x[len(ASKED) - 1]; drop(*x)
x = ["t", "u"]; drop(*x[ASKED.count("t"):]); drop(*x[::-1]); drop(*x[5:]); drop(*x[-5:1]); x[len(ASKED):] = ["v"]; drop(*x); y = (x if ASKED else NAMES)[1:]; drop(*y)
x = ["t"] * len(ASKED); drop(*x); drop(x[0]); y = [["t"]] * len(ASKED); drop(*y[0]); z = len(ASKED) * ["u"]; drop(*z); w = ["v"] * 0 + ["w"]; drop(*w); drop(*(["x"] * -2))
x = {"t", "u"} | set(ASKED); drop(*x); y = x - {"t"}; drop(*y); z = x & {"u"}; drop(*z); w = set(ASKED) - {"t"}; drop(*w); v = {"t"} ^ {"u"}; drop(*sorted(v)); drop(*{"t", "t"})
x = {1: "t", True: "u"}; drop(*x.values())
x = globals()["drop"]; x("t"); globals()["NAMES"] = ["v"]; drop(*globals()["NAMES"])
x = globals()["dr" + "op"]; x("t"); y = globals()[f"dro{'p' if ASKED else 'q'}"]; y("u"); z = vars(); locals()["drop"]("v") if False else drop("w")
x = globals(); drop("t") if "drop" in x else drop("u"); x.get("drop", print)("t")
x = sys.modules[__name__]; x.drop("t"); x.NAMES = ["v"]; drop(*x.NAMES); getattr(x, "drop")("u")
x = sys.modules["os"]; drop(x.path.join("a", "t")); y = sys.modules["alembic"].op; y.drop_table("u"); sys.modules["alembic.op"].drop_table("v")
x = os.environ; drop(x.get("PATH") and "t"); os.environ["NO_SUCH_NAME"] = "t"; drop(os.environ["NO_SUCH_NAME"]); del os.environ["NO_SUCH_NAME"]; drop("u") if "NO_SUCH_NAME" in x else drop("v")
x = list[str](NAMES); drop(*x); y: dict[str, int] = dict[str, int](a=1); drop(*y); z = type(NAMES)(["t"]); drop(*z)
a, b, *c = "tuv"; drop(a, b, *c); (a, *b), c = "tu", "v"; drop(a, *b, c); [a, b] = {"t": 1, "u": 2}; drop(a, b); a, b = {"t": "x"}, "u"; drop(*a, b); a, = ["w"]; drop(a)
a, b = (one for one in NAMES); drop(a, b); a, *b = map(str.upper, NAMES); drop(a, *b); a, b = ASKED[0], ASKED[1]; drop(a, b); a, b = zip(NAMES, "vw"); drop(*a, *b); a, *b = Box("x", "t", "u"); drop(a, *b)
x = [1, 2]; x[0], x[1] = "t", "u"; drop(*x); y = Box(); y.name, y.more = "v", ["w"]; drop(y.name, *y.more); [x[0], *y.more] = "abc"; drop(x[0], *y.more); a = b = c = ["t"]; b.append("u"); drop(*c)
try: a, b = ["t"]; drop(a)\\nexcept ValueError: drop("u")
try: a, b, *c = ["t"]; drop(a)\\nexcept ValueError: drop("u")
a, b = b, a = "t", "u"; drop(a, b); (a), (b) = b, a; drop(a, b); a, b = (("t", "u"), ("v", "w"))[len(ASKED) - 1]; drop(a, b); *a, = NAMES; drop(*a)
x = range(3)[1]; drop(f"t_{x}"); y = (1).real; drop(f"t_{y}"); z = slice(1, None); drop(*NAMES[z]); drop(*[*range(2)][0:1] and NAMES); drop(f"t_{[0, 1][-1]}"); drop(f"t_{(3, 4)[1]}")
rows = op.get_bind().execute(sa.text("SELECT 't' AS a, 'u' AS b")).fetchall(); drop(rows[0][0], rows[0].b); [drop(a, b) for a, b in rows]; (a, b), = rows; drop(a); drop(*rows[0]); drop(*rows[:1][0]); x = rows[0]; drop(x[1]); c, *d = x; drop(c, *d)
rows = op.get_bind().execute(sa.text("SELECT 't' AS a")); row = rows.first(); drop(row.a, row[0], row._mapping["a"]); drop("v") if row else drop("w"); drop("x") if row is None else drop("y"); drop("t" + row.a); drop(f"{row.a}_2"); drop(row.a + "_3"); drop(row[0].upper())
"""

OBJECTS = """
x = Box("t"); x.name += "_2"; drop(x.name); x.more += ["u"]; drop(*x.more); x.more[0] += "_3"; drop(*x.more); x["k"] = "v"; drop(*x); del x.name; drop("w")
x = Box("t"); Box.kind = "u"; drop(x.kind, Box.kind, Other.kind); del Box.kind; drop("v"); Box.fresh = lambda self: drop("w"); x.fresh(); Box.kind = "box"
x = Box("t") if ASKED else Other("u"); drop(x.kind); x(); x["a"] = "v"; drop(*x.more); drop("w") if isinstance(x, Box) else drop("y"); x.title = "z"; drop(x.made("q").name); x.kind = "r"; drop(x.kind)
x = Box("t") if ASKED else None; drop(x.name); drop(x.name if x else "u"); drop("v") if x is None else x(); drop("w") if x == Box("t") else drop("y")
drop.flag = "t"; drop(drop.flag); x = lambda: None; x.name = "u"; drop(x.name); drop(drop.__name__, drop.__qualname__); drop.__doc__ and drop("v")
x = Box.plain; drop(x("t")); y = Box("t").made; drop(y("u").name); z = Box.made.__func__; drop(z(Other, "v").kind); drop(Box("w").__class__.__name__); drop(type(Box("w")).kind); Box.__call__(Box("x"))
x = functools.partial(drop, "t"); x("u"); x.func("v"); drop(*x.args); y = functools.partial(Box, name="w"); drop(y().name); z = functools.partial(x, "q"); z()
x = getattr(Box("t"), "missing", "u"); drop(x); drop("v") if hasattr(Box("t"), "title") else drop("w"); delattr(Box("t"), "name"); setattr(Box, "kind", "y"); drop(Box.kind); setattr(Box, "kind", "box")
x = Point("t"); drop(x.name, *x.more); x.more.append("u"); drop(*x.more); y = Point(name="v", more=["w"]); drop(y.name, *y.more); z = Point(*["q"], **{"more": ["r"]}); drop(z.name, *z.more); from dataclasses import replace, asdict; drop(replace(x, name="s").name)
x = Point(*ASKED); drop(x.name); k = {"name": "v"} if ASKED else {"name": "w", "more": ["x"]}; z = Point(**k); drop(z.name, *z.more)
k = {"a": "t"} if ASKED else {"a": "u"}; f = lambda **kw: drop(*kw.values()); f(**k); f(b="v", **k); f(**k, **{"c": "w"}); f(**dict.fromkeys(ASKED, "x")); f(**ASKED_ if False else k)
drop(*ASKED, "v"); drop(*ASKED, *NAMES); drop(*(ASKED or [])); drop(*(NAMES if ASKED else ["v"])); drop(*{"t": 1}); drop(*"tu"); drop(*(), *[]); drop(*map(str, [1])); drop(*Box("a", "t"))
f = drop if ASKED else op.drop_table; f("t"); g = [drop, op.drop_table][len(ASKED) - 1]; g("u"); h = {"a": drop, "b": print}[ASKED[0] if False else "a"]; h("v"); (drop if NAMES else print)("w"); (lambda: drop("x"))()
x = Box("t") + "u"; drop(x.name); y = sum([Box("v")], Box("w")) if False else Box("y"); y(); z = [Box("t"), Box("u")]; z[0](); [one() for one in z]; x = z[0]; x += "_2"; drop(x.name, z[0].name)
x = [Box("t")] if ASKED else []; [one() for one in x]; y = (ASKED and Box("u")) or None; y and y(); z = [f for f in (drop, None) if f]; z[0]("v"); (Box("w") if ASKED else Box("x"))()
with Box("t") as x: drop(x.name); x.name = "u"
with Box("t"), Box("u") as x: drop(x.title)
with (Box("t") if ASKED else Box("u")) as x: drop("v")
with open(os.devnull) as f: drop(f.read() or "t"); drop(*f.readlines()); [drop(line) for line in f]
with op.get_bind() as b: b.execute(sa.text("DELETE FROM t"))
with op.get_bind().begin_nested(): drop("t")
with op.get_context().autocommit_block(): drop("t")
with op.get_context().begin_transaction(): drop("t")
with op.batch_alter_table("t") as b: drop("u")
"""
# Of several lines each, with a line of === between two.
BLOCKS = """
class A:
    def __delattr__(self, name):
        drop(name)
x = A()
del x.t
===
class A:
    def __set_name__(self, owner, name):
        drop(name)
class B:
    t = A()
===
class A:
    def __format__(self, spec):
        drop("t")
        return "u"
drop(f"{A()}")
===
class A:
    def __format__(self, spec):
        drop("t")
        return "u"
drop("{}".format(A()))
===
class A:
    def __str__(self):
        drop("t")
        return "u"
drop("%s" % A())
===
class A:
    def __str__(self):
        drop("t")
        return "u"
x = A() if ASKED else Box("v")
drop(f"{x}")
===
class A:
    def __str__(self):
        drop("t")
        return "u"
x = A() if ASKED else Box("v")
drop("{}".format(x)); drop(str(x))
===
class A:
    def __repr__(self):
        drop("t")
        return "u"
drop(f"{A()!r}")
===
class A:
    def __ne__(self, other):
        drop("t")
        return True
A() != 1
===
class A:
    def __hash__(self):
        drop("t")
        return 1
{A(): 1}
===
class A:
    def __missing__(self, key):
        return 1
class D(dict):
    def __missing__(self, key):
        drop("t")
        return "u"
drop(D()["x"])
===
class A:
    def __getattribute__(self, name):
        drop("t")
        return 1
A().x
===
class A:
    def __index__(self):
        drop("t")
        return 0
drop(NAMES[A()])
===
class A:
    def __len__(self):
        drop("t")
        return 0
drop("u") if A() else drop("v")
===
class A:
    def __class_getitem__(cls, key):
        drop(key)
        return cls
A["t"]
===
class A:
    def __set__(self, owner, value):
        drop(value)
class B:
    x = A()
b = B() if ASKED else B()
b.x = "t"
===
class A:
    def __delete__(self, owner):
        drop("t")
class B:
    x = A()
b = B()
del b.x
===
class A:
    def __setitem__(self, k, v):
        drop(k)
    def __delitem__(self, k):
        drop(k)
a = A() if ASKED else A()
a["t"] = 1
del a["u"]
===
class A:
    def __setitem__(self, k, v):
        drop(str(k))
        drop(v)
    def __getitem__(self, k):
        return "u"
a = A()
a["t"] += "v"
===
class A:
    def __iter__(self):
        drop("t")
        return iter(NAMES)
a, b = A()
drop(a, b)
===
class A:
    def __enter__(self):
        drop("t")
    def __exit__(self, *rest):
        drop("u")
        return True
with A():
    raise ValueError
drop("v")
===
import contextlib
@contextlib.contextmanager
def f():
    drop("t")
    try:
        yield "u"
    finally:
        drop("v")
with f() as x:
    drop(x)
===
import contextlib
with contextlib.suppress(KeyError):
    drop({}["t"])
    drop("u")
drop("v")
===
import contextlib
with contextlib.suppress(KeyError) if ASKED else contextlib.nullcontext():
    drop("t")
with contextlib.nullcontext("u") as x:
    drop(x)
===
import contextlib
with contextlib.ExitStack() as stack:
    stack.callback(drop, "t")
    x = stack.enter_context(Box("u"))
    drop(x.title)
    if ASKED:
        stack.callback(drop, "v")
===
import contextlib
with contextlib.closing(op.get_bind()) if False else contextlib.redirect_stdout(sys.stdout):
    drop("t")
===
import contextlib
with contextlib.closing(sys.stdin) if False else contextlib.suppress(ValueError):
    drop("t")
===
from sqlalchemy.orm import Session
with Session(op.get_bind()) as s:
    s.execute(sa.text("DELETE FROM t"))
===
from sqlalchemy.orm import Session
x = functools.partial(Session, op.get_bind())
with x() as s:
    s.execute(sa.text("DELETE FROM t"))
===
match ("t", "u"):
    case ("t", x):
        drop(x)
    case _:
        drop("w")
match ["t"]:
    case [x, y]:
        drop(x, y)
    case [x]:
        drop(x)
===
match ["t", "u", "v"]:
    case [x, *y]:
        drop(x, *y)
match {"a": "t", "b": "u"}:
    case {"a": x, **rest}:
        drop(x, *rest.values())
===
match Point("t"):
    case Point(name=x):
        drop(x)
match Point("u"):
    case Box():
        drop("v")
    case Point(x, _):
        drop(x)
===
match 1:
    case 1 | 2 as n:
        drop(f"t_{n}")
match True:
    case None:
        drop("u")
    case True:
        drop("v")
match ASKED[0]:
    case "t" | "u" as x:
        drop(x)
    case str(y):
        drop(y)
===
match "t" if ASKED else "u":
    case "t":
        drop("t")
    case "u":
        drop("u")
match Colour.RED:
    case Colour.BLUE:
        drop("v")
    case Colour.RED:
        drop("w")
===
match "t":
    case str():
        drop("a")
match {"k": drop}:
    case {"k": f}:
        f("t")
===
def f(a, /, b, *, c="u"):
    drop(a, b, c)
f("t", b="x")
f(*NAMES, c="v")
f(*["t"], **{"b": "y", "c": "z"})
===
def f():
    global NAMES
    NAMES = ["t"]
    NAMES += ["u"]
f()
drop(*NAMES)
===
def outer():
    x = ["t"]
    def middle():
        def inner():
            nonlocal x
            x = [*x, "u"]
        inner()
        return x
    drop(*middle())
    del x
outer()
===
def gen():
    got = yield "t"
    drop(got or "u")
    return "v"
def outer():
    x = yield from gen()
    drop(x)
drop(*outer())
===
def gen():
    yield from NAMES
    yield from ()
    yield
x = gen()
drop(next(x))
drop(next(x))
===
async def f():
    drop("t")
    return "u"
import asyncio
drop(asyncio.run(f()))
===
import asyncio
class A:
    async def __aenter__(self):
        drop("t")
        return self
    async def __aexit__(self, *rest):
        drop("u")
    def __await__(self):
        drop("v")
        yield from ()
        return "w"
async def f():
    async with A() as a:
        drop(await a)
asyncio.run(f())
===
import asyncio
async def g():
    for one in NAMES:
        yield one
async def f():
    async for one in g():
        drop(one)
    drop(*[one async for one in g()])
asyncio.run(f())
===
x = ""
for one in ASKED:
    x += one
    drop(x)
===
x = "t"
for one in ASKED:
    x = x + "_" + one
drop(x)
===
x = []
for one in ASKED:
    x.append([one, "u"])
for a, b in x:
    drop(a, b)
===
x = []
for one in ASKED:
    x.append({"name": one, "more": [one]})
for row in x:
    drop(row["name"], *row["more"])
===
x = {}
for one in ASKED:
    x.setdefault(one, []).append(one)
    x[one + "_2"] = ["v"]
for k, v in x.items():
    drop(k, *v)
===
x = [("a", 1)]
for one in ASKED:
    x = x + [(one, 2)]
drop(*[a for a, b in x])
===
x = [Box("t")]
for one in ASKED:
    x.append(Box(one))
[one() for one in x]
===
f = None
for one in ASKED:
    if f:
        f("t")
    f = drop
===
f = [print]
for one in ASKED:
    f[0](one)
    f[0] = drop
===
x = None
for row in op.get_bind().execute(sa.text("SELECT 't' AS a UNION SELECT 'u'")):
    if x is not None:
        drop(x)
    x = row.a
drop(x)
===
n = 0
while n < len(ASKED):
    drop(ASKED[n])
    n += 1
===
while True:
    if ASKED:
        break
    drop("t")
else:
    drop("u")
drop("v")
===
x = list(NAMES)
while x:
    drop(x.pop())
===
x = list(ASKED)
while x:
    drop(x.pop())
===
x = list(ASKED)
while True:
    try:
        drop(x.pop())
    except IndexError:
        break
===
n = 0
while True:
    n += 1
    drop(f"t_{n}")
    if n > 2:
        break
===
for n in range(3):
    if n == 1:
        continue
    drop(f"t_{n}")
else:
    drop("u")
for n in range(200):
    x = n
drop(f"t_{x}")
===
for name, f in {"t": drop, "u": print}.items():
    f(name)
for f in (drop, print):
    f("v")
===
try:
    try:
        raise KeyError("t")
    finally:
        drop("u")
except LookupError as err:
    drop(err.args[0])
===
try:
    for one in None:
        drop("t")
except TypeError:
    drop("u")
===
try:
    None.x
except AttributeError:
    drop("t")
===
try:
    drop("t")
    1 / 0
    drop("u")
except ZeroDivisionError:
    drop("v")
===
try:
    int("x")
except ValueError:
    drop("t")
else:
    drop("u")
===
try:
    import no_such_module
    drop("t")
except ImportError:
    drop("u")
===
try:
    raise ValueError
except* ValueError:
    drop("t")
===
class E(Exception):
    def __init__(self, name):
        drop(name)
        self.name = name
try:
    raise E("t")
except E as err:
    drop(err.name + "_2")
===
def deco(name):
    def inner(f):
        drop(name)
        return f
    return inner
@deco("t")
class A:
    pass
@deco("u")
def g():
    drop("v")
g()
===
class A:
    @staticmethod
    def s(x):
        drop(x)
    @classmethod
    def c(cls, x):
        cls.s(x)
    @functools.cached_property
    def p(self):
        drop("p")
        return "q"
    @functools.lru_cache
    def l(self):
        drop("l")
A.s("t")
A().c("u")
drop(A().p)
A().l()
===
class A:
    def __init_subclass__(cls, **kw):
        drop(cls.__name__)
class B(A):
    pass
class C(B):
    pass
===
class M(type):
    def __new__(m, name, bases, body):
        drop(name)
        return super().__new__(m, name, bases, body)
class B(metaclass=M):
    pass
===
class M(type):
    def __getattr__(cls, name):
        drop(name)
class B(metaclass=M):
    pass
B.t
===
class A:
    name = "a"
    def run(self):
        drop(self.name)
class B(A):
    name = "b"
    def run(self):
        super(B, self).run()
        super().run()
class C(B, A):
    def run(self):
        super().run()
        A.run(self)
        drop("c")
C().run()
===
class A:
    @property
    def x(self):
        return "a"
    @classmethod
    def c(cls):
        return "c"
class B(A):
    @property
    def x(self):
        return super().x + "b"
    @classmethod
    def c(cls):
        return super().c() + "d"
drop(B().x, B.c())
===
class A:
    class B:
        t = "u"
        def f(self):
            drop(self.t)
    b = B()
    names = [one for one in ["t"]]
    drop(*names)
    if True:
        z = "z"
A.b.f()
A.B().f()
drop(A.z)
===
class A(Box):
    def __getattr__(self, name):
        return lambda *a: drop(name, *a)
A().t("u")
getattr(A(), "v")()
===
from abc import ABC, abstractmethod
class A(ABC):
    @abstractmethod
    def f(self): ...
    def g(self):
        self.f()
class B(A):
    def f(self):
        drop("t")
B().g()
===
from typing import NamedTuple, Protocol, Generic, TypeVar
class A(NamedTuple):
    name: str
    more: list = []
a = A("t", ["u"])
drop(a.name, *a.more)
b = a._replace(name="v")
drop(b.name, a[0])
n, m = a
drop(n, *m)
===
T = "t"
def f(x=[]):
    x.append(T)
    drop(*x)
f()
f()
===
def f(x, *, y=NAMES):
    y = list(y)
    y.append(x)
    return y
drop(*f("v"))
drop(*NAMES)
===
fs = []
for one in NAMES:
    def f():
        drop(one)
    fs.append(f)
for f in fs:
    f()
===
fs = [lambda: drop(one) for one in NAMES]
for f in fs:
    f()
===
fs = [lambda one=one: drop(one) for one in NAMES]
[f() for f in fs]
===
x: list[str]
x = ["t"]
y: str = x[0]
drop(y)
Box.kind: str = "u"
drop(Box.kind)
===
del NAMES[0], NAMES[0]
NAMES.append("v")
drop(*NAMES)
===
x = y = {"a": "t"}
y["a"] += "_2"
drop(x["a"])
x["b"] = x
drop(x["b"]["a"])
del (x["b"], y["a"])
drop(*x)
===
assert drop("t") is None, drop("u")
if (x := [one for one in NAMES if (y := one)]):
    drop(*x)
    drop(y)
===
pass
...
"text"
1
NAMES
Box.kind
ASKED[0]
lambda: drop("t")
(yield_ := "u")
drop(yield_)
===
with os.scandir(".") as found:
    drop("t")
===
import contextlib
with contextlib.redirect_stdout(None):
    drop("t")
===
import warnings
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    drop("t")
===
import contextlib
@contextlib.contextmanager
def f():
    drop("t")
    if not NAMES:
        yield "u"
try:
    with f() as x:
        drop(x)
except RuntimeError:
    drop("v")
===
import contextlib
@contextlib.contextmanager
def f():
    for one in NAMES:
        if one == "u":
            yield one
with f() as x:
    drop(x)
===
import contextlib
@contextlib.contextmanager
def f(x):
    drop(x)
    yield
    drop(x + "_2")
with contextlib.ExitStack() as stack:
    for one in NAMES:
        stack.enter_context(f(one))
    drop("w")
===
import contextlib
with contextlib.ExitStack() as stack:
    for one in ASKED:
        stack.callback(drop, one)
    with Box("x"):
        drop("w")
    stack.close()
    drop("z")
===
class A:
    def __enter__(self):
        return self
    __exit__ = lambda self, *rest: drop("t")
with A():
    drop("u")
===
class A:
    def __enter__(self):
        return self
    def __exit__(self, kind, problem, trace):
        drop("t")
        return kind is KeyError
with A():
    drop("u")
    raise KeyError
drop("v")
===
def gen():
    drop("t")
    yield 1
try:
    with gen():
        drop("u")
except (TypeError, AttributeError):
    drop("v")
===
try:
    with 1:
        drop("u")
except (TypeError, AttributeError):
    drop("v")
===
try:
    with Point("t"):
        drop("u")
except (TypeError, AttributeError):
    drop("v")
===
import tempfile, pathlib
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "t.txt"
    with path.open("w") as f:
        f.write("t")
    drop(path.read_text())
    drop(path.name, path.stem, path.suffix, path.parent.name or "x")
    with open(path) as f:
        for line in f:
            drop(line)
    path.unlink()
    drop("u") if path.exists() else drop("v")
===
import pathlib
p = pathlib.Path("a") / "t.sql"
drop(p.name)
drop(p.stem)
drop(str(p))
drop(p.suffix)
drop(str(p.parent))
drop(str(p.with_suffix(".x")))
drop(str(p.with_name("u")))
drop(p.parent.joinpath("b", "c").as_posix())
drop(os.path.dirname("a/t"), os.path.abspath("/a/../t"), os.path.splitext("t.x")[0])
drop(pathlib.PurePath("x", ASKED[0]).name)
drop(str(pathlib.Path(ASKED[0]) / "u"))
===
drop(str(__doc__))
===
x = Box("t")
x.more = [drop]
for f in x.more:
    f("u")
x.more.append(print)
[f("v") for f in x]
===
x = {"a": [drop]}
for k in ASKED:
    x.setdefault(k, []).append(drop)
for fs in x.values():
    [f("t") for f in fs]
===
x = []
for k in ASKED:
    x.append((k, drop))
for k, f in x:
    f(k)
===
x = []
for k in ASKED:
    x.append({"f": drop, "k": k})
for row in x:
    row["f"](row["k"])
===
x = []
for k in ASKED:
    x.append([k])
    for y in x:
        y.append("v")
for y in x:
    drop(*y)
===
x = ("t",)
for k in ASKED:
    x += (k,)
drop(*x)
===
x = {"t"}
for k in ASKED:
    x.add(k)
    x = x | {"v"}
for one in x:
    op.drop_table(one)
===
x = "DELETE FROM t WHERE a IN ("
for k in ASKED:
    x += "'" + k + "',"
op.execute(x + "'')")
===
x = None
for k in ASKED:
    x = k if x is None else x + k
drop(x)
===
x = 0
for k in ASKED:
    x += 1
drop(f"t_{x}")
===
x = {}
for k in ASKED:
    x[k] = {"n": 1}
    x[k]["f"] = drop
for k, row in x.items():
    row["f"](k)
===
box = Box("t")
for k in ASKED:
    box = Box(k) + "_2"
    box()
===
f = lambda: drop("t")
for k in ASKED:
    g = f
    f = lambda g=g: (g(), drop("u"))
f()
===
n = len(ASKED)
while n:
    n -= 1
    if n == 5:
        return
    drop("t")
drop("u")
===
n = 0
while n < 3 and not (n == 2 and ASKED):
    drop(f"t_{n}")
    n += 1
===
it = iter(ASKED)
while (one := next(it, None)) is not None:
    drop(one)
===
while ASKED:
    drop(ASKED.pop())
else:
    drop("v")
===
q = [("t", ["u"])]
while q:
    name, rest = q.pop(0)
    drop(name)
    q.extend((one, []) for one in rest)
===
for i in range(500):
    if i == 400:
        drop("t")
===
x = list(range(1000))
drop(*[f"t_{n}" for n in x if n > 997])
===
x = [one for one in ASKED for two in NAMES if one == two]
drop(*x)
y = {a: b for a, b in zip(ASKED, NAMES)}
drop(*y, *y.values())
z = {one for one in ASKED if one != "t"}
drop(*z)
w = [[a for a in NAMES] for b in ASKED]
drop(*w[0])
===
x = [f for f in [drop if one == "t" else print for one in ASKED]]
[f("t") for f in x]
===
g = (drop(one) for one in NAMES)
drop("w")
next(g)
list(g)
===
m = map(drop, NAMES)
drop("w")
for _ in m:
    pass
===
m = filter(lambda one: drop(one) or True, ASKED)
drop(*m)
===
list(map(lambda a, b: drop(a, b), NAMES, ["v", "w", "x"]))
===
any(drop(one) for one in NAMES)
all(drop(one) is None for one in NAMES)
any(drop(one) is None for one in NAMES)
===
x = sorted(NAMES, key=lambda one: drop(one) or one)
y = max(NAMES, key=lambda one: drop(one + "_2") or one)
z = sum((drop(one + "_3") or 1) for one in NAMES)
drop(x[0], y, f"t_{z}")
===
x = functools.reduce(lambda a, b: drop(a + b) or a + b, NAMES)
drop(x)
===
x = [*map(drop, NAMES)]
y = {**{one: drop(one + "_2") for one in NAMES}}
z = (*(drop(one + "_3") for one in NAMES),)
===
def f(*a, **k):
    drop(*a, *k)
f(*NAMES, *ASKED, v=1, **{"w": 2})
f(*(ASKED if NAMES else []))
f(*Box("x", "y"))
===
def f(a, b="u"):
    drop(a, b)
f(b="t", a="v")
f(*ASKED)
f(**dict(a="w"))
try:
    f()
except TypeError:
    drop("x")
===
def f(a):
    drop(a)
try:
    f("t", "u")
except TypeError:
    drop("v")
===
def f(a):
    drop(a)
try:
    f("t", b="u")
except TypeError:
    drop("v")
===
try:
    drop(no_such_name)
except NameError:
    drop("t")
===
try:
    drop("t").x
except AttributeError:
    drop("u")
===
try:
    NAMES.no_such()
except AttributeError:
    drop("u")
===
try:
    Box("t").no_such
except AttributeError:
    drop("u")
===
try:
    assert not NAMES, "x"
except AssertionError:
    drop("u")
===
try:
    raise Box("t")
except TypeError:
    drop("u")
===
try:
    NAMES.remove("z")
    drop("t")
except ValueError:
    drop("u")
===
try:
    x = {"a": "t"}
    del x["b"]
    drop("t")
except KeyError:
    drop("u")
===
try:
    ["t"].index("z")
    drop("t")
except ValueError:
    drop("u")
===
try:
    [].pop()
    drop("t")
except IndexError:
    drop("u")
===
try:
    {}.popitem()
    drop("t")
except KeyError:
    drop("u")
===
try:
    next(iter([]))
    drop("t")
except StopIteration:
    drop("u")
===
try:
    Colour("no")
    drop("t")
except ValueError:
    drop("u")
===
try:
    Colour["no"]
    drop("t")
except KeyError:
    drop("u")
===
try:
    max([])
    drop("t")
except ValueError:
    drop("u")
===
try:
    "t" + 1
    drop("t")
except TypeError:
    drop("u")
===
try:
    "%s %s" % "t"
    drop("t")
except TypeError:
    drop("u")
===
try:
    "{} {}".format("t")
    drop("t")
except IndexError:
    drop("u")
===
try:
    {}["a"]
    drop("t")
except KeyError:
    drop("u")
===
try:
    a, b = []
    drop("t")
except ValueError:
    drop("u")
===
try:
    1 // 0
    drop("t")
except ArithmeticError:
    drop("u")
===
try:
    float("x")
    drop("t")
except Exception:
    drop("u")
===
try:
    op.no_such
    drop("t")
except AttributeError:
    drop("u")
===
try:
    getattr(Box("t"), "no")
    drop("t")
except AttributeError:
    drop("u")
===
try:
    len(1)
    drop("t")
except TypeError:
    drop("u")
===
try:
    "abc".index("z")
    drop("t")
except ValueError:
    drop("u")
===
try:
    zip("ab", "c", strict=True)
    dict(zip("ab", "c", strict=True))
    drop("t")
except ValueError:
    drop("u")
===
try:
    collections.deque([]).popleft()
    drop("t")
except IndexError:
    drop("u")
===
try:
    re.compile("(")
    drop("t")
except re.error:
    drop("u")
===
try:
    import_ = __import__("no_such_module")
    drop("t")
except ImportError:
    drop("u")
===
try:
    os.environ["NO_SUCH_NAME"]
    drop("t")
except KeyError:
    drop("u")
===
try:
    sys.exit(1)
    drop("t")
except SystemExit:
    drop("u")
===
try:
    open("/no/such/file")
    drop("t")
except OSError:
    drop("u")
===
x = "t" if True else drop("u"); f = {"a": drop} if ASKED else {"b": drop}; [g("v") for g in f.values()]; f.get("a", print)("w")
===
def f(name, other="o"):
    drop(name, other)
k = {"name": "t"} if ASKED else {"name": "u", "other": "v"}
f(**k)
f(**{**k, "name": "w"})
===
for name, f in list(globals().items()):
    if name == "drop":
        f("t")
===
for name in dir(Box):
    if name == "plain":
        drop(getattr(Box, name)("t"))
===
for f in vars(Box("t")).values():
    drop(f if isinstance(f, str) else "u")
===
x = Box("t").__dict__
drop(x["name"])
===
drop("t") if "a" in ("a",) + ("b",) else drop("u")
drop("v") if (1, 2) < (1, 3) else drop("w")
===
drop("t") if NAMES == sorted(NAMES) else drop("u")
drop("v") if frozenset({"a"}) == {"a"} else drop("w")
===
drop("t") if 1 == 1 + 0j else drop("u")
===
drop("t") if b"a" == "a" else drop("u")
===
drop("t") if float("nan") == float("nan") else drop("u")
===
drop("".join(reversed("tu")))
drop(*sorted("ut"))
===
drop(f"t_{len({'a'} & {'b'})}")
===
x = {"t", "u"}
drop("v") if x > {"t"} else drop("w")
===
x = {n % 2: n for n in range(4)}
[drop(f"t_{k}_{n}") for k, n in x.items()]
===
x = ["t"]
x.extend(x)
drop(*x)
===
x = list(dict.fromkeys(["t", "t", "u"]))
drop(*x)
===
x = {1: "t", 1.0: "u"}
drop(*x.values())
===
x = {"a": "t"}
for k in x:
    drop(x[k])
x = {True: "t"}
drop(x[1])
===
x = collections.OrderedDict([("a", "t"), ("b", "u")])
x["a"] = "v"
drop(*x.values())
drop(*reversed(x))
===
drop("%s" % {"t": 1})
===
drop("%s_%s" % ("t", ["u"]))
===
drop("%s" % [])
===
drop("%r" % "t")
drop("%5s" % "t")
drop("%(a)d" % {"a": 1})
===
drop("%s" % None)
drop("%s" % True)
drop("{}".format(None))
===
drop("{:d}".format(3))
drop("{!s}".format(3))
drop("{0.name}".format(Box("t")))
===
drop("{}{}".format(*NAMES))
drop("{a}{b}".format(a="t", **{"b": "u"}))
===
x, y = "t", "u"
x, y = y, x
drop(x)
===
x = [1, 2, 3]
x[::2] = ["t", "u"]
drop(*map(str, x))
===
x = ["t", "u", "v"]
del x[::2]
drop(*x)
===
x = ["t", "u", "v"]
drop(*x[-2:])
drop(x[~0])
drop(x[-0])
===
def f():
    try:
        return "t"
    finally:
        drop("u")
drop(f())
===
def f():
    try:
        return "t"
    finally:
        return "u"
drop(f())
===
def f():
    for one in NAMES:
        try:
            continue
        finally:
            drop(one)
f()
===
def f():
    while True:
        try:
            return drop("t")
        finally:
            break
    drop("u")
f()
===
def f(n):
    return f(n - 1) if n else drop("t")
f(3)
===
x = 1
def f():
    return x
x = 2
drop(f"t_{f()}")
===
x = "t"
class A:
    x = "u"
    def f(self):
        return x
    y = [x for _ in range(1)]
drop(A().f(), *A.y)
===
class A:
    n = 0
    def __init__(self):
        A.n += 1
        self.n += 10
a, b = A(), A()
drop(f"t_{A.n}_{a.n}_{b.n}")
===
class A:
    items = []
    def add(self, x):
        self.items.append(x)
        return self
A().add("t").add("u")
drop(*A.items)
===
class A:
    def __call__(self, f):
        drop("t")
        return f
@A()
def f():
    drop("u")
f()
===
class A(str):
    pass
x = A("t")
drop(x)
drop(x + "_2")
drop(x.upper())
===
class A(dict):
    def add(self, x):
        self[x] = drop
x = A()
x.add("t")
[f(k) for k, f in x.items()]
===
class A(list):
    pass
x = A(["t"])
x.append("u")
drop(*x)
===
class K(str, enum.Enum):
    A = "t"
    B = "u"
drop(K.A.value)
drop("v") if K.A == "t" else drop("w")
[drop(k.value) for k in K]
===
class K(enum.IntEnum):
    A = 1
    B = enum.auto()
drop(f"t_{K.B.value}")
drop("v") if K.A < K.B else drop("w")
===
class K(enum.Enum):
    A = "t"
    @property
    def pretty(self):
        return self.value + "_p"
    @classmethod
    def first(cls):
        return list(cls)[0]
drop(K.A.pretty)
drop(K.first().value)
===
x = Colour.RED
drop({Colour.RED: "t", Colour.BLUE: "u"}[x])
===
x = [Colour.RED]
drop("t") if Colour.RED in x else drop("u")
drop("v") if x[0] is Colour.RED else drop("w")
match x[0]:
    case Colour.RED | Colour.BLUE:
        drop("y")
===
@dataclass(order=True, frozen=True)
class P:
    n: int = 1
    name: str = field(default="t", compare=False)
    def __post_init__(self):
        drop(self.name)
P()
P(2, "u")
drop("v") if P(1) < P(2) else drop("w")
===
@dataclass
class P(Point):
    other: str = "o"
p = P("t", [], "u")
drop(p.name, p.other)
import dataclasses
[drop(f.name) for f in dataclasses.fields(p)]
drop(*(dataclasses.astuple(p)[::2]))
===
match 5:
    case n if n > 7:
        drop("t")
    case int(n):
        drop(f"t_{n}")
===
match ("a", ["b"]):
    case (x, [y]) | (y, x):
        drop(x, y)
===
match []:
    case []:
        drop("t")
    case _:
        drop("u")
===
match "tu":
    case [a, b]:
        drop(a, b)
    case _:
        drop("v")
===
match 1:
    case True:
        drop("t")
    case 1.0:
        drop("u")
===
match {"a": "t"}:
    case {"b": x}:
        drop(x)
    case {"a": "u"}:
        drop("u")
    case {}:
        drop("v")
===
match None:
    case None:
        drop("t")
    case _:
        drop("u")
===
match drop:
    case f:
        f("t")
===
match (drop, "t"):
    case (f, x):
        f(x)
    case [*rest]:
        drop("u")
===
match [drop, drop]:
    case [f, *gs]:
        f("t")
        gs[0]("u")
===
match Point(drop):
    case Point(name=f):
        f("t")
===
x = y = 0
x += (y := 5)
drop(f"t_{x}_{y}")
===
x = [y := "t", y + "u"]
drop(*x)
===
x = 10 ** 30
drop(f"t_{x}")
drop(f"t_{x + 1}")
drop(f"t_{2 ** 100 % 7}")
===
drop(f"t_{-7 // 2}_{-7 % 3}_{7 - 10}")
drop(f"t_{True + 1}_{1 / 2}_{3 * 1.5}")
drop(f"t_{1e3}_{0x10}_{1_000}")
===
drop(f"t_{1 if ASKED else 2}")
drop(f"t_{len(ASKED) * 0}")
===
drop("t" if isinstance(1, int) else "u")
drop("t" if isinstance(True, int) else "v")
drop("t" if isinstance("x", (int, str)) else "w")
drop("t" if isinstance(None, str) else "x")
===
drop("t" if issubclass(Other, Box) else "u")
drop("v" if callable(drop) else "w")
drop("y" if type(1) is int else "z")
drop("y" if type(Box("t")) is Box else "z")
drop("y" if type("t") == str else "z")
===
x = Box("t") if ASKED else None
del x.name
===
x = {"a": "t"} if ASKED else {"b": "u"}
x["c"] = "v"
drop(*x.values())
x.update(d="w")
[drop(one) for one in x.values()]
===
x = ["t"] if ASKED else ["u"]
x.append("v")
x += ["w"]
drop(*x)
for one in x:
    op.drop_table(one)
===
x = [] if ASKED else {}
for one in x:
    drop(one)
y = (ASKED if NAMES[0] in ASKED else NAMES)
drop(*y[:1])
drop(y[0])
===
x = NAMES if ASKED else None
for one in x or []:
    drop(one)
===
x = range(3)
y = [*x][1:]
drop(*[f"t_{n}" for n in y])
===
x = itertools.count()
drop(f"t_{next(x)}")
for n in x:
    drop(f"u_{n}")
    if n > 2:
        break
===
for a, b in itertools.product(NAMES, ["v"]):
    drop(a + b)
for a in itertools.islice(NAMES, 1):
    drop(a)
for k, g in itertools.groupby(["t", "t", "u"]):
    drop(k, *g)
===
for a in itertools.chain.from_iterable([NAMES, ["v"]]):
    drop(a)
for a, b in itertools.zip_longest(NAMES, ["v"], fillvalue="w"):
    drop(a, b)
for a in itertools.takewhile(lambda one: one == "t", NAMES):
    drop(a)
===
x = iter(NAMES)
for one in x:
    drop(one)
    drop(next(x, "z"))
===
def gen(n):
    if n:
        yield n
        yield from gen(n - 1)
[drop(f"t_{n}") for n in gen(3)]
===
def gen():
    try:
        yield "t"
    finally:
        drop("u")
for one in gen():
    drop(one)
===
def gen():
    yield drop
for f in gen():
    f("t")
f, = gen()
f("u")
===
x = [(n, drop) for n in NAMES]
for n, f in x:
    f(n)
dict(x)["t"]("v")
===
x = dict(a=drop)
x["a"]("t")
f = x.get("a")
f("u")
x.pop("a")("v")
===
x = op.get_bind().execute(sa.text("SELECT 't' AS a"))
for row in x:
    for one in row:
        drop(one)
    a, = row
    drop(a)
===
x = [row[0] for row in op.get_bind().execute(sa.text("SELECT 't' UNION SELECT 'u'"))]
drop(*x)
x.append("v")
for one in sorted(x):
    drop(one)
drop("w") if "t" in x else drop("y")
drop("_".join(x))
===
x = op.get_bind().execute(sa.text("SELECT 't' AS a")).scalar()
drop(x)
drop(x.upper())
drop(x + "_2")
drop("a_" + x)
drop(f"{x}_3")
drop(x[0])
[drop(c) for c in x]
drop(x * 2)
drop("v") if x > "a" else drop("w")
drop("z") if not x else drop("y")
===
x = op.get_bind().execute(sa.text("SELECT 3 AS a")).scalar()
drop(f"t_{x + 1}_{-x}_{x // 2}_{abs(x)}_{2 * x}")
for n in range(x):
    drop(f"u_{n}")
while x:
    x -= 1
    drop(f"v_{x}")
===
x, y = op.get_bind().execute(sa.text("SELECT 't' AS a, 'u' AS b")).fetchone()
drop(x, y)
x += "_2"
drop(x)
===
sql = "DELETE FROM t"
op.execute(sql)
===
f = op.drop_table
f("t")
g = getattr(op, "drop_" + "table")
g("u")
h = getattr(op, "drop_table" if ASKED else "execute")
k = [op.drop_table, op.drop_column][0]
k("v")
===
for name, args in [("drop_table", ["t"]), ("drop_column", ["t", "c"])]:
    getattr(op, name)(*args)
===
{"a": op.drop_table, "b": op.drop_column}["a"]("t")
functools.partial(op.drop_column, "t")("c")
operator.methodcaller("drop_table", "u")(op)
===
getattr(op, ASKED[0], None) or drop("t")
===
o = op
o.drop_table("t")
d = o.drop_table
del o
d("u")
===
class A:
    drop = staticmethod(drop)
    op = op
    f = lambda self, x: self.drop(x)
a = A()
a.drop("t")
a.op.drop_table("u")
a.f("v")
A.drop("w")
===
class A:
    x = property(lambda self: "t", lambda self, v: drop(v))
a = A()
drop(a.x)
a.x = "u"
===
class A:
    def _get(self):
        return "t"
    x = property(_get)
    y = property(fget=_get)
drop(A().x, A().y)
===
class A:
    __slots__ = ("x",)
    def __init__(self):
        self.x = drop
A().x("t")
===
class A:
    def f(self):
        drop("t")
    g = f
    def h(self):
        return self.f
A().g()
A().h()()
f = A().f
f()
A.f(A())
===
def outer(f):
    f.kept = "t"
    return f
@outer
def g():
    drop("u")
g()
drop(getattr(g, "kept"))
===
def f():
    f.n = getattr(f, "n", 0) + 1
    drop(f"t_{f.n}")
f()
f()
===
class A:
    pass
a = A()
a.f = drop
a.f("t")
setattr(a, "g", drop)
a.g("u")
A.h = lambda self, x: drop(x)
a.h("v")
===
a = type("A", (), {"f": lambda self: drop("t")})()
a.f()
===
import types
a = types.SimpleNamespace(f=drop, n="t")
a.f(a.n)
a.n = "u"
drop(a.n)
===
exec("drop('t')")
===
import logging
log = logging.getLogger("x")
log.level = 10
log.info("t %s", drop("t"))
print(drop("u"), end="")
sys.path_hooks_ = None
===
import time, random, uuid, datetime, json, hashlib
drop(str(uuid.uuid4()))
drop(datetime.date(2020, 1, 2).isoformat())
drop(json.loads('{"a": "t"}')["a"])
drop(hashlib.md5(b"t").hexdigest()[:3])
drop(json.dumps({"a": 1}))
drop(random.choice(NAMES))
===
from collections.abc import Mapping
class M(Mapping):
    def __getitem__(self, k):
        return "t_" + k
    def __iter__(self):
        return iter(NAMES)
    def __len__(self):
        return 2
m = M()
drop(m["a"])
drop(*m)
drop(*m.values())
drop(m.get("b"))
===
x = [1, 2, 3]
drop(f"t_{sum(x)}_{max(x)}_{min(x, default=0)}_{len(x)}_{x.index(2)}_{x.count(1)}")
===
x = collections.Counter(["t", "t", "u"])
drop(x.most_common(1)[0][0])
drop(f"t_{x['t']}")
===
a = {"x": ["t"]}
b = dict(a)
b["x"].append("u")
drop(*a["x"])
c = {**a, "y": "v"}
c["x"].append("w")
drop(*a["x"])
===
a = [["t"]]
b = list(a)
b[0].append("u")
drop(*a[0])
c = a[:]
c[0].append("v")
drop(*a[0])
d = tuple(a)
d[0].append("w")
drop(*a[0])
===
a = ["t"]
def f(x):
    x.append("u")
    x = ["v"]
    x.append("w")
    return x
b = f(a)
drop(*a)
drop(*b)
===
a = ["t"]
def f(x):
    x += ["u"]
f(a)
drop(*a)
b = ("t",)
def g(x):
    x += ("u",)
g(b)
drop(*b)
===
f = functools.partial(map, drop)
list(f(NAMES))
g = functools.partialmethod
drop("v") if g else drop("w")
===
@functools.singledispatch
def f(x):
    drop("a")
@f.register
def _(x: int):
    drop("b")
f(1)
f("x")
===
@functools.total_ordering
class A:
    def __init__(self, n):
        self.n = n
    def __eq__(self, o):
        return self.n == o.n
    def __lt__(self, o):
        return self.n < o.n
drop("t") if A(1) >= A(0) else drop("u")
drop(f"t_{max(A(1), A(2)).n}")
===
import contextlib
class A(contextlib.ContextDecorator):
    def __enter__(self):
        drop("t")
    def __exit__(self, *x):
        drop("u")
@A()
def f():
    drop("v")
f()
===
import contextlib
@contextlib.contextmanager
def m():
    drop("t")
    yield
    drop("u")
@m()
def f():
    drop("v")
f()
===
import contextlib
@contextlib.contextmanager
def m(x):
    yield x
with m("t") as a, m("u") as b:
    drop(a, b)
with m(drop) as f:
    f("v")
===
import contextlib
class A(contextlib.AbstractContextManager):
    def __exit__(self, *x):
        drop("u")
with A() as a:
    drop("t")
===
import contextlib
with contextlib.closing(Box("t")) if False else Box("t") as b:
    drop(b.name)
===
import threading
with threading.Lock():
    drop("t")
t_ = threading.Thread(target=drop, args=("u",))
===
import concurrent.futures
with concurrent.futures.ThreadPoolExecutor() as pool:
    list(pool.map(str, NAMES))
drop("t")
===
def f():
    return
    drop("t")
f()
if False:
    drop("u")
while 0:
    drop("v")
for _ in ():
    drop("w")
===
def f(x):
    if x:
        return "t"
drop(f(1))
drop(f(0) or "u")
===
if not NAMES:
    pass
elif ASKED and (n := len(NAMES)) > 1:
    drop(f"t_{n}")
else:
    drop("u")
===
x = "t"
if ASKED:
    x = "u"
drop(x)
if ASKED[0] == "t":
    y = "v"
else:
    y = "w"
drop(y)
if x == "u":
    drop("z")
===
try:
    x = ASKED[7]
except IndexError:
    x = "t"
drop(x)
===
try:
    if ASKED:
        raise KeyError
    drop("t")
except KeyError:
    drop("u")
else:
    drop("v")
finally:
    drop("w")
===
for one in ASKED:
    try:
        if one == "u":
            raise ValueError(one)
        drop(one)
    except ValueError as err:
        drop(f"{err}_2")
===
try:
    try:
        raise KeyError
    except KeyError as err:
        raise ValueError from err
except ValueError:
    drop("t")
===
def f():
    raise LookupError
try:
    f()
    drop("t")
except KeyError:
    drop("u")
except LookupError:
    drop("v")
===
try:
    raise KeyError
except:
    drop("t")
    try:
        raise
    except KeyError:
        drop("u")
"""
LINES = [
    line
    for text in (DIALECTS, COMPARED, TEXTS, ITEMS, OBJECTS)
    for line in text.strip().splitlines()
]


@pytest.mark.parametrize("line", LINES)
def test_a_line(line: str) -> None:
    checked(line.replace("\\n", "\n") if line.startswith("try") else line)


@pytest.mark.parametrize("block", BLOCKS.strip().split("\n===\n"))
def test_a_block(block: str) -> None:
    checked(block)
