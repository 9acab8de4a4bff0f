"""What `lback squash` says: what stands in the way, what was proved, what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lback.core.shell import command
from lback.errors import LbackError, UsageError

if TYPE_CHECKING:
    from lback.core.schema_diff import SchemaChange
    from lback.core.squash.data import DataRow


def not_below(first: str, to: str) -> UsageError:
    """Say that a range has no beginning."""
    return UsageError(
        f"{first} is not below {to}, so nothing lies between them.",
        "Give the older revision first; `lback graph` shows them.",
    )


def nothing_to_squash(to: str, replaces: Sequence[str]) -> LbackError:
    """Say that there is one revision only, which may be a squash by now."""
    if replaces:
        return LbackError(
            f"Nothing to squash: {to} is the squash of {len(replaces) + 1} revisions already.",
            f"Commit it, or bring the old files back: {command('lback squash --revert', to)}.",
        )
    return LbackError(
        f"Nothing to squash: {to} would be alone.", "Name a revision with others below it."
    )


def not_closed(
    forked: Mapping[str, Sequence[str]], nearest: Sequence[tuple[str, int]]
) -> LbackError:
    """Say which revisions outside stand on some that would go."""
    return LbackError(
        f"The range is not closed: {_on(forked, 'stands on')}, and would lose its parent.",
        _others(nearest) or "Merge those first: all others have to stand on the last one.",
    )


def depended_on(
    needed: Mapping[str, Sequence[str]], nearest: Sequence[tuple[str, int]]
) -> LbackError:
    """Say which revisions outside depend on some that would go."""
    return LbackError(
        f"The range is needed from outside: {_on(needed, 'depends on')}, which would be gone.",
        _others(nearest) or "Squash up to a revision below that, or from one above it.",
    )


def _others(nearest: Sequence[tuple[str, int]]) -> str:
    """Say where ranges end that nothing else stands on."""
    ends = " or ".join(f"{name} ({number} revisions)" for name, number in nearest)
    return ends and f"The nearest ranges that are closed end at {ends}."


def _on(found: Mapping[str, Sequence[str]], word: str) -> str:
    shown = [f"{', '.join(names)} {word} {name}" for name, names in sorted(found.items())]
    more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""
    return "; ".join(shown[:3]) + more


def too_many(names: Sequence[str]) -> UsageError:
    """Say that a range has two ends."""
    return UsageError(
        f"{len(names)} revisions are named, and a range has two ends.",
        "Write `lback squash FROM TO`, or `lback squash TO` for all below TO.",
    )


def not_one(name: str) -> UsageError:
    """Say that a name stands for several revisions, or for none."""
    return UsageError(
        f"{name} is not one revision.", "Give one id; `lback heads` and `lback graph` show them."
    )


def not_foldable(path: str, line: int, why: str) -> LbackError:
    """Say why a file cannot be moved into another."""
    return LbackError(
        f"{path}, line {line} cannot be moved into another file: {why}.",
        "Rewrite that line, or choose a range without this file.",
    )


def unknown_data(rows: Sequence[DataRow]) -> LbackError:
    """Say what could not be read, and may be about rows."""
    first = rows[0]
    names = list(dict.fromkeys(row.revision for row in rows))
    return LbackError(
        f"What {first.path}, line {first.line} does could not be read ({first.what})"
        + (f", and {len(rows) - 1} more" if len(rows) > 1 else "")
        + ": it may write rows that a new database needs.",
        "Look at it; if nothing of it is needed by a new database, give "
        f"{command('--accept-unknown', *names[:1])}, and to have the rows that it leaves written "
        f"down, {command('--data', f'{names[0]}=rows')}"
        + (f"; so for {', '.join(names[1:6])}" if names[1:] else "")
        + ".",
    )


def data_left(row: DataRow) -> LbackError:
    """Say that somebody has to choose what happens to what was done to rows."""
    return LbackError(
        f"{row.path}, line {row.line} changes rows ({row.what}), and it was not said whether a new "
        "database needs that.",
        "Answer with `--data keep`, `--data drop` or `--data rows`, or for this one "
        f"{command('--data', f'{row.revision}=keep')}.",
    )


def question(row: DataRow) -> str:
    """Ask what happens to a statement about rows."""
    return f"{row.path}, line {row.line}: {row.what}. A new database:"


CHOICES = (
    "keeps it: it runs after the tables are made",
    "needs none of it: it only mended rows that were there",
    "gets the rows that it leaves, written into the new file",
)


def rows_clash(table: str) -> LbackError:
    """Say that rows of one table come from two sides."""
    return LbackError(
        f"{table} gets rows by what is kept, and they are not those that the old files leave: the "
        "rest cannot be written beside them.",
        f"Answer `rows` or `drop` for each revision that changes rows of {table}.",
    )


def too_many_rows(table: str, number: int, most: int) -> LbackError:
    """Say that a table is too large for a file."""
    return LbackError(
        f"{table} has {number} rows after the old files, and at most {most} are written into one.",
        "Keep what makes them: `--data REV=keep`.",
    )


def varies(places: Sequence[str]) -> LbackError:
    """Say which values cannot be written down without a word."""
    more = f" and {len(places) - 5} more" if len(places) > 5 else ""
    have = "has" if len(places) == 1 else "have"
    answers = " and ".join(command("--freeze", place) for place in places)
    return LbackError(
        f"{', '.join(places[:5])}{more} {have} other values each time that the old files run, or "
        "the time at which they run. Written down, each new database would have the same.",
        f"Where that is meant, give {answers}; else keep the code that makes them: "
        "`--data REV=keep`.",
    )


def not_varying(place: str) -> UsageError:
    """Say that there is nothing to freeze."""
    return UsageError(
        f"--freeze {place} names no values that are written down and differ from run to run.",
        "Leave it out; `--freeze` takes TABLE.COLUMN, or TABLE for all of its columns.",
    )


def freeze(place: str) -> str:
    """Ask whether the values of one run are meant."""
    return f"{place} has other values each time that the old files run. Each new database:"


FREEZES = ("has those of one run, which are written down", "is to have its own: write nothing")


def filled(table: str, number: int, frozen: Sequence[str]) -> str:
    """Say which rows are written down."""
    rows = f"1 row of {table} stands" if number == 1 else f"{number} rows of {table} stand"
    same = f"; as one run made them: {', '.join(frozen)}" if frozen else ""
    return f"{rows} in the new file{same}"


def bad_data_option(text: str) -> UsageError:
    """Say how an answer is given."""
    return UsageError(
        f"--data {text} is no answer.",
        "Write `--data keep`, `--data drop`, `--data rows`, or one for a revision: "
        "`--data REV=keep`.",
    )


def not_a_member(revision: str) -> UsageError:
    """Say that an answer is about another revision."""
    return UsageError(
        f"{revision} is not among the revisions to be squashed.", "See `lback squash TO --plan`."
    )


def folds_all(first: str) -> UsageError:
    """Say that there is nothing to choose where the old code is moved in whole."""
    return UsageError(
        f"From {first} on, all that the old files did is kept, since databases below it still need "
        "it: there is nothing to drop.",
        "Leave --data out.",
    )


def same_on(dialect: str, number: int, varying: Sequence[str] = ()) -> str:
    """Say what was proved."""
    tables = "table" if number == 1 else f"{number} tables"
    more = f" and {len(varying) - 5} more" if len(varying) > 5 else ""
    but = f"; of {', '.join(varying[:5])}{more} the values are others each time" if varying else ""
    return f"proved on {dialect}: the new file builds the same {tables}, with the same rows{but}"


def no_way_down(dialect: str, why: str) -> str:
    """Say that downgrade() is not proved."""
    return f"not proved on {dialect}: downgrade(), after which upgrade() can run again: {why}"


def not_the_same(*, down: bool, shown: Sequence[str]) -> LbackError:
    """Say what downgrade() leaves, or what upgrade() builds otherwise the second time."""
    more = f"; and {len(shown) - 3} more" if len(shown) > 3 else ""
    return LbackError(f"{'after it' if down else 'the second time'}, {'; '.join(shown[:3])}{more}")


def differs(dialect: str, shown: Sequence[str]) -> LbackError:
    """Say where the new file does not build what the old ones built."""
    more = f"; and {len(shown) - 5} more" if len(shown) > 5 else ""
    return LbackError(
        f"Nothing was written: on {dialect} the new file would not build what the old ones build: "
        f"{'; '.join(shown[:5])}{more}.",
        "Give `--fold` to move the old statements into one file instead.",
    )


def fails(dialect: str, why: LbackError) -> LbackError:
    """Say that the new file does not run."""
    return LbackError(
        f"Nothing was written: on {dialect} the new file would not run: {why.message}",
        "Give `--fold` to move the old statements into one file instead.",
    )


def rows_differ(table: str, before: int, after: int) -> str:
    """Say that a new database would have other rows."""
    if before == after:
        return f"rows of {table} would be others"
    return f"{table} would have {after} rows instead of {before}"


def not_in_git(paths: Sequence[str]) -> LbackError:
    """Say that files would be gone for good."""
    return LbackError(
        f"{paths[0]} is not committed as it is, and its text would be gone"
        + (f"; so would {len(paths) - 1} more" if len(paths) > 1 else "")
        + ": databases inside the range need it.",
        f"Commit first: {command('git add --', *paths[:3])}, then `git commit`.",
    )


def needs_git() -> LbackError:
    """Say that without git the old files would be gone."""
    return LbackError(
        "There is no git repository here, and databases that stand inside the range need the old "
        "files.",
        "Put the project under git first: `git init`.",
    )


def no_place() -> LbackError:
    """Say that nothing can be made beside a database that was named."""
    return LbackError(
        "No empty database can be made beside the one that `--on` names.",
        "Name one of a server that answers and lets you create databases, by a plain driver.",
    )


def change(one: SchemaChange) -> str:
    """Say what of a schema would be otherwise."""
    what = " ".join(filter(None, (one.kind, ".".join(filter(None, (one.table, one.name))))))
    if one.state == "changed":
        return f"{what} would be {_short(one.after)}, not {_short(one.before)}"
    return f"{what} would be {'missing' if one.state == 'removed' else 'there as well'}"


def _short(text: str | None) -> str:
    shown = " ".join((text or "nothing").split())
    return shown if len(shown) <= 200 else f"{shown[:200]} …"


def as_sql(dialect: str, why: LbackError) -> str:
    """Say why a schema is written as SQL."""
    return f"written as SQL for {dialect}: {why.message}"


def old_files_missing(squash: str, lacking: Sequence[str], *, shallow: bool) -> LbackError:
    """Say that a database inside a squash cannot be brought on from here."""
    names = f"{', '.join(lacking[:3])}{' …' if len(lacking) > 3 else ''}"
    way = (
        "Fetch the history: `git fetch --unshallow`."
        if shallow
        else f"Check out a commit before {squash} was squashed, and migrate the database there."
    )
    return LbackError(
        f"The database stands at a revision that was squashed into {squash}, and git does not have "
        f"the old files here{f' ({names})' if lacking else ''}.",
        way,
    )


def by_old_files(squash: str, number: int) -> str:
    """Say that the old files of a squash are run."""
    return (
        f"the database stands inside what was squashed into {squash}: the {number} old files come "
        "from git"
    )


def no_squash(revision: str) -> UsageError:
    """Say that there is nothing to bring back."""
    return UsageError(
        f"{revision} is no squash: its file replaces nothing.", "`lback graph` shows the revisions."
    )


def published(squash: str, ref: str) -> LbackError:
    """Say that others have a squash already."""
    return LbackError(
        f"{squash} is a squash on {ref}: new databases may have been made by it.",
        "It stays. Databases at it and above are the same either way.",
    )


def in_the_way(path: str) -> LbackError:
    """Say that an old file cannot come back."""
    return LbackError(f"{path} is there, where an old file belongs.", "Move it away first.")
