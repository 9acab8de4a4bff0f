"""What may be asked of a database while env.py has it open."""

from __future__ import annotations

import zlib

import pytest
import sqlalchemy as sa

from lback.core.databases import DatabaseName
from lback.core.effects import Effect
from lback.core.plans import Upgrade
from lback.db.events import Stamp
from lback.db.record.table import METADATA, RECORD
from lback.db.view import View
from tests.db.projects import MakeProject


@pytest.fixture
def view(any_url: str) -> View:
    return view_of(any_url)


def view_of(url: str) -> View:
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE users (id INTEGER PRIMARY KEY, note VARCHAR(9))")
        connection.exec_driver_sql("CREATE INDEX ix ON users (note)")
        connection.exec_driver_sql("INSERT INTO users VALUES (1, 'a'), (2, NULL), (3, NULL)")
        if "postgresql" in url:
            connection.exec_driver_sql("CREATE SCHEMA deep CREATE TABLE t (one INTEGER)")
    connection = engine.connect()
    return View(Stamp(("a1",), url, engine.dialect.name, DatabaseName(url)), connection)


def test_rows_and_values_are_counted(view: View, any_url: str) -> None:
    places = [
        ("users", None),
        ("users", "note"),
        ("users", "gone"),
        ("gone", None),
        ("deep.t", "one"),
    ]
    found = {("users", None): 3, ("users", "note"): 1}
    if "postgresql" in any_url:
        found["deep.t", "one"] = 0
        assert view.rows(places) == found
    else:
        assert view.rows(places[:-1]) == found
    view.connection.close()


def effect(kind: str, thing: str, name: str | None = None, table: str | None = "users") -> Effect:
    return Effect(kind, thing, table, name, line=1)


@pytest.mark.parametrize(
    ("effects", "told"),
    [
        ([effect("create", "table")], True),
        ([effect("create", "table", table="pets")], False),
        ([effect("drop", "table", table="pets")], True),
        ([effect("drop", "table")], False),
        ([effect("create", "column", "note"), effect("create", "index", "ix")], True),
        ([effect("create", "column", "age")], False),
        ([effect("create", "index", "iy")], False),
        ([effect("create", "column", "x", "pets")], False),
        ([effect("create", "table"), effect("create", "column", "age")], None),
        ([effect("alter", "column", "note"), effect("create", "constraint", "c")], None),
        ([effect("create", "column"), effect("create", "table", table=None)], None),
        ([effect("create", "table")._replace(certain=False)], None),
        ([effect("create", "table")._replace(dialect="oracle")], None),
        ([effect("drop", "table")._replace(certain=False), effect("create", "table")], True),
        ([], None),
    ],
)
def test_what_a_revision_has_left(
    sqlite_url: str, effects: list[Effect], told: bool | None
) -> None:
    view = view_of(sqlite_url)
    assert view.traces(effects) is told
    view.connection.close()


def test_whether_anything_has_changed(view: View, any_url: str) -> None:
    before = view.tables()
    assert view.is_untouched("b2", before)
    assert not view.is_untouched("a1", before)
    view.connection.exec_driver_sql("CREATE TABLE pets (id INTEGER)")
    view.connection.commit()
    assert not view.is_untouched("b2", before)
    assert view.is_untouched("b2", None)  # nobody has looked at the tables before
    assert set(view.tables().tables) >= {"users", "pets"}
    view.connection.close()


def test_many_tables_take_no_more_questions_than_few(postgres_url: str) -> None:
    """A step reads all tables before and after, however far away the server is."""
    view = view_of(postgres_url)
    said: list[str] = []
    sa.event.listen(view.connection, "before_cursor_execute", lambda *given: said.append(given[2]))
    view.tables()
    said.clear()  # the first one also asks the server what it is
    few, tables = len(view.tables().tables), len(said)
    columns = len(view.columns(["users", "deep.t", "gone"]))
    asked = len(said) - tables
    for number in range(20):
        view.connection.exec_driver_sql(f'CREATE TABLE "t {number}" (id INTEGER PRIMARY KEY)')
    said.clear()
    assert (len(view.tables().tables), len(said)) == (few + 20, tables)
    said.clear()
    many = view.columns(["users", "deep.t", *(f"t {number}" for number in range(20))])
    assert (len(many), len(said)) == (columns + 20, asked)
    view.connection.close()


def test_the_texts_that_ran_are_in_the_record(make_project: MakeProject, any_url: str) -> None:
    project = make_project(url=any_url)
    project.chain("a1")
    database = project.database()
    database.run(lambda _now: (Upgrade("a1"),))
    assert database.look_first(lambda view: view.texts(["a1"])) == {}
    engine = sa.create_engine(any_url, poolclass=sa.pool.NullPool)
    METADATA.create_all(engine)
    common = {"down_revisions": "", "path": "", "blob": "", "run_by": "", "run_id": "",
              "started_at": sa.func.current_timestamp(),
              "version_table": "alembic_version"}  # fmt: skip
    rows = [
        ("a1", "upgrade", "done", b"old"), ("a1", "downgrade", "done", b"no"),
        ("a1", "upgrade", "done", b"new"), ("a1", "upgrade", "failed", b"no"),
        ("b2", "upgrade", "done", None), ("c3", "upgrade", "done", b"other"),
        ("d4", "upgrade", "done", b"gone"), ("d4", "downgrade", "done", b"gone"),
        ("e5", "upgrade", "done", b"gone"), ("e5", "fake upgrade", "done", b"gone"),
    ]  # fmt: skip
    with engine.begin() as connection:
        for revision, direction, outcome, source in rows:
            given = {"revision": revision, "direction": direction, "outcome": outcome}
            body = zlib.compress(source) if source is not None else None
            connection.execute(sa.insert(RECORD).values(**common, **given, body=body))
    asked: list[list[str]] = [["a1", "b2", "d4", "e5", "zz"], []]
    assert database.look_first(lambda view: [view.texts(one) for one in asked]) == [
        {"a1": b"new"}, {}
    ]  # fmt: skip
