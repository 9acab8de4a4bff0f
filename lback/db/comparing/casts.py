"""Types that differ: those that only look so, and how PostgreSQL casts the values of others."""

from __future__ import annotations

from typing import Any, cast

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import renderers
from alembic.operations import ops
from sqlalchemy.engine import Connection

from lback.db.alembic_compat import sql_of
from lback.db.comparing.twins import Snapshot


def take_back_alike(
    context: AutogenContext, changes: ops.ModifyTableOps, now: Snapshot, twin: Snapshot
) -> None:
    """Take back changes to a type that this database shows as the one that there is."""
    for change in changes_of_type(changes):
        name = change.column_name
        if name not in now.columns or name not in twin.columns:
            continue
        kinds = [each.columns[name]["type"] for each in (now, twin)]
        if any(isinstance(kind, sa.types.NullType) for kind in kinds):
            continue  # one that SQLAlchemy does not know is like no other
        texts = {str(kind.compile(context.dialect)) for kind in kinds}
        if len(texts) == 1:
            take_back_type(changes, change)


def changes_of_type(changes: ops.ModifyTableOps) -> list[ops.AlterColumnOp]:
    """Return those of the changes that are about a type."""
    alters = [one for one in changes.ops if isinstance(one, ops.AlterColumnOp)]
    return [one for one in alters if one.modify_type is not None]


def take_back_type(changes: ops.ModifyTableOps, change: ops.AlterColumnOp) -> None:
    """Leave a type as it is, and drop the change where nothing else is in it."""
    change.modify_type = None
    if not change.has_changes():
        changes.ops.remove(change)


class AlterType(ops.AlterColumnOp):
    """Another type, with an expression for the values where PostgreSQL finds none by itself."""

    back: str | None = None

    def reverse(self) -> AlterType:
        """Return the way back."""
        made: Any = super().reverse()
        made.back = made.kw.pop("postgresql_using", None)
        if self.back is not None:
            made.kw["postgresql_using"] = self.back
        return cast("AlterType", made)


@renderers.dispatch_for(AlterType)
def _render_type(context: AutogenContext, operation: AlterType) -> str:
    text = str(renderers.dispatch(ops.AlterColumnOp)(context, operation))
    using = operation.kw.get("postgresql_using")
    return text if using is None else f"{text[:-1]},\n{' ' * 11}postgresql_using={using!r})"


def say_how_to_cast(changes: ops.ModifyTableOps, model: sa.Table, connection: Connection) -> None:
    """Write USING where PostgreSQL has no cast that it would take by itself."""
    made: list[ops.MigrateOperation] = []
    for operation in changes.ops:
        if not isinstance(operation, ops.AlterColumnOp) or operation.modify_type is None:
            made.append(operation)
            continue
        old, new, name = operation.existing_type, operation.modify_type, operation.column_name
        operation.__class__ = AlterType
        using = _using(connection, name, old, new)
        back = _using(connection, name, new, old)
        if using is not None:
            operation.kw["postgresql_using"] = using
        operation.back = back  # type: ignore[attr-defined]
        if using is None and back is None:
            made.append(operation)
        else:
            made += _default_apart(operation, model.columns[name].server_default)
    changes.ops[:] = made


def _default_apart(change: ops.AlterColumnOp, wanted: Any) -> list[ops.AlterColumnOp]:
    """Return a change of type, and around it what takes the default away: it is not cast."""
    before = change.existing_server_default
    after = wanted if change.modify_server_default is False else change.modify_server_default
    defaults = [one for one in (before, after) if one is not None and one is not False]
    if not defaults or not all(isinstance(one, sa.DefaultClause) for one in defaults):
        return [change]

    def default(type_: Any, nullable: bool | None, old: Any, new: Any) -> ops.AlterColumnOp:
        return ops.AlterColumnOp(
            change.table_name,
            change.column_name,
            schema=change.schema,
            existing_type=type_,
            existing_nullable=nullable,
            existing_server_default=None if old is False else old,
            modify_server_default=None if new is False else new,
        )

    changed = change.existing_nullable if change.modify_nullable is None else change.modify_nullable
    first = default(change.existing_type, change.existing_nullable, before, None)
    last = default(change.modify_type, changed, None, after)
    change.existing_server_default = change.modify_server_default = False
    return [
        *([first] if before is not None and before is not False else []),
        change,
        *([last] if after is not None and after is not False else []),
    ]


_CAST = """
    SELECT CASE WHEN to_regtype(:old) = to_regtype(:new) THEN 'i' ELSE (
        SELECT castcontext::text FROM pg_cast
        WHERE castsource = to_regtype(:old) AND casttarget = to_regtype(:new)
    ) END
"""


def _using(connection: Connection, column: str, old: Any, new: Any) -> str | None:
    """Return what makes a value of one type of another; None where that goes by itself."""
    if isinstance(new, sa.String) and not isinstance(new, sa.Enum):
        return None
    names = {"old": sql_of(old, connection.dialect), "new": sql_of(new, connection.dialect)}
    found = connection.scalar(sa.text(_CAST), names)
    if found in ("i", "a"):
        return None
    # Alembic sends it to the driver as it stands, which may want % twice.
    after = str(new.compile(connection.dialect))
    quoted = connection.dialect.identifier_preparer.quote(column)
    return f"{quoted}::{after}" if found else f"{quoted}::text::{after}"
