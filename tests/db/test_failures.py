"""Whatever breaks: the message names the thing and the place, and no password."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

import pytest
from sqlalchemy import create_engine, inspect

from lback.core.plans import plan_upgrade
from lback.db.events import Event
from lback.errors import LbackError
from lback.secrets import Secrets, redact
from tests.db.projects import ASYNC_ENV, PER_MIGRATION_ENV, MakeProject, Project
from tests.worlds.texts import SYNC_ENV


def refusal(project: Project) -> LbackError:
    database = project.database()
    with pytest.raises(LbackError) as caught:
        database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions))
    text = f"{caught.value.message} {caught.value.hint}"
    assert "s3cret" not in text and "Traceback" not in text
    return caught.value


def tables(url: str) -> set[str]:
    engine = create_engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


UNREACHABLE = {
    "postgresql": "postgresql+psycopg://joe:s3cret@127.0.0.1:1/shop",
    "mysql": "mysql+pymysql://joe:s3cret@127.0.0.1:1/shop",
    "sqlite": "sqlite:////no/such/folder/shop.db",
}


@pytest.mark.parametrize("url", UNREACHABLE.values(), ids=UNREACHABLE)
def test_unreachable(make_project: MakeProject, url: str) -> None:
    error = refusal(make_project(url=url))
    assert "cannot be reached" in error.message
    assert url.replace("s3cret", "***") in error.message
    assert error.__cause__ is not None


def test_unreachable_from_an_asynchronous_env(make_project: MakeProject) -> None:
    error = refusal(make_project(ASYNC_ENV, url=UNREACHABLE["postgresql"]))
    assert "cannot be reached" in error.message
    assert "joe:***@127.0.0.1" in error.message


@pytest.mark.parametrize(
    ("env", "parts"),
    [
        ("import os\nraise ValueError('bad thing')", ["migrations/env.py (line 2)", "bad thing"]),
        ("x = [\n1,,\n]", ["migrations/env.py (line 2)", "SyntaxError"]),
        ("import no_such_module_here", ["(line 1)", "no_such_module_here"]),
        ("import sys; sys.exit(4)", ["(line 1)", "left with status 4"]),
        ("import broken", ["(line 1, in broken.py:2)", "ZeroDivisionError"]),
        ("pass", ["ended without a call of context.run_migrations()"]),
        (
            "from sqlalchemy import create_engine\ncreate_engine('postgres://u:s3cret@h/d')",
            ["(line 2)", "postgres"],
        ),
        (
            "from sqlalchemy import create_engine\ncreate_engine('oracle+nosuch://u:s3cret@h/d')",
            ["(line 2)"],
        ),
        (
            "from sqlalchemy import engine_from_config\n"
            "engine_from_config({}, prefix='sqlalchemy.')",
            ["found no database URL"],
        ),
        ("raise RuntimeError('postgresql://u:s3cret@h/d is down')", ["postgresql://u:***@h/d"]),
    ],
)
def test_broken_env(make_project: MakeProject, env: str, parts: list[str]) -> None:
    project = make_project("pass")
    project.write("migrations/env.py", env)
    project.write("broken.py", "\n1 / 0\n")
    error = refusal(project)
    for part in parts:
        assert part in error.message
    assert error.hint


SWALLOWING_ENV = """
    from alembic import context
    from sqlalchemy import create_engine, pool

    engine = create_engine({url!r}, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection)
        try:
            with context.begin_transaction():
                context.run_migrations()
        except Exception as err:
            {do}
