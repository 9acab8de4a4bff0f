"""create ledger table

Revision ID: 7505dc7a078c
Revises:
Create Date: 2026-11-23 06:07:45.232606
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "7505dc7a078c"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lback_ledger",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("direction", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.String(length=255), nullable=False),
        sa.Column("down_revisions", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("blob", sa.String(length=64), nullable=False),
        sa.Column(
            "source",
            sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"),
            nullable=True,
        ),
        sa.Column("commit_sha", sa.String(length=64), nullable=True),
        sa.Column("branch", sa.String(length=255), nullable=True),
        sa.Column("run_by", sa.String(length=255), nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lback_ledger")),
    )
    op.create_index(op.f("ix_lback_ledger_revision"), "lback_ledger", ["revision"])
    op.create_index(op.f("ix_lback_ledger_run_id"), "lback_ledger", ["run_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_lback_ledger_run_id"), table_name="lback_ledger")
    op.drop_index(op.f("ix_lback_ledger_revision"), table_name="lback_ledger")
    op.drop_table("lback_ledger")
