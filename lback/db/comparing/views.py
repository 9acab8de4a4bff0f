"""Views of PostgreSQL, which let no column beneath them change: made again, or named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from alembic.operations import ops
from sqlalchemy.engine import Connection

from lback.core.messages import makemigrations as messages
from lback.db.comparing.enums import Statements
from lback.db.directives import full_name
from lback.db.renaming import Renames

_ABOVE = """
    SELECT DISTINCT v.oid, n.nspname, v.relname,
        v.relkind = 'v' AND v.relacl IS NULL AND v.reloptions IS NULL
        AND pg_get_userbyid(v.relowner) = current_user
        AND NOT EXISTS (SELECT FROM pg_description WHERE objoid = v.oid)
        AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = v.oid)
        AND (SELECT count(*) FROM pg_rewrite WHERE ev_class = v.oid) = 1 AS plain,
        pg_get_viewdef(v.oid) AS text
    FROM pg_depend AS d
    JOIN pg_rewrite AS r ON r.oid = d.objid
    JOIN pg_class AS v ON v.oid = r.ev_class
    JOIN pg_namespace AS n ON n.oid = v.relnamespace
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
    AND d.refobjid = :table AND v.oid <> d.refobjid
    AND (:column = '' OR d.refobjsubid IN (
        SELECT attnum FROM pg_attribute WHERE attrelid = :table AND attname = :column
    ))
    ORDER BY 2, 3
"""


class _View(NamedTuple):
    oid: int
    schema: str
    name: str
    plain: bool
    """Whether it is all told by its text: nobody has rights to it or has said more of it."""
    text: str


def remake_views(
    upgrade: ops.UpgradeOps, connection: Connection, renames: Renames, default_schema: str
) -> None:
    """Put the views above columns that change out of their way; LbackError where none may go."""
    if connection.dialect.name != "postgresql":
        return
    found: dict[int, _View] = {}
    for schema, table, column, goes in _touched(upgrade):
        before = renames.before(table, schema)
        names = renames.columns.get((schema, table), {})
        old = next((name for name, new in names.items() if new == column), column)
        oid = _oid(connection, schema or default_schema, before)
        views = _above(connection, oid, old)
        if not views:
            continue
        shown = [_shown(view, default_schema) for view in views]
        place = full_name(table, schema) + (f".{column}" if column else "")
        if goes:
            raise messages.views_in_the_way(place, shown, "goes")
        if not all(view.plain for view in views):
            raise messages.views_in_the_way(place, shown, "changes its type")
        if renames.tables or any(renames.columns.values()):
            raise messages.views_in_the_way(place, shown, "changes its type beside a rename")
        for view in views:  # the last is above all others
            found.pop(view.oid, None)
            found[view.oid] = view
    if not found:
        return
    quote = connection.dialect.identifier_preparer.quote
    down: list[str] = []
    up: list[str] = []
    for view in found.values():
        place = "" if view.schema == default_schema else f"{quote(view.schema)}."
        up.append(f"CREATE VIEW {place}{quote(view.name)} AS {view.text.strip().rstrip(';')}")
        down.insert(0, f"DROP VIEW {place}{quote(view.name)}")
    listed = ", ".join(_shown(view, default_schema) for view in found.values())
    upgrade.ops[:] = [
        Statements(f"drop view {listed}", down, f"create view {listed}", up),
        *upgrade.ops,
        Statements(f"create view {listed}", up, f"drop view {listed}", down),
    ]


def _touched(upgrade: ops.UpgradeOps) -> Iterator[tuple[str | None, str, str, bool]]:
    """Yield schema, table and column of what no view may be above, and whether it goes."""
    for operation in upgrade.ops:
        if isinstance(operation, ops.DropTableOp):
            yield operation.schema, str(operation.table_name), "", True
        parts: Sequence[Any] = operation.ops if isinstance(operation, ops.ModifyTableOps) else ()
        for part in parts:
            if isinstance(part, ops.DropColumnOp):
                yield part.schema, str(part.table_name), str(part.column_name), True
            elif isinstance(part, ops.AlterColumnOp) and part.modify_type is not None:
                yield part.schema, str(part.table_name), str(part.column_name), False


def _oid(connection: Connection, schema: str, table: str) -> int:
    text = (
        "SELECT c.oid FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
        "WHERE n.nspname = :schema AND c.relname = :table"
    )
    return connection.scalar(sa.text(text), {"schema": schema, "table": table}) or 0


def _above(connection: Connection, oid: int, column: str) -> list[_View]:
    """Return the views above a column, and those above them, each behind what it is above."""
    made: dict[int, _View] = {}
    rows = connection.execute(sa.text(_ABOVE), {"table": oid, "column": column})
    for view in [_View(*row) for row in rows]:
        for each in (view, *_above(connection, view.oid, "")):
            made.pop(each.oid, None)
            made[each.oid] = each
    return list(made.values())


def _shown(view: _View, default_schema: str) -> str:
    return view.name if view.schema == default_schema else f"{view.schema}.{view.name}"
