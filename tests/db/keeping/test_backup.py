"""Values are saved before they are dropped, and come back one by one as they were."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.db.events import Event
from lback.db.keeping.backup import save
from lback.db.keeping.putting_back import Restored
from lback.db.keeping.restoring import open_backup, restore
from lback.db.locking.locks import Locks
from lback.errors import LbackError, UsageError
from tests.db.projects import BEGUN_ENV, MakeProject, Project

Place = tuple[str, str | None]

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
    "mysql": {
        "t_text": "TEXT CHARACTER SET utf8mb4", "t_bytes": "BLOB", "t_json": "JSON",
        "t_when": "TIMESTAMP(6) NULL", "t_naive": "DATETIME(6)", "t_number": "DECIMAL(30, 12)",
        "t_real": "DOUBLE", "t_single": "FLOAT", "t_date": "DATE", "t_yes": "BOOLEAN",
        "t_time": "TIME(6)", "t_bits": "BIT(9)",
        "t_unsigned": "BIGINT UNSIGNED", "t_enum": "ENUM('sad', 'happy')", "t_year": "YEAR",
        "t_set": "SET('a', 'b')",
    },
}  # fmt: skip
MOOD = "CREATE TYPE mood AS ENUM ('sad', 'happy 🚀, \"well\"')"
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
    "t_moods": ("ARRAY['sad', NULL]::mood[]", "'{}'"),
    "t_ints": ("ARRAY[[1, 2], [3, 9223372036854775807]]", "'[0:1]={1,2}'"),
    "t_range": ("'[2026-01-01 00:00:00.000001+00,)'", "'empty'"),
    "t_net": ("'2001:db8::1/64'", "'10.0.0.1'"),
    "t_clock": ("'23:59:59.999999+05:30'",),
    "t_unsigned": ("18446744073709551615", "0"),
    "t_enum": ("'happy'",),
    "t_year": ("2155", "1901"),
    "t_set": ("'a,b'", "''"),
}


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        yield connection


def run(url: str, *statements: str) -> None:
    with connected(url) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%"))


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with connected(url) as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def saved(url: str, path: Path, *places: Place, **about: Any) -> int:
    with connected(url) as connection:
        return save(connection, path, places, about)


Came = tuple[str, int, int, int, int]


def put_back(project: Project, path: Path, **options: Any) -> list[Came]:
    """Return of each table what was put back, present, missing and left alone."""
    done = restore(project.database(), open_backup(path), **options)
    return [(row.table, row.rows, row.present, row.missing, row.other) for row in done]


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def kind_of(url: str) -> str:
    return sa.make_url(url).get_backend_name()


def literal(kind: str, value: str) -> str:
    if kind == "postgresql" and value.startswith("X'"):
        return f"'\\x{value[2:-1]}'"
    if kind == "mysql":
        value = value.replace("\\", "\\\\").replace("+00:00'", "'")
        if value == "'1969-12-31 23:59:59'":
            return "'1970-01-02 00:00:00'"
    return value


def fingerprint(url: str, columns: Sequence[str]) -> list[Any]:
    """Return every value in the database's own spelling."""
    as_text = {
        "sqlite": "typeof({0}) || hex({0})",
        "postgresql": "CAST({0} AS text)",
        "mysql": "HEX(CAST({0} AS CHAR))",
    }[kind_of(url)]
    shown = ", ".join(as_text.format(one) for one in columns)
    with connected(url) as connection:
        if kind_of(url) == "mysql":
            connection.exec_driver_sql("SET time_zone = '+00:00'")
        found = connection.exec_driver_sql(f"SELECT id, {shown} FROM users ORDER BY id")
        return [tuple(row) for row in found]


