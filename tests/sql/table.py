"""SQL statements, the databases that run them, and what each has to be read as.

The first letters say where the statement runs: p PostgreSQL, m MariaDB, s SQLite, - nowhere
here. Then `reads`, `does`, or `?` for what is not understood, whole or in part.
"""

from __future__ import annotations

from pathlib import Path

STATEMENTS = Path(__file__).with_name("statements.txt")


def rows() -> list[tuple[str, str, str]]:
    """Return (where it runs, what it is read as, statement)."""
    found = []
    for line in STATEMENTS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            head, _, sql = line.partition(" | ")
            where, _, outcome = head.partition(" ")
            found.append((where, outcome, sql))
    return found
