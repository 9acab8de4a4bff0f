"""What `show` says of one revision."""

from __future__ import annotations

from pathlib import Path

from tests.worlds.people import Developer

_ALTERS = '''"""Widen."""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = None


def upgrade():
    op.alter_column("users", "email", nullable=False, existing_type=sa.String(50))


def downgrade():
    pass
'''


def test_what_mysql_sets_beside_what_is_meant_is_said(tmp_path: Path) -> None:
    ada = Developer("Ada", tmp_path)
    ada.write("versions/a.py", _ALTERS)
    said = ada.lback("--script-location", "versions", "show", "a1")
    assert "alter column users.email (nullable=false) [MySQL also sets type, default anew]" in said
