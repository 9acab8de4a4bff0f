"""One run over many databases: what each of them may do to it, and a second run that finishes."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.many.fleet import PLAIN, Fleet, fleet
from tests.servers import fresh_database
from tests.worlds.databases import query

pytestmark = pytest.mark.counted

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a SQLite file."""
    with Path(f"{path}.lback-lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def started(made: Fleet, *line: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "lback", *line],
        cwd=made.folder,
        env=os.environ | made.variables | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_some_behind_some_failing_one_locked(tmp_path: Path) -> None:
    names = [f"t{number:02}" for number in range(12)]
    made = fleet(tmp_path, " ".join(names))
    made.list('urls = { ' + ", ".join(f'{one} = "sqlite:///{one}.db"' for one in names)
              + ', gone = "sqlite:///no/such/folder/x.db" }')  # fmt: skip
    made.lback("migrate", "--db", "t00")
    made.lback("migrate", "r1", "--db", "t01")
    for name in ("t02", "t03"):
        made.sql(f"{name}.db", "CREATE TABLE t2 (mine TEXT)")
    made.lback("migrate", "--db", "t04")
    made.sql("t04.db", "UPDATE alembic_version SET version_num = 'nowhere'")
    with locked(tmp_path / "t05.db"):
        done = made.lback("migrate", "--all", "--jobs", "3", "--lock-timeout", "0.1", code=3)
    assert "5 of 13 databases are not done." in done.err
    for said in ("done 7", "up to date 1", "failed 2", "locked 1", "unreachable 1", "lost 1"):
        assert said in " ".join(done.out.split()), done.out
    assert "lback --db t04 status" in done.out and "lback --db t02 " not in done.err
    assert made.tables("t02.db") == ["t2"] and made.tables("t06.db") == ["t1", "t2"]
    assert len(done.err.splitlines()) == 15, done.err
    for name in ("t02", "t03"):
        made.sql(f"{name}.db", "DROP TABLE t2")
    made.sql("t04.db", "UPDATE alembic_version SET version_num = 'r2'")
    (tmp_path / "no/such/folder").mkdir(parents=True)
    states = made.states("--only-behind")
    assert states == {"t02": "done", "t03": "done", "t05": "done", "gone": "done"}
    status = made.ask("status", "--all")
    assert status["summary"] == {"current": 13} and status["pending"] == []


def test_lines_of_json_and_the_summary(tmp_path: Path) -> None:
    made = fleet(tmp_path)
    made.sql("b.db", "CREATE TABLE t1 (mine TEXT)")
    lines = made.lback("migrate", "--all", "--json-lines", code=3).out.splitlines()
    *rows, last = map(json.loads, lines)
    assert {row["name"]: row["state"] for row in rows} == {"a": "done", "b": "failed", "c": "done"}
    assert last["data"]["summary"] == {"done": 2, "failed": 1}
    assert (last["exit_code"], last["data"]["databases"]) == (3, [])
    wrong = made.lback("migrate", "--all", "--json-lines", "--shard", "0/1", code=2).out
    assert json.loads(wrong)["status"] == "error"


def test_a_plan_changes_nothing(tmp_path: Path) -> None:
    made = fleet(tmp_path)
    assert set(made.states("--plan").values()) == {"pending"}
    assert "pending  3  a, b, c" in made.lback("migrate", "--all", "--plan").out
    assert made.tables("a.db") == []


def test_a_question_is_asked_in_no_process(tmp_path: Path) -> None:
    made = fleet(tmp_path)
    made.lback("migrate", "--all")
    rows = made.ask("migrate", "r1", "--all", code=3)["databases"]
    assert {row["state"] for row in rows} == {"failed"} and "--yes" in str(rows)
    assert set(made.states("r1", "--yes").values()) == {"done"}
    assert made.tables("c.db") == ["t1"]


def test_two_names_for_one_file(tmp_path: Path) -> None:
    made = fleet(tmp_path)
    (tmp_path / "link.db").symlink_to(tmp_path / "a.db")
    made.list(
        'urls = { a = "sqlite:///a.db", x = "sqlite:///./link.db", '
        f'y = "sqlite:///{tmp_path}/a.db" }}'
    )
    done = made.lback("migrate", "--all")
    assert done.out == "done  1  a\n" and "`x` is the same database as `a`" in done.err


HANGS = PLAIN.replace(
    "with engine", "import time\nif 'b.db' in url:\n    time.sleep(60)\nwith engine", 1
)


def test_one_that_hangs_is_left(tmp_path: Path) -> None:
    made = fleet(tmp_path, env=HANGS)
    text = (tmp_path / "pyproject.toml").read_text()
    made.write("pyproject.toml", text + "connect_timeout = 2\n")
    rows = made.ask("migrate", "--all", "--jobs", "2", code=3)["databases"]
    assert [row["state"] for row in rows] == ["done", "unreachable", "done"]
    assert "did not connect within 2 s" in rows[1]["message"]


def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    """It takes connections and says nothing, as a firewall's other side does."""
    made = fleet(tmp_path)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        url = f"postgresql+psycopg://ada:sesame@127.0.0.1:{port}/x"
        made.list(f'urls = {{ a = "sqlite:///a.db", b = "{url}" }}\nconnect_timeout = 3')
        done = made.lback("migrate", "--all", code=3)
    assert "did not connect within 3 s" in done.out and "sesame" not in done.said


LEAVES = "\nif 'b.db' in url:\n    import {module}\n    {call}\n"


@pytest.mark.parametrize(
    "call",
    ["os._exit(0)", "sys.exit(0)", "os._exit(9)", "os.kill(os.getpid(), 9)", "raise BaseException"],
)
def test_a_process_that_ends(tmp_path: Path, call: str) -> None:
    module = call.partition(".")[0] if call[0] in "os" else "os"
    env = PLAIN.replace(
        "\nwith engine", LEAVES.format(module=module, call=call) + "\nwith engine", 1
    )
    made = fleet(tmp_path, env=env)
    states = made.states(code=3)
    assert (states["a"], states["c"]) == ("done", "done")
    assert states["b"] in ("killed", "failed")
    made.write("migrations/env.py", PLAIN)
    assert made.states() == {"a": "current", "b": "done", "c": "current"}


THREADS = """
import atexit, threading, multiprocessing, os, subprocess
threading.Thread(target=lambda: None).start()
threading.Thread(target=threading.Event().wait, daemon=True).start()
child = multiprocessing.get_context("fork").Process(target=print, args=("from a process",))
child.start()
child.join()
subprocess.Popen(["sleep", "20"])
if not os.fork():
    pass  # comes to the end of env.py a second time
atexit.register(open, "left_" + os.path.basename(url), "w")
"""


def test_an_env_with_threads_and_processes_of_its_own(tmp_path: Path) -> None:
    env = PLAIN.replace("\nwith engine", "\nengine.dispose()\n" + THREADS.replace(
        "if not os.fork():\n    pass  # comes to the end of env.py a second time\n", "")
        + "\nwith engine", 1)  # fmt: skip
    made = fleet(tmp_path, env=env)
    begun = time.monotonic()
    assert set(made.states("--jobs", "2").values()) == {"done"}
    assert time.monotonic() - begun < 18  # what holds our streams is not waited for
    assert sorted(one.name for one in tmp_path.glob("left_*")) == [
        "left_a.db",
        "left_b.db",
        "left_c.db",
    ]


ASYNC = """
import asyncio
from alembic import context
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import async_engine_from_config

section = context.config.get_section(context.config.config_ini_section, {})
section["sqlalchemy.url"] = section["sqlalchemy.url"].replace("sqlite:", "sqlite+aiosqlite:")


def run(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()


async def main():
    engine = async_engine_from_config(section, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


asyncio.run(main())
"""


def test_an_asynchronous_env(tmp_path: Path) -> None:
    made = fleet(tmp_path, env=ASYNC)
    assert set(made.states("--jobs", "2").values()) == {"done"}
    assert made.tables("c.db") == ["t1", "t2"]


def test_what_env_prints_stands_under_its_name(tmp_path: Path) -> None:
    made = fleet(tmp_path, env=PLAIN + "\nprint('hello from', url)\n")
    done = made.lback("migrate", "--all")
    assert "b: hello from sqlite:///b.db" in done.err and "hello" not in done.out


SLOW = """
import time
from pathlib import Path
if "b.db" in str(op.get_bind().engine.url):
    Path("begun").touch()
    time.sleep(30)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_says_what_is_done(tmp_path: Path, number: int) -> None:
    made = fleet(tmp_path, "a b c d")
    body = "\n    ".join(SLOW.strip().splitlines())
    made.revision(3, body)
    running = started(made, "migrate", "--all", "--json")
    while not (tmp_path / "begun").exists():
        assert running.poll() is None, running.communicate()
        time.sleep(0.05)
    running.send_signal(number)
    out, err = running.communicate(timeout=25)
    assert running.returncode == 130, err
    report = json.loads(out)
    states = [row["state"] for row in report["data"]["databases"]]
    assert states == ["done", "interrupted", "left", "left"]
    assert "Interrupted: 3 of 4 databases are not done." in report["error"]["message"]
    assert made.sql("b.db", "SELECT * FROM alembic_version") in ([], [("r2",)])
    made.revision(3)
    assert made.states() == {"a": "current", "b": "done", "c": "done", "d": "done"}


def test_each_part_as_a_process_of_its_own(tmp_path: Path) -> None:
    """As a Kubernetes job does, whose index begins at 0, and a matrix of a CI."""
    names = " ".join(f"tenant_{number}" for number in range(14))
    made = fleet(tmp_path, names)
    parts = [
        started(made, "migrate", "--all", "--json", "--shard", f"{index + 1}/4")
        for index in range(4)
    ]
    seen: Counter[str] = Counter()
    for part in parts:
        out, err = part.communicate(timeout=120)
        assert part.returncode == 0, err
        seen.update(row["name"] for row in json.loads(out)["data"]["databases"])
    assert seen == Counter(names.split())
    assert set(made.states().values()) == {"current"}


def test_processes_that_start_anew(tmp_path: Path) -> None:
    """As where the system cannot fork."""
    made = fleet(tmp_path)
    made.sql("b.db", "CREATE TABLE t1 (mine TEXT)")
    program = (
        "import sys\nfrom lback.cli import everywhere, workers\n"
        "class Anew(workers.Job):\n    def __init__(self, *given):\n"
        "        super().__init__(*given, fork=False)\n"
        "everywhere.Job = Anew\nfrom lback.cli.main import main\n"
        "main(['migrate', '--all', '--jobs', '2', '--json'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    rows = json.loads(done.stdout)["data"]["databases"]
    assert [row["state"] for row in rows] == ["done", "failed", "done"], done.stderr


def test_a_terminal_has_a_bar(tmp_path: Path) -> None:
    made = fleet(tmp_path)
    made.sql("b.db", "CREATE TABLE t1 (mine TEXT)")
    ours, theirs = os.openpty()
    running = subprocess.Popen(
        [sys.executable, "-m", "lback", "migrate", "--all"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    os.close(theirs)
    out, _ = running.communicate(timeout=60)
    said = b""
    with contextlib.suppress(OSError):
        while data := os.read(ours, 65536):
            said += data
    os.close(ours)
    assert b"migrate" in said and b"3/3" in said and b"b: failed: " in said
    assert b"a: done" not in said and "done    2  a, c" in out


LOOP = """
from alembic import context
from sqlalchemy import create_engine, pool

for name in ("a", "b", "c"):
    engine = create_engine(f"sqlite:///{name}.db", poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations(engine_name=name)
"""


def test_an_env_with_a_loop_has_the_same_summary(tmp_path: Path) -> None:
    made = fleet(tmp_path, env=LOOP)
    for path in (tmp_path / "migrations/versions").iterdir():
        path.write_text(path.read_text().replace("grade()", "grade(engine_name=None)"))
    made.sql("b.db", "CREATE TABLE t1 (mine TEXT)")
    done = made.lback("migrate", code=3)
    assert "done    2  a, c" in done.out and "failed  1  b" in done.out
    rows = made.ask("migrate", code=3)["databases"]
    assert {row["name"]: row["state"] for row in rows} == {
        "a": "current",
        "b": "failed",
        "c": "current",
    }


@pytest.mark.postgresql
def test_a_database_that_is_dropped_meanwhile(tmp_path: Path) -> None:
    with fresh_database("postgresql", tmp_path) as url:
        for number in range(6):
            query(url, f"CREATE SCHEMA t_{number}")
        made = fleet(tmp_path, env=PLAIN + "\nimport sys\nprint('end', flush=True)\n")
        made.list(f'urls = ["{url}"]\nschemas = "t_*"\n')
        first, rest = PLAIN.split("with engine", 1)
        drop = (
            "import os\nif 't_1' in os.environ.get('PGOPTIONS', ''):\n"
            "    with engine.begin() as other:\n"
            "        other.exec_driver_sql('DROP SCHEMA t_4 CASCADE')\n"
        )
        made.write("migrations/env.py", f"{first}{drop}with engine{rest}")
        done = made.lback("migrate", "--all", "--json", code=3)
        rows = json.loads(done.out)["data"].get("databases", done.said)
        assert [row["state"] for row in rows] == ["done"] * 4 + ["failed", "done"]
        assert "is the schema t_4" in rows[4]["message"]
