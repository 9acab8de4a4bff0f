"""Reads files that a tree has brought: plain ones of bounded size, and none that never ends."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from lback.errors import UsageError

# What a person writes by hand stays far below.
BY_HAND = 1024 * 1024
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def is_plain(path: str | os.PathLike[str]) -> bool:
    """Tell whether a path leads to a plain file, and not to a device, a pipe or a folder."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116 - a path may be a text
    except (OSError, ValueError):
        return False


def read_by_hand(path: Path) -> bytes | None:
    """Return the bytes of a file that people write, None where there is none.

    UsageError where a link leads to a device or a pipe, whose end nobody would see, or
    where the file is larger than anybody writes.
    """
    try:
        at = os.stat(path)  # noqa: PTH116 - before it is opened: opening a pipe waits
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    if stat.S_ISDIR(at.st_mode):
        return None
    if not stat.S_ISREG(at.st_mode):
        raise UsageError(f"{path} is no plain file.", "Put a plain file there, or take it away.")
    with os.fdopen(os.open(path, _FLAGS), "rb") as file:
        data = file.read(BY_HAND + 1)
    if len(data) > BY_HAND:
        raise UsageError(f"{path} is larger than 1 MB.", "Is it the right file?")
    return data


def write_new(path: Path, data: bytes) -> None:
    """Write a file that is not there; what was left under its name is removed first.

    A link that a branch has put there would have somebody else's file written.
    """
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o666), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def leads_out(path: str | os.PathLike[str], root: str | os.PathLike[str]) -> bool:
    """Tell whether links on the way to a path leave a folder that the path is said to be in."""
    home = os.path.realpath(root)
    real = os.path.realpath(path)
    return real != home and not real.startswith(home.rstrip(os.sep) + os.sep)
