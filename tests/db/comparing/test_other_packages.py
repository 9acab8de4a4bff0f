"""A package that writes the same operations as lback beside Alembic's own leaves them to it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests.worlds.people import Developer

ENV = """
import alembic_postgresql_enum
from alembic import context
from sqlalchemy import create_engine, pool
import models

with create_engine({url!r}, poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection, target_metadata=models.metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
MODELS = """
from sqlalchemy import *
metadata = MetaData()
Table("jobs", metadata, Column("id", Integer, primary_key=True),
      Column("state", Enum({}, name="state")))
"""
# In the likeness of alembic-postgresql-enum: a comparator of its own, and how it is configured.
CONFIGURATION = """
from collections.abc import Callable
from dataclasses import dataclass

@dataclass
class Config:
    include_name: Callable[[str], bool] = lambda _: True

_config = Config()

def set_configuration(config):
    global _config
    _config = config

def get_configuration():
    return _config
"""
PACKAGE = """
from alembic.autogenerate import comparators
from alembic.operations import ops
from .configuration import get_configuration

@comparators.dispatch_for("schema")
def compare(context, upgrade, schemas):
    if get_configuration().include_name("state"):
        upgrade.ops.insert(0, ops.ExecuteSQLOp("CREATE TYPE state AS ENUM ('theirs')"))
"""


@pytest.mark.postgresql
def test_enum_types_are_seen_to_once(tmp_path: Path, postgres_url: str) -> None:
    ada = Developer("Ada", tmp_path)
    ada.lback("init", "--no-hooks")
    ada.write("migrations/env.py", ENV.format(url=postgres_url))
    if importlib.util.find_spec("alembic_postgresql_enum") is None:
        ada.write("alembic_postgresql_enum/__init__.py", PACKAGE)
        ada.write("alembic_postgresql_enum/configuration.py", CONFIGURATION)
    for name, values in (("one", "'a', 'b'"), ("two", "'a', 'b', 'c'")):
        ada.write("models.py", MODELS.format(values))
        ada.lback("makemigrations", name)
        ada.lback("migrate")
        assert "no changes" in ada.lback("makemigrations", "--check")
