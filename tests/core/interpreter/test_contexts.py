# ruff: noqa: E501
"""Every way to write an operation, crossed with every kind of operation: never silence."""

from __future__ import annotations

from textwrap import indent

import pytest

from lback.core.interpreter.reading import read_effects
from tests.core.recording import missed, overclaimed, run

# The product of what each has an example of elsewhere.
pytestmark = pytest.mark.untraced

HEAD = """
import abc, asyncio, contextlib, functools, importlib, itertools, operator, sys
from alembic import op
import alembic
import sqlalchemy as sa
revision = "a"
down_revision = None
STEPS = []
"""

# What is done, in one line; the name that it is done with, and what a run records.
OPERATIONS = {
    "add column": 'op.add_column("t", sa.Column("c", sa.Integer()))',
    "drop column": 'op.drop_column("t", "c")',
    "alter column": 'op.alter_column("t", "c", nullable=False)',
    "rename column": 'op.alter_column("t", "c", new_column_name="d")',
    "create table": 'op.create_table("t", sa.Column("c", sa.Integer()))',
    "drop table": 'op.drop_table("t")',
    "rename table": 'op.rename_table("t", "u")',
    "create index": 'op.create_index("i", "t", ["c"])',
    "drop index": 'op.drop_index("i", table_name="t")',
    "create constraint": 'op.create_unique_constraint("u", "t", ["c"])',
    "drop constraint": 'op.drop_constraint("u", "t", type_="unique")',
    "update": 'op.execute("UPDATE t SET c = 1")',
    "delete": 'op.get_bind().execute(sa.text("DELETE FROM t"))',
    "bulk insert": 'op.bulk_insert(sa.table("t", sa.column("c")), [{"c": 1}])',
}

