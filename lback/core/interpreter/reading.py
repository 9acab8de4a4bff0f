"""upgrade() beside downgrade(): what the way down undoes, the way up has to have done."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from lback.core.dialects import EVERY_DIALECT, Dialects
from lback.core.effects import Direction, Effect, Effects, Resolve, ResolveFile, Unknown
from lback.core.graph.revision import LABELS
from lback.core.interpreter.attributes import attribute
from lback.core.interpreter.calls import call
from lback.core.interpreter.classes import read_class
from lback.core.interpreter.expressions import evaluate
from lback.core.interpreter.functions import given_arguments, own_nodes, raises
from lback.core.interpreter.items import item
from lback.core.interpreter.iteration import walk
from lback.core.interpreter.logic import condition
from lback.core.interpreter.machine import Evaluators, Exhausted, Machine, ReadingContext
from lback.core.interpreter.modules import MISSING, find, force, load_revision
from lback.core.interpreter.sources import Unparsable, parsed
from lback.core.interpreter.state import START
from lback.core.interpreter.statements import block
from lback.core.interpreter.text import strings
from lback.core.interpreter.values import Func, Lazy, Seq, Value

_MADE = frozenset({"create", "rename"})
_GONE = frozenset({"drop", "rename"})


def doubts(
    upgrade: Sequence[Effect], downgrade: Sequence[Effect], unknown: Sequence[Unknown]
) -> Iterator[Unknown]:
    """Say on which tables upgrade() does more than was read, as its way down shows.

    A downgrade() that drops a table or column of a table that upgrade() was not seen to touch,
    or makes one, undoes something that nobody has read.
    """
    said = [doubt for doubt in unknown if doubt.direction == "upgrade"]
    if any(not value.tables for value in said):
        return
    touched = {_bare(table) for value in said for table in value.tables}
    touched |= {_bare(name) for entry in upgrade for name in (entry.table, entry.to) if name}
    things = [entry for entry in downgrade if entry.object in ("table", "column", "view")]
    made = {_place(thing, thing.to) for thing in things if thing.kind in _MADE}
    gone = {_place(thing) for thing in things if thing.kind in _GONE}
    for effect in things:
        table, column = _place(effect)
        if effect.object == "view" or not table or table in touched:
            continue
        both = {(table, column), (table, "")}
        if effect.kind == "drop" and not both & made:
            touched.add(table)
            yield _unknown(effect, "which upgrade() was not seen to make")
        elif effect.kind == "create" and not both & gone:
            touched.add(table)
            yield _unknown(effect, "which upgrade() was not seen to drop")


def _place(effect: Effect, renamed: str | None = None) -> tuple[str, str]:
    """Return the table and the column ("" for the table itself) that an effect is about."""
    if effect.object != "column":
        return _bare(renamed or effect.table), ""
    return _bare(effect.table), (renamed or effect.name or "").casefold()


def _unknown(effect: Effect, why: str) -> Unknown:
    what = f"{effect.object} {effect.name or effect.table}"
    table = effect.table or ""
    return Unknown(
        "upgrade", effect.line, f"downgrade() {_verb(effect)} the {what}, {why}", (table,)
    )


def _verb(effect: Effect) -> str:
    return "drops" if effect.kind == "drop" else "makes"


def _bare(name: str | None) -> str:
    return (name or "").rpartition(".")[2].casefold()


# Why a text is unknown that lback fell over.
FAULT = "a fault of lback's own keeps it from reading this"

Gap = Literal["", "missing", "empty", "raises"]
_TALK = frozenset({"print", "info", "debug", "warning", "warn", "log", "error"})


def _no_file(_: str) -> bytes | None:
    return None


_PARTS = Evaluators(evaluate, condition, block, call, attribute, item, walk, read_class)


def read_effects(
    source: bytes,
    *,
    resolve: Resolve = _no_file,
    wrappers: Mapping[str, str] | None = None,
    dialects: Dialects | None = None,
    path: str = "",
    resolve_file: ResolveFile = _no_file,
) -> Effects:
    """Read what upgrade() and downgrade() of a revision's text do; never runs or imports it.

    `resolve("package.module")` gives the text of another module of the same project in
    the same tree, or None. `wrappers` maps names of the project's own functions to the
    directive of `alembic.op` whose arguments they take. `dialects` are those that the
    project's database may have (None: any); SQL is read as they read it. `path` is where the
    text lies in the tree: its `__file__` is then `TREE/path`, and `resolve_file` gives the
    content of a file by such a path, or by one relative to the folder that Alembic is started
    in; None for what is not in the tree. Never raises: what cannot be read becomes an Unknown.
    """
    try:
        tree = parsed(source)
    except Unparsable as problem:
        reason = str(problem)
        return Effects(unknown=(Unknown("upgrade", 1, reason), Unknown("downgrade", 1, reason)))
    project = ReadingContext(resolve, wrappers or {}, dialects or EVERY_DIALECT, path, resolve_file)
    generators = b"yield" in source
    up = _direction(tree, "upgrade", project, generators)
    down = _direction(tree, "downgrade", project, generators)
    unknown = (*up.unknown, *down.unknown)
    return Effects(
        tuple(up.effects),
        tuple(down.effects),
        (*unknown, *doubts(up.effects, down.effects, unknown)),
        _gap(tree, "downgrade") or ("raises" if _only_ends(down) else ""),
        tuple(sorted(up.reads)),
        tuple(up.asked),
    )


def read_labels(
    source: bytes, *, resolve: Resolve = _no_file, path: str = ""
) -> tuple[str, ...] | None:
    """Read the branch labels that a revision's text computes from constants of other modules.

    Arguments are those of `read_effects`. None where only running the file would tell.
    """
    try:
        tree = parsed(source)
        machine = Machine(
            "upgrade", ReadingContext(resolve, {}, EVERY_DIALECT, path, _no_file), _PARTS
        )
        frame = load_revision(machine, tree, b"yield" in source)
        value = force(machine, find(machine, LABELS, frame.scope))
    except (Unparsable, Exhausted, RecursionError):
        return None
    if value is None or value is MISSING:
        return ()
    closed = isinstance(value, Seq) and value.kind in ("list", "tuple") and not value.content.open
    items = value.content.items if closed and isinstance(value, Seq) else (value,)
    labels = [strings(force(machine, item)) for item in items]
    if any(options is None or len(options) != 1 for options in labels):
        return None
    return tuple(options[0] for options in labels if options and options[0])


def _direction(
    tree: ast.Module, direction: Direction, project: ReadingContext, generators: bool
) -> Machine:
    machine = Machine(direction, project, _PARTS)
    try:
        frame = load_revision(machine, tree, generators)
        if machine.acts_when_loaded:
            machine.cannot_read("the file changes the database when it is loaded")
        function = force(machine, find(machine, direction, frame.scope))
        if function is not MISSING:
            _run(machine, function)
        elif not _gap(tree, direction):
            machine.cannot_read(f"{direction}() is defined by what is not read")
    except Exhausted as limit:
        machine.path = machine.path or START
        machine.cannot_read(f"this {limit}")
    except RecursionError:
        machine.path = machine.path or START
        machine.cannot_read("this is nested too deep to follow")
    except Exception as fault:  # a text that nobody has thought of must not stop the others
        machine.path = machine.path or START
        machine.cannot_read(f"{FAULT} ({type(fault).__name__})")
    return machine


def _run(machine: Machine, function: Value) -> None:
    """Call upgrade() or downgrade(), and say what of it was not followed to its end."""
    value = call(machine, function, given_arguments(function)).value
    if machine.dead and not (isinstance(function, Func) and raises(function)):
        machine.path = START
        machine.cannot_read(f"{machine.direction}() is not understood to its end")
    if isinstance(value, Lazy) and value.kind == "coroutine":
        machine.cannot_read("a coroutine that nobody awaits")
    if machine.state.escaped:
        machine.path = START
        machine.cannot_read("a list of data holds by now what may reach the database")


def _only_ends(down: Machine) -> bool:
    """Tell whether downgrade() raises or leaves the program before it has done anything."""
    return down.dead and not down.effects and not down.unknown


def _gap(tree: ast.Module, name: Direction) -> Gap:
    """Say why there is no way of this direction, or "" where its function does something."""
    nodes = list(own_nodes(tree.body))
    functions = [node for node in nodes if _defines(node, name)]
    others = [node for node in nodes if _may_bind(node, name)]
    if not functions:
        return "" if others else "missing"
    # The last to bind the name is what Alembic runs.
    line = getattr(functions[0], "lineno", 0)
    if len(functions) > 1 or any(getattr(other, "lineno", 0) > line for other in others):
        return ""
    for statement in getattr(functions[0], "body", ()):
        if isinstance(statement, ast.Raise):
            return "raises"
        if not _does_nothing(statement):
            return ""
    return "empty"


def _defines(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name


def _may_bind(node: ast.AST, name: str) -> bool:
    """Tell whether a piece of the top level may bind a name otherwise than by `def`."""
    if isinstance(node, ast.alias):
        return (node.asname or node.name) in (name, "*")
    if isinstance(node, ast.Name):
        return node.id == name and not isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.ClassDef):
        return node.name == name
    if isinstance(node, ast.Call):
        runs = isinstance(node.func, ast.Name) and node.func.id in ("exec", "eval")
        return runs or any(_is_text(arg, name) for arg in node.args)
    return isinstance(node, ast.Subscript) and _is_text(node.slice, name)


def _is_text(node: ast.AST, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text


def _does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Pass | ast.Import | ast.ImportFrom | ast.Global):
        return True
    if isinstance(statement, ast.Return):
        return statement.value is None or isinstance(statement.value, ast.Constant)
    if not isinstance(statement, ast.Expr):
        return False
    if isinstance(statement.value, ast.Constant):
        return True
    if isinstance(statement.value, ast.Call):
        function = statement.value.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        return name in _TALK
    return False
