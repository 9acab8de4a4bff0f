"""Modules of the project and files of its tree: what an import brings, what a path leads to."""

from __future__ import annotations

import ast
import builtins
import posixpath
from collections.abc import Collection

from lback.core.effects import TREE
from lback.core.interpreter.choices import choice, list_of
from lback.core.interpreter.discharge import Discharge, pure, unknown
from lback.core.interpreter.library.catalogue import exported, is_library
from lback.core.interpreter.machine import DEEPEST_IMPORT, Exhausted, Machine
from lback.core.interpreter.sources import (
    Unparsable,
    bindings,
    changed_by_functions,
    names_of,
    parsed,
    stars,
)
from lback.core.interpreter.state import START
from lback.core.interpreter.values import (
    ANY,
    PLAIN,
    UNKNOWN_TEXT,
    Arguments,
    Choice,
    Entries,
    Frame,
    Items,
    Map,
    Method,
    Module,
    ModuleScope,
    Name,
    Names,
    Opaque,
    PathText,
    Seq,
    Text,
    Value,
)  # fmt: skip

_PARTS = ("parent", "name", "stem", "suffix")
_SAME = frozenset(["resolve", "absolute", "expanduser", "as_posix", "__str__"])
_READS = frozenset(["read_text", "read", "readlines", "read_bytes"])
METHODS = _SAME | {"joinpath", "with_name", "with_suffix", "read_text", "open", "exists", "is_file"}


def path_of(machine: Machine, scope: ModuleScope) -> Value:
    """Return the `__file__` of a module."""
    if scope.is_revision:
        return PathText(f"{TREE}/{machine.project.path}") if machine.project.path else UNKNOWN_TEXT
    return UNKNOWN_TEXT


def part(path: str, name: str) -> Value | None:
    """Return `path.parent` and its like; None for what is no part of a path."""
    if name == "parent":
        return PathText(posixpath.dirname(path))
    if name == "name":
        return posixpath.basename(path)
    if name in _PARTS:
        stem, suffix = posixpath.splitext(posixpath.basename(path))
        return stem if name == "stem" else suffix
    return None


def path_method(machine: Machine, path: str, name: str, arguments: Arguments) -> Discharge:
    """Follow a method of a pathlib.Path."""
    rest = [argument for argument in arguments.positional if isinstance(argument, str)]
    known = len(rest) == len(arguments.positional)
    if name in _SAME:
        return pure(f"pathlib.Path.{name}", PathText(posixpath.normpath(path)))
    if name in ("exists", "is_file"):
        return pure(f"pathlib.Path.{name}", ANY)
    if name == "open":
        return pure("pathlib.Path.open", Method(path, "open"))
    if name == "read_text":
        return content(machine, path)
    if not known:
        return pure(f"pathlib.Path.{name}", UNKNOWN_TEXT)
    if name == "joinpath":
        joined = posixpath.normpath(posixpath.join(path, *rest))
        return pure("pathlib.Path.joinpath", PathText(joined))
    changed = rest[0]
    if name == "with_suffix":
        changed = posixpath.splitext(posixpath.basename(path))[0] + changed
    beside = posixpath.join(posixpath.dirname(path), changed)
    return pure(f"pathlib.Path.{name}", PathText(beside))


def content(machine: Machine, path: Value) -> Discharge:
    """Return the text of a file of the tree."""
    if not isinstance(path, str) or not path:
        return pure("a file whose name is not in the text", UNKNOWN_TEXT)
    data = machine.project.resolve_file(posixpath.normpath(path))
    if data is None or not machine.room_for(len(data)):
        return pure("a file that is not in the tree", UNKNOWN_TEXT)
    return pure("a file of the tree", data.decode("utf-8", "replace"))


def file_method(machine: Machine, path: Value, name: str) -> Discharge:
    """Follow a method of an open file."""
    if name not in _READS:
        if name in ("close", "seek", "__enter__", "__exit__", "write", "flush", "readline"):
            return pure(f"a file's {name}", PLAIN)
        return unknown(machine, f"a file has no method {name}()")
    text = content(machine, path)
    if name == "readlines" and isinstance(text.value, str):
        return pure("a file of the tree", list_of(text.value.splitlines(keepends=True)[:2000]))
    return text


def open_file(arguments: Arguments) -> Discharge:
    """Follow open()."""
    path = arguments.get(0, "file", PLAIN)
    if isinstance(path, str | Text):
        return pure("builtins.open", Method(path, "open"))
    return pure("builtins.open", PLAIN)


