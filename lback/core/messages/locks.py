"""What is said while another migration is waited for, and where no lock can be kept."""

from __future__ import annotations

from lback.errors import LbackError, LockedError

NO_HOLDER = "a session that has just ended"


def holder(user: str, host: str, pid: object, command: str, since: str, more: str = "") -> str:
    """Say who holds a lock: the person, the host, the process, its command, since when."""
    what = f"`lback {command}` of " if command else ""
    return f"{what}{user} on {host} (process {pid}{more}), since {since}"


def waiting(name: str, who: str) -> str:
    """Say whom a command waits for."""
    return f"Waiting for another migration of this database{_named(name)}: {who}."


def waited_too_long(name: str, who: str, seconds: float) -> LbackError:
    """Say who still held the lock at the end of `--lock-timeout`."""
    return LockedError(
        f"Another migration of this database{_named(name)} is running: {who}. "
        f"It did not end within {seconds:g} s.",
        "Try again when it is done, or wait longer with --lock-timeout SECONDS.",
    )


def each_waits(name: str, who: str) -> LbackError:
    """Say that two runs hold schemas of one database that the other one waits for."""
    return LockedError(
        f"Another migration of this database{_named(name)} is running: {who}. It waits for a "
        "schema that this run has migrated and not yet committed, so neither would end.",
        "Run the command again: what is done is not done twice. In env.py, end the connection of "
        "one schema before the next one begins.",
    )


def no_lock_file(path: str, why: str) -> LbackError:
    """Say that the lock file of a SQLite database cannot be made."""
    return LbackError(
        f"The lock file {path} cannot be made: {why}.",
        "Without it two migrations could run at once: make room for it there.",
    )


def _named(name: str) -> str:
    return f" ({name})" if name else ""
