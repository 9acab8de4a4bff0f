"""What is said of rows that are in the way of a step."""

from __future__ import annotations

from collections.abc import Sequence

from lback.core.display import visible
from lback.core.messages.migrate import DECLINED
from lback.core.preflight.rows import PreflightRow
from lback.core.shell import sql
from lback.errors import LbackError

_GO_ON = "`lback migrate --no-preflight` runs it without asking"


class RowsRefused(LbackError):
    """Refuses before the first statement; `rows` are all that was asked."""

    rows: tuple[PreflightRow, ...] = ()


class RowsInTheWay(RowsRefused):
    """Refuses, before the first statement, what would fail on the rows that are there."""

    def __init__(self, rows: Sequence[PreflightRow], stopping: Sequence[PreflightRow]) -> None:
        first, *others = stopping
        more = f" {_others(len(others))}" if others else ""
        super().__init__(
            f"{_place(first)} would fail: {told(first)}.{more} Nothing was changed.",
            f"See all of them: {sql(first.query)}. {_advice(first)}, or add a revision "
            f"below {first.revision} that does; {_GO_ON}.",
        )
        self.rows = tuple(rows)


class RowsAtStake(RowsRefused):
    """Refuses, before the first statement, what deletes rows that nobody was asked about."""

    def __init__(self, rows: Sequence[PreflightRow], losing: Sequence[PreflightRow]) -> None:
        super().__init__(
            f"{sentence(losing)} Nothing was changed.",
            "`--yes` agrees to it; so does, for all who run it, a line in the revision: "
            "`# lback: ignore[LB402] WHY`.",
        )
        self.rows = tuple(rows)
        self.losing = tuple(losing)


class DeclinedError(RowsRefused):
    """Says that a person does not want what the rows would come to."""

    def __init__(self, rows: Sequence[PreflightRow]) -> None:
        super().__init__(DECLINED)
        self.rows = tuple(rows)


ASKED_ANYWAY = "asked about with all that goes on the way down"


def agreed_in_file(why: str) -> str:
    """Say that the revision itself agrees to what goes."""
    return f"the revision says why: {why}"


def sentence(losing: Sequence[PreflightRow]) -> str:
    """Return one sentence about all rows and values that go."""
    parts = [f"{_place(row)}: {told(row)}" for row in losing]
    return f"{'; '.join(parts)}."


def question(losing: Sequence[PreflightRow]) -> str:
    """Ask for consent to what goes."""
    return f"{sentence(losing)} Go on?"


def told(row: PreflightRow) -> str:
    """Return what is in the way, as `2 rows of users have NULL in email (id=3, id=7)`."""
    text = _WORDS[row.kind].format(
        rows=_counted(row, "row"),
        values=_counted(row, "value"),
        table=visible(row.table),
        columns=visible(", ".join(row.columns)),
        have="has" if row.rows == 1 else "have",
        are="is" if row.rows == 1 else "are",
    )
    shown = ", ".join(f"({visible(key)})" if ", " in key else visible(key) for key in row.keys)
    return f"{text} ({shown}{', …' if len(row.keys) < row.rows else ''})" if shown else text


def not_asked(row: PreflightRow) -> str:
    """Say why nothing is known of the rows."""
    return f"{visible(row.statement)}: not asked, {visible(row.reason)}"


_WORDS = {
    "not null": "{rows} of {table} {have} NULL in {columns}",
    "new column": "{rows} of {table} would have no value in the new column {columns}",
    "unique": "{rows} of {table} {have} the same {columns} as another",
    "primary key": "{rows} of {table} {have} the same {columns} as another",
    "foreign key": "{rows} of {table} {have} a {columns} that no row has where it refers to",
    "check": "{rows} of {table} {are} against the condition",
    "too long": "{values} of {table}.{columns} {are} too long for the new type",
    "not convertible": "{values} of {table}.{columns} cannot be read as the new type",
    "out of range": "{values} of {table}.{columns} {are} out of the range of the new type",
    "rounded": "{values} of {table}.{columns} would be rounded",
    "enum value": "{values} of {table}.{columns} {are} not among those of the new type",
    "drop table": "{rows} of {table} would be deleted",
    "drop column": "{values} of {table}.{columns} would be deleted",
    "type": "{values} of {table}.{columns} are converted",
}


def _counted(row: PreflightRow, word: str) -> str:
    number = f"at least {row.rows}" if row.more else str(row.rows)
    return f"{number} {word}" if row.rows == 1 else f"{number} {word}s"


def _place(row: PreflightRow) -> str:
    return f"{visible(row.statement)} in {visible(row.revision)} ({visible(row.path)}:{row.line})"


def _others(number: int) -> str:
    word = "statement" if number == 1 else "statements"
    return f"So would {number} other {word}; `lback migrate --plan` lists them all."


def _advice(row: PreflightRow) -> str:
    table, _, empty = row.query.removeprefix("SELECT * FROM ").rpartition(" WHERE ")
    if row.kind == "not null":
        value = f"{empty.removesuffix(' IS NULL')} = …"
        return f"Fill them ({sql(f'UPDATE {table} SET {value} WHERE {empty}')})"
    if row.kind == "new column":
        return "Give the column a `server_default`, or add it nullable and fill it"
    if row.kind in ("unique", "primary key"):
        return "Delete or change the repeated ones"
    if row.kind == "foreign key":
        return "Delete them, or add the rows that they refer to"
    return "Change them"
