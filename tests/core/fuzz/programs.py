"""Random migrations: programs of a small grammar that run, made from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from textwrap import indent

HEAD = """\
import asyncio
import contextlib
import functools
import itertools
import os

import sqlalchemy as sa
from alembic import op

revision = "r1"
down_revision = None


"""
TABLES = ("users", "posts", "tags")
COLUMNS = ("a", "b", "c", "d")


class Program:
    """One random program; every statement of it is a method that returns its lines."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.top: list[str] = []
        self.count = 0
        self.texts: list[list[str]] = [[]]  # names in scope that hold a table's name
        self.lists: list[list[str]] = [[]]  # names in scope that hold a list of them
        self.flags: list[list[str]] = [[]]
        self.op = "op"
        self.depth = 0
        self.loops = 0

    def text(self) -> str:
        """Return the whole module."""
        body = self.block(self.random.randint(2, 5))
        parts = [*self.top, "def upgrade():\n" + indent(body, "    ")]
        return HEAD + "\n\n\n".join(parts) + "\n"

    # -- names and values ----------------------------------------------------------

    def fresh(self, prefix: str) -> str:
        """Return a name that no other thing has."""
        self.count += 1
        return f"{prefix}{self.count}"

    def pick(self, *choices: Callable[[], str]) -> str:
        """Return the text of one of the forms."""
        return self.random.choice(choices)()

    def table(self) -> str:
        """Return an expression whose value is a table's name."""
        known = [name for names in self.texts for name in names]
        literal = repr(self.random.choice(TABLES))
        forms = [lambda: literal] * 4
        if known:
            forms += [lambda: self.random.choice(known)] * 4
        return self.pick(
            *forms,
            lambda: f"{literal[:-2]}' + {literal[-2]!r}",
            lambda: f"({literal} if {self.flag()} else {self._other()})",
            lambda: f"'%s' % {literal}",
            lambda: f"'{{}}'.format({literal})",
            lambda: f"{literal.upper()}.lower()",
            lambda: f"''.join([{literal}])",
            lambda: f"[{literal}, {self._other()}][{self.random.choice('01')}]",
            lambda: f"{{'x': {literal}}}['x']",
            lambda: f"dict(x={literal}).get('x')",
            lambda: f"str({literal})",
        )

    def _other(self) -> str:
        return repr(self.random.choice(TABLES))

    def tables(self) -> str:
        """Return an expression whose value is a list of tables' names."""
        known = [name for names in self.lists for name in names]
        some = ", ".join(self._other() for _ in range(self.random.randint(0, 3)))
        forms = [lambda: f"[{some}]", lambda: f"({some},)" if some else "()"]
        if known:
            forms += [lambda: self.random.choice(known)] * 3
        return self.pick(
            *forms,
            lambda: f"[{self.table()}]",
            lambda: f"list(reversed([{some}]))",
            lambda: f"sorted([{some}])",
            lambda: f"[one for one in [{some}] if one != {self._other()}]",
            lambda: f"[{some}] + [{self.table()}]",
            lambda: f"[{some}][1:]",
            lambda: f"list({{{', '.join(f'{t!r}: 1' for t in TABLES[:2])}}})",
        )

    def flag(self) -> str:
        """Return a condition; some can be known from the text, others cannot."""
        known = [name for names in self.flags for name in names]
        forms = [lambda: self.random.choice(known)] * 4 if known else []
        return self.pick(
            *forms,
            lambda: self.random.choice(("True", "False")),
            lambda: f"{self._other()} == {self._other()}",
            lambda: f"{self._other()} in ({self._other()}, {self._other()})",
            lambda: f"len(os.environ.get('FUZZ', '')) > {self.random.randint(0, 3)}",
            lambda: f"os.environ.get('FUZZ') {self.random.choice(('==', '!='))} 'xx'",
            lambda: (
                f"{self.op_root()}.get_bind().dialect.name {self.random.choice(('==', '!='))} "
                f"{self.random.choice(('postgresql', 'sqlite'))!r}"
            ),
            lambda: f"not {self.random.choice(('True', 'False'))}",
            lambda: f"({self.random.choice(('True', 'False'))} or {self._true()})",
        )

    def _true(self) -> str:
        return self.random.choice(("True", "os.environ.get(chr(70))"))

    def op_root(self) -> str:
        """Return the module of directives, whatever is a batch just now."""
        return "op"

    # -- operations ----------------------------------------------------------------

    def operation(self) -> str:
        """Return a call of a directive, as an expression."""
        column = repr(self.random.choice(COLUMNS))
        table = self.table()
        op = self.random.choice(("op", "op", "op", "op.get_bind()"))
        if op != "op":
            return f"op.get_bind().execute(sa.text({self.sql()}))"
        return self.pick(
            lambda: f"op.add_column({table}, sa.Column({column}, sa.Integer()))",
            lambda: f"op.drop_column({table}, {column})",
            lambda: f"op.drop_column(table_name={table}, column_name={column})",
            lambda: f"op.alter_column({table}, {column}, nullable=True)",
            lambda: f"op.create_table({table}, sa.Column('id', sa.Integer()))",
            lambda: f"op.drop_table({table})",
            lambda: f"op.create_index('ix_' + {column}, {table}, [{column}])",
            lambda: f"op.drop_index('ix_' + {column}, {table})",
            lambda: f"op.create_unique_constraint('uq', {table}, [{column}])",
            lambda: f"op.execute({self.sql()})",
            lambda: f"op.execute(sa.text({self.sql()}))",
            lambda: f"getattr(op, 'drop_table')({table})",
            lambda: f"op.drop_column(*[{table}, {column}])",
            lambda: f"op.drop_column({table}, **{{'column_name': {column}}})",
        )

    def sql(self) -> str:
        """Return an expression whose value is a statement."""
        table = self.table()
        return self.pick(
            lambda: f"'DROP TABLE ' + {table}",
            lambda: f'f"UPDATE {{({table})}} SET a = 1"',
            lambda: f"'UPDATE %s SET a = 1' % ({table},)",
            lambda: f"'DELETE FROM {{}}'.format({table})",
            lambda: f"'ALTER TABLE %s ADD COLUMN c integer' % ({table},)",
            lambda: "'SELECT 1'",
        )

    # -- statements ----------------------------------------------------------------

    def block(self, size: int) -> str:
        """Return some statements."""
        self.depth += 1
        for scope in (self.texts, self.lists, self.flags):
            scope.append([])
        lines = [self.statement() for _ in range(size)]
        for scope in (self.texts, self.lists, self.flags):
            scope.pop()
        self.depth -= 1
        return "\n".join(lines)

    def inner(self) -> str:
        """Return an indented block of one to three statements."""
        return indent(self.block(self.random.randint(1, 3)), "    ")

    def statement(self) -> str:
        """Return one statement."""
        simple = [self.operation] * 6 + [
            self.assign_table,
            self.assign_list,
            self.assign_flag,
            self.change_list,
            self.alias,
            self.short_circuit,
            self.comprehension,
            self.lambda_call,
            self.partial,
            self.never_run,
        ]
        if self.loops:
            simple += [self.leave_loop]
        if self.depth >= 4:
            return self.pick(*simple)
        return self.pick(
            *simple,
            self.if_,
            self.if_,
            self.for_,
            self.for_,
            self.while_,
            self.try_,
            self.with_,
            self.batch,
            self.function,
            self.function,
            self.nested_function,
            self.generator,
            self.class_,
            self.decorated,
            self.match_,
            self.registry,
            self.coroutine,
            self.early_return,
        )

    def assign_table(self) -> str:
        """Bind a table's name, sometimes one that has been bound before."""
        known = [name for names in self.texts for name in names]
        value = self.table()
        if known and self.random.random() < 0.4:
            return f"{self.random.choice(self.texts[-1] or [self._new_text()])} = {value}"
        return f"{self._new_text()} = {value}"

    def _new_text(self) -> str:
        name = self.fresh("t")
        self.texts[-1].append(name)
        return name

    def assign_list(self) -> str:
        """Bind a list of tables' names."""
        value = self.tables()
        name = self.fresh("ts")
        self.lists[-1].append(name)
        return f"{name} = list({value})"

    def change_list(self) -> str:
        """Change a list in place."""
        known = self.lists[-1]
        if not known:
            return self.assign_list()
        name, value = self.random.choice(known), self.table()
        return self.pick(
            lambda: f"{name}.append({value})",
            lambda: f"{name} += [{value}]",
            lambda: f"{name}.insert(0, {value})",
            lambda: f"{name}[:] = [{value}]",
            lambda: f"{name}.extend({self.tables()})",
            lambda: f"{name} = {name}[:1]",
            lambda: f"{name}.clear()",
            lambda: f"{name}.reverse()",
        )

    def assign_flag(self) -> str:
        """Bind a condition."""
        value = self.flag()
        if self.flags[-1] and self.random.random() < 0.5:
            return f"{self.random.choice(self.flags[-1])} = {value}"
        name = self.fresh("flag")
        self.flags[-1].append(name)
        return f"{name} = {value}"

    def alias(self) -> str:
        """Call a directive by another name."""
        name, table = self.fresh("do"), self.table()
        return self.pick(
            lambda: f"{name} = op.drop_table\n{name}({table})",
            lambda: f"{name} = op\n{name}.drop_table({table})",
            lambda: f"{name} = [op.drop_table]\n{name}[0]({table})",
            lambda: f"{name} = {{'x': op.drop_table}}\n{name}['x']({table})",
            lambda: f"import alembic.op\nalembic.op.drop_table({table})",
            lambda: f"from alembic import op as {name}\n{name}.drop_table({table})",
            lambda: f"({name} := op.drop_table)({table})",
        )

    def short_circuit(self) -> str:
        """Call a directive where an expression says so."""
        flag, call = self.flag(), self.operation()
        return self.pick(
            lambda: f"{flag} and {call}",
            lambda: f"{flag} or {call}",
            lambda: f"{call} if {flag} else None",
        )

    def comprehension(self) -> str:
        """Call a directive in a comprehension."""
        values = self.tables()
        return self.pick(
            lambda: f"[op.drop_table(one) for one in {values}]",
            lambda: f"[op.drop_table(one) for one in {values} if {self.flag()}]",
            lambda: f"{{one: op.drop_table(one) for one in {values}}}",
            lambda: f"list(map(op.drop_table, {values}))",
            lambda: f"list(map(lambda one: op.drop_table(one), {values}))",
            lambda: f"any(op.drop_table(one) for one in {values})",
            lambda: f"all(op.drop_table(one) is None for one in {values})",
            lambda: f"next((op.drop_table(one) for one in {values}), None)",
        )

    def lambda_call(self) -> str:
        """Call a lambda, or leave it."""
        name, call = self.fresh("call"), self.operation()
        use = self.random.choice((f"{name}()", f"{name}()", "pass"))
        return f"{name} = lambda: {call}\n{use}"

    def partial(self) -> str:
        """Bind arguments before the call."""
        name = self.fresh("bound")
        return f"{name} = functools.partial(op.drop_column, {self.table()})\n{name}('a')"

    def never_run(self) -> str:
        """Make something that would, and nobody does."""
        name, values = self.fresh("idle"), self.tables()
        return self.pick(
            lambda: f"{name} = (op.drop_table(one) for one in {values})",
            lambda: f"{name} = map(op.drop_table, {values})",
            lambda: f"{name} = functools.partial(op.drop_table, {self.table()})",
            lambda: f"{name} = filter(op.drop_table, {values})",
        )

    def leave_loop(self) -> str:
        """Leave the loop, or go on with it, under a condition."""
        word = self.random.choice(("break", "continue"))
        return f"if {self.flag()}:\n    {word}"

    def early_return(self) -> str:
        """Leave the function under a condition."""
        return f"if {self.flag()}:\n    return"

    def if_(self) -> str:
        """Branch, sometimes in a way that binds a name in either branch."""
        text = f"if {self.flag()}:\n{self.inner()}"
        if self.random.random() < 0.3:
            text += f"\nelif {self.flag()}:\n{self.inner()}"
        if self.random.random() < 0.5:
            text += f"\nelse:\n{self.inner()}"
        if self.random.random() < 0.4:
            name = self.fresh("t")
            value = self.table()
            text = f"{name} = {self.table()}\nif {self.flag()}:\n    {name} = {value}\n" + text
            self.texts[-1].append(name)
        return text

    def for_(self) -> str:
        """Loop over names."""
        name = self.fresh("t")
        head = self.pick(
            lambda: f"for {name} in {self.tables()}:",
            lambda: f"for _, {name} in enumerate({self.tables()}):",
            lambda: f"for {name}, _ in zip({self.tables()}, range(9)):",
            lambda: f"for {name}, _ in {{{self.table()}: 1, {self.table()}: 2}}.items():",
            lambda: f"for {name} in itertools.chain({self.tables()}, {self.tables()}):",
        )
        found = self.fresh("flag")
        self.loops += 1
        self.texts[-1].append(name)
        body = self.inner()
        self.texts[-1].remove(name)
        if self.random.random() < 0.5:
            body += f"\n    if {name} == {self._other()}:\n        {found} = True\n        break"
        self.loops -= 1
        text = f"{found} = False\n{head}\n{body}"
        if self.random.random() < 0.3:
            text += f"\nelse:\n{self.inner()}"
        self.flags[-1].append(found)
        return text

    def while_(self) -> str:
        """Loop by a counter."""
        name = self.fresh("n")
        self.loops += 1
        body = self.inner()
        self.loops -= 1
        return f"{name} = 0\nwhile {name} < {self.random.randint(0, 3)}:\n    {name} += 1\n{body}"

    def try_(self) -> str:
        """Raise or not, and clean up or not."""
        name = self.fresh("flag")
        error = self.pick(
            lambda: f"if {self.flag()}:\n    raise ValueError('x')",
            lambda: "int('x')",
            lambda: "{}['x']",
            lambda: "pass",
        )
        loops, self.loops = self.loops, 0
        first = self.inner()
        text = f"{name} = False\ntry:\n{first}\n{indent(error, '    ')}\n    {name} = True\n"
        text += (
            f"except {self.random.choice(('(ValueError, KeyError)', 'Exception'))}:\n{self.inner()}"
        )
        if self.random.random() < 0.3:
            text += f"\nelse:\n{self.inner()}"
        if self.random.random() < 0.3:
            text += f"\nfinally:\n{self.inner()}"
        self.loops = loops
        self.flags[-1].append(name)
        return text

    def with_(self) -> str:
        """Enter a context."""
        name = self.fresh("scope")
        call = self.operation()
        kind = self.random.randint(0, 3)
        if kind == 0:
            return f"with contextlib.nullcontext({self.table()}) as {name}:\n{self.inner()}"
        if kind == 1:
            return f"with contextlib.suppress(ValueError):\n{self.inner()}"
        if kind == 2:
            when = self.random.choice(("before", "after"))
            body = f"    {call}\n    yield" if when == "before" else f"    yield\n    {call}"
            self.top_level(f"@contextlib.contextmanager\ndef {name}():\n", body)
            return f"with {name}():\n{self.inner()}"
        self.top_level(
            f"class {name}:\n",
            f"    def __enter__(self):\n        {self.closed_operation()}\n        return self\n\n"
            f"    def __exit__(self, *_):\n        {self.closed_operation()}\n        return False",
        )
        return f"with {name}():\n{self.inner()}"

    def top_level(self, head: str, body: str) -> None:
        """Put a definition beside upgrade(); it may only use what is global."""
        self.top.append(self._global(head + body))

    def _global(self, text: str) -> str:
        # Names of upgrade() are not there: where one was used a literal takes its place.
        names = [name for names in (*self.texts, *self.lists, *self.flags) for name in names]
        for name in sorted(names, key=len, reverse=True):
            value = (
                "['users']" if name.startswith("ts") else "'users'" if name[0] == "t" else "True"
            )
            text = _replaced(text, name, value)
        return text

    def closed_operation(self) -> str:
        """Return an operation that uses no name of upgrade()."""
        return self._global(self.operation())

    def batch(self) -> str:
        """Alter a table in a batch."""
        name, column = self.fresh("batch"), repr(self.random.choice(COLUMNS))
        calls = self.random.choice(
            (
                f"{name}.add_column(sa.Column({column}, sa.Integer()))",
                f"{name}.drop_column({column})",
                f"{name}.alter_column({column}, nullable=False)",
            )
        )
        return f"with op.batch_alter_table({self.table()}) as {name}:\n    {calls}"

    def function(self) -> str:
        """Define a helper beside upgrade(), and call it."""
        name = self.fresh("helper")
        form = self.random.randint(0, 4)
        value = self.table()
        if form == 0:
            body = "    op.drop_column(table, column)\n    return table"
            self.top.append(f"def {name}(table, column='a'):\n{body}")
            result = self._new_text()
            return f"{result} = {name}({value})"
        if form == 1:
            body = "    for one in tables:\n        op.drop_table(one)"
            self.top.append(f"def {name}(*tables):\n{body}")
            return f"{name}(*{self.tables()})"
        if form == 2:
            body = (
                "    for column, table in columns.items():\n        op.drop_column(table, column)"
            )
            self.top.append(f"def {name}(**columns):\n{body}")
            return f"{name}(a={value})"
        if form == 3:
            body = f"    if {self._global(self.flag())}:\n        return\n    op.drop_table(table)"
            self.top.append(f"def {name}(table):\n{body}")
            return f"{name}({value})"
        body = "    seen.append(table)\n    for one in seen:\n        op.drop_table(one)"
        self.top.append(f"def {name}(table, seen=[]):\n{body}")
        return f"{name}({value})\n{name}({self.table()})"

    def nested_function(self) -> str:
        """Define a helper inside, that may bind a name outside."""
        name, flag = self.fresh("inside"), self.fresh("flag")
        loops, self.loops = self.loops, 0
        in_global = self.depth == 1
        body = f"    {self.operation()}"
        if in_global:
            body = f"    nonlocal {flag}\n    {flag} = {self.flag()}\n{body}"
        self.loops = loops
        self.flags[-1].append(flag)
        called = f"{name}()" if self.random.random() < 0.8 else "pass"
        return (
            f"{flag} = False\ndef {name}():\n{body}\n{called}"
            if in_global
            else (f"{flag} = True\ndef {name}():\n{body}\n{called}")
        )

    def generator(self) -> str:
        """Define a generator, and consume it or a part of it or nothing."""
        name = self.fresh("gen")
        first, second = self.closed_operation(), self.closed_operation()
        body = f"    {first}\n    yield 'users'\n    {second}\n    yield 'posts'"
        self.top.append(f"def {name}():\n{body}")
        return self.pick(
            lambda: f"for _one in {name}():\n    op.drop_table(_one)",
            lambda: f"list({name}())",
            lambda: f"next({name}())",
            lambda: f"{name}()",
            lambda: f"for _one in {name}():\n    break",
        )

    def class_(self) -> str:
        """Define classes that hand the work to each other."""
        base, name = self.fresh("Base"), self.fresh("Step")
        inner = self.closed_operation()
        self.top.append(
            f"class {base}:\n    table = {self._other()}\n\n    def __init__(self, column='a'):\n"
            f"        self.column = column\n\n    def run(self):\n        self.step()\n\n"
            f"    def step(self):\n        op.drop_table(self.table)\n\n    @property\n"
            f"    def done(self):\n        {inner}\n        return True\n\n"
            f"    @classmethod\n    def make(cls, table):\n        one = cls()\n"
            f"        one.table = table\n        return one\n\n"
            f"    def __call__(self):\n        op.drop_column(self.table, self.column)"
        )
        self.top.append(
            f"class {name}({base}):\n    def step(self):\n        super().step()\n"
            f"        op.drop_column(self.table, self.column)"
        )
        return self.pick(
            lambda: f"{name}().run()",
            lambda: f"{base}('b').run()",
            lambda: f"{name}.make({self.table()}).run()",
            lambda: f"{name}().done",
            lambda: f"{name}('c')()",
            lambda: f"{name}()",
        )

    def decorated(self) -> str:
        """Define a decorator that runs, wraps, forgets or registers."""
        wrap, name = self.fresh("deco"), self.fresh("work")
        call = self.closed_operation()
        self.top.append(
            self.pick(
                lambda: (
                    f"def {wrap}(f):\n    @functools.wraps(f)\n    def inner(*args, **kwargs):\n"
                    "        return f(*args, **kwargs)\n    return inner"
                ),
                lambda: f"def {wrap}(f):\n    return lambda *args: None",
                lambda: (
                    f"def {wrap}(f):\n    def inner():\n        f()\n        f()\n    return inner"
                ),
                lambda: f"def {wrap}(f):\n    return f",
            )
        )
        self.top.append(f"@{wrap}\ndef {name}():\n    {call}")
        return f"{name}()"

    def match_(self) -> str:
        """Branch by a pattern."""
        subject = self.random.choice((self.table(), "op.get_bind().dialect.name"))
        return (
            f"match {subject}:\n    case 'users' | 'sqlite':\n{indent(self.inner(), '    ')}\n"
            f"    case _:\n{indent(self.inner(), '    ')}"
        )

    def registry(self) -> str:
        """Put functions into a list or a dict, and run them from there."""
        steps, name = self.fresh("steps"), self.fresh("work")
        self.top.append(f"{steps} = []")
        self.top.append(
            f"def {name}_add(f):\n    {steps}.append(f)\n    return f\n\n\n"
            f"@{name}_add\ndef {name}():\n    {self.closed_operation()}"
        )
        return f"for _step in {steps}:\n    _step()"

    def coroutine(self) -> str:
        """Define a coroutine, and run it or not."""
        name = self.fresh("task")
        self.top.append(f"async def {name}():\n    {self.closed_operation()}")
        if self.random.random() < 0.5:
            return f"asyncio.run({name}())"
        return f"{name}().close()"


def _replaced(text: str, name: str, value: str) -> str:
    import re

    return re.sub(rf"\b{name}\b", value, text)
