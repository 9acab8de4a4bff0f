"""Alembic environment of lback's own table; DATABASE_URL names another database."""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import create_engine, pool

from lback.db.record.table import METADATA

target_metadata = METADATA
url = os.environ.get("DATABASE_URL") or "sqlite:///db.sqlite3"


def run_offline() -> None:
    """Write the SQL without a connection."""
    context.configure(
        url=url,
        target_metadata=target_metadata,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
    )
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """Migrate the database."""
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=target_metadata,
            render_as_batch=connection.dialect.name == "sqlite",
        )
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
