"""Helpers that migrations import are followed as text, wherever their package lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reports import report_of
from tests.worlds.people import Developer

_MIGRATION = '''"""Add carts."""

from shop.db.helpers import make

revision = "a1"
down_revision = None


def upgrade():
    make("carts")


def downgrade():
    pass
'''
_HELPER = """import sqlalchemy as sa
from alembic import op


def make(name):
    op.create_table(name, sa.Column("id", sa.Integer))
"""


@pytest.mark.parametrize("place", ["no git", "worktree", "index", "HEAD"])
def test_a_package_below_another_folder(tmp_path: Path, place: str) -> None:
    ada = Developer("Ada", tmp_path)
    package = "services/shop/shop/db"
    ada.write(f"{package}/helpers.py", _HELPER)
    ada.write(f"{package}/migrations/versions/a.py", _MIGRATION)
    at = []
    if place != "no git":
        ada.git("init", "-q")
        ada.commit("Start")
        at = ["--at", place]
    said = ada.lback(
        "--script-location", f"{package}/migrations", "graph", "--effects", "--json", *at
    )
    effects = report_of(said)["data"]["revisions"][0]["effects"]
    assert effects["unknown"] == []
    assert [one["table"] for one in effects["upgrade"]] == ["carts", "carts"]
