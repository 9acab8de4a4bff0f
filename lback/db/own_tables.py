"""Which tables of a database are the project's, and which lback itself keeps."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.core.record.operations import OPERATIONS_TABLE
from lback.core.record.steps import RECORD_TABLE

SAVED_TABLE = "lback_saved"


def is_own(name: str) -> bool:
    """Tell whether a table is lback's, and neither the project's nor Alembic's."""
    ours = (RECORD_TABLE, OPERATIONS_TABLE, SAVED_TABLE)
    return name in ours or name.startswith(f"{SAVED_TABLE}_")


def schemas(
    connection: Connection, inspector: sa.Inspector, home: str | None = None
) -> list[str | None]:
    """Return the schemas that hold tables of the project's; None where there is just one."""
    if connection.dialect.name != "postgresql" or home is not None:
        return [home]
    names = inspector.get_schema_names()
    return [name for name in names if name != "information_schema" and not name.startswith("pg_")]


def is_projects(name: str) -> bool:
    """Tell whether a table is one of the project's, not Alembic's or ours."""
    return name != "alembic_version" and not is_own(name)
