"""The names of the tables that lback itself keeps in a project's database."""

from __future__ import annotations

from lback.core.record.operations import OPERATIONS_TABLE
from lback.core.record.steps import RECORD_TABLE

SAVED_TABLE = "lback_saved"


def is_own(name: str) -> bool:
    """Tell whether a table is lback's, and neither the project's nor Alembic's."""
    ours = (RECORD_TABLE, OPERATIONS_TABLE, SAVED_TABLE)
    return name in ours or name.startswith(f"{SAVED_TABLE}_")
