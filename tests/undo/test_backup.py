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
from lback.errors import LbackError, UsageError
from tests.servers import KINDS, fresh_database
from tests.undo.team import Shop

TYPES = {
    "sqlite": {
        "t_text": "TEXT", "t_bytes": "BLOB", "t_json": "JSON", "t_when": "DATETIME",
        "t_number": "NUMERIC(20, 6)", "t_real": "FLOAT", "t_date": "DATE", "t_yes": "BOOLEAN",
        "t_big": "BIGINT",
    },
    "postgresql": {
        "t_text": "TEXT", "t_bytes": "BYTEA", "t_json": "JSON", "t_jsonb": "JSONB",
        "t_when": "TIMESTAMPTZ", "t_number": "NUMERIC(30, 12)", "t_real": "DOUBLE PRECISION",
        "t_single": "REAL", "t_date": "DATE", "t_yes": "BOOLEAN", "t_list": "TEXT[]",
        "t_uuid": "UUID", "t_span": "INTERVAL", "t_char": "CHAR(5)",
        "t_big": "BIGINT", "t_huge": "NUMERIC", "t_mood": "mood", "t_moods": "mood[]",
        "t_ints": "BIGINT[]", "t_range": "TSTZRANGE", "t_net": "INET", "t_clock": "TIMETZ",
        "t_naive": "TIMESTAMP",
    },
    "mariadb": {
        "t_text": "TEXT CHARACTER SET utf8mb4", "t_bytes": "BLOB", "t_json": "JSON",
        "t_when": "TIMESTAMP(6) NULL", "t_naive": "DATETIME(6)", "t_number": "DECIMAL(30, 12)",
        "t_real": "DOUBLE", "t_single": "FLOAT", "t_date": "DATE", "t_yes": "BOOLEAN",
        "t_time": "TIME(6)", "t_bits": "BIT(9)",
        "t_unsigned": "BIGINT UNSIGNED", "t_enum": "ENUM('sad', 'happy')", "t_year": "YEAR",
        "t_set": "SET('a', 'b')",
    },
}  # fmt: skip
MOOD = """MOOD = "CREATE TYPE mood AS ENUM ('sad', 'happy 🚀, \\"well\\"')" """
VALUES: dict[str, tuple[str, ...]] = {
    "t_text": ("'plain'", "''", "'Ünïcödé 🚀👩‍💻'", "'quote '' and \\ and % and :name'"),
    "t_bytes": ("X'00FF'", "X''", "X'DEADBEEF'"),
    "t_json": ("""'{"a": [1.10, null, "🚀"]}'""", "'null'", "'[]'"),
    "t_jsonb": ("""'{"a": 1.10}'""", "'null'"),
    "t_when": ("'2026-10-25 01:30:00.123456+00:00'", "'1969-12-31 23:59:59'"),
    "t_naive": ("'2026-10-25 02:30:00.123456'", "'1000-01-01 00:00:00'"),
    "t_number": ("12345678901234.123456", "-0.000001", "0"),
    "t_real": ("0.1", "1e300", "-2.2250738585072014e-308", "9007199254740993"),
    "t_single": ("0.1", "1.1754944e-38", "16777216"),
    "t_date": ("'2026-02-28'", "'0999-12-31'"),
    "t_yes": ("TRUE", "FALSE"),
    "t_list": ("ARRAY['a', NULL, 'b,\"c']", "'{}'"),
    "t_uuid": ("'12345678-1234-5678-1234-567812345678'",),
    "t_span": ("'1 year 2 months -3 days 04:05:06.789'",),
    "t_char": ("'ab'",),
    "t_time": ("'-12:34:56.789'", "'838:59:59'"),
    "t_bits": ("b'101010101'",),
    "t_big": ("9223372036854775807", "-9223372036854775808", "9007199254740993"),
    "t_huge": ("'NaN'", "1" + "0" * 60 + "." + "3" * 40, "-0.00"),
    "t_mood": ("'sad'", "'happy 🚀, \"well\"'"),
    "t_moods": ("ARRAY['sad', NULL]\\:\\:mood[]", "'{}'"),
    "t_ints": ("ARRAY[[1, 2], [3, 9223372036854775807]]", "'[0:1]={1,2}'"),
    "t_range": ("'[2026-01-01 00:00:00.000001+00,)'", "'empty'"),
    "t_net": ("'2001:db8::1/64'", "'10.0.0.1'"),
    "t_clock": ("'23:59:59.999999+05:30'",),
    "t_unsigned": ("18446744073709551615", "0"),
    "t_enum": ("'happy'",),
    "t_year": ("2155", "1901"),
    "t_set": ("'a,b'", "''"),
}


def literal(kind: str, value: str) -> str:
    if kind == "postgresql" and value.startswith("X'"):
        return f"'\\x{value[2:-1]}'"
    if kind == "mariadb":
        value = value.replace("\\", "\\\\").replace("+00:00'", "'")
        if value == "'1969-12-31 23:59:59'":
            return "'1970-01-02 00:00:00'"
    return value.replace(":name", "\\:name") if ":" in value else value


def fingerprint(shop: Shop, columns: tuple[str, ...]) -> list[Any]:
    """Return every value in the database's own spelling."""
    kind = sa.make_url(shop.url).get_backend_name()
    engine = sa.create_engine(shop.url, poolclass=sa.pool.NullPool)
    as_text = {
        "sqlite": "typeof({0}) || hex({0})",
        "postgresql": "CAST({0} AS text)",
        "mysql": "HEX(CAST({0} AS CHAR))",
    }[kind]
    shown = ", ".join(as_text.format(one) for one in columns)
    with engine.connect() as connection:
        if kind == "mysql":
            connection.exec_driver_sql("SET time_zone = '+00:00'")
        rows = connection.exec_driver_sql(f"SELECT id, {shown} FROM users ORDER BY id")
        return [tuple(row) for row in rows]


