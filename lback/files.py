"""Reads files that a tree has brought, writes files whole or not at all, and locks them.

Every file of a person's that lback changes is written beside its place first, under a name
that is made for it alone: no link that waits there is followed, and a crash or a full disk
leaves the old file.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from lback.errors import UsageError
from lback.system import IS_POSIX, lock

# What a person writes by hand stays far below.
BY_HAND = 1024 * 1024
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_AT_ONCE = 1 << 16
_LOCK_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
_TAKEN = (errno.EAGAIN, errno.EACCES, errno.EDEADLK, errno.EWOULDBLOCK)
# How the name of what is written, and not yet in its place, ends.
DRAFT = ".lback-new"


def spelling() -> str:
    """Return what tells texts of paths apart that are kept: nothing in UTF-8, else the encoding.

    A name that is no ASCII is another text for a process whose locale has another encoding.
    """
    name = sys.getfilesystemencoding()
    return "" if name == "utf-8" else f"-{name}"


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


def read_whole(path: str) -> bytes:
    """Return the bytes of a file at half the cost of `open`, for whoever reads thousands.

    OSError where that is not possible. Nobody waits for the end of a pipe.
    """
    handle = os.open(path, _FLAGS)
    try:
        parts = []
        while part := os.read(handle, _AT_ONCE):
            parts.append(part)
    finally:
        os.close(handle)
    return b"".join(parts)


def leads_out(path: str | os.PathLike[str], root: str | os.PathLike[str]) -> bool:
    """Tell whether links on the way to a path leave a folder that the path is said to be in."""
    home = os.path.realpath(root)
    real = os.path.realpath(path)
    return real != home and not real.startswith(home.rstrip(os.sep) + os.sep)


@contextmanager
def replacing(path: Path, mode: int = 0o666, *, durable: bool = True) -> Iterator[IO[bytes]]:
    """Give a file to write that takes the place of `path` once the block has ended well.

    Without `durable` a power cut may lose it: that is for what can be made again.
    Raises OSError with the path when the folder cannot be written.
    """
    with _beside(path) as draft:
        with _created(draft, mode) as file:
            yield file
            if durable:
                _sync(file)
        draft.replace(path)


def write_whole(path: Path, data: bytes, mode: int = 0o666, *, durable: bool = True) -> None:
    """Write a file so that a crash or a full disk leaves the old one, or none."""
    with replacing(path, mode, durable=durable) as file:
        file.write(data)


def write_to(path: Path, data: bytes) -> None:
    """Write what a person has named: a file whole; a device or a pipe gets the bytes.

    Only root may replace /dev/null, and then all of the machine is without it.
    """
    mode = path.lstat().st_mode if os.path.lexists(path) else 0
    if stat.S_ISCHR(mode) or stat.S_ISFIFO(mode):
        path.write_bytes(data)
    else:
        write_whole(path, data, durable=False)


def write_beside(path: Path, data: bytes, mode: int = 0o666) -> Path:
    """Write the next content of a file to the disk, beside it; return where it waits."""
    with _beside(path) as draft, _created(draft, mode) as file:
        file.write(data)
        _sync(file)
    return draft


def write_new(path: Path, data: bytes) -> None:
    """Write a file that is not there; what was left under its name is removed first.

    A link that a branch has put there would have somebody else's file written.
    """
    _refuse_device(path)
    path.unlink(missing_ok=True)
    with _created(path, 0o666) as file:
        file.write(data)
        _sync(file)


def put_with_mode(draft: Path, path: Path) -> None:
    """Move a draft into the place of a file, with that file's mode where there is one."""
    if path.exists():
        draft.chmod(stat.S_IMODE(path.stat().st_mode))
    draft.replace(path)


def sweep(folder: Path, older: float = 0.0) -> None:
    """Remove what writers that were killed have left half written in a folder.

    Only what nobody has written to for `older` seconds: others may be writing.
    """
    for left in folder.glob(f".*{DRAFT}"):
        with suppress(OSError):
            if not older or time.time() - left.stat().st_mtime > older:
                left.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Bring the names of a folder's files to the disk, as their contents are."""
    if not IS_POSIX:  # pragma: no cover
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Give a new name beside a file; what has it is removed where the block fails."""
    _refuse_device(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two processes never share one, and the name stays short enough for every disk.
    draft = path.with_name(f".{path.name[:40]}.{os.urandom(4).hex()}{DRAFT}")
    try:
        yield draft
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise


def _refuse_device(path: Path) -> None:
    """Raise UsageError where a path leads to what no file may take the place of.

    A link such as /dev/stdout is the machine's, wherever it leads.
    """
    home = os.path.realpath(path.parent)
    mode = stat.S_IFREG
    with suppress(OSError):
        mode = path.stat().st_mode
    ours = stat.S_ISREG(mode) or stat.S_ISDIR(mode)
    if not ours or home == "/dev" or home.startswith("/proc/"):
        raise UsageError(f"{path} is no plain file.", "Name a file, or a new one.")


def _created(path: Path, mode: int) -> IO[bytes]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    flags |= getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    return os.fdopen(os.open(path, flags, mode), "wb")


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


class FileLock:
    """An exclusive lock on a file: held by the process, gone with it, removed by its holder."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._handle: int | None = None

    def attempt(self, *, wait: bool = False) -> bool:
        """Take the lock if it is free, or when it is; OSError where no file can be made there."""
        while True:
            handle = os.open(self.path, _LOCK_FLAGS, 0o666)
            try:
                lock(handle, wait=wait)
                if self._is_current(handle):
                    self._handle = handle
                    return True
                os.close(handle)
            except OSError as err:
                os.close(handle)
                if wait or err.errno not in _TAKEN:
                    raise
                return False
            if not wait:
                return False

    def _is_current(self, handle: int) -> bool:
        """Tell whether the path still leads to this file: its last holder removes it."""
        try:
            return os.path.samestat(os.fstat(handle), os.stat(self.path))  # noqa: PTH116
        except FileNotFoundError:
            return False

    def sign(self, data: bytes) -> None:
        """Write into the file who holds the lock."""
        # A full disk must not stop a migration that has nothing to write.
        if self._handle is not None:
            with suppress(OSError):
                os.ftruncate(self._handle, 0)
                os.write(self._handle, data)

    def release(self) -> None:
        """Give the lock back and take the file away."""
        handle, self._handle = self._handle, None
        if handle is None:
            return
        # Removed while still held; on Windows an open file cannot be, and stays.
        with suppress(OSError):
            os.unlink(self.path)  # noqa: PTH108
        with suppress(OSError):
            os.close(handle)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other process is in here with the same folder; no file is left behind.

    The lock is on the folder itself and goes with the process. Where the folder
    cannot be made or its disk knows no locks, nothing is waited for.
    """
    handle = _locked_folder(folder)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _locked_folder(folder: Path) -> int | None:
    if not IS_POSIX:  # pragma: no cover - a folder cannot be locked there
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        lock(handle, wait=True)
    except OSError:
        os.close(handle)
        return None
    return handle
