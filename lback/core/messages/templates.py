"""What is said where databases cannot be copied or compared, or a template cannot be built."""

from __future__ import annotations

from collections.abc import Sequence

from lback.core.shell import named
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
    """Make the error for a database that is one schema of several."""
    return LbackError(
        f"The migrations run in the schema {named(schema)}, and what they build is compared in "
        "the default one only.",
        "`lback check --models` compares models and migrations without the database.",
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
