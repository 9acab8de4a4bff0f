"""A revision that was cut off where nothing takes it back is named until it is settled."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.servers import any_url, mariadb_url, postgres_url
from tests.undo.team import Shop
from tests.undo.test_backup import settle
from tests.worlds.databases import stamp

__all__ = ["any_url", "mariadb_url", "postgres_url"]

pytestmark = [pytest.mark.mysql, pytest.mark.counted]

DIE = """
if os.environ.get("DIE") == "{name}": os.kill(os.getpid(), signal.SIGKILL)
"""
PARTS = (
    'op.create_table("users", sa.Column("id", sa.Integer(), primary_key=True))',
    'op.execute("INSERT INTO users VALUES (1), (2)")',
    'op.bulk_insert(sa.table("users", sa.column("id")), [{"id": 3}, {"id": 4}])',
    'op.add_column("users", sa.Column("name", sa.String(20)))',
    "op.execute(\"UPDATE users SET name = CONCAT('u', id)\")",
    'op.create_index("ix_users_name", "users", ["name"])',
    "op.execute(\"INSERT INTO users VALUES (5, 'last')\")",
)
DOWN = (
    'op.drop_index("ix_users_name", "users")',
    'op.drop_column("users", "name")',
    'op.drop_table("users")',
)
LAST = 'op.create_table("more", sa.Column("id", sa.Integer()))'


def code(parts: tuple[str, ...], mark: str) -> str:
    lines = ["import os, signal"]
    for number, part in enumerate(parts, 1):
        lines += [part, DIE.format(name=f"{mark}{number}").strip()]
    return "\n".join(lines)


def shop_at(folder: Path, url: str) -> Shop:
    shop = Shop.at(folder, url)
    shop.add("r1", code(PARTS, "up"), code(DOWN, "down"))
    shop.add("r2", LAST, 'op.drop_table("more")')
    shop.commit("Add users")
    return shop


def whole(shop: Shop) -> dict[str, Any]:
    tables = [name for name in shop.tables() if not name.startswith("lback_")]
    return {name: sorted(map(tuple, shop.rows(name))) for name in tables}


USERS = [(1, "u1"), (2, "u2"), (3, "u3"), (4, "u4"), (5, "last")]
DONE = {"users": USERS, "more": []}


def kill(shop: Shop, mark: str, *command: str) -> None:
    shop.env["DIE"] = mark
    shop.lback(*command, code=-signal.SIGKILL)
    del shop.env["DIE"]


def each(short: int, *others: int) -> list[Any]:
    """Return the places to be killed at, all but the first for a long round."""
    return [short, *(pytest.param(other, marks=pytest.mark.soak) for other in others)]


@pytest.mark.parametrize("number", [2, *each(5, 1, 3, 4, 6, 7)])
def test_what_ran_is_named_until_it_is_settled(
    tmp_path: Path, mariadb_url: str, number: int
) -> None:
    shop = shop_at(tmp_path / "ada", mariadb_url)
    kill(shop, f"up{number}", "migrate")
    for command in (("migrate",), ("switch",), ("alembic", "upgrade", "head"), ("migrate",)):
        said = shop.lback(*command, code=3)
        assert "upgrade() of r1" in said and "1. CREATE TABLE users" in said, command
        assert ("ADD COLUMN name" in said) == (number > 3)
        assert "--resume" in said
    assert "r1" in shop.ask("status")["data"]["half"]
    assert "cut off half-way" in shop.lback("doctor", code=1)
    said = shop.lback("migrate", "--resume")
    assert "applied 1 revision" in said
    shop.lback("migrate")
    assert whole(shop) == DONE
    assert stamp(shop.url) == ["r2"]
    assert not shop.rows("lback_operations")
    assert "nothing to settle" in shop.lback("migrate", "--resume", code=3)


@pytest.mark.parametrize("number", each(2, 1, 3))
def test_a_rollback_goes_on_as_well(tmp_path: Path, mariadb_url: str, number: int) -> None:
    shop = shop_at(tmp_path / "ada", mariadb_url)
    shop.lback("migrate")
    kill(shop, f"down{number}", "migrate", "base", "--yes")
    said = shop.lback("rollback", "users", "--yes", code=3)
    assert "downgrade() of r1" in said and "1. DROP INDEX ix_users_name ON users" in said
    shop.lback("migrate", "--resume")
    assert whole(shop) == {} and stamp(shop.url) == []
    shop.lback("migrate")
    assert whole(shop) == DONE


@pytest.mark.parametrize("number", each(4, 1, 3, 6))
def test_what_ran_is_taken_back(tmp_path: Path, mariadb_url: str, number: int) -> None:
    shop = shop_at(tmp_path / "ada", mariadb_url)
    kill(shop, f"up{number}", "migrate")
    if number > 4:  # an UPDATE ran
        said = shop.lback("migrate", "--undo-half", code=3)
        assert "5. UPDATE users" in said and "Nothing was done" in said
        shop.execute("DROP TABLE users")
        assert "nothing is left" in shop.lback("migrate", "--undone")
    else:
        said = shop.lback("migrate", "--undo-half")
        assert "- DROP TABLE users" in said and "nothing is left" in said
    assert whole(shop) == {}
    assert shop.ask("status")["data"]["half"] == []
    shop.lback("migrate")
    assert whole(shop) == DONE


def test_rows_that_came_since_stay(tmp_path: Path, mariadb_url: str) -> None:
    shop = shop_at(tmp_path / "ada", mariadb_url)
    kill(shop, "up1", "migrate")
    shop.execute("INSERT INTO users VALUES (9)")
    said = shop.lback("migrate", "--undo-half", code=3)
    assert "would delete 1 row that came since" in said
    assert whole(shop) == {"users": [(9,)]}
    shop.lback("migrate", "--undo-half", "--yes")
    assert whole(shop) == {}


def test_what_was_finished_by_hand_is_noted(tmp_path: Path, mariadb_url: str) -> None:
    shop = shop_at(tmp_path / "ada", mariadb_url)
    kill(shop, "up4", "migrate")
    shop.lback("migrate", "r1", "--fake")
    shop.lback("migrate")
    assert stamp(shop.url) == ["r2"] and "more" in whole(shop)


def test_the_text_that_ran_goes_on_where_its_file_is_not_here(
    tmp_path: Path, mariadb_url: str
) -> None:
    shop = Shop.at(tmp_path / "ada", mariadb_url)
    shop.add("r0", LAST, 'op.drop_table("more")')
    path = shop.add("r1", code(PARTS, "up"), code(DOWN, "down"))
    kill(shop, "up4", "migrate")
    path.unlink()
    assert "upgrade() of r1" in shop.lback("migrate", code=3)
    assert "applied 1 revision" in shop.lback("migrate", "--resume")
    assert whole(shop) == DONE and stamp(shop.url) == ["r1"]


def test_another_statement_stops_it(tmp_path: Path, mariadb_url: str) -> None:
    shop = shop_at(tmp_path / "ada", mariadb_url)
    kill(shop, "up4", "migrate")
    path = shop.written["r1"]
    text = path.read_text()
    path.write_text(text.replace("(1), (2)", "(1), (7)"))
    said = shop.lback("migrate", "--resume", code=3)
    assert "statement 2 is another one" in said and "(1), (7)" in said
    path.write_text(text.replace('op.create_index("ix_users_name"', 'op.create_index("ix_other"'))
    shop.lback("migrate", "--resume")
    assert whole(shop)["users"] == USERS


def test_a_failed_step_goes_on_once_it_is_corrected(tmp_path: Path, mariadb_url: str) -> None:
    shop = shop_at(tmp_path / "ada", mariadb_url)
    path = shop.written["r1"]
    text = path.read_text()
    path.write_text(text.replace('["name"]', '["nome"]'))
    said = shop.lback("migrate", code=3)
    assert "nome" in said and "--resume" in said
    assert "nome" in shop.lback("migrate", code=3)
    path.write_text(text)
    shop.lback("migrate", "--resume")
    shop.lback("migrate")
    assert whole(shop) == DONE


def test_a_statement_in_flight_is_decided_by_the_schema(tmp_path: Path, mariadb_url: str) -> None:
    shop = shop_at(tmp_path / "ada", mariadb_url)
    kill(shop, "up4", "migrate")
    ran = "UPDATE lback_operations SET outcome = 'started' WHERE number = 4"
    shop.execute(ran)
    assert "ADD COLUMN name" in shop.lback("migrate", code=3)
    shop.execute("ALTER TABLE users DROP COLUMN name")
    assert "ADD COLUMN name" not in shop.lback("migrate", code=3)
    shop.execute(f"{ran} OR number = 1", "UPDATE lback_operations SET `before` = NULL")
    said = shop.lback("migrate", code=3)
    assert "not known: 1. CREATE TABLE users" in said and "--resume" not in said
    assert "not known" in shop.lback("migrate", "--resume", code=3)


def test_where_no_statement_could_be_written_down_all_is_unknown(
    tmp_path: Path, mariadb_url: str
) -> None:
    shop = shop_at(tmp_path / "ada", mariadb_url)
    shop.migrate("r1")
    shop.migrate("base")
    no_room = "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no room'"
    shop.execute(f"CREATE TRIGGER no BEFORE INSERT ON lback_operations FOR EACH ROW {no_room}")
    kill(shop, "up4", "migrate")
    for command in (("migrate",), ("migrate", "--resume"), ("migrate", "--undo-half")):
        said = shop.lback(*command, code=3)
        assert "its statements were not written down" in said and "upgrade() of r1" in said
    shop.execute("DROP TABLE users")
    shop.lback("migrate", "--undone")
    shop.lback("migrate")
    assert whole(shop) == DONE


CONCURRENTLY = (
    "with op.get_context().autocommit_block():\n"
    '    op.create_index("ix", "users", ["id"], unique=True, postgresql_concurrently=True)'
)


@pytest.mark.postgresql
def test_an_index_that_is_left_invalid_is_named(tmp_path: Path, postgres_url: str) -> None:
    shop = Shop.at(tmp_path / "ada", postgres_url)
    first = 'op.create_table("users", sa.Column("id", sa.Integer()))'
    rows = 'op.execute("INSERT INTO users VALUES (1), (1)")'
    shop.add("r1", f"{first}\n{rows}\n{CONCURRENTLY}\n{LAST}", "pass", commit="Add users")
    said = shop.lback("migrate", code=3)
    assert "Index ix is left INVALID: `DROP INDEX CONCURRENTLY ix;` drops it." in said
    said = shop.lback("migrate", code=3)
    assert "1. CREATE TABLE users" in said and "2. INSERT INTO users" in said
    engine = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("DELETE FROM users")
        connection.exec_driver_sql("INSERT INTO users VALUES (5)")
        connection.exec_driver_sql("DROP INDEX CONCURRENTLY ix")
    engine.dispose()
    shop.lback("migrate", "--resume")
    assert shop.rows("users") == [(5,)] and whole(shop)["more"] == []


@pytest.mark.postgresql
@pytest.mark.parametrize("engine", ["transaction", "AUTOCOMMIT"])
def test_what_was_committed_on_the_way_is_not_sent_again(
    tmp_path: Path, postgres_url: str, engine: str
) -> None:
    shop = Shop.at(tmp_path / "ada", postgres_url)
    parts = [*PARTS[:3], 'op.execute("COMMIT")' if engine == "transaction" else "pass", *PARTS[3:]]
    shop.add("r1", code(tuple(parts), "up"), 'op.drop_table("users")', commit="Add users")
    if engine == "AUTOCOMMIT":
        env = shop.folder / "migrations" / "env.py"
        text = env.read_text()
        assert "NullPool)" in text
        env.write_text(text.replace("NullPool)", 'NullPool, isolation_level="AUTOCOMMIT")'))
    kill(shop, "up6", "migrate")
    said = shop.lback("migrate", code=3)
    assert "3. INSERT INTO users" in said
    assert ("ADD COLUMN name" in said) == (engine == "AUTOCOMMIT")
    shop.lback("migrate", "--resume")
    assert whole(shop) == {"users": USERS}


@contextmanager
def at_work(shop: Shop, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Let a process stand in the middle of r1 meanwhile, and end well afterwards."""
    with subprocess.Popen(
        [sys.executable, "-m", "lback", *command],
        cwd=shop.folder,
        env=shop.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while not (shop.folder / "inside").exists():
            assert process.poll() is None
            time.sleep(0.01)
        try:
            yield process
        finally:
            shop.write("go")
        assert process.wait() in (0, -signal.SIGKILL)


WAITS = """
import os, time
{}
open("inside", "w").close()
while not os.path.exists("go"):
    time.sleep(0.01)
"""
COMMITTED = """
with op.get_context().autocommit_block():
    op.execute("CREATE TABLE users (id INTEGER)")
"""


def waiting_shop(folder: Path, url: str, **files: str) -> Shop:
    shop = Shop.at(folder, url)
    for name, text in files.items():
        shop.write(f"{name}.toml", text)
    shop.add("r1", WAITS.format(COMMITTED), 'op.drop_table("users")')
    shop.add("r2", LAST, 'op.drop_table("more")', commit="Add users")
    return shop


def says_who_is_at_work(shop: Shop, process: int, *command: str, code: int = 0) -> None:
    said = " ".join(shop.lback(*command, code=code).split())
    assert "upgrade() of r1 has begun and not ended" in said, command
    assert "is running now, by " in said and f"process {process}" in said
    assert "cut off" not in said and "killed" not in said and "--fake" not in said


@pytest.mark.postgresql
def test_a_step_that_is_at_work_was_not_cut_off(tmp_path: Path, any_url: str) -> None:
    shop = waiting_shop(tmp_path / "ada", any_url)
    with at_work(shop, "migrate", "r1") as process:
        says_who_is_at_work(shop, process.pid, "status")
        says_who_is_at_work(shop, process.pid, "doctor")
        says_who_is_at_work(shop, process.pid, "migrate", "--plan", code=3)
        assert shop.ask("status")["data"]["half"] == []
        line = [sys.executable, "-m", "lback", "migrate", "r2"]
        more = {"cwd": shop.folder, "env": shop.environment(), "text": True}
        other = subprocess.Popen(line, stderr=subprocess.PIPE, **more)  # type: ignore[call-overload]
        assert "Waiting for another migration" in other.stderr.readline()
    said = other.communicate()[1]
    assert other.returncode == 0, said
    assert whole(shop) == {"users": [], "more": []}


def test_nor_was_one_without_a_record(tmp_path: Path, mariadb_url: str) -> None:
    shop = waiting_shop(tmp_path / "ada", mariadb_url, pyproject="[tool.lback]\nledger = false\n")
    with at_work(shop, "migrate", "r1") as process:
        for _ in range(2):
            who = shop.lback("migrate", "--plan", code=3)
            assert "server process" in who
            assert "upgrade() of r1 has begun and not ended" in " ".join(who.split())
        process.kill()
        process.wait()
    settle(shop.url)
    assert "killed in upgrade() of r1" in shop.lback("migrate", code=3)
