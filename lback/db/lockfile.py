"""A lock file beside a SQLite database: held by the process, gone with it."""

from __future__ import annotations

import getpass
import json
import os
import socket
import time

from lback.files import FileLock

SUFFIX = ".lback-lock"


class LockFile(FileLock):
    """An exclusive lock on `<database>.lback-lock`, with the holder's name in it."""

    def __init__(self, database: str) -> None:
        # Two names of one file must give one lock.
        super().__init__(os.path.realpath(database) + SUFFIX)

    def attempt(self, *, wait: bool = False) -> bool:
        """Take the lock and sign it; OSError where no file can be made there."""
        if not super().attempt(wait=wait):
            return False
        owner = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "user": _user(),
            "since": time.strftime("%Y-%m-%d %H:%M:%S"),
        }
        self.sign(json.dumps(owner).encode())
        return True

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


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container's user without a name
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"