def path_call(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    """Follow pathlib.Path(...), os.path.join(...) and their like."""
    values = arguments.positional
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) != len(values) or not texts or sum(map(len, texts)) > 4096:
        return pure(callee.path, UNKNOWN_TEXT)
    last = callee.last
    if last == "dirname":
        return pure(callee.path, _like(posixpath.dirname(texts[0]), texts))
    if last == "basename":
        return pure(callee.path, posixpath.basename(texts[0]))
    if last == "normpath":
        return pure(callee.path, _like(posixpath.normpath(texts[0]), texts))
    joined = texts[0] if last in ("abspath", "realpath") else posixpath.join(*texts)
    normal = posixpath.normpath(joined)
    return pure(
        callee.path,
        _like(normal, texts) if last == "join" and normal == joined else PathText(normal),
    )


def _like(found: str, texts: list[str]) -> str:
    """Return a text that was made of others, of which one may be a path."""
    return PathText(found) if any(isinstance(text, PathText) for text in texts) else found


_BUILTINS = frozenset(dir(builtins))
_STEPS_TO_LOAD = 2_500


class Missing(Opaque):
    """What `find` gives where a module has no such name."""

    __slots__ = ()


MISSING = Missing()


def module(machine: Machine, name: str) -> ModuleScope | None:
    """Return another module of the project, or None when it is not the project's."""
    if name not in machine.modules:
        machine.modules[name] = None
        source = machine.resolve(name) if machine.importing < DEEPEST_IMPORT else None
        if source is not None:
            try:
                machine.modules[name] = _scope(parsed(source), name, b"yield" in source)
            except Unparsable:
                machine.modules[name] = None
    return machine.modules[name]


def _scope(tree: ast.Module, package: str, generators: bool) -> ModuleScope:
    scope = ModuleScope(package, Names(), bindings(tree), generators=generators)
    scope.stars = [absolute(star, package) for star in stars(tree)]
    scope.changed = frozenset(n for names in changed_by_functions(tree).values() for n in names)
    return scope


def name_value(machine: Machine, name: str, frame: Frame) -> Value:
    """Return what a name in a function stands for."""
    here: Frame | None = frame
    while here is not None:
        names = here.elsewhere.get(name, here.names)
        if name in names.values and (here is frame or not here.is_class):
            return names.values[name]
        here = here.closure
    return global_value(machine, name, frame.scope)


def global_value(machine: Machine, name: str, scope: ModuleScope) -> Value:
    """Return what a name stands for that no function has bound."""
    value = find(machine, name, scope)
    if value is not MISSING:
        return value
    if name == "__name__":
        return scope.package or "__revision__"
    if name == "__file__":
        return path_of(machine, scope)
    if name == "__doc__":
        return PLAIN
    if name in _BUILTINS:
        return Name(f"builtins.{name}")
    return Opaque()


def find(machine: Machine, name: str, scope: ModuleScope) -> Value:
    """Return what a name at the top of a module stands for, or MISSING."""
    values = scope.names.values
    if name in values:
        return values[name]
    statements = scope.pending.get(name)
    if statements is None or (scope.package == "" and scope.is_revision):
        return _from_stars(machine, name, scope)
    if name in scope.looking:
        return Opaque()
    together = {text for text, held in scope.pending.items() if held is statements}
    scope.looking |= together
    try:
        found = _load(machine, together, statements, scope)
    finally:
        scope.looking -= together
    # A container that is one under several names stays one.
    values.update({text: found[text] for text in together if text not in values})
    return values[name]


def _load(
    machine: Machine, together: set[str], statements: list[ast.stmt], scope: ModuleScope
) -> dict[str, Value]:
    """Run what binds some names of another module, and nothing else of it."""
    frame = Frame(scope, Names(), is_module=True)
    machine.loading += 1
    mark = machine.state.mark()
    try:
        with machine.silence():
            for statement in statements:
                if isinstance(statement, ast.Import | ast.ImportFrom):
                    bind_import(machine, statement, frame, only=together)
                elif not run_apart(machine, statement, frame):
                    frame.names.values.update(dict.fromkeys(together, Opaque()))
    finally:
        machine.loading -= 1
        machine.state.keep(mark)
    changed = not together.isdisjoint(scope.changed)
    found = frame.names.values
    return {name: _open(found.get(name, MISSING), changed) for name in together}


