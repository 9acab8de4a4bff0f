from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, pool, text

from lback.core.plans import plan_upgrade
from lback.db.events import Event
from lback.db.locks import SUFFIX, LockFile, Locks
from lback.errors import LbackError
from tests.db.projects import BEGUN_ENV, SYNC_ENV, MakeProject, Project

ROOT = Path(__file__).parents[2]

# A pooled engine that outlives env.py, as an application's does.
POOLED_ENV = """
    from alembic import context
    from engines import engine

    with engine.connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""


def start(project: Project, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.db.run_migrate", str(project.root), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


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
    running = [start(project) for _ in range(count)]
    said = [one.communicate(timeout=120)[0] for one in running]
    assert [one.returncode for one in running] == [0] * count, said
    assert sum(int(text.rpartition("applied: ")[2]) for text in said) == 3


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
        waiter = start(project, "0.3")
        said = waiter.communicate(timeout=60)[0]
        assert waiter.returncode == 3
        assert "Another migration of this database is running: " in said
        assert "--lock-timeout" in said
        if "sqlite" in any_url:
            assert f"process {holder.pid} of " in said
        else:
            assert "server process " in said and " of " in said
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
    after = start(project, "30")
    assert "applied: 1" in after.communicate(timeout=60)[0]


def test_a_pool_gives_the_lock_back(make_project: MakeProject, any_url: str) -> None:
    project = make_project(POOLED_ENV)
    engines = f"from sqlalchemy import create_engine\nengine = create_engine({any_url!r})\n"
    project.write("engines.py", engines)
    project.chain("a1")
    database = project.database()
    database.run(lambda stamp: plan_upgrade(database.graph, stamp))
    other = create_engine(any_url, poolclass=pool.NullPool)
    with other.connect() as connection:
        locks = Locks(0)
        locks.take(connection, "alembic_version")
        with pytest.raises(LbackError, match="Another migration"):
            database.run(lambda stamp: plan_upgrade(database.graph, stamp), lock_timeout=0)
        locks.release()
        database.run(lambda stamp: plan_upgrade(database.graph, stamp), lock_timeout=0)
    sys.modules["engines"].engine.dispose()


def test_the_transaction_is_left_as_it_was(any_url: str) -> None:
    engine = create_engine(any_url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        locks = Locks(None)
        locks.take(connection, "alembic_version")
        assert not connection.in_transaction()
        locks.release()
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept (id INTEGER)"))
        connection.execute(text("INSERT INTO kept VALUES (1)"))
        locks = Locks(None)
        locks.take(connection, "alembic_version")
        assert connection.in_transaction()
        locks.release()
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM kept")) == 1


def test_waiting_is_told(make_project: MakeProject, any_url: str) -> None:
    project = make_project(url=any_url)
    project.chain("a1")
    engine = create_engine(any_url, poolclass=pool.NullPool)
    events: list[Event] = []
    with engine.connect() as connection:
        locks = Locks(0)
        locks.take(connection, "alembic_version")
        database = project.database()

        def listen(event: Event) -> None:
            events.append(event)
            if event.kind == "waiting":
                locks.release()

        database.run(
            lambda stamp: plan_upgrade(database.graph, stamp), on_event=listen, lock_timeout=30
        )
    assert [one.kind for one in events] == ["waiting", "plan", "start", "done"]
    assert "Waiting for another migration" in events[0].text


def test_other_version_tables_are_other_locks(any_url: str) -> None:
    engine = create_engine(any_url, poolclass=pool.NullPool)
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer anyway, and one lock file")
    with engine.connect() as one, engine.connect() as two:
        first, second = (Locks(0) for _ in range(2))
        first.take(one, "alembic_version")
        second.take(two, "other_version")
        first.release()
        second.release()


def test_the_lock_file_is_taken_away_and_its_race_is_seen(tmp_path: Path) -> None:
    database = tmp_path / "some.sqlite3"
    one, two = LockFile(str(database)), LockFile(str(database))
    assert one.attempt()
    assert not two.attempt()
    assert f"process {os.getpid()} of " in two.holder()
    one.release()
    assert not Path(f"{database}{SUFFIX}").exists()
    assert two.attempt()
    two.release()
    one.release()


def test_a_lock_file_that_cannot_be_made_is_no_reason_to_go_without(
    make_project: MakeProject, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'db.sqlite3'}"
    (tmp_path / f"db.sqlite3{SUFFIX}").mkdir()
    project = make_project(url=url)
    project.chain("a1")
    database = project.database()
    with pytest.raises(LbackError, match=r"lock file .* cannot be made: Is a directory"):
        database.run(lambda stamp: plan_upgrade(database.graph, stamp))


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_where_nobody_can_write_nobody_migrates_and_a_look_needs_no_lock(
    make_project: MakeProject, tmp_path: Path
) -> None:
    folder = tmp_path / "sealed"
    folder.mkdir()
    project = make_project(url=f"sqlite:///{folder / 'db.sqlite3'}")
    project.chain("a1")
    database = project.database()
    database.run(lambda stamp: plan_upgrade(database.graph, stamp))
    folder.chmod(0o555)
    heard: list[Event] = []
    outcome = database.run(lambda stamp: plan_upgrade(database.graph, stamp), on_event=heard.append)
    folder.chmod(0o755)
    assert outcome.steps == ()
    assert [one.kind for one in heard] == ["note", "plan"] and "No lock was taken" in heard[0].text


def test_two_names_of_one_file_are_one_lock(tmp_path: Path) -> None:
    (tmp_path / "real.sqlite3").touch()
    (tmp_path / "link.sqlite3").symlink_to("real.sqlite3")
    one = LockFile(str(tmp_path / "real.sqlite3"))
    assert one.attempt()
    assert not LockFile(str(tmp_path / "link.sqlite3")).attempt()
    one.release()


def test_in_memory_needs_no_lock(make_project: MakeProject) -> None:
    project = make_project(url="sqlite://")
    project.chain("a1")
    database = project.database()
    heard: list[Event] = []
    database.run(lambda stamp: plan_upgrade(database.graph, stamp), on_event=heard.append)
    assert "note" not in [one.kind for one in heard]
    assert not list(project.root.glob(f"*{SUFFIX}"))


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


@pytest.mark.postgresql
@pytest.mark.mysql
def test_a_snapshot_from_before_the_lock_is_renewed(
    make_project: MakeProject, any_url: str
) -> None:
    if "sqlite" in any_url:
        pytest.skip("SQLite has no such isolation level")
    engine = create_engine(any_url, poolclass=pool.NullPool)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE seen (id INTEGER)"))
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
    project = make_project(SNAPSHOT_ENV, url=any_url)
    project.chain("a1")
    with engine.connect() as connection:
        locks = Locks(0)
        locks.take(connection, "alembic_version")
        late = start(project)
        assert late.stdout is not None
        while not late.stdout.readline().startswith("waiting"):
            assert late.poll() is None
        connection.execute(text(textwrap.dedent("INSERT INTO alembic_version VALUES ('a1')")))
        connection.commit()
        time.sleep(0.1)
        locks.release()
        assert "applied: 0" in late.communicate(timeout=60)[0]
