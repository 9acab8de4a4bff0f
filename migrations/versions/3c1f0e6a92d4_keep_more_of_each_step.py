"""keep more of each step

Revision ID: 3c1f0e6a92d4
Revises: 7505dc7a078c
Create Date: 2026-11-26 19:10:12.402917
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "3c1f0e6a92d4"
down_revision = "7505dc7a078c"
branch_labels = None
depends_on = None

LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
BYTES = sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb")
TIME = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def upgrade() -> None:
    op.drop_index(op.f("ix_lback_ledger_run_id"), table_name="lback_ledger")
    op.drop_index(op.f("ix_lback_ledger_revision"), table_name="lback_ledger")
    with op.batch_alter_table("lback_ledger") as batch_op:
        batch_op.alter_column(
            "started_at", existing_type=sa.DateTime(), type_=TIME, existing_nullable=False
        )
        batch_op.drop_column("source")
        batch_op.add_column(sa.Column("depends_on", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("body", BYTES, nullable=True))
        batch_op.add_column(sa.Column("git_user", sa.String(length=255), nullable=True))
        batch_op.add_column(sa.Column("host", sa.String(length=255), nullable=True))
        batch_op.add_column(sa.Column("process", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("command", LONG_TEXT, nullable=True))
        batch_op.add_column(sa.Column("lback", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("version_table", sa.String(length=255), nullable=True))
        batch_op.add_column(sa.Column("stamp_before", LONG_TEXT, nullable=True))
        batch_op.add_column(sa.Column("stamp_after", LONG_TEXT, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("lback_ledger") as batch_op:
        for name in (
            "stamp_after",
            "stamp_before",
            "version_table",
            "lback",
            "command",
            "process",
            "host",
            "git_user",
            "body",
            "depends_on",
        ):
            batch_op.drop_column(name)
        batch_op.add_column(sa.Column("source", LONG_TEXT, nullable=True))
        batch_op.alter_column(
            "started_at", existing_type=TIME, type_=sa.DateTime(), existing_nullable=False
        )
    op.create_index(op.f("ix_lback_ledger_revision"), "lback_ledger", ["revision"])
    op.create_index(op.f("ix_lback_ledger_run_id"), "lback_ledger", ["run_id"])