def run_apart(machine: Machine, statement: ast.stmt, frame: Frame) -> bool:
    """Run a statement of a module or a class with a bound of its own; tell whether it ended."""
    before, floor, depth = machine.steps, machine.floor, len(machine.calls)
    machine.floor = max(floor, before - _STEPS_TO_LOAD)
    try:
        machine.path = START
        machine.block([statement], frame)
    except Exhausted:
        if before - _STEPS_TO_LOAD < floor:
            raise
        del machine.calls[depth:]
        for name in names_of(statement):
            frame.names.values[name] = Opaque()
        return False
    finally:
        machine.floor = floor
    return True


def _open(value: Value, changed: bool) -> Value:
    """Open a container that other modules may have filled by now."""
    if isinstance(value, Seq) and (changed or not value.content.items) and value.kind != "tuple":
        value.content = Items(value.content.items, True)
    if isinstance(value, Map) and (changed or not value.content.items):
        value.content = Entries(value.content.items, True, value.content.fallback)
    return value


def _from_stars(machine: Machine, name: str, scope: ModuleScope) -> Value:
    foreign: list[str] = []
    for star in reversed(scope.stars):
        inner = module(machine, star)
        if inner is None:
            foreign.append(star)
        elif inner is not scope and not name.startswith("_"):
            with_star = _guarded(machine, name, inner)
            if with_star is not MISSING:
                return with_star
    for star in foreign:
        if exported(star, name):
            return Name(f"{star}.{name}")
    strange = [star for star in foreign if not is_library(star)]
    if strange and name not in _BUILTINS:
        return Name(f"{strange[0]}.{name}", len(strange) > 1)
    return MISSING


def _guarded(machine: Machine, name: str, scope: ModuleScope) -> Value:
    mark = f"* {name}"
    if mark in scope.looking:
        return MISSING
    scope.looking.add(mark)
    try:
        return find(machine, name, scope)
    finally:
        scope.looking.discard(mark)


def force(machine: Machine, value: Value) -> Value:
    """Look behind an imported name where it is the project's own; else return it as it is."""
    if isinstance(value, Choice):
        options = [force(machine, option) for option in value.options]
        return Choice(tuple(options), value.on) if value.on else choice(options)
    seen = 0
    while isinstance(value, Name) and (value.ours or not is_library(value.path)):
        behind = _behind(machine, value)
        if behind is None or seen > DEEPEST_IMPORT:
            return value
        value, seen = behind, seen + 1
    return value


def _behind(machine: Machine, name: Name) -> Value | None:
    parts = name.path.split(".")
    for cut in range(len(parts), 0, -1):
        scope = module(machine, ".".join(parts[:cut]))
        if scope is None:
            continue
        value: Value = Module(scope)
        for part in parts[cut:]:
            if isinstance(value, Module):
                value = _member(machine, part, value.scope)
                if value is MISSING:
                    return None
            else:
                value = machine.attribute(value, part)
        return value
    return None


def _member(machine: Machine, name: str, scope: ModuleScope) -> Value:
    machine.importing += 1
    try:
        return find(machine, name, scope)
    finally:
        machine.importing -= 1


def bind_import(
    machine: Machine,
    statement: ast.Import | ast.ImportFrom,
    frame: Frame,
    only: Collection[str] = (),
) -> None:
    """Bind what an import statement brings, as dotted names that nobody has looked into."""
    if isinstance(statement, ast.Import):
        for name in statement.names:
            bound = name.asname or name.name.split(".", 1)[0]
            machine.imported[name.name] = None
            if not only or bound in only:
                machine.state.bind(frame.names, bound, Name(name.name if name.asname else bound))
        return
    path = absolute(statement, frame.scope.package)
    machine.imported[path] = None
    for name in statement.names:
        bound = name.asname or name.name
        machine.imported[f"{path}.{name.name}"] = None
        if name.name == "*":
            if path not in frame.scope.stars:
                frame.scope.stars.append(path)
        elif not only or bound in only:
            names = frame.elsewhere.get(bound, frame.names)
            machine.state.bind(names, bound, Name(f"{path}.{name.name}", statement.level > 0))


def absolute(statement: ast.ImportFrom, package: str) -> str:
    """Return the full name of the module that a `from` import names."""
    if not statement.level:
        return statement.module or ""
    parts = package.split(".")
    parents = parts[: len(parts) - statement.level]
    return ".".join([*parents, *([statement.module] if statement.module else [])])


def load_revision(machine: Machine, tree: ast.Module, generators: bool) -> Frame:
    """Run the top of the revision's own module, in order, and return its names."""
    scope = ModuleScope("", Names(), {}, is_revision=True, generators=generators)
    frame = Frame(scope, scope.names, is_module=True)
    machine.modules["__revision__"] = scope
    with machine.silence():
        for statement in tree.body:
            run_apart(machine, statement, frame)
    return frame