# A context: HEAD part, "---", body of upgrade(); OP stands for the operation.
CONTEXTS = {
    "plain": "---\nOP",
    "assigned": "---\nx = OP",
    "annotated": "---\nx: object = OP",
    "walrus": "---\nif (x := OP) is None:\n    pass",
    "tuple": "---\nx = (1, OP)",
    "list item": "---\nx = [OP]",
    "dict value": "---\nx = {'a': OP}",
    "dict key": "---\nx = {OP: 1}",
    "set": "---\nx = {OP}",
    "subscript": "---\nx = {}.get(OP)",
    "slice": "---\nx = 'abc'[0 if OP else 1:]",
    "f-string": "---\nx = f'{OP}'",
    "f-string width": "---\nx = f'{1:{2 if OP else 3}}'",
    "percent": "---\nx = '%s' % OP",
    "format": "---\nx = '{}'.format(OP)",
    "compare": "---\nx = OP == 1",
    "chained compare": "---\nx = 1 == 1 == OP",
    "not": "---\nx = not OP",
    "and": "---\nx = True and OP",
    "or": "---\nx = False or OP",
    "if expression": "---\nx = OP if True else 1",
    "if test": "---\nif OP:\n    pass",
    "if body": "---\nif 1 == 1:\n    OP",
    "elif": "---\nif 1 == 2:\n    pass\nelif 1 == 1:\n    OP",
    "while": "---\nn = 0\nwhile n < 1:\n    OP\n    n += 1",
    "while else": "---\nwhile False:\n    pass\nelse:\n    OP",
    "while true": "---\nwhile True:\n    OP\n    break",
    "for": "---\nfor n in [1]:\n    OP",
    "for iterable": "---\nfor n in [OP]:\n    pass",
    "for else": "---\nfor n in []:\n    pass\nelse:\n    OP",
    "list comprehension": "---\n[OP for n in [1]]",
    "set comprehension": "---\nx = {OP for n in [1]}",
    "dict comprehension": "---\nx = {n: OP for n in [1]}",
    "comprehension test": "---\nx = [n for n in [1] if OP]",
    "generator in list": "---\nlist(OP for n in [1])",
    "generator in any": "---\nany(OP for n in [1])",
    "generator in sum": "---\nsum(1 for n in [1] if OP is None)",
    "generator in join": "---\n''.join(str(OP) for n in [1])",
    "generator unpacked": "---\nx, = (OP for n in [1])",
    "try": "---\ntry:\n    OP\nexcept ValueError:\n    pass",
    "except": "---\ntry:\n    raise ValueError\nexcept ValueError:\n    OP",
    "try else": "---\ntry:\n    pass\nexcept ValueError:\n    pass\nelse:\n    OP",
    "finally": "---\ntry:\n    pass\nfinally:\n    OP",
    "finally after return": "def f():\n    try:\n        return 1\n    finally:\n        OP\n---\nf()",
    "finally after raise": (
        "def f():\n    try:\n        raise ValueError\n    finally:\n        OP\n---\n"
        "try:\n    f()\nexcept ValueError:\n    pass"
    ),
    "match": "---\nmatch 1:\n    case 1:\n        OP",
    "match guard": "---\nmatch 1:\n    case x if OP is None:\n        pass",
    "match default": "---\nmatch 1:\n    case 2:\n        pass\n    case _:\n        OP",
    "assert": "---\nassert OP is None",
    "raise": "---\ntry:\n    raise ValueError(OP)\nexcept ValueError:\n    pass",
    "return": "---\nreturn OP",
    "lambda": "---\n(lambda: OP)()",
    "lambda default": "---\nx = lambda a=OP: a",
    "default argument": "---\ndef f(a=OP):\n    pass",
    "nested function": "---\ndef f():\n    OP\nf()",
    "helper": "def f():\n    OP\n---\nf()",
    "helper in dict": "def f():\n    OP\n---\n{'f': f}['f']()",
    "helper in list": "def f():\n    OP\n---\nfor g in [f]:\n    g()",
    "starred call": "def f(*a):\n    a[0]()\n---\nf(*[lambda: OP])",
    "keyword call": "def f(**k):\n    k['g']()\n---\nf(**{'g': lambda: OP})",
    "mutable default": "def f(a=[]):\n    a.append(1)\n    OP\n---\nf()",
    "closure": "def f():\n    def g():\n        OP\n    return g\n---\nf()()",
    "globals": "def f():\n    OP\n---\nglobals()['f']()",
    "sys.modules": "def f():\n    OP\n---\nsys.modules[__name__].f()",
    "getattr": "class A:\n    def go(self):\n        OP\n---\ngetattr(A(), 'go')()",
    "class body": "---\nclass A:\n    OP",
    "method": "class A:\n    def go(self):\n        OP\n---\nA().go()",
    "init": "class A:\n    def __init__(self):\n        OP\n---\nA()",
    "new": "class A:\n    def __new__(cls):\n        OP\n        return object.__new__(cls)\n---\nA()",
    "classmethod": "class A:\n    @classmethod\n    def go(cls):\n        OP\n---\nA.go()",
    "staticmethod": "class A:\n    @staticmethod\n    def go():\n        OP\n---\nA.go()",
    "property": "class A:\n    @property\n    def go(self):\n        OP\n---\nA().go",
    "property setter": (
        "class A:\n    @property\n    def go(self):\n        pass\n    @go.setter\n"
        "    def go(self, v):\n        OP\n---\nA().go = 1"
    ),
    "cached property": (
        "class A:\n    @functools.cached_property\n    def go(self):\n        OP\n---\nA().go"
    ),
    "descriptor": "class D:\n    def __get__(self, o, k):\n        OP\nclass A:\n    d = D()\n---\nA().d",
    "__getattr__": "class A:\n    def __getattr__(self, n):\n        OP\n---\nA().go",
    "__getitem__": "class A:\n    def __getitem__(self, n):\n        OP\n---\nA()[1]",
    "__setitem__": "class A:\n    def __setitem__(self, n, v):\n        OP\n---\nA()[1] = 2",
    "__setattr__": "class A:\n    def __setattr__(self, n, v):\n        OP\n---\nA().x = 2",
    "__call__": "class A:\n    def __call__(self):\n        OP\n---\nA()()",
    "__iter__": "class A:\n    def __iter__(self):\n        OP\n        return iter([])\n---\nfor x in A():\n    pass",
    "__next__": (
        "class A:\n    def __init__(self):\n        self.n = 0\n    def __iter__(self):\n"
        "        return self\n    def __next__(self):\n        self.n += 1\n        if self.n > 1:\n"
        "            raise StopIteration\n        OP\n---\nfor x in A():\n    pass"
    ),
    "__len__": "class A:\n    def __len__(self):\n        OP\n        return 1\n---\nlen(A())",
    "__bool__": "class A:\n    def __bool__(self):\n        OP\n        return True\n---\nif A():\n    pass",
    "__eq__": "class A:\n    def __eq__(self, o):\n        OP\n---\nx = A() == 1",
    "__contains__": "class A:\n    def __contains__(self, o):\n        OP\n---\nx = 1 in A()",
    "__add__": "class A:\n    def __add__(self, o):\n        OP\n---\nx = A() + 1",
    "__radd__": "class A:\n    def __radd__(self, o):\n        OP\n---\nx = 1 + A()",
    "__str__": "class A:\n    def __str__(self):\n        OP\n        return ''\n---\nx = f'{A()}'",
    "__enter__": (
        "class A:\n    def __enter__(self):\n        OP\n    def __exit__(self, *a):\n        pass\n---\n"
        "with A():\n    pass"
    ),
    "__exit__": (
        "class A:\n    def __enter__(self):\n        pass\n    def __exit__(self, *a):\n        OP\n---\n"
        "with A():\n    pass"
    ),
    "inherited": "class A:\n    def go(self):\n        OP\nclass B(A):\n    pass\n---\nB().go()",
    "super": (
        "class A:\n    def go(self):\n        OP\nclass B(A):\n    def go(self):\n"
        "        super().go()\n---\nB().go()"
    ),
    "super init": (
        "class A:\n    def __init__(self):\n        OP\nclass B(A):\n    def __init__(self):\n"
        "        super().__init__()\n---\nB()"
    ),
    "abstract": (
        "class A(abc.ABC):\n    def run(self):\n        self.go()\n    @abc.abstractmethod\n"
        "    def go(self): ...\nclass B(A):\n    def go(self):\n        OP\n---\nB().run()"
    ),
    "mixin": (
        "class A:\n    def run(self):\n        self.go()\nclass M:\n    def go(self):\n        OP\n"
        "class B(M, A):\n    pass\n---\nB().run()"
    ),
    "__init_subclass__": (
        "class A:\n    def __init_subclass__(cls):\n        OP\n---\nclass B(A):\n    pass"
    ),
    "metaclass": (
        "class M(type):\n    def __new__(m, n, b, d):\n        OP\n        return type.__new__(m, n, b, d)\n"
        "---\nclass A(metaclass=M):\n    pass"
    ),
    "instance attribute": ("class A:\n    pass\n---\na = A()\na.go = lambda: OP\na.go()"),
    "dataclass post init": (
        "import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int = 1\n"
        "    def __post_init__(self):\n        OP\n---\nA()"
    ),
    "decorator runs": "def d(f):\n    f()\n    return f\n---\n@d\ndef g():\n    OP",
    "decorator wraps": (
        "def d(f):\n    @functools.wraps(f)\n    def w(*a):\n        return f(*a)\n    return w\n"
        "@d\ndef g():\n    OP\n---\ng()"
    ),
    "decorator with argument": (
        "def d(n):\n    def deco(f):\n        def w():\n            OP\n            return f()\n        return w\n"
        "    return deco\n@d(1)\ndef g():\n    pass\n---\ng()"
    ),
    "decorator registers": (
        "def d(f):\n    STEPS.append(f)\n    return f\n@d\ndef g():\n    OP\n---\nfor s in STEPS:\n    s()"
    ),
    "class decorator": "class D:\n    def __init__(self, f):\n        self.f = f\n    def __call__(self):\n"
    "        OP\n        return self.f()\n@D\ndef g():\n    pass\n---\ng()",
    "lru_cache": "@functools.lru_cache(None)\ndef g():\n    OP\n---\ng()",
    "generator function": "def g():\n    OP\n    yield 1\n---\nfor x in g():\n    pass",
    "generator for body": "def g():\n    yield 1\n---\nfor x in g():\n    OP",
    "yield from": "def g():\n    OP\n    yield 1\ndef h():\n    yield from g()\n---\nlist(h())",
    "next": "def g():\n    OP\n    yield 1\n---\nnext(g())",
    "contextmanager before": (
        "@contextlib.contextmanager\ndef m():\n    OP\n    yield\n---\nwith m():\n    pass"
    ),
    "contextmanager after": (
        "@contextlib.contextmanager\ndef m():\n    yield\n    OP\n---\nwith m():\n    pass"
    ),
    "contextmanager body": "@contextlib.contextmanager\ndef m():\n    yield\n---\nwith m():\n    OP",
    "contextmanager after return": (
        "@contextlib.contextmanager\ndef m():\n    yield\n    OP\ndef f():\n    with m():\n        return 1\n"
        "---\nf()"
    ),
    "contextmanager as decorator": (
        "@contextlib.contextmanager\ndef m():\n    OP\n    yield\n@m()\ndef g():\n    pass\n---\ng()"
    ),
    "suppress": "---\nwith contextlib.suppress(ValueError):\n    OP",
    "nullcontext": "---\nwith contextlib.nullcontext():\n    OP",
    "exit stack body": "---\nwith contextlib.ExitStack() as s:\n    OP",
    "exit stack callback": "---\nwith contextlib.ExitStack() as s:\n    s.callback(lambda: OP)",
    "exit stack enter": (
        "@contextlib.contextmanager\ndef m():\n    OP\n    yield\n---\nwith contextlib.ExitStack() as s:\n"
        "    s.enter_context(m())"
    ),
    "two managers": "---\nwith contextlib.nullcontext(), contextlib.nullcontext():\n    OP",
    "map": "---\nlist(map(lambda n: OP, [1]))",
    "filter": "---\nlist(filter(lambda n: OP, [1]))",
    "sorted key": "---\nsorted([1], key=lambda n: 1 if OP else 2)",
    "max key": "---\nmax([1, 2], key=lambda n: 1 if OP else 2)",
    "reduce": "---\nfunctools.reduce(lambda a, b: OP, [1, 2])",
    "partial": "def f(n):\n    OP\n---\nfunctools.partial(f, 1)()",
    "starmap": "---\nlist(itertools.starmap(lambda n: OP, [(1,)]))",
    "operator.call": "def f():\n    OP\n---\noperator.methodcaller('__call__')(f)",
    "coroutine": "async def f():\n    OP\n---\nasyncio.run(f())",
    "await": "async def f():\n    OP\nasync def g():\n    await f()\n---\nasyncio.run(g())",
    "gather": "async def f():\n    OP\nasync def g():\n    await asyncio.gather(f())\n---\nasyncio.run(g())",
    "async for": (
        "async def f():\n    yield 1\nasync def g():\n    async for x in f():\n        OP\n---\nasyncio.run(g())"
    ),
    "async with": (
        "class A:\n    async def __aenter__(self):\n        OP\n    async def __aexit__(self, *a):\n        pass\n"
        "async def g():\n    async with A():\n        pass\n---\nasyncio.run(g())"
    ),
    "global": "F = None\ndef f():\n    global F\n    F = lambda: OP\n---\nf()\nF()",
    "nonlocal": ("---\ng = None\ndef f():\n    nonlocal g\n    g = lambda: OP\nf()\ng()"),
    "op in a name": "---\no = op\nREBOUND",
    "op in an argument": "def f(o):\n    REBOUND\n---\nf(op)",
    "op in an attribute": "class A:\n    def __init__(self, o):\n        self.o = o\n    def go(self):\n"
    "        o = self.o\n        REBOUND\n---\nA(op).go()",
    "op by module": "---\no = alembic.op\nREBOUND",
    "op by import_module": "---\no = importlib.import_module('alembic.op')\nREBOUND",
    "op by sys.modules": "---\no = sys.modules['alembic.op']\nREBOUND",
    "op by getattr": "---\no = getattr(alembic, 'op')\nREBOUND",
    "op in a dict": "---\no = {'o': op}['o']\nREBOUND",
    "op in a list": "---\n[o] = [op]\nREBOUND",
    "op by Operations": (
        "from alembic.operations import Operations\n---\no = Operations(op.get_context())\nREBOUND"
    ),
    "op by Operations.context": (
        "from alembic.operations import Operations\n---\n"
        "with Operations.context(op.get_context()) as o:\n    REBOUND"
    ),
    "augmented attribute": "class A:\n    steps = []\n---\na = A()\na.steps += [lambda: OP]\na.steps[0]()",
    "list filled": "---\nx = []\nx.append(lambda: OP)\nfor s in x:\n    s()",
    "dict filled": "---\nx = {}\nx['a'] = lambda: OP\nx['a']()",
    "dict items": "---\nfor k, s in {'a': lambda: OP}.items():\n    s()",
    "setdefault": "---\n{}.setdefault('a', lambda: OP)()",
    "pop": "---\n[lambda: OP].pop()()",
    "iter": "---\nfor s in iter([lambda: OP]):\n    s()",
    "zip": "---\nfor s, n in zip([lambda: OP], [1]):\n    s()",
    "enumerate": "---\nfor n, s in enumerate([lambda: OP]):\n    s()",
    "reversed": "---\nfor s in reversed([lambda: OP]):\n    s()",
    "chain": "---\nfor s in itertools.chain([lambda: OP]):\n    s()",
    "delete": "class A:\n    def __delitem__(self, k):\n        OP\n---\na = A()\ndel a[1]",
    "star assignment": "---\na, *b = [1, lambda: OP]\nb[0]()",
    "exec": "---\nexec(compile('1', 'x', 'exec'))\nOP",
}


def text(context: str, operation: str) -> str:
    head, _, body = CONTEXTS[context].partition("---\n")
    code = OPERATIONS[operation]
    rebound = code.replace("op.", "o.")

    def filled(part: str) -> str:
        return part.replace("REBOUND", rebound).replace("OP", code)

    return (
        HEAD
        + filled(head)
        + "\ndef upgrade():\n"
        + indent(filled(body), "    ")
        + "\n\ndef downgrade():\n    pass\n"
    )


@pytest.mark.parametrize("context", CONTEXTS)
def test_every_context_is_read_or_said_to_be_unknown(context: str) -> None:
    for operation in OPERATIONS:
        source = text(context, operation)
        effects = read_effects(source.encode())
        done = run(source)
        # Not every operation gives what the context would like to have.
        assert isinstance(done.error, TypeError | AssertionError | None), (done.error, source)
        assert len(done.deeds) >= 1, (operation, source)
        assert not missed(done.deeds, effects), (operation, done.deeds, effects, source)
        assert not overclaimed(done.deeds, effects), (operation, done.deeds, effects, source)


def test_there_are_enough_of_them() -> None:
    assert len(CONTEXTS) >= 70
    assert len(OPERATIONS) >= 12
