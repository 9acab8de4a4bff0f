"""The record is written with the stamp, on every database and in every style of env.py."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import uuid
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import sqlalchemy as sa

from lback.core.plans import Downgrade, Step, Upgrade, plan_upgrade
from lback.core.record.operations import OPERATIONS_TABLE
from lback.core.record.steps import GitFacts
from lback.db.events import Event
from lback.db.record.operations import make_operations
from lback.db.record.table import RECORD, RecordPlace, make
from lback.errors import LbackError
from tests.db.projects import ASYNC_ENV, BEGUN_ENV, PER_MIGRATION_ENV, MakeProject, Project
from tests.worlds.processes import python
from tests.worlds.texts import SYNC_ENV

ROOT = Path(__file__).parents[3]
WHO = GitFacts("c" * 40, "main", "Ada Lovelace <ada@example.com>")

AUTOCOMMIT_ENV = """
    from alembic import context
    from sqlalchemy import create_engine, pool

    engine = create_engine({url!r}, poolclass=pool.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""
OWN_ENV = """
    from alembic import context
    from sqlalchemy import create_engine, pool

    engine = create_engine({url!r}, poolclass=pool.NullPool)
    with engine.connect() as connection:
        with connection.begin():
            context.configure(connection=connection)
            context.run_migrations()
"""
PLAIN_DDL_ENV = """
    from alembic import context
    from sqlalchemy import create_engine, pool

    engine = create_engine({url!r}, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, transactional_ddl=False)
        with context.begin_transaction():
            context.run_migrations()
"""
STYLES = {
    "sync": SYNC_ENV,
    "begun": BEGUN_ENV,
    "per migration": PER_MIGRATION_ENV,
    "autocommit": AUTOCOMMIT_ENV,
    "own": OWN_ENV,
    "no transactional ddl": PLAIN_DDL_ENV,
}


def run(project: Project, *steps: Step, notes: list[str] | None = None) -> None:
    def listen(event: Event) -> None:
        if event.kind == "note" and notes is not None:
            notes.append(event.text)

    database = project.database(git=lambda: WHO)
    database.run(lambda _now: steps, on_event=listen)


def engine_of(url: str) -> sa.Engine:
    return sa.create_engine(url, poolclass=sa.pool.NullPool)


def rows(url: str, schema: str | None = None) -> list[Any]:
    table = RECORD if schema is None else RECORD.to_metadata(sa.MetaData(), schema=schema)
    with engine_of(url).connect() as connection:
        if not sa.inspect(connection).has_table(RECORD.name, schema=schema):
            return []
        return list(connection.execute(sa.select(table).order_by(table.c.id)))


def told(url: str, schema: str | None = None) -> list[tuple[Any, ...]]:
    return [
        (row.direction, row.revision, row.outcome, row.stamp_before, row.stamp_after)
        for row in rows(url, schema)
    ]


@pytest.mark.parametrize("style", STYLES)
def test_each_step_has_a_row(make_project: MakeProject, any_url: str, style: str) -> None:
    project = make_project(STYLES[style], url=any_url)
    project.chain("a1", "b2")
    run(project, Upgrade("a1"), Upgrade("b2"))
    run(project, Downgrade("b2"))
    run(project, Upgrade("b2", fake=True))
    assert told(any_url) == [
        ("upgrade", "a1", "done", "", "a1"),
        ("upgrade", "b2", "done", "a1", "b2"),
        ("downgrade", "b2", "done", "b2", "a1"),
        ("fake upgrade", "b2", "done", "a1", "b2"),
    ]
    first, second, _, faked = rows(any_url)
    assert faked.body == second.body
    assert zlib.decompress(second.body) == (project.versions / "b2_add.py").read_bytes()
    assert (second.down_revisions, second.path) == ("a1", "migrations/versions/b2_add.py")
    assert (first.commit_sha, first.branch, first.git_user) == WHO_AS_KEPT
    assert first.run_id == second.run_id != rows(any_url)[2].run_id
    assert first.version_table == "alembic_version" and first.process and first.host
    assert 0 <= second.seconds < 100


def transactions(project: Project, steps: Sequence[Step], patch: pytest.MonkeyPatch) -> list[str]:
    """Return what a run on SQLite sends, the text of each transaction in one."""
    sent: list[str] = []
    connect = sqlite3.connect

    def traced(*args: Any, **kw: Any) -> sqlite3.Connection:
        connection = connect(*args, **kw)
        connection.set_trace_callback(sent.append)
        return connection

    with patch.context() as patched:
        patched.setattr(sqlite3.dbapi2, "connect", traced)
        patched.setattr(sqlite3, "connect", traced)
        run(project, *steps)
    return "\n".join(sent).split("COMMIT")


@pytest.mark.parametrize("style", sorted(set(STYLES) - {"autocommit"}))
def test_the_row_is_in_the_transaction_of_its_step(
    make_project: MakeProject, sqlite_url: str, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(STYLES[style], url=sqlite_url)
    project.chain("a1", "b2", "c3")
    run(project, Upgrade("a1"))
    steps = [Upgrade("b2"), Upgrade("c3"), Downgrade("c3")]
    parts = transactions(project, steps, monkeypatch)
    stamped = [part for part in parts if "UPDATE alembic_version" in part]
    written = [part for part in parts if "INSERT INTO lback_ledger" in part]
    assert stamped == written and sum(part.count("INSERT INTO lback") for part in written) == 3
    assert len(stamped) in (1, 3)


WHO_AS_KEPT = (WHO.commit, WHO.branch, WHO.user)


def test_an_asynchronous_env(make_project: MakeProject, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    project = make_project(ASYNC_ENV, url=url.replace("sqlite", "sqlite+aiosqlite"))
    project.chain("a1", "b2")
    run(project, Upgrade("a1"), Upgrade("b2"))
    assert [row[1] for row in told(url)] == ["a1", "b2"]


@pytest.mark.parametrize("style", STYLES)
def test_a_step_that_fails(make_project: MakeProject, any_url: str, style: str) -> None:
    project = make_project(STYLES[style], url=any_url)
    project.add("a1")
    project.add("b2", "a1", "op.create_table('t', sa.Column('id', sa.Integer))\nop.execute('no')")
    run(project, Upgrade("a1"))
    with pytest.raises(LbackError):
        run(project, Upgrade("b2"))
    lasting = "postgresql" not in any_url and not ("sqlite" in any_url and style != "autocommit")
    lasting = lasting or style == "autocommit"
    (_, *more) = told(any_url)
    if not lasting:
        assert more == []
        return
    ((direction, revision, outcome, before, after),) = more
    assert (direction, revision, before, after) == ("upgrade", "b2", "a1", None)
    outside = style in ("begun", "own")
    assert outcome == ("started" if outside else "failed")
    assert outside or "no" in rows(any_url)[-1].message


def test_what_an_autocommit_block_keeps_has_a_row(
    make_project: MakeProject, postgres_url: str
) -> None:
    project = make_project(url=postgres_url)
    project.add("a1")
    block = (
        "with op.get_context().autocommit_block():\n    op.execute('CREATE TABLE kept (id int)')"
    )
    project.add("b2", "a1", block)
    project.add("c3", "b2", f"{block.replace('kept', 'more')}\nop.execute('no')")
    with pytest.raises(LbackError):
        run(project, Upgrade("a1"), Upgrade("b2"), Upgrade("c3"))
    assert told(postgres_url) == [
        ("upgrade", "a1", "done", "", "a1"),
        ("upgrade", "b2", "done", "a1", "b2"),
        ("upgrade", "c3", "started", "b2", None),
    ]


def test_a_commit_of_the_migrations_own(make_project: MakeProject, postgres_url: str) -> None:
    project = make_project(url=postgres_url)
    project.add("a1", None, "op.execute('CREATE TABLE kept (id int)')\nop.execute('COMMIT')")
    run(project, Upgrade("a1"))
    assert told(postgres_url) == [("upgrade", "a1", "done", "", "a1")]
    project.add("b2", "a1", "op.execute('COMMIT')\nop.execute('no')")
    with pytest.raises(LbackError):
        run(project, Upgrade("b2"))
    assert told(postgres_url)[1:] == [("upgrade", "b2", "started", "a1", None)]


# -- where it cannot be -----------------------------------------------------------------


def unrecorded(project: Project, url: str, says: str) -> None:
    """Migrate twice; each run says once that there is no record, and goes on."""
    for revision in ("a1", "b2"):
        notes: list[str] = []
        run(project, Upgrade(revision), notes=notes)
        (note,) = notes
        assert "is not recorded" in note and says in note and "ledger = false" in note
        with engine_of(url).connect() as connection:
            stamp = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        assert stamp == revision


@pytest.mark.parametrize("style", ["sync", "per migration", "begun", "autocommit"])
def test_a_foreign_table_of_the_name(make_project: MakeProject, any_url: str, style: str) -> None:
    with engine_of(any_url).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE lback_ledger (x INTEGER)")
    project = make_project(STYLES[style], url=any_url)
    project.chain("a1", "b2")
    unrecorded(project, any_url, "not lback's own")


@pytest.mark.parametrize("style", ["sync", "per migration", "begun", "autocommit"])
def test_without_the_right_to_create_tables(
    make_project: MakeProject, postgres_url: str, guest_url: str, style: str
) -> None:
    project = make_project(STYLES[style], url=guest_url)
    for revision, parent in (("a1", None), ("b2", "a1")):
        project.add(revision, parent, "op.execute('INSERT INTO notes VALUES (1)')")
    unrecorded(project, postgres_url, "permission denied for schema public")


@pytest.mark.parametrize("style", ["sync", "per migration", "begun", "autocommit"])
def test_without_the_right_to_insert(
    make_project: MakeProject, postgres_url: str, guest_url: str, style: str
) -> None:
    place, name = RecordPlace(None, "alembic_version"), sa.make_url(guest_url).username
    with engine_of(postgres_url).begin() as connection:
        make(connection, place)
        make_operations(connection, place)
    execute(postgres_url, f"GRANT SELECT ON lback_ledger, lback_operations TO {name}")
    project = make_project(STYLES[style], url=guest_url)
    for revision, parent in (("a1", None), ("b2", "a1")):
        project.add(revision, parent, "op.execute('INSERT INTO notes VALUES (1)')")
    unrecorded(project, postgres_url, "permission denied for table lback_ledger")


@pytest.fixture
def guest_url(postgres_url: str) -> Iterator[str]:
    """Yield the URL of a user who may write to two tables, and nothing else."""
    name = f"guest_{uuid.uuid4().hex[:12]}"
    execute(
        postgres_url,
        f"CREATE ROLE {name} LOGIN",
        "CREATE TABLE notes (id int)",
        "CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)",
        f"GRANT ALL ON notes, alembic_version TO {name}",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    )
    yield sa.make_url(postgres_url).set(username=name).render_as_string(hide_password=False)
    execute(postgres_url, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def execute(url: str, *statements: str) -> None:
    with engine_of(url).begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def test_a_record_that_goes_while_steps_run(make_project: MakeProject, any_url: str) -> None:
    project = make_project(url=any_url)
    project.add("a1")
    project.add("b2", "a1", "op.drop_table('lback_ledger')")
    project.add("c3", "b2")
    notes: list[str] = []
    run(project, Upgrade("a1"), Upgrade("b2"), Upgrade("c3"), notes=notes)
    assert len(notes) == 1
    run(project, Downgrade("c3"))
    assert told(any_url) == [("downgrade", "c3", "done", "c3", "b2")]


REFUSES = {
    "sqlite": ("BEGIN SELECT RAISE(ABORT, 'no room'); END",),
    "mysql": ("FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no room'",),
    "postgresql": (
        "FOR EACH ROW EXECUTE FUNCTION no_room()",
        "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RAISE ''no room''; END'",
    ),
}


def place_in(connection: sa.Connection) -> RecordPlace:
    schema = "public" if connection.dialect.name == "postgresql" else None
    return RecordPlace(schema, "alembic_version")


def test_no_table_of_operations_where_a_step_is_one_transaction(
    make_project: MakeProject, any_url: str
) -> None:
    project = make_project(url=any_url)
    project.chain("a1", "b2")
    run(project, Upgrade("a1"), Upgrade("b2"))
    with engine_of(any_url).connect() as connection:
        there = sa.inspect(connection).has_table(OPERATIONS_TABLE)
    assert there == ("mysql" in any_url)
    project.add("c3", "b2", "with op.get_context().autocommit_block(): op.create_table('t')")
    project.add("d4", "c3", "op.execute('nonsense')")
    with pytest.raises(LbackError):
        run(project, Upgrade("c3"), Upgrade("d4"))
    with engine_of(any_url).connect() as connection:
        assert sa.inspect(connection).has_table(OPERATIONS_TABLE)


@pytest.mark.parametrize("style", ["sync", "autocommit"])
def test_a_table_of_operations_that_takes_nothing_costs_the_operations(
    make_project: MakeProject, any_url: str, style: str
) -> None:
    project = make_project(STYLES[style], url=any_url)
    project.chain("a1", "b2", "c3")
    run(project, Upgrade("a1"))
    ends, *before = REFUSES[sa.make_url(any_url).get_backend_name()]
    with engine_of(any_url).begin() as connection:
        make_operations(connection, place_in(connection))
        for one in (*before, f"CREATE TRIGGER no BEFORE INSERT ON lback_operations {ends}"):
            connection.exec_driver_sql(one)
    notes: list[str] = []
    run(project, Upgrade("b2"), Upgrade("c3"), notes=notes)
    if style == "autocommit" or "mysql" in any_url:
        (note,) = notes
        assert "which statements of a step run on" in note and "no room" in note
    assert told(any_url) == [
        ("upgrade", "a1", "done", "", "a1"),
        ("upgrade", "b2", "done", "a1", "b2"),
        ("upgrade", "c3", "done", "b2", "c3"),
    ]
    assert {row.message for row in rows(any_url)} == {None}


# -- its shape and its place --------------------------------------------------------------


def test_an_older_shape_is_given_what_it_lacks(make_project: MakeProject, any_url: str) -> None:
    later = {"depends_on", "body", "git_user", "host", "process", "command", "lback",
             "version_table", "stamp_before", "stamp_after"}  # fmt: skip
    columns = [column._copy() for column in RECORD.columns if column.name not in later]
    older = sa.Table("lback_ledger", sa.MetaData(), *columns, sa.Column("source", sa.Text))
    values = {column.name: "" for column in columns if not column.nullable}
    values |= {"id": 1, "revision": "z0", "started_at": datetime(2026, 1, 2), "outcome": "done"}
    with engine_of(any_url).begin() as connection:
        older.create(connection)
        connection.execute(older.insert().values(values))
        if "postgresql" in any_url:
            connection.execute(sa.text("SELECT setval('lback_ledger_id_seq', 7)"))
    project = make_project(url=any_url)
    project.chain("a1")
    notes: list[str] = []
    run(project, Upgrade("a1"), notes=notes)
    assert notes == []
    assert [row.revision for row in rows(any_url)] == ["z0", "a1"]


def test_names_that_have_to_be_quoted(make_project: MakeProject, postgres_url: str) -> None:
    schema, table = 'Ada\'s "own" %s', 'ver"sion %'
    execute(postgres_url, f"CREATE SCHEMA {quoted(schema)}")
    env = SYNC_ENV.replace(
        "target_metadata=target_metadata)",
        f"target_metadata=target_metadata, version_table_schema={schema!r}, "
        f"version_table={table!r})",
    )
    project = make_project(url=postgres_url)
    project.write("migrations/env.py", dedent(env).replace("{url!r}", repr(postgres_url)))
    long = "r" * 255
    path = project.add("r", None, "pass", "pass")
    path.write_text(path.read_text().replace("'r'", repr(long)))
    place = f"{quoted(schema)}.{quoted(table)}"
    execute(postgres_url, f"CREATE TABLE {place} (version_num VARCHAR(255))")
    run(project, Upgrade(long))
    run(project, Downgrade(long))
    assert [row[:3] for row in told(postgres_url, schema)] == [
        ("upgrade", long, "done"),
        ("downgrade", long, "done"),
    ]
    assert rows(postgres_url) == []
    assert rows(postgres_url, schema)[0].version_table == table
    read = project.database().look_first(lambda view: view.record.steps())
    assert [step.revision for step in read] == [long, long]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


TENANTS_ENV = """
    from alembic import context
    from sqlalchemy import create_engine, pool, text

    engine = create_engine({url!r}, poolclass=pool.NullPool)
    for tenant in ("one", "two"):
        with engine.connect() as connection:
            {way}
            context.configure(connection=connection, {options})
            with context.begin_transaction():
                context.run_migrations()
"""
WAYS = {
    "search path": (
        "connection.execute(text(f'SET search_path TO {tenant}, public'));"
        " connection.commit(); connection.dialect.default_schema_name = tenant",
        "",
    ),
    "translated": (
        "connection = connection.execution_options(schema_translate_map={None: tenant})",
        "version_table_schema=tenant",
    ),
    "named": ("pass", "version_table_schema=tenant"),
}


@pytest.mark.parametrize("way", WAYS)
def test_each_schema_has_its_own(make_project: MakeProject, postgres_url: str, way: str) -> None:
    code, options = WAYS[way]
    text = TENANTS_ENV.replace("{way}", code).replace("{options}", options)
    project = make_project(url=postgres_url)
    project.write("migrations/env.py", dedent(text).replace("{url!r}", repr(postgres_url)))
    project.add("a1", None, "op.execute('SELECT 1')")
    for schema in ("one", "two"):
        execute(postgres_url, f"CREATE SCHEMA {schema}")
    run(project, Upgrade("a1"))
    for schema in ("one", "two"):
        assert told(postgres_url, schema) == [("upgrade", "a1", "done", "", "a1")]
    assert rows(postgres_url, "public") == []


def test_two_version_tables_share_a_record(make_project: MakeProject, any_url: str) -> None:
    project = make_project(url=any_url)
    project.chain("a1")
    run(project, Upgrade("a1"))
    text = (project.migrations / "env.py").read_text()
    project.write(
        "migrations/env.py",
        text.replace("connection=connection,", "connection=connection, version_table='other',"),
    )
    run(project, Upgrade("a1", fake=True))
    assert [(row.version_table, row.direction) for row in rows(any_url)] == [
        ("alembic_version", "upgrade"),
        ("other", "fake upgrade"),
    ]
    read = project.database().look_first(lambda view: view.record.steps())
    assert [step.direction for step in read] == ["fake upgrade"]


CREATES = """
import os, sys
import sqlalchemy as sa
from lback.db.record.table import RecordPlace, make
engine = sa.create_engine({url!r}, poolclass=sa.pool.NullPool)
place = RecordPlace(None, "alembic_version")
with engine.connect():
    pass  # the driver and the dialect are there
go, gate = os.pipe()
for _ in range(10):
    if not os.fork():
        os.close(gate)
        os.read(go, 1)
        with engine.begin() as connection:
            make(connection, place)
        os._exit(0)
os.close(gate)
sys.exit(max(os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(10)))
"""


def test_ten_processes_make_it_at_once(any_url: str) -> None:
    code = CREATES.format(url=any_url)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert RecordPlace(None, "x").table.name == RECORD.name and rows(any_url) == []


def test_nothing_is_made_where_nothing_is_done(make_project: MakeProject, any_url: str) -> None:
    project = make_project(url=any_url)
    project.chain("a1")
    run(project)
    assert not sa.inspect(engine_of(any_url)).get_table_names()
    database = project.database()  # of a try, which has nobody to record for
    database.run(lambda now: plan_upgrade(database.graph, now.revisions))
    assert not sa.inspect(engine_of(any_url)).has_table("lback_ledger")


def test_a_password_that_is_known_stays_out(
    make_project: MakeProject, any_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lback.secrets import KNOWN

    KNOWN.learn("sesame-99-open")
    monkeypatch.setattr(
        sys, "argv", ["/x/lback", "migrate", "-x", "url=postgresql://u:pa55-word-1@h/d"]
    )
    project = make_project(url=any_url)
    project.add("a1", None, "op.execute('SELECT 1')  # sesame-99-open")
    run(project, Upgrade("a1"))
    (row,) = rows(any_url)
    assert row.body is None and row.blob
    assert "pa55" not in row.command and row.command.startswith("lback migrate -x")


def test_the_line_for_plain_alembic(make_project: MakeProject, any_url: str) -> None:
    page = (ROOT / "docs/record.md").read_text()
    (line,) = [row.strip() for row in page.splitlines() if "include_name=" in row]
    project = make_project(url=any_url)
    project.add("a1", None, "op.execute('SELECT 1')")
    run(project, Upgrade("a1"))
    env = project.migrations / "env.py"
    text = env.read_text().replace("target_metadata = None", "target_metadata = sa.MetaData()")
    env.write_text("import sqlalchemy as sa\n" + text)
    assert "lback_ledger" in checked(project)
    env.write_text(
        env.read_text().replace("connection=connection,", f"connection=connection, {line}")
    )
    assert "No new upgrade operations detected" in checked(project)


def checked(project: Project) -> str:
    """Return what `alembic check` says."""
    done = python(["-m", "alembic", "check"], project.root, os.environ, joined=True)
    return done.stdout
