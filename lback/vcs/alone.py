"""One process at a time in a folder, without a file that stays behind."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":  # pragma: no cover

    @contextmanager
    def alone(folder: Path) -> Iterator[None]:
        """Do nothing: a folder cannot be locked here."""
        yield

else:
    import fcntl

    @contextmanager
    def alone(folder: Path) -> Iterator[None]:
        """Wait until no other process is in here with the same folder.

        The lock is on the folder itself and goes with the process. Where the folder
        cannot be made or its disk knows no locks, nothing is waited for.
        """
        handle = _locked(folder)
        try:
            yield
        finally:
            if handle is not None:
                os.close(handle)

    def _locked(folder: Path) -> int | None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            os.close(handle)
            return None
        return handle
