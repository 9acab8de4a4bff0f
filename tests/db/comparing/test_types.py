"""Types and defaults of the project's own: the first migration runs as it is written."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.operations import ops
from sqlalchemy.dialects import sqlite

from lback.db.autogenerate import differences
from lback.db.directives import describe
from tests.db.test_autogenerate import ENV, Modelled

# As people write them, and as SQLModel and GeoAlchemy2 do.
KINDS = '''
from sqlalchemy import String, Text, TypeDecorator
from sqlalchemy.types import UserDefinedType

class Money(TypeDecorator):
    """Has arguments of its own, and its repr those of the type beneath."""
    impl = String
    cache_ok = True
    def __init__(self, currency="EUR", *, digits=2):
        super().__init__(20)
        self.currency, self.digits = currency, digits

class Locked(TypeDecorator):
    """Keeps nothing of what it was made with."""
    impl = String(30)
    cache_ok = True
    def __init__(self, key):
        super().__init__()
        self.box = lambda: key

class AutoString(TypeDecorator):
    impl = String
    cache_ok = True

class Shape(UserDefinedType):
    cache_ok = True
    def __init__(self, kind="POINT", srid=-1):
        self.kind, self.srid = kind, srid
    def get_col_spec(self):
        return f"SHAPE_{self.kind}_{self.srid}"
'''
MODELS = """
    import uuid
    from sqlalchemy import *
    from kinds import AutoString, Locked, Money, Shape
    one, two = MetaData(), MetaData()
    metadata = [one, two]
    def nothing():
        return None
    Table("users", one, Column("id", Uuid, primary_key=True, default=uuid.uuid4),
          Column("price", Money("USD", digits=3), default=nothing, onupdate=lambda: "1"),
          Column("secret", Locked(object())), Column("name", AutoString(9), default=str))
    Table("places", two, Column("id", Integer, primary_key=True),
          Column("shape", Shape("LINE", srid=4326)), Column("text", AutoString))
"""


@pytest.fixture
def project(tmp_path: Path, sqlite_url: str) -> Iterator[Modelled]:
    project = Modelled(tmp_path / "project", ENV, url=sqlite_url, extra="")
    project.write("kinds.py", KINDS)
    project.models(MODELS)
    yield project
    sys.modules.pop("kinds", None)


def test_the_first_migration_runs(project: Modelled) -> None:
    (path,) = project.make("one").paths
    text = path.read_text()
    assert "'price', kinds.Money(currency='USD', digits=3)" in text
    assert "'secret', sa.String(length=30)" in text
    assert "'name', kinds.AutoString(length=9)" in text
    assert "'shape', kinds.Shape(kind='LINE', srid=4326)" in text
    assert "import kinds\n" in text
    project.migrate()
    assert differences(project.database()) == ()
    project.back()
    project.migrate()


class PGView:
    """As alembic_utils has it."""

    schema, signature = "public", "low"


class CreateOp(ops.MigrateOperation):
    target = PGView()


def test_what_alembic_utils_does_is_told() -> None:
    told = describe(ops.UpgradeOps([CreateOp()]), sqlite.dialect())  # type: ignore[no-untyped-call]
    assert told == ("create view public.low",)
