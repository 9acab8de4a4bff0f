"""What `lback makemigrations` asks, and what it refuses."""

from __future__ import annotations

from collections.abc import Sequence

from lback.core.shell import command
from lback.errors import UsageError


def table_renamed(old: str, new: str) -> str:
    """Ask whether one table is another under a new name."""
    return f"Was the table {old} renamed to {new}? (no: {old} is dropped with its rows)"


def column_renamed(table: str, old: str, new: str, type_: str) -> str:
    """Ask whether one column is another under a new name."""
    return (
        f"Was {table}.{old} renamed to {table}.{new} ({type_})? "
        f"(no: {old} is dropped with its values)"
    )


def renamed_option(old: str, new: str) -> str:
    """Name the options that answer whether something was renamed."""
    return f"{command('--rename', f'{old}:{new}')} or `--no-rename`"


def value_for_rows(table: str, column: str, type_: str) -> str:
    """Ask what existing rows get in a new column that may not be NULL."""
    return (
        f"{table}.{column} ({type_}) may not be NULL. Which value do existing rows get? "
        "(a value, or sql:EXPRESSION)"
    )


def not_one_head(name: str, revisions: Sequence[str]) -> UsageError:
    """Say that a migration is built on one revision."""
    what = f"stands for {', '.join(revisions)}" if revisions else "is no revision"
    return UsageError(
        f"--head {name} {what}, and a migration is built on one revision.",
        "`lback heads` lists the heads.",
    )
