# ruff: noqa: E501
"""What Python asks of objects, the project's and the libraries': what ran was read, and no more was certain."""

from __future__ import annotations

import pytest

from lback.core.interpreter.reading import read_effects
from tests.core.interpreter import comparing
from tests.core.interpreter.test_more_of_the_library import HEAD as LIBRARY

HEAD = (
    LIBRARY
    + """

class Loud:
    def __init__(self, name="loud"): self.name = name
    def __bool__(self): drop("bool"); return False
    def __len__(self): drop("len"); return 1
    def __contains__(self, one): drop("contains"); return True
    def __eq__(self, one): drop("eq"); return True
    def __lt__(self, one): drop("lt"); return True
    def __gt__(self, one): drop("gt"); return True
    def __add__(self, one): drop("add"); return "added"
    def __radd__(self, one): drop("radd"); return "radded"
    def __neg__(self): drop("neg"); return "negated"
    def __getitem__(self, key): drop("item"); return "held"
    def __next__(self): drop("next"); return "following"
    def __repr__(self): drop("repr"); return "said"
    @property
    def told(self): drop("told"); return "asked"


class Louder(Loud):
    def __bool__(self): drop("bool2"); return True
    def __add__(self, one): drop("add2"); return "added2"
    def __neg__(self): drop("neg2"); return "negated2"
    def __getitem__(self, key): drop("item2"); return "held2"
    @property
    def told(self): drop("told2"); return "asked2"


class Counted:
    def __len__(self): drop("count"); return 0


class Plainly:
    def __eq__(self, one): return NotImplemented
    def __add__(self, one): return NotImplemented


class Both:
    def f(self): drop("f")
    def g(self, value): drop("g")
    def h(self): drop("h")
    whole = property(f, g, h)

    @property
    def first(self): drop("first")
    @first.getter
    def first(self): drop("second")
    @first.setter
    def first(self, value): drop("set")
    @first.deleter
    def first(self): drop("deleted")

    @property
    def fixed(self): return 1

    @functools.cached_property
    def once(self): drop("once"); return "kept"


class Again(Both):
    @Both.first.getter
    def first(self): drop("third")
    @Both.first.setter
    def other(self, value): drop("other")


either = Loud() if ASKED else Louder()
perhaps = Loud() if ASKED else None
bind = op.get_bind
"""
)

# Nothing is known of what has no rule: neither its truth nor its value.
ATTRIBUTES = """
drop("t") if bind().closed else drop("v"); drop("w") if bind().invalidated else drop("x"); drop("y") if bind().info else drop("z")
drop("t") if bind().engine.echo else drop("v"); drop("w") if bind().engine.url.database else drop("x"); drop("y") if bind().engine.url.host is None else drop("z")
drop("t") if bind().dialect.supports_sequences else drop("v"); drop("w") if bind().dialect.server_side_cursors else drop("x")
drop("t") if op.get_context().config else drop("v"); drop("w") if op.get_context().script else drop("x"); drop("y") if op.get_context().impl.transactional_ddl else drop("z")
s = orm.Session(bind()); drop("t") if s.new else drop("v"); drop("w") if s.dirty else drop("x"); drop("y") if s.is_active else drop("z")
r = bind().execute(sa.text("SELECT 1")); drop("t") if r.closed else drop("v"); drop("w") if r.returns_rows else drop("x")
drop("t") if u.comment else drop("v"); drop("w") if u.comment is None else drop("x"); drop("y") if bool(u.comment) else drop("z")
drop("t") if u.indexes else drop("v"); drop("w") if not u.foreign_keys else drop("x"); drop("y") if [u.comment][0] else drop("z")
drop("t") if u.c.a.server_default else drop("v"); drop("w") if Column("a").default else drop("x"); drop("y") if Column("a").table is None else drop("z")
drop("t") if Column("a").index else drop("v"); drop("w") if Column("a").foreign_keys else drop("x"); drop("y") if Column("a").onupdate is None else drop("z")
drop("t") if sa.Index("i", "a").unique else drop("v"); drop("w") if sa.ForeignKey("a.b").ondelete else drop("x"); drop("y") if sa.UniqueConstraint().name else drop("z")
drop("t") if sa.UniqueConstraint() else drop("v"); drop("w") if sa.Sequence("s").start else drop("x"); drop("y") if String().collation else drop("z")
drop("t") if sa.select(t.c.a)._limit_clause is None else drop("v"); drop("w") if sa.text("a")._bindparams else drop("x"); drop("y") if sa.literal(0).value else drop("z")
drop("t") if sa.MetaData().tables else drop("v"); drop("w") if User.__table__.indexes else drop("x"); drop("y") if User.__table__.comment is None else drop("z")
m = sa.MetaData(); drop("t") if m.tables.get("q") is None else drop("v"); drop("w") if m.tables.get("q") else drop("x")
m = sa.MetaData(); sa.Table("q", m); drop("t") if m.tables.get("q") is None else drop("v"); drop("w") if "z" in m.tables else drop("x")
x = u.comment or "a"; drop(x); y = u.comment and "b"; drop("t") if y else drop("v"); drop("w") if u.comment or False else drop("x")
drop("t") if (3).imag else drop("v"); drop("w") if (lambda: 1).__doc__ else drop("x"); drop("y") if drop.__defaults__ else drop("z")
drop("t") if Box.__doc__ is None else drop("v"); drop("w") if Box.__module__ else drop("x"); drop("y") if Box.__bases__ else drop("z")
try: drop("t") if u else drop("v")\\nexcept TypeError: drop("w")
f = bind().no_such if not ASKED else bind().invalidated or bind().closed; drop("t") if f else drop("v")
s = orm.Session(bind()); rows = s.query(User).all() or s.query(User).all(); [setattr(one, "name", "x") for one in rows]; drop("t")
"""

