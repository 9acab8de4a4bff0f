"""What takes long says so on a terminal, after a second, and leaves nothing of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from lback.cli import streams
from lback.cli.waiting import _line
from lback.work import AT_WORK, counted_off
from tests.cli.places import migrated
from tests.worlds.typists import Typist

_SLOW = "import time\ntime.sleep(2.5)\n"
_DRAWN = re.compile(r"\r(\w+): \d+ s *\r")


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """Return a project whose env.py takes its time."""

    migrated(tmp_path)
    env = tmp_path / "migrations" / "env.py"
    env.write_text(_SLOW + env.read_text())
    return tmp_path


def left(said: str) -> list[str]:
    """Return the lines that a terminal shows in the end."""
    shown = []
    for line in said.split("\n"):
        cells: list[str] = []
        for part in line.split("\r"):
            cells[: len(part)] = part
        shown.append("".join(cells).rstrip())
    return shown


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "CI": "", **more}


def test_it_says_so_and_leaves_nothing(slow: Path) -> None:
    typist = Typist(["status"], slow, environment())
    assert typist.end() == 0
    assert _DRAWN.search(typist.said)
    assert not [line for line in left(typist.said) if re.search(r"status: \d", line)]
    assert any(line.startswith("checkout") for line in left(typist.said))


def test_what_the_project_prints_stands_in_lines_of_its_own(slow: Path) -> None:
    env = slow / "migrations" / "env.py"
    env.write_text(f"{_SLOW}print('from env.py')\n{env.read_text()}")
    typist = Typist(["status"], slow, environment())
    assert typist.end() == 0
    assert "from env.py" in left(typist.said)


@pytest.mark.parametrize("more", [{"CI": "true"}, {"TERM": "dumb"}, {"quiet": "--quiet"}])
def test_nobody_looks(slow: Path, more: dict[str, str]) -> None:
    quiet = [more.pop("quiet")] if "quiet" in more else []
    command = [sys.executable, "-m", "lback", "status", *quiet]
    script = ["script", "-qec", " ".join(command), "/dev/null"]
    done = subprocess.run(
        script, cwd=slow, env=environment(**{"TERM": "xterm", **more}),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "checkout" in done.stdout
    assert "\r" not in done.stdout.replace("\r\n", "\n")


def test_a_pipe_gets_the_result_alone(slow: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lback", "status"],
        cwd=slow, env=environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "\r" not in done.stdout + done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_who_is_killed_leaves_a_clean_line(slow: Path, number: int) -> None:
    env = slow / "migrations" / "env.py"
    env.write_text(_SLOW.replace("2.5", "60") + env.read_text())
    typist = Typist(["status"], slow, environment())
    typist.until("status: 1 s")
    os.kill(typist.pid, number)
    status = typist.end()
    assert status == (130 if number == signal.SIGINT else -number)
    assert not [line for line in left(typist.said) if re.search(r"status: \d", line)]


def test_a_question_is_not_written_over(slow: Path) -> None:
    env = slow / "migrations" / "env.py"
    env.write_text(env.read_text().removeprefix(_SLOW) + "\nprint('name? ', end='')\ninput()\n")
    typist = Typist(["status"], slow, environment())
    typist.until("name? ")
    time.sleep(2.5)
    assert typist.end("x\r") == 0
    assert "name? x\n" in typist.said


def test_a_bar_where_it_is_known_how_much_there_is() -> None:
    for number in counted_off("effects", range(40)):
        if number == 30:
            line = _line("check", 3.7)
    assert line == "check: reading what revisions do [###############-----] 30/40, 3 s"
    assert _line("check", 1.0) == "check: 1 s"
    with AT_WORK.aside():
        assert AT_WORK.hidden == 1
    assert AT_WORK.hidden == 0


def test_a_fork_waits_for_no_line_that_its_parent_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    way = streams._Way(theirs, close=False)
    lock = threading.Lock()
    lock.acquire()  # as the thread that draws has it in the moment of the fork
    drawn = SimpleNamespace(lock=lock, between=True, clear=lambda: None)
    monkeypatch.setattr(streams._HERE, "waiting", drawn)
    pid = os.fork()
    if not pid:
        way.write(b"of the child")
        os._exit(0)
    until = time.monotonic() + 30
    while not (ended := os.waitpid(pid, os.WNOHANG)[0]) and time.monotonic() < until:
        time.sleep(0.01)
    if not ended:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    os.close(ours)
    os.close(theirs)
    assert ended == pid
