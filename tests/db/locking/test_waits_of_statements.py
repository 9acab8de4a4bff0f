"""What waits in PostgreSQL's queue, and who may not wait behind it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from sqlalchemy import create_engine, pool, text
from sqlalchemy.engine import Connection

from lback.core.plans import plan_upgrade
from lback.core.preferences import PostgresqlSettings
from lback.db.events import Event, RunOutcome
from lback.db.locking.locks import Locks
from lback.errors import LbackError
from tests.db.projects import BEGUN_ENV, PER_MIGRATION_ENV, SYNC_ENV, MakeProject, Project
from tests.servers import pgbouncer
from tests.worlds.databases import query

pytestmark = pytest.mark.postgresql


@contextmanager
def reader(url: str) -> Iterator[Connection]:
    """Read a table and stay in the transaction, as an application that has forgotten to end it."""
    args = {"application_name": "shop web"}
    engine = create_engine(url, poolclass=pool.NullPool, connect_args=args)
    with engine.connect() as connection:
        connection.execute(text("SELECT id FROM users WHERE mail = 'ada@example.org'"))
        yield connection


def waiting_project(
    make_project: MakeProject, url: str, env: str = SYNC_ENV, settings: str = ""
) -> Project:
    query(url, "CREATE TABLE users (id INTEGER, mail TEXT)")
    project = make_project(env, url=url)
    project.write("pyproject.toml", f"[tool.lback.postgresql]\n{settings}\n")
    project.chain("a1")
    project.add("b2", "a1", "op.add_column('users', sa.Column('age', sa.Integer))")
    return project


def migrate(project: Project, heard: list[Event] | None = None) -> RunOutcome:
    database = project.database()
    return database.run(
        lambda stamp: plan_upgrade(database.graph, stamp.revisions),
        on_event=(heard if heard is not None else []).append,
    )


@pytest.mark.parametrize(
    "env", [SYNC_ENV, BEGUN_ENV, PER_MIGRATION_ENV], ids=["sync", "begun", "each"]
)
def test_readers_pass_while_a_migration_tries_again(
    make_project: MakeProject, postgres_url: str, env: str
) -> None:
    settings = "lock_timeout = 0.5\nretries = 100"
    project = waiting_project(make_project, postgres_url, env, settings)
    heard: list[Event] = []
    outcomes: list[RunOutcome] = []
    with reader(postgres_url):
        thread = Thread(target=lambda: outcomes.append(migrate(project, heard)))
        thread.start()
        while not any("shop web" in event.text for event in heard):
            assert thread.is_alive()
            time.sleep(0.01)
        for _ in range(20):
            # Who would wait for more than ten times the limit has an error here.
            query(postgres_url, "SET lock_timeout = '5s'", "SELECT count(*) FROM users")
            time.sleep(0.05)
    thread.join(60)
    assert [step.revision for step in outcomes[0].steps] == ["a1", "b2"]  # type: ignore[union-attr]
    assert outcomes[0].before == () and outcomes[0].after == ("b2",)
    said = next(event.text for event in heard if "shop web" in event.text)
    assert "shop web" in said and "idle in transaction for " in said
    assert "SELECT id FROM users WHERE mail = '...'" in said and "ada@" not in said
    done = [event.step for event in heard if event.kind == "done"]
    assert len([step for step in done if step.revision == "a1"]) == (  # type: ignore[union-attr]
        1 if env is PER_MIGRATION_ENV else len([one for one in heard if one.kind == "plan"])
    )
    assert query(postgres_url, "SELECT version_num FROM alembic_version") == [("b2",)]


def test_a_migration_gives_up_and_says_for_whom_it_waited(
    make_project: MakeProject, postgres_url: str
) -> None:
    project = waiting_project(make_project, postgres_url, settings="lock_timeout = 2\nretries = 1")
    with reader(postgres_url) as connection, pytest.raises(LbackError) as refusal:
        number = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
        migrate(project)
    assert "Revision b2 (migrations/versions/b2_add.py:7) failed: " in refusal.value.message
    hint = refusal.value.hint or ""
    assert "Everything of this run was rolled back." in hint
    assert f"It waited for session {number} of " in hint and "after 1 try: end that session" in hint
    assert query(postgres_url, "SELECT to_regclass('t_a1')") == [(None,)]


def test_the_version_table_is_waited_for_in_the_same_way(
    make_project: MakeProject, postgres_url: str
) -> None:
    project = waiting_project(make_project, postgres_url, settings="lock_timeout = 0.3")
    migrate(project)
    project.add("c3", "b2")
    heard: list[Event] = []
    outcomes: list[RunOutcome] = []
    engine = create_engine(postgres_url, poolclass=pool.NullPool)
    thread = Thread(target=lambda: outcomes.append(migrate(project, heard)))
    with engine.connect() as other:
        other.execute(text("LOCK TABLE alembic_version"))
        thread.start()
        while not any(event.kind == "waiting" for event in heard):
            assert thread.is_alive()
            time.sleep(0.01)
    thread.join(60)
    assert [step.revision for step in outcomes[0].steps] == ["c3"]  # type: ignore[union-attr]


def test_what_was_kept_is_not_tried_again(make_project: MakeProject, postgres_url: str) -> None:
    project = waiting_project(make_project, postgres_url, settings="lock_timeout = 0.2")
    project.add(
        "b2",
        "a1",
        """
        with op.get_context().autocommit_block():
            op.execute("CREATE TABLE stays (id INTEGER)")
        op.add_column('users', sa.Column('age', sa.Integer))
        """,
    )
    heard: list[Event] = []
    with reader(postgres_url), pytest.raises(LbackError) as refusal:
        migrate(project, heard)
    assert "It is not tried again, since a part of it was kept" in (refusal.value.hint or "")
    assert [event.kind for event in heard].count("plan") == 1


def test_a_statement_that_runs_too_long(make_project: MakeProject, postgres_url: str) -> None:
    project = waiting_project(make_project, postgres_url, settings="statement_timeout = 0.3")
    project.add("b2", "a1", "op.execute('SELECT pg_sleep(20)')")
    with pytest.raises(LbackError) as refusal:
        migrate(project)
    assert "statement_timeout allows" in (refusal.value.hint or "")


OWN = {
    "options": ("", {"options": "-c lock_timeout=7000"}, "7s"),
    "no limit": ("", {"options": "-c lock_timeout=0"}, "0"),
    "set": ("SET lock_timeout = '6s'", {}, "6s"),
    "none": ("", {}, "3s"),
}


@pytest.mark.parametrize("case", OWN)
def test_a_limit_of_the_projects_own_is_kept(postgres_url: str, case: str) -> None:
    statement, args, limit = OWN[case]
    engine = create_engine(postgres_url, connect_args=args)
    with engine.connect() as connection:
        if statement:
            connection.execute(text(statement))
            connection.commit()
        before = connection.scalar(text("SHOW lock_timeout"))
        connection.rollback()
        locks = Locks(0, patience=PostgresqlSettings())
        locks.take(connection)
        assert connection.scalar(text("SHOW lock_timeout")) == limit
        connection.rollback()
        locks.release()
        assert connection.scalar(text("SHOW lock_timeout")) == before
    engine.dispose()


def test_an_index_that_is_built_beside_the_readers_may_wait(
    make_project: MakeProject, postgres_url: str
) -> None:
    project = waiting_project(make_project, postgres_url, settings="lock_timeout = 0.2")
    project.add(
        "b2",
        "a1",
        """
        with op.get_context().autocommit_block():
            op.create_index("ix", "users", ["id"], postgresql_concurrently=True)
            print("limit", op.get_bind().exec_driver_sql("SHOW lock_timeout").scalar())
        """,
    )
    heard: list[Event] = []
    errors: list[LbackError] = []

    def run() -> None:
        try:
            migrate(project, heard)
        except LbackError as err:
            errors.append(err)

    engine = create_engine(postgres_url, poolclass=pool.NullPool)
    thread = Thread(target=run)
    with engine.connect() as writer:
        writer.execute(text("INSERT INTO users VALUES (1, 'ada')"))
        thread.start()
        while not any(event.kind == "waiting" for event in heard):
            assert thread.is_alive()
            time.sleep(0.02)
        writer.commit()
    thread.join(30)
    assert errors == []
    assert next(event.text for event in heard if event.kind == "waiting").startswith(
        "Waiting for session "
    )
    assert query(postgres_url, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix'::regclass")


POOLED_ENV = """
    from alembic import context
    from engines import engine

    with engine.connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""