def filled(url: str) -> tuple[str, ...]:
    """Make a table with a column of each type, and rows with each of their values."""
    kind = kind_of(url)
    types = TYPES[kind]
    run(
        url,
        *([MOOD] if kind == "postgresql" else []),
        "CREATE TABLE users (id BIGINT PRIMARY KEY)",
        *(f"ALTER TABLE users ADD COLUMN {name} {type_}" for name, type_ in types.items()),
    )
    pairs = [(name, value) for name in types for value in (*VALUES[name], "NULL")]
    inserts = [
        f"INSERT INTO users (id, {name}) VALUES ({number}, {literal(kind, value)})"
        for number, (name, value) in enumerate(pairs, 1)
    ]
    run(url, *inserts)
    return tuple(types)


def test_every_value_of_dropped_columns_comes_back(
    make_project: MakeProject, any_url: str, tmp_path: Path
) -> None:
    project, file = make_project(url=any_url), tmp_path / "kept.gz"
    columns = filled(any_url)
    before = fingerprint(any_url, columns)
    assert saved(any_url, file, *(("users", one) for one in columns)) == len(before)
    nothing = len(columns)  # rows of NULL alone, which are as they were once the columns are back
    run(any_url, *(f"ALTER TABLE users DROP COLUMN {one}" for one in columns))
    with pytest.raises(LbackError, match="users has no column t_") as refusal:
        put_back(project, file)
    assert "Bring it back first: `lback migrate`" in (refusal.value.hint or "")
    types = TYPES[kind_of(any_url)]
    run(any_url, *(f"ALTER TABLE users ADD COLUMN {one} {types[one]}" for one in columns))
    assert fingerprint(any_url, columns) != before
    assert put_back(project, file) == [("users", len(before) - nothing, nothing, 0, 0)]
    assert fingerprint(any_url, columns) == before


def test_whole_tables_come_back(make_project: MakeProject, any_url: str, tmp_path: Path) -> None:
    project, file = make_project(url=any_url), tmp_path / "kept.gz"
    columns = filled(any_url)
    before = fingerprint(any_url, columns)
    assert saved(any_url, file, ("users", None)) == len(before)
    types = TYPES[kind_of(any_url)]
    run(any_url, "DROP TABLE users")
    with pytest.raises(LbackError, match="There is no table users to put the rows back") as refusal:
        put_back(project, file)
    assert "Bring it back first: `lback migrate`" in (refusal.value.hint or "")
    made = ", ".join(f"{name} {type_}" for name, type_ in types.items())
    run(
        any_url,
        f"CREATE TABLE users (id BIGINT PRIMARY KEY, {made})",
        "INSERT INTO users (id, t_text) VALUES (1, 'newer')",
    )
    assert put_back(project, file) == [("users", len(before) - 1, 0, 0, 1)]
    assert fingerprint(any_url, columns)[1:] == before[1:]
    assert rows(any_url, "SELECT t_text FROM users WHERE id = 1") == [("newer",)]


