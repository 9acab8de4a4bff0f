"""SQLite's lock: a file beside the database, held by the process."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress

from lback.db.locking.caller import Caller
from lback.files import FileLock

SUFFIX = ".lback-lock"


class LockFile(FileLock):
    """An exclusive lock on `<database>.lback-lock`, with the holder's name in it."""

    released = False

    def __init__(self, database: str, caller: Caller | None = None) -> None:
        # Two names of one file must give one lock.
        super().__init__(os.path.realpath(database) + SUFFIX)
        self._caller = caller or Caller.current("")

    def attempt(self, *, wait: bool = False) -> bool:
        """Take the lock and sign it; OSError where no file can be made there."""
        if not super().attempt(wait=wait):
            return False
        caller = self._caller
        owner = {
            "pid": caller.pid,
            "host": caller.host,
            "user": caller.user,
            "command": caller.command,
            "since": time.strftime("%Y-%m-%d %H:%M:%S"),
        }
        self.sign(json.dumps(owner).encode())
        return True

    def at_work(self) -> str:
        """Say who has it; nobody: "". Where there is no file, none is made."""
        with suppress(OSError):
            if os.path.exists(self.path) and not super().attempt():  # noqa: PTH110
                return self.holder()
            self.release()
        return ""

    def holder(self) -> str:
        """Say who holds the lock, from the file's content."""
        try:
            with open(self.path, encoding="utf-8") as file:  # noqa: PTH123
                owner = json.load(file)
            caller = Caller(owner["user"], owner["host"], owner["pid"], owner.get("command", ""))
            return caller.told(owner["since"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return f"another process that holds {self.path}"
