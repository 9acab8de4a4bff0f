# ruff: noqa: E501
"""Modules of a project: what they do when a revision imports them was read, and nothing else."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest

from lback.core.interpreter.reading import FAULT, read_effects
from tests.core.recording import missed, overclaimed, run

HEAD = """
from alembic import op
import sqlalchemy as sa
revision = "a"
down_revision = None
"""
MODULES = {
    "shop.names": """
first = "t"
TABLES = ("t", "u")
HELD = []
COUNT = {}
_hidden = "h"
def __getattr__(name):
    return name
""",
    "shop.helpers": """
from alembic import op
__all__ = ["drop", "each"]
def drop(*names):
    for name in names:
        op.drop_table(name)
def each(names):
    for name in names:
        yield name
def inner():
    drop("inner")
""",
    "shop.late": """
import os, shop.names as names
from alembic import op
from .names import first as one, TABLES, HELD
from .helpers import *
a, (b, *c) = "t", ["u", "v"]
x = y = ["t"]
x.append("u")
y += ["v"]
z: dict = {}
z["a"] = "w"
d: str = "t"
if os.environ.get("NO_SUCH_NAME"):
    e = "t"
else:
    e = "u"
for one_more in ["t"]:
    f = one_more
try:
    g = {}["t"]
except KeyError:
    g = "u"
with open(os.devnull) as h:
    i = "t"
STEPS = []
def step(f):
    STEPS.append(f)
    return f
@step
def drop_t():
    op.drop_table("t")
@step
def drop_u():
    op.drop_table("u")
def fill(name):
    HELD.append(name)
    names.COUNT["n"] = name
fill("x")
class Late:
    name = "t"
    def run(self):
        op.drop_table(self.name)
made = Late()
made.name = "u"
def swap(name):
    global d
    d = name
""",
    "shop.same": """
from sqlalchemy import Column, Integer, MetaData, Table
from sqlalchemy.orm import declarative_base
x = y = ["t"]
(a, n) = (b, m) = ["t"], 2
c = ["t"]
d = c
d.append("u")
held = {"c": ["t"]}
inside = held["c"], c
class One:
    name = "t"
e = f = One()
g = h = {"k": "t"}
if x:
    i = j = ["t"]
def both():
    made = ["t"]
    return made, made
k, l = both()
def register(function):
    KEPT.append(function)
    return function
KEPT = []
@register
def drop_kept():
    from alembic import op
    op.drop_table("t")
md = MetaData()
t1 = Table("t1", md)
t2 = Table("t2", md)
Base = declarative_base()
class Other(Base):
    __tablename__ = "other"
    id = Column(Integer, primary_key=True)