def test_what_a_file_holds(sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "deep" / "kept.gz"
    file.parent.mkdir()
    run(
        sqlite_url,
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, note TEXT, "
        "twice INTEGER GENERATED ALWAYS AS (id * 2))",
        "CREATE TABLE empty (id INTEGER PRIMARY KEY, x TEXT)",
        "INSERT INTO users VALUES (2, 'b', NULL), (1, 'a', x'00')",
    )
    places = [("users", "note"), ("users", "name"), ("empty", None), ("gone", "x"), ("users", "no")]
    assert saved(sqlite_url, file, *places, undoes=["r1"], created="now") == 2
    kept = {"schema": None, "keys": ["id"]}
    assert lines(file) == [
        {
            "lback-backup": 1,
            "dialect": "sqlite",
            "database": sqlite_url,
            "undoes": ["r1"],
            "created": "now",
            "tables": [
                {"table": "users", "columns": ["name", "note"], "whole": False, **kept},
                {"table": "empty", "columns": ["x"], "whole": True, **kept},
            ],
        },
        [0, 1, "a", {"bytes": "AA=="}],
        [0, 2, "b", None],
        {"end": True, "rows": [2, 0]},
    ]
    assert oct(file.stat().st_mode & 0o777) == "0o600"
    assert file.read_bytes()[3] == 0  # the name of the file it was written to first is not in it
    backup = open_backup(file)
    assert (backup.counts, [one.full_name for one in backup.tables]) == ((2, 0), ["users", "empty"])
    assert list(backup.rows(0)) == [[1, "a", b"\0"], [2, "b", None]]
    assert list(backup.rows(1)) == []
    with connected(sqlite_url) as connection:
        whole = tmp_path / "whole.gz"
        assert save(connection, whole, [("users", None)], {}) == 2
    assert lines(whole)[0]["tables"][0]["columns"] == ["name", "note"]


def test_nothing_to_save_writes_no_file(sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "kept.gz"
    run(sqlite_url, "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)")
    assert saved(sqlite_url, file, ("gone", None), ("users", "gone")) == 0
    assert not file.exists()
    # A table of nothing but its key is worth saving, and so are no rows of one.
    run(sqlite_url, "CREATE TABLE keys (id INTEGER PRIMARY KEY)", "INSERT INTO keys VALUES (7)")
    assert saved(sqlite_url, file, ("keys", None)) == 1
    assert lines(file)[1:] == [[0, 7], {"end": True, "rows": [1]}]


@pytest.mark.parametrize(
    ("table", "keys", "columns"),
    [
        ("a INTEGER NOT NULL, b TEXT NOT NULL, c TEXT, PRIMARY KEY (b, a)", ["b", "a"], ["c"]),
        ("a INTEGER NOT NULL, b TEXT UNIQUE, c TEXT, UNIQUE (a)", ["a"], ["c"]),
        ("a INTEGER, b TEXT NOT NULL, c TEXT, UNIQUE (a, b)", [], ["c"]),
    ],
    ids=["primary", "unique", "none"],
)
def test_by_what_rows_are_found_again(
    make_project: MakeProject, sqlite_url: str, tmp_path: Path,
    table: str, keys: list[str], columns: list[str],
) -> None:  # fmt: skip
    file = tmp_path / "kept.gz"
    run(
        sqlite_url,
        f"CREATE TABLE t ({table})",
        "INSERT INTO t (a, b, c) VALUES (1, 'x', 'p'), (2, 'y', 'q'), (3, 'x', 'r')"
        if keys != ["a"]
        else "INSERT INTO t (a, b, c) VALUES (1, 'x', 'p'), (2, 'y', 'q'), (3, NULL, 'r')",
    )
    assert saved(sqlite_url, file, ("t", "c")) == 3
    row = lines(file)[0]["tables"][0]
    assert (row["keys"], row["columns"], row["whole"]) == (keys, columns, False)
    assert row.get("match", []) == ([] if keys else ["a", "b"])
    run(sqlite_url, "UPDATE t SET c = NULL WHERE a <> 3", "DELETE FROM t WHERE a = 2")
    run(sqlite_url, "UPDATE t SET c = 'newer' WHERE a = 3")
    project = make_project(url=sqlite_url)
    assert put_back(project, file) == [("t", 1, 0, 1, 1) if keys else ("t", 1, 0, 2, 0)]
    assert sorted(rows(sqlite_url, "SELECT a, c FROM t")) == [(1, "p"), (3, "newer")]
    assert put_back(project, file, overwrite=True) == [("t", 1, 1, 1, 0)]
    assert sorted(rows(sqlite_url, "SELECT a, c FROM t")) == [(1, "p"), (3, "r")]


def test_a_table_without_a_key_comes_back_as_a_whole(
    make_project: MakeProject, sqlite_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "kept.gz"
    run(sqlite_url, "CREATE TABLE t (a INTEGER, b TEXT)", "INSERT INTO t VALUES (1, 'x'), (1, 'x')")
    assert saved(sqlite_url, file, ("t", None)) == 2
    run(sqlite_url, "DELETE FROM t")
    assert put_back(make_project(url=sqlite_url), file) == [("t", 2, 0, 0, 0)]
    assert rows(sqlite_url, "SELECT * FROM t") == [(1, "x"), (1, "x")]


def test_more_rows_than_go_in_one_statement(
    make_project: MakeProject, any_url: str, tmp_path: Path
) -> None:
    project, file, number = make_project(url=any_url), tmp_path / "kept.gz", 4321
    run(any_url, "CREATE TABLE t (id INTEGER PRIMARY KEY, note VARCHAR(20))")
    values = ", ".join(f"({one}, 'n {one}')" for one in range(number))
    run(any_url, f"INSERT INTO t VALUES {values}")
    before = rows(any_url, "SELECT * FROM t ORDER BY id")
    assert saved(any_url, file, ("t", "note")) == number
    assert [int(row[1]) for row in lines(file)[1:-1]] == list(range(number))
    run(any_url, "UPDATE t SET note = NULL", "DELETE FROM t WHERE id IN (999, 1000, 4320)")
    assert put_back(project, file) == [("t", number - 3, 0, 3, 0)]
    assert rows(any_url, "SELECT * FROM t ORDER BY id") == [
        row for row in before if row[0] not in (999, 1000, 4320)
    ]
    assert saved(any_url, file, ("t", None)) == number - 3
    run(any_url, "DELETE FROM t WHERE id < 1500")
    assert put_back(project, file) == [("t", 1498, number - 3 - 1498, 0, 0)]
    assert len(rows(any_url, "SELECT * FROM t")) == number - 3


@pytest.mark.parametrize(
    ("any_url", "cycle"),
    [
        ("sqlite", False),
        ("sqlite", True),  # no server makes a key to a table that is not there yet
        pytest.param("postgresql", False, marks=pytest.mark.postgresql),
        pytest.param("mariadb", False, marks=pytest.mark.mysql),
    ],
    indirect=["any_url"],
)
def test_tables_come_back_before_those_that_refer_to_them(
    make_project: MakeProject, any_url: str, tmp_path: Path, cycle: bool
) -> None:
    project, file = make_project(url=any_url), tmp_path / "kept.gz"
    refers = "INTEGER REFERENCES c (id)" if cycle else "INTEGER"
    run(
        any_url,
        f"CREATE TABLE a (id INTEGER PRIMARY KEY, c {refers})",
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER, FOREIGN KEY (a) REFERENCES a (id))",
        "CREATE TABLE c (id INTEGER PRIMARY KEY, b INTEGER, FOREIGN KEY (b) REFERENCES b (id))",
        "INSERT INTO a VALUES (1, NULL)", "INSERT INTO b VALUES (1, 1)",
        "INSERT INTO c VALUES (1, 1)",
    )  # fmt: skip
    assert saved(any_url, file, ("c", None), ("b", None), ("a", None)) == 3
    run(any_url, "DELETE FROM c", "DELETE FROM b", "DELETE FROM a")
    done = put_back(project, file)
    assert sorted(done) == [(name, 1, 0, 0, 0) for name in "abc"]
    assert len(done) == 3


@pytest.mark.postgresql
def test_schemas_identities_and_sequences(
    make_project: MakeProject, postgres_url: str, tmp_path: Path
) -> None:
    project, file = make_project(url=postgres_url), tmp_path / "kept.gz"
    run(
        postgres_url,
        "CREATE SCHEMA shop",
        "CREATE TABLE shop.t (id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY, s SERIAL)",
        "CREATE TABLE t (id INTEGER PRIMARY KEY)",
        "INSERT INTO shop.t (s) VALUES (5), (6)",
        "SELECT setval('shop.t_s_seq', 1)",
    )
    assert saved(postgres_url, file, ("shop.t", None)) == 2
    row = lines(file)[0]["tables"][0]
    assert (row["schema"], row["table"]) == ("shop", "t")
    run(postgres_url, "TRUNCATE shop.t RESTART IDENTITY")
    assert put_back(project, file) == [("shop.t", 2, 0, 0, 0)]
    run(postgres_url, "INSERT INTO shop.t DEFAULT VALUES")
    assert rows(postgres_url, "SELECT * FROM shop.t ORDER BY id") == [(1, 5), (2, 6), (3, 7)]
    assert rows(postgres_url, "SELECT * FROM t") == []


@pytest.mark.postgresql
def test_writers_are_kept_out_until_the_drop(postgres_url: str, tmp_path: Path) -> None:
    run(postgres_url, "CREATE TABLE t (id INTEGER PRIMARY KEY, note TEXT)")
    with connected(postgres_url) as connection:
        save(connection, tmp_path / "kept.gz", [("t", "note")], {})
        with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
            run(postgres_url, "SET lock_timeout = 100", "INSERT INTO t VALUES (1, 'x')")
        assert rows(postgres_url, "SELECT * FROM t") == []
        settings = connection.exec_driver_sql("SHOW datestyle").scalar()
        assert settings == rows(postgres_url, "SHOW datestyle")[0][0]
    assert rows(postgres_url, "SHOW extra_float_digits") != [("3",)]


@pytest.mark.postgresql
def test_how_the_server_writes_values_is_no_matter(
    make_project: MakeProject, postgres_url: str, tmp_path: Path
) -> None:
    project, file = make_project(url=postgres_url), tmp_path / "kept.gz"
    name = sa.make_url(postgres_url).database
    for setting in (
        "datestyle = 'German'", "intervalstyle = 'sql_standard'", "extra_float_digits = -9",
        "bytea_output = 'escape'",
    ):  # fmt: skip
        run(postgres_url, f'ALTER DATABASE "{name}" SET {setting}')
    run(
        postgres_url,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, d DATE, i INTERVAL, f DOUBLE PRECISION, b BYTEA)",
        "INSERT INTO t VALUES (1, '2026-03-04', '1 year -3 days 04:05:06', "
        "0.1::float8 + 0.2::float8, '\\x00ff')",
    )
    as_it_is = "SELECT d - DATE '2026-01-01', i::text, f::numeric(20, 18)::text, b FROM t"
    exact = "SELECT f = 0.1::float8 + 0.2::float8 FROM t"
    before = rows(postgres_url, as_it_is)
    columns = "dfib"
    assert saved(postgres_url, file, *(("t", one) for one in columns)) == 1
    assert lines(file)[1] == [
        0, "1", "2026-03-04", "1 year -3 days +04:05:06", "0.30000000000000004", "\\x00ff"
    ]  # fmt: skip
    run(postgres_url, "UPDATE t SET d = NULL, i = NULL, f = NULL, b = NULL")
    assert put_back(project, file) == [("t", 1, 0, 0, 0)]
    assert rows(postgres_url, as_it_is) == before
    assert rows(postgres_url, exact) == [(True,)]


@pytest.mark.mysql
def test_the_time_zone_of_the_session_is_given_back(mariadb_url: str, tmp_path: Path) -> None:
    run(mariadb_url, "CREATE TABLE t (id INTEGER PRIMARY KEY, at TIMESTAMP NULL)")
    run(mariadb_url, "INSERT INTO t VALUES (1, '2026-01-02 03:04:05')")
    with connected(mariadb_url) as connection:
        connection.exec_driver_sql("SET time_zone = '+03:00'")
        save(connection, tmp_path / "kept.gz", [("t", "at")], {})
        assert connection.exec_driver_sql("SELECT @@session.time_zone").scalar() == "+03:00"


def test_a_file_that_cannot_be_written_is_told(sqlite_url: str, tmp_path: Path) -> None:
    run(sqlite_url, "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LbackError, match="rows could not be saved to") as refusal:
        saved(sqlite_url, tmp_path / "file" / "kept.gz", ("t", "x"))
    assert "Nothing was changed" in (refusal.value.hint or "")


def whole_file(url: str, path: Path) -> list[Any]:
    run(url, "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)", "INSERT INTO t VALUES (1, 'a')")
    saved(url, path, ("t", "x"))
    return lines(path)


def written(path: Path, said: Sequence[Any]) -> Path:
    path.write_bytes(gzip.compress(b"".join(json.dumps(one).encode() + b"\n" for one in said)))
    return path


def test_a_file_that_is_no_whole_backup(sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "kept.gz"
    head, row, end = whole_file(sqlite_url, file)
    other = tmp_path / "other.gz"
    cases = {
        "is not a whole backup of lback": [
            os.urandom(20), file.read_bytes()[:-9], b"", gzip.compress(b"hello"),
            gzip.compress(b"[]\n"), gzip.compress(b'{"a": 1}\n'),
        ],
        "is not a whole backup of this version": [
            gzip.compress(b""),
            written(other, [head, row]).read_bytes(),
            written(other, [{**head, "lback-backup": 2}, row, end]).read_bytes(),
        ],
        "lacks rows that it says it has": [
            written(other, [head, end]).read_bytes(),
            written(other, [head, row, row, end]).read_bytes(),
        ],
    }  # fmt: skip
    for message, texts in cases.items():
        for text in texts:
            other.write_bytes(text)
            with pytest.raises(UsageError, match=message if text else "backup") as refusal:
                open_backup(other)
            lacks = message.startswith("lacks")
            hint = "Look for another copy of it." if lacks else "Name a file that `rollback` wrote."
            assert refusal.value.hint == hint
    with pytest.raises(UsageError, match=r"none\.gz is not there") as refusal:
        open_backup(tmp_path / "none.gz")
    assert refusal.value.hint == "Name a backup that `rollback` wrote."


def test_another_kind_of_database_is_refused(
    make_project: MakeProject, sqlite_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "kept.gz"
    head, *others = whole_file(sqlite_url, file)
    written(file, [{**head, "dialect": "oracle"}, *others])
    with pytest.raises(LbackError, match="is of a oracle database, and this is sqlite") as refusal:
        put_back(make_project(url=sqlite_url), file)
    assert refusal.value.hint == "Restore it where it came from."


@pytest.mark.parametrize("env", ["sync", "begun"])
def test_values_stay_whoever_begins_the_transaction(
    make_project: MakeProject, any_url: str, tmp_path: Path, env: str
) -> None:
    project = make_project(**({"env": BEGUN_ENV} if env == "begun" else {}), url=any_url)
    file = tmp_path / "kept.gz"
    run(any_url, "CREATE TABLE t (id INTEGER PRIMARY KEY, x VARCHAR(9))")
    run(any_url, "INSERT INTO t VALUES (1, 'a')")
    saved(any_url, file, ("t", "x"))
    run(any_url, "UPDATE t SET x = NULL")
    done = restore(project.database(), open_backup(file))
    assert done == (Restored("t", ("x",), rows=1),)
    assert rows(any_url, "SELECT * FROM t") == [(1, "a")]


def test_a_restore_waits_for_the_lock(
    make_project: MakeProject, any_url: str, tmp_path: Path
) -> None:
    project, file = make_project(url=any_url), tmp_path / "kept.gz"
    run(any_url, "CREATE TABLE t (id INTEGER PRIMARY KEY, x VARCHAR(9))")
    run(any_url, "INSERT INTO t VALUES (1, 'a')")
    saved(any_url, file, ("t", "x"))
    engine = sa.create_engine(any_url, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        locks = Locks(0)
        locks.take(connection)
        with pytest.raises(LbackError, match=r"Another migration of this database .* is running"):
            put_back(project, file, lock_timeout=0)
        heard: list[Event] = []

        def listen(event: Event) -> None:
            heard.append(event)
            locks.release()

        assert put_back(project, file, lock_timeout=30, on_event=listen) == [("t", 0, 1, 0, 0)]
    assert [one.kind for one in heard] == ["waiting"]
