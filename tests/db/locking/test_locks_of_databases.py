from __future__ import annotations

import errno
import json
import os
import re
import sqlite3
import sys
import time
from functools import partial
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import create_engine, pool, text

from lback.core.plans import plan_upgrade
from lback.db.events import Event
from lback.db.locking.advisory import TURN
from lback.db.locking.caller import Caller
from lback.db.locking.files import SUFFIX, LockFile
from lback.db.locking.locks import Locks
from lback.errors import LbackError
from tests.db.projects import MakeProject
from tests.servers import on

# A pooled engine that outlives env.py, as an application's does.
POOLED_ENV = """
    from alembic import context
    from engines import engine

    with engine.connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""


@pytest.fixture
def told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lback.db.locking.locks._TELL_AFTER", 0.0)


def test_a_pool_gives_the_lock_back(make_project: MakeProject, any_url: str) -> None:
    project = make_project(POOLED_ENV)
    engines = f"from sqlalchemy import create_engine\nengine = create_engine({any_url!r})\n"
    project.write("engines.py", engines)
    project.chain("a1")
    database = project.database()
    database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions))
    other = create_engine(any_url, poolclass=pool.NullPool)
    with other.connect() as connection:
        locks = Locks(0)
        locks.take(connection)
        with pytest.raises(LbackError, match="Another migration"):
            database.run(
                lambda stamp: plan_upgrade(database.graph, stamp.revisions), lock_timeout=0
            )
        locks.release()
        database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions), lock_timeout=0)
    sys.modules["engines"].engine.dispose()


def test_the_transaction_is_left_as_it_was(any_url: str) -> None:
    engine = create_engine(any_url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        locks = Locks(None)
        locks.take(connection)
        assert not connection.in_transaction()
        locks.release()
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept (id INTEGER)"))
        connection.execute(text("INSERT INTO kept VALUES (1)"))
        locks = Locks(None)
        locks.take(connection)
        assert connection.in_transaction()
        locks.release()
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM kept")) == 1


@pytest.mark.usefixtures("told_at_once")
def test_waiting_is_told(make_project: MakeProject, any_url: str) -> None:
    project = make_project(url=any_url)
    project.chain("a1")
    engine = create_engine(any_url, poolclass=pool.NullPool)
    events: list[Event] = []
    with engine.connect() as connection:
        locks = Locks(0)
        locks.take(connection)
        database = project.database()

        def listen(event: Event) -> None:
            events.append(event)
            if event.kind == "waiting":
                locks.release()

        database.run(
            lambda stamp: plan_upgrade(database.graph, stamp.revisions),
            on_event=listen,
            lock_timeout=30,
        )
    assert [one.kind for one in events] == ["waiting", "plan", "start", "done"]
    assert "Waiting for another migration" in events[0].text


def test_the_lock_file_is_taken_away_and_its_race_is_seen(tmp_path: Path) -> None:
    database = tmp_path / "some.sqlite3"
    one, two = LockFile(str(database)), LockFile(str(database))
    assert one.attempt()
    assert not two.attempt()
    assert f"(process {os.getpid()})" in two.holder()
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
        database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions))


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_where_nobody_can_write_nobody_migrates_and_a_look_needs_no_lock(
    make_project: MakeProject, tmp_path: Path
) -> None:
    folder = tmp_path / "sealed"
    folder.mkdir()
    project = make_project(url=f"sqlite:///{folder / 'db.sqlite3'}")
    project.chain("a1")
    database = project.database()
    database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions))
    folder.chmod(0o555)
    heard: list[Event] = []
    outcome = database.run(
        lambda stamp: plan_upgrade(database.graph, stamp.revisions), on_event=heard.append
    )
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
    database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions), on_event=heard.append)
    assert "note" not in [one.kind for one in heard]
    assert not list(project.root.glob(f"*{SUFFIX}"))


def taken_elsewhere(url: str, schema: str = "") -> bool:
    """Tell whether somebody holds the lock of a database."""
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        locks = Locks(0)
        try:
            locks.take(connection, schema)
        except LbackError:
            return True
        locks.release()
        return False


@pytest.mark.usefixtures("told_at_once")
def test_who_holds_the_lock_is_told_again_and_again(
    any_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lback.db.locking.locks._TELL_EVERY", 0.15)
    engine = create_engine(any_url, poolclass=pool.NullPool)
    heard: list[Event] = []
    with engine.connect() as one, engine.connect() as two:
        holder, waiter = Locks(0, command="migrate"), Locks(0.5, heard.append)
        holder.take(one)
        started = time.monotonic()
        with pytest.raises(LbackError) as refusal:
            waiter.take(two)
        assert 0.5 <= time.monotonic() - started < 5
        holder.release()
    day = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    who = {
        "sqlite": rf"`lback migrate` of \S+ on \S+ \(process {os.getpid()}\), since {day}",
        "postgresql": rf"`lback migrate` of \S+ on \S+ \(process {os.getpid()},"
        rf" server process \d+\), since {day}\S*",
        "mysql": r"server process \d+ of \w+ from \S+, in its statement for \d+ s",
    }[engine.dialect.name.replace("mariadb", "mysql")]
    assert re.fullmatch(
        rf"Another migration of this database is running: {who}\. It did not end within 0\.5 s\.",
        refusal.value.message,
    )
    assert "--lock-timeout SECONDS" in (refusal.value.hint or "")
    assert {one.kind for one in heard} == {"waiting"}
    assert re.fullmatch(rf"Waiting for another migration of this database: {who}\.", heard[0].text)
    assert 2 <= len(heard) <= 4
    assert heard[0].seconds < 0.15 < heard[1].seconds - heard[0].seconds
    assert not taken_elsewhere(any_url)


def applications(url: str) -> list[str]:
    """Return the names of the sessions on a database of PostgreSQL, but of the one that asks."""
    query = (
        "SELECT application_name FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY 1"
    )
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        return list(connection.scalars(text(query)))


@pytest.mark.postgresql
@pytest.mark.parametrize("own", ["", "deploy of 100 %"])
@pytest.mark.parametrize("begun", [False, True], ids=["", "begun"])
def test_the_session_is_called_by_who_migrates(postgres_url: str, own: str, begun: bool) -> None:
    engine = create_engine(postgres_url, connect_args={"application_name": own})
    name = Caller.current("migrate").application()
    with engine.connect() as connection:
        if begun:
            connection.execute(text("SELECT 1"))
        locks = Locks(0, command="migrate")
        locks.take(connection)
        assert connection.in_transaction() == begun
        (said,) = applications(postgres_url)
        assert said.startswith(name) and ("[deploy of" in said) == bool(own)
    assert applications(postgres_url) == [own.replace("%", "_")]
    locks.release()
    engine.dispose()


@pytest.mark.postgresql
def test_who_takes_the_lock_without_lback_is_told_as_the_server_knows_it(postgres_url: str) -> None:
    url = postgres_url + "?application_name=by hand"
    with create_engine(url, poolclass=pool.NullPool).connect() as one:
        one.execute(text(f"SELECT pg_advisory_lock({TURN})"))
        number = one.scalar(text("SELECT pg_backend_pid()"))
        with (
            create_engine(postgres_url, poolclass=pool.NullPool).connect() as two,
            pytest.raises(LbackError, match=rf"server process {number} \(by hand\) of \S+ from "),
        ):
            Locks(0).take(two)


@pytest.mark.parametrize(
    ("user", "host", "command", "own", "shown"),
    [
        ("ada", "web", "migrate", "", "lback ada@web 4711 migrate"),
        ("ada", "web", "alembic upgrade", "", "lback ada@web 4711 alembic upgrade"),
        ("ada", "web", "migrate", "shop", "lback ada@web 4711 migrate [shop]"),
        ("Ada L.", "wéb", "migrate", "it's", "lback Ada_L.@w_b 4711 migrate [it_s]"),
        (
            "ada",
            "shop-migrate-7d9f8b6c5d-of-a-long-name-x2x7z",
            "migrate",
            "shop",
            "lback ada@shop-migrate-7d9f8..of-a-long-name-x2x7z 4711 migrate",
        ),
    ],
)
def test_a_name_fits_the_server(user: str, host: str, command: str, own: str, shown: str) -> None:
    name = Caller(user, host, 4711, command).application(own)
    assert name == shown
    assert len(name) <= 63
    read = Caller.read(name)
    assert read is not None and (read.pid, read.command) == (4711, command)
    assert Caller.read("psql") is None


@pytest.mark.usefixtures("told_at_once")
def test_a_wait_begins_no_transaction(any_url: str) -> None:
    engine = create_engine(any_url, poolclass=pool.NullPool)
    holder = Locks(0)
    with engine.connect() as one, engine.connect() as two:
        holder.take(one)
        locks = Locks(30, lambda _event: holder.release())
        locks.take(two)
        assert not two.in_transaction()
        locks.release()


@on("postgresql", "mariadb")  # SQLite has no such isolation level
@pytest.mark.usefixtures("told_at_once")
def test_what_the_holder_did_is_seen(any_url: str) -> None:
    engine = create_engine(any_url, poolclass=pool.NullPool, isolation_level="REPEATABLE READ")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE seen (id INTEGER)"))
    holder = Locks(0)
    with engine.connect() as one, engine.connect() as two:
        holder.take(one)
        assert two.scalar(text("SELECT count(*) FROM seen")) == 0

        def listen(_event: Event) -> None:
            one.execute(text("INSERT INTO seen VALUES (1)"))
            one.commit()
            holder.release()

        locks = Locks(30, listen)
        locks.take(two)
        assert two.in_transaction()
        assert two.scalar(text("SELECT count(*) FROM seen")) == 1
        locks.release()


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC])
def test_where_no_lock_file_can_be_made(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def attempt(_self: LockFile) -> bool:
        raise OSError(number, "not here")

    monkeypatch.setattr(LockFile, "attempt", attempt)
    heard: list[Event] = []
    with create_engine(sqlite_url, poolclass=pool.NullPool).connect() as connection:
        locks = Locks(0, heard.append)
        if number == errno.ENOSPC:
            with pytest.raises(LbackError, match=r"lback-lock cannot be made: not here\.$"):
                locks.take(connection)
        else:
            locks.take(connection)
            assert heard[0].kind == "note" and "(not here)" in heard[0].text
        locks.release()


def test_a_holder_that_is_gone_by_now(any_url: str) -> None:
    with create_engine(any_url, poolclass=pool.NullPool).connect() as connection:
        lock = Locks(0)._lock_for(connection, "")
        assert lock is not None
        said = {"my": "a session that we may not see, or that has just ended",
                "po": "a session that has just ended"}  # fmt: skip
        assert lock.holder().startswith(said.get(any_url[:2], "another process that holds "))
        lock.release()


def test_a_user_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", unknown)
    for user in (str(os.getuid()), "unknown"):
        file = LockFile(str(tmp_path / user))
        assert file.attempt()
        assert file.holder().startswith(f"{user} on ")
        file.release()
        monkeypatch.setattr("lback.db.locking.caller.user_number", lambda: "unknown")


def test_a_lock_file_is_held_all_the_time(sqlite_url: str) -> None:
    locks = Locks(0)
    with create_engine(sqlite_url, poolclass=pool.NullPool).connect() as connection:
        locks.take(connection)
        (path,) = Path(connection.engine.url.database or "").parent.glob(f"*{SUFFIX}")
        held = path.stat()
        locks.take(connection)
        assert os.path.samestat(held, path.stat())
        assert path.stat().st_mtime_ns == held.st_mtime_ns
        locks.release()


def test_one_run_takes_the_lock_of_a_database_once(any_url: str) -> None:
    engine = create_engine(any_url, poolclass=pool.NullPool)
    with engine.connect() as one, engine.connect() as two:
        locks = Locks(0)
        locks.take(one)
        locks.take(one)
        locks.take(two)
        assert taken_elsewhere(any_url)
        locks.release()
        assert not taken_elsewhere(any_url)
        locks.release()


def test_a_connection_that_went_back_to_its_pool_is_locked_anew(any_url: str) -> None:
    engine = create_engine(any_url, pool_size=1, poolclass=pool.QueuePool)
    locks = Locks(0)
    with engine.connect() as connection:
        locks.take(connection)
        assert taken_elsewhere(any_url)
    # A lock file is the run's, whatever becomes of its connections.
    assert taken_elsewhere(any_url) == ("sqlite" in any_url)
    with engine.connect() as connection:
        locks.take(connection)
        assert taken_elsewhere(any_url)
        locks.release()
        assert not taken_elsewhere(any_url)
        assert connection.scalar(text("SELECT 1")) == 1
    engine.dispose()


@pytest.mark.postgresql
def test_schemas_are_migrated_beside_each_other_and_never_beside_the_whole(
    postgres_url: str,
) -> None:
    engine = create_engine(postgres_url, poolclass=pool.NullPool)
    with engine.connect() as one, engine.connect() as two:
        locks = Locks(0)
        locks.take(one, "ada")
        assert taken_elsewhere(postgres_url, "ada") and taken_elsewhere(postgres_url)
        assert not taken_elsewhere(postgres_url, "eve")
        locks.take(two, "eve")  # a loop that keeps its connections
        locks.take(one)  # and comes to the default schema in the end
        assert taken_elsewhere(postgres_url, "eve") and taken_elsewhere(postgres_url, "bob")
        locks.take(two, "bob")
        locks.release()
        assert not any(taken_elsewhere(postgres_url, name) for name in ("", "ada", "eve", "bob"))


@pytest.mark.postgresql
def test_whoever_wants_the_whole_comes_before_those_who_come_later(postgres_url: str) -> None:
    engine = create_engine(postgres_url, poolclass=pool.NullPool)
    with engine.connect() as one, engine.connect() as two:
        tenant, whole = Locks(0), Locks(30)
        tenant.take(one, "ada")
        waiter = Thread(target=whole.take, args=(two,))
        waiter.start()
        while not taken_elsewhere(postgres_url, "eve"):
            assert waiter.is_alive()
        tenant.release()
        waiter.join(30)
        assert not waiter.is_alive() and taken_elsewhere(postgres_url, "eve")
        whole.release()
        assert not taken_elsewhere(postgres_url, "eve") and not taken_elsewhere(postgres_url)


@pytest.mark.postgresql
def test_two_runs_that_would_wait_for_one_another_are_told(postgres_url: str) -> None:
    engine = create_engine(postgres_url, poolclass=pool.NullPool)
    with engine.connect() as one, engine.connect() as two, engine.connect() as three:
        first, second = Locks(30), Locks(30)
        first.take(one, "ada")
        second.take(two, "eve")
        waiter = Thread(target=first.take, args=(three,))
        waiter.start()
        while not taken_elsewhere(postgres_url, "bob"):
            assert waiter.is_alive()
        with pytest.raises(LbackError, match="so neither would end"):
            second.take(two)
        second.release()
        waiter.join(30)
        assert not waiter.is_alive()
        first.release()


@pytest.mark.postgresql
def test_who_only_passes_through_is_no_circle(postgres_url: str) -> None:
    engine = create_engine(postgres_url, poolclass=pool.NullPool)
    with engine.connect() as one, engine.connect() as two, engine.connect() as passing:
        locks = Locks(30)
        locks.take(one, "ada")
        shared = f"({TURN})"
        assert passing.exec_driver_sql(f"SELECT pg_try_advisory_lock_shared{shared}").scalar()
        waiter = Thread(target=locks.take, args=(two,))
        waiter.start()
        time.sleep(0.1)
        assert waiter.is_alive()
        assert passing.exec_driver_sql(f"SELECT pg_advisory_unlock_shared{shared}").scalar()
        waiter.join(30)
        assert not waiter.is_alive()
        locks.release()


def test_engines_without_a_url_are_told_apart(tmp_path: Path) -> None:
    paths = [tmp_path / "one.sqlite3", tmp_path / "two.sqlite3"]
    engines = [
        create_engine("sqlite://", creator=partial(sqlite3.connect, path), poolclass=pool.NullPool)
        for path in paths
    ]
    with engines[0].connect() as one, engines[1].connect() as two:
        locks = Locks(0)
        locks.take(one)
        locks.take(two)
        assert all(Path(f"{path}{SUFFIX}").exists() for path in paths)
        locks.release()
    assert not any(Path(f"{path}{SUFFIX}").exists() for path in paths)


@pytest.mark.usefixtures("told_at_once")
@pytest.mark.parametrize(
    ("any_url", "waits"),
    [
        ("sqlite", False),
        ("sqlite", True),
        pytest.param("postgresql", False, marks=pytest.mark.postgresql),
        pytest.param("postgresql", True, marks=pytest.mark.postgresql),
        # Who waits has to end what was begun there, to see what the holder did.
        pytest.param("mariadb", False, marks=pytest.mark.mysql),
    ],
    indirect=["any_url"],
)
def test_what_env_has_begun_is_not_committed(any_url: str, waits: bool) -> None:
    engine = create_engine(any_url, poolclass=pool.NullPool)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept (id INTEGER)"))
    holder = Locks(0)
    with engine.connect() as one, engine.connect() as two:
        if waits:
            holder.take(one)
        if "sqlite" not in any_url:
            two.execute(text("INSERT INTO kept VALUES (1)"))
        locks = Locks(30, lambda _event: holder.release())
        locks.take(two)
        two.rollback()
        assert two.scalar(text("SELECT count(*) FROM kept")) == 0
        locks.release()


def test_a_connection_that_is_gone_holds_nothing(any_url: str) -> None:
    engine = create_engine(any_url, poolclass=pool.NullPool)
    locks = Locks(0)
    with engine.connect() as connection:
        locks.take(connection)
        connection.invalidate()
        locks.release()
    assert not taken_elsewhere(any_url)


def test_a_database_that_lback_has_no_lock_for_is_told(sqlite_url: str) -> None:
    engine = create_engine(sqlite_url)
    heard: list[Event] = []
    with engine.connect() as connection:
        engine.dialect.name = "oracle"
        Locks(0, heard.append).take(connection)
    text = "lback knows no lock for oracle: run one migration at a time."
    assert heard == [Event("note", text=text)]


def test_the_lock_file_says_who_has_it(tmp_path: Path) -> None:
    file = LockFile(str(tmp_path / "some.sqlite3"), Caller.current("migrate"))
    assert file.attempt()
    path = Path(file.path)
    owner = json.loads(path.read_text())
    assert owner.keys() == {"pid", "host", "user", "command", "since"}
    assert owner["pid"] == os.getpid()
    shown = "`lback migrate` of {user} on {host} (process {pid}), since {since}".format(**owner)
    assert file.holder() == shown
    for broken in ("", "[]", '{"pid": 1}'):
        path.write_text(broken)
        assert file.holder() == f"another process that holds {path}"
    file.release()
    assert file.holder() == f"another process that holds {path}"
