"""What each question to the rows takes: `python -m bench.preflight [ROWS [DATABASE]]`.

DATABASE is postgresql, the one that is asked by itself, sqlite or mariadb.
"""

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
DIGITS = "(SELECT 0 AS d" + "".join(f" UNION ALL SELECT {d}" for d in range(1, 10)) + ")"
NUMBERS = (
    "(SELECT 1 + " + " + ".join(f"{10**place} * t{place}.d" for place in range(7)) + " AS g FROM "
    + ", ".join(f"{DIGITS} t{place}" for place in range(7)) + ") numbers WHERE g <= {rows}"
)  # fmt: skip
TABLES = (
    "CREATE TABLE p (id integer PRIMARY KEY)",
    f"INSERT INTO p SELECT g - 1 FROM {NUMBERS} AND g <= 100000",
    "CREATE TABLE t (id bigint PRIMARY KEY, email varchar(100), n integer, p_id integer, "
    "digits varchar(20), d varchar(20))",
    "INSERT INTO t SELECT g, {email}, mod(g, 30000), mod(g, 100000), g, '2020-01-31' "
    f"FROM {NUMBERS}",
)
SPOILED = (
    "UPDATE t SET email = NULL, n = 70000, p_id = -1, digits = 'x', d = 'x' WHERE id = {rows} - 1",
    "UPDATE t SET email = '" + "x" * 80 + "' WHERE id = {rows} OR id = {rows} - 2",
)


def main() -> int:
    """Print, for rows that are right and with three that are not, seconds and processor time."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    kind = sys.argv[2] if len(sys.argv) > 2 else "postgresql"
    email = "concat('user', g, '@example.org')"
    if kind == "sqlite":
        email = "'user' || g || '@example.org'"
    with (
        tempfile.TemporaryDirectory() as folder,
        fresh_database(kind, Path(folder)) as url,
    ):
        world = World(url)
        for name, statements in (("right", TABLES), ("three wrong", SPOILED)):
            with world.engine.begin() as connection:
                for statement in statements:
                    connection.exec_driver_sql(statement.format(rows=rows, email=email))
            for asked, upgrade in UPGRADES.items():
                print(f"{name:12} {asked:20} {_asked(world, upgrade)}", flush=True)
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
    """Return the processor time of PostgreSQL's process, without that of parallel workers."""
    if connection.dialect.name != "postgresql":
        return 0.0
    number = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
    with suppress(OSError):
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100
    return 0.0


if __name__ == "__main__":
    sys.exit(main())
