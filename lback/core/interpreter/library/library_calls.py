"""Functions of libraries that do something with what they are given, by qualified name."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import replace

from lback.core.interpreter.choices import is_constant, list_of, tuple_of
from lback.core.interpreter.discharge import Discharge, followed, pure, unknown
from lback.core.interpreter.flow import rounds, throw
from lback.core.interpreter.folding import UNREAD, fold
from lback.core.interpreter.functions import run
from lback.core.interpreter.iteration import collect
from lback.core.interpreter.library.containers import copied
from lback.core.interpreter.machine import MOST_ITEMS, Machine
from lback.core.interpreter.modules import force, path_call
from lback.core.interpreter.values import (
    PLAIN,
    UNKNOWN_TEXT,
    Arguments,
    Bound,
    Entries,
    Func,
    Items,
    Lazy,
    Map,
    Module,
    Name,
    Opaque,
    Seq,
    Stack,
    Value,
)  # fmt: skip


def library_call(machine: Machine, callee: Name, arguments: Arguments) -> Discharge | None:
    """Follow a call of one of these functions; None for any other."""
    handler = _CALLS.get(callee.path)
    return None if handler is None else handler(machine, callee, arguments)


def _first(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    return pure(callee.path, arguments.get(0, "text", arguments.get(0, "iterable", PLAIN)))


def _of_text(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    function = _TEXTS[callee.path]
    found = UNREAD
    if not arguments.open:
        found = fold(
            machine, function, *arguments.positional, keywords=arguments.keywords, grows=True
        )
    return pure(callee.path, UNKNOWN_TEXT if found is UNREAD else found)


_TEXTS: dict[str, Callable[..., object]] = {
    "textwrap.dedent": textwrap.dedent,
    "textwrap.indent": textwrap.indent,
    "inspect.cleandoc": inspect.cleandoc,
}


def _proxy(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    value = arguments.get(0, "mapping", PLAIN)
    return pure(callee.path, Map(value.content, "mapping") if isinstance(value, Map) else value)


def _second(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    return pure(callee.path, arguments.get(1, "val", PLAIN))


def _copied(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    deep = callee.path.endswith("deepcopy")
    return pure(callee.path, copied(arguments.get(0, "x", PLAIN), deep=deep))


def _deferred(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    return pure(callee.path, Bound(callee, tuple(arguments.positional), dict(arguments.keywords)))


def _memo(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    for argument in arguments.positional:
        if isinstance(argument, Func):
            return pure(callee.path, replace(argument, flavour="memo"))
    return _deferred(machine, callee, arguments)


def _partial(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    if not arguments.positional or arguments.open:
        return pure(callee.path, Opaque())
    function, *rest = arguments.positional
    return pure(callee.path, Bound(function, tuple(rest), dict(arguments.keywords)))


def _reduce(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    function = arguments.get(0, "function")
    content = collect(machine, arguments.get(1, "iterable", PLAIN))
    values = [*arguments.positional[2:3], *content.items]
    if content.open:
        rounds(machine, [Opaque()], lambda item: _void(machine.call(function, item, Opaque())))
        return followed(Opaque())
    if not values:
        return pure(callee.path, PLAIN)
    value = values[0]
    for item in values[1:]:
        value = machine.call(function, value, item)
    return followed(value)


def _void(_: Value) -> None:
    pass


def _import_module(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    name = arguments.get(0, "name")
    if isinstance(name, str) and not name.startswith("."):
        module = force(machine, Name(name))
        if isinstance(module, Module) or name == "alembic.op" or name.startswith("sqlalchemy"):
            return pure(callee.path, module)
        return pure(callee.path, Name(name))
    return unknown(machine, "import_module() of a module whose name is not in the text")


def _stack(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    return pure(callee.path, Stack(Seq(Items())))


def _product(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    rows: list[tuple[Value, ...]] = [()]
    for part in arguments.positional:
        content = collect(machine, part)
        machine.spend(len(rows) * max(len(content.items), 1) // 10)
        if content.open or len(rows) * len(content.items) > MOST_ITEMS or arguments.keywords:
            return pure(callee.path, Seq(Items((), True)))
        rows = [(*row, item) for row in rows for item in content.items]
    return pure(callee.path, Seq(Items(tuple(tuple_of(row) for row in rows)), "iterator"))


def _chain(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    parts = [collect(machine, value) for value in arguments.positional]
    if callee.path.endswith("from_iterable") and parts:
        parts = [collect(machine, item) for item in parts[0].items]
    items = [item for part in parts for item in part.items]
    open_ = any(part.open for part in parts) or len(items) > MOST_ITEMS
    alike = all(part.alike or not part.open for part in parts)
    found = Items(tuple(items[:MOST_ITEMS]), open_, open_ and alike)
    return pure(callee.path, Seq(found, "iterator"))


def _starmap(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    function = arguments.get(0, "function")
    content = collect(machine, arguments.get(1, "iterable", PLAIN))
    calls = [
        Bound(function, tuple(item.content.items) if isinstance(item, Seq) else (item,))
        for item in content.items
    ]
    caller = Lazy("map", Name("operator.call"), Arguments([list_of(calls, open=content.open)]))
    return pure(f"{callee.path} that nobody walks", caller)


def _operator_call(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    if not arguments.positional:
        return pure(callee.path, PLAIN)
    function, *rest = arguments.positional
    return machine.call_with(function, Arguments(rest, arguments.keywords, arguments.open))


def _method_caller(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    return pure(
        callee.path, Bound(Name("operator.methodcaller called"), tuple(arguments.positional))
    )


def _call_method(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    name, *rest = arguments.positional
    if not rest or not isinstance(name, str):
        return unknown(machine, "methodcaller() of a method that is not in the text")
    method = machine.attribute(rest[-1], name)
    return machine.call_with(method, Arguments(rest[:-1], arguments.keywords))


def _getter(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    return pure(callee.path, Bound(Name(f"{callee.path} called"), tuple(arguments.positional)))


def _get_attributes(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    *names, owner = arguments.positional
    values: list[Value] = []
    for name in names:
        value = owner
        for part in name.split(".") if isinstance(name, str) else ():
            value = machine.attribute(value, part)
        values.append(value if isinstance(name, str) else Opaque())
    return followed(values[0] if len(values) == 1 else tuple_of(values))


def _get_items(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    *keys, owner = arguments.positional
    values = [machine.item(owner, key) for key in keys]
    return followed(values[0] if len(values) == 1 else tuple_of(values))


def _sys_module(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    return followed(machine.item(Name("sys.modules"), arguments.get(0, "key")))


def _logger(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    return pure(callee.path, Name("logging.logger"))


def _slice(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    content = collect(machine, arguments.get(0, "iterable", PLAIN))
    alike = content.alike or not content.open
    return pure(callee.path, list_of(content.items, open=True, alike=alike))


def _run_coroutine(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    returned: list[Value] = []
    for item in arguments.all():
        if isinstance(item, Lazy) and item.kind == "coroutine" and isinstance(item.function, Func):
            returned.append(run(machine, item.function, item.arguments or Arguments()).value)
        elif not is_constant(item):
            return unknown(machine, f"{callee.path}() of what is no coroutine of the text")
    return followed(returned[0] if len(returned) == 1 else list_of(returned))


def _loop(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    return pure(callee.path, Name("asyncio.loop"))


def _exit(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    throw(machine)
    return pure(callee.path, None)


def _defaultdict(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    factory, *others = arguments.positional or [None]
    given = Arguments(others, arguments.keywords, arguments.open)
    held = machine.call_with(Name("builtins.dict"), given).value
    content = held.content if isinstance(held, Map) else Entries({}, True)
    open_ = content.open or machine.loading > 0
    return pure(callee.path, Map(Entries(content.items, open_, factory, content.data), "mapping"))


def _mapping(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    made = machine.call_with(Name("builtins.dict"), arguments).value
    return pure(callee.path, Map(made.content, "mapping") if isinstance(made, Map) else made)


def _deque(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    content = collect(machine, arguments.get(0, "iterable", list_of([])))
    if arguments.get(1, "maxlen") is not None:  # what is too much falls out at the other end
        content = Items(content.items, True, content.alike or not content.open)
    return pure(callee.path, Seq(content, "deque"))


def _entered(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    return pure(callee.path, arguments.get(0, "enter_result", PLAIN))


def _namespace(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    return pure(callee.path, Opaque() if arguments.all() else PLAIN)


_CALLS: dict[str, Callable[[Machine, Name, Arguments], Discharge]] = {
    "pathlib.Path": path_call,
    "pathlib.PurePath": path_call,
    "pathlib.PosixPath": path_call,
    "os.path.join": path_call,
    "os.path.dirname": path_call,
    "os.path.basename": path_call,
    "os.path.abspath": path_call,
    "os.path.realpath": path_call,
    "os.path.normpath": path_call,
    "os.fspath": _first,
    "textwrap.dedent": _of_text,
    "textwrap.indent": _of_text,
    "inspect.cleandoc": _of_text,
    "typing.cast": _second,
    "tqdm.tqdm": _first,
    "rich.progress.track": _first,
    "types.MappingProxyType": _proxy,
    "copy.copy": _copied,
    "copy.deepcopy": _copied,
    "contextlib.suppress": _deferred,
    "contextlib.nullcontext": _entered,
    "contextlib.closing": _entered,
    "contextlib.aclosing": _entered,
    "contextlib.ExitStack": _stack,
    "contextlib.AsyncExitStack": _stack,
    "dataclasses.field": _deferred,
    "dataclasses.dataclass": _deferred,
    "functools.partial": _partial,
    "functools.partialmethod": _partial,
    "functools.reduce": _reduce,
    "functools.wraps": _deferred,
    "functools.lru_cache": _memo,
    "functools.cache": _memo,
    "importlib.import_module": _import_module,
    "itertools.product": _product,
    "itertools.chain": _chain,
    "itertools.chain.from_iterable": _chain,
    "itertools.starmap": _starmap,
    "operator.call": _operator_call,
    "operator.methodcaller": _method_caller,
    "operator.methodcaller called": _call_method,
    "operator.attrgetter": _getter,
    "operator.itemgetter": _getter,
    "operator.attrgetter called": _get_attributes,
    "operator.itemgetter called": _get_items,
    "sys.modules.get": _sys_module,
    "logging.getLogger": _logger,
    "structlog.get_logger": _logger,
    "oslo_log.log.getLogger": _logger,
    "itertools.islice": _slice,
    "itertools.takewhile": _slice,
    "itertools.dropwhile": _slice,
    "itertools.filterfalse": _slice,
    "itertools.cycle": _slice,
    "asyncio.run": _run_coroutine,
    "asyncio.gather": _run_coroutine,
    "asyncio.wait_for": _run_coroutine,
    "asyncio.shield": _run_coroutine,
    "asyncio.create_task": _run_coroutine,
    "asyncio.get_event_loop": _loop,
    "asyncio.new_event_loop": _loop,
    "asyncio.get_running_loop": _loop,
    "asyncio.loop.run_until_complete": _run_coroutine,
    "asyncio.loop.close": _entered,
    "sys.exit": _exit,
    "os._exit": _exit,
    "os.abort": _exit,
    "collections.defaultdict": _defaultdict,
    "collections.OrderedDict": _mapping,
    "collections.deque": _deque,
    "types.SimpleNamespace": _namespace,
}
