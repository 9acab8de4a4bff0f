"""What each question to the rows takes on PostgreSQL: `python -m bench.preflight [ROWS]`."""

from __future__ import annotations

import sys
import tempfile
import textwrap
import time
from contextlib import suppress
from pathlib import Path

from sqlalchemy.engine import Connection

from lback.db.preflight.asking import answers
from tests.preflight.world import HEAD, World
from tests.servers import fresh_database

UPGRADES = {
    "not null": 'op.alter_column("t", "email", nullable=False)',
    "new column": 'op.add_column("t", sa.Column("z", sa.Integer(), nullable=False))',
    "unique": 'op.create_unique_constraint("u", "t", ["email"])',
    "unique, two columns": 'op.create_index("u", "t", ["email", "n"], unique=True)',
    "primary key": 'op.create_primary_key("pk", "t", ["n"])',
    "foreign key": 'op.create_foreign_key("fk", "t", "p", ["p_id"], ["id"])',
    "check": 'op.create_check_constraint("ck", "t", "n >= 0")',
    "too long": 'op.alter_column("t", "email", type_=sa.String(50))',
    "text to integer": (
        'op.alter_column("t", "digits", type_=sa.Integer(), postgresql_using="digits::integer")'
    ),
    "text to date": 'op.alter_column("t", "d", type_=sa.Date(), postgresql_using="d::date")',
    "out of range": 'op.alter_column("t", "n", type_=sa.SmallInteger())',
    "drop column": 'op.drop_column("t", "email")',
    "drop table": 'op.drop_table("t")',
}
TABLES = (
    "CREATE TABLE p (id integer PRIMARY KEY)",
    "INSERT INTO p SELECT generate_series(0, 99999)",
    "CREATE TABLE t (id bigint PRIMARY KEY, email varchar(100), n integer, p_id integer, "
    "digits text, d text)",
    "INSERT INTO t SELECT g, 'user' || g || '@example.org', g %% 30000, g %% 100000, g::text, "
    "'2020-01-31' FROM generate_series(1, {rows}) g",
)
SPOILED = (
    "UPDATE t SET email = NULL, n = 70000, p_id = -1, digits = 'x', d = 'x' WHERE id = {rows} - 1",
    "UPDATE t SET email = repeat('x', 80) WHERE id = {rows} OR id = {rows} - 2",
)


def main() -> int:
    """Print, for rows that are right and with three that are not, seconds and processor time."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with (
        tempfile.TemporaryDirectory() as folder,
        fresh_database("postgresql", Path(folder)) as url,
    ):
        world = World(url)
        for name, statements in (("right", TABLES), ("three wrong", SPOILED)):
            with world.engine.begin() as connection:
                for statement in statements:
                    connection.exec_driver_sql(statement.format(rows=rows))
            for kind, upgrade in UPGRADES.items():
                print(f"{name:12} {kind:20} {_asked(world, upgrade)}", flush=True)
        world.close()
    return 0


def _asked(world: World, upgrade: str) -> str:
    text = HEAD.format(revision="r0", body=textwrap.indent(upgrade, "    "))
    questions = world.asked([text])
    with world.engine.connect() as connection, connection.begin():
        before, started = _processor(connection), time.perf_counter()
        found = answers(connection, questions)
        seconds = time.perf_counter() - started
        used = _processor(connection) - before
    told = ", ".join(f"{row.kind} {row.state} {row.rows}" for row in found)
    return f"{seconds:6.2f} s, processor {used:5.2f} s   {told}"


def _processor(connection: Connection) -> float:
    """Return the processor time of the server's process, without that of parallel workers."""
    number = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
    with suppress(OSError):
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100
    return 0.0


if __name__ == "__main__":
    sys.exit(main())
