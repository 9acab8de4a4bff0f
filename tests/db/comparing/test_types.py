"""Types and defaults of the project's own: the first migration runs as it is written."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.operations import ops
from sqlalchemy.dialects import sqlite

from lback.db.autogenerate import differences
from lback.db.comparing.writing import try_file
from lback.db.directives import describe
from tests.db.test_autogenerate import ENV, Modelled, run_sql

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

class Picky(TypeDecorator):
    """Takes no other column beside it, as ChoiceType of SQLAlchemy-Utils."""
    impl = String(5)
    cache_ok = True
    def coerce_compared_value(self, op, value):
        raise TypeError("no value of mine")

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
          Column("quoted", String(9), server_default="'50%' off'"),
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


def test_columns_are_not_compared_by_their_types(project: Modelled) -> None:
    """`==` of two columns is an expression, which not every type is made for."""
    text = """
        from sqlalchemy import *
        from kinds import Picky
        metadata = MetaData()
        Table("users", metadata, Column("id", Integer, primary_key=True),
              Column({name!r}, String(9), unique=True), Column("kind", Picky){more})
    """
    project.models(text.format(name="mail", more=""))
    project.make("one")
    project.migrate()
    project.models(text.format(name="email", more=', Column("second", Picky)'))
    made = project.make("two", renames=("users.mail:email",))
    assert "rename column users.mail to email" in made.changes


def test_a_type_is_made_by_itself() -> None:
    """As alembic-postgresql-enum writes it, with what `op` gives."""
    text = b"""
import sqlalchemy as sa
from alembic import op
def upgrade():
    sa.Enum("a", "b", name="state").create(op.get_bind())
    op.execute(f"SELECT {op.get_bind().execute('SELECT 1').first()[0]}")
def downgrade():
    sa.Enum("a", "b", name="state").drop(op.get_bind())
"""
    try_file(text, "one.py")


def test_sqlite_gets_batches_whatever_env_says(tmp_path: Path, sqlite_url: str) -> None:
    """As `alembic init` writes env.py: SQLite changes a column only by copying its table."""
    env = ENV.replace('connection.dialect.name == "sqlite"', "False")
    plain = Modelled(tmp_path / "plain", env, url=sqlite_url, extra="")
    plain.users(
        'Column("name", String(50))', 'Column("size", Integer, CheckConstraint("size < 9"))'
    )
    plain.make("one")
    plain.migrate()
    run_sql(sqlite_url, "INSERT INTO users (name) VALUES (NULL)")
    plain.users('Column("name", String(90), nullable=False)', 'Column("age", BigInteger)')
    plain.make("two", defaults=("users.name=x",), drops=("users.size",))
    plain.migrate()
    assert run_sql(sqlite_url, "SELECT id, name, age FROM users") == [(1, "x", None)]
    assert differences(plain.database()) == ()
    plain.back()
    plain.migrate()


class PGView:
    """As alembic_utils has it."""

    schema, signature = "public", "low"


class CreateOp(ops.MigrateOperation):
    target = PGView()


def test_what_alembic_utils_does_is_told() -> None:
    told = describe(ops.UpgradeOps([CreateOp()]), sqlite.dialect())  # type: ignore[no-untyped-call]
    assert told == ("create view public.low",)