def filled(tmp_path: Path, kind: str, url: str) -> tuple[Shop, tuple[str, ...]]:
    shop = Shop.at(tmp_path / "ada", url)
    shop.add(
        "r1",
        'op.create_table("users", sa.Column("id", sa.BigInteger(), primary_key=True))',
        'op.drop_table("users")',
    )
    types = TYPES[kind]
    adds = [f'op.execute("ALTER TABLE users ADD COLUMN {n} {t}")' for n, t in types.items()]
    drops = [f'op.drop_column("users", "{name}")' for name in types]
    if kind == "postgresql":
        adds.insert(0, "op.execute(MOOD)")
        drops.append('op.execute("DROP TYPE mood")')
    shop.add("r2", "\n".join(adds), "\n".join(drops), top=MOOD)
    shop.commit("Add users")
    shop.migrate()
    number = 0
    for name in types:
        for value in (*VALUES[name], "NULL"):
            number += 1
            shop.execute(
                f"INSERT INTO users (id, {name}) VALUES ({number}, {literal(kind, value)})"
            )
    return shop, tuple(types)


@pytest.mark.parametrize("kind", KINDS)
def test_every_value_of_dropped_columns_comes_back(tmp_path: Path, kind: str) -> None:
    with fresh_database(kind, tmp_path) as url:
        shop, columns = filled(tmp_path, kind, url)
        before = fingerprint(shop, columns)
        result = shop.roll("users", yes=True)
        assert {loss["column"] for loss in result.data["losses"]} == set(columns)
        assert set(shop.tables()["users"].columns) == {"id"}
        file = result.data["backup"]
        with pytest.raises(LbackError, match="no column"):
            restore(shop.context(), RestoreOptions(file))
        shop.migrate()
        assert fingerprint(shop, columns) != before
        done = restore(shop.context(), RestoreOptions(file))
        assert done.data["tables"][0]["restored"] == len(before)
        assert fingerprint(shop, columns) == before


@pytest.mark.parametrize("kind", KINDS)
def test_whole_tables_come_back(tmp_path: Path, kind: str) -> None:
    with fresh_database(kind, tmp_path) as url:
        shop, columns = filled(tmp_path, kind, url)
        before = fingerprint(shop, columns)
        result = shop.roll(revision="r1", strategy="downgrade", yes=True)
        lost = {"table": "users", "column": None, "rows": len(before)}
        assert result.data["losses"] == [lost]
        assert shop.tables() == {}
        shop.migrate()
        shop.execute("INSERT INTO users (id, t_text) VALUES (1, 'newer')")
        done = restore(shop.context(), RestoreOptions(result.data["backup"])).data["tables"][0]
        assert (done["restored"], done["present"]) == (len(before) - 1, 1)
        assert fingerprint(shop, columns)[1:] == before[1:]


@pytest.mark.parametrize("kind", KINDS)
def test_a_hundred_thousand_values(tmp_path: Path, kind: str) -> None:
    with fresh_database(kind, tmp_path) as url:
        shop = Shop.at(tmp_path / "ada", url)
        many(shop, 100_000)
        before = shop.rows("users")
        plan = shop.roll("users", plan=True)
        assert plan.data["losses"] == [{"table": "users", "column": "note", "rows": 100_000}]
        said = shop.lback("rollback", "users", code=3)
        assert "100000 values of users.note" in said
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
@pytest.mark.parametrize("seed", range(2))
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


def test_a_file_that_is_no_backup(tmp_path: Path) -> None:
    with fresh_database("sqlite", tmp_path) as url:
        shop = Shop.at(tmp_path / "ada", url)
        many(shop, 5000)
        file = Path(shop.roll("users", yes=True).data["backup"])
        shop.migrate()
        (tmp_path / "short.gz").write_bytes(file.read_bytes()[:-100])
        (tmp_path / "other.gz").write_bytes(b"hello")
        for name in ("short.gz", "other.gz", "none.gz"):
            with pytest.raises(UsageError):
                restore(shop.context(), RestoreOptions(str(tmp_path / name)))
        assert oct(file.stat().st_mode & 0o777) == "0o600"


def test_a_table_without_a_key_is_saved_with_its_whole_rows(tmp_path: Path) -> None:
    with fresh_database("sqlite", tmp_path) as url:
        shop = Shop.at(tmp_path / "ada", url)
        shop.add(
            "r1",
            'op.create_table("log", sa.Column("line", sa.Text()), sa.Column("n", sa.Integer()))',
            'op.drop_table("log")',
        )
        shop.add(
            "r2",
            'op.add_column("log", sa.Column("note", sa.Text()))',
            'op.drop_column("log", "note")',
        )
        shop.commit("Add log")
        shop.migrate()
        shop.execute("INSERT INTO log VALUES ('a', 1, 'x'), ('b', 2, 'y')")
        file = shop.roll("log", yes=True).data["backup"]
        plan = restore(shop.context(), RestoreOptions(file, plan=True)).data["tables"][0]
        assert (plan["columns"], plan["rows"]) == (["line", "n", "note"], 2)
        shop.migrate()
        with pytest.raises(LbackError, match="no key"):
            restore(shop.context(), RestoreOptions(file))


def test_no_backup_writes_none(tmp_path: Path) -> None:
    with fresh_database("sqlite", tmp_path) as url:
        shop = Shop.at(tmp_path / "ada", url)
        many(shop, 10)
        assert shop.roll("users", yes=True, no_backup=True).data["backup"] is None
        assert not (shop.folder / ".git" / "lback" / "backups").exists()
