"""SQLite: a step that breaks off, or is killed, leaves nothing, however env.py connects."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
from pathlib import Path

import pytest

from lback.core.plans import Downgrade, plan_upgrade
from lback.db.passthrough import run_alembic
from lback.errors import LbackError
from tests.db.projects import ASYNC_ENV, BEGUN_ENV, PER_MIGRATION_ENV, MakeProject, Project
from tests.worlds.databases import query
from tests.worlds.texts import SYNC_ENV

_RECIPE = """
        from sqlalchemy import event

        @event.listens_for(engine, "connect")
        def do_connect(connection, _record):
            connection.isolation_level = None

        @event.listens_for(engine, "begin")
        def do_begin(connection):
            connection.exec_driver_sql("BEGIN")
"""
_KEYS = """
        from sqlalchemy import event

        @event.listens_for({engine}, "connect")
        def enforce(connection, _record):
            connection.execute("PRAGMA foreign_keys=ON")
"""
_SYNC = textwrap.dedent(SYNC_ENV).replace("URL, poolclass", "{url!r}, poolclass")
_NEW = pytest.mark.skipif(sys.version_info < (3, 12), reason="such a mode came with Python 3.12")


def _with(env: str, more: str, engine: str = "engine") -> str:
    lines = env.splitlines(keepends=True)
    place = next(number for number, line in enumerate(lines) if " = create_" in line)
    indent = " " * (len(lines[place]) - len(lines[place].lstrip()))
    lines.insert(place + 1, textwrap.indent(textwrap.dedent(more.format(engine=engine)), indent))
    return "".join(lines)


def _arguments(argument: str) -> str:
    return _SYNC.replace("poolclass=pool.NullPool", f"poolclass=pool.NullPool, {argument}")


ENVS = {
    "plain": _SYNC,
    "no level": _arguments("connect_args=dict(isolation_level=None)"),
    "recipe": _with(_SYNC, _RECIPE),
    "pooled": _SYNC.replace("NullPool", "QueuePool"),
    "skips rollback": _arguments("skip_autocommit_rollback=True"),
    "each": textwrap.dedent(PER_MIGRATION_ENV),
    "together": _SYNC.replace("target_metadata=target_metadata", "transactional_ddl=True"),
    "begun": textwrap.dedent(BEGUN_ENV),
    "asynchronous": textwrap.dedent(ASYNC_ENV),
    "always in a transaction": _arguments("connect_args=dict(autocommit=False)"),
    "never in a transaction": _arguments("connect_args=dict(autocommit=True)"),
}
_AT_ONCE = ("together", "begun")
PARAMETERS = [
    pytest.param(name, marks=_NEW if name.endswith("in a transaction") else ())
    for name in ENVS
    if name != "skips rollback" or "2.1" in __import__("sqlalchemy").__version__
]
HALF = """
op.create_table('b', sa.Column('id', sa.Integer, primary_key=True))
op.execute("INSERT INTO b VALUES (1)")
op.execute("DELETE FROM child WHERE id = 1")
with op.batch_alter_table('a', recreate='always') as batch:
    batch.add_column(sa.Column('n', sa.Integer))