"""


def test_env_that_swallows_failures(make_project: MakeProject, sqlite_url: str) -> None:
    project = make_project(SWALLOWING_ENV, url=sqlite_url, do="pass")
    failing(project)
    error = refusal(project)
    assert error.message.startswith("Revision b2 (migrations/versions/b2_add.py:")
    assert "1 of 3 steps were completed" in (error.hint or "")
    project.write("migrations/versions/c3_add.py", "revision = 'c3'\ndown_revision = 'nowhere'\n")
    assert "nowhere" in refusal(project).message


def test_env_that_wraps_a_refusal(make_project: MakeProject, sqlite_url: str) -> None:
    project = make_project(SWALLOWING_ENV, url=sqlite_url, do="raise RuntimeError('mine') from err")
    project.chain("a1")
    project.add("b2", "a1")
    project.add("c3", "a1")
    assert refusal(project).message.startswith("The migrations fork")


def test_a_missing_driver_is_named(make_project: MakeProject) -> None:
    project = make_project(url="postgresql+pg8000://joe:s3cret@127.0.0.1/shop")
    error = refusal(project)
    assert "pg8000" in error.message and "driver pg8000" in (error.hint or "")


def test_no_env(make_project: MakeProject) -> None:
    project = make_project("pass")
    (project.migrations / "env.py").unlink()
    assert "no env.py in" in refusal(project).message


def test_a_wrong_configuration(make_project: MakeProject) -> None:
    project = make_project("pass")
    project.ini(location="%(here)s/elsewhere")
    error = refusal(project)
    assert "elsewhere" in error.message and "script_location" in (error.hint or "")


def failing(project: Project) -> None:
    project.chain("a1")
    project.add(
        "b2",
        "a1",
        "op.create_table('t_b2', sa.Column('id', sa.Integer))\nop.execute('SELECT nonsense_here')",
    )
    project.add("c3", "b2")


def test_a_failing_migration(make_project: MakeProject, any_url: str) -> None:
    project = make_project(url=any_url)
    failing(project)
    error = refusal(project)
    assert error.message.startswith("Revision b2 (migrations/versions/b2_add.py:8) failed: ")
    assert "nonsense_here" in error.message and "in: SELECT nonsense_here" in error.message
    left = tables(any_url) - {"alembic_version"}
    if "sqlite" in any_url:
        assert left == {"t_a1"}
        assert (error.hint or "") == (
            "1 of 3 steps were completed and stay. b2 was rolled back. The database is at a1."
        )
    elif "postgresql" in any_url:
        assert left == set()
        assert "Everything of this run was rolled back. The database is at base, as before." in (
            error.hint or ""
        )
    else:
        assert left == {"t_a1", "t_b2"}
        assert "1 of 3 steps were completed and stay." in (error.hint or "")
        assert "what b2 had done before may still be there" in (error.hint or "")
        assert "The database is at a1." in (error.hint or "")


def test_a_failing_migration_with_a_transaction_each(
    make_project: MakeProject, postgres_url: str
) -> None:
    project = make_project(PER_MIGRATION_ENV, url=postgres_url)
    failing(project)
    hint = refusal(project).hint or ""
    assert (
        hint == "1 of 3 steps were completed and stay. b2 was rolled back. The database is at a1."
    )
    assert tables(postgres_url) == {"alembic_version", "t_a1"}


@pytest.mark.parametrize("each", [False, True], ids=["one transaction", "one each"])
@pytest.mark.parametrize(
    "code",
    [
        "with op.get_context().autocommit_block():\n    op.execute('SELECT nonsense_here')",
        "op.execute('COMMIT')\nop.execute('SELECT nonsense_here')",
        "op.execute('CREATE TABLE u (a int); commit; SELECT nonsense_here')",
        "op.get_bind().commit()\nop.execute('SELECT nonsense_here')",
    ],
)
def test_what_was_committed_on_the_way_is_not_called_rolled_back(
    make_project: MakeProject, postgres_url: str, code: str, each: bool
) -> None:
    project = make_project(PER_MIGRATION_ENV if each else SYNC_ENV, url=postgres_url)
    project.add("a1", None, f"op.create_table('kept', sa.Column('id', sa.Integer))\n{code}")
    hint = refusal(project).hint or ""
    assert "kept" in tables(postgres_url)
    assert "a1 committed on" in hint and "stays" in hint and "look before" in hint.lower()
    assert "Everything" not in hint and "a1 was rolled back" not in hint


def test_a_connection_that_commits_each_statement_rolls_nothing_back(
    make_project: MakeProject, postgres_url: str
) -> None:
    project = make_project(url=postgres_url)
    place = project.migrations / "env.py"
    text = place.read_text()
    assert "poolclass=pool.NullPool" in text
    place.write_text(text.replace("NullPool", "NullPool, isolation_level='AUTOCOMMIT'"))
    failing(project)
    hint = refusal(project).hint or ""
    assert tables(postgres_url) == {"alembic_version", "t_a1", "t_b2"}
    assert "commits each statement at once (AUTOCOMMIT): what b2 had done before stays" in hint
    assert "1 of 3 steps were completed and stay." in hint


def test_python_that_fails_in_a_migration(make_project: MakeProject, sqlite_url: str) -> None:
    project = make_project(url=sqlite_url)
    project.add("a1", None, "helper = {}\nhelper['name']")
    assert "(migrations/versions/a1_add.py:8) failed: KeyError: 'name'" in refusal(project).message


def test_a_migration_that_cannot_be_loaded_stops_all(
    make_project: MakeProject, any_url: str
) -> None:
    project = make_project(url=any_url)
    project.chain("a1")
    project.add("b2", "a1").write_text(
        "import not_there_at_all\nrevision = 'b2'\ndown_revision = 'a1'\ndef upgrade(): pass\n"
    )
    error = refusal(project)
    assert "Revision b2 (migrations/versions/b2_add.py:1) cannot be loaded" in error.message
    assert "Nothing was run." in (error.hint or "")
    assert tables(any_url) == set()


def test_a_migration_without_upgrade(make_project: MakeProject, sqlite_url: str) -> None:
    project = make_project(url=sqlite_url)
    project.add("a1").write_text("revision = 'a1'\ndown_revision = None\n")
    assert "revision a1 has no upgrade()" in refusal(project).message


def test_code_that_needs_a_connection_has_no_offline_sql(
    make_project: MakeProject, sqlite_url: str
) -> None:
    project = make_project(url=sqlite_url)
    project.add("a1", None, "op.get_bind().execute(sa.text('SELECT 1')).scalar()")
    database = project.database()
    with pytest.raises(LbackError, match="SQL of revision a1") as caught:
        database.sql(lambda stamp: plan_upgrade(database.graph, stamp.revisions))
    assert "without --sql" in (caught.value.hint or "")


def test_prints_of_env_and_migrations_do_not_reach_our_output(
    make_project: MakeProject, sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make_project(url=sqlite_url)
    project.add("a1", None, "print('from the migration')")
    database = project.database()
    database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions))
    out, err = capsys.readouterr()
    assert out == "" and "from the migration" in err


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_in_the_middle(make_project: MakeProject, any_url: str) -> None:
    project = make_project(PER_MIGRATION_ENV, url=any_url)
    project.chain("a1")
    project.add("b2", "a1", "import time; time.sleep(30)")
    database = project.database()
    events: list[Event] = []

    def listen(event: Event) -> None:
        events.append(event)
        if event.kind == "start" and event.number == 2:
            threading.Thread(target=interrupt).start()

    def interrupt() -> None:
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions), on_event=listen)
    assert events[-1].kind == "failed"
    assert "1 of 2 steps were completed and stay." in events[-1].text
    assert "The database is at a1." in events[-1].text
    assert database.stamp().revisions == ("a1",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://u:p@h/d", "postgresql://u:***@h/d"),
        ("mysql+pymysql://u:p@ss:w/rd@h/d", "mysql+pymysql://u:***@h/d"),
        ("to postgresql://u:p@h and redis://:x@y", "to postgresql://u:***@h and redis://:***@y"),
        ("host=h password=hunter2 user=u", "host=h password=*** user=u"),
        ("password='a b' x", "password=*** x"),
        ("no secret at https://example.org/a@b", "no secret at https://example.org/a@b"),
        ("line 12:30 of a@b", "line 12:30 of a@b"),
    ],
)
def test_redact(text: str, expected: str) -> None:
    assert redact(text) == expected


def test_known_secrets_go_wherever_they_stand() -> None:
    secrets = Secrets()
    secrets.learn("hunter2")
    assert secrets.redact("login failed for hunter2") == "login failed for ***"
