"""What is said of rows that are saved, and of what came back of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from lback.core.display import visible
from lback.core.shell import command
from lback.errors import LbackError, UsageError

LIST = "`lback restore` lists what is saved."
NOT_DROPPED = "`--drop` is for what a database holds; a file is removed by hand."


def remove_file(path: Path) -> str:
    """Return the command that removes a backup."""
    return f"{command('rm', str(path))} removes it."


def no_saving(name: str) -> str:
    """Say that nothing is saved under a number."""
    return f"Nothing is saved under the number {visible(name)} in this database."


def several_savings(number: str, names: Sequence[str]) -> UsageError:
    """Ask which database is meant, where several have saved rows under one number."""
    ways = [command("lback restore", name) for name in names]
    return UsageError(
        f"{len(names)} databases have rows saved under the number {number}.",
        f"Say which: {' or '.join(ways)}.",
    )


def not_saved(problem: str) -> LbackError:
    """Say that a role may not keep the rows that would go."""
    return LbackError(
        f"The rows that would go could not be saved in the database: {visible(problem)}. "
        "Nothing was changed.",
        "Let the role of the URL read these tables and create some, or delete the rows with "
        "`--no-backup`.",
    )


def another_database(name: str) -> LbackError:
    """Refuse to let a database go whose rows cannot be read from here."""
    return LbackError(
        f"The database {name} would be dropped, and its rows cannot be saved from this one.",
        f"Save it yourself ({command('pg_dump', name)}); `--no-backup` drops it unsaved.",
    )


def overwrite(rows: Iterable[tuple[str, int, Sequence[str]]]) -> str:
    """Ask whether newer values may be written over; each row is a table, a number, some keys."""
    told = [
        f"{_rows(number)} of {visible(table)} ({_keys(number, keys)})"
        for table, number, keys in rows
    ]
    return f"Newer values are in {'; '.join(told)}. Write the saved ones over them?"


def newer_stay(tables: Sequence[str], name: str) -> LbackError:
    """Say that rows with newer values were left alone."""
    return LbackError(
        f"Rows of {' and '.join(map(visible, tables))} hold newer values and were left alone.",
        f"{command('lback restore', name, then='--overwrite')} writes the saved values over them.",
    )


def not_put_back(problems: Sequence[str]) -> LbackError:
    """Say what the database answered when rows were to be put back."""
    return LbackError(
        f"Nothing was put back: {'; '.join(map(visible, problems))}.",
        "Make room for the rows, then run the same command again.",
    )


def blocked_stay(tables: Sequence[str]) -> LbackError:
    """Say that some rows have no place, and are still saved."""
    return LbackError(
        f"Rows of {' and '.join(map(visible, tables))} could not be put back, and stay saved.",
        "Bring back the rows that they refer to, or make room for their unique values; then run "
        "the same command again.",
    )


def unsure_stay(tables: Sequence[str], look: str) -> LbackError:
    """Say that values have no row that is known to be theirs, and are still saved."""
    return LbackError(
        f"Values of {' and '.join(map(visible, tables))} stay saved: their rows were deleted "
        "since, or have another key by now.",
        look,
    )


def in_file(path: Path) -> str:
    """Say how to read what a file holds."""
    return f"{command('zcat', str(path))} shows them, one a line, for you to put back by hand."


def in_database(places: Sequence[str], name: str) -> str:
    """Say in which tables saved rows lie, and what forgets them."""
    tables = " and ".join(map(visible, places))
    return (
        f"They lie in {tables}, for you to put back by hand; "
        f"{command('lback restore', name, then='--drop')} forgets them then."
    )


def no_place(rows: Iterable[tuple[str, Sequence[str]]]) -> LbackError:
    """Say which tables and columns are not there to be put back into."""
    told = [
        f"{visible(table)}.{visible(columns[0])}" if columns else visible(table)
        for table, columns in rows
    ]
    return LbackError(
        f"There is no {' and no '.join(told)} to put all of the rows back into.",
        "Bring it back first: `lback migrate`, or `lback switch` to the branch that has it.",
    )


def came_back(table: str, number: int) -> str:
    """Say that saved rows are where they were."""
    return f"  put back {_rows(number)} of {visible(table)}"


def waits(table: str, number: int, keys: Sequence[str], name: str) -> str:
    """Say which saved rows newer values kept out, and how a person may decide otherwise."""
    again = command("lback restore", name, then="--overwrite")
    return (
        f"{_rows(number)} of {visible(table)} ({_keys(number, keys)}) hold newer values and were "
        f"left alone; {again} writes the saved values over them"
    )


def blocked(table: str, number: int, name: str) -> str:
    """Say that saved rows have no place, since others are gone or in the way."""
    return (
        f"{_rows(number)} of {visible(table)} could not be put back: a row that they refer to is "
        "gone, another one has their unique value, or they may be there under another key; "
        f"{command('lback restore', name)} tries again"
    )


def unsure(table: str, number: int, keys: Sequence[str], name: str) -> str:
    """Say that saved values found no row that is known to be theirs."""
    which = f" ({_keys(number, keys)})" if keys else ""
    return (
        f"values of {_rows(number)} of {visible(table)}{which} stay saved: deleted since, or under "
        f"another key by now; {command('lback restore', name)} tells where they are"
    )


def stays_saved(table: str, column: str | None, name: str) -> str:
    """Say that saved rows have no table, or no column, to go to."""
    what = "it is not there" if column is None else f"it has no column {visible(column)}"
    return (
        f"rows of {visible(table)} stay saved, since {what}; "
        f"{command('lback restore', name)} puts them back later"
    )


def failed(table: str, problem: str, name: str) -> str:
    """Say what the database answered, and that the rows are still saved."""
    return (
        f"rows of {visible(table)} stay saved, since they could not be put back: "
        f"{visible(problem)}; {command('lback restore', name)} tries again"
    )


def kept(number: int, name: str) -> str:
    """Say that rows were saved before they went."""
    return (
        f"  saved {_rows(number)} in the database, under the number {name}: they come back "
        "with the revisions"
    )


def unreadable_downgrade(places: Sequence[str]) -> str:
    """Say why more is saved than a way down may take."""
    return f"  {'; '.join(places)} cannot be read: every table that it may touch is saved first"


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number} rows"


def _keys(number: int, keys: Sequence[str]) -> str:
    more = ", …" if number > len(keys) else ""
    return f"key {'; '.join(map(visible, keys))}{more}"