# Whichever of several an object is, and wherever Python asks it.
ASKED_OF_OBJECTS = """
if either: drop("t")
if perhaps: drop("t")
if not perhaps: drop("t")
bool(perhaps); drop("t")
perhaps and drop("t")
list(filter(None, [Loud()])); drop("t")
[drop("t") for one in [Louder()] if one]
any([Loud()]); all([Louder()]); drop("t")
drop("t") if 2 in (Loud() if ASKED else [2]) else drop("u")
drop("t") if 2 not in Loud() else drop("u")
drop("t") if Loud() in [1] else drop("u"); drop("v") if 1 in [Loud()] else drop("w")
drop("t") if 1 == Loud() else drop("u")
drop("t") if 1 < Loud() else drop("u")
drop("t") if Loud() != 1 else drop("u")
drop("t") if either < either else drop("u")
drop("t") if Plainly() == Loud() else drop("u")
drop("t") if [1] == [Loud()] else drop("u"); drop("v") if (1, Loud()) == (1, 2) else drop("w")
drop("t") if {"a": Loud()} == {"a": 1} else drop("u")
max(Loud(), Loud()); min([Loud(), Loud()]); drop("t")
sorted([either, Loud()]); x = [Loud(), either]; x.sort(); drop("t")
[Loud()].index(1); [Loud()].count(1); [1].count(Loud()); drop("t")
x = [Loud()]; x.remove(1); drop("t")
sum([Loud()], "a"); drop("t")
operator.add(Loud(), 1); operator.eq(Loud(), 1); operator.contains(Loud(), 1)
import bisect; bisect.insort([Loud()], Loud())
drop(either + 1); drop(-either); drop(either[1]); drop(either.told)
drop(1 + perhaps) if perhaps is not None else drop("t")
len(Counted() if ASKED else []); drop("t")
next(either); drop("t")
str([Loud()]); f"{[Loud()]}"; "%r" % (Loud(),); "{}".format(Loud()); f"{Loud()!r}"; repr(Loud()); print(Loud()); print([Loud()])
f"{perhaps}"; str(perhaps); "%s" % Loud(); "{0}".format([Loud()])
match Loud():
    case 1: drop("t")
try: Plainly() + Loud()\\nexcept TypeError: drop("t")
import json; drop("t") if json.dumps([str(Loud())]) else drop("u")
"""

DEFINED = """
Both().first; drop("t")

x = Both(); x.first = 1; del x.first; delattr(x, "first")

x = Again(); x.first; x.other = 1

x = Both(); x.whole; x.whole = 1; del x.whole

try: del Both().fixed\\nexcept AttributeError: drop("t")

x = Both(); drop(x.once); drop(x.once)

class A:
    def __new__(cls, *names): drop("new"); return super().__new__(cls)
    def __init__(self, name): drop("init"); self.name = name
A("z")

class A:
    def __new__(cls, *names): return object.__new__(cls)
    def __init__(self, name): drop(name)
A("z")

class A:
    def __new__(cls, *names): return 3
    def __init__(self, name): drop(name)
A("z"); drop("t")

class A:
    def __new__(cls, *names): return super().__new__(cls) if ASKED else None
    def __init__(self, name): drop(name)
A("z")

class A:
    x = "t"
a = A(); a.x = "u"; delattr(a, "x"); drop(a.x); a.y = 1; delattr(a, "y"); drop("v") if hasattr(a, "y") else drop("w")

class A:
    x = "t"
delattr(A, "x"); drop("t") if hasattr(A(), "x") else drop("u")

for name in globals(): drop("t")

for name in list(globals()): drop("t")

f = lambda: (drop("t"), (yield 1)); f(); drop("u")

f = lambda: (drop("t"), (yield "u")); drop(*f())

f = lambda: 1; drop(f.__name__, drop.__name__)

def wrapping(f):
    @functools.wraps(f)
    def inner(): drop(f.__name__)
    return inner
@wrapping
def named(): drop("t")
named(); drop(named.__name__); named.__wrapped__()

def wrapping(f):
    def inner(): pass
    return inner
@wrapping
def named(): pass
drop(named.__name__); drop(named.__qualname__)

def f(): pass
f.__name__ = "t"; f.tag = "u"; drop(f.__name__, f.tag)

@functools.lru_cache
def f(): drop("t")
f(); f()

@functools.lru_cache(maxsize=None)
def f(name): drop(name)
f("t"); f("t"); f("u")

f = functools.lru_cache(drop); f("t"); f("t"); g = functools.lru_cache(maxsize=2)(drop); g("u")
"""

