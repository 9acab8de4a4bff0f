"""The result goes to standard output, and nothing else does; wherever that leads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reports import report_of
from tests.worlds.people import Developer
from tests.worlds.processes import python
from tests.worlds.texts import revision_text

_ENV = """
import atexit, ctypes, os, subprocess, sys, threading

{loud}
from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine("sqlite:///app.db", poolclass=pool.NullPool)
if context.is_offline_mode():
    context.configure(dialect_name="sqlite")
    with context.begin_transaction():
        context.run_migrations()
else:
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=None)
        with context.begin_transaction():
            context.run_migrations()
"""
_LOUD = """
print("NOISE print")
print("NOISE dunder", file=sys.__stdout__)
os.write(1, b"NOISE write\\n")
subprocess.run(["echo", "NOISE child"])
os.system("echo NOISE shell")
ctypes.CDLL(None).puts(b"NOISE library")
ctypes.CDLL(None).fflush(None)
atexit.register(print, "NOISE end")
atexit.register(os.write, 1, b"NOISE end write\\n")
thread = threading.Thread(target=print, args=("NOISE thread",))
thread.start()
thread.join()
if os.fork() == 0:
    print("NOISE fork")
    sys.exit(5)
os.wait()
"""
_PLACES = 10


def project(folder: Path, loud: str = "") -> Developer:
    person = Developer("Ada", folder / "project")
    person.folder.mkdir()
    person.write("alembic.ini", "[alembic]\nscript_location = migrations\npath_separator = os\n")
    person.write("migrations/env.py", _ENV.replace("{loud}", loud))
    person.write(
        "migrations/script.py.mako",
        "revision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n"
        "branch_labels = depends_on = None\ndef upgrade():\n    pass\ndef downgrade():\n    pass\n",
    )
    person.write("migrations/versions/a.py", revision_text("a1", (), "users"))
    person.write("migrations/versions/b.py", revision_text("b2", ("a1",), "orders"))
    return person


@pytest.fixture
def ada(tmp_path: Path) -> Developer:
    return project(tmp_path)


def call(person: Developer, *command: str) -> subprocess.CompletedProcess[str]:
    return python(("-m", "lback", *command), person.folder, person.environment())


def shell(person: Developer, line: str) -> tuple[int, str]:
    """Run a line of bash in which `lback` is this one; return its status and standard error."""
    child = subprocess.run(
        ["bash", "-c", f'set -o pipefail; lback() {{ "{sys.executable}" -m lback "$@"; }}; {line}'],
        cwd=person.folder,
        env=person.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert "Traceback" not in child.stderr
    assert "Exception ignored" not in child.stderr
    return child.returncode, child.stderr


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("status", 0),
        ("migrate", 0),
        ("migrate zz", 2),
        ("migrate --sql", 0),
        ("makemigrations x --empty", 0),
    ],
)
def test_whatever_a_project_prints_is_beside_the_result(
    tmp_path: Path, line: str, code: int
) -> None:
    ada = project(tmp_path, _LOUD)
    for form in ([], ["--json"]):
        done = call(ada, *line.split(), *form)
        assert done.returncode == code, done.stderr
        assert "NOISE" not in done.stdout
        assert done.stderr.count("NOISE") in (0, _PLACES), done.stderr
        if form:
            assert report_of(done.stdout)["exit_code"] == code


def test_one_object_when_env_py_fails_or_leaves(tmp_path: Path) -> None:
    for end in ("1 / 0", "sys.exit(1)", "raise KeyboardInterrupt", "sys.stdout = None; 1 / 0"):
        folder = tmp_path / end.replace("/", "")
        folder.mkdir()
        ada = project(folder, f"os.write(1, b'NOISE')\n{end}")
        done = call(ada, "migrate", "--json")
        code = 130 if "Interrupt" in end else 3
        assert done.returncode == code, done.stderr
        assert report_of(done.stdout)["exit_code"] == code
        assert report_of(done.stdout)["error"]["message"]


@pytest.mark.parametrize(
    "line",
    [
        "heads --bad --json",
        "--json --bad heads",
        "--json nonsense",
        "heads --at --json",
        "hooks install --only x --json",
        "--help --json",
        "hooks --help --json",
        "--version --json",
        "--json",
    ],
)
def test_one_object_also_for_wrong_lines_and_for_help(ada: Developer, line: str) -> None:
    done = call(ada, *line.split())
    wrong = "--help" not in line and line not in ("--version --json", "--json")
    assert done.returncode == (2 if wrong else 0)
    report = report_of(done.stdout)
    assert report["exit_code"] == done.returncode
    assert bool(report["error"]) == wrong


def test_standard_output_closed_full_or_cut(ada: Developer) -> None:
    for command in ("heads", "check", "migrate --plan", "--help"):
        status, told = shell(ada, f"lback {command} >&-")
        assert status == 3, command
        assert "Standard output is closed; nothing was done." in told
        status, told = shell(ada, f"lback {command} > /dev/full")
        assert status == 3, command
        assert "could not be written to standard output: No space left" in told
        assert "ended with status " in told
    assert not (ada.folder / "app.db").read_bytes()


def test_a_finding_that_nobody_was_told_is_not_status_1(ada: Developer) -> None:
    ada.write("migrations/versions/c.py", revision_text("c3", ("a1",), "carts"))
    assert shell(ada, "lback check")[0] == 1
    status, told = shell(ada, "lback check > /dev/full")
    assert status == 3
    assert "ended with status 1" in told
    assert shell(ada, "lback check > >(exec 0<&-; exec sleep 0)")[0] in (1, 3)


def test_a_reader_that_leaves_is_not_an_error(ada: Developer) -> None:
    for at in range(400):
        name = f"n{at:03}"
        parent = f"n{at - 1:03}" if at else "b2"
        ada.write(f"migrations/versions/{name}.py", revision_text(name, (parent,), name))
    for command in ("history", "graph --json --effects"):
        assert shell(ada, f"lback {command} | head -1") == (0, ""), command
    for command in ("history", "alembic history"):
        assert shell(ada, f"lback {command} | true") == (0, ""), command


def test_standard_error_or_input_that_is_gone(ada: Developer) -> None:
    for number, streams in enumerate(("2>&-", "2>/dev/full", "<&-", "<&- 2>&-", "2> >(true)")):
        assert shell(ada, f"lback heads {streams}")[0] == 0, streams
        way = "migrate base --yes" if number % 2 else "migrate"
        assert shell(ada, f"lback {way} {streams}")[0] == 0, streams
    assert shell(ada, "lback heads --bad <&- 2>&-")[0] == 2
    assert shell(ada, "lback heads <&- >&- 2>&-")[0] == 3


def test_json_under_an_encoding_that_lacks_the_letters(ada: Developer) -> None:
    ada.write("migrations/versions/é.py", revision_text("c3", ("b2",), "cárts"))
    ada.env["PYTHONIOENCODING"] = "ascii"
    done = call(ada, "heads", "--json")
    assert report_of(done.stdout)["data"]["heads"][0]["path"].endswith("é.py")
    assert done.stdout.isascii()


def test_a_hook_goes_on_without_standard_output(ada: Developer) -> None:
    ada.git("init", "-q")
    ada.commit("Start")
    for streams in (">&-", ">/dev/full", ">&- 2>&- <&-"):
        assert shell(ada, f"lback hook pre-commit {streams}")[0] == 0
        assert shell(ada, f"lback hook nonsense {streams}")[0] == 0


def test_a_pipe_that_does_not_wait_gets_everything(ada: Developer) -> None:
    for at in range(600):
        name = f"n{at:03}"
        parent = f"n{at - 1:03}" if at else "b2"
        ada.write(f"migrations/versions/{name}.py", revision_text(name, (parent,), name))
    read, write = os.pipe()
    os.set_blocking(write, False)
    with subprocess.Popen(
        [sys.executable, "-m", "lback", "graph", "--json"],
        cwd=ada.folder,
        env=ada.environment(),
        stdout=write,
    ) as child:
        os.close(write)
        with os.fdopen(read, encoding="utf-8") as reader:
            assert len(json.load(reader)["data"]["revisions"]) == 602
        assert child.wait() == 0


@pytest.mark.parametrize("line", ["current", "history", "upgrade head --sql", "revision -m x"])
def test_alembic_alone_is_the_result_of_alembic(tmp_path: Path, line: str) -> None:
    ada = project(tmp_path, _LOUD)
    # A revision that prints when it is imported is the project's code, too.
    ada.write(
        "migrations/versions/c.py", revision_text("c3", ("b2",), "carts") + "\nprint('NOISE')\n"
    )
    done = call(ada, "alembic", *line.split())
    assert done.returncode == 0, done.stderr
    assert "NOISE" not in done.stdout
    assert "NOISE" in done.stderr
    assert bool(done.stdout) == (line != "current"), done.stdout
    for command in (["--json", "alembic", *line.split()], ["alembic", *line.split(), "--json"]):
        report = report_of(call(ada, *command).stdout)
        assert (report["command"], report["exit_code"]) == ("alembic", 0)
        assert bool(report["data"]["output"]) == (line != "current")


def test_alembic_that_refuses_or_is_called_wrongly(ada: Developer) -> None:
    for line, code in (
        ("fly", 2),
        ("", 2),
        ("upgrade", 2),
        ("upgrade zz", 3),
        ("init migrations", 3),
        ("-c gone.ini current", 2),
        ("check", 3),
        ("list_templates --help", 0),
        ("--version", 0),
        ("list_templates", 0),
    ):
        done = call(ada, "alembic", *line.split())
        assert done.returncode == code, done.stderr
        assert (not done.stdout, "error: " in done.stderr) == (bool(code), bool(code)), line
        report = report_of(call(ada, "--json", "alembic", *line.split()).stdout)
        assert report["exit_code"] == code
        assert bool(report["error"]) == bool(code)
        assert bool(report["data"].get("output")) == (not code)
