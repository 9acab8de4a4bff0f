"""The functions that are said to change nothing, beside what the databases say of them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from lback.core.sql import functions
from lback.core.sql.functions import is_pure
from tests.servers import fresh_database

ASKED = "SELECT proname, bool_or(provolatile = 'v') FROM pg_proc WHERE proname = ANY(%s) GROUP BY 1"


def test_postgresql_calls_them_stable_or_they_are_listed_one_by_one(tmp_path: Path) -> None:
    names = functions._PG.split()
    with fresh_database("postgresql", tmp_path) as url:
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain) as connection:
            volatile = dict(connection.execute(ASKED, [names]).fetchall())
    # Most are there; others are of newer servers, or syntax.
    assert len(volatile) > len(names) * 0.85
    assert [name for name, changes in volatile.items() if changes] == []


def test_sqlite_has_them(tmp_path: Path) -> None:
    with sqlite3.connect(":memory:") as connection:
        there = {row[0] for row in connection.execute("SELECT name FROM pragma_function_list")}
    assert len(there & set(functions._SQLITE.split())) > 60
    assert not {"load_extension", "edit", "writefile", "eval"} & set(functions._SQLITE.split())


def test_what_writes_is_on_no_list() -> None:
    every = ("postgresql", "mysql", "sqlite")
    writes = """nextval setval lo_create lo_unlink lo_import lo_put dblink dblink_exec query_to_xml
    cursor_to_xml pg_create_logical_replication_slot pg_reload_conf pg_rotate_logfile load_extension
    load_file sys_exec crosstab ts_stat xpath_table create_hypertable pg_logical_emit_message
    pg_import_system_collations pg_extension_config_dump inherit_me""".split()  # noqa: SIM905
    assert [name for name in writes if is_pure(name, "", every)] == []


def test_another_schemas_function_is_another() -> None:
    assert is_pure("lower", "pg_catalog", ("postgresql",))
    assert not is_pure("lower", "app", ("postgresql",))
    assert not is_pure("lower", "public", ("postgresql",))
    assert is_pure("uuid_generate_v4", "public", ("postgresql",))
    assert not is_pure("array_agg", "", ("mysql",))
