"""Runs a revision's text with an `op` that records, to compare it with what was read from it."""

from __future__ import annotations

import contextlib
import re
import sys
import types
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations, ops
from alembic.operations.base import AbstractOperations

from lback.core.dialects import Dialects
from lback.core.effects import Effect, Effects

# (kind, object, table, name): what of an Effect a run can tell.
Deed = tuple[str, str, "str | None", "str | None"]
DIALECT = "sqlite"

_SQL = (
    (re.compile(r"INSERT INTO (\w+)", re.I), "insert"),
    (re.compile(r"UPDATE (\w+)", re.I), "update"),
    (re.compile(r"DELETE FROM (\w+)", re.I), "delete"),
)


@dataclass
class Run:
    """What happened: deeds in their order, and whether it raised."""

    deeds: list[Deed] = field(default_factory=list)
    error: BaseException | None = None


def _deeds_of_sql(text: str) -> Iterator[Deed]:
    for statement in text.split(";"):
        for pattern, kind in _SQL:
            found = pattern.match(statement.strip())
            if found:
                yield kind, "data", found.group(1), None
        found = re.match(r"(CREATE|DROP) TABLE (\w+)", statement.strip(), re.I)
        if found:
            yield found.group(1).lower(), "table", found.group(2), found.group(2)
        found = re.match(r"ALTER TABLE (\w+) (ADD|DROP) COLUMN (\w+)", statement.strip(), re.I)
        if found:
            kind = {"add": "create"}.get(found.group(2).lower(), "drop")
            yield kind, "column", found.group(1), found.group(3)


def _deeds_of(operation: Any) -> Iterator[Deed]:
    table = getattr(operation, "table_name", None)
    if isinstance(operation, ops.AddColumnOp):
        yield "create", "column", table, operation.column.name
    elif isinstance(operation, ops.DropColumnOp):
        yield "drop", "column", table, operation.column_name
    elif isinstance(operation, ops.AlterColumnOp):
        if operation.modify_name:
            yield "rename", "column", table, operation.column_name
        else:
            yield "alter", "column", table, operation.column_name
    elif isinstance(operation, ops.CreateTableOp):
        yield "create", "table", table, table
    elif isinstance(operation, ops.DropTableOp):
        yield "drop", "table", table, table
    elif isinstance(operation, ops.RenameTableOp):
        yield "rename", "table", table, table
    elif isinstance(operation, ops.CreateIndexOp):
        yield "create", "index", table, operation.index_name
    elif isinstance(operation, ops.DropIndexOp):
        yield "drop", "index", table, operation.index_name
    elif isinstance(operation, ops.AddConstraintOp):
        source = getattr(operation, "source_table", None) or table
        yield "create", "constraint", source, operation.constraint_name
    elif isinstance(operation, ops.DropConstraintOp):
        yield "drop", "constraint", table, operation.constraint_name
    elif isinstance(operation, ops.BulkInsertOp):
        yield "insert", "data", operation.table.name, None
    elif isinstance(operation, ops.ExecuteSQLOp):
        yield from _deeds_of_sql(str(operation.sqltext))
    else:
        raise AssertionError(f"the recorder does not know {operation}")


@contextlib.contextmanager
def _modules(texts: Mapping[str, str]) -> Iterator[None]:
    before = {name: sys.modules.get(name) for name in texts}
    made = {}
    for name in texts:
        made[name] = types.ModuleType(name)
        made[name].__path__ = []
        sys.modules[name] = made[name]
    try:
        for name, text in texts.items():
            parent, _, last = name.rpartition(".")
            if parent in made:
                setattr(made[parent], last, made[name])
            made[name].__package__ = (
                name if any(o.startswith(f"{name}.") for o in texts) else parent
            )
            exec(compile(text, name, "exec"), made[name].__dict__)
        yield
    finally:
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module


def run(
    source: str,
    direction: str = "upgrade",
    modules: Mapping[str, str] | None = None,
    dialect: str = DIALECT,
) -> Run:
    """Run one direction of a revision's text; modules are those of the project, by name.

    Of the dialect only the name is seen: what is recorded goes to no database.
    """
    found = Run()
    engine = sa.create_engine("sqlite://")
    engine.dialect.name = dialect
    original = AbstractOperations.invoke

    def invoke(_: Any, operation: Any) -> Any:
        found.deeds.extend(_deeds_of(operation))
        return None

    with engine.connect() as connection, _modules(modules or {}):

        @sa.event.listens_for(connection, "before_execute", retval=True)
        def execute(_: Any, statement: Any, *rest: Any) -> Any:
            text = (
                str(statement.compile(compile_kwargs={}))
                if not isinstance(statement, str)
                else statement
            )
            deeds = list(_deeds_of_sql(text))
            found.deeds.extend(deeds)
            return (sa.text("SELECT 1 AS id") if deeds else statement), rest[0], rest[1]

        context = MigrationContext.configure(connection)
        AbstractOperations.invoke = invoke  # type: ignore[method-assign]
        module = types.ModuleType("revision_under_test")
        sys.modules[module.__name__] = module
        namespace = module.__dict__
        try:
            with Operations.context(context):
                try:
                    exec(compile(source, "revision", "exec"), namespace)
                    namespace[direction]()
                except Exception as err:
                    found.error = err
        finally:
            AbstractOperations.invoke = original  # type: ignore[method-assign]
            del sys.modules[module.__name__]
    engine.dispose()
    return found


def _here(effect: Effect) -> bool:
    """Tell whether an effect is meant on the dialect that the recorder runs on."""
    return not (Dialects.of(effect.dialect) & Dialects(frozenset({DIALECT}), but=False)).empty


def _fits(deed: Deed, effect: Effect) -> bool:
    kind, what, table, name = deed
    if (effect.kind, effect.object, effect.table) != (kind, what, table):
        return what == "index" and (effect.kind, effect.object, effect.name) == (kind, what, name)
    return what == "data" or effect.name == name or effect.name is None


def missed(deeds: list[Deed], effects: Effects, direction: str = "upgrade") -> list[Deed]:
    """Return what happened though it was neither read nor said to be unknown."""
    read = effects.upgrade if direction == "upgrade" else effects.downgrade
    unknown = [one for one in effects.unknown if one.direction == direction]
    return [
        deed
        for deed in deeds
        if not any(_fits(deed, effect) for effect in read if _here(effect))
        and not any(not one.tables or deed[2] in one.tables for one in unknown)
    ]


def overclaimed(deeds: list[Deed], effects: Effects, direction: str = "upgrade") -> list[Effect]:
    """Return what was said for certain, on this dialect, and did not happen that often."""
    read = effects.upgrade if direction == "upgrade" else effects.downgrade
    left = Counter(deeds)
    found = []
    for effect in read:
        if not effect.certain or not _here(effect):
            continue
        if effect.object in ("enum",) or (effect.object == "column" and _in_create(effect, read)):
            continue
        fitting = next(
            (deed for deed, count in left.items() if count and _fits(deed, effect)), None
        )
        if fitting is None:
            found.append(effect)
        else:
            left[fitting] -= 1
    return found


def _in_create(effect: Effect, read: tuple[Effect, ...]) -> bool:
    """Tell whether a column comes with its table."""
    return effect.kind == "create" and any(
        one.kind == "create" and one.object == "table" and one.table == effect.table for one in read
    )