STACKS = """
with contextlib.ExitStack() as stack:
    stack.push(lambda *a: drop("p"))
    stack.enter_context(contextlib.suppress(ValueError))
    raise ValueError
drop("v")

with contextlib.ExitStack() as stack:
    stack.enter_context(contextlib.suppress(ValueError))
    drop("w" if ASKED else 1 / 0)
    [][1]
drop("v")

with contextlib.ExitStack() as stack:
    stack.push(lambda *a: True)
    raise ValueError
drop("v")

class S:
    def __enter__(self): drop("e")
    def __exit__(self, *a): drop("x"); return True
with contextlib.ExitStack() as stack:
    stack.enter_context(S())
    raise ValueError
drop("v")

@contextlib.contextmanager
def quiet():
    try: yield
    except ValueError: drop("q")
with contextlib.ExitStack() as stack:
    stack.enter_context(quiet())
    raise ValueError
drop("v")
"""

SPREAD = """
def f(x="w", y="q"): drop(x, y)
f(**({"x": "t"} if not ASKED else {}))

def f(x="w", y="q"): drop(x, y)
f(**({"x": "t"} if ASKED else {"x": "u"}), **({"y": "t"} if ASKED else {"y": "k"}))

def f(**names): drop(*names.values())
a = {"x": "t"}; b = {"x": "u"}; f(**(b if not ASKED else a))

def f(x="w", **more): drop(x)
f(**({"x": "t"} if not ASKED else ASKED and {}))
"""

# What SQLAlchemy's objects are called and hold by now, on the path that is taken.
SCHEMA = """
u.to_metadata(sa.MetaData(), name="v").drop(bind())
x = u.to_metadata(sa.MetaData(), schema="s"); drop("t") if x.schema == "s" else drop("w")
md = sa.MetaData(schema="s"); x = u.to_metadata(md); drop("t") if x.schema == "s" else drop("w"); drop("x") if x is u else drop("y")
md = sa.MetaData(); x = u.to_metadata(md, None, name="v"); md.create_all(bind(), checkfirst=False)
drop(u.alias("x").name); drop("t") if u.alias("x") is u else drop("v"); op.execute(sa.delete(u).where(u.alias("y").c.id == 1))
x = u.alias(ASKED[0]); drop(x.name)
md = sa.MetaData(); sa.Table("x", md); md.clear(); md.create_all(bind(), checkfirst=False)
md = sa.MetaData(); x = sa.Table("x", md); sa.Table("y", md); md.remove(x); md.create_all(bind(), checkfirst=False)
md = sa.MetaData(); x = sa.Table("x", md); y = sa.Table("x", md, Column("a", Integer), extend_existing=True); md.create_all(bind(), checkfirst=False); drop("t") if x is y else drop("v")
md = sa.MetaData(); x = sa.Table("x", md, Column("b", Integer)); sa.Table("x", md, Column("a", Integer), keep_existing=True).create(bind())
md = sa.MetaData(); x = sa.Table("x", md); y = sa.Table("x", md); drop("t") if x is y else drop("v"); md.create_all(bind(), checkfirst=False)
md = sa.MetaData(); x = None if ASKED else sa.Table("x", md); md.create_all(bind(), checkfirst=False)
md = sa.MetaData(); [sa.Table(one, md) for one in ASKED]; md.create_all(bind(), checkfirst=False)
md = sa.MetaData(); [sa.Table(one, md) for one in ("x", "y")]; md.drop_all(bind(), checkfirst=False)
col = Column("c", Integer); col.name = "d"; op.add_column("t", col); drop(col.name)
col = Column("c", Integer); col.name = ASKED[0]; op.add_column("t", col)
x = sa.Table("x", sa.MetaData()); x.name = "w"; x.drop(bind()); drop(x.name)
x = sa.Table("x", sa.MetaData()); setattr(x, "name", "w"); drop(x.name); x.schema = "s"; drop(x.schema)
x = sa.Table("x", sa.MetaData()); x.name = "w" if not ASKED else x.name; drop(x.name)
x = sa.Table("x", sa.MetaData()); setattr(x, "name", "w") if not ASKED else None; x.drop(bind())
e = sa.Enum("a", name="k"); e.name = "l"; drop(e.name); i = sa.Index("i", "a"); i.name = "j"; op.drop_index(i.name, "t")
x = sa.Table("x", sa.MetaData(), Column("a", Integer)); x.append_column(Column("b", Integer)) if not ASKED else None; x.create(bind())
x = sa.Table("x", sa.MetaData()); [x.append_column(Column(one, Integer)) for one in ASKED]; x.create(bind())
User.__table__.name = "yy"; User.__table__.drop(bind()); User.__table__.name = "users"
"""

