"""What `lback history` and `lback blame` cannot see, and what they refuse."""

from __future__ import annotations

from collections.abc import Sequence

from lback.errors import UsageError

NO_REPOSITORY = "without git it is not known who changed it"


def unknown_table(table: str, near: Sequence[str]) -> UsageError:
    """Say that no revision changes a table, and which tables have similar names."""
    hint = f"Did you mean {', '.join(near)}? " if near else ""
    return UsageError(
        f"No revision changes a table called {table}.",
        f"{hint}`lback history` lists what each revision changes.",
    )


def unknown_column(table: str, column: str, columns: Sequence[str]) -> UsageError:
    """Say that a table never had a column, and which ones it has or had."""
    return UsageError(
        f"The table {table} never had a column called {column}.",
        f"Its columns are: {', '.join(columns) or 'none'}.",
    )


def shallow(revisions: int) -> str:
    """Say how many revisions came before the history that this clone has."""
    return (
        f"this clone is shallow: the commits of {revisions} revisions are not here "
        "(`git fetch --unshallow`)"
    )


def as_of(place: str) -> str:
    """Say which commit is shown."""
    return f"as of {place}"


def older_versions(revisions: Sequence[str]) -> str:
    """Say of which files this clone has the present version only."""
    return (
        f"this clone lacks older versions of the files of {', '.join(revisions[:3])}: shown is "
        "who brought the file"
    )