""",
    "shop.pool": "a = 'u'\nb = 'v'\nimport shop.loop\n",
    "shop.loop": "from shop.pool import b\na = 't'\n",
    "shop": "from shop.late import *\n",
}
BODIES = """
from shop.late import drop, a, b, c; drop(a, b, *c)
from shop.late import drop, x, y; drop(*x); drop(*y); x.append("w"); drop(*x)
from shop.late import drop, z, d, e, f, g, i; drop(*z.values(), d, e, f, g, i)
from shop.late import STEPS; [one() for one in STEPS]
from shop.late import drop, HELD; drop(*HELD)
from shop.late import fill, HELD, drop; fill("y"); drop(*HELD); from shop.names import COUNT; drop(*COUNT.values())
from shop.late import one, TABLES, drop; drop(one, *TABLES)
from shop.late import each, drop; drop(*each(["t"])); [drop(n) for n in each(["u"])]
from shop.late import made, Late; made.run(); Late().run(); made.name = "v"; made.run()
from shop import late; late.drop(late.a); late.made.run(); late.d = "z"; late.drop(late.d); late.swap("q"); late.drop(late.d)
import shop.late as m; m.drop(m.names.first); m.op.drop_table("u"); m.STEPS[0](); [f() for f in m.STEPS]; m.swap("w"); m.drop(m.d)
import shop.late, shop.helpers; shop.late.drop("t"); shop.helpers.drop("u"); shop.helpers.inner(); shop.late.drop("v")
from shop import drop, each; drop(*each("tu"))
from shop.loop import a; from shop.pool import a as c, b; op.drop_table(a); op.drop_table(b); op.drop_table(c)
import importlib; m = importlib.import_module("shop.helpers"); m.drop("t"); getattr(m, "drop")("u"); [getattr(m, n)("v") for n in m.__all__ if n == "drop"]
import sys, shop.helpers; m = sys.modules["shop.helpers"]; m.drop("t")
from shop import helpers as h; h.drop = op.drop_table; h.drop("t"); h.inner()
from shop.helpers import inner as f, drop as g; f(); g("t"); (f if g else g)(); x = {"a": f}; x["a"]()
from shop.names import anything, first; op.drop_table(anything); op.drop_table(first)
import shop.names as n; op.drop_table(n._hidden); op.drop_table(n.first.upper()); op.drop_table(n.TABLES[-1]); op.drop_table(n.nothing)
from shop.helpers import each; g = each(["t", "u"]); op.drop_table(next(g)); [op.drop_table(n) for n in g]
from shop.late import STEPS, step, drop; step(lambda: drop("w")); STEPS.append(lambda: drop("x")); [f() for f in STEPS]
from shop import same as s; s.x.append("u"); [op.drop_table(n) for n in s.y]
from shop import same as s; s.a.append("u"); [op.drop_table(n) for n in s.b]
from shop import same as s; [op.drop_table(n) for n in s.c]; s.c.append("v"); [op.drop_table(n) for n in s.d]; [op.drop_table(n) for n in s.inside[1]]
from shop import same as s; s.e.name = "u"; op.drop_table(s.f.name); s.g["k"] = "v"; [op.drop_table(n) for n in s.h.values()]
from shop.same import i, j, k, l; i.append("u"); [op.drop_table(n) for n in j]; k.append("v"); [op.drop_table(n) for n in l]
from shop import same as s; s.drop_kept(); [f() for f in s.KEPT]
from shop import same as s; [op.drop_table(n) for n in s.c] if revision == "b" or not s.x else [op.drop_table(n) for n in s.d]
import os; from shop import same as s; s.One().name == "t" if os.environ.get("NO") else op.drop_table(s.One().name)
from shop import same as s; s.t1; s.md.create_all(op.get_bind(), checkfirst=False)
from shop import same as s; s.Base.metadata.create_all(op.get_bind(), checkfirst=False, tables=[s.t1, s.t2])
import sys, shop.helpers; vars(sys.modules["shop.helpers"])["drop"]("u"); shop.helpers.__dict__["drop"]("v")
"""

# Ways to write that there is no way down, or one that does nothing.
DOWN = {
    "nothing": "def downgrade():\n    pass",
    "only a text": 'def downgrade():\n    "There is no way back."',
    "returns": "def downgrade():\n    return None",
    "returns early": "def downgrade():\n    return\n",
    "says so": 'def downgrade():\n    print("no")',
    "logs it": 'import logging\nlog = logging.getLogger()\ndef downgrade():\n    log.warning("no")\n    ...',
    "imports": "def downgrade():\n    import os\n    from os import path\n    global x",
    "raises": "def downgrade():\n    raise NotImplementedError",
    "says so and raises": 'def downgrade():\n    print("no")\n    raise NotImplementedError("no")',
    "not there": "x = 1",
    "another name": "from os import getcwd as downgrade",
    "assigned": "downgrade = lambda: None",
    "assigned with others": "def f():\n    pass\na, (b, downgrade) = f, (f, f)",
    "drops": 'def downgrade():\n    op.drop_table("t")',
    "drops by a helper": 'def f():\n    op.drop_table("t")\ndef downgrade():\n    x = 1\n    f()',
    "is upgrade": "downgrade = upgrade",
    "inside a condition": "if True:\n    def downgrade():\n        op.drop_table('t')",
    "inside a condition, raising": "if True:\n    def downgrade():\n        raise NotImplementedError",
    "after a try": "try:\n    pass\nfinally:\n    def downgrade():\n        op.drop_table('t')",
    "inside a loop": "for x in [1]:\n    def downgrade():\n        op.drop_table('t')",
    "one of two": "if revision:\n    def downgrade():\n        op.drop_table('t')\nelse:\n    def downgrade():\n        pass",
    "annotated": "downgrade: object = upgrade",
    "named on the way": "(downgrade := upgrade)",
    "put among the globals": "globals()['downgrade'] = upgrade",
    "another after the first": "def downgrade():\n    pass\ndowngrade = upgrade",
    "after a star": "from alembic.op import *\ndef downgrade():\n    raise NotImplementedError",
    "made by text": "exec('def downgrade(): op.drop_table(chr(116))')",
}


@pytest.mark.parametrize("body", BODIES.strip().splitlines())
def test_what_a_module_gives_is_read(body: str) -> None:
    source = f"{HEAD}\ndef upgrade():\n{indent(body, '    ')}\n"
    held = {name: text.encode() for name, text in MODULES.items()}
    effects = read_effects(source.encode(), resolve=held.get)
    assert [one.reason for one in effects.unknown if one.reason.startswith(FAULT)] == []
    ran = run(source, modules=MODULES)
    assert ran.error is None
    assert ran.deeds
    assert missed(ran.deeds, effects) == []
    assert overclaimed(ran.deeds, effects) == []


@pytest.mark.parametrize("name", DOWN)
def test_a_way_down_is_said_to_be_there_when_there_is_one(name: str) -> None:
    source = f"{HEAD}\ndef upgrade():\n    op.drop_table('up')\n\n{DOWN[name]}\n"
    effects = read_effects(source.encode())
    ran = run(source, "downgrade")
    assert missed(ran.deeds, effects, "downgrade") == []
    assert overclaimed(ran.deeds, effects, "downgrade") == []
    assert not ran.deeds or not effects.downgrade_gap
    assert isinstance(ran.error, NotImplementedError) == (effects.downgrade_gap == "raises")
    assert isinstance(ran.error, KeyError) == (effects.downgrade_gap == "missing")


BROKEN = {
    "a stop in the middle": b"def upgrade(:\n    pass\n",
    "a zero": b"x = 1\0\n",
    "no text": b"\xff\xfe\xfa",
    "too deep": b"x = " + b"(" * 400 + b")" * 400,
    "too big": b"#" * 2_000_001,
    "too much": b"a,a;" * 80_000,
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_python_is_unknown_in_both_directions(name: str) -> None:
    source = b"from alembic import op\n" + BROKEN[name]
    assert {one.direction for one in read_effects(source).unknown} == {"upgrade", "downgrade"}
    user = f"{HEAD}\nfrom shop import drop\ndef upgrade():\n    drop('t')\n"
    assert read_effects(user.encode(), resolve={"shop": source}.get).unknowns("upgrade")


@pytest.mark.parametrize("lines", [8_000, 40_000])
def test_a_long_text_is_read_to_its_end(lines: int) -> None:
    source = f"{HEAD}{'# a line' * (lines // 4)}\ndef upgrade():\n    op.drop_table('t')\n"
    source += "# more\n" * lines
    assert missed(run(source).deeds, read_effects(source.encode())) == []
    assert overclaimed(run(source).deeds, read_effects(source.encode())) == []


# Whole revisions, whose top level does more than to define.
WHOLE = {
    "changes when loaded": "op.execute('DELETE FROM t')\ndef upgrade():\n    op.drop_table('u')",
    "changes when loaded by a helper": "def f():\n    op.drop_table('t')\nf()\ndef upgrade():\n    f()",
    "fills a list when loaded": "x = []\nfor n in 'tu':\n    x.append(n)\ndef upgrade():\n    [op.drop_table(n) for n in x]",
    "chooses when loaded": "if revision:\n    def upgrade():\n        op.drop_table('t')\nelse:\n    def upgrade():\n        op.drop_table('u')",
    "is a lambda": "upgrade = lambda: op.drop_table('t')",
    "is a method": "class A:\n    def up(self):\n        op.drop_table('t')\nupgrade = A().up",
    "is an object": "class A:\n    def __call__(self):\n        op.drop_table('t')\nupgrade = A()",
    "is a partial": "import functools\nupgrade = functools.partial(op.drop_table, 't')",
    "takes more than it needs": "def upgrade(name='t', *rest, **more):\n    op.drop_table(name)\n    print(rest, more)",
    "raises at the end": "def upgrade():\n    op.drop_table('t')\n    raise RuntimeError",
    "raises in a helper": "def f():\n    raise RuntimeError\ndef upgrade():\n    op.drop_table('t')\n    f()\n    op.drop_table('u')",
    "is defined twice": "def upgrade():\n    op.drop_table('t')\ndef upgrade():\n    op.drop_table('u')",
    "is decorated": "def d(f):\n    def g():\n        f()\n        op.drop_table('u')\n    return g\n@d\ndef upgrade():\n    op.drop_table('t')",
    "is a generator": "def upgrade():\n    op.drop_table('t')\n    yield",
    "calls itself to the end": "def f(n):\n    if n:\n        f(n - 1)\n    else:\n        op.drop_table('t')\ndef upgrade():\n    f(200)",
    "takes many steps": "def upgrade():\n    n = 0\n    while n < 60000:\n        n += 1\n    op.drop_table('t')",
    "holds a long sum": "def upgrade():\n    op.drop_table(" + "+".join(["'t'"] * 300) + ")",
    "holds a long list": "def upgrade():\n    x = ["
    + "'t'," * 12_000
    + "]\n    op.drop_table(x[0])",
    "holds a long dict": "def upgrade():\n    x = {"
    + "".join(f"{n}:'t'," for n in range(12_000))
    + "}\n    op.drop_table(x[0])",
    "is many dots": "def upgrade():\n    x = op"
    + ".x" * 300
    + " if 0 else op\n    x.drop_table('t')",
    "is made by text": "exec('def upgrade(): op.drop_table(chr(116))')",
    "is all globals": "def make(n):\n    def f():\n        op.drop_table(n)\n    return f\nglobals()['upgrade'] = make('t')",
}


@pytest.mark.parametrize("name", WHOLE)
def test_what_the_whole_of_a_revision_does_is_read(name: str) -> None:
    source = f"{HEAD}\n{WHOLE[name]}\n"
    effects = read_effects(source.encode())
    assert [one.reason for one in effects.unknown if one.reason.startswith(FAULT)] == []
    ran = run(source)
    assert missed(ran.deeds, effects) == []
    if ran.error is None:
        assert overclaimed(ran.deeds, effects) == []


# Ways to read a file; HERE is the folder that holds it.
FILES = """
op.execute((HERE / "t.sql").read_text())
op.execute(open(HERE / "t.sql").read()); op.execute(open(str(HERE) + "/u.sql").read())
[op.execute(line) for line in open(HERE / "t.sql").readlines()]
[op.execute(line) for line in open(HERE / "t.sql")]
with open(HERE / "t.sql") as f: op.execute(f.read())
with (HERE / "t.sql").open() as f: op.execute(f.read())
op.execute((HERE / "t.sql").with_name("u.sql").read_text())
op.execute((HERE / "t.txt").with_suffix(".sql").read_text())
op.execute(HERE.joinpath("x", "..", "t.sql").resolve().read_text())
op.execute((HERE / "x" / "y").parent.parent.joinpath("u.sql").absolute().read_text())
op.execute(open(os.path.join(HERE, "t.sql")).read()); op.execute(open(os.path.join(str(HERE), "u.sql")).read())
op.execute(open(os.path.join(os.path.dirname(str(HERE / "x")), "t.sql")).read()); op.execute(open(os.path.abspath(str(HERE / "u.sql"))).read())
f = open(HERE / "t.sql"); x = f.read(); f.close(); op.execute(x)
f = open(HERE / "t.sql"); x = f.readline(); f.seek(0); op.execute(x); f.close()
x = (HERE / "t.sql").read_bytes().decode(); op.execute(x)
for one in sorted(HERE.glob("*.sql")): op.execute(one.read_text())
for one in ("t", "u"): op.execute((HERE / f"{one}.sql").read_text())
for one in os.listdir(HERE): op.execute(open(HERE / one).read())
x = HERE / "t.sql"; op.drop_table(x.stem); op.drop_table(x.name); op.drop_table("a" + x.suffix); op.drop_table("v") if x.exists() else op.drop_table("w"); op.drop_table("y") if x.is_file() else op.drop_table("z")
x = HERE / "no.sql"; op.execute(x.read_text() if x.exists() else "DELETE FROM v")
for one in (HERE / "t.sql").read_text().split(";"): op.execute(one) if one.strip() else None
"""


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("body", FILES.strip().splitlines())
def test_what_a_file_holds_is_read(body: str, tmp_path: Path) -> None:
    (tmp_path / "t.sql").write_text("DELETE FROM t;\n")
    (tmp_path / "u.sql").write_text("DELETE FROM u;\n")

    def held(path: str) -> bytes | None:
        return Path(path).read_bytes() if Path(path).is_file() else None

    head = f"{HEAD}\nimport os\nfrom pathlib import Path\nHERE = Path({str(tmp_path)!r})\n"
    source = f"{head}\ndef upgrade():\n{indent(body, '    ')}\n"
    effects = read_effects(source.encode(), resolve_file=held)
    assert [one.reason for one in effects.unknown if one.reason.startswith(FAULT)] == []
    ran = run(source)
    assert ran.error is None
    assert missed(ran.deeds, effects) == []
    assert overclaimed(ran.deeds, effects) == []
