"""What `lback makemigrations` asks, and what it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lback.core.drafting.asking import Candidate, OpenQuestion
from lback.core.messages.questions import unanswered
from lback.core.shell import command, place
from lback.errors import LbackError, UsageError

NAME = "Name of the migration"
NOTHING_WRITTEN = "no file was written; run the command again for the same questions"
NOT_LATEST = "it is not the latest one, is a merge, or has a label"
NEEDED = "another revision depends on it"
PUBLISHED, PUSHED = "it is published", "it is pushed"
EACH_ITS_OWN = (
    "the column is unique and the table has several rows; write sql: and an expression that "
    "gives each its own"
)


def rename_of(old: str, new: str) -> str:
    """Return a rename as an option has it: a colon in a name is doubled."""
    return ":".join(name.replace(":", "::") for name in (old, new))


def gone(name: str, definition: str, candidates: Sequence[Candidate], rows: str) -> OpenQuestion:
    """Ask what became of a table or a column that the models lack."""
    return OpenQuestion(
        "gone",
        name,
        definition,
        f"{name} is gone from the models ({definition}). What became of it?",
        (
            *(f"renamed to {new} ({new_definition})" for new, new_definition, _ in candidates),
            f"dropped: {rows} lost",
            "kept in the database, unknown to the models",
        ),
        (
            *(place(("--rename", rename_of(name, candidate.name))) for candidate in candidates),
            place(("--drop", name)),
            *(("--no-rename",) if candidates else ()),
            "--no-drop",
        ),
    )


def enum_value_gone(type_: str, old: str, new: Sequence[str]) -> OpenQuestion:
    """Ask what became of a value of an enum type."""
    name = f"{type_}.{old}"
    return OpenQuestion(
        "gone",
        name,
        f"a value of type {type_}",
        f"The value {old} of type {type_} is gone from the models. What became of it?",
        (
            *(f"renamed to {label}" for label in new),
            "dropped: the migration fails where a row has it",
        ),
        (
            *(place(("--rename", rename_of(name, label))) for label in new),
            place(("--drop", name)),
            "--no-rename",
        ),
    )


def rows(number: int | None, most: int) -> str:
    """Say how many rows there are; beyond `most` nobody has counted."""
    if number is None:
        return "an unknown number of rows"
    if number > most:
        return f"more than {most} rows"
    return {0: "no rows", 1: "1 row"}.get(number, f"{number} rows")


def value_for_rows(name: str, type_: str, *, unique: bool = False) -> OpenQuestion:
    """Ask what existing rows get in a new column that may not be NULL.

    `unique` means one with a default that only one of the rows can have.
    """
    why = "unique, NOT NULL and has one default" if unique else "NOT NULL and without a default"
    return OpenQuestion(
        "value",
        name,
        type_,
        f"{name} ({type_}) is new, {why}. Which value do existing rows get? "
        "(a value, or sql:EXPRESSION)",
        options=(place(("--default", f"{name}=VALUE")),),
    )


def value_for_nulls(name: str, type_: str) -> OpenQuestion:
    """Ask what becomes of NULL in a column that may not hold it any more."""
    return OpenQuestion(
        "fill",
        name,
        type_,
        f"{name} ({type_}) becomes NOT NULL. What becomes of NULL in existing rows?",
        ("a value takes its place", "it stays: the migration fails where one is left"),
        (place(("--default", f"{name}=VALUE")), place(("--default", name))),
    )


def value_asked(question: OpenQuestion) -> OpenQuestion:
    """Ask for the value, where the question before had a choice to make."""
    if not question.choices:
        return question
    return replace(question, text="Which value? (a value, or sql:EXPRESSION)", choices=())


def open_questions(questions: Sequence[OpenQuestion]) -> LbackError:
    """Say what has to be answered before a migration can be written."""
    if len(questions) == 1:
        (question,) = questions
        return unanswered(question.text, answers_to(question))
    names = ", ".join(question.name for question in questions)
    return LbackError(
        f"{len(questions)} questions need answers and there is no terminal to ask on: {names}.",
        "answer "
        + "; ".join(f"{question.name} with {answers_to(question)}" for question in questions),
    )


def answers_to(question: OpenQuestion) -> str:
    """Return the options that answer a question."""
    return " or ".join(command(option) for option in question.options)


def unless_renamed(question: OpenQuestion) -> OpenQuestion:
    """Say that the answer to another question may leave nothing to this one."""
    return replace(question, text=f"{question.text} Nothing is to be said where it is a rename.")


def given_twice(option: str, name: str) -> UsageError:
    """Say that two answers are about one thing."""
    return UsageError(f"{option} is given twice for {name}.", "Give it once.")


def no_column_of_default(text: str) -> UsageError:
    """Say that an answer does not name a column."""
    return UsageError(f"--default {text}: write TABLE.COLUMN=VALUE, as users.age=0")


def given_for_two(text: str, one: str, other: str) -> UsageError:
    """Say that two columns could be meant, one of which has a `=` in its name."""
    return UsageError(
        f"--default {text} can be meant for {one} and for {other}.",
        "Answer at a terminal, or write a migration for one of them first.",
    )


def contradiction(one: str, other: str) -> UsageError:
    """Say that two answers exclude each other."""
    return UsageError(f"{one} and {other} contradict each other.", "Give one of them.")


def no_such_question(options: Sequence[str]) -> UsageError:
    """Say which answers nothing asked for."""
    verb = "answers" if len(options) == 1 else "answer"
    return UsageError(
        f"{', '.join(options)} {verb} no question: the comparison of models and schema has "
        "nothing of the kind.",
        "Nothing was written. `lback makemigrations --check` lists the changes.",
    )


def no_rename(old: str, new: str, why: str) -> UsageError:
    """Say why something cannot be a rename."""
    return UsageError(
        f"--rename {rename_of(old, new)}: {why}.",
        "Nothing was written. `lback makemigrations --check` lists the changes.",
    )


def wrong_value(name: str, type_: str, value: str, why: str) -> UsageError:
    """Say why a value cannot stand in a column."""
    return UsageError(f"{name} ({type_}) cannot be {value!r}: {why}")


def no_tables() -> LbackError:
    """Refuse to take models that were not imported for models that have lost all of theirs."""
    return LbackError(
        "The target_metadata of env.py has no table, and the database has some.",
        "Import the modules that define the models in env.py; or name each table that is to go "
        "with `--drop TABLE`.",
    )


def no_columns(tables: Sequence[str]) -> LbackError:
    """Refuse tables of the models that nobody has given a column."""
    some = ", ".join(tables[:3]) + (", …" if len(tables) > 3 else "")
    return LbackError(
        f"The models have no columns for {some}.",
        "A class with DeferredReflection has none until `prepare()` was called; leave it out of "
        "target_metadata, or write its columns down.",
    )


def amend_needs_git() -> LbackError:
    """Say why nothing is amended without a repository."""
    return LbackError(
        "--amend needs a git repository: it tells whether others have the revision, and keeps its "
        "old text.",
        "`git init` here; or remove the file after `lback rollback`, and write another one.",
    )


def nothing_to_amend(heads: Sequence[str]) -> LbackError:
    """Say that there is no latest revision, or that there are several."""
    if not heads:
        return LbackError("There is no revision to amend.", "`lback makemigrations` writes one.")
    return LbackError(
        f"There are {len(heads)} heads: {', '.join(heads)}.",
        f"Say which to amend, as {command('--head', heads[0])}.",
    )


def not_amendable(revision: str, why: str) -> LbackError:
    """Say why a revision stays as it is."""
    return LbackError(
        f"Revision {revision} is not amended: {why}.",
        "`lback makemigrations` writes the changes as a new revision.",
    )


def by_another(author: str) -> str:
    """Say whose a revision is."""
    return f"it is by {author}"


def no_way_down(gap: str) -> str:
    """Say why a revision cannot be undone."""
    return f"its downgrade() is {gap}"


def nothing_left(revision: str, path: str) -> LbackError:
    """Say that the models are what they were before a revision."""
    return LbackError(
        f"Without {revision} the models and the schema agree: nothing would be left of it.",
        f"To be rid of it: {command('lback rollback --revision', revision)}, then "
        f"{command('rm', path)}.",
    )


def views_in_the_way(place: str, views: Sequence[str], what: str) -> LbackError:
    """Say that views are above what changes, which nobody can put back as they were."""
    verb = "stands" if len(views) == 1 else "stand"
    return LbackError(
        f"{place} {what}, and {', '.join(views)} {verb} on it.",
        "Drop or change the view in a migration of its own first (`lback makemigrations NAME "
        "--empty`, with op.execute()), and make it again in one after this.",
    )


def fails_when_tried(why: str) -> LbackError:
    """Say that the migration, as it would be written, fails."""
    return LbackError(
        f"The migration was tried on an empty copy of the schema, and it fails: {why}",
        "Nothing was written. `lback makemigrations NAME --empty` writes one to be filled in.",
    )


def no_table(name: str) -> UsageError:
    """Say that there is no such table to fill."""
    return UsageError(
        f"--data {name}: the database has no table {name}.",
        "Write it as the database calls it, with its schema where that is not the default.",
    )


def no_batches(name: str, *, has_key: bool) -> LbackError:
    """Say why the rows of a table cannot be gone through in batches."""
    why = "no column but its key" if has_key else "no primary key, which would tell its rows apart"
    return LbackError(
        f"{name} has {why}.",
        "`lback makemigrations NAME --empty` writes a migration to be filled in by hand.",
    )


def no_data_offline(path: str) -> LbackError:
    """Say that a template has no place for the code."""
    return LbackError(
        f"{path} lacks the code of its upgrade().",
        "See that script.py.mako has ${upgrades if upgrades else 'pass'}.",
    )


def upstream_ahead(ref: str, revisions: Sequence[str]) -> str:
    """Say that the new revision will be one side of a fork."""
    count = "a revision" if len(revisions) == 1 else f"{len(revisions)} revisions"
    shown = ", ".join(revisions[:3]) + (", …" if len(revisions) > 3 else "")
    return (
        f"{ref} has {count} that this checkout lacks ({shown}): the new one will fork from it. "
        f"{command('git merge', ref)} first, to build on it."
    )


def untracked(path: str, tables: Sequence[str]) -> str:
    """Say that a revision which is not in git yet changes the same."""
    return (
        f"{path} is untracked and changes {', '.join(tables)} too. Where both are one change, "
        "`lback makemigrations --amend` would make one file of them."
    )


def by_the_database(why: str) -> str:
    """Say that the models are compared with the database, and why with nothing better."""
    return (
        "The models are compared with the database, not with what the migrations build: "
        f'{why.rstrip(".")}. `[tool.lback] against = "database"` chooses it for good.'
    )


def drifted(number: int, *, stamped: bool) -> str:
    """Say that the database is not what its migrations build."""
    count = "1 difference" if number == 1 else f"{number} differences"
    if not stamped:
        return (
            f"The database has no stamp and is not empty ({count}): `lback migrate` would make "
            "again what is there. `lback diff` lists it."
        )
    return (
        f"The database differs from what its migrations build ({count}), which is not in this "
        "migration. `lback diff` lists them."
    )


DEFINES_TABLES = "env.py makes tables itself, and can run only once in a process"
NO_TEMPLATE = (
    "`--against database` compares with the database, as Alembic does; it has to be at head."
)


def not_one_head(name: str, revisions: Sequence[str]) -> UsageError:
    """Say that a migration is built on one revision."""
    what = f"stands for {', '.join(revisions)}" if revisions else "is no revision"
    return UsageError(
        f"--head {name} {what}, and a migration is built on one revision.",
        "`lback heads` lists the heads.",
    )
