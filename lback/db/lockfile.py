"""A lock file beside a SQLite database: held by the process, gone with it."""

from __future__ import annotations

import contextlib
import errno
import getpass
import json
import os
import socket
import sys
import time

SUFFIX = ".lback-lock"

if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    # Far behind the text, so that others may still read who holds it.
    _PLACE = 1 << 30

    def _lock(handle: int) -> None:
        os.lseek(handle, _PLACE, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(handle: int) -> None:
        # flock, not lockf: a POSIX record lock is lost when any other handle of this
        # process on the file is closed.
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


class LockFile:
    """An exclusive lock on `<database>.lback-lock`, with the holder's name in it."""

    def __init__(self, database: str) -> None:
        # Two names of one file must give one lock.
        self.path = os.path.realpath(database) + SUFFIX
        self._handle: int | None = None

    def attempt(self) -> bool:
        """Take the lock if it is free; OSError where no file can be made there."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
        handle = os.open(self.path, flags, 0o666)
        try:
            _lock(handle)
            if not self._is_current(handle):
                os.close(handle)
                return False
        except OSError as err:
            os.close(handle)
            if err.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK, errno.EWOULDBLOCK):
                return False
            raise
        self._handle = handle
        self._sign(handle)
        return True

    def _is_current(self, handle: int) -> bool:
        """Tell whether the path still leads to this file: its last holder removes it."""
        try:
            return os.path.samestat(os.fstat(handle), os.stat(self.path))  # noqa: PTH116
        except FileNotFoundError:
            return False

    def _sign(self, handle: int) -> None:
        owner = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "user": _user(),
            "since": time.strftime("%Y-%m-%d %H:%M:%S"),
        }
        # A full disk must not stop a migration that has nothing to write.
        with contextlib.suppress(OSError):
            os.ftruncate(handle, 0)
            os.write(handle, json.dumps(owner).encode())

    def holder(self) -> str:
        """Say who holds the lock, from the file's content."""
        try:
            with open(self.path, encoding="utf-8") as file:  # noqa: PTH123
                owner = json.load(file)
            return (
                f"process {owner['pid']} of {owner['user']} on {owner['host']}, "
                f"since {owner['since']}"
            )
        except (OSError, ValueError, KeyError, TypeError):
            return f"another process that holds {self.path}"

    def release(self) -> None:
        """Give the lock back and take the file away."""
        handle, self._handle = self._handle, None
        if handle is None:
            return
        # Removed while still held; on Windows an open file cannot be, and stays.
        with contextlib.suppress(OSError):
            os.unlink(self.path)  # noqa: PTH108
        with contextlib.suppress(OSError):
            os.close(handle)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container's user without a name
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"
