"""What is said where databases cannot be copied or compared, and of those of branches."""

from __future__ import annotations

from collections.abc import Sequence

from lback.core.shell import command, named
from lback.errors import LbackError, UsageError


def protected(url: str, pattern: str) -> LbackError:
    """Make the error for a database that the settings protect."""
    return LbackError(
        f"{url} is protected by {named(pattern)}: it is not copied, and nothing is made beside it.",
        "Name another database, or correct `[tool.lback] protected`.",
    )


def changed() -> LbackError:
    """Make the error for files that were edited while a template was built from them."""
    return LbackError(
        "The migrations have changed while a template was built from them.",
        "Run the command again.",
    )


def no_revisions() -> LbackError:
    """Make the error for a project without migrations."""
    return LbackError(
        "There are no migrations, and so no schema that they build.",
        "Write the first one with `lback makemigrations NAME`.",
    )


def building(number: int) -> str:
    """Say that revisions are run for a template."""
    return f"building a template: {number} revision{'' if number == 1 else 's'} to run"


def at(revisions: Sequence[str]) -> str:
    """Name the schema that migrations build."""
    return f"what the migrations build at {', '.join(revisions)}"


NOTHING = "an empty database, for it has no stamp"
MODELS = "the models"


def on_ref(ref: str) -> str:
    """Name the schema that another ref's migrations build."""
    return f"what the migrations of {named(ref)} build"


CHECKOUT = "what the migrations here build"


def lost(revisions: Sequence[str]) -> LbackError:
    """Make the error for a stamp that no file here defines."""
    return LbackError(
        f"The database is at {', '.join(revisions)}, which no file here defines, so what it "
        "should look like is not known.",
        "`lback switch` brings it to the revisions of this branch.",
    )


def of_a_schema(schema: str) -> LbackError:
    """Make the error for migrations that run in another database than the one of the URL."""
    return LbackError(
        f"The migrations run in {named(schema)}, which is not the database of the URL.",
        "Let the URL name it; `lback check --models` compares models and migrations without it.",
    )


def several() -> LbackError:
    """Make the error where env.py works on several databases."""
    return LbackError(
        "env.py works on several databases, and one is compared at a time.",
        "Name one of them with `--db`, or to env.py with `-x`.",
    )


def no_models() -> LbackError:
    """Make the error for an env.py whose models are not to be had."""
    return LbackError(
        "env.py gives configure() no models: its target_metadata is not a MetaData.",
        "Import the models there and set `target_metadata = Base.metadata`.",
    )


def models_refused(why: str) -> LbackError:
    """Make the error for models that a database does not take."""
    return LbackError(
        f"The database does not take the tables of the models: {why}", "Correct the models."
    )


def too_much() -> UsageError:
    """Make the error for refs beside --models."""
    return UsageError("--models compares the models with the migrations here; it takes no ref.")


def no_git(ref: str) -> LbackError:
    """Make the error for a ref where there is no git."""
    return LbackError(
        f"There is no git repository here, and so no {named(ref)}.", "Leave the name out."
    )


# -- databases of branches ---------------------------------------------------------------

_OFF = "Without one, each branch uses the database that env.py names."


def no_branches() -> LbackError:
    """Make the error for a project outside of git."""
    return LbackError("There are no branches here: this is no git repository.", _OFF)


def no_branch() -> LbackError:
    """Make the error for a HEAD that is on no branch."""
    return LbackError(
        "HEAD is on no branch, and so there is no database of a branch.",
        "Name the branch with `--branch`, or check one out.",
    )


def no_main() -> LbackError:
    """Make the error for a repository whose main branch is not known."""
    return LbackError(
        "It is not known which branch is the main one, whose database stays as it is.",
        'Name it: `[tool.lback] upstream = "origin/main"`.',
    )


def unknown_branch(name: str) -> UsageError:
    """Make the error for a branch that is not here."""
    return UsageError(
        f"There is no branch {named(name)} here, and no database of one.",
        "`lback database list` shows those that there are.",
    )


def of_main(name: str) -> UsageError:
    """Make the error for the database of the main branch, which is nobody's copy."""
    return UsageError(
        f"The database of {named(name)} is the project's own; lback has not made it.",
        "Name another branch.",
    )


def nothing_made(name: str) -> UsageError:
    """Make the error for a branch without a database of its own."""
    return UsageError(
        f"{named(name)} has no database of its own.", command("lback database create", name)
    )


def there_already(name: str) -> LbackError:
    """Make the error for a database that has the name, and that this clone does not know."""
    return LbackError(
        f"A database {named(name)} is there, and this clone has not noted that it made it.",
        "Drop it by hand, or take it as it is: `lback database create --adopt`.",
    )


def made_already(branch: str, url: str) -> LbackError:
    """Make the error for a branch that has a database."""
    return LbackError(
        f"{named(branch)} has a database: {url}.", command("lback database drop", branch)
    )


def in_memory() -> LbackError:
    """Make the error for a database that lives in a process."""
    return LbackError(
        "A database in memory is gone with its process, and cannot be copied.",
        "Give env.py the URL of a file or of a server.",
    )


def broken_note(path: str) -> LbackError:
    """Make the error for a note that cannot be read, without which no database may go."""
    return LbackError(
        f"{path}, where the databases of the branches are noted, cannot be read.",
        "Put it right, or move it away; the databases themselves stay.",
    )


def made(branch: str, source: str, *, as_asked: bool = False) -> str:
    """Say that a database was made; `as_asked` where it was to be an empty one."""
    if not source and as_asked:
        return f"made an empty database for {branch}"
    if not source:
        return f"made an empty database for {branch}, for there was none to copy"
    return f"made a database for {branch}, as a copy of the one of {source}"


def main_stays(branch: str) -> str:
    """Say why the URL is as it was."""
    return f"{branch} is the main branch: its database is the project's own"


def protected_stays(pattern: str) -> str:
    """Say why the URL is as it was."""
    return f"the database is protected by {named(pattern)}: every branch uses it as it is"


def hidden() -> str:
    """Say where the password is."""
    return "the password is left out on a terminal; `DATABASE_URL=$(lback database url)` has it"


def drop(number: int, rows: int | None) -> str:
    """Ask whether databases may go."""
    what = "this database" if number == 1 else f"these {number} databases"
    if rows is None:
        return f"Drop {what}, with rows that could not be counted?"
    return f"Drop {what}, with {rows:,} row{'' if rows == 1 else 's'}?"


def going(branch: str, url: str, rows: int | None) -> str:
    """Name one that is to go."""
    counted = "rows not counted" if rows is None else f"{rows:,} row{'' if rows == 1 else 's'}"
    return f"  {branch}  {url}  ({counted})"


def declined() -> LbackError:
    """Make the error for a question that was answered with no."""
    return LbackError("Aborted; nothing was dropped.")


NOTHING_GONE = "every branch that has a database is here"
