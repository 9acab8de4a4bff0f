"""Rows that a database keeps in itself, or that a file has, are put back through env.py."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from lback.core.databases import DatabaseName
from lback.core.plans import Downgrade, Step, Upgrade
from lback.core.rollback.stakes import Stakes
from lback.db.events import Event
from lback.db.keeping.backup import save
from lback.db.keeping.keeper import Keeper
from lback.db.keeping.restoring import (
    _chunks,
    head_of,
    open_backup,
    restore,
    restore_saving,
    savings,
    settle,
)
from lback.db.keeping.saved import Saving
from lback.errors import LbackError, UsageError
from tests.db.projects import BEGUN_ENV, MakeProject, Project
from tests.worlds.texts import SYNC_ENV

USERS = """
op.create_table(
    "users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text)
)
"""
TWO_ENV = """
    from alembic import context
    from sqlalchemy import create_engine, pool

    for name, url in {urls!r}:
        engine = create_engine(url, poolclass=pool.NullPool)
        with engine.connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations(**({{"engine_name": name}} if name else {{}}))
"""


@pytest.fixture(params=[SYNC_ENV, BEGUN_ENV], ids=["sync", "begun"])
def shop(request: pytest.FixtureRequest, make_project: MakeProject, any_url: str) -> Project:
    """Return a project whose users have gone down with their revision."""
    project = make_project(request.param, url=any_url)
    project.add("a1")
    project.add("b2", "a1", USERS, "op.drop_table('users')")
    run(project, Upgrade("a1"), Upgrade("b2"))
    do(any_url, "INSERT INTO users VALUES (1, 'Ada'), (2, NULL)")
    run(project, Downgrade("b2"))
    return project


def do(url: str, *statements: str) -> None:
    with sa.create_engine(url, poolclass=sa.pool.NullPool).begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def rows(url: str, table: str = "users") -> list[tuple[Any, ...]]:
    with sa.create_engine(url, poolclass=sa.pool.NullPool).connect() as connection:
        return [
            tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1")
        ]


def tables(url: str) -> list[str]:
    with sa.create_engine(url, poolclass=sa.pool.NullPool).connect() as connection:
        return sorted(sa.inspect(connection).get_table_names())


def keeper(*, keeps: bool = True, applied: Sequence[str] = ()) -> Keeper:
    told = Stakes((("users", None),), (("users", None),))
    return Keeper(
        lambda _view, _going: told,
        lambda _view, _coming: (),
        {"b2": "blob"},
        lambda _stamp: applied,
        keeps=keeps,
    )


def run(project: Project, *steps: Step, keeps: bool = True) -> None:
    project.database().run(lambda _now: steps, keeper=keeper(keeps=keeps))


def saved(project: Project) -> tuple[DatabaseName, Saving]:
    (found,) = savings(project.database())
    return found


def test_what_is_saved_is_listed(shop: Project, any_url: str) -> None:
    name, saving = saved(shop)
    assert name.url.startswith(any_url.split(":", maxsplit=1)[0])
    assert (saving.number, saving.state, saving.rows) == (1, "saved", 2)
    assert savings(shop.database())[0][0].key == name.key


def test_rows_are_put_back_by_number(shop: Project, any_url: str) -> None:
    name, saving = saved(shop)
    heard: list[Event] = []
    run(shop, Upgrade("b2", fake=True))
    do(any_url, "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)")
    assert restore_saving(shop.database(), name, 9, on_event=heard.append) == ()
    assert restore_saving(shop.database(), replace(name, table="other"), 1) == ()
    assert rows(any_url) == []
    (done,) = restore_saving(shop.database(), name, saving.number)
    assert (done.table, done.rows, done.leaves_rows) == ("users", 2, False)
    assert rows(any_url) == [(1, "Ada"), (2, None)]
    assert savings(shop.database()) == () and "lback_saved_1_0" not in tables(any_url)


def test_what_cannot_be_put_back_stays_saved(shop: Project, any_url: str) -> None:
    name, _ = saved(shop)
    (done,) = restore_saving(shop.database(), name, 1)
    assert done.table_gone and done.rows == 0
    do(any_url, "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)")
    do(any_url, "INSERT INTO users VALUES (1, 'Grace')")
    (done,) = restore_saving(shop.database(), name, 1)
    assert (done.rows, done.other, done.examples) == (1, 1, ("1",))
    assert rows(any_url) == [(1, "Grace"), (2, None)]
    assert saved(shop)[1].rows == 2
    (done,) = restore_saving(shop.database(), name, 1, overwrite=True)
    assert (done.rows, done.present) == (1, 1)
    assert rows(any_url) == [(1, "Ada"), (2, None)] and savings(shop.database()) == ()


def test_what_is_saved_may_be_dropped_unread(shop: Project, any_url: str) -> None:
    name, _ = saved(shop)
    do(any_url, "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)")
    assert restore_saving(shop.database(), name, 1, drop=True) == ()
    assert savings(shop.database()) == () and rows(any_url) == []
    assert "lback_saved_1_0" not in tables(any_url)


def test_a_keeper_finishes_what_was_cut_off(shop: Project, any_url: str) -> None:
    do(any_url, "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)")
    do(any_url, "UPDATE alembic_version SET version_num = 'b2'")
    seen: list[Sequence[str]] = []
    at_work = keeper(applied=("a1", "b2"))
    asked = at_work.applied
    at_work.applied = lambda stamp: seen.append(stamp) or asked(stamp)  # type: ignore[func-returns-value]
    settle(shop.database(), at_work)
    assert seen == [("b2",)]
    assert rows(any_url) == [(1, "Ada"), (2, None)] and savings(shop.database()) == ()


def test_an_error_of_env_py_is_explained(make_project: MakeProject, tmp_path: Path) -> None:
    project = make_project("raise ValueError('no')")
    project.add("a1")
    for ask in (
        lambda: savings(project.database()),
        lambda: settle(project.database(), keeper()),
        lambda: restore_saving(project.database(), DatabaseName("x"), 1),
    ):
        with pytest.raises(LbackError, match="ValueError: no"):
            ask()


# -- which database a file is of ------------------------------------------------------------


def filed(url: str, path: Path, **about: Any) -> None:
    do(url, "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)")
    do(url, "INSERT INTO users VALUES (1, 'Ada')")
    with sa.create_engine(url, poolclass=sa.pool.NullPool).begin() as connection:
        assert save(connection, path, [("users", None)], about) == 1
    do(url, "DELETE FROM users")


def two(make_project: MakeProject, folder: Path, *names: str) -> tuple[Project, list[str]]:
    urls = [f"sqlite:///{folder}/{name}.db" for name in ("one", "two")]
    project = make_project(TWO_ENV, urls=list(zip(names, urls, strict=True)))
    project.add("a1")
    return project, urls


def keys(project: Project) -> list[str]:
    return [name.key for name in project.database().look(lambda view: view.stamp.database)]


def test_the_only_database_is_taken_for_it(make_project: MakeProject, tmp_path: Path) -> None:
    url, path = f"sqlite:///{tmp_path}/moved.db", tmp_path / "b.gz"
    project = make_project(url=url)
    project.add("a1")
    filed(f"sqlite:///{tmp_path}/other.db", path, at="nowhere")
    do(url, "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)")
    restore(project.database(), open_backup(path))
    assert rows(url) == [(1, "Ada")]


@pytest.mark.parametrize("by", ["at", "place", "name"])
def test_a_file_goes_back_to_its_own_database(
    make_project: MakeProject, tmp_path: Path, by: str
) -> None:
    project, urls = two(make_project, tmp_path, "first", "second")
    path, elsewhere = tmp_path / "b.gz", f"sqlite:///{tmp_path}/x.db"
    if by == "at":
        filed(elsewhere, path, at=keys(project)[1], name="first")
    elif by == "place":
        filed(urls[1], path, at="gone", schema="", name="first")
    else:
        filed(elsewhere, path, at="gone", schema="", name="second")
    for url in urls:
        do(url, "CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, name TEXT)")
    restore(project.database(), open_backup(path))
    assert [rows(url) for url in urls] == [[], [(1, "Ada")]]


@pytest.mark.parametrize("names", [("", ""), ("first", "second")])
def test_a_file_of_none_of_them_is_refused(
    make_project: MakeProject, tmp_path: Path, names: tuple[str, str]
) -> None:
    project, urls = two(make_project, tmp_path, *names)
    path = tmp_path / "b.gz"
    filed(f"sqlite:///{tmp_path}/x.db", path, at="gone", schema="", name="")
    with pytest.raises(LbackError, match=f"is of sqlite:///{tmp_path}/x.db, and env.py") as told:
        restore(project.database(), open_backup(path))
    assert all(url in told.value.message for url in urls)


# -- what a file is -------------------------------------------------------------------------


def written(path: Path, *lines: Any, end: bytes = b"") -> Path:
    text = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    path.write_bytes(gzip.compress(text) + end)
    return path


HEAD: dict[str, Any] = {"lback-backup": 1, "dialect": "sqlite", "database": "x", "tables": []}
KEPT = {"table": "users", "schema": None, "columns": ["name"], "keys": ["id"], "whole": True}
END = {"end": True, "rows": []}


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([], "not a whole backup of this version"),
        ([[1]], "not a whole backup of lback"),
        ([{"other": 1}], "not a whole backup of lback"),
        ([HEAD], "not a whole backup of this version"),
        ([{**HEAD, "lback-backup": 2}, END], "not a whole backup of this version"),
        ([{**HEAD, "tables": [KEPT]}, {"end": True, "rows": [1]}], "lacks rows"),
        ([{**HEAD, "tables": [KEPT]}, [0, 1, "x"], {"end": True, "rows": [2]}], "lacks rows"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, lines: Sequence[Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        open_backup(written(tmp_path / "b.gz", *lines))


def test_a_file_that_is_not_there_or_not_packed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not there"):
        open_backup(tmp_path / "b.gz")
    (tmp_path / "b.gz").write_bytes(b"plain")
    with pytest.raises(UsageError, match="not a whole backup of lback"):
        open_backup(tmp_path / "b.gz")
    assert head_of(tmp_path / "b.gz") is None and head_of(tmp_path / "none.gz") is None


def test_a_file_in_full(tmp_path: Path) -> None:
    tables_ = [KEPT, {**KEPT, "table": "parts"}, {**KEPT, "table": "empty"}]
    lines = [[0, 1, "a"], [0, 2, "b"], [1, 3, "c"]]
    path = written(
        tmp_path / "b.gz", {**HEAD, "tables": tables_}, *lines, {"end": True, "rows": [2, 1, 0]}
    )
    backup = open_backup(path)
    assert [kept.table for kept in backup.tables] == ["users", "parts", "empty"]
    assert backup.counts == (2, 1, 0)
    assert list(backup.rows(0)) == [[1, "a"], [2, "b"]] and list(backup.rows(1)) == [[3, "c"]]
    assert list(backup.rows(2)) == []
    assert list(_chunks(backup)) == [(0, [[1, "a"], [2, "b"]]), (1, [[3, "c"]])]
    head = head_of(path)
    assert head is not None and head["dialect"] == "sqlite"
    assert head_of(written(tmp_path / "c.gz", [1])) is None


def test_long_tables_go_in_parts(tmp_path: Path) -> None:
    rows_ = [[0, number, "x"] for number in range(2500)]
    path = written(
        tmp_path / "b.gz", {**HEAD, "tables": [KEPT]}, *rows_, {"end": True, "rows": [2500]}
    )
    assert [(at, len(part)) for at, part in _chunks(open_backup(path))] == [
        *((0, 1000), (0, 1000), (0, 500))
    ]


@pytest.mark.parametrize(
    ("made", "says"),
    [
        ("CREATE TABLE other (id INTEGER)", "There is no table users to put the rows back into"),
        ("CREATE TABLE users (id INTEGER)", "The table users has no column name to put"),
    ],
)
def test_what_has_no_place_is_refused(
    make_project: MakeProject, sqlite_url: str, tmp_path: Path, made: str, says: str
) -> None:
    project = make_project(url=sqlite_url)
    project.add("a1")
    filed(f"sqlite:///{tmp_path}/x.db", tmp_path / "b.gz")
    do(sqlite_url, made)
    with pytest.raises(LbackError, match=says):
        restore(project.database(), open_backup(tmp_path / "b.gz"))
    assert tables(sqlite_url) == [made.split()[2]]


def test_columns_without_a_key_are_refused(
    make_project: MakeProject, sqlite_url: str, tmp_path: Path
) -> None:
    project = make_project(url=sqlite_url)
    project.add("a1")
    do(sqlite_url, "CREATE TABLE users (id INTEGER, name TEXT)")
    lone = {**KEPT, "keys": [], "whole": False}
    path = written(tmp_path / "b.gz", {**HEAD, "tables": [lone]}, {"end": True, "rows": [0]})
    with pytest.raises(LbackError, match="The table users has no key"):
        restore(project.database(), open_backup(path))