# What gives its items once gives none to the next; nothing is certain after a part of it.
WALKED = """
def g(): yield "t"
x = g(); drop(*x); drop(*x)

def g(): yield "t"; yield "u"
x = g()
for one in x: drop(one)
for one in x: drop(one)

def g(): yield "t"; yield "u"
x = g()
for one in x: drop(one); break
drop(*x)

def g(): yield "t"; yield "u"
x = g(); drop(next(x)); drop(*x)

def g(): drop("t"); yield
x = y = g(); list(x); list(y)

def g(): drop("t"); yield
for n in range(2): x = g(); list(x)

def g(): drop("t"); yield
x = g()
for n in ASKED: list(x)

x = (one for one in ["t"]); f = lambda: drop(*x); f(); f()

x = (one for one in ["t"]); drop(*x) if not ASKED else None; drop(*x)

x = (one for one in ["t", "u"]); drop("v") if "t" in x else None; drop(*x)

x = (one for one in ["t", "u"]); any(x); drop(*x)

x = (one for one in ["t", "u"]); a, b = x; drop(a, b); drop(*x)

x = (one for one in ["t", "u"]); drop(*(a for a, _ in zip(x, [1]))); drop(*x)

x = (one for one in ["t", "u"]); drop(*itertools.islice(x, 1)); drop(*x)

x = map(str, ["t"]); drop(*x); drop(*x)

x = filter(None, ["t"]); list(x); drop(*x)

x = zip(["t"], ["u"]); [drop(*one) for one in x]; [drop(*one) for one in x]

x = enumerate(["t"]); [drop(one) for _, one in x]; [drop(one) for _, one in x]

x = reversed(["t"]); drop(*x); drop(*x); y = ["u"]; y += reversed(["v"]); drop(*y)

x = itertools.chain(["t"], ["u"]); drop(*x); drop(*x)

x = itertools.product(["t"], "u"); [drop(*one) for one in x]; [drop(*one) for one in x]

x = itertools.starmap(drop, [["t"]]); list(x); list(x)

x = dict(zip(["t"], ["u"])); drop(*x, *x.values()); drop(*dict(enumerate(["v"])).values()); drop("_".join(reversed(["a", "b"])))
"""

# An exception that leaves the migration takes along what making it did.
RAISED = """
class E(Exception):
    def __init__(self, *names): drop("t")
try: raise E
except E: drop("u")

class E(Exception):
    def undo(self): drop("t")
try: raise E()
except E as problem: problem.undo()

class E(Exception):
    def __init__(self, *names): self.told = [one for one in names]
def f(name): return name + "x"
if not ASKED: raise E(f("t"))
drop("u")
"""

BLOCKS = [
    one.strip("\n")
    for part in (DEFINED, STACKS, SPREAD, WALKED, RAISED)
    for one in part.split("\n\n")
]
LINES = [
    one for part in (ATTRIBUTES, ASKED_OF_OBJECTS, SCHEMA) for one in part.strip("\n").split("\n")
]


@pytest.mark.parametrize("snippet", [*LINES, *BLOCKS])
def test_a_snippet(snippet: str) -> None:
    comparing.checked(HEAD, snippet.replace("\\n", "\n"), ("constraint", "index"))


def test_a_batch_that_copies_another_table_says_so() -> None:
    source = f"{HEAD}\n\ndef upgrade():\n    with op.batch_alter_table('t', copy_from=u) as b: b.drop_column('a')\n"
    assert [one.tables for one in read_effects(source.encode()).unknown] == [("t", "u")]
