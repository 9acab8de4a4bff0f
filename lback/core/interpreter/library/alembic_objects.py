"""What Alembic, its libraries and SQLAlchemy's events give, and decorators of theirs."""

from __future__ import annotations

from lback.core.interpreter.discharge import Discharge, followed, pure, unknown
from lback.core.interpreter.flow import perhaps
from lback.core.interpreter.library.directives import OPERATIONS
from lback.core.interpreter.library.sql_sink import send
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.schema import (
    EntityV,
    Handle,
)  # fmt: skip
from lback.core.interpreter.text import pieces
from lback.core.interpreter.values import (
    PLAIN,
    Arguments,
    Bound,
    Func,
    Klass,
    Name,
    Operation,
    Value,
)  # fmt: skip

# -- Alembic -----------------------------------------------------------------------


def alembic_object(machine: Machine, path: str, arguments: Arguments) -> Discharge | None:
    """Follow a call of Alembic's own, or return None."""
    if path.startswith("alembic.operations.ops."):
        for part in reversed(path.split(".")):
            if part in OPERATIONS:
                return pure("an operation", Operation(OPERATIONS[part], arguments))
        return None
    if path in ("alembic.operations.Operations", "alembic.operations.base.Operations"):
        return pure("alembic.operations.Operations", Handle("op"))
    if path.endswith("Operations.context"):
        return pure("alembic.operations.Operations.context", Handle("op"))
    if path.endswith(("Operations.register_operation", "Operations.implementation_for")):
        return pure("a decorator of Alembic's", Bound(Name(path), tuple(arguments.positional)))
    last = path.rpartition(".")[2]
    if path.startswith(("alembic.migration.MigrationContext", "alembic.runtime.migration")):
        return pure("a migration context", Handle("context")) if last == "configure" else None
    if path in ("alembic.context.execute",):
        return send(machine, arguments.get(0, "sql"))
    if path == "alembic.context.is_offline_mode":
        return pure(path, False)
    if path in ("alembic.context.get_context", "alembic.context.begin_transaction"):
        return pure(path, Handle("context"))
    if path == "alembic.context.get_bind":
        return pure(path, Handle("bind"))
    return None


def entity(machine: Machine, last: str, arguments: Arguments) -> Discharge:
    """Make an entity of alembic_utils."""
    schema = arguments.get(0, "schema", "")
    signature = arguments.get(1, "signature", PLAIN)
    definition = arguments.get(2, "definition", PLAIN)
    full = (*pieces(schema), ".", *pieces(signature)) if schema else pieces(signature)
    if last == "PGFunction":
        bare = tuple(item.partition("(")[0] if item else item for item in full)
        return _made(
            ("CREATE FUNCTION ", *full, " ", *pieces(definition)), ("DROP FUNCTION ", *bare)
        )
    if last in ("PGView", "PGMaterializedView"):
        kind = "VIEW " if last == "PGView" else "MATERIALIZED VIEW "
        return _made(
            (f"CREATE {kind}", *full, " AS ", *pieces(definition)), (f"DROP {kind}", *full)
        )
    if last == "PGTrigger":
        on = pieces(arguments.keywords.get("on_entity", PLAIN))
        return _made(
            ("CREATE TRIGGER ", *pieces(signature), " ", *pieces(definition)),
            ("DROP TRIGGER ", *pieces(signature), " ON ", *on),
        )
    if last == "PGExtension":
        return _made(
            ("CREATE EXTENSION ", *pieces(signature)), ("DROP EXTENSION ", *pieces(signature))
        )
    return unknown(machine, f"alembic_utils.{last} is not an entity that is read")


def _made(create: tuple[str | None, ...], drop: tuple[str | None, ...]) -> Discharge:
    return pure("an entity of alembic_utils", EntityV(create, drop))


def event(machine: Machine, last: str, arguments: Arguments) -> Discharge | None:
    """Follow event.listen() and event.listens_for(): the function may run from now on."""
    if last == "listens_for":
        return pure("sqlalchemy.event.listens_for", Bound(Name("sqlalchemy.event.listens_for")))
    if last == "listen":
        heard(machine, arguments.get(2, "fn"))
        return followed(None)
    return pure(f"sqlalchemy.event.{last}", PLAIN) if last in ("remove", "contains") else None


def heard(machine: Machine, value: Value) -> None:
    """Walk through a function that the database calls back, if anything happens."""
    perhaps(machine, lambda: _void(machine.call_with(value, Arguments(open=True))))


def _void(_: Discharge) -> None:
    pass


def decorated_by_alembic(machine: Machine, decorator: Bound, value: Value) -> Value | None:
    """Follow a decorator that registers an operation or a listener; None for any other."""
    function_name = decorator.function
    if not isinstance(function_name, Name):
        return None
    path = function_name.path
    if path == "sqlalchemy.event.listens_for":
        heard(machine, value)
        return value
    if path.endswith("Operations.register_operation") and isinstance(value, Klass):
        name = decorator.positional[0] if decorator.positional else None
        method = decorator.positional[1] if len(decorator.positional) > 1 else name
        if isinstance(name, str) and isinstance(method, str):
            machine.registered[name] = (value, method)
        return value
    if path.endswith("Operations.implementation_for"):
        for argument in decorator.positional:
            if isinstance(argument, Klass) and isinstance(value, Func | Bound):
                machine.implementations[argument] = value
        return value
    return None