op.add_column('b', sa.Column('m', sa.Integer))
with op.batch_alter_table('a', recreate='always') as batch:
    batch.add_column(sa.Column('o', sa.Integer))
{end}
"""
FIRST = """
op.create_table('a', sa.Column('id', sa.Integer, primary_key=True))
op.execute("CREATE TABLE child (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a ON DELETE CASCADE)")
op.execute("INSERT INTO a VALUES (1), (2)")
op.execute("INSERT INTO child VALUES (1, 1), (2, 2), (3, 2)")
"""
BACK = "op.drop_table('child')\nop.drop_table('a')"


def _project(make_project: MakeProject, url: str, name: str, end: str) -> Project:
    env = ENVS[name]
    if name != "asynchronous":
        env = _with(env, _KEYS)
    else:
        env = _with(env, _KEYS, "engine.sync_engine")
        env = env.replace("{url!r}", repr(url.replace("sqlite:", "sqlite+aiosqlite:")))
    project = make_project(env, url=url)
    project.ini("path_separator = os\n")
    project.add("a1", None, FIRST, BACK)
    project.add("b2", "a1", HALF.format(end=end), "op.drop_table('b')")
    return project


def _migrate(project: Project) -> None:
    database = project.database()
    database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions))


def _tables(url: str) -> set[str]:
    return {row[0] for row in query(url, "SELECT name FROM sqlite_master WHERE type = 'table'")}


def _whole(url: str) -> dict[str, list[tuple[object, ...]]]:
    return {
        name: [tuple(row) for row in query(url, f"SELECT * FROM {name} ORDER BY 1")]
        for name in sorted(_tables(url))
    }


AFTER_A1 = {"a": [(1,), (2,)], "alembic_version": [("a1",)], "child": [(1, 1), (2, 2), (3, 2)]}
AFTER_B2 = {
    "a": [(1, None, None), (2, None, None)],
    "alembic_version": [("b2",)],
    "b": [(1, None)],
    "child": [(2, 2), (3, 2)],
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_what_breaks_leaves_nothing_and_runs_then(
    make_project: MakeProject, sqlite_url: str, name: str
) -> None:
    project = _project(make_project, sqlite_url, name, "op.execute('SELECT nonsense')")
    with pytest.raises(LbackError, match="nonsense") as caught:
        _migrate(project)
    hint = caught.value.hint or ""
    assert "may still be there" not in hint and "look before" not in hint.lower()
    whole = _whole(sqlite_url)
    assert {name: rows for name, rows in whole.items() if rows} == (
        {} if name in _AT_ONCE else AFTER_A1
    )
    if name not in _AT_ONCE:
        assert "b2 was rolled back. The database is at a1." in hint
    project.add("b2", "a1", HALF.format(end=""), "op.drop_table('b')")
    _migrate(project)
    assert _whole(sqlite_url) == AFTER_B2


@pytest.mark.parametrize("name", PARAMETERS)
def test_what_is_killed_leaves_nothing(
    make_project: MakeProject, sqlite_url: str, name: str
) -> None:
    end = "import os, signal\nif os.environ.get('DIE'): os.kill(os.getpid(), signal.SIGKILL)"
    project = _project(make_project, sqlite_url, name, end)
    child = os.fork()
    if not child:
        os.environ["DIE"] = "1"
        try:
            _migrate(project)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    kept = {name: rows for name, rows in _whole(sqlite_url).items() if rows}
    assert kept == ({} if name in _AT_ONCE else AFTER_A1)
    _migrate(project)
    assert _whole(sqlite_url) == AFTER_B2


def test_so_it_is_with_alembics_own_commands(make_project: MakeProject, sqlite_url: str) -> None:
    project = _project(make_project, sqlite_url, "plain", "op.execute('SELECT nonsense')")
    settings = project.settings()
    with pytest.raises(LbackError, match="nonsense"):
        run_alembic(settings, project.root, ["upgrade", "head"])
    assert _whole(sqlite_url) == AFTER_A1
    project.add("b2", "a1", HALF.format(end=""), "op.drop_table('b')\nop.drop_table('nowhere')")
    run_alembic(settings, project.root, ["upgrade", "head"])
    with pytest.raises(LbackError, match="nowhere"):
        run_alembic(settings, project.root, ["downgrade", "-1"])
    assert _whole(sqlite_url) == AFTER_B2
    run_alembic(settings, project.root, ["stamp", "--purge", "a1"])
    assert _whole(sqlite_url)["alembic_version"] == [("a1",)]


def test_ensure_version_makes_the_table(make_project: MakeProject, sqlite_url: str) -> None:
    project = make_project(url=sqlite_url)
    project.ini("path_separator = os\n")
    project.chain("a1")
    run_alembic(project.settings(), project.root, ["ensure_version"])
    assert _tables(sqlite_url) == {"alembic_version"}


@pytest.mark.parametrize(
    ("code", "left"),
    [
        ("with op.get_context().autocommit_block():\n    op.execute('VACUUM')", {"a"}),
        ("op.execute('VACUUM')", {"a"}),
        ("op.execute('COMMIT')", {"a"}),
        ("op.execute('BEGIN')\nop.execute('CREATE TABLE c (id int)')\nop.execute('COMMIT')", "ac"),
        ("op.execute('PRAGMA foreign_keys=OFF')\nop.execute('CREATE TABLE c (id int)')", ""),
        ("op.get_bind().commit()", {"a"}),
    ],
)
def test_what_is_kept_on_the_way_is_said(
    make_project: MakeProject, sqlite_url: str, code: str, left: set[str]
) -> None:
    project = make_project(_with(_SYNC, _KEYS), url=sqlite_url)
    begin = "op.create_table('a', sa.Column('id', sa.Integer))"
    project.add("a1", None, f"{begin}\n{code}\nop.execute('SELECT nonsense')")
    with pytest.raises(LbackError, match="nonsense") as caught:
        _migrate(project)
    assert _tables(sqlite_url) - {"alembic_version"} == set(left)
    hint = caught.value.hint or ""
    assert ("a1 committed on its way" in hint) == bool(left)
    assert ("a1 was rolled back" in hint) == (not left)
    assert query(sqlite_url, "PRAGMA integrity_check") == [("ok",)]


def test_a_revision_may_let_go_of_foreign_keys_itself(
    make_project: MakeProject, sqlite_url: str
) -> None:
    project = make_project(_with(_SYNC, _KEYS), url=sqlite_url)
    project.add("a1", None, FIRST, BACK)
    asks = "assert op.get_bind().exec_driver_sql('PRAGMA foreign_keys').scalar() == "
    project.add(
        "b2",
        "a1",
        "op.create_table('b', sa.Column('id', sa.Integer))\n"
        f"op.execute('PRAGMA foreign_keys=OFF')\n{asks}0\n"
        "op.drop_table('a')\nop.create_table('a', sa.Column('id', sa.Integer, primary_key=True))\n"
        "op.execute('INSERT INTO a VALUES (1), (2), (3)')\n",
    )
    project.add("c3", "b2", f"op.execute('PRAGMA foreign_keys=ON')\n{asks}1\n")
    _migrate(project)
    assert _whole(sqlite_url)["child"] == [(1, 1), (2, 2), (3, 2)]


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_what_foreign_keys_lead_to_is_not_done_beside_a_batch_operation(
    make_project: MakeProject, sqlite_url: str, late: bool
) -> None:
    project = make_project(_with(_SYNC, _KEYS), url=sqlite_url)
    project.add("a1", None, FIRST, BACK)
    _migrate(project)
    parts = [
        "op.execute('DELETE FROM a WHERE id = 1')",
        "with op.batch_alter_table('a', recreate='always') as batch:\n"
        "    batch.add_column(sa.Column('n', sa.Integer))",
    ]
    project.add("b2", "a1", "\n".join(reversed(parts) if late else parts), "pass")
    with pytest.raises(LbackError, match=r"revision of its own|begin the revision with the batch"):
        _migrate(project)
    assert _whole(sqlite_url) == AFTER_A1
    assert project.database().stamp().revisions == ("a1",)


def test_a_savepoint_is_one(make_project: MakeProject, sqlite_url: str) -> None:
    project = make_project(url=sqlite_url)
    project.add(
        "a1",
        None,
        "op.create_table('a', sa.Column('id', sa.Integer, unique=True))\n"
        "bind = op.get_bind()\n"
        "for number in (1, 1, 2):\n"
        "    try:\n"
        "        with bind.begin_nested():\n"
        "            op.execute(f'CREATE TABLE t{number} (id int)')\n"
        "            op.execute(f'INSERT INTO a VALUES ({number})')\n"
        "    except sa.exc.DBAPIError: pass\n",
    )
    _migrate(project)
    whole = _whole(sqlite_url)
    assert (whole["a"], "t1" in whole, "t2" in whole) == ([(1,), (2,)], True, True)


def test_a_full_disk_and_a_read_only_file_leave_all_as_it_was(
    make_project: MakeProject, sqlite_url: str, tmp_path: Path
) -> None:
    full = _with(_SYNC, _KEYS.replace("foreign_keys=ON", "max_page_count=14"))
    project = make_project(full, url=sqlite_url)
    project.add("a1", None, FIRST, BACK)
    _migrate(project)
    fills = "for number in range(60): op.execute(f'CREATE TABLE f{number} (id int)')"
    project.add("b2", "a1", fills, "pass")
    with pytest.raises(LbackError, match="full") as caught:
        _migrate(project)
    assert "b2 was rolled back. The database is at a1" in (caught.value.hint or "")
    assert _whole(sqlite_url) == AFTER_A1
    place = project.migrations / "env.py"
    place.write_text(place.read_text().replace("max_page_count=14", "query_only=ON"))
    with pytest.raises(LbackError, match="readonly"):
        _migrate(project)
    database = project.database()
    with pytest.raises(LbackError, match="readonly"):
        database.run(lambda _stamp: (Downgrade("a1"),))
    assert _whole(sqlite_url) == AFTER_A1
