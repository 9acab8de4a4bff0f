"""The table, for the terminal and for docs/performance.md."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.timing import Medians, Timing

TITLES = (
    "revisions",
    "measured",
    "beside",
    "its ms",
    "lback ms",
    "ratio",
    "wanted",
    "met",
    "cpu ratio",
    "runs",
)
WIDTHS = (9, 26, 8, 8, 8, 9, 8, 4, 9, 4)
RIGHT = frozenset({0, 3, 4, 5, 6, 8, 9})


def cells(timing: Timing) -> tuple[str, ...]:
    """Return one row; the ratio is lback's median over the other's, for hooks the difference."""
    case = timing.case
    if timing.failure is not None:
        return (case.size, case.name, case.theirs.label, "-", "-", "failed", "", "", "", "0")
    value = _value(timing.wall, case.unit)
    wanted, met = "", ""
    if case.wanted is not None:
        wanted = f"<= {case.wanted:.0f} ms" if case.unit == "ms" else f"<= {case.wanted:.2f}"
        met = "yes" if value <= case.wanted else "NO"
    return (
        case.size,
        case.name,
        case.theirs.label,
        _milliseconds(timing.wall.theirs),
        _milliseconds(timing.wall.ours),
        _written(value, case.unit),
        wanted,
        met,
        _written(_value(timing.cpu, case.unit), case.unit),
        str(timing.runs),
    )


def _value(medians: Medians, unit: str) -> float:
    return medians.difference_ms if unit == "ms" else medians.ratio


def _written(value: float, unit: str) -> str:
    return f"{value:+.1f} ms" if unit == "ms" else f"{value:.3f}"


def line(row: Sequence[str]) -> str:
    """Return a row for the terminal."""
    parts = []
    for index, (cell, width) in enumerate(zip(row, WIDTHS, strict=True)):
        parts.append(cell.rjust(width) if index in RIGHT else cell.ljust(width))
    return "  ".join(parts).rstrip()


def markdown(timings: Iterable[Timing]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    yield "| " + " | ".join(TITLES) + " |"
    yield "|" + "|".join("--:" if i in RIGHT else "---" for i in range(len(TITLES))) + "|"
    for timing in timings:
        yield "| " + " | ".join(cell.replace("<=", "≤") for cell in cells(timing)) + " |"


def machine() -> list[str]:
    """Return what has to be known about the machine to read the figures."""
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    return [
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}{load}",
        f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {_version(name)}" for name in ("alembic", "sqlalchemy", "click"))
        + f", {_git()}, SQLite {_sqlite()}, lback {_version('lback-migrations')}",
    ]


def _milliseconds(seconds: float) -> str:
    number = seconds * 1000
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [one.partition(":")[2].strip() for one in lines if one.startswith("model name")]
    return names[0] if names else platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _git() -> str:
    return subprocess.run(
        ["git", "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()


def _sqlite() -> str:
    import sqlite3

    return sqlite3.sqlite_version
