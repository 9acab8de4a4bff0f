"""Processes that migrate one database at the same time, and one that is killed."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, pool, text
from sqlalchemy.exc import OperationalError

from lback.db.locking.locks import Locks
from tests.db.projects import BEGUN_ENV, SYNC_ENV, MakeProject, Project
from tests.servers import fresh_database, on, own_postgres
from tests.worlds.databases import query
from tests.worlds.processes import programs

SERVERS = [
    pytest.param("postgresql", marks=pytest.mark.postgresql),
    pytest.param("mariadb", marks=pytest.mark.mysql),
]
ROOT = Path(__file__).parents[3]


def start(
    project: Project, *arguments: str, python: str | Path = sys.executable
) -> subprocess.Popen[str]:
    """Start a process that migrates; the number of a fork of a warm one is not its own."""
    return subprocess.Popen(
        [python, "-m", "tests.db.run_migrate", str(project.root), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def warm() -> Path:
    return programs(os.environ) / "python"


def together(project: Project, count: int) -> None:
    """Start processes at once; each revision must be applied once, by somebody."""
    for number, revision in enumerate(("a1", "b2", "c3")):
        parent = (None, "a1", "b2")[number]
        project.add(
            revision,
            parent,
            f"""
            op.create_table('t_{revision}', sa.Column('id', sa.Integer))
            op.execute("INSERT INTO t_{revision} VALUES (1)")
            import time; time.sleep(0.1)
            """,
            f"op.drop_table('t_{revision}')",
        )
    running = start(project, "120", str(count), python=warm())
    said = running.communicate(timeout=240)[0]
    assert running.returncode == 0, said
    applied = [int(one) for one in re.findall(r"^applied: (\d+)$", said, re.MULTILINE)]
    assert (len(applied), sum(applied)) == (count, 3), said


@pytest.mark.parametrize("env", [SYNC_ENV, BEGUN_ENV], ids=["sync", "begun"])
def test_processes_that_start_together_apply_each_revision_once(
    make_project: MakeProject, any_url: str, env: str
) -> None:
    together(make_project(env, url=any_url), 4)


@pytest.mark.soak
@pytest.mark.parametrize("env", [SYNC_ENV, BEGUN_ENV], ids=["sync", "begun"])
def test_a_dozen_processes(make_project: MakeProject, any_url: str, env: str) -> None:
    together(make_project(env, url=any_url), 12)


def test_whoever_waits_too_long_is_told_who_holds_it(
    make_project: MakeProject, any_url: str
) -> None:
    project = make_project(url=any_url)
    project.add("a1", None, "import time; time.sleep(60)")
    holder = start(project)
    try:
        assert holder.stdout is not None
        while not holder.stdout.readline().startswith("start"):
            assert holder.poll() is None
        waiter = start(project, "0.3", python=warm())
        said = waiter.communicate(timeout=60)[0]
        assert waiter.returncode == 3
        assert "Another migration of this database (" in said and ") is running: " in said
        assert "--lock-timeout" in said
        if "mysql" in any_url:
            assert "server process " in said and " of " in said
        else:
            assert f"(process {holder.pid}" in said
    finally:
        holder.kill()
        holder.communicate()


def test_a_killed_holder_holds_nothing(make_project: MakeProject, any_url: str) -> None:
    project = make_project(url=any_url)
    path = project.add("a1", None, "import time; time.sleep(60)")
    holder = start(project)
    assert holder.stdout is not None
    while not holder.stdout.readline().startswith("start"):
        assert holder.poll() is None
    os.kill(holder.pid, signal.SIGKILL)
    holder.communicate()
    path.unlink()
    project.add("a1")
    after = start(project, "30", python=warm())
    assert "applied: 1" in after.communicate(timeout=60)[0]


def end_sessions(url: str) -> None:
    """Have a server end all sessions on a database, as an administrator does."""
    if "postgresql" in url:
        query(
            url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        return
    mine = "SELECT id FROM information_schema.processlist WHERE db = DATABASE()"
    for (number,) in query(url, f"{mine} AND id <> CONNECTION_ID()"):
        with contextlib.suppress(OperationalError):  # it has ended by itself
            query(url, f"KILL {number}")


@pytest.mark.parametrize("kind", SERVERS)
def test_sessions_that_the_server_ends(
    make_project: MakeProject, kind: str, tmp_path: Path
) -> None:
    with fresh_database(kind, tmp_path) as url:
        project = make_project(url=url)
        sleep = "pg_sleep(60)" if kind == "postgresql" else "SLEEP(60)"
        path = project.add("a1", None, f"op.execute('SELECT {sleep}')")
        holder = start(project)
        assert holder.stdout is not None
        while not holder.stdout.readline().startswith("start"):
            assert holder.poll() is None
        waiter = start(project)
        assert waiter.stdout is not None
        while not waiter.stdout.readline().startswith("waiting"):
            assert waiter.poll() is None
        end_sessions(url)
        said = [child.communicate(timeout=60)[0] for child in (waiter, holder)]
        assert (waiter.returncode, holder.returncode) == (3, 3)
        assert f"The connection to the database {url.partition('@')[0][:10]}" in said[0]
        assert " was cut: " in said[0]
        assert "Revision a1 (migrations/versions/a1_add.py:7) failed: " in said[1]
        assert all("run the command again once the server answers" in text for text in said)
        path.unlink()
        project.add("a1")
        assert "applied: 1" in start(project, "30").communicate(timeout=60)[0]


@pytest.mark.soak
@pytest.mark.postgresql
def test_a_server_that_is_started_again(make_project: MakeProject, tmp_path: Path) -> None:
    with own_postgres() as (url, restart):
        project = make_project(url=url)
        path = project.add("a1", None, "op.execute('SELECT pg_sleep(60)')")
        holder = start(project)
        assert holder.stdout is not None
        while not holder.stdout.readline().startswith("start"):
            assert holder.poll() is None
        waiter = start(project)
        assert waiter.stdout is not None
        while not waiter.stdout.readline().startswith("waiting"):
            assert waiter.poll() is None
        restart()
        said = [child.communicate(timeout=60)[0] for child in (waiter, holder)]
        assert (waiter.returncode, holder.returncode) == (3, 3), said
        assert all("run the command again once the server answers" in text for text in said)
        path.unlink()
        project.add("a1")
        assert "applied: 1" in start(project, "30").communicate(timeout=60)[0]


SNAPSHOT_ENV = """
    from alembic import context
    from sqlalchemy import create_engine, text

    engine = create_engine({url!r}, isolation_level="REPEATABLE READ")
    with engine.begin() as connection:
        connection.execute(text("SELECT count(*) FROM seen")).scalar()
        print("snapshot", flush=True)
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()
"""


@on("postgresql", "mariadb")  # SQLite has no such isolation level
def test_a_snapshot_from_before_the_lock_is_renewed(
    make_project: MakeProject, any_url: str
) -> None:
    engine = create_engine(any_url, poolclass=pool.NullPool)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE seen (id INTEGER)"))
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
    project = make_project(SNAPSHOT_ENV, url=any_url)
    project.chain("a1")
    with engine.connect() as connection:
        locks = Locks(0)
        locks.take(connection)
        late = start(project, python=warm())
        assert late.stdout is not None
        while not late.stdout.readline().startswith("waiting"):
            assert late.poll() is None
        connection.execute(text(textwrap.dedent("INSERT INTO alembic_version VALUES ('a1')")))
        connection.commit()
        time.sleep(0.1)
        locks.release()
        assert "applied: 0" in late.communicate(timeout=60)[0]
