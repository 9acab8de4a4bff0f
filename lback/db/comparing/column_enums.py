"""Values of enums that a column of MySQL has in its own type: the rows get the new ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy.dialects import mysql

from lback.db.alembic_compat import name_writer
from lback.db.comparing.enums import Statements
from lback.db.directives import full_name
from lback.db.questions import GivenAnswers


def rename_values(
    upgrade: ops.UpgradeOps, context: MigrationContext, answers: GivenAnswers
) -> None:
    """Ask which values are others by a new name; make room for both while rows change."""
    if context.dialect.name not in ("mysql", "mariadb"):
        return
    for changes in upgrade.ops:
        if isinstance(changes, ops.ModifyTableOps):
            changes.ops[:] = [one for each in changes.ops for one in _parts(each, context, answers)]


def labels_of(kind: Any) -> list[str] | None:
    """Return the values of a type of MySQL, None for one that has none."""
    return list(kind.enums) if isinstance(kind, sa.Enum) and kind.native_enum else None


def _parts(
    change: ops.MigrateOperation, context: MigrationContext, answers: GivenAnswers
) -> Iterator[Any]:
    old = labels_of(getattr(change, "existing_type", None))
    new = labels_of(getattr(change, "modify_type", None))
    if not isinstance(change, ops.AlterColumnOp) or old is None or new is None:
        yield change
        return
    name = full_name(f"{change.table_name}.{change.column_name}", change.schema)
    renamed = answers.renamed_values(name, old, new)
    if not renamed:
        yield change
        return
    both = mysql.ENUM(*old, *(label for label in new if label not in old))
    yield ops.AlterColumnOp(
        change.table_name,
        change.column_name,
        schema=change.schema,
        existing_type=change.existing_type,
        existing_nullable=change.existing_nullable,
        existing_server_default=change.existing_server_default,
        existing_comment=change.existing_comment,
        modify_type=both,
    )
    quote = name_writer(context.dialect)
    place = f"{quote(change.schema)}." if change.schema else ""
    column = quote(str(change.column_name))
    update = f"UPDATE {place}{quote(change.table_name)} SET {column} = {{}} WHERE {column} = {{}}"
    for before, after in renamed.items():
        texts = _quoted(before), _quoted(after)
        yield Statements(
            f"rename value {before} of {name} to {after}",
            [update.format(texts[1], texts[0])],
            f"rename value {after} of {name} to {before}",
            [update.format(*texts)],
        )
    change.existing_type = both
    yield change


def _quoted(label: str) -> str:
    return "'" + label.replace("\\", "\\\\").replace("'", "''") + "'"
