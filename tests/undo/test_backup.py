"""Values that a rollback deletes are saved first, and come back one by one as they were."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from lback.app.restore import RestoreOptions, restore
from lback.project.context import Context
from lback.project.options import Options
from tests.servers import KINDS, fresh_database
from tests.undo.team import Shop


@pytest.mark.parametrize("kind", KINDS)
def test_whole_tables_come_back(tmp_path: Path, kind: str) -> None:
    with fresh_database(kind, tmp_path) as url:
        shop = Shop.at(tmp_path / "ada", url)
        many(shop, 10)
        before = shop.rows("users")
        result = shop.roll(revision="r1", strategy="downgrade", yes=True)
        assert result.data["losses"] == [{"table": "users", "column": None, "rows": 10}]
        assert shop.tables() == {}
        shop.migrate()
        shop.execute("INSERT INTO users (id, note) VALUES (1, 'newer')")
        told = restore(shop.context(), RestoreOptions(result.data["backup"]))
        done = told.data["tables"][0]
        assert (done["restored"], done["other"], done["keys"]) == (9, 1, ["1"])
        assert told.exit_code == 3
        assert told.message == "Rows of users hold newer values and were left alone."
        assert "--overwrite` writes the saved values over them" in told.hint
        assert shop.rows("users") == [(1, "newer"), *before[1:]]
        options = RestoreOptions(result.data["backup"], overwrite=True)
        assert restore(shop.context(), options).exit_code == 0
        assert shop.rows("users") == before


def test_values_whose_row_has_another_key_by_now_are_named(tmp_path: Path) -> None:
    with fresh_database("sqlite", tmp_path) as url:
        shop = Shop.at(tmp_path / "ada", url)
        many(shop, 3)
        file = shop.roll("users", yes=True).data["backup"]
        shop.migrate()
        shop.execute("UPDATE users SET id = 20 WHERE id = 2", "DELETE FROM users WHERE id = 3")
        told = restore(shop.context(), RestoreOptions(file))
        assert told.exit_code == 3 and f"`zcat {file}` shows them" in (told.hint or "")
        (row,) = told.data["tables"]
        assert (row["restored"], row["missing"], row["unsure"]) == (1, 2, 2)
        said = shop.lback("restore", file, code=3)
        assert "2 rows not put back: deleted since, or under another key by now (key 2, 3)" in said
        shop.execute("DELETE FROM users WHERE id = 20")
        said = shop.lback("restore", file)
        assert "2 rows not put back: deleted since (key 2, 3)" in said


@pytest.mark.parametrize("kind", KINDS)
def test_very_many_values(tmp_path: Path, kind: str) -> None:
    number = 100_000 if kind == "sqlite" else 10_000
    with fresh_database(kind, tmp_path) as url:
        shop = Shop.at(tmp_path / "ada", url)
        many(shop, number)
        before = shop.rows("users")
        plan = shop.roll("users", plan=True)
        assert plan.data["losses"] == [{"table": "users", "column": "note", "rows": number}]
        said = shop.lback("rollback", "users", code=3)
        assert f"{number} values of users.note" in said
        assert "--yes" in said
        assert shop.rows("users") == before
        file = shop.roll("users", yes=True).data["backup"]
        shop.migrate()
        restore(shop.context(), RestoreOptions(Path(file).name))
        assert shop.rows("users") == before


def many(shop: Shop, number: int) -> None:
    shop.add(
        "r1",
        'op.create_table("users", sa.Column("id", sa.Integer(), primary_key=True))',
        'op.drop_table("users")',
    )
    shop.add(
        "r2",
        'op.add_column("users", sa.Column("note", sa.String(200)))',
        'op.drop_column("users", "note")',
    )
    shop.commit("Add users")
    shop.migrate()
    numbers = {
        "postgresql": f"SELECT i, 'value 🚀 ' || i FROM generate_series(1, {number}) i",
        "mysql": f"SELECT seq, CONCAT('value 🚀 ', seq) FROM seq_1_to_{number}",
        "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
        f"WHERE i < {number}) SELECT i, 'value 🚀 ' || i FROM n",
    }
    kind = sa.make_url(shop.url).get_backend_name()
    shop.execute(f"INSERT INTO users (id, note) {numbers[kind]}")


def kill(tmp_path: Path, kind: str, seed: int, rows: int) -> str:
    """Kill a rollback at some moment of its saving and dropping; then nothing may be lost."""
    chance = random.Random(seed)
    with fresh_database(kind, tmp_path) as url:
        shop = Shop.at(tmp_path / "ada", url)
        many(shop, rows)
        if chance.random() < 0.5:
            shop.publish(tmp_path / "shop.git")  # then it is a revert
        before = shop.rows("users")
        backups = shop.folder / ".git" / "lback" / "backups"
        child = subprocess.Popen(
            [sys.executable, "-m", "lback", "rollback", "users", "--yes"],
            cwd=shop.folder,
            env=shop.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 120
        sign = chance.choice(("*", "*.gz"))  # it has begun to save; it is about to drop
        while not list(backups.glob(sign)) and child.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.002)
        time.sleep(chance.random() * 0.3)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        settle(url)
        return nothing_is_lost(shop, before, backups)


def nothing_is_lost(shop: Shop, before: list[Any], backups: Path) -> str:
    if "note" in shop.tables()["users"].columns:
        assert shop.rows("users") == before
        return "column there"
    files = list(backups.glob("*.gz"))
    assert len(files) == 1
    assert [row[0] for row in shop.rows("users")] == [row[0] for row in before]
    # Whatever the next command finds (on a database that keeps each statement by itself the
    # stamp may not have followed), the column can be had again, and then the values.
    shop.run(sys.executable, "-c", RUN, "migrate", "--yes")
    if "note" not in shop.tables()["users"].columns:
        shop.execute("ALTER TABLE users ADD COLUMN note VARCHAR(200)")
    restore(shop.context(), RestoreOptions(str(files[0])))
    assert shop.rows("users") == before
    return "restored"


# A command that may be refused, but not fail in a way of its own.
RUN = """
import subprocess, sys
done = subprocess.run([sys.executable, "-m", "lback", *sys.argv[1:]])
assert done.returncode in (0, 3), done.returncode
"""


def settle(url: str) -> None:
    """Wait until the server has seen that its client is gone."""
    ask = {
        "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()",
        "mysql": "SELECT count(*) FROM information_schema.processlist WHERE db = database()",
    }.get(sa.make_url(url).get_backend_name())
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    deadline = time.monotonic() + 60
    while ask is not None:
        with engine.connect() as connection:
            if connection.exec_driver_sql(ask).scalar_one() == 1:
                return
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(1))
def test_killed_at_any_moment_nothing_is_lost(tmp_path: Path, kind: str, seed: int) -> None:
    """Killed while it saves or drops: either the column is there, or a whole file is."""
    kill(tmp_path, kind, seed, 30_000)


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_killed_often_nothing_is_lost(tmp_path: Path, kind: str) -> None:
    seen: dict[str, int] = {}
    for seed in range(int(os.environ.get("LBACK_SOAK_KILLS", "50"))):
        place = tmp_path / str(seed)
        place.mkdir()
        outcome = kill(place, kind, seed, 30_000)
        seen[outcome] = seen.get(outcome, 0) + 1
    print(seen)
    assert seen.keys() == {"column there", "restored"}, seen


def test_what_a_backup_holds_is_told_outside_of_any_project(tmp_path: Path) -> None:
    shop = Shop.at(tmp_path / "ada", f"sqlite:///{tmp_path}/x.sqlite3")
    many(shop, 3)
    file = shop.roll("users", yes=True).data["backup"]
    away = tmp_path / "away"
    away.mkdir()
    ctx = Context(Options(directory=str(away)))
    (table,) = restore(ctx, RestoreOptions(file, plan=True)).tables
    assert (table.table, table.columns, table.rows) == ("users", ("note",), 3)


def test_no_backup_writes_none(tmp_path: Path) -> None:
    with fresh_database("sqlite", tmp_path) as url:
        shop = Shop.at(tmp_path / "ada", url)
        many(shop, 10)
        assert shop.roll("users", yes=True, no_backup=True).data["backup"] is None
        assert not (shop.folder / ".git" / "lback" / "backups").exists()
