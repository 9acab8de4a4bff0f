"""Batch operations on SQLite with PRAGMA foreign_keys=ON: no row of another table goes along."""

from __future__ import annotations

import pytest

from lback.core.plans import plan_upgrade
from lback.errors import LbackError
from tests.db.projects import ASYNC_ENV, MakeProject, Project
from tests.worlds.databases import query
from tests.worlds.texts import SYNC_ENV

ENFORCED = """
        from sqlalchemy import event
        @event.listens_for({engine}, "connect")
        def enforce(connection, _record):
            connection.execute("PRAGMA foreign_keys=ON")
"""
BATCH = (
    "with op.batch_alter_table('t', recreate='always') as b:\n"
    "    b.add_column(sa.Column('n', sa.Integer))"
)


def _project(make_project: MakeProject, url: str, env: str = SYNC_ENV) -> Project:
    mark = "engine = create_engine(URL, poolclass=pool.NullPool)\n"
    if env is ASYNC_ENV:
        mark = "engine = create_async_engine({url!r}, poolclass=pool.NullPool)\n"
    assert mark in env
    engine = "engine.sync_engine" if env is ASYNC_ENV else "engine"
    project = make_project(env.replace(mark, mark + ENFORCED.format(engine=engine)), url=url)
    query(
        url,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, up INTEGER REFERENCES t ON DELETE CASCADE)",
        "CREATE TABLE gone (id INTEGER PRIMARY KEY, t INTEGER REFERENCES t ON DELETE CASCADE)",
        "CREATE TABLE emptied (id INTEGER PRIMARY KEY, t INTEGER REFERENCES t ON DELETE SET NULL)",
        "CREATE TABLE under (id INTEGER PRIMARY KEY, g INTEGER REFERENCES gone ON DELETE CASCADE)",
        "CREATE TABLE words (id TEXT PRIMARY KEY)",
        "CREATE TABLE said (id INTEGER PRIMARY KEY, w TEXT REFERENCES words ON DELETE CASCADE)",
        "INSERT INTO words VALUES ('one')",
        "INSERT INTO said VALUES (1, 'one')",
        "INSERT INTO t VALUES (1, NULL), (2, 1)",
        "INSERT INTO gone VALUES (1, 1)",
        "INSERT INTO emptied VALUES (1, 2)",
        "INSERT INTO under VALUES (1, 1)",
    )
    return project


def _rows(url: str) -> list[object]:
    names = ("t", "gone", "emptied", "under", "words", "said")
    return [tuple(map(tuple, query(url, f"SELECT * FROM {name} ORDER BY 1"))) for name in names]


def _migrate(project: Project) -> None:
    database = project.database()
    database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions))


WORDS = [(("one",),), ((1, "one"),)]
KEPT = [((1, None, None), (2, 1, None)), ((1, 1),), ((1, 2),), ((1, 1),), *WORDS]


def test_the_rows_of_others_stay(make_project: MakeProject, sqlite_url: str) -> None:
    project = _project(make_project, sqlite_url)
    project.add("a1", None, "op.execute('CREATE TABLE before (id int)')")
    project.add("b2", "a1", BATCH, "pass")
    project.add(
        "c3", "b2", "op.execute('DELETE FROM gone')\nop.execute('INSERT INTO gone VALUES (1, 1)')"
    )
    _migrate(project)
    assert _rows(sqlite_url) == [*KEPT[:3], (), *WORDS]  # what a revision itself deletes goes along


def test_the_rows_of_others_stay_with_an_asynchronous_driver(
    make_project: MakeProject, sqlite_url: str
) -> None:
    url = sqlite_url.replace("sqlite:", "sqlite+aiosqlite:")
    project = _project(make_project, sqlite_url, ASYNC_ENV)
    place = project.migrations / "env.py"
    place.write_text(place.read_text().replace(repr(sqlite_url), repr(url)))
    project.add("b2", None, BATCH, "pass")
    _migrate(project)
    assert _rows(sqlite_url) == KEPT


def test_what_came_before_in_the_transaction_is_kept(
    make_project: MakeProject, sqlite_url: str
) -> None:
    project = _project(make_project, sqlite_url)
    more = "op.execute('UPDATE under SET id = id + 1')\nop.execute('DELETE FROM emptied')"
    project.add("b2", None, f"{more}\n{BATCH}", "pass")
    _migrate(project)
    assert _rows(sqlite_url) == [*KEPT[:2], (), ((2, 1),), *WORDS]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (BATCH.replace("sa.Integer)", "sa.Integer, nullable=False)"), "NOT NULL"),
        (BATCH.replace("add_column(sa.Column('n', sa.Integer))", "drop_column('id')"), "mismatch"),
        (
            "with op.batch_alter_table('words', recreate='always') as b:\n"
            "    b.alter_column('id', type_=sa.Integer, existing_type=sa.Text)",
            "rows of said refer to no row",
        ),
    ],
)
def test_a_copy_that_cannot_be_finished_leaves_the_table_as_it_was(
    make_project: MakeProject, sqlite_url: str, code: str, says: str
) -> None:
    project = _project(make_project, sqlite_url)
    before = _rows(sqlite_url)
    project.add("b2", None, code, "pass")
    with pytest.raises(LbackError, match=says):
        _migrate(project)
    assert _rows(sqlite_url) == before
    assert not query(sqlite_url, "SELECT name FROM sqlite_master WHERE name LIKE '_alembic_tmp%'")
