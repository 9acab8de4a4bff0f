"""A listener of all engines fills each new database of SQLite, as SpatiaLite's does."""

from __future__ import annotations

from pathlib import Path

from tests.worlds.people import Developer

ENV = """
import sqlalchemy as sa
from alembic import context
import models

@sa.event.listens_for(sa.Engine, "connect")
def fill(connection, _record):
    connection.execute("CREATE TABLE IF NOT EXISTS listed (id INTEGER)")

def include_object(_object, name, *_more):
    return name != "listed"

engine = sa.create_engine("sqlite:///app.db", poolclass=sa.pool.NullPool)
with engine.connect() as connection:
    context.configure(
        connection=connection, target_metadata=models.metadata, include_object=include_object
    )
    with context.begin_transaction():
        context.run_migrations()
"""
MODELS = """
from sqlalchemy import *
metadata = MetaData()
Table("users", metadata, Column("id", Integer, primary_key=True), Column("name", {}))
"""


def test_what_a_listener_has_made_is_there_once(tmp_path: Path) -> None:
    ada = Developer("Ada", tmp_path)
    ada.lback("init", "--no-hooks")
    ada.write("migrations/env.py", ENV)
    answers: tuple[str, ...] = ()
    for name, kind in (("one", "String(20)"), ("two", "Text, nullable=False")):
        ada.write("models.py", MODELS.format(kind))
        ada.lback("makemigrations", name, *answers)
        ada.lback("migrate")
        assert "no changes" in ada.lback("makemigrations", "--check")
        answers = ("--default", "users.name=x")
