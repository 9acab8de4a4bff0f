# ruff: noqa: E501
"""Texts that mean to take all time or all memory; run as a module it reads them one by one."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from lback.core.interpreter.reading import read_effects

HEAD = "from alembic import op\nimport sqlalchemy as sa\nimport itertools, functools, re, json\n"
PLAIN = HEAD + 'def upgrade():\n    op.drop_table("t")\n'
_END = '\n    op.execute(a)\n    op.drop_table("t")\n'
MEGABYTE = 1_000_000


def _body(*lines: str) -> str:
    return (
        HEAD
        + "def upgrade():\n    a = 'x' * 10\n"
        + "".join(f"    {one}\n" for one in lines)
        + _END
    )


def _values() -> dict[str, str]:
    """Return one-line explosions of a value."""
    explosions = {
        "doubled": "a = a + a; " * 60,
        "doubled in place": "a += a; " * 60,
        "doubled by f-string": "a = f'{a}{a}'; " * 60,
        "doubled by format": "a = '{0}{0}'.format(a); " * 60,
        "doubled by named format": "a = '{x}{x}'.format(x=a); " * 60,
        "doubled by percent": "a = '%s%s' % (a, a); " * 60,
        "doubled by join": "a = a.join([a, a]); " * 60,
        "doubled by replace": "a = a.replace('x', 'xx'); " * 60,
        "doubled by times": "a = a * 2; " * 60,
        "doubled list": "b = [1]; " + "b = b + b; " * 60,
        "doubled list in place": "b = [1]; " + "b += b; " * 60,
        "doubled list by extend": "b = [1]; " + "b.extend(b); " * 60,
        "doubled list by star": "b = [1]; " + "b = [*b, *b]; " * 60,
        "doubled tuple": "b = (1,); " + "b = b + b; " * 60,
        "doubled list by times": "b = [1]; " + "b = b * 2; " * 60,
        "doubled by comprehension": "b = [1]; " + "b = [y for x in b for y in (x, x)]; " * 60,
        "doubled by chain": "b = [1]; " + "b = list(itertools.chain(b, b)); " * 60,
        "doubled by product": "b = [1, 2]; " + "b = list(itertools.product(b, b)); " * 20,
        "doubled by zip": "b = [1, 2]; " + "b = [b, b]; " * 60,
        "shared tree": "b = []; " + "b = [b, b]; " * 60 + "a = str(b); c = b == b",
        "shared tree of dicts": "b = {}; " + "b = {'x': b, 'y': b}; " * 60 + "a = str(b)",
        "times": "a = 'x' * 10**9",
        "times from the left": "a = 10**9 * 'x'",
        "times a list": "b = [1] * 10**9",
        "times a tuple": "b = (1,) * 10**9",
        "times bytes": "b = b'x' * 10**9",
        "times of a choice": "a = ('x' if op else 'y') * 10**9",
        "power": "b = 10**10**8",
        "power of powers": "b = 9**9**9**9",
        "shift": "b = 1 << 10**10",
        "products": "b = 10**9; " + "b = b * b; " * 60,
        "product printed": "b = 10**9; " + "b = b * b; " * 60 + "a = str(b)",
        "range": "b = list(range(10**9))",
        "range of range": "b = range(10**30); c = b[5]; d = len(b)",
        "range walked": "[op.drop_table(str(n)) for n in range(10**9)]",
        "range backwards": "b = list(range(10**18, 0, -1))",
        "range stepped by nothing": "b = list(range(1, 2, 0))",
        "percent width": "a = '%1000000000d' % 1",
        "percent star": "a = '%*d' % (10**9, 1)",
        "percent precision": "a = '%.1000000000f' % 1.0",
        "percent text width": "a = '%1000000000s' % a",
        "format width": "a = '{:1000000000}'.format(1)",
        "format nested width": "a = '{:{}}'.format(1, 10**9)",
        "format index": "a = '{99999999999999999999}'.format(1)",
        "format attributes": "a = ('{0.a' + '.a' * 9999 + '}').format(op)",
        "f-string width": "a = f'{1:1000000000}'",
        "f-string variable width": "b = 10**9; a = f'{1:{b}}'",
        "ljust": "a = a.ljust(10**9)",
        "rjust": "a = a.rjust(10**9, '-')",
        "center": "a = a.center(10**9)",
        "zfill": "a = a.zfill(10**9)",
        "expandtabs": "a = 'a\\tb'.expandtabs(10**9)",
        "join of many": "a = ('x' * 10000).join(['y'] * 10000)",
        "join of a text": "a = ('x' * 100000).join('y' * 100000)",
        "replace of nothing": "a = ('x' * 100000).replace('', 'y' * 100000)",
        "replace of all": "a = ('x' * 10000).replace('x', 'y' * 10000)",
        "translate": "a = a.translate({120: 'y' * 10**8})",
        "encode": "b = ('x' * 100000).encode() * 10**6",
        "format map": "a = '{x}{x}'.format_map({'x': a * 100000})",
        "int of a long text": "b = int('9' * 100000)",
        "text of a long number": "a = str(int('9' * 100000))",
        "split": "b = ('x,' * 1000000).split(',')",
        "dict of many": "b = {n: n for n in range(10**8)}",
        "set of many": "b = {n for n in range(10**8)}",
        "product of comprehensions": "b = [1 for w in range(900) for x in range(900) for y in range(900)]",
        "product of itertools": "b = list(itertools.product(range(900), repeat=9))",
        "permutations": "b = list(itertools.permutations(range(99)))",
        "cycle": "b = list(itertools.cycle([1]))",
        "count": "b = [op.drop_table(str(n)) for n in itertools.count()]",
        "repeat": "b = list(itertools.repeat(1))",
        "iter forever": "b = list(iter(int, 1))",
        "self list": "b = []; b.append(b); a = str(b); [c for c in b for d in c for e in d]",
        "self list extended": "b = [1]\n    for c in b:\n        b.append(c)",
        "self dict": "b = {}; b['b'] = b; a = str(b); c = b == b",
        "self in a tuple": "b = []; b.append((b, b)); a = str(b); op.execute(b)",
        "regex": "b = re.match('(a+)+$', 'a' * 99 + 'b')",
        "json": "b = json.loads('[' * 99999)",
        "reduce": "b = functools.reduce(lambda x, y: x + x, range(900), 'x')",
        "choices": "".join(f"b{n} = 'x' if op else 'y'; " for n in range(60))
        + "a = " + " + ".join(f"b{n}" for n in range(60)),
        "sums": "b = " + "+".join(["'x'"] * 30000),
        "mixed choices": "b = [0 if op else 1][0]\n    for c in range(99):\n        a = a + ('x' if b else 'y')",
    }  # fmt: skip
    return {name: _body(line) for name, line in explosions.items()}


def _code() -> dict[str, str]:
    """Return texts that are hard to walk through."""
    conditions = "".join(f"    if x{n}(): a = a + '{n}'\n" for n in range(400))
    nested = "".join("    " * (n + 1) + f"for x{n} in range(99):\n" for n in range(18))
    unknown = "".join(
        "    " * (n + 1) + f"for x{n} in op.get_bind().execute('SELECT 1'):\n" for n in range(18)
    )
    calls = (
        "".join(f"def f{n}():\n    f{n + 1}(); f{n + 1}()\n" for n in range(60))
        + "def f60(): op.drop_table('t')\n"
    )
    tries = "".join("    " * (n + 1) + "try:\n" for n in range(18))
    handled = "".join("    " * (n + 1) + "except E: a = 1\n" for n in reversed(range(18)))
    return {
        "branches": HEAD + "def upgrade():\n    a = ''\n" + conditions + _END,
        "nested loops": HEAD + "def upgrade():\n    a = ''\n" + nested + "    " * 19 + "a += 'x'\n" + _END,
        "nested unknown loops": HEAD + "def upgrade():\n    a = ''\n" + unknown + "    " * 19 + "a += 'x'\n" + _END,
        "calls of calls": HEAD + calls + "def upgrade():\n    f0()\n    op.drop_table('t')\n",
        "recursion": HEAD + "def f(n):\n    f(n + 1); f(n + 2)\ndef upgrade():\n    f(0)\n    op.drop_table('t')\n",
        "mutual recursion": HEAD + "def f():\n    g(); g()\ndef g():\n    f(); f()\ndef upgrade():\n    f()\n    op.drop_table('t')\n",
        "recursive lambda": HEAD + "f = lambda x: x(x)\ndef upgrade():\n    f(f)\n    op.drop_table('t')\n",
        "recursive generator": HEAD + "def f():\n    yield from f()\n    yield from f()\ndef upgrade():\n    list(f())\n    op.drop_table('t')\n",
        "recursive property": HEAD + "class A:\n    @property\n    def b(self): return self.b\ndef upgrade():\n    A().b\n    op.drop_table('t')\n",
        "recursive getattr": HEAD + "class A:\n    def __getattr__(self, n): return getattr(self, n + 'x')\ndef upgrade():\n    A().b\n    op.drop_table('t')\n",
        "endless while": HEAD + "def upgrade():\n    a = ''\n    while a is not None:\n        a += 'x'\n    op.drop_table('t')\n",
        "endless generator": HEAD + "def f():\n    while True: yield 1\ndef upgrade():\n    for x in f(): op.drop_table('t')\n",
        "nested tries": HEAD + "def upgrade():\n    a = ''\n" + tries + "    " * 19 + "a = a + 'x'\n" + handled + _END,
        "many statements": HEAD + "def upgrade():\n    a = ''\n" + "    a = 1\n" * (MEGABYTE // 10) + _END,
        "many short statements": HEAD + "a=1;" * (MEGABYTE // 4) + "\ndef upgrade():\n    op.drop_table('t')\n",
        "many names": HEAD + ";".join(f"a{n}=a{n - 1}" for n in range(1, 60000)) + "\ndef upgrade():\n    op.drop_table(a59999)\n",
        "many functions": HEAD + "".join(f"def f{n}(): pass\n" for n in range(40000)) + "def upgrade():\n    op.drop_table('t')\n",
        "many classes": HEAD + "".join(f"class A{n}(A{n - 1}): pass\n" for n in range(6000)) + "def upgrade():\n    A5999().x()\n    op.drop_table('t')\n",
        "many decorators": HEAD + "def d(f): return f\n" + "@d\n" * 20000 + "def g(): pass\ndef upgrade():\n    g()\n    op.drop_table('t')\n",
        "many imports": HEAD + "".join(f"from m{n} import *\n" for n in range(6000)) + "def upgrade():\n    zzz()\n    op.drop_table('t')\n",
        "many columns": HEAD + "def upgrade():\n    op.create_table('t'" + "".join(f", sa.Column('c{n}', sa.Integer)" for n in range(20000)) + ")\n",
        "many operations": HEAD + "def upgrade():\n" + "".join(f"    op.drop_table('t{n}')\n" for n in range(30000)),
        "long list": HEAD + "def upgrade():\n    for n in [" + "1," * (MEGABYTE // 2) + "]: op.drop_table('t')\n",
        "long list of texts": HEAD + "def upgrade():\n    for n in [" + "'t'," * (MEGABYTE // 4) + "]: op.drop_table(n)\n",
        "long dict": HEAD + "def upgrade():\n    for n in {" + ",".join(f"{n}:{n}" for n in range(80000)) + "}: op.drop_table('t')\n",
        "long text": HEAD + "def upgrade():\n    op.execute('" + "x" * MEGABYTE + "')\n    op.drop_table('t')\n",
        "deep brackets": HEAD + "a = " + "(" * 100000 + ")" * 100000 + "\ndef upgrade():\n    op.drop_table('t')\n",
        "deep lists": HEAD + "a = " + "[" * 90 + "]" * 90 + "\ndef upgrade():\n    op.execute(str(a))\n    op.drop_table('t')\n",
        "deep minus": HEAD + "a = " + "-" * 100000 + "1\ndef upgrade():\n    op.drop_table('t')\n",
        "deep not": HEAD + "a = " + "not " * 50000 + "1\ndef upgrade():\n    op.drop_table('t')\n",
        "deep sum": HEAD + "a = " + "1+" * 200000 + "1\ndef upgrade():\n    op.drop_table(str(a))\n    op.drop_table('t')\n",
        "deep attribute": HEAD + "a = op" + ".a" * 100000 + "\ndef upgrade():\n    a\n    op.drop_table('t')\n",
        "deep call": HEAD + "a = op" + "()" * 100000 + "\ndef upgrade():\n    op.drop_table('t')\n",
        "deep subscript": HEAD + "a = op" + "[0]" * 100000 + "\ndef upgrade():\n    op.drop_table('t')\n",
        "deep lambda": HEAD + "a = " + "lambda: " * 50000 + "1\ndef upgrade():\n    op.drop_table('t')\n",
        "deep if": HEAD + "a = " + "1 if 0 else " * 50000 + "1\ndef upgrade():\n    op.drop_table('t')\n",
        "deep elif": HEAD + "def upgrade():\n    if a0(): pass\n" + "".join(f"    elif a{n}(): pass\n" for n in range(20000)) + "    op.drop_table('t')\n",
        "deep blocks": HEAD + "def upgrade():\n" + "".join(" " * (n + 1) + "if x():\n" for n in range(99)) + " " * 100 + "op.drop_table('t')\n",
        "deep f-string": HEAD + "a = " + "f'{" * 4 + "1" + "}'" * 4 + "\ndef upgrade():\n    op.drop_table('t')\n",
        "and": HEAD + "def upgrade():\n    if " + " and ".join(["x()"] * 50000) + ": op.drop_table('t')\n",
        "compare": HEAD + "def upgrade():\n    if " + " < ".join(["x()"] * 50000) + ": op.drop_table('t')\n",
        "match": HEAD + "def upgrade():\n    match x():\n" + "".join(f"        case {n}: a = {n}\n" for n in range(5000)) + "    op.drop_table('t')\n",
        "nul": HEAD + "\0" * 1000,
        "not utf-8": HEAD + "# \udcff\n" * 1000 + "def upgrade():\n    op.drop_table('t')\n",
        "many spaces": HEAD + " " * MEGABYTE + "\ndef upgrade():\n    op.drop_table('t')\n",
        "many newlines": "\n" * MEGABYTE + PLAIN,
        "many comments": "#\n" * (MEGABYTE // 2) + PLAIN,
        "only semicolons": ";" * MEGABYTE,
        "only commas": "," * MEGABYTE,
        "unclosed text": "a = '" + "x" * MEGABYTE,
        "unclosed f-strings": "a = f'{" * 100000,
    }  # fmt: skip


def _sql() -> dict[str, str]:
    """Return SQL that is hard to read."""
    queries = {
        "many statements of SQL": "DROP TABLE t; " * 60000,
        "many rows of SQL": "INSERT INTO t VALUES " + ",".join(["(1)"] * 200000),
        "deep SQL": "SELECT " + "(" * 100000 + "1" + ")" * 100000,
        "deep queries": "SELECT (" * 20000 + "1" + ")" * 20000,
        "many joins": "SELECT 1 FROM a " + "JOIN b ON 1 " * 50000,
        "many conditions": "DELETE FROM t WHERE " + "a = 1 OR " * 80000 + "a = 2",
        "many columns of SQL": "CREATE TABLE t ("
        + ",".join(f"c{n} INT" for n in range(60000))
        + ")",
        "unclosed quotes": "SELECT '" * 100000,
        "unclosed comments": "/* " * 200000,
        "dollars": "$a$" * 200000,
        "blocks": "DO $$ BEGIN " + "IF a THEN " * 20000 + "END $$",
        "case": "UPDATE t SET a = " + "CASE WHEN a THEN " * 20000 + "1",
        "with": "WITH a AS (SELECT 1)" + ", b AS (SELECT 1)" * 30000 + " SELECT 1",
        "brackets": "[" * 500000,
        "percent": "%(" * 300000,
    }
    return {
        name: HEAD + f"def upgrade():\n    op.execute({text!r})\n    op.drop_table('t')\n"
        for name, text in queries.items()
    }


TEXTS = {**_values(), **_code(), **_sql()}


def _peak() -> int:
    """Return the most memory of this process so far, in megabytes."""
    # What `getrusage` says begins with what the parent had when it forked.
    status = Path("/proc/self/status")
    for line in status.read_text().splitlines() if status.exists() else ():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """Read every text; print what each of them took."""
    chosen = sys.argv[1:] or list(TEXTS)
    for name in chosen:
        start = time.process_time()
        found = read_effects(TEXTS[name].encode("utf-8", "surrogateescape"))
        taken = time.process_time() - start
        after = read_effects(PLAIN.encode())
        peak = _peak()
        said = bool(found.upgrade or found.unknowns("upgrade"))
        fine = len(after.upgrade) == 1 and not after.unknowns("upgrade")
        print(json.dumps([name, round(taken, 2), peak, said, fine]), flush=True)


if __name__ == "__main__":
    main()
