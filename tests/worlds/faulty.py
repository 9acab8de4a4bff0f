"""Is copied into a project: says which process runs, and breaks SQLite at a chosen statement.

FAULT_PID names the file for the process, FAULT_LOG the one for the statements, FAULT is a number,
or how a statement begins, and what happens there.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sqlite3.dbapi2
from pathlib import Path
from typing import Any

seen, fired = 0, False


def meet(connection: sqlite3.Connection, text: str) -> None:
    """Count one statement, and break something where that is due."""
    global seen, fired  # noqa: PLW0603 - of the process, as its environment is
    if log := os.environ.get("FAULT_LOG"):
        with Path(log).open("a") as file:
            file.write(" ".join(text.split()) + "\n")
    at, _, fault = os.environ.get("FAULT", "").partition("|")
    seen += 1
    due = seen > int(at) if at.isdigit() else bool(at) and text.lstrip().startswith(at)
    if fired or not due:
        return
    kind = fault.partition(" ")[0]
    if kind != "kill" and text.upper().startswith(("ROLLBACK", "COMMIT")):
        return
    fired = True
    if log := os.environ.get("FAULT_FIRED"):
        Path(log).touch()
    if fault == "kill before":
        os.kill(os.getpid(), signal.SIGKILL)
    elif fault == "kill during":
        left = [seen * 7 % 60]

        def count() -> int:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return 0

        connection.set_progress_handler(count, 1)
    elif fault == "kill after":  # SIGALRM ends a process at once, within a commit, too
        signal.setitimer(signal.ITIMER_REAL, 0.00005 * (1 + seen % 37))
    elif fault == "timeout":
        stop = iter([1])
        connection.set_progress_handler(lambda: next(stop, 0), 1)
    elif fault == "full":
        sqlite3.Connection.execute(connection, "PRAGMA max_page_count = 1")
    elif fault == "read-only":
        sqlite3.Connection.execute(connection, "PRAGMA query_only = ON")


class Cursor(sqlite3.Cursor):
    def execute(self, text: str, *values: Any) -> Any:
        meet(self.connection, text)
        return super().execute(text, *values)

    def executemany(self, text: str, *values: Any) -> Any:
        meet(self.connection, text)
        return super().executemany(text, *values)


class Connection(sqlite3.Connection):
    def cursor(self, factory: Any = Cursor) -> Any:
        return super().cursor(factory)

    def commit(self) -> None:
        meet(self, "COMMIT")
        super().commit()


if pid := os.environ.get("FAULT_PID"):
    Path(pid).write_text(str(os.getpid()))
    plain = sqlite3.dbapi2.connect

    def connect(place: Any, *values: Any, **named: Any) -> Any:
        own = {} if place == ":memory:" else {"factory": Connection}
        return plain(place, *values, **{**named, **own})

    sqlite3.dbapi2.connect = connect
