"""The project that the examples of docs/checks/ begin in."""

from __future__ import annotations

from pathlib import Path

import lback.db
from tests.check.team import Team
from tests.worlds.texts import VERSIONS

TEMPLATE = Path(lback.db.__file__).parent / "skeleton" / "script.py.mako.txt"
ENV = """\
from alembic import context
from sqlalchemy import create_engine
from models import Base

with create_engine("sqlite:///shop.db").connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
MODELS = """\
import sqlalchemy as sa
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class User(Base):
    __tablename__ = "users"
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.String(40))
    mail = sa.Column(sa.String(80))
"""
A1 = '''\
"""users"""
from alembic import op
import sqlalchemy as sa

revision = "a1"
down_revision = None


def upgrade():
    op.create_table(
        "users", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.String(40))
    )


def downgrade():
    op.drop_table("users")
'''
B2 = '''\
"""mail"""
from alembic import op
import sqlalchemy as sa

revision = "b2"
down_revision = "a1"


def upgrade():
    op.add_column("users", sa.Column("mail", sa.String(80)))


def downgrade():
    op.drop_column("users", "mail")
'''


def make_shop(place: Path) -> Team:
    """Make a clone on branch `work` whose `origin/main` has a1 and, on it, b2."""
    place.mkdir()
    first = Team(place / "first")
    first.path.mkdir()
    first.git("init", "-q", "-b", "main")
    ini = "[alembic]\nscript_location = migrations\nprepend_sys_path = .\n"
    first.write("alembic.ini", ini)
    first.write(".gitignore", "__pycache__/\n*.db\n")
    first.write("migrations/env.py", ENV)
    first.write("migrations/script.py.mako", TEMPLATE.read_text())
    first.write("models.py", MODELS)
    first.write(f"{VERSIONS}/a1.py", A1)
    first.write(f"{VERSIONS}/b2.py", B2)
    first.commit("Begin")
    first.clone(place / "origin.git", "--bare")
    shop = Team(place / "origin.git").clone(place / "shop", person="Ada")
    shop.git("checkout", "-q", "-b", "work", "origin/main")
    return shop
