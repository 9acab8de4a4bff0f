"""Two commands side by side: whole processes, in turn, so that both see the same machine."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# A median of fewer would be an average.
LEAST = 3


class CommandFailed(Exception):
    """A command of the bench ended with another exit status than 0."""


def nothing() -> None:
    """Prepare nothing."""


@dataclass(frozen=True, slots=True)
class Side:
    """One command of a pair; `before` sets its scene and is not timed."""

    label: str
    argv: tuple[str, ...]
    cwd: Path
    before: Callable[[], None] = nothing


@dataclass(frozen=True, slots=True)
class Case:
    """A pair to be measured, and what is wanted of it.

    `wanted` is the highest ratio ours/theirs, or for `unit="ms"` the highest difference
    in milliseconds; None where nothing was promised.
    """

    name: str
    size: str
    theirs: Side
    ours: Side
    wanted: float | None = None
    unit: str = "ratio"
    warm_up: bool = True
    runs: int | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds from start to end of one process, and seconds of processor with its children."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Medians:
    """The medians of both sides, in seconds."""

    theirs: float
    ours: float

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs

    @property
    def difference_ms(self) -> float:
        return (self.ours - self.theirs) * 1000


def _medians(theirs: Sequence[float], ours: Sequence[float]) -> Medians:
    return Medians(statistics.median(theirs), statistics.median(ours))


@dataclass(slots=True)
class Timing:
    """Every run of both sides, or why there are none."""

    case: Case
    theirs: list[Run] = field(default_factory=list)
    ours: list[Run] = field(default_factory=list)
    failure: str | None = None

    @property
    def runs(self) -> int:
        return len(self.ours)

    @property
    def wall(self) -> Medians:
        return _medians([run.wall for run in self.theirs], [run.wall for run in self.ours])

    @property
    def cpu(self) -> Medians:
        return _medians([run.cpu for run in self.theirs], [run.cpu for run in self.ours])


def environment(home: Path) -> dict[str, str]:
    """Return what every timed process inherits: nobody's settings of git, Python or lback."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GIT_", "LBACK_", "PYTHON", "COV_"))
    }
    return kept | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Bench",
        "GIT_AUTHOR_EMAIL": "bench@example.org",
        "GIT_COMMITTER_NAME": "Bench",
        "GIT_COMMITTER_EMAIL": "bench@example.org",
        "NO_COLOR": "1",
    }


def call(argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> bytes:
    """Run a command to its end, untimed; return its standard output, raise CommandFailed."""
    done = subprocess.run(
        argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if done.returncode:
        raise CommandFailed(_why(argv, done.returncode, done.stderr or done.stdout))
    return done.stdout


def clock(side: Side, env: Mapping[str, str]) -> Run:
    """Run one side once and return what it took; raise CommandFailed."""
    side.before()
    with tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        process = subprocess.Popen(
            side.argv,
            cwd=side.cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = code = os.waitstatus_to_exitcode(status)
        if code:
            said.seek(0)
            raise CommandFailed(_why(side.argv, code, said.read()))
    return Run(seconds, used.ru_utime + used.ru_stime)


def measure(case: Case, env: Mapping[str, str], runs: int, budget: float) -> Timing:
    """Run both sides in turn, `runs` times or until `budget` seconds are over, LEAST at least."""
    timing = Timing(case)
    try:
        if case.warm_up:
            clock(case.theirs, env)
            clock(case.ours, env)
        started = time.perf_counter()
        for _ in range(case.runs or runs):
            timing.theirs.append(clock(case.theirs, env))
            timing.ours.append(clock(case.ours, env))
            if timing.runs >= LEAST and time.perf_counter() - started > budget:
                break
    except (CommandFailed, OSError) as problem:
        timing.failure = str(problem)
    return timing


def _why(argv: Sequence[str], code: int, said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    command = " ".join(Path(word).name if word.startswith("/") else word for word in argv[:6])
    return f"`{command}` ended with {code}: {' / '.join(lines[-2:]) or 'nothing said'}"
