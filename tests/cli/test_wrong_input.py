"""What people get wrong: a message that names the thing and the next step, and nothing lost."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reports import report_of
from tests.worlds import databases
from tests.worlds.people import Developer
from tests.worlds.processes import python
from tests.worlds.texts import revision_text

_ENV = """
from alembic import context
from sqlalchemy import create_engine, pool
import os
from tests.reports import report_of

url = os.environ.get("DATABASE_URL") or "sqlite:///app.db"
engine = create_engine(url, poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
"""


@pytest.fixture
def ada(tmp_path: Path) -> Developer:
    person = Developer("Ada", tmp_path / "project")
    person.folder.mkdir()
    person.write("alembic.ini", "[alembic]\nscript_location = migrations\n")
    person.write("migrations/env.py", _ENV)
    person.write("migrations/script.py.mako", "<% %>")
    person.write("migrations/versions/a.py", revision_text("a1", (), "users"))
    person.write("migrations/versions/b.py", revision_text("b2", ("a1",), "orders"))
    return person


def snapshot(person: Developer) -> dict[str, bytes]:
    return {
        str(path.relative_to(person.folder)): path.read_bytes()
        for path in sorted(person.folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and ".git" not in path.parts
    }


def refused(person: Developer, *command: str, code: int, says: str) -> None:
    """Run a command that has to say no; check message, next step, status, files, and JSON."""
    before = snapshot(person)
    said = person.lback(*command, code=code)
    assert "Traceback" not in said
    assert says in said, said
    assert "next: " in said, said
    report = report_of(_stdout(person, *command, "--json"))
    assert report["exit_code"] == code
    assert report["error"]["message"]
    assert snapshot(person) == before


def _stdout(person: Developer, *command: str) -> str:
    return python(("-m", "lback", *command), person.folder, person.environment()).stdout


def test_no_configuration(ada: Developer) -> None:
    (ada.folder / "alembic.ini").unlink()
    for command in (["heads"], ["migrate"], ["status"], ["makemigrations", "x"]):
        refused(ada, *command, code=2, says="no Alembic configuration")


def test_not_a_repository(ada: Developer) -> None:
    assert "b2" in ada.lback("heads")
    refused(ada, "heads", "--at", "main", code=3, says="not in a git repository")
    refused(ada, "hooks", "install", code=3, says="not in a git repository")


def test_unknown_names(ada: Developer) -> None:
    ada.lback("migrate")
    refused(ada, "show", "zz", code=2, says="zz")
    refused(ada, "migrate", "zz", code=2, says="zz")
    refused(ada, "rollback", "user", code=2, says="Did you mean users")
    refused(ada, "history", "order", code=2, says="Did you mean orders")
    refused(ada, "rollback", code=2, says="TABLE")
    refused(ada, "migrat", code=2, says="Did you mean `migrate`")
    refused(ada, "migrate", "--frob", code=2, says="--frob")
    refused(ada, "explain", "LB1", code=2, says="Did you mean LB")


def test_unknown_ref(ada: Developer) -> None:
    ada.git("init", "-q")
    ada.commit("Start")
    refused(ada, "heads", "--at", "nonsense", code=2, says="nonsense")


def test_broken_env(ada: Developer) -> None:
    ada.write("migrations/env.py", "import os\nimport nothing_like_this\n")
    refused(ada, "migrate", code=3, says="migrations/env.py")
    ada.write("migrations/env.py", "def (:\n")
    refused(ada, "migrate", code=3, says="migrations/env.py")
    assert "b2" in ada.lback("heads")


def test_unreachable_database(ada: Developer) -> None:
    ada.env["DATABASE_URL"] = "postgresql+psycopg://ada:sesame@127.0.0.1:9/x"
    refused(ada, "migrate", code=3, says="cannot be reached")
    assert "sesame" not in ada.lback("migrate", code=3)
    assert "unreachable" in ada.lback("status")
    assert "sesame" not in ada.lback("status", "--debug")


def test_two_heads(ada: Developer) -> None:
    ada.write("migrations/versions/c.py", revision_text("c3", ("a1",), "carts"))
    refused(ada, "migrate", code=3, says="2 heads")
    assert not (ada.folder / "app.db").exists() or not tables(ada)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("c.py", revision_text("c3", ("gone",), "carts"), "gone"),
        ("c.py", revision_text("b2", ("a1",), "carts"), "b2"),
        ("c.py", "<<<<<<< HEAD\nrevision = 'x'\n=======\n>>>>>>> y\n", "conflict marker"),
        ("c.py", "\0\1\2\xff", "binary"),
        ("c.py", "x = 1\n", "c.py"),
    ],
    ids=["missing parent", "id twice", "conflict markers", "binary", "no revision"],
)
def test_broken_files(ada: Developer, name: str, content: str, says: str) -> None:
    ada.write(f"migrations/versions/{name}", content)
    refused(ada, "migrate", code=3, says=says)
    refused(ada, "merge", code=3, says=says)
    said = ada.lback("heads", code=1)
    assert "c.py" in said
    assert "next: " in said


def test_lost_revision(ada: Developer) -> None:
    ada.lback("migrate")
    (ada.folder / "migrations/versions/b.py").unlink()
    refused(ada, "migrate", code=3, says="b2")
    assert "lost" in ada.lback("status")


def test_failing_migration(ada: Developer) -> None:
    text = revision_text("c3", ("b2",), "carts").replace(
        "op.create_table(", 'op.execute("SELECT broken FROM nowhere")\n    op.create_table('
    )
    ada.write("migrations/versions/c.py", text)
    ada.lback("migrate", "b2")
    refused(ada, "migrate", code=3, says="nowhere")
    assert tables(ada) == {"users", "orders"}


def test_closed_pipe(ada: Developer) -> None:
    for at in range(300):
        name = f"n{at:03}"
        parent = f"n{at - 1:03}" if at else "b2"
        ada.write(f"migrations/versions/{name}.py", revision_text(name, (parent,), name))
    said = ada.run("sh", "-c", f"{sys.executable} -m lback history | head -2")
    assert "n299" in said
    assert "Error" not in said


def test_ascii_terminal_and_narrow_terminal(ada: Developer) -> None:
    ada.env |= {"PYTHONIOENCODING": "ascii", "COLUMNS": "20"}
    said = ada.lback("graph")
    assert said.isascii()
    assert "* b2" in said


def test_interrupted_in_the_middle(ada: Developer) -> None:
    text = revision_text("c3", ("b2",), "carts").replace(
        "op.create_table(",
        'open("reached", "w").close(); __import__("time").sleep(30)\n    op.create_table(',
    )
    ada.write("migrations/versions/c.py", text)
    child = subprocess.Popen(
        [sys.executable, "-m", "lback", "migrate"],
        cwd=ada.folder,
        env=ada.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    for _ in range(600):
        if (ada.folder / "reached").exists():
            break
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    said, _ = child.communicate(timeout=60)
    assert child.returncode == 130, said
    assert "Traceback" not in said
    assert "next: " in said
    assert "carts" not in tables(ada)
    assert report_of(_stdout(ada, "status", "--json"))["data"]["database"]["state"] == "behind"


def tables(person: Developer) -> set[str]:
    return databases.tables(f"sqlite:///{person.folder}/app.db")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 64 KiB; only an administrator of a Linux machine can."""
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if (
        not shutil.which("mount")
        or subprocess.run(command, check=False, capture_output=True).returncode
    ):
        pytest.skip("needs the right to mount a tmpfs")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def on_disk(person: Developer, place: Path) -> Developer:
    shutil.copytree(person.folder, place, dirs_exist_ok=True)
    return Developer("Ada", place, {"DATABASE_URL": f"sqlite:///{person.folder}/app.db"})


def test_full_disk(ada: Developer, small_disk: Path) -> None:
    ada.write("migrations/versions/c.py", revision_text("c3", ("a1",), "carts"))
    person = on_disk(ada, small_disk)
    try:
        with (small_disk / "filler").open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 512)
    except OSError:
        pass
    refused(person, "merge", code=3, says="No space left")


def test_read_only_folder(ada: Developer, small_disk: Path) -> None:
    ada.write("migrations/versions/c.py", revision_text("c3", ("a1",), "carts"))
    person = on_disk(ada, small_disk)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    refused(person, "merge", code=3, says="Read-only file system")
    refused(person, "init", "new", code=3, says="Read-only file system")
    assert list(small_disk.iterdir())
