"""Views above what changes: made again where their text is all there is to them, or named.

PostgreSQL lets no column beneath a view change its type, and SQLite copies no table beneath one.
MySQL lets everything change, and the view fails from then on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from alembic.operations import ops
from sqlalchemy.engine import Connection

from lback.core.messages import makemigrations as messages
from lback.db.alembic_compat import name_writer
from lback.db.comparing.enums import ChangedType, Statements
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
    kind = connection.dialect.name
    if kind == "sqlite":
        _on_sqlite(upgrade, connection)
    elif kind in ("mysql", "mariadb"):
        _on_mysql(upgrade, connection, renames)
    elif kind == "postgresql":
        _on_postgresql(upgrade, connection, renames, default_schema)


def _on_postgresql(
    upgrade: ops.UpgradeOps, connection: Connection, renames: Renames, default_schema: str
) -> None:
    found: dict[int, _View] = {}
    for schema, table, column, goes in _touched(upgrade):
        before = renames.before(table, schema)
        names = renames.columns.get((schema, table), {})
        old = next((name for name, new in names.items() if new == column), column)
        oid = _oid(connection, schema or default_schema, before)
        views = _above(connection, oid, old)
        if not views:
            continue
        renamed = renames.tables or any(renames.columns.values())
        if goes is None and (renamed or not all(view.plain for view in views)):
            continue
        shown = [_shown(view, default_schema) for view in views]
        place = full_name(table, schema) + (f".{column}" if column else "")
        if goes:
            raise messages.views_in_the_way(place, shown, "goes")
        if not all(view.plain for view in views):
            raise messages.views_in_the_way(place, shown, "changes its type")
        if renamed:
            raise messages.views_in_the_way(place, shown, "changes its type beside a rename")
        for view in views:  # the last is above all others
            found.pop(view.oid, None)
            found[view.oid] = view
    if not found:
        return
    quote = name_writer(connection.dialect)
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


def _touched(upgrade: ops.UpgradeOps) -> Iterator[tuple[str | None, str, str, bool | None]]:
    """Yield schema, table and column of what no view may be above, and whether it goes.

    None: a view is in the way of the downgrade alone.
    """
    for operation in upgrade.ops:
        if isinstance(operation, ChangedType):
            for user in operation.users:
                yield user.schema, user.table, user.column, False if operation.rebuilt else None
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


def _on_mysql(upgrade: ops.UpgradeOps, connection: Connection, renames: Renames) -> None:
    """Refuse what would leave a view that fails; it writes each name in quotes."""
    goes = [
        (renames.before(table, schema), column, "goes")
        for schema, table, column, gone in _touched(upgrade)
        if gone
    ]
    goes += [(table, "", "is renamed") for _, table in renames.tables]
    for (schema, table), names in renames.columns.items():
        before = renames.before(table, schema)
        goes += [(before, column, "is renamed") for column in names]
    if not goes:
        return
    texts = connection.execute(
        sa.text(
            "SELECT TABLE_NAME, VIEW_DEFINITION FROM information_schema.VIEWS "
            "WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1"
        )
    ).all()
    quote = connection.dialect.identifier_preparer.quote_identifier
    for table, column, what in goes:
        words = [quote(name).replace("%%", "%") for name in (table, column) if name]
        views = [view for view, text in texts if all(word in text for word in words)]
        if views:
            raise messages.views_in_the_way(f"{table}.{column}".rstrip("."), views, what)


def _on_sqlite(upgrade: ops.UpgradeOps, connection: Connection) -> None:
    """Drop the views and triggers that speak of a table which is copied; make them again."""
    gone = {str(one.table_name) for one in upgrade.ops if isinstance(one, ops.DropTableOp)}
    copied = {
        str(one.table_name)
        for one in upgrade.ops
        if isinstance(one, ops.ModifyTableOps)
        and not all(isinstance(part, (ops.CreateIndexOp, ops.DropIndexOp)) for part in one.ops)
    }
    there = connection.exec_driver_sql(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type IN ('view', 'trigger') "
        "AND sql NOTNULL ORDER BY rowid"
    ).all()
    names, found = gone | copied, set()
    while True:
        spoken = [row[1] for row in there if row[1] not in found and _speaks(row[3], names)]
        if not spoken:
            break
        found.update(spoken)
        names |= set(spoken)
    if not found:
        return
    quote = name_writer(connection.dialect)
    rows = [row for row in there if row[1] in found]
    down = [f"DROP {kind.upper()} {quote(name)}" for kind, name, _, _ in reversed(rows)]
    kept = [row for row in rows if row[2] not in gone]
    listed = ", ".join(f"{kind} {name}" for kind, name, _, _ in rows)
    shown = ", ".join(f"{kind} {name}" for kind, name, _, _ in kept)
    again = [f"DROP {kind.upper()} {quote(name)}" for kind, name, _, _ in reversed(kept)]
    upgrade.ops[:] = [
        Statements(f"drop {listed}", down, f"create {listed}", [row[3] for row in rows]),
        *upgrade.ops,
        Statements(f"create {shown}", [row[3] for row in kept], f"drop {shown}", again),
    ]


def _speaks(text: str, names: set[str]) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) for name in names)


def failing_views(connection: Connection) -> set[str]:
    """Return the views of SQLite that cannot be read."""
    failing = set()
    quote = name_writer(connection.dialect)
    for name in sa.inspect(connection).get_view_names():
        try:
            connection.exec_driver_sql(f"SELECT * FROM {quote(name)} LIMIT 0")
        except sa.exc.OperationalError:
            failing.add(name)
    return failing
