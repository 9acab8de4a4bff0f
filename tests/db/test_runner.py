from __future__ import annotations

import pytest
from sqlalchemy import create_engine, inspect

from lback.core.plans import Restamp, Step, plan_downgrade, plan_upgrade
from lback.db.events import Event, RunOutcome, ignore
from lback.db.performing import Performer
from lback.db.runner import Database
from lback.errors import LbackError
from tests.db.projects import (
    ASYNC_ENV,
    BEGUN_ENV,
    PER_MIGRATION_ENV,
    SYNC_ENV,
    MakeProject,
    Project,
)


def migrate(project: Project, **options: object) -> RunOutcome:
    database = project.database()
    return database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions), **options)  # type: ignore[arg-type]


def tables(url: str) -> set[str]:
    engine = create_engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


ENVS = {"sync": SYNC_ENV, "begun": BEGUN_ENV, "each": PER_MIGRATION_ENV}


@pytest.mark.parametrize("env", ENVS.values(), ids=ENVS)
def test_up_and_down_with_every_style_of_env(
    make_project: MakeProject, any_url: str, env: str
) -> None:
    project = make_project(env, url=any_url)
    project.chain("a1", "b2", "c3")
    outcome = migrate(project)
    assert (outcome.before, outcome.after) == ((), ("c3",))
    assert [step.revision for step in outcome.steps] == ["a1", "b2", "c3"]  # type: ignore[union-attr]
    assert tables(any_url) == {"alembic_version", "t_a1", "t_b2", "t_c3"}

    database = project.database()
    assert database.stamp().revisions == ("c3",)
    assert migrate(project).steps == ()

    down = database.run(
        lambda stamp: plan_downgrade(database.graph, stamp.revisions, {"b2"}).steps,
        line=("downgrade", "a1"),
    )
    assert down.after == ("a1",)
    assert tables(any_url) == {"alembic_version", "t_a1"}


def test_async_env(make_project: MakeProject, any_url: str) -> None:
    url = any_url.replace("sqlite:", "sqlite+aiosqlite:").replace("pymysql", "aiomysql")
    project = make_project(ASYNC_ENV, url=url)
    project.chain("a1", "b2")
    assert migrate(project).after == ("b2",)
    assert project.database().stamp().revisions == ("b2",)
    assert migrate(project).steps == ()


def test_looking_writes_nothing(make_project: MakeProject, any_url: str) -> None:
    project = make_project(url=any_url)
    project.chain("a1")
    assert project.database().stamp().revisions == ()
    assert tables(any_url) == set()


def test_a_refusal_leaves_the_database_untouched(make_project: MakeProject, any_url: str) -> None:
    project = make_project(url=any_url)
    project.chain("a1")

    def refuse(_stamp: tuple[str, ...]) -> tuple[Step, ...]:
        raise LbackError("no")

    with pytest.raises(LbackError, match=r"^no$"):
        project.database().run(refuse)
    assert tables(any_url) == set()


def test_events_tell_each_step(make_project: MakeProject, sqlite_url: str) -> None:
    project = make_project(url=sqlite_url)
    project.chain("a1", "b2")
    events: list[Event] = []
    migrate(project, on_event=events.append)
    assert [(one.kind, one.number, one.total) for one in events] == [
        ("plan", 0, 2),
        ("start", 1, 2),
        ("done", 1, 2),
        ("start", 2, 2),
        ("done", 2, 2),
    ]


def test_fake_writes_down_and_runs_nothing(make_project: MakeProject, any_url: str) -> None:
    project = make_project(url=any_url)
    project.chain("a1", "b2")
    database = project.database()
    database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions, fake=True))
    assert database.stamp().revisions == ("b2",)
    assert tables(any_url) == {"alembic_version"}
    database.run(
        lambda stamp: plan_downgrade(database.graph, stamp.revisions, {"a1"}, fake=True).steps
    )
    assert database.stamp().revisions == ()


