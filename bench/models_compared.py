"""`makemigrations` beside Alembic's autogenerate: `python -m bench.models_compared [URL]`.

As many revisions as tables, each of which makes one with a key, an index and a default; the models
have one table more than the database. Whole processes in turn, medians, and medians of the
ratios of each pair; "cpu" is that of processor time, which other work on the machine changes less,
and in which a server has no part. The database, an empty one, is SQLite without a URL.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from bench.timing import Run, Side, call, clock, environment

_COLUMNS = (
    'sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(40), nullable=False'
    '), sa.Column("n", sa.Integer, server_default="0")'
)
ENV = """
import sys
from alembic import context
from sqlalchemy import create_engine, pool

sys.path.insert(0, {root!r})
from {module} import metadata

engine = create_engine({url!r}, poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
_REVISION = '''"""t{number}"""
import sqlalchemy as sa
from alembic import op
revision = "r{number}"
down_revision = {parent}


def upgrade():
    op.create_table("t{number}", {columns})
    op.create_index("ix_t{number}_name", "t{number}", ["name"])


def downgrade():
    op.drop_table("t{number}")
'''
_MAKO = '''"""${message}"""
from alembic import op
import sqlalchemy as sa
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
'''


def project(root: Path, url: str, tables: int) -> None:
    """Write the project."""
    versions = root / "migrations" / "versions"
    versions.mkdir(parents=True)
    ini = "[alembic]\nscript_location = migrations\n"
    (root / "alembic.ini").write_text(ini)
    (root / "migrations/env.py").write_text(ENV.format(root=str(root), url=url, module="models"))
    (root / "migrations/script.py.mako").write_text(_MAKO)
    models = ["import sqlalchemy as sa", "metadata = sa.MetaData()"]
    for number in range(tables):
        key = f', sa.Column("p", sa.Integer, sa.ForeignKey("t{number - 1}.id"))' if number else ""
        columns = _COLUMNS + key
        parent = repr(f"r{number - 1}") if number else None
        text = _REVISION.format(number=number, parent=parent, columns=columns)
        (versions / f"r{number}.py").write_text(text)
        index = f'sa.Index("ix_t{number}_name", "name")'
        models.append(f'sa.Table("t{number}", metadata, {columns}, {index})')
    models.append('sa.Table("extra", metadata, sa.Column("id", sa.Integer, primary_key=True))')
    (root / "models.py").write_text("\n".join(models) + "\n")


def main() -> None:
    """Print the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", nargs="?")
    parser.add_argument("--tables", type=int, default=300)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        env = environment(root)
        project(root, given.url or f"sqlite:///{root}/app.db", given.tables)
        call(("git", "init", "-q"), root, env)
        call((sys.executable, "-m", "alembic", "upgrade", "head"), root, env)
        ways = {
            "alembic": ("-m", "alembic", "revision", "--autogenerate", "-m", "more"),
            "lback": ("-m", "lback", "makemigrations", "more"),
        }
        took: dict[str, list[Run]] = {way: [] for way in ways}
        for _ in range(given.runs + 1):  # the first one warms up
            for way, words in ways.items():
                took[way].append(clock(Side(way, (sys.executable, *words), root), env))
                for path in (root / "migrations/versions").glob("*more.py"):
                    path.unlink()
        pairs = list(zip(*took.values(), strict=True))
        for what, runs in (("cold", pairs[:1]), ("warm", pairs[1:])):
            theirs, ours = (statistics.median(pair[side].wall for pair in runs) for side in (0, 1))
            wall = statistics.median(ours.wall / theirs.wall for theirs, ours in runs)
            cpu = statistics.median(ours.cpu / theirs.cpu for theirs, ours in runs)
            print(
                f"{given.tables} tables, {what}: alembic {theirs * 1000:,.0f} ms, "
                f"lback {ours * 1000:,.0f} ms, ratio {wall:.2f}, cpu {cpu:.2f}"
            )


if __name__ == "__main__":
    main()