def test_nothing_is_left_set_in_an_applications_session(
    make_project: MakeProject, postgres_url: str
) -> None:
    project = waiting_project(make_project, postgres_url, POOLED_ENV)
    text_of = f"from sqlalchemy import create_engine\nengine = create_engine({postgres_url!r})\n"
    project.write("engines.py", text_of)
    migrate(project)
    engine = sys.modules["engines"].engine
    with engine.connect() as connection:
        shown = [
            connection.scalar(text(f"SHOW {name}")) for name in ("lock_timeout", "application_name")
        ]
    assert shown == ["0", ""]
    engine.dispose()


def test_no_thread_is_left(make_project: MakeProject, postgres_url: str) -> None:
    before = threading.active_count()
    migrate(waiting_project(make_project, postgres_url))
    assert threading.active_count() == before
    with pgbouncer("transaction", 4) as pooled:
        locks = Locks(0, patience=PostgresqlSettings())
        engine = create_engine(pooled(postgres_url), poolclass=pool.NullPool)
        with engine.connect() as connection:
            locks.take(connection)
        locks.release()
    assert threading.active_count() == before


def test_behind_a_pooler_nothing_is_left_set_in_its_sessions(
    make_project: MakeProject, postgres_url: str
) -> None:
    with pgbouncer("transaction", 4) as pooled:
        url = pooled(postgres_url)
        project = waiting_project(make_project, url, settings="lock_timeout = 2\nretries = 1")
        with reader(postgres_url), pytest.raises(LbackError) as refusal:
            migrate(project)
        assert "(shop web), idle in transaction" in (refusal.value.hint or "")
        migrate(project)
        engine = create_engine(url, poolclass=pool.NullPool)
        with engine.connect() as one, engine.connect() as two:
            for connection in (one, two):
                assert connection.scalar(text("SHOW lock_timeout")) == "0"
                assert connection.scalar(text("SHOW application_name")) == ""
