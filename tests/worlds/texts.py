"""The files of a project as people write them: models, env.py, revisions."""

from __future__ import annotations

from textwrap import indent

VERSIONS = "migrations/versions"

MODELS = '''"""Tables."""

from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass
'''

SYNC_ENV = """
    from alembic import context
    from sqlalchemy import create_engine, pool

    URL = {url!r}
    target_metadata = None

    if context.is_offline_mode():
        context.configure(url=URL, literal_binds=True)
        with context.begin_transaction():
            context.run_migrations()
    else:
        engine = create_engine(URL, poolclass=pool.NullPool)
        with engine.connect() as connection:
            context.configure(connection=connection, target_metadata=target_metadata)
            with context.begin_transaction():
                context.run_migrations()
"""

SCRIPT_MAKO = '''\
"""${message}

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
Create Date: ${create_date}
"""
from alembic import op
import sqlalchemy as sa
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
'''


def table(name: str) -> str:
    """Return a model class with one table, two columns and an index."""
    return f'''

class {name.title().replace("_", "")}(Base):
    __tablename__ = "{name}"
    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(String(50), index=True)
'''


def creates(name: str) -> tuple[str, str]:
    """Return the statements that create and drop a table."""
    return (
        f'op.create_table("{name}", sa.Column("id", sa.Integer(), primary_key=True))',
        f'op.drop_table("{name}")',
    )


def adds(name: str, column: str) -> tuple[str, str]:
    """Return the statements that add and drop a column."""
    batch = f'with op.batch_alter_table("{name}") as batch:\n    batch.'
    return (
        f'{batch}add_column(sa.Column("{column}", sa.String(20)))',
        f'{batch}drop_column("{column}")',
    )


def revision(
    name: str,
    parents: tuple[str, ...] = (),
    up: str = "pass",
    down: str = "pass",
    *,
    doc: str = "",
) -> str:
    """Return a revision file whose functions hold these statements."""
    value: object = parents[0] if len(parents) == 1 else (parents or None)
    return f'''"""{doc or f"do {name}"}

Revision ID: {name}
Revises: {", ".join(parents)}
Create Date: 2026-01-02 03:04:05

"""
from alembic import op
import sqlalchemy as sa

revision = {name!r}
down_revision = {value!r}  # keep this comment
branch_labels = None
depends_on = None


def upgrade() -> None:
{indent(up, "    ")}


def downgrade() -> None:
{indent(down, "    ")}
'''


def revision_text(name: str, parents: tuple[str, ...], table_name: str) -> str:
    """Return a revision file that creates one table."""
    return revision(name, parents, *creates(table_name), doc=f"add {table_name}")
