"""What the application has done in its process before its first revision runs, by package."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import sqlalchemy as sa
from alembic import op


def prepare_process(package: str) -> None:
    """Do what this package needs; most need nothing."""
    if package == "prefect":
        import_module("prefect.server.utilities.database")
    elif package == "manila":
        import_module("sqlalchemy.orm")
    elif package == "dagster":
        dagster: Any = import_module("dagster")
        utils: Any = import_module("dagster._core.storage.migration.utils")
        utils._UPGRADING_INSTANCE = dagster.DagsterInstance.ephemeral()
    elif package == "ironic":
        facade: Any = import_module("oslo_db.sqlalchemy.enginefacade")
        facade.reader.get_engine = _engine
        filters: Any = import_module("oslo_db.sqlalchemy.exc_filters")
        sa.event.listen(sa.Engine, "handle_error", filters.handler, retval=True)


def _engine() -> sa.Engine:
    return op.get_bind().engine
