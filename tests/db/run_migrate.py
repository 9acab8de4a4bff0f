"""Migrates a test's project: `python -m tests.db.run_migrate FOLDER [SECONDS [PROCESSES]]`."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

from lback.core.plans import plan_upgrade
from lback.errors import LbackError
from tests.db.projects import Project


def main() -> int:
    project = Project.at(Path(sys.argv[1]))
    timeout = float(sys.argv[2]) if len(sys.argv) > 2 else None
    database = project.database()
    try:
        outcome = database.run(
            lambda stamp: plan_upgrade(database.graph, stamp.revisions),
            on_event=lambda event: print(event.kind, event.text, flush=True),
            lock_timeout=timeout,
        )
    except LbackError as err:
        print(f"refused: {err.message} | {err.hint}", flush=True)
        return 3
    print(f"applied: {len(outcome.steps)}", flush=True)
    return 0


def together(count: int) -> int:
    """Migrate in as many processes at once; return the worst exit status."""
    for name in ("alembic.command", "psycopg", "pymysql"):
        importlib.import_module(name)
    children = []
    for _ in range(count):
        child = os.fork()
        if not child:
            return main()
        children.append(child)
    return max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)


if __name__ == "__main__":
    sys.exit(together(int(sys.argv[3])) if len(sys.argv) > 3 else main())
