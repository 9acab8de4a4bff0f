"""Takes the current folder off the list of places that modules come from."""

from __future__ import annotations

import os
import sys

_taken: list[str] = []


def leave_current_folder() -> None:
    """Forget the folder that `python -m` has put first: any branch can bring a click.py there."""
    if sys.path and not getattr(sys.flags, "safe_path", False):
        first = sys.path[0]
        if first in ("", ".") or os.path.realpath(first) == os.path.realpath(os.curdir):
            _taken.append(os.path.realpath(first or os.curdir))
            del sys.path[0]


def come_back() -> None:
    """Put it first again, for Alembic's own commands."""
    sys.path[:0] = [name for name in _taken if name not in sys.path]


def take_over(folders: list[str]) -> None:
    """Go on as a process that has forgotten these."""
    _taken[:] = folders


def taken() -> tuple[str, ...]:
    """Return the folder again, for the project's own code, which may count on it."""
    return tuple(_taken)
