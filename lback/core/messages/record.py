"""What is said of the record of a database."""

from __future__ import annotations

NOT_OURS = "a table of that name is not lback's own"
TURNED_OFF = "`ledger = false` turns the record off"
NOT_WRITTEN = "its statements were not written down"


def unwritable(database: str, why: str) -> str:
    """Say once that lback goes on without its record."""
    return (
        f"what runs on {database} is not recorded: {' '.join(why.split())}; it runs all the same "
        "(`ledger = false` in [tool.lback] does without the record)"
    )


def statements_unwritable(database: str, why: str) -> str:
    """Say once that of a step that is cut off nobody will know what ran."""
    return (
        f"which statements of a step run on {database} is not recorded: {' '.join(why.split())}; "
        "the steps are, and run all the same (a step that is cut off has to be settled by hand)"
    )
