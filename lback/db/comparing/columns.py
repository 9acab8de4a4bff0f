"""Defaults and computed columns, by what both sides are in this database."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops

from lback.db.comparing.twins import Snapshot

# In an expression: a text, a quoted name, a name.
_WORD = re.compile(r"""'(?:[^']|'')*'|"((?:[^"]|"")+)"|([^\W\d][\w$]*)""")


def compare_defaults(
    changes: ops.ModifyTableOps, now: Snapshot, twin: Snapshot, there: sa.Table, model: sa.Table
) -> None:
    """Say which defaults are others, by what both are in this database."""
    found = {one.column_name: one for one in changes.ops if isinstance(one, ops.AlterColumnOp)}
    for column in model.columns:
        name = column.name
        if name not in now.columns or name not in there.columns:
            continue
        if any(each.columns[name].get("identity") for each in (now, twin)):
            continue
        if now.computed(name) or twin.computed(name):
            continue
        old = there.columns[name]
        change = found.get(name)
        if now.default(name) != twin.default(name):
            if change is None:
                change = ops.AlterColumnOp(
                    there.name,
                    name,
                    schema=there.schema,
                    existing_type=old.type,
                    existing_nullable=old.nullable,
                    existing_comment=old.comment,
                )
                changes.ops.append(change)
            change.existing_server_default = old.server_default
            change.modify_server_default = column.server_default
        elif change is not None and change.modify_server_default is not False:
            change.modify_server_default = False
            if not change.has_changes():
                changes.ops.remove(change)


def _names_in(computed: Mapping[str, Any]) -> set[str]:
    """Return the names in what a column is computed from."""
    found = _WORD.finditer(computed["computed"]["sqltext"])
    return {word[2] or word[1].replace('""', '"') for word in found if word[1] or word[2]}


def compare_computed(
    changes: ops.ModifyTableOps,
    now: Snapshot,
    twin: Snapshot,
    there: sa.Table,
    model: sa.Table,
    *,
    needs_room: bool,
) -> None:
    """Make a column anew that is computed in another way, or of another type."""
    in_the_way = {
        one.column_name
        for one in changes.ops
        if isinstance(one, ops.AlterColumnOp) and one.modify_type is not None and needs_room
    }
    for column in model.columns:
        name = column.name
        old, new = now.computed(name), twin.computed(name)
        if name not in there.columns:
            continue
        if old != new or (old and in_the_way & _names_in(now.columns[name])):
            changes.ops[:] = [
                one
                for one in changes.ops
                if not (isinstance(one, ops.AlterColumnOp) and one.column_name == name)
            ]
            changes.ops += [
                ops.DropColumnOp.from_column_and_tablename(
                    there.schema, there.name, there.columns[name]
                ),
                ops.AddColumnOp.from_column_and_tablename(there.schema, there.name, column),
            ]
