"""Plain Alembic: it imports the settings, as the application does."""

from alembic import context
from models import Base
from settings import DATABASE_URL
from sqlalchemy import create_engine, pool

with create_engine(DATABASE_URL, poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
