"""An application's engine that outlives env.py, led to one database after another."""

from __future__ import annotations

from pathlib import Path

from tests.worlds.databases import query
from tests.worlds.people import Developer

ENV = """
from alembic import context
import shop

with shop.engine.connect() as connection:
    context.configure(
        connection=connection, target_metadata=shop.metadata, render_as_batch=True
    )
    with context.begin_transaction():
        context.run_migrations()
"""
SHOP = """
import sys
import sqlalchemy as sa

metadata = sa.MetaData()
sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True))
# An application's, which env.py finds again each time that it runs in a process.
engine = sys.modules.setdefault("kept engine", sa.create_engine({url!r}))
"""


def test_an_engine_that_outlives_env_py(tmp_path: Path, any_url: str) -> None:
    """Dialects of MySQL keep the name of the first database, and look for tables in that one."""
    ada = Developer("Ada", tmp_path / "project")
    ada.folder.mkdir()
    ada.git("init", "-q")
    ada.lback("init", "--no-hooks")
    ada.write("migrations/env.py", ENV)
    ada.write("shop.py", SHOP.format(url=any_url))
    ada.lback("makemigrations", "one")
    ada.lback("migrate")
    query(any_url, "CREATE TABLE by_hand (id INTEGER)")
    for _ in range(2):
        assert "no changes" in ada.lback("makemigrations", "--check")
    ada.commit()
    assert "nothing found" in ada.lback("check", "--models=all")
    assert "nothing found" in ada.lback("check", "--models")
    assert "by_hand" in ada.lback("diff", code=1)
