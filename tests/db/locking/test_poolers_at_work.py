"""The lock behind PgBouncer, which may give a session away after each transaction."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, pool, text

from lback.core.plans import plan_upgrade
from lback.db.locking.locks import Locks
from lback.errors import LbackError
from tests.db.projects import ASYNC_ENV, BEGUN_ENV, PER_MIGRATION_ENV, SYNC_ENV, MakeProject
from tests.servers import pgbouncer

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.postgresql
MODES = ("session", "transaction")


@pytest.fixture(scope="module", params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def poolers() -> Iterator[dict[str, object]]:
    with pgbouncer("session") as session, pgbouncer("transaction") as transaction:
        yield {"session": session, "transaction": transaction}


@pytest.fixture
def pooled_url(mode: str, poolers: dict[str, object], postgres_url: str) -> str:
    return poolers[mode](postgres_url)  # type: ignore[operator,no-any-return]


def locks_left(url: str) -> int:
    """Count the advisory locks on a database, asked directly."""
    query = (
        "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
        " WHERE locktype = 'advisory' AND datname = current_database()"
    )
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        return int(connection.scalar(text(query)) or 0)


def taken(url: str, schema: str = "") -> bool:
    """Tell whether a lock is taken, for whoever comes by another way."""
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        locks = Locks(0)
        try:
            locks.take(connection, schema)
        except LbackError:
            return True
        locks.release()
        return False


@pytest.mark.parametrize("begun", [False, True], ids=["", "begun"])
@pytest.mark.parametrize("schema", ["", "ada"])
def test_the_lock_holds_and_is_given_back(
    pooled_url: str, postgres_url: str, begun: bool, schema: str
) -> None:
    engine = create_engine(pooled_url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        if begun:
            connection.execute(text("SELECT 1"))
        locks = Locks(0, command="migrate")
        locks.take(connection, schema)
        assert connection.in_transaction() == begun
        for way in (pooled_url, postgres_url):
            assert taken(way, schema) and taken(way)
            assert taken(way, "eve") == (not schema)
        locks.assure()
        for _ in range(3):
            with connection.begin() if not begun else connection.begin_nested():
                connection.execute(text("SELECT 1"))
            assert taken(postgres_url, schema)
    locks.release()
    assert locks_left(postgres_url) == 0


@pytest.mark.parametrize(
    "env",
    [SYNC_ENV, BEGUN_ENV, PER_MIGRATION_ENV, ASYNC_ENV],
    ids=["sync", "begun", "each", "async"],
)
def test_migrations_and_what_leaves_the_transaction(
    make_project: MakeProject, pooled_url: str, postgres_url: str, env: str
) -> None:
    project = make_project(env, url=pooled_url)
    project.chain("a1", "b2")
    if env is not BEGUN_ENV:  # there Alembic itself can leave no transaction
        project.add(
            "c3",
            "b2",
            """
            with op.get_context().autocommit_block():
                op.create_index("ix", "t_a1", ["id"], postgresql_concurrently=True)
            """,
        )
    database = project.database()
    outcome = database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions))
    assert len(outcome.steps) == len(database.graph)
    assert locks_left(postgres_url) == 0


def test_a_killed_holder_holds_nothing(
    make_project: MakeProject, pooled_url: str, postgres_url: str
) -> None:
    project = make_project(url=pooled_url)
    path = project.add("a1", None, "import time; time.sleep(60)")
    line = [sys.executable, "-m", "tests.db.run_migrate", str(project.root)]
    with subprocess.Popen(
        line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as holder:
        assert holder.stdout is not None
        while not holder.stdout.readline().startswith("start"):
            assert holder.poll() is None
        assert locks_left(postgres_url) > 0
        holder.kill()
    path.unlink()
    project.chain("a1")
    database = project.database()
    database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions), lock_timeout=30)
    assert locks_left(postgres_url) == 0


def test_who_holds_it_is_told(pooled_url: str) -> None:
    engine = create_engine(pooled_url, poolclass=pool.NullPool)
    with engine.connect() as one, engine.connect() as two:
        holder = Locks(0, command="switch")
        holder.take(one)
        with pytest.raises(LbackError, match=r"`lback switch` of \S+ on \S+ \(process \d+, server"):
            Locks(0).take(two)
        holder.release()


def test_a_pool_that_is_full_of_those_who_wait(postgres_url: str) -> None:
    with pgbouncer("session", 2) as pooled:
        url = pooled(postgres_url)
        engine = create_engine(url, poolclass=pool.NullPool)
        with engine.connect() as one, engine.connect() as two:
            two.scalar(text("SELECT 1"))
            locks = Locks(0)
            locks.take(one)
            with pytest.raises(LbackError, match="is running"):
                Locks(0).take(two)
            locks.release()
        assert locks_left(postgres_url) == 0


AUTOCOMMIT_ENV = SYNC_ENV.replace("pool.NullPool)", 'pool.NullPool, isolation_level="AUTOCOMMIT")')


@pytest.mark.parametrize("env", [SYNC_ENV, AUTOCOMMIT_ENV], ids=["sync", "autocommit"])
def test_a_pooler_in_statement_mode_is_refused(
    make_project: MakeProject, postgres_url: str, env: str
) -> None:
    with pgbouncer("statement") as pooled:
        project = make_project(env, url=pooled(postgres_url))
        project.chain("a1")
        database = project.database()
        # An older psycopg keeps the server's last words to itself.
        known = "pool_mode = statement|the connection is lost"
        with pytest.raises(LbackError, match=known) as refusal:
            database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions))
        if "is lost" not in refusal.value.message:
            assert "pool_mode = session" in str(refusal.value.hint)
    assert locks_left(postgres_url) == 0


def test_the_lock_that_is_lost_stops_the_next_step(postgres_url: str) -> None:
    with pgbouncer("transaction") as pooled:
        engine = create_engine(pooled(postgres_url), poolclass=pool.NullPool)
        with engine.connect() as connection:
            locks = Locks(0)
            locks.take(connection)
            locks.assure()
            with create_engine(postgres_url, poolclass=pool.NullPool).connect() as other:
                other.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_locks"
                        " WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
                        " AND database = (SELECT oid FROM pg_database"
                        " WHERE datname = current_database())"
                    )
                )
            with pytest.raises(LbackError, match="The lock of this database was lost"):
                locks.assure()
            locks.release()