def test_restamp(make_project: MakeProject, any_url: str) -> None:
    project = make_project(url=any_url)
    project.chain("a1", "b2")
    database = project.database()
    database.run(lambda _stamp: (Restamp(("b2", "unknown")),))
    assert database.stamp().revisions == ("b2", "unknown")
    database.run(lambda _stamp: (Restamp(("a1",)),))
    assert database.stamp().revisions == ("a1",)
    database.run(lambda _stamp: (Restamp(()),))
    assert database.stamp().revisions == ()


def test_a_lost_revision_is_named(make_project: MakeProject, sqlite_url: str) -> None:
    project = make_project(url=sqlite_url)
    project.chain("a1")
    project.database().run(lambda _stamp: (Restamp(("gone",)),))
    with pytest.raises(LbackError, match="stamped with gone"):
        migrate(project)


def test_offline_sql(make_project: MakeProject, any_url: str) -> None:
    project = make_project(url=any_url)
    project.chain("a1", "b2")
    database = project.database()
    sql = database.sql(lambda stamp: plan_upgrade(database.graph, stamp.revisions))
    assert "CREATE TABLE t_a1" in sql and "CREATE TABLE t_b2" in sql
    rest = database.sql(lambda stamp: plan_upgrade(database.graph, stamp.revisions), ("a1",))
    assert "t_a1" not in rest and "UPDATE alembic_version" in rest
    assert tables(any_url) == set()


def test_nothing_pending_reads_no_revision(make_project: MakeProject, sqlite_url: str) -> None:
    project = make_project(url=sqlite_url)
    project.chain("a1", "b2")
    migrate(project)
    with project.database().opened(("upgrade", "heads")) as session:
        session.run_env(Performer(lambda _stamp: (), ignore))
        assert "_revision_map" not in vars(session.scripts.revision_map)
    database = project.database()
    project.add("c3", "b2")
    database = project.database()
    with database.opened(("upgrade", "heads")) as session:
        work = Performer(lambda stamp: plan_upgrade(database.graph, stamp.revisions), ignore)
        session.run_env(work)
        loaded = [
            one.id for one in database.graph if vars(session.scripts.script(one.id))["_module"]
        ]
    assert loaded == ["c3"]


def test_a_merge_whose_one_parent_stands_on_the_other(
    make_project: MakeProject, any_url: str
) -> None:
    project = make_project(url=any_url)
    project.chain("a1", "b2")
    project.add("m3", ("a1", "b2"), "pass")
    assert migrate(project).after == ("m3",)
    database = project.database()
    down = database.run(lambda stamp: plan_downgrade(database.graph, stamp.revisions, {"m3"}).steps)
    assert down.after == ("b2",)
    assert migrate(project).after == ("m3",)


def test_texts_from_elsewhere_are_run_instead_of_files(
    make_project: MakeProject, sqlite_url: str
) -> None:
    project = make_project(url=sqlite_url)
    path = project.add("a1")
    graph, source = project.graph(), path.read_bytes().replace(b"t_a1", b"t_other")
    path.unlink()
    database = Database(project.settings(), graph, project.root, sources={"a1": source})
    database.run(lambda stamp: plan_upgrade(graph, stamp.revisions))
    assert "t_other" in tables(sqlite_url)


def test_stale_bytecode_is_never_trusted(make_project: MakeProject, sqlite_url: str) -> None:
    import importlib.util
    import os
    import py_compile

    project = make_project(url=sqlite_url)
    path = project.add("a1")
    old = path.stat()
    py_compile.compile(str(path), cfile=importlib.util.cache_from_source(str(path)))
    path.write_bytes(path.read_bytes().replace(b"t_a1", b"t_zz"))
    os.utime(path, (old.st_atime, old.st_mtime))
    migrate(project)
    assert "t_zz" in tables(sqlite_url)


def test_a_header_that_code_changes_is_refused(make_project: MakeProject, sqlite_url: str) -> None:
    project = make_project(url=sqlite_url)
    path = project.add("a1")
    graph = project.graph()
    path.write_text(path.read_text() + "\nglobals()['revision'] = 'other'\n")
    database = Database(project.settings(), graph, project.root)
    with pytest.raises(LbackError, match="'other'"):
        database.run(lambda stamp: plan_upgrade(graph, stamp.revisions))
    assert tables(sqlite_url) == set()
