"""What is said while another migration is waited for, and where no lock can be kept."""

from __future__ import annotations

from lback.core.shell import typed
from lback.errors import LbackError, LockedError

NO_HOLDER = "a session that has just ended"


def holder(user: str, host: str, pid: object, line: str, since: str, more: str = "") -> str:
    """Say who holds a lock: the person, the host, the process, its command, since when."""
    what = f"{typed(f'lback {line}')} of " if line else ""
    return f"{what}{user} on {host} (process {pid}{more}), since {since}"


def step_on_record(revision: str, line: str | None, user: str, host: str, pid: object) -> str:
    """Say which step the record has begun and not ended, and who has begun it."""
    by = f"{f'{typed(line)} of ' if line else ''}{user} on {host} (process {pid})"
    return f"; the step on record is {revision}, by {by}"


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


_DIRECTLY = (
    "Let env.py connect to the server itself while it migrates, or to a pool of the pooler with "
    "`pool_mode = session`."
)


def statement_pooling() -> LbackError:
    """Say that a pooler in statement mode lets no migration run as one transaction."""
    return LbackError(
        "The database is behind a pooler that gives the session away after each statement "
        "(PgBouncer's `pool_mode = statement`): no lock can be kept there, and no transaction.",
        _DIRECTLY,
    )


def snapshot_behind_pooler() -> LbackError:
    """Say that a transaction begun by env.py cannot see what the holder of the lock has done."""
    return LbackError(
        "env.py begins a transaction that keeps its view of the rows (REPEATABLE READ or "
        "SERIALIZABLE) before it calls context.configure(), and the database is behind a pooler "
        "that gives the session away after it: the stamp could be an old one.",
        f"Begin no transaction before context.configure(). Or: {_DIRECTLY}",
    )


def lock_lost(why: str) -> LbackError:
    """Say that the lock of the database was lost on the way."""
    return LbackError(
        f"The lock of this database was lost: {why}.",
        "No further step was begun. Run the command again: what is done is not done twice.",
    )


TRANSACTION_ENDED = "env.py's own transaction, which had it, has ended"
CUT_HINT = (
    "The connection was cut, so no lock is held: run the command again once the server answers."
)


def connection_cut(what: str, why: str) -> LbackError:
    """Say that the server, or what is between, has ended the connection."""
    return LbackError(f"{what} was cut: {why}", CUT_HINT)


SESSION_CHANGED = "the pooler has given this connection another session of the server"


def no_lock_file(path: str, why: str) -> LbackError:
    """Say that the lock file of a SQLite database cannot be made."""
    return LbackError(
        f"The lock file {path} cannot be made: {why}.",
        "Without it two migrations could run at once: make room for it there.",
    )


def _named(name: str) -> str:
    return f" ({name})" if name else ""
